/// Broadcasts through the real store and the real courier on a virtual clock: who gets what, when, and never
/// twice.
#include "actors/broadcast_run.hpp"
#include "tests/actors/fixture.hpp"
#include "tests/founder.hpp"
#include <map>
#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

constexpr std::int64_t boss = founder_user_id, first = 2001;

/// Some users, one administrator, and a Telegram that notes who got what.
struct studio : stage {
  courier_actor courier;
  broadcaster_actor broadcaster;
  std::map<std::int64_t, int> got;   ///< by chat
  std::set<std::int64_t> blocked_by; ///< they answer 403
  std::vector<std::pair<unix_ms, std::int64_t>> sends;
  std::function<std::optional<http_reply>(std::int64_t chat)> twist = [](std::int64_t) {
    return std::nullopt;
  };
  int users;

  explicit studio(int n = 40) : users{n} {
    telegram->answer = [this](const http_request& r) -> std::optional<http_reply> { return answer(r); };
    come(boss);
    for (int i = 0; i < users; ++i) come(first + i);
    begin();
  }
  void come(std::int64_t id) {
    register_user r;
    r.profile = {id, "Name", "", "ru"};
    r.at = now();
    ask<account>(ledger, r);
  }
  std::optional<http_reply> answer(const http_request& r) {
    const auto body = json::parse(r.body, nullptr, false);
    const auto chat = body.is_object() ? body.value("chat_id", std::int64_t{0}) : 0;
    if (chat < first || chat >= first + users) return delivered();
    if (auto odd = twist(chat)) return odd;
    if (blocked_by.count(chat))
      return reply(403,
                   R"({"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"})");
    ++got[chat];
    sends.emplace_back(now(), chat);
    return delivered();
  }
  void begin() {
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    broadcaster = own(spawn_broadcaster(*sys, ctx, ledger, courier));
    tell(ledger, ledger_listeners{courier, {}, {}, broadcaster});
    tell(broadcaster, committed_broadcasts{db->load_open_work().broadcasts});
  }
  /// The actors die where they stand; new ones go on from the file.
  void crash() {
    for (auto a : {caf::actor_cast<caf::actor>(courier), caf::actor_cast<caf::actor>(broadcaster)})
      caf::anon_send_exit(a, caf::exit_reason::kill);
    run();
    telegram->held.clear();
    begin();
  }
  broadcast order(const std::string& key = "c1", unix_ms starts_at = 0) {
    broadcast b;
    b.key = key, b.admin_id = boss, b.admin_language = "ru", b.method = "sendMessage",
    b.params = R"({"text":"hello"})";
    b.title = "hello", b.to.category = "news", b.starts_at = starts_at;
    return b;
  }
  std::int64_t start(broadcast b) {
    return ask<broadcast_answer>(ledger, open_broadcast{std::move(b), now()}).now.broadcast_id;
  }
  void step(std::int64_t id, broadcast_state to) {
    broadcast_step s;
    s.broadcast_id = id, s.at = now(), s.to = to, s.admin_id = boss;
    ask<broadcast_answer>(ledger, s);
  }
  broadcast state_of(std::int64_t id) {
    return std::get<broadcasts_page>(db->answer(broadcasts_query{id, 0, 1})).all.at(0);
  }
  std::vector<recipient> journal(std::int64_t id, recipient_state s) {
    return std::get<recipients_page>(db->answer(recipients_query{id, s, 0, 1000})).all;
  }
  bool nobody_twice() const {
    for (auto& [chat, n] : got)
      if (n > 1) return false;
    return true;
  }
  std::size_t told(const std::string& words) const { return telegram->count(words); }
};

/// Goes this call to that chat?
template <class Call> bool has_chat(const Call& call, std::int64_t chat) {
  return call.line.find(std::to_string(chat)) != std::string::npos;
}

http_reply flooded(int seconds) {
  return reply(429, R"({"ok":false,"error_code":429,"description":"Too Many Requests: retry after )" +
                        std::to_string(seconds) + R"(","parameters":{"retry_after":)" +
                        std::to_string(seconds) + "}}");
}

} // namespace

TEST_CASE_METHOD(studio,
                 "everybody gets a broadcast once, at the permitted rate, and the administrator a report") {
  const auto id = start(order());
  advance(10s);
  const auto b = state_of(id);
  CHECK(b.state == broadcast_state::done);
  CHECK(b.total == users + 1); // the administrator too
  CHECK(b.sent == users + 1);
  CHECK(got.size() == static_cast<std::size_t>(users));
  CHECK(nobody_twice());
  // 28 a second with a burst of 7: 41 messages take a little more than a second.
  CHECK(sends.back().first - sends.front().first >= 1'100);
  CHECK(sends.back().first - sends.front().first <= 1'500);
  CHECK(told(" закончена<") == 2); // the bar, and a message that rings
  CHECK(journal(id, recipient_state::sent).at(5).message_id != 0);
  CHECK(db->load_open_work().broadcasts.empty());
}

TEST_CASE_METHOD(studio,
                 "after a crash it goes on by itself, those under way are unknown and get no second copy") {
  const auto id = start(order());
  advance(700ms);
  twist = [](std::int64_t) { return std::nullopt; };
  telegram->answer = [](const http_request&) { return std::nullopt; }; // these answers never come
  advance(300ms);
  telegram->answer = [this](const http_request& r) { return answer(r); };
  const auto before = got.size();
  REQUIRE(before > 5);
  REQUIRE(before < 30);
  crash();
  advance(20s);
  const auto b = state_of(id);
  CHECK(b.state == broadcast_state::done);
  CHECK(b.unknown > 0);
  CHECK(b.unknown <= 16);
  CHECK(b.sent + b.unknown == b.total);
  CHECK(nobody_twice());
  for (auto& r : journal(id, recipient_state::unknown)) CHECK(got.count(r.user_id) <= 1);
}

TEST_CASE_METHOD(studio, "nothing of a broadcast goes out when its author may not send any more") {
  std::vector<std::string> alarms;
  auto watchman = own(sys->spawn([&](watchman_actor::pointer) -> watchman_actor::behavior_type {
    return {[&](const troupe::alarm& a) { alarms.push_back(a.sentence + " " + (a.stays ? "stays" : "")); },
            [&](const alarm_over& a) { alarms.push_back("over " + a.kind); }, [](const office_heard&) {},
            [](rights_changed) {}, [](const wake&) {}};
  }));
  caf::anon_send_exit(broadcaster, caf::exit_reason::kill);
  broadcaster = own(spawn_broadcaster(*sys, ctx, ledger, courier, watchman));
  tell(ledger, ledger_listeners{courier, {}, {}, broadcaster, watchman});
  constexpr std::int64_t other = 987'654;
  come(other);
  const auto name_owner = [&](std::int64_t who) {
    auto s = *ctx->settings;
    s.opts.users.admin_ids = {who};
    ctx->settings.put(std::make_shared<const config::settings>(std::move(s)));
  };
  std::int64_t id = 0;
  std::size_t before = 0;
  SECTION("planned: not at its minute") {
    id = start(order("planned", now() + 60'000));
    advance(30s);
    name_owner(other);
    advance(60s, 1s);
  }
  SECTION("in its middle") {
    id = start(order());
    advance(700ms);
    name_owner(other);
    advance(1s); // those that were taken already
    before = got.size();
    REQUIRE(before > 0);
    REQUIRE(before < static_cast<std::size_t>(users));
    advance(20s);
  }
  CHECK(got.size() == before);
  CHECK(is_held(state_of(id).state, state_of(id).why));
  CHECK(std::count(alarms.begin(), alarms.end(), "alarm.broadcast_held stays") == 1);
  broadcast_step resume;
  resume.broadcast_id = id, resume.at = now(), resume.to = broadcast_state::running, resume.admin_id = other;
  CHECK(ask<broadcast_answer>(ledger, resume).changed);
  advance(20s);
  CHECK(state_of(id).state == broadcast_state::done);
  CHECK(got.size() == static_cast<std::size_t>(users));
  CHECK(nobody_twice());
  CHECK(state_of(id).admin_id == other);
  CHECK(std::count(alarms.begin(), alarms.end(), "over broadcast held " + std::to_string(id)) >= 1);
  for (auto& r : telegram->with(" закончена<"))
    CHECK(has_chat(r, other)); // the report is not the author's who was
}

TEST_CASE_METHOD(studio, "a planned stop leaves nobody unknown") {
  const auto id = start(order());
  advance(700ms);
  ask<done>(broadcaster, rest{});
  CHECK(journal(id, recipient_state::taken).empty());
  crash();
  advance(20s);
  const auto b = state_of(id);
  CHECK(b.unknown == 0);
  CHECK(b.sent == b.total);
  CHECK(nobody_twice());
}

TEST_CASE_METHOD(studio,
                 "who has blocked the bot is counted and left out next time, a lost answer is unknown") {
  blocked_by = {first + 3, first + 9};
  twist = [](std::int64_t chat) -> std::optional<http_reply> {
    if (chat == first + 5) return broken(http_error::lost);
    if (chat == first + 6) return reply(502, "<html>Bad Gateway</html>");
    if (chat == first + 7)
      return reply(400,
                   R"({"ok":false,"error_code":400,"description":"Bad Request: message text is empty"})");
    return std::nullopt;
  };
  const auto id = start(order());
  advance(10s);
  const auto b = state_of(id);
  CHECK(b.state == broadcast_state::done);
  CHECK(b.blocked == 2);
  CHECK(b.unknown == 2);
  CHECK(b.failed == 1);
  CHECK(journal(id, recipient_state::failed).at(0).why == "Bad Request: message text is empty");
  twist = [](std::int64_t) { return std::nullopt; };
  const auto next = start(order("c2"));
  advance(10s);
  CHECK(state_of(next).total == users + 1 - 2);
}

TEST_CASE_METHOD(studio, "a 429 is obeyed exactly: that one waits, the others go on") {
  const auto odd = first + 4;
  int refused = 0;
  twist = [&](std::int64_t chat) -> std::optional<http_reply> {
    if (chat == odd && refused++ == 0) return flooded(5);
    return std::nullopt;
  };
  const auto id = start(order());
  const auto began = now();
  advance(20s);
  CHECK(state_of(id).sent == users + 1);
  unix_ms at = 0, others = 0;
  for (auto& [when, chat] : sends) (chat == odd ? at : others) = when;
  CHECK(at >= began + 5'000);
  CHECK(at <= began + 5'500);
  CHECK(others < began + 2'500);
  CHECK(nobody_twice());
}

TEST_CASE_METHOD(studio,
                 "429 from several chats within a second stops the whole broadcast for as long as said") {
  std::set<std::int64_t> refused;
  twist = [&](std::int64_t chat) -> std::optional<http_reply> {
    if (chat < first + 3 && refused.insert(chat).second) return flooded(10);
    return std::nullopt;
  };
  const auto id = start(order());
  const auto began = now();
  advance(30s);
  CHECK(state_of(id).sent == users + 1);
  for (auto& [when, chat] : sends) CHECK((when < began + 1'000 || when >= began + 10'000));
  CHECK(nobody_twice());
}

TEST_CASE_METHOD(studio, "pause, resume and stop do as they say") {
  const auto id = start(order());
  advance(500ms);
  step(id, broadcast_state::paused);
  run();
  const auto then = got.size();
  advance(10s);
  CHECK(got.size() <= then + 1);
  CHECK(state_of(id).state == broadcast_state::paused);
  step(id, broadcast_state::running);
  advance(300ms);
  step(id, broadcast_state::stopped);
  advance(10s);
  const auto b = state_of(id);
  CHECK(b.state == broadcast_state::stopped);
  CHECK(b.sent < b.total);
  CHECK(b.unknown == 0);
  CHECK(told(" остановлена<") == 2);
  CHECK(nobody_twice());
}

TEST_CASE_METHOD(studio, "two at once share the rate fairly") {
  const auto one = start(order("c1")), two = start(order("c2"));
  advance(1s);
  const auto a = state_of(one).sent, b = state_of(two).sent;
  CHECK(a > 5);
  CHECK(std::abs(a - b) <= 8);
  advance(10s);
  CHECK(state_of(one).sent == users + 1);
  CHECK(state_of(two).sent == users + 1);
}

TEST_CASE_METHOD(studio, "one for later begins at its time, also after a restart") {
  const auto id = start(order("c1", now() + 60'000));
  advance(30s);
  CHECK(got.empty());
  crash();
  advance(29s);
  CHECK(got.empty());
  advance(10s);
  CHECK(state_of(id).state == broadcast_state::done);
  CHECK(nobody_twice());
}

TEST_CASE("a rising share of those who blocked the bot stops the broadcast with a question") {
  studio s{150};
  for (int i = 0; i < 150; i += 2) s.blocked_by.insert(first + i);
  const auto id = s.start(s.order());
  s.advance(10s);
  CHECK(s.state_of(id).state == broadcast_state::asking);
  CHECK(s.told("Продолжать?") == 1);
  const auto tried = s.state_of(id).blocked + s.state_of(id).sent;
  CHECK(tried >= 100);
  CHECK(tried <= 110);
  s.step(id, broadcast_state::running);
  s.advance(10s);
  CHECK(s.state_of(id).state == broadcast_state::done);
}

TEST_CASE_METHOD(studio, "live answers go before a broadcast") {
  start(order());
  advance(200ms);
  outgoing m;
  m.chat_id = boss, m.urgency = lane::reply, m.method = "sendMessage",
  m.params = R"({"chat_id":1,"text":"live"})";
  const auto at = now();
  tell(courier, m);
  REQUIRE(told("\"live\"") == 1);
  CHECK(telegram->with("\"live\"").at(0).at == at);
}

TEST_CASE_METHOD(studio, "what was sent is deleted everywhere, message by message") {
  const auto id = start(order());
  advance(10s);
  auto e = order("e1");
  e.kind = broadcast_kind::erase, e.of_broadcast = id, e.method = "deleteMessage", e.params = "{}";
  const auto erase = start(e);
  advance(10s);
  CHECK(state_of(erase).sent == users + 1);
  const auto message = journal(id, recipient_state::sent).at(7);
  CHECK(told("deleteMessage {\"chat_id\":" + std::to_string(message.user_id) +
             ",\"message_id\":" + std::to_string(message.message_id) + "}") == 1);
}

TEST_CASE_METHOD(studio, "its own limit is kept") {
  auto b = order();
  b.per_second = 5;
  const auto id = start(b);
  advance(4s);
  CHECK(state_of(id).sent >= 15);
  CHECK(state_of(id).sent <= 28);
  advance(10s);
  CHECK(state_of(id).state == broadcast_state::done);
}

TEST_CASE_METHOD(studio, "a message that is gone already counts as deleted") {
  const auto id = start(order());
  advance(10s);
  auto e = order("e1");
  e.kind = broadcast_kind::erase, e.of_broadcast = id, e.method = "deleteMessage", e.params = "{}";
  twist = [](std::int64_t) {
    return reply(400,
                 R"({"ok":false,"error_code":400,"description":"Bad Request: message to delete not found"})");
  };
  const auto erase = start(e);
  advance(10s);
  CHECK(state_of(erase).sent == users + 1);
  CHECK(state_of(erase).failed == 0);
}

TEST_CASE("who was taken by an operation whose answer was lost is looked for before the next are taken") {
  broadcast b;
  b.broadcast_id = 1, b.state = broadcast_state::running, b.total = 20;
  broadcast_run run{b, 28, 30};
  const auto one = run.take(0);
  CHECK(one.first);
  run.taken({b, {{7}}}, 0);
  const auto lost = run.take(10);
  CHECK_FALSE(lost.first);
  CHECK(lost.take > 0);
  run.not_stored(1'000);
  CHECK(run.next(2'000) == broadcast_run::wish::nothing); // one is under way: he must not become unknown
  run.settled({7, recipient_state::sent, 70, "", ""}, 2'000);
  CHECK(run.next(2'000) == broadcast_run::wish::take);
  const auto again = run.take(2'000);
  CHECK(again.first);
  CHECK(again.results.size() == 1);
  run.taken({b, {}}, 2'000);
  CHECK_FALSE(run.take(2'300).first);
}

TEST_CASE_METHOD(studio,
                 "a broadcast whose record cannot be read is set aside for good, and the others go on") {
  int n = 0;
  for (const char* params : {"not json", "[]", "{\"text\":", ""}) {
    INFO(params);
    auto bad = order("bad" + std::to_string(++n));
    bad.params = params;
    const auto unreadable = start(bad), good = start(order("good" + std::to_string(n)));
    advance(60s);
    CHECK(state_of(unreadable).state == broadcast_state::stopped);
    CHECK(state_of(good).state == broadcast_state::done);
    CHECK(got.at(first) == n);
    crash();
    CHECK(db->load_open_work().broadcasts.empty()); // no later start takes it up
  }
}

TEST_CASE_METHOD(studio, "a recipient whose record cannot be read stops his broadcast, not the engine") {
  const auto sent = start(order("c1"));
  advance(60s);
  REQUIRE(state_of(sent).state == broadcast_state::done);
  SQLite::Database{path(), SQLite::OPEN_READWRITE}.exec(
      "UPDATE recipients SET more = 'x,y' WHERE user_id = 2005");
  auto erase = order("c2");
  erase.kind = broadcast_kind::erase, erase.of_broadcast = sent, erase.method = "deleteMessage",
  erase.params = "{}";
  const auto erasing = start(erase), next = start(order("c3"));
  advance(60s);
  CHECK(state_of(erasing).state == broadcast_state::stopped);
  CHECK(state_of(next).state == broadcast_state::done);
}
