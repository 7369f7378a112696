/// What the services outside say, and what is told of it.
#include "readiness/services.hpp"
#include "tests/catch.hpp"
#include <algorithm>
#include <atomic>
#include <future>

using namespace troupe;
using namespace troupe::readiness;
using namespace std::chrono_literals;

namespace {

config::settings with(const config::environment& more = {}) {
  config::environment env{{"BOT_TOKEN", "123456:ABC-def_1"}, {"KIE_API_KEY", "kie-key"}};
  for (auto& [name, value] : more) env[name] = value;
  return config::load(TROUPE_SOURCE_DIR "/config", env);
}
const config::environment shop{{"YOOKASSA_SHOP_ID", "1"}, {"YOOKASSA_SECRET_KEY", "shop-key"}};
const config::environment writer{{"PROMPT_WRITER_API_URL", "https://llm.example/v1"}};

http_reply answer(int status, const std::string& body) { return {http_error::none, status, {}, body}; }
http_reply lost(http_error e) { return {e, 0, {}, ""}; }

/// What the one probe of `subject` finds when it is answered so.
finding found(const config::settings& s, const std::string& subject, const http_reply& r) {
  for (auto& p : service_probes(s))
    if (p.subject.rfind(subject, 0) == 0) return p.probe([&](const http_request&) { return r; });
  FAIL("nothing asks " << subject);
  return {};
}

void check_all(const std::string& subject, const config::settings& s,
               const std::vector<std::tuple<http_reply, grade, std::string>>& table) {
  for (auto& [reply, how, words] : table) {
    const auto f = found(s, subject, reply);
    INFO(reply.body << " -> " << f.words);
    CHECK(static_cast<int>(f.how) == static_cast<int>(how));
    CHECK(f.words.find(words) != f.words.npos);
    for (auto secret : {"ABC-def_1", "kie-key", "shop-key"}) CHECK(f.words.find(secret) == f.words.npos);
  }
}

} // namespace

TEST_CASE("Telegram tells whose token it is, or why not") {
  check_all(
      "Telegram", with(),
      {{answer(200,
               R"({"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Shop","username":"shop_bot"}})"),
        grade::fine, "@shop_bot, \"Shop\""},
       {answer(401, R"({"ok":false,"error_code":401,"description":"Unauthorized"})"), grade::wrong,
        "the bot token is refused (Unauthorized)"},
       {answer(404, R"({"ok":false,"error_code":404,"description":"Not Found"})"), grade::wrong,
        "the bot token is refused"},
       {answer(502, "<html>"), grade::wrong, "HTTP 502"},
       {answer(200, "<html>login</html>"), grade::wrong, "is not understood"},
       {lost(http_error::refused), grade::wrong, "no connection to https://api.telegram.org"},
       {lost(http_error::lost), grade::wrong, "no answer from https://api.telegram.org"}});
}

TEST_CASE("each key of the provider tells its credits, or why it would not be used") {
  check_all(
      "kie.ai ", with(),
      {{answer(200, R"({"code":200,"msg":"success","data":5000})"), grade::fine, "5000 credits are left"},
       {answer(200, R"({"code":200,"msg":"success","data":10})"), grade::wrong,
        "10 credits are left, fewer than kie.credits_min = 300"},
       {answer(200, R"({"code":401,"msg":"You do not have access permissions"})"), grade::wrong,
        "the key is refused"},
       {answer(500, "oops"), grade::wrong, "not understood"},
       {lost(http_error::refused), grade::wrong, "no connection to https://api.kie.ai"}});
  const auto probes = service_probes(with({{"KIE_API_KEY", "one,two"}}));
  CHECK(std::count_if(probes.begin(), probes.end(),
                      [](auto& p) { return p.subject.rfind("kie.ai ", 0) == 0; }) == 2);
}

TEST_CASE("the shop tells whether it is open, a test, and sends receipts") {
  const auto me = [](const char* status, const char* test, const char* receipts) {
    return answer(200, std::string{R"({"account_id":"100500","status":")"} + status + R"(","test":)" + test +
                           R"(,"fiscalization":{"enabled":)" + receipts + "}}");
  };
  check_all("YooKassa", with(shop),
            {{me("enabled", "false", "false"), grade::fine, "shop 100500 is open"},
             {me("enabled", "true", "false"), grade::look, "test shop"},
             {me("disabled", "false", "false"), grade::wrong, "switched off"},
             {answer(401, R"({"type":"error","code":"invalid_credentials"})"), grade::wrong, "are refused"},
             {answer(200, "<html>"), grade::wrong, "not understood"},
             {lost(http_error::lost), grade::wrong, "no answer from https://api.yookassa.ru"}});
  auto receipts = shop;
  receipts["TROUPE_YOOKASSA_RECEIPT"] = "true";
  check_all("YooKassa", with(receipts),
            {{me("enabled", "false", "false"), grade::wrong, "sends no receipts"},
             {me("enabled", "false", "true"), grade::fine, "is open"}});
}

TEST_CASE("the prompt writer writes one word, or it is told why not") {
  check_all("prompt writer", with(writer),
            {{answer(200, R"({"choices":[{"message":{"content":"ready"},"finish_reason":"stop"}]})"),
              grade::fine, "gpt-4.1-mini answers"},
             {answer(401, R"({"error":{"message":"no"}})"), grade::wrong, "HTTP 401"},
             {lost(http_error::refused), grade::wrong, "no connection to https://llm.example/v1"}});
}

TEST_CASE("what is not set is not asked for") {
  for (auto& p : service_probes(with())) CHECK((p.subject != "YooKassa" && p.subject != "prompt writer"));
  CHECK(service_probes(with({{"BOT_TOKEN", ""}, {"KIE_API_KEY", ""}})).empty());
  const auto left = not_asked(with(shop));
  CHECK(left.size() == service_probes(with(shop)).size());
  for (auto& f : left) CHECK(f.words == "not asked (--offline)");
}

TEST_CASE("the services are asked at the same time, and one that never answers is told as such") {
  const auto never = std::make_shared<std::promise<void>>();
  const auto all_here = std::make_shared<std::promise<void>>();
  const auto waiting = std::make_shared<std::atomic<int>>(0);
  const auto over = never->get_future().share(), met = all_here->get_future().share();
  const auto meet = [=](const asker&) { // each waits for the other: one after another they would never end
    if (++*waiting == 2) all_here->set_value();
    met.wait();
    return finding{grade::fine, "quick", "answers"};
  };
  const auto all = ask_all({{"quick", meet},
                            {"silent",
                             [over](const asker&) {
                               over.wait();
                               return finding{};
                             }},
                            {"quick", meet},
                            {"broken", [](const asker&) -> finding { throw std::runtime_error{"oops"}; }}},
                           {}, 1s);
  never->set_value();
  REQUIRE(all.size() == 4);
  CHECK((all[0].words == "answers" && all[2].words == "answers"));
  CHECK((all[1].how == grade::wrong && all[1].words.find("no answer within 1 s") == 0));
  CHECK((all[3].how == grade::wrong && all[3].words.find("is not understood") != std::string::npos));
}
