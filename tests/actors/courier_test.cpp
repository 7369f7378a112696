/// The courier and its stored messages: what stands in the file, what a new engine makes of it, and what
/// leaves in what order.
#include "net/telegram.hpp"
#include "tests/actors/fixture.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

struct posting : stage {
  courier_actor courier;

  posting() {
    enrol(0);
    start();
  }
  /// As a new engine does.
  void start() {
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    tell(ledger, ledger_listeners{courier, {}, {}, {}});
    tell(courier, committed_messages{db->load_open_work().messages});
  }
  void kill() {
    tell(ledger, ledger_listeners{});
    caf::anon_send_exit(courier, caf::exit_reason::kill);
    run();
  }
  static outgoing message(const std::string& text, lane urgency = lane::reply, const std::string& slot = "") {
    outgoing m;
    m.chat_id = user;
    m.urgency = urgency;
    m.method = "sendMessage";
    m.params = json{{"chat_id", user}, {"text", text}, {"parse_mode", "HTML"}}.dump();
    m.slot = slot;
    return m;
  }
  void store(std::vector<outgoing> messages) {
    turn t;
    t.update_id = ++updates, t.user_id = user, t.at = now(), t.profile = {user, "Ann", "ann", "en"};
    t.messages = std::move(messages);
    ask<done>(ledger, t);
  }
  void sql(const std::string& text) {
    SQLite::Database file{path(), SQLite::OPEN_READWRITE};
    file.exec(text);
  }
  std::int64_t rows(const std::string& where = "1") {
    SQLite::Database file{path(), SQLite::OPEN_READONLY};
    return file.execAndGet("SELECT count(*) FROM outbox WHERE " + where).getInt64();
  }
  static http_reply flood(int seconds) {
    return reply(429, json{{"ok", false},
                           {"error_code", 429},
                           {"description", "Too Many Requests"},
                           {"parameters", {{"retry_after", seconds}}}}
                          .dump());
  }
  std::int64_t updates = 0;
};

} // namespace

TEST_CASE_METHOD(posting,
                 "a stored row that cannot be read is set aside, and all others are sent, at every start") {
  kill();
  telegram->log.clear();
  store({message("first"), message("status", lane::status, "order:1"), message("last")});
  const auto broken =
      GENERATE("params = '{' WHERE slot = 'order:1'", "params = '[1]' WHERE slot = 'order:1'",
               "params = '' WHERE slot = 'order:1'", "params = char(255) WHERE slot = 'order:1'",
               "uploads = '{\"a\":' WHERE slot = 'order:1'", "uploads = '[7]' WHERE slot = 'order:1'",
               "method = '' WHERE slot = 'order:1'", "method = 'send/../Message' WHERE slot = 'order:1'");
  INFO(broken);
  sql(std::string{"UPDATE outbox SET "} + broken);
  for (int i = 0; i < 2; ++i) {
    start();
    advance(5s);
    CHECK(telegram->count("first") == 1);
    CHECK(telegram->count("last") == 1);
    CHECK(telegram->count("status") == 0);
    CHECK(rows("parked = 2") == 1); // to be looked at
    CHECK(rows() == 1);
    kill();
  }
}

TEST_CASE_METHOD(posting, "a video whose message cannot be read is not forgotten: its job fetches it again") {
  kill();
  register_user r;
  order_request o;
  admin_action gift;
  gift.key = "g", gift.admin_id = 1864913930, gift.at = now(), gift.what = admin_act::give,
  gift.user_id = user, gift.amount = 5;
  ask<admin_answer>(ledger, gift);
  o.order_key = "o", o.user_id = user, o.at = now(), o.price = 2;
  o.spec.model_id = "m", o.spec.prompt = "cat";
  ask<order_answer>(ledger, o);
  const auto step = [&](job_state to) {
    job_step s;
    s.job_id = 1, s.at = now(), s.to = to;
    if (to == job_state::delivering) {
      auto film = message("");
      film.method = "sendVideo", film.urgency = lane::result, film.job_id = 1;
      film.uploads = {{"video", temporary.path + "/v.mp4", "video/mp4"}};
      s.messages = {film};
    }
    s.task_id = "t", s.result_url = "http://x/v.mp4", s.file_path = temporary.path + "/v.mp4";
    return ask<step_answer>(ledger, s).changed;
  };
  for (auto to : {job_state::submitting, job_state::processing, job_state::fetching, job_state::delivering})
    REQUIRE(step(to));
  sql("UPDATE outbox SET params = 'x' WHERE job_id = 1");
  start();
  advance(2s);
  CHECK(db->load_job(1).state == job_state::fetching);
  CHECK_FALSE(db->load_job(1).fail_text.empty());
  CHECK(rows("parked = 2") == 1);
}

TEST_CASE_METHOD(posting, "a long silence that Telegram asked for holds over a restart") {
  telegram->answer = [](const http_request&) { return std::optional{flood(60)}; };
  store({message("a"), message("b")});
  advance(2s);
  CHECK(telegram->count("sendMessage") == 1);
  CHECK(rows("not_before > 0") == 1);
  kill();
  telegram->log.clear();
  telegram->answer = [this](const http_request&) { return delivered(); };
  start();
  advance(55s);
  CHECK(telegram->log.empty());
  advance(5s);
  CHECK(telegram->count("\"a\"") == 1);
  CHECK(telegram->count("\"b\"") == 1);
  CHECK(rows() == 0);
}

TEST_CASE_METHOD(posting, "a short one is not worth a note") {
  int refusals = 1;
  telegram->answer = [&](const http_request&) { return refusals-- > 0 ? flood(2) : delivered(); };
  store({message("a")});
  CHECK(rows("not_before > 0") == 0);
  advance(3s);
  CHECK(telegram->count("sendMessage") == 2);
}

TEST_CASE_METHOD(posting, "a video that is refused goes as a file, with what only a file has") {
  http_request asked;
  telegram->answer = [&](const http_request& r) {
    if (has(r.url, "sendVideo"))
      return reply(
          400, R"({"ok":false,"error_code":400,"description":"Bad Request: VIDEO_CONTENT_TYPE_INVALID"})");
    asked = r;
    return delivered();
  };
  auto film = message("");
  film.method = "sendVideo", film.urgency = lane::result;
  film.params =
      json{{"chat_id", user}, {"caption", "cat"}, {"parse_mode", "HTML"}, {"supports_streaming", true},
           {"width", 9},      {"height", 16},     {"duration", 8},        {"has_spoiler", true}}
          .dump();
  film.uploads = {{"thumbnail", temporary.path + "/t.jpg", "image/jpeg"},
                  {"video", temporary.path + "/v.mp4", "video/mp4"}};
  store({film});
  CHECK(has(asked.url, "sendDocument"));
  std::set<std::string> fields;
  for (auto& [name, value] : asked.form) fields.insert(name);
  CHECK(fields == std::set<std::string>{"chat_id", "caption", "parse_mode"});
  REQUIRE(asked.files.size() == 2);
  CHECK(asked.files[0].field == "thumbnail");
  CHECK(asked.files[1].field == "document");
  advance(100ms); // the report has patience
  CHECK(rows() == 0);
}

TEST_CASE_METHOD(
    posting, "thirty answers wait and one pays: the word of the money is next, dead screens never leave") {
  std::vector<outgoing> cards;
  for (int i = 0; i < 30; ++i) {
    cards.push_back(message("card " + std::to_string(i)));
    cards.back().topic = "screen:card";
  }
  store(cards);
  store({message("paid", lane::money, "paid:1")});
  advance(1500ms);
  CHECK(telegram->count("\"paid\"") == 1);
  advance(10s);
  CHECK(telegram->count("card 29") == 1);
  CHECK(telegram->count("card") <= 6); // the burst and the last
  CHECK(rows() == 0);                  // nobody sends the others at the next start
}

TEST_CASE_METHOD(posting,
                 "an edit of the menu made of the link's message is not overwritten by an earlier one") {
  store({message("link", lane::money, "pay:1")});
  const auto id = next_message_id - 1;
  for (int i = 0; i < 4; ++i) store({message("chatter")});
  outgoing home;
  home.chat_id = user, home.method = "editMessageText";
  home.params = json{{"chat_id", user}, {"message_id", id}, {"text", "home"}}.dump();
  store({home});
  store({message("paid", lane::money, "pay:1")});
  advance(20s);
  const auto edits = telegram->with("editMessageText");
  REQUIRE(edits.size() == 2);
  CHECK(has(edits[0].line, "home"));
  CHECK(has(edits[1].line, "paid"));
}
