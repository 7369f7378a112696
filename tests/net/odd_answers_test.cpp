/// Every client against every odd answer: no crash, no exception, no "done" with nonsense, no guessed money,
/// and nothing in a log that belongs to nobody else.
#include "net/kie.hpp"
#include "net/prompt_writer.hpp"
#include "net/telegram.hpp"
#include "net/yookassa.hpp"
#include "tests/catch.hpp"
#include "tests/net/odd_answers.hpp"

using namespace troupe;
using namespace troupe::test;
using outside::end;

namespace {

const std::string video = "https://r.example/v.mp4";

job_spec spec(const std::string& api) {
  job_spec s;
  s.api = api, s.provider_model = "veo3_fast";
  return s;
}
json record(json data) { return {{"code", 200}, {"msg", "success"}, {"data", std::move(data)}}; }
json shop_payment(const std::string& status) {
  return {{"id", "23d93cac-000f-5000-8000-126628f15141"},
          {"status", status},
          {"paid", status == "succeeded"},
          {"amount", {{"value", "490.00"}, {"currency", "RUB"}}},
          {"refunded_amount", {{"value", "0.00"}, {"currency", "RUB"}}},
          {"confirmation", {{"type", "redirect"}, {"confirmation_url", "https://pay.example/1"}}},
          {"metadata", {{"order_id", "72"}}},
          {"test", true}};
}
/// An answer that nobody can read and a failure say what they are.
bool says_why(end what, const std::string& text) {
  return (what != end::not_understood && what != end::failed) || !text.empty();
}

} // namespace

TEST_CASE("a task's state: whatever comes, success has the address that was written as the result") {
  const std::string packed = json{{"resultUrls", {video}}}.dump();
  const std::pair<const char*, json> good[] = {
      {"kie-unified",
       record({{"taskId", "t"}, {"state", "success"}, {"resultJson", packed}, {"failCode", nullptr}})},
      {"kie-unified", record({{"taskId", "t"},
                              {"state", "success"},
                              {"param", R"({"input":"{\"image_urls\":[\"https://in.example/a.jpg\"]}"})"},
                              {"response", {{"data", {{"result_urls", {video}}}}}}})},
      {"kie-unified", record({{"state", "fail"}, {"failCode", "500"}, {"failMsg", "Internal Error"}})},
      {"kie-unified", record({{"state", "generating"}})},
      {"kie-veo",
       record({{"successFlag", 1},
               {"paramJson", R"({"imageUrls":["https://in.example/a.jpg"]})"},
               {"response", {{"resultUrls", {video}}, {"originUrls", {"https://origin.example/x"}}}}})},
      {"kie-veo", record({{"successFlag", 3}, {"errorCode", 400}, {"errorMessage", "flagged"}})}};
  std::size_t seen = 0;
  for (const auto& [api, body] : good)
    for_each_odd_answer(body, [&, a = api](const odd_answer& odd) {
      ++seen;
      const auto s = kie::read_status(spec(a), odd.reply);
      INFO(odd.how << ": " << name_of(s.what) << " " << s.text);
      CHECK(is_safe(s.text));
      CHECK(is_safe(s.new_word));
      CHECK(says_why(s.what, s.text));
      if (s.what == end::done) CHECK(small(s.result_url) == video);
      else CHECK(s.result_url.empty());
      if (!s.heard) CHECK(s.what == end::pending);
    });
  CHECK(seen > 1000);
}

TEST_CASE("a submit: whatever comes, it is refused only with a proof, and accepted only with an id") {
  for (const auto& good :
       {record({{"taskId", "t1"}, {"recordId", "t1"}}), json{{"code", 402}, {"msg", "Credits insufficient"}}})
    for_each_odd_answer(good, [](const odd_answer& odd) {
      const auto a = kie::read_submit(odd.reply);
      INFO(odd.how << ": " << static_cast<int>(a.what) << " " << a.text);
      CHECK(is_safe(a.text));
      using outcome = kie::submit_answer::outcome;
      const bool gateway = odd.reply.status >= 502 && odd.reply.status <= 504;
      if (a.what == outcome::accepted) {
        CHECK_FALSE(a.task_id.empty());
        CHECK(a.task_id.size() <= 128);
        CHECK(a.task_id.find_first_of(" \n{[") == std::string::npos);
        CHECK(odd.reply.status < 400);
      } else CHECK(a.task_id.empty());
      if (a.what == outcome::unsure) CHECK_FALSE(a.text.empty());
      if (gateway || odd.reply.error == http_error::lost) CHECK(a.what == outcome::unsure);
    });
}

TEST_CASE("uploads, balances and files: whatever comes, done is what it says") {
  for_each_odd_answer({{"success", true}, {"code", 200}, {"data", {{"downloadUrl", video}, {"fileSize", 7}}}},
                      [](const odd_answer& odd) {
                        const auto a = kie::read_upload(odd.reply);
                        INFO(odd.how << ": " << name_of(a.what) << " " << a.text);
                        CHECK(is_safe(a.text));
                        CHECK(says_why(a.what, a.text));
                        CHECK((a.what == end::done ? small(a.url) == video : a.url.empty()));
                      });
  for_each_odd_answer({{"code", 200}, {"msg", "success"}, {"data", 79.2}}, [](const odd_answer& odd) {
    const auto a = kie::read_credits(odd.reply);
    INFO(odd.how << ": " << static_cast<int>(a.what) << " " << a.text);
    CHECK(is_safe(a.text));
    if (a.what != kie::credits_answer::outcome::known) CHECK(a.left == 0);
    else if (odd.how.rfind("other type", 0) != 0) CHECK(a.left == 79.2); // never from a text, a list, a flag
  });
  for_each_odd_answer({{"code", 404}, {"msg", "expired"}}, [](const odd_answer& odd) {
    auto reply = odd.reply; // all of these came instead of a film
    if (reply.status == 200) reply.saved_head = reply.body.substr(0, head_bytes), reply.body.clear();
    reply.headers = {{"content-type", "video/mp4"}};
    const auto a = kie::read_fetch(reply);
    INFO(odd.how << ": " << name_of(a.what) << " " << a.text);
    CHECK(is_safe(a.text));
    if (odd.how != "zeros") CHECK(a.what != end::done); // zeros are for ffprobe to judge
    CHECK(says_why(a.what, a.text));
  });
}

TEST_CASE("a callback names a task that can be one, or none") {
  for_each_odd_answer(
      {{"taskId", "b"}, {"code", 200}, {"data", {{"taskId", "a"}, {"info", {{"resultUrls", {video}}}}}}},
      [](const odd_answer& odd) {
        const auto id = kie::callback_task_id(odd.reply.body);
        INFO(odd.how << ": " << id.substr(0, 200));
        CHECK(id.size() <= 128);
        CHECK(id.find_first_of(" \r\n") == std::string::npos);
      });
}

TEST_CASE(
    "money: whatever comes, a payment has succeeded only with the amount, currency and flag as documented") {
  for (const char* status : {"succeeded", "pending", "canceled", "waiting_for_capture"})
    for_each_odd_answer(shop_payment(status), [&](const odd_answer& odd) {
      const auto s = yookassa::read_payment(odd.reply);
      INFO(status << ", " << odd.how << ": " << yookassa::name_of(s.what) << " " << s.text);
      CHECK(is_safe(s.text));
      CHECK(is_safe(s.of.parameter + s.of.code + s.cancel_reason));
      CHECK(says_why(yookassa::end_of(s.what), s.what == yookassa::result::canceled ? "so it says" : s.text));
      if (s.what != yookassa::result::succeeded) return;
      CHECK(std::string{status} == "succeeded");
      CHECK(s.kopecks == 49000);
      CHECK(s.currency == "RUB");
      CHECK(s.refunded_kopecks == 0);
      CHECK(odd.how.find("paid") == std::string::npos);
      CHECK(odd.how.find("/value") == std::string::npos);
      CHECK(odd.how.find("/currency") == std::string::npos);
    });
}

TEST_CASE("money: whatever comes, a refund is done only with its payment and the amount as documented") {
  const json good{{"id", "r-1"},
                  {"payment_id", "p-1"},
                  {"status", "succeeded"},
                  {"amount", {{"value", "490.00"}, {"currency", "RUB"}}}};
  for_each_odd_answer(good, [](const odd_answer& odd) {
    const auto s = yookassa::read_refund(odd.reply);
    INFO(odd.how << ": " << yookassa::name_of(s.what) << " " << s.text);
    CHECK(is_safe(s.text));
    CHECK(says_why(yookassa::end_of(s.what), s.text));
    if (s.what != yookassa::result::succeeded) return;
    CHECK(s.kopecks == 49000);
    CHECK(s.currency == "RUB");
    CHECK_FALSE(s.payment_id.empty());
    CHECK(odd.how.find("/amount") == std::string::npos);
  });
  for_each_odd_answer(
      {{"type", "error"}, {"code", "invalid_request"}, {"description", "x"}, {"parameter", "receipt"}},
      [](const odd_answer& odd) {
        for (const int status : {200, 202, 400, 401, 404, 500}) {
          auto reply = odd.reply;
          if (reply.error == http_error::none) reply.status = status;
          const auto s = yookassa::read_payment(reply);
          INFO(odd.how << " with HTTP " << status << ": " << yookassa::name_of(s.what) << " " << s.text);
          CHECK(is_safe(s.text + s.of.parameter + s.of.code));
          CHECK(yookassa::end_of(s.what) != end::done);
          CHECK(s.kopecks == 0);
          CHECK_NOTHROW(yookassa::read_payments(reply));
          CHECK_NOTHROW(yookassa::read_me(reply));
        }
      });
  for_each_odd_answer(
      {{"type", "notification"}, {"event", "payment.succeeded"}, {"object", shop_payment("succeeded")}},
      [](const odd_answer& odd) {
        const auto n = yookassa::read_notice(odd.reply.body);
        INFO(odd.how);
        if (n) CHECK(n->object_id.size() <= 64);
      });
}

TEST_CASE(
    "Telegram: whatever comes, nothing is delivered without its word, and no chat is gone by a gateway's") {
  using telegram::outcome;
  const json sent{{"ok", true}, {"result", {{"message_id", 5}, {"video", {{"file_id", "f"}}}}}};
  const json no{
      {"ok", false}, {"error_code", 429}, {"description", "Too Many"}, {"parameters", {{"retry_after", 7}}}};
  for (const auto& good : {sent, no})
    for_each_odd_answer(good, [](const odd_answer& odd) {
      const auto a = telegram::read_answer(odd.reply);
      INFO(odd.how << ": " << static_cast<int>(a.what) << " " << a.description);
      CHECK(is_safe(a.description));
      CHECK(a.retry_after_ms >= 0);
      CHECK(a.retry_after_ms <= 1'000'000'000);
      if (a.what == outcome::delivered) CHECK(odd.reply.status < 400);
      if (odd.how.find("page") != std::string::npos) CHECK(a.what != outcome::chat_gone);
      if (a.what == outcome::wait_and_retry) CHECK(a.retry_after_ms > 0);
    });
}

TEST_CASE("Telegram: whatever an update holds, it is read, ignored or set aside, and never throws") {
  const json person{{"id", 515}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "de"}};
  const json chat{{"id", 515}, {"type", "private"}};
  const json updates[] = {
      {{"update_id", 7},
       {"message",
        {{"message_id", 1},
         {"from", person},
         {"chat", chat},
         {"text", "/start x"},
         {"photo", {{{"file_id", "s"}, {"width", 90}, {"height", 67}}}},
         {"document", {{"mime_type", "image/png"}, {"file_id", "d"}}},
         {"reply_to_message", {{"from", {{"id", 1}, {"is_bot", true}}}, {"text", "q"}, {"message_id", 3}}},
         {"forward_origin", {{"sender_user", {{"id", 9}}}}},
         {"entities", {{{"offset", 0}, {"length", 6}, {"type", "bot_command"}}}}}}},
      {{"update_id", 7},
       {"message",
        {{"message_id", 1},
         {"from", person},
         {"chat", chat},
         {"successful_payment",
          {{"currency", "XTR"},
           {"total_amount", 250},
           {"invoice_payload", "o"},
           {"telegram_payment_charge_id", "stx"}}}}}},
      {{"update_id", 7},
       {"callback_query",
        {{"id", "22"}, {"from", person}, {"message", {{"message_id", 8}, {"chat", chat}}}, {"data", "b"}}}},
      {{"update_id", 7},
       {"pre_checkout_query",
        {{"id", "5"},
         {"from", person},
         {"currency", "XTR"},
         {"total_amount", 250},
         {"invoice_payload", "o"}}}}};
  const std::string next = R"({"update_id":8,"message":{"message_id":2,"from":)" + person.dump() +
                           R"(,"chat":)" + chat.dump() + R"(,"text":"hello"}})";
  for (const auto& good : updates)
    for_each_odd_answer(good, [&](const odd_answer& odd) {
      const auto& text = odd.reply.body;
      INFO(odd.how << ": " << text.substr(0, 300));
      const auto one = telegram::read_update(text);
      CHECK(one.updates.size() + one.unreadable.size() == 1);
      for (const auto& u : one.unreadable) CHECK(is_safe(u.excerpt));
      for (const auto& u : one.updates) {
        CHECK(u.update_id > 0);
        if (u.event->kind == telegram::event_kind::payment && u.event->payment.amount != 250)
          CHECK(odd.how.find("total_amount") != std::string::npos);
      }
      if (odd.how.find("cut short") == 0 || odd.how.find("never closed") != std::string::npos ||
          odd.how == "zeros" || odd.how.find("garbage") != std::string::npos ||
          odd.how.find("empty") != std::string::npos || odd.how.find("no answer") == 0 || odd.how == "XML" ||
          odd.how.find("page") != std::string::npos || odd.how == "a word")
        return; // no member of a list
      http_reply batch;
      batch.status = 200;
      batch.body = R"({"ok":true,"result":[)" + text + "," + next + "]}";
      const auto read = telegram::read_updates(batch);
      REQUIRE_FALSE(read.updates.empty());
      CHECK(read.updates.back().event->text == "hello"); // whatever came before it
      CHECK(read.last_id == 8);
    });
}

TEST_CASE(
    "the writer: whatever comes, a prompt is text of the model, and why there is none holds no secret") {
  const json good{
      {"choices",
       {{{"message", {{"content", "A cat runs."}, {"refusal", nullptr}}}, {"finish_reason", "stop"}}}}};
  const json no{{"error", {{"message", "x"}, {"code", "invalid_api_key"}}}};
  for (const auto& answer : {good, no})
    for_each_odd_answer(answer, [](const odd_answer& odd) {
      const auto a = prompt_writer::read_answer(odd.reply, 100);
      INFO(odd.how << ": " << a.text << " / " << a.why);
      CHECK(a.text.empty() != a.why.empty());
      CHECK((a.what == end::done) == a.why.empty());
      CHECK(is_safe(a.why));
      CHECK(a.text.size() <= 400);
    });
}
