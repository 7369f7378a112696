/// Intake: only confirmed progress counts, and no loop spins, whatever Telegram or the disk does.
#include "actors/health_answer.hpp"
#include "actors/poll_pace.hpp"
#include "net/telegram.hpp"
#include "tests/actors/fixture.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

json update_of(std::int64_t update_id, const std::string& text, std::int64_t who = stage::user) {
  return {{"update_id", update_id},
          {"message",
           {{"message_id", update_id % 1'000'000},
            {"date", 1},
            {"text", text},
            {"chat", {{"id", who}, {"type", "private"}}},
            {"from", {{"id", who}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}}}}}};
}
http_reply list_of(const std::vector<json>& updates) {
  return ok(json{{"ok", true}, {"result", updates}}.dump());
}
http_reply refusal(int code, const std::string& words) {
  return reply(code, json{{"ok", false}, {"error_code", code}, {"description", words}}.dump());
}

/// A poller, and a router that is always ready and remembers what came.
struct intake : stage {
  std::vector<std::string> brought; ///< texts
  router_actor router = own(sys->spawn([this](router_actor::pointer) -> router_actor::behavior_type {
    return {[this](accepted_updates& x) {
              for (auto& u : x.fresh) brought.push_back(telegram::event_in(u).text);
              return done{};
            },
            [](const update_handled&) {}, [](const update_stuck&) {}, [](wake) {}};
  }));
  std::vector<std::string> alarms; ///< "webhook", and "-webhook" when it is over
  watchman_actor watchman = own(sys->spawn([this](watchman_actor::pointer) -> watchman_actor::behavior_type {
    return {[this](const troupe::alarm& a) { alarms.push_back(a.kind); },
            [this](const alarm_over& a) { alarms.push_back('-' + a.kind); }, [](office_heard&) {},
            [](rights_changed) {}, [](const wake&) {}};
  }));
  poller_actor gate;

  ~intake() { gate = nullptr, router = nullptr, watchman = nullptr; }
  void open(test::outside::script answer, intake_begin from = {7, first_ms}) {
    telegram->answer = std::move(answer);
    ctx->health->last_progress_at = now(); // as an engine begins
    gate = own(spawn_poller(*sys, ctx, {telegram_wire, ledger, router, {}, watchman}, from));
    run();
  }
  std::size_t polls() const { return telegram->count("/getUpdates"); }
  static std::int64_t offset_of(const http_request& r) { return json::parse(r.body).at("offset"); }
  std::pair<int, json> health() const {
    auto [status, body] = health_answer(*ctx, first_ms);
    return {status, json::parse(body)};
  }
};

/// Telegram's own queue: an offset confirms all in front of it, and one that it does not know gets the
/// oldest.
struct renumbered : intake {
  std::deque<json> waiting;

  std::optional<http_reply> answer(const http_request& r) {
    const auto offset = offset_of(r);
    const auto last = std::find_if(waiting.begin(), waiting.end(),
                                   [&](const json& u) { return u["update_id"] == offset - 1; });
    if (last != waiting.end()) waiting.erase(waiting.begin(), last + 1);
    if (waiting.empty()) return std::nullopt;
    return list_of({waiting.begin(), waiting.end()});
  }
  void begin() {
    open([this](const http_request& r) { return answer(r); });
  }
  void comes(const json& update) {
    waiting.push_back(update);
    if (telegram->held.empty()) return;
    release(telegram_wire, json{{"ok", true}, {"result", waiting}}.dump());
    run();
  }
};

} // namespace

TEST_CASE_METHOD(renumbered, "numbers that begin anew below the old ones are confirmed and answered") {
  begin();
  comes(update_of(700000001, "/start"));
  comes(update_of(117314199, "/help"));
  advance(10s);
  CHECK(brought == std::vector<std::string>{"/start", "/help"});
  CHECK(waiting.empty());
  CHECK(polls() < 10);
  CHECK(db->load_open_work().next_offset == 117314200);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(renumbered, "numbers that begin anew within one batch are confirmed and answered") {
  waiting = {update_of(700000001, "/start"), update_of(117314199, "/help"), update_of(117314200, "/buy")};
  begin();
  advance(10s);
  CHECK(brought == std::vector<std::string>{"/start", "/help", "/buy"});
  CHECK(waiting.empty());
}

TEST_CASE_METHOD(intake,
                 "what is said in chats that are none of ours leaves nothing in the book, and is confirmed") {
  const auto in_chat = [](std::int64_t update_id, std::int64_t chat, const char* type, std::int64_t who) {
    auto u = update_of(update_id, "hello bot", who);
    u["message"]["chat"] = {{"id", chat}, {"type", type}};
    u["message"]["reply_to_message"] = {
        {"message_id", 5}, {"chat", {{"id", chat}}}, {"from", {{"id", 1}, {"is_bot", true}}}};
    return u;
  };
  auto s = *ctx->settings;
  s.opts.office.feedback_chat_id = -77;
  ctx->settings.put(std::make_shared<const config::settings>(std::move(s)));
  const auto boss = ctx->opts().users.admin_ids.front();
  std::vector<json> strange;
  for (int i = 0; i < 150; ++i) strange.push_back(in_chat(7 + i, -500, "supergroup", 31337));
  strange.push_back(in_chat(157, -77, "supergroup", 31337)); // the office's group, somebody without rights
  strange.push_back({{"update_id", 158},
                     {"callback_query",
                      {{"id", "c"},
                       {"data", "home"},
                       {"from", {{"id", 31337}, {"is_bot", false}, {"first_name", "X"}}},
                       {"message", {{"message_id", 1}, {"chat", {{"id", -500}, {"type", "group"}}}}}}}});
  strange.push_back({{"update_id", 159},
                     {"channel_post", {{"message_id", 1}, {"chat", {{"id", -9}, {"type", "channel"}}}}}});
  auto plain = in_chat(160, -500, "group", 31337); // answers nobody
  plain["message"].erase("reply_to_message");
  strange.push_back(plain);
  std::vector<std::int64_t> offsets;
  int n = 0;
  open([&](const http_request& r) -> std::optional<http_reply> {
    offsets.push_back(offset_of(r));
    switch (++n) {
    case 1: return list_of(strange);
    case 2:
      return list_of({in_chat(161, -500, "group", 31337), update_of(162, "private"),
                      in_chat(163, -77, "supergroup", boss)});
    default: return std::nullopt;
    }
  });
  advance(5s);
  CHECK(offsets == std::vector<std::int64_t>{7, 161, 164});
  CHECK(brought == std::vector<std::string>{"private", "hello bot"});
  SQLite::Database file{path()};
  CHECK(file.execAndGet("SELECT count(*) FROM inbox").getInt() == 2);
  CHECK(file.execAndGet("SELECT count(*) FROM users WHERE user_id = 31337").getInt() == 0);
  CHECK(file.execAndGet("SELECT count(*) FROM activity_recent").getInt() == 0);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(intake, "one update that cannot be read is kept as done, logged, and holds nobody up") {
  std::vector<std::int64_t> offsets;
  const auto broken = R"({"update_id":8,"message":{"message_id":1,"text":"\ud83d"}})"; // half a character
  int n = 0;
  open([&](const http_request& r) -> std::optional<http_reply> {
    offsets.push_back(offset_of(r));
    if (++n > 1) return std::nullopt;
    return ok(R"({"ok":true,"result":[)" + update_of(7, "before").dump() + "," + broken + "," +
              update_of(9, "after").dump() + "]}");
  });
  CHECK(brought == std::vector<std::string>{"before", "after"});
  CHECK(offsets == std::vector<std::int64_t>{7, 10});
  SQLite::Database file{path()};
  SQLite::Statement kept{file, "SELECT json, done FROM inbox WHERE update_id = 8"};
  REQUIRE(kept.executeStep());
  CHECK(has(kept.getColumn(0).getString(), "update_id"));
  CHECK(kept.getColumn(1).getInt() == 1);
}

TEST_CASE_METHOD(intake, "a batch that ends with what cannot be read is confirmed to its end") {
  std::vector<std::int64_t> offsets;
  int n = 0;
  open([&](const http_request& r) -> std::optional<http_reply> {
    offsets.push_back(offset_of(r));
    if (++n > 1) return std::nullopt;
    return ok(R"({"ok":true,"result":[)" + update_of(7, "before").dump() +
              R"(,{"update_id":8,"message":{"text":"\ud83d"}}]})");
  });
  CHECK(offsets == std::vector<std::int64_t>{7, 9});
  CHECK(db->load_open_work().next_offset == 9);
}

TEST_CASE_METHOD(
    intake, "updates that are never confirmed are asked for more and more seldom, and the health says so") {
  bool stubborn = true;
  open([&](const http_request&) -> std::optional<http_reply> {
    return stubborn ? list_of({update_of(7, "again")}) : list_of({});
  });
  advance(1s);
  CHECK(polls() < 6);
  advance(300s, 1s);
  CHECK(polls() < 25);
  CHECK(brought.size() == 1);
  const auto [status, body] = health();
  CHECK(status == 503);
  CHECK(has(body["why"], "the same updates again and again"));
  CHECK(body["last_progress_age_s"] > 200);
  const auto raised = [&](const std::string& what) { return std::count(alarms.begin(), alarms.end(), what); };
  CHECK(raised("intake") > 0);
  alarms.clear();
  stubborn = false;
  advance(40s, 1s);
  CHECK(raised("-intake") == 1);
  CHECK(health().first == 200);
  CHECK(health().second["why"] == "");
}

TEST_CASE_METHOD(intake, "two batches that take turns are no progress either") {
  int n = 0;
  open([&](const http_request&) {
    const bool first = ++n % 2 != 0;
    return list_of({update_of(first ? 7 : 9, first ? "a" : "b")});
  });
  advance(120s, 1s);
  CHECK(polls() < 25);
  CHECK(health().first == 503);
}

TEST_CASE_METHOD(intake, "a server that does not wait is asked once a second") {
  open([](const http_request&) { return list_of({}); });
  advance(20s, 10ms);
  CHECK(polls() <= 21);
  CHECK(polls() >= 15);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(intake, "news without end are fetched at once, but not without a bound") {
  std::int64_t id = 6;
  open([&](const http_request&) { return list_of({update_of(++id, "news")}); });
  advance(1s, 1ms);
  CHECK(polls() <= 2 * poll_pace::polls_per_second_max);
  CHECK(polls() > 200);
  telegram->answer = [](const http_request&) { return std::nullopt; };
}

TEST_CASE_METHOD(intake, "when nothing came for a day the oldest is asked for, whatever its number") {
  std::vector<std::int64_t> offsets;
  open([&](const http_request& r) {
    offsets.push_back(offset_of(r));
    return list_of({});
  });
  CHECK(offsets == std::vector<std::int64_t>{7});
  advance(25h, 60s);
  CHECK(offsets.back() == 0);
}

TEST_CASE_METHOD(intake, "after a long stop the oldest is asked for at once") {
  open([](const http_request&) { return std::nullopt; }, {7, first_ms - 30 * 3'600'000ll});
  CHECK(telegram->count("\"offset\":0") == 1);
}

TEST_CASE_METHOD(intake, "a webhook that cannot be removed is not removed a thousand times a second") {
  open([](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "/deleteWebhook")) return ok(R"({"ok":true,"result":true})");
    return refusal(409, "Conflict: can't use getUpdates method while webhook is active");
  });
  advance(60s, 100ms);
  CHECK(polls() < 12);
}

TEST_CASE_METHOD(intake, "a refused token is named at once, and forgotten when it is accepted") {
  bool refused = true;
  open([&](const http_request&) -> std::optional<http_reply> {
    return refused ? refusal(401, "Unauthorized") : list_of({});
  });
  CHECK(health().first == 503);
  CHECK(has(health().second["why"], "refuses the bot's token"));
  refused = false;
  advance(60s, 100ms);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(intake, "when nothing can be fetched for long the health says why") {
  open([](const http_request&) { return reply(502, "<html>Bad Gateway</html>"); });
  advance(30s, 100ms);
  CHECK(health().first == 200); // it may pass
  advance(std::chrono::seconds{ctx->opts().web.health_poll_age_s}, 1s);
  CHECK(health().first == 503);
  CHECK(has(health().second["why"], "no updates could be fetched from Telegram"));
}

TEST_CASE("a batch that repeats itself once, after a death, costs no wait") {
  poll_pace pace;
  pace.asks(1000);
  CHECK(pace.repeated_itself(1100).count() == 0);
  CHECK_FALSE(pace.is_stuck());
  CHECK(pace.repeated_itself(1200) >= 1s);
  CHECK(pace.repeated_itself(1300) >= 2s);
  CHECK(pace.is_stuck());
  for (int i = 0; i < 100; ++i) CHECK(pace.repeated_itself(1400) <= poll_pace::longest);
  CHECK(pace.brought_news(1400).count() == 0);
  CHECK_FALSE(pace.is_stuck());
}

// -- the webhook --

namespace {

/// Telegram as it sees its posts to us.
struct hooked : intake {
  json info{{"url", "https://bot.example/telegram/webhook"}, {"pending_update_count", 0}};
  bool answers = true;

  hooked() {
    auto with_url = *ctx->settings;
    with_url.opts.web.public_url = "https://bot.example";
    auto c = std::make_shared<engine_context>(*ctx);
    c->settings = std::make_shared<const config::settings>(std::move(with_url));
    ctx = c;
    open([this](const http_request& r) -> std::optional<http_reply> {
      if (has(r.url, "/setWebhook")) {
        info["url"] = json::parse(r.body).at("url");
        return ok(R"({"ok":true,"result":true})");
      }
      if (!answers) return broken(http_error::refused);
      return ok(json{{"ok", true}, {"result", info}}.dump());
    });
  }
  void fails(const std::string& words) {
    info["pending_update_count"] = 3;
    info["last_error_date"] = now() / 1000;
    info["last_error_message"] = words;
  }
  std::size_t set() const { return telegram->count("/setWebhook"); }
};

} // namespace

TEST_CASE_METHOD(hooked, "a webhook whose posts arrive is looked at and left alone") {
  advance(600s, 1s);
  CHECK(set() == 1);
  CHECK(telegram->count("/getWebhookInfo") >= 30);
  CHECK(telegram->count("/getWebhookInfo") <= 41);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(hooked,
                 "posts that all end in 404 are said by the health, and the address is told once more") {
  advance(60s, 1s);
  for (int i = 0; i < 60; ++i) {
    fails("Wrong response from the webhook: 404 Not Found");
    advance(1s);
  }
  auto [status, body] = health();
  CHECK(status == 503);
  CHECK(has(body["why"], "404 Not Found"));
  CHECK(has(body["why"], "3 updates wait"));
  CHECK(set() == 1); // it was told when we began
  CHECK(std::count(alarms.begin(), alarms.end(), "webhook") == 1);
  for (int i = 0; i < 11 * 60; ++i) {
    fails("Wrong response from the webhook: 404 Not Found");
    advance(1s);
  }
  CHECK(set() == 2);                // seldom
  info["pending_update_count"] = 0; // the proxy is mended, Telegram has delivered all
  alarms.clear();
  advance(20s, 1s);
  CHECK(std::count(alarms.begin(), alarms.end(), "-webhook") == 1);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(hooked, "a webhook that fails once a minute fails until a post arrives or nothing waits") {
  advance(20s, 1s);
  REQUIRE(std::count(alarms.begin(), alarms.end(), "-webhook") == 1); // of an earlier life
  alarms.clear();
  for (int minute = 0; minute < 9; ++minute) {
    fails("Read timeout expired");
    advance(16s, 1s);
    CHECK(health().first == 503);
    advance(44s, 1s);
    CHECK(health().first == 503);
  }
  CHECK(alarms == std::vector<std::string>{"webhook"});
  CHECK(set() == 1);
  advance(60s, 1s);
  CHECK(set() == 2);
  SECTION("a post") {
    const auto u = update_of(7, "hello");
    ask<done>(gate, posted_update{{7, stage::user, u.dump()}});
    CHECK(brought == std::vector<std::string>{"hello"});
  }
  SECTION("nothing waits") { info["pending_update_count"] = 0; }
  advance(16s, 1s);
  CHECK(health().first == 200);
  CHECK(alarms == std::vector<std::string>{"webhook", "-webhook"});
}

TEST_CASE_METHOD(hooked,
                 "an alarm of an earlier engine is over when posts arrive, not when the address is told") {
  fails("Read timeout expired");
  info["last_error_date"] = now() / 1000 - 60; // before we began
  advance(60s, 1s);
  CHECK(health().first == 200); // nothing is known to be wrong
  CHECK(std::count(alarms.begin(), alarms.end(), "-webhook") == 0);
  info["pending_update_count"] = 0;
  advance(16s, 1s);
  CHECK(std::count(alarms.begin(), alarms.end(), "-webhook") == 1);
}

TEST_CASE_METHOD(hooked, "a webhook that somebody removes or points elsewhere is set again by itself") {
  const std::string other = GENERATE("", "https://elsewhere.example/hook");
  info["url"] = other;
  advance(16s, 1s);
  CHECK(set() == 2);
  CHECK(info["url"] == "https://bot.example/telegram/webhook");
  CHECK(health().first == 503);
  advance(16s, 1s);
  CHECK(health().first == 200);
}

TEST_CASE_METHOD(hooked,
                 "when Telegram does not say how its posts do, and none comes, the health says that") {
  answers = false;
  advance(std::chrono::seconds{ctx->opts().web.health_poll_age_s + 40}, 1s);
  CHECK(health().first == 503);
  CHECK(has(health().second["why"], "does not say whether its posts arrive"));
}

// -- the health --

TEST_CASE_METHOD(intake, "whatever is wrong, a red health names its reason, and a green one names none") {
  ctx->health->last_progress_at = now();
  CHECK(health().first == 200);
  for (std::size_t i = 0; i < ailment_count; ++i) {
    const auto a = static_cast<ailment>(i);
    ctx->health->ails(a, std::string{"reason of "} + name_of(a));
    const auto [status, body] = health();
    CHECK(status == 503);
    CHECK(body["ok"] == false);
    CHECK(body["why"] == std::string{"reason of "} + name_of(a));
    CHECK(body["faults"][0]["what"] == name_of(a));
    CHECK(ctx->health->is_well(a));
    CHECK(health().first == 200);
    CHECK(health().second["faults"].empty());
  }
  ctx->health->keys_usable = 1, ctx->health->keys_aside = 2;
  ctx->health->jobs_open = 5, ctx->health->jobs_waiting = 3,
  ctx->health->oldest_waiting_since = now() - 42'000;
  const auto body = health().second;
  CHECK(body["keys"] == json{{"usable", 1}, {"aside", 2}});
  CHECK(body["jobs"] == json{{"open", 5}, {"waiting", 3}, {"oldest_waiting_s", 42}});
  CHECK_FALSE(body["version"].get<std::string>().empty());
  CHECK(body["uptime_s"] == 0);
}
