#include "net/telegram.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

using namespace troupe;
using nlohmann::json;
using telegram::event_kind;
using telegram::outcome;

namespace {

const std::string from =
    R"("from":{"id":515,"is_bot":false,"first_name":"Ann","username":"ann","language_code":"de"})";
const std::string chat = R"("chat":{"id":515,"type":"private"})";

std::string message(const std::string& rest) {
  return R"({"update_id":7,"message":{"message_id":101,)" + from + "," + chat + (rest.empty() ? "" : ",") +
         rest + "}}";
}
http_reply reply(int status, const std::string& body) {
  http_reply r;
  r.status = status;
  r.body = body;
  return r;
}
http_reply telegram_error(int code, const std::string& description) {
  return reply(code, json{{"ok", false}, {"error_code", code}, {"description", description}}.dump());
}
http_reply no_reply(http_error e) {
  http_reply r;
  r.error = e;
  return r;
}

} // namespace

TEST_CASE("a text message keeps its sender and words") {
  const auto e = telegram::parse_update(message(R"("text":"hi / there")"));
  CHECK(e.kind == event_kind::text);
  CHECK(e.update_id == 7);
  CHECK(e.message_id == 101);
  CHECK(e.from.user_id == 515);
  CHECK(e.from.first_name == "Ann");
  CHECK(e.from.username == "ann");
  CHECK(e.from.language == "de");
  CHECK(e.text == "hi / there");
}

TEST_CASE("a command is split into name and argument") {
  const auto e = telegram::parse_update(message(R"("text":"/Start@bot  ref_7 x ")"));
  CHECK(e.kind == event_kind::command);
  CHECK(e.command == "start");
  CHECK(e.argument == "ref_7 x");
  const auto bare = telegram::parse_update(message(R"("text":"/help")"));
  CHECK(bare.command == "help");
  CHECK(bare.argument.empty());
  CHECK(telegram::parse_update(message(R"("text":"/")")).kind == event_kind::text);
  CHECK(telegram::parse_update(message(R"("text":"/ a")")).kind == event_kind::text);
}

TEST_CASE("a photo gives its largest size and its caption") {
  const auto e = telegram::parse_update(
      message(R"("photo":[{"file_id":"s","width":90,"height":67},{"file_id":"y","width":1280,"height":960},)"
              R"({"file_id":"m","width":320,"height":240}],"caption":"my room","media_group_id":"g1")"));
  CHECK(e.kind == event_kind::photo);
  CHECK(e.album == "g1");
  CHECK(e.photo_file_id == "y");
  CHECK(e.text == "my room");
}

TEST_CASE("what Telegram knows of a picture comes along, and a file is told from a photo") {
  const auto photo = telegram::parse_update(
      message(R"("photo":[{"file_id":"s","width":90,"height":120},{"file_id":"y","width":960,"height":1280,)"
              R"("file_size":70000}])"));
  CHECK(photo.photo_width == 960);
  CHECK(photo.photo_height == 1280);
  CHECK(photo.file_bytes == 70'000);
  CHECK_FALSE(photo.photo_is_file);
  const auto heavy = telegram::parse_update(
      message(R"("document":{"mime_type":"image/heic","file_id":"d","file_size":22020096})"));
  CHECK(heavy.kind == event_kind::photo);
  CHECK(heavy.photo_is_file);
  CHECK(heavy.file_bytes == 22'020'096);
  for (auto document :
       {R"({"file_name":"IMG.JPG","file_id":"d"})", R"({"file_name":"a.b.webp","file_id":"d"})",
        R"({"file_name":"x.tif","mime_type":"application/octet-stream","file_id":"d"})"})
    CHECK(telegram::parse_update(message(std::string{R"("document":)"} + document)).photo_is_file);
  for (auto document : {R"({"file_name":"jpg","file_id":"d"})", R"({"file_name":"a.pdf","file_id":"d"})",
                        R"({"file_name":"a.jpg","mime_type":"text/plain","file_id":"d"})"})
    CHECK(telegram::parse_update(message(std::string{R"("document":)"} + document)).media == "document");
  const auto monstrous = telegram::parse_update(
      message(R"("photo":[{"file_id":"y","width":9223372036854775807,"height":9223372036854775807}])"));
  CHECK(monstrous.photo_file_id == "y");
}

TEST_CASE("every kind of message that a person sends is told, what Telegram itself writes is not") {
  for (auto kind : {"paid_media", "giveaway", "giveaway_winners", "gift", "unique_gift", "contact",
                    "location", "poll", "dice", "story", "checklist"}) {
    INFO(kind);
    const auto e = telegram::parse_update(message('"' + std::string{kind} + R"(":{"x":1})"));
    CHECK(e.kind == event_kind::other_media);
    CHECK(e.media == kind);
  }
  for (auto body : {R"("hologram":{"file_id":"h"})", R"("rich_message":{})", R"("text":5)", R"("text":"")"}) {
    INFO(body);
    CHECK(telegram::parse_update(message(body)).media == "unknown");
  }
  for (auto sign : {R"("pinned_message":{})", R"("write_access_allowed":{})", R"("users_shared":{})",
                    R"("message_auto_delete_timer_changed":{})", R"("giveaway_created":{})"}) {
    INFO(sign);
    CHECK(telegram::parse_update(message(sign)).kind == event_kind::ignored);
  }
}

TEST_CASE("an edited message is told with its new words") {
  const auto edited = [](const std::string& body, const std::string& where) {
    return telegram::parse_update(R"({"update_id":9,"edited_message":{"message_id":7,)" + where + "," + from +
                                  "," + body + "}}");
  };
  const auto e = edited(R"("text":"/a cat")", chat);
  CHECK(e.kind == event_kind::edited);
  CHECK(e.message_id == 7);
  CHECK(e.text == "/a cat");
  CHECK(edited(R"("photo":[{"file_id":"y"}],"caption":"a dog")", chat).text == "a dog");
  CHECK(edited(R"("location":{})", chat).kind == event_kind::ignored); // it moves on
  CHECK(edited(R"("text":"x")", R"("chat":{"id":-5,"type":"group"})").kind == event_kind::ignored);
}

TEST_CASE("a press that is in no private chat is told, for it has to be answered") {
  const auto press = [](const std::string& where) {
    return telegram::parse_update(R"({"update_id":9,"callback_query":{"id":"1",)" + from +
                                  R"(,"data":"run:5")" + where + "}}");
  };
  const auto in_line = press(R"(,"inline_message_id":"AAA")");
  CHECK(in_line.kind == event_kind::button);
  CHECK(in_line.callback_id == "1");
  CHECK(in_line.group_id == -1);
  CHECK(press(R"(,"message":{"message_id":3,"chat":{"id":-5,"type":"group"}})").group_id == -5);
  CHECK(press(R"(,"message":{"message_id":3,"chat":{"id":515,"type":"private"}})").group_id == 0);
}

TEST_CASE("a document that is an image is a photo, a GIF is not") {
  const auto e = telegram::parse_update(message(R"("document":{"mime_type":"image/png","file_id":"d"})"));
  CHECK(e.kind == event_kind::photo);
  CHECK(e.photo_file_id == "d");
  const auto gif = telegram::parse_update(
      message(R"("animation":{"file_id":"a"},"document":{"mime_type":"image/gif","file_id":"a"})"));
  CHECK(gif.kind == event_kind::other_media);
  CHECK(gif.media == "animation");
  CHECK(telegram::parse_update(message(R"("document":{"mime_type":"text/plain","file_id":"d"})")).media ==
        "document");
}

TEST_CASE("other media are named") {
  for (const std::string name : {"sticker", "voice", "video", "video_note", "audio", "contact", "location"}) {
    const auto e = telegram::parse_update(message("\"" + name + "\":{\"file_id\":\"x\"}"));
    CHECK(e.kind == event_kind::other_media);
    CHECK(e.media == name);
  }
}

TEST_CASE("a button press carries its query, message and data") {
  const auto e =
      telegram::parse_update(R"({"update_id":8,"callback_query":{"id":"22",)" + from +
                             R"(,"message":{"message_id":108,)" + chat + R"(,"date":0},"data":"b:17"}})");
  CHECK(e.kind == event_kind::button);
  CHECK(e.callback_id == "22");
  CHECK(e.message_id == 108);
  CHECK(e.data == "b:17");
}

TEST_CASE("blocking and unblocking the bot are events") {
  const auto change = [](const std::string& status) {
    return telegram::parse_update(R"({"update_id":9,"my_chat_member":{)" + chat + "," + from +
                                  R"(,"new_chat_member":{"status":")" + status + "\"}}}");
  };
  CHECK(change("kicked").kind == event_kind::blocked);
  CHECK(change("member").kind == event_kind::unblocked);
  CHECK(change("left").kind == event_kind::ignored);
}

TEST_CASE("a pre-checkout query carries what is to be paid") {
  const auto e =
      telegram::parse_update(R"({"update_id":9,"pre_checkout_query":{"id":"5555",)" + from +
                             R"(,"currency":"XTR","total_amount":250,"invoice_payload":"order:9f2c"}})");
  CHECK(e.kind == event_kind::pre_checkout);
  CHECK(e.from.user_id == 515);
  CHECK(e.from.language == "de");
  CHECK(e.payment.query_id == "5555");
  CHECK(e.payment.currency == "XTR");
  CHECK(e.payment.amount == 250);
  CHECK(e.payment.payload == "order:9f2c");
}

TEST_CASE("a payment keeps a charge id of any length, and a subscription its end") {
  const std::string charge = "stx" + std::string(300, 'a');
  const std::string paid =
      R"("successful_payment":{"currency":"XTR","total_amount":250,"invoice_payload":"o",)"
      R"("provider_payment_charge_id":"515_12","telegram_payment_charge_id":")" +
      charge + '"';
  const auto once = telegram::parse_update(message(paid + "}"));
  CHECK(once.kind == event_kind::payment);
  CHECK(once.message_id == 101);
  CHECK(once.payment.amount == 250);
  CHECK(once.payment.payload == "o");
  CHECK(once.payment.telegram_charge_id == charge);
  CHECK(once.payment.provider_charge_id == "515_12");
  CHECK_FALSE(once.payment.recurring);
  CHECK(once.payment.subscription_until == 0);
  const auto monthly = telegram::parse_update(message(
      paid + R"(,"is_recurring":true,"is_first_recurring":true,"subscription_expiration_date":1797592500})"));
  CHECK(monthly.payment.recurring);
  CHECK(monthly.payment.first_recurring);
  CHECK(monthly.payment.subscription_until == 1'797'592'500'000);
}

TEST_CASE("a refund belongs to the person of the chat, even when the bot sends it") {
  const auto e = telegram::parse_update(
      R"({"update_id":9,"message":{"message_id":110,"from":{"id":7000000001,"is_bot":true,"first_name":"Shop"},)"
      R"("chat":{"id":515,"first_name":"Ann","username":"ann","type":"private"},"refunded_payment":)"
      R"({"currency":"XTR","total_amount":250,"invoice_payload":"o","telegram_payment_charge_id":"stxA"}}})");
  CHECK(e.kind == event_kind::payment_refunded);
  CHECK(e.from.user_id == 515);
  CHECK(e.from.first_name == "Ann");
  CHECK(e.from.username == "ann");
  CHECK(e.message_id == 110);
  CHECK(e.payment.amount == 250);
  CHECK(e.payment.telegram_charge_id == "stxA");
}

TEST_CASE("an invoice for Stars keeps to the limits of title and description") {
  const auto p =
      json::parse(telegram::invoice_params(515, std::string(40, 'x'), "Для видео", "o:1", 100, "L"));
  CHECK(p == json{{"chat_id", 515},
                  {"title", std::string(31, 'x') + "…"},
                  {"description", "Для видео"},
                  {"payload", "o:1"},
                  {"provider_token", ""},
                  {"currency", "XTR"},
                  {"prices", json::array({json{{"label", "L"}, {"amount", 100}}})}});
  std::string tale;
  for (int i = 0; i < 300; ++i) tale += "ж";
  const auto cut = json::parse(telegram::invoice_params(515, "t", tale, "o", 1, "L"))["description"];
  CHECK(cut == telegram::shorten(tale, 255));
}

TEST_CASE("broken, foreign and group updates are ignored") {
  const std::string bodies[] = {
      "",
      "x",
      "null",
      "[]",
      "17",
      R"({"update_id":"7"})",
      R"({"update_id":7,"message":5})",
      R"({"update_id":7,"message":{"chat":[],"from":3,"text":{}}})",
      R"({"update_id":7,"message":{"chat":{"id":-5,"type":"group"},"from":{"id":5,"is_bot":false},"text":"a"}})",
      R"({"update_id":7,"message":{"chat":{"id":5,"type":"private"},"from":{"id":6,"is_bot":true},"text":"a"}})",
      R"({"update_id":7,"message":{"chat":{"id":5,"type":"private"},"text":"a"}})",
      R"({"update_id":7,"message":{"chat":{"id":5,"type":"private"},"from":{"id":1.5},"text":"a"}})",
      R"({"update_id":7,"callback_query":{"id":4,"from":{"id":5},"message":{"chat":{"type":"private"}}}})",
      R"({"update_id":7,"edited_message":{}})",
      R"({"update_id":7,"pre_checkout_query":{"id":"5","from":{"id":5,"is_bot":true},"total_amount":1}})",
      R"({"update_id":7,"pre_checkout_query":{"id":5,"from":{"id":5},"total_amount":1}})",
      R"({"update_id":7,"pre_checkout_query":[]})",
      message(R"("successful_payment":{"currency":"XTR","total_amount":1,"invoice_payload":"o"})"),
      message(R"("refunded_payment":{"currency":"XTR","telegram_payment_charge_id":4})"),
      R"({"update_id":7,"message":{"chat":{"id":-5,"type":"group"},"from":{"id":5},"successful_payment":)"
      R"({"telegram_payment_charge_id":"stx"}}})",
      "{\"update_id\":7,\"message\":{\"text\":\"\xff\"}}"};
  for (const auto& body : bodies) {
    INFO(body);
    CHECK(telegram::parse_update(body).kind == event_kind::ignored);
  }
}

TEST_CASE("the answer of getUpdates is split, and foreign updates concern nobody") {
  const auto batch = telegram::read_updates(reply(
      200, R"({"ok":true,"result":[)" + message(R"("text":"a")") + R"(,{"update_id":8,"poll":{}},{"x":1},)" +
               R"({"update_id":9,"pre_checkout_query":{"id":"5",)" + from +
               R"(,"currency":"XTR","total_amount":1}}]})"));
  const auto& updates = batch.updates;
  REQUIRE(batch.unreadable.size() == 1); // {"x":1}
  CHECK(batch.unreadable[0].update_id == 0);
  CHECK(batch.last_id == 9);
  REQUIRE(updates.size() == 3);
  CHECK(updates[0].update_id == 7);
  CHECK(updates[0].user_id == 515);
  CHECK(telegram::parse_update(updates[0].json).text == "a");
  CHECK(updates[1].update_id == 8);
  CHECK(updates[1].user_id == 0);
  CHECK(updates[2].user_id == 515);
}

TEST_CASE("an answer of getUpdates that is no list of updates throws without its body") {
  for (const auto& r : {reply(200, "secret"), reply(200, R"({"ok":true,"result":{}})"), reply(502, "<html>"),
                        telegram_error(409, "Conflict: secret"), no_reply(http_error::lost)}) {
    try {
      telegram::read_updates(r);
      FAIL("should throw");
    } catch (const telegram::bad_answer& e) {
      CHECK(std::string(e.what()).find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("getUpdates asks for our kinds and waits longer than Telegram") {
  const auto r = telegram::get_updates({"http://h", "1:T"}, 12, 50, 100);
  CHECK(r.url == "http://h/bot1:T/getUpdates");
  CHECK(r.method == "POST");
  CHECK(r.time_limit == std::chrono::seconds(65));
  CHECK(json::parse(r.body) ==
        json{{"offset", 12},
             {"timeout", 50},
             {"limit", 100},
             {"allowed_updates",
              {"message", "edited_message", "callback_query", "my_chat_member", "pre_checkout_query"}}});
}

TEST_CASE("a call posts its parameters, with uploads as a form") {
  outgoing m;
  m.method = "sendVideo";
  m.params = R"({"chat_id":5,"caption":"a \"b\"","supports_streaming":true,"reply_markup":{"k":[1]}})";
  auto r = telegram::call({"http://h", "1:T"}, m);
  CHECK(r.url == "http://h/bot1:T/sendVideo");
  CHECK(r.body == m.params);
  CHECK(r.time_limit == std::chrono::seconds(60));
  m.uploads = {{"video", "/d/v.mp4", "video/mp4"}};
  r = telegram::call({"http://h", "1:T"}, m);
  CHECK(r.form == http_fields{{"caption", "a \"b\""},
                              {"chat_id", "5"},
                              {"reply_markup", R"({"k":[1]})"},
                              {"supports_streaming", "true"}});
  REQUIRE(r.files.size() == 1);
  CHECK(r.files[0].field == "video");
  CHECK(r.files[0].filename == "v.mp4");
  CHECK(r.files[0].path == "/d/v.mp4");
  CHECK(telegram::download({"http://h", "1:T"}, "photos/a b.jpg", "/d/x").url ==
        "http://h/file/bot1:T/photos/a%20b.jpg");
}

TEST_CASE("each error of the Bot API has its consequence") {
  struct row {
    int code;
    const char* description;
    outcome what;
  };
  const row rows[] = {
      {400, "Bad Request: message is not modified: specified new message content", outcome::delivered},
      {400, "Bad Request: message to delete not found", outcome::delivered},
      {400, "Bad Request: query is too old and response timeout expired or query ID is invalid",
       outcome::delivered},
      {400, "Bad Request: CHARGE_ALREADY_REFUNDED", outcome::delivered},
      {400, "Bad Request: message to edit not found", outcome::message_gone},
      {400, "Bad Request: MESSAGE_ID_INVALID", outcome::message_gone},
      {400, "Bad Request: message can't be edited", outcome::message_gone},
      {403, "Forbidden: bot was blocked by the user", outcome::chat_gone},
      {403, "Forbidden: user is deactivated", outcome::chat_gone},
      {403, "Forbidden: bot can't initiate conversation with a user", outcome::chat_gone},
      {400, "Bad Request: chat not found", outcome::chat_gone},
      {400, "Bad Request: PEER_ID_INVALID", outcome::chat_gone},
      {400, "Bad Request: CHAT_WRITE_FORBIDDEN", outcome::chat_gone},
      {400, "Bad Request: can't parse entities: unsupported start tag", outcome::our_mistake},
      {400, "Bad Request: message is too long", outcome::our_mistake},
      {400, "Bad Request: message text is empty", outcome::our_mistake},
      {400, "Bad Request: BUTTON_DATA_INVALID", outcome::our_mistake},
      {400, "Bad Request: wrong file identifier/HTTP URL specified", outcome::our_mistake},
      {400, "Bad Request: wrong file_id or the file is temporarily unavailable", outcome::wait_and_retry},
      {400, "Bad Request: FROZEN_METHOD_INVALID", outcome::give_up},
      {413, "Request Entity Too Large", outcome::our_mistake},
      {401, "Unauthorized", outcome::give_up},
      {404, "Not Found", outcome::give_up},
      {404, "Not Found: method not found", outcome::our_mistake},
      {409, "Conflict: terminated by other getUpdates request", outcome::conflict},
      {421, "Misdirected Request", outcome::give_up},
      {429, "Too Many Requests: retry after 7", outcome::wait_and_retry},
      {500, "Internal Server Error: restart", outcome::wait_and_retry},
  };
  for (const auto& r : rows) {
    INFO(r.description);
    const auto a = telegram::read_answer(telegram_error(r.code, r.description));
    CHECK(static_cast<int>(a.what) == static_cast<int>(r.what));
    CHECK(a.description == r.description);
    CHECK((a.retry_after_ms > 0) == (r.what == outcome::wait_and_retry));
  }
}

TEST_CASE("without a readable answer it is known whether the request went out") {
  CHECK(telegram::read_answer(no_reply(http_error::refused)).what == outcome::wait_and_retry);
  CHECK(telegram::read_answer(no_reply(http_error::stopped)).what == outcome::wait_and_retry);
  CHECK(telegram::read_answer(no_reply(http_error::lost)).what == outcome::unsure);
  CHECK(telegram::read_answer(no_reply(http_error::too_large)).what == outcome::unsure);
  CHECK(telegram::read_answer(reply(502, "<html>")).what == outcome::wait_and_retry);
  CHECK(telegram::read_answer(reply(200, "<html>")).what == outcome::unsure);
}

TEST_CASE("the wait of a 429 is honoured from body or header") {
  const auto body = R"({"ok":false,"error_code":429,"description":"x","parameters":{"retry_after":7}})";
  CHECK(telegram::read_answer(reply(429, body)).retry_after_ms == 7000);
  auto r = reply(429, "<html>");
  r.headers = {{"retry-after", "12"}};
  CHECK(telegram::read_answer(r).retry_after_ms == 12000);
}

TEST_CASE("a success gives message id, file id and file path") {
  const auto a =
      telegram::read_answer(reply(200, R"({"ok":true,"result":{"message_id":5,"video":{"file_id":"V"}}})"));
  CHECK(a.what == outcome::delivered);
  CHECK(a.message_id == 5);
  CHECK(a.file_id == "V");
  CHECK(telegram::read_answer(reply(200, R"({"ok":true,"result":true})")).what == outcome::delivered);
  CHECK(telegram::read_answer(reply(200, R"({"ok":true,"result":{"file_path":"p/a.jpg"}})")).file_path ==
        "p/a.jpg");
}

TEST_CASE("text is escaped and shortened without breaking it") {
  CHECK(telegram::escape_html("<a&\"b\">") == "&lt;a&amp;&quot;b&quot;&gt;");
  CHECK(telegram::shorten("привет", 6) == "привет");
  CHECK(telegram::shorten("привет", 4) == "при…");
  CHECK(telegram::shorten("🍏🍏", 1) == "…");
  CHECK(telegram::shorten("ab", 0).empty());
  CHECK(telegram::shorten("", 0).empty());
}

TEST_CASE("one update that cannot be read holds up neither its batch nor the queue behind it") {
  const auto text = [](int id, const std::string& words) {
    return R"({"update_id":)" + std::to_string(id) + R"(,"message":{"message_id":1,)" + from + "," + chat +
           R"(,"text":")" + words + "\"}}";
  };
  const auto deep = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  const std::string bad[] = {
      text(12, R"(half \ud83d a pair)"),
      text(12, "raw \xFF byte"),
      text(12, "raw\nline"),
      R"({"update_id":12,"message":{"message_id":1e999}})",
      R"({"update_id":12,"message":)" + deep(100'000) + "}",
      R"({"message":{"text":"\ud83d \"update_id\":99"},"update_id":12})",
  };
  for (const auto& broken : bad) {
    INFO(broken.substr(0, 120));
    for (const int place : {0, 1, 2}) {
      std::vector<std::string> list{text(11, "a"), text(13, "c")};
      list.insert(list.begin() + place, broken);
      const auto batch = telegram::read_updates(
          reply(200, R"({"ok":true,"result":[)" + list[0] + ",\n" + list[1] + " , " + list[2] + "]}"));
      REQUIRE(batch.updates.size() == 2);
      CHECK(batch.updates[0].event->text == "a");
      CHECK(batch.updates[1].event->text == "c");
      REQUIRE(batch.unreadable.size() == 1);
      CHECK(batch.unreadable[0].update_id == 12);
      CHECK_FALSE(batch.unreadable[0].excerpt.empty());
      CHECK(batch.last_id == (place == 2 ? 12 : 13));
    }
    const auto posted = telegram::read_update(broken);
    CHECK(posted.updates.empty());
    REQUIRE(posted.unreadable.size() == 1);
    CHECK(posted.unreadable[0].update_id == 12);
  }
}

TEST_CASE("an update without an id, or of no shape at all, is set aside with what can be known of it") {
  const auto batch = telegram::read_updates(
      reply(200, R"({"ok":true,"result":[5,{"update_id":"12"},{"update_id":99999999999999999999},null]})"));
  CHECK(batch.updates.empty());
  REQUIRE(batch.unreadable.size() == 4);
  CHECK(batch.unreadable[1].update_id == 12);
  CHECK(batch.last_id == 12);
  const auto none = telegram::read_updates(reply(200, R"({"ok":true,"result":["\ud83d"]})"));
  CHECK(none.unreadable.size() == 1);
  CHECK(none.last_id == 0);
  // An answer that was cut is asked for again; when it comes so again and again, what is whole is read.
  const auto half =
      reply(200, R"({"ok":true,"result":[{"update_id":7,"poll":{}},{"update_id":8,"message":{"te)");
  CHECK_THROWS_AS(telegram::read_updates(half), telegram::bad_answer);
  const auto cut = telegram::read_updates(half, true);
  REQUIRE(cut.updates.size() == 1);
  CHECK(cut.last_id == 8);
}

TEST_CASE("a gateway's page is no word of Telegram: no token is refused by a 403, no chat is gone") {
  for (const int status : {403, 407, 451, 500, 502, 503}) {
    const auto a = telegram::read_answer(reply(status, "<html>blocked</html>"));
    INFO(status);
    CHECK(a.what == outcome::wait_and_retry);
    CHECK(a.retry_after_ms > 0);
  }
  CHECK_FALSE(telegram::read_answer(reply(403, "<html>")).understood);
  CHECK(telegram::end_of(telegram::read_answer(reply(200, "<html>"))) == outside::end::not_understood);
  CHECK(telegram::read_answer(reply(413, "<html>")).what == outcome::our_mistake);
  const auto moved = telegram::read_answer(
      reply(400, R"({"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a )"
                 R"(supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890}})"));
  CHECK(moved.migrated_to == -1001234567890);
}
