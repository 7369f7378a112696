/// Actors one by one and together, on a virtual clock, against a scripted outside.
#include "actors/dialogue.hpp"
#include "net/telegram.hpp"
#include "tests/actors/working.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

json start_update(std::int64_t update_id, std::int64_t user = stage::user,
                  const std::string& text = "/start") {
  return {{"update_id", update_id},
          {"message",
           {{"message_id", update_id + 10},
            {"date", 1},
            {"text", text},
            {"chat", {{"id", user}, {"type", "private"}}},
            {"from", {{"id", user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}}}}}};
}

http_reply updates(const std::vector<json>& list) { return ok(json{{"ok", true}, {"result", list}}.dump()); }

outgoing message(const std::string& text, const std::string& slot = "", lane urgency = lane::reply) {
  outgoing m;
  m.chat_id = stage::user;
  m.urgency = urgency;
  m.method = "sendMessage";
  m.params = json{{"chat_id", stage::user}, {"text", text}}.dump();
  m.slot = slot;
  return m;
}

http_reply flood(int seconds) {
  return reply(429, json{{"ok", false},
                         {"error_code", 429},
                         {"description", "Too Many Requests"},
                         {"parameters", {{"retry_after", seconds}}}}
                        .dump());
}
http_reply refusal(int code, const std::string& words) {
  return reply(code, json{{"ok", false}, {"error_code", code}, {"description", words}}.dump());
}

// -- the poller --

/// A router that is always ready and remembers what came.
struct polling : stage {
  std::vector<incoming_update> brought;
  router_actor router = own(sys->spawn(
      [](router_actor::pointer, std::vector<incoming_update>* to) -> router_actor::behavior_type {
        return {[to](accepted_updates& x) {
                  to->insert(to->end(), x.fresh.begin(), x.fresh.end());
                  return done{};
                },
                [](const update_handled&) {}, [](const update_stuck&) {}, [](wake) {}};
      },
      &brought));
  std::deque<http_reply> replies;
  std::function<void(const http_request&)> look = [](const http_request&) {};

  void start() {
    telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
      look(r);
      if (replies.empty()) return std::nullopt; // a long poll without news
      auto next = replies.front();
      replies.pop_front();
      return next;
    };
    own(spawn_poller(*sys, ctx, {telegram_wire, ledger, router, {}, {}}, {7, first_ms}));
    run();
  }
  static std::int64_t offset_of(const test::outside::entry& e) {
    return json::parse(e.line.substr(e.line.find('{'))).at("offset");
  }
};

// -- the courier --

struct sending : stage {
  courier_actor courier;
  sending() {
    enrol(0);
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    tell(ledger, ledger_listeners{courier, {}, {}});
  }
  /// Stored with a turn, hence announced to the courier.
  void say(std::vector<outgoing> messages, bool back = false) {
    turn t;
    t.update_id = next_update;
    t.user_id = user;
    t.at = now();
    t.profile = {user, "Ann", "ann", "en"};
    t.user_is_back = back;
    t.messages = std::move(messages);
    ask<accepted_updates>(ledger, accept_updates{{{next_update, user, "{}"}}, now()});
    ++next_update;
    ask<done>(ledger, std::move(t));
  }
  std::size_t waiting() const { return db->load_open_work().messages.size(); }
  std::int64_t next_update = 1;
};

} // namespace

// -- poller --

TEST_CASE_METHOD(polling, "the offset moves only when the updates are stored") {
  std::vector<std::size_t> stored; // updates on disk when each question leaves
  look = [&](const http_request&) { stored.push_back(db->load_open_work().updates.size()); };
  replies = {updates({start_update(7), start_update(8)}), updates({start_update(9)})};
  start();
  REQUIRE(telegram->log.size() == 3);
  CHECK(offset_of(telegram->log[0]) == 7);
  CHECK(offset_of(telegram->log[1]) == 9);
  CHECK(offset_of(telegram->log[2]) == 10);
  CHECK(stored == std::vector<std::size_t>{0, 2, 3});
  CHECK(brought.size() == 3);
  CHECK(db->load_open_work().next_offset == 10);
}

TEST_CASE_METHOD(polling, "an update that comes twice is brought once") {
  replies = {updates({start_update(7)}), updates({start_update(7), start_update(8)})};
  start();
  CHECK(brought.size() == 2);
}

TEST_CASE_METHOD(polling, "updates that cannot be stored are asked for again") {
  anon_send_exit(caf::actor_cast<caf::actor>(ledger), caf::exit_reason::kill);
  run();
  replies = {updates({start_update(7)})};
  start();
  CHECK(telegram->log.size() == 1);
  advance(2s);
  REQUIRE(telegram->log.size() == 2);
  CHECK(offset_of(telegram->log[1]) == 7);
  CHECK(brought.empty());
}

TEST_CASE_METHOD(polling, "the poller survives whatever is answered and waits longer each time") {
  replies = {reply(502, "<html>Bad Gateway</html>"), ok("<html>captive portal</html>"),
             ok(R"({"ok":true,"result":5})"), broken(http_error::lost), updates({start_update(7)})};
  start();
  advance(20s);
  REQUIRE(telegram->log.size() == 6);
  for (int i = 1; i < 4; ++i) { // waits of 1, 2, 4, 8 s and up to 250 ms
    auto wait = telegram->log[i].at - telegram->log[i - 1].at;
    CHECK(wait >= (1000 << (i - 1)));
    CHECK(wait <= (1000 << (i - 1)) + 350);
  }
  for (int i = 0; i < 5; ++i) CHECK(offset_of(telegram->log[i]) == 7);
  CHECK(brought.size() == 1);
}

TEST_CASE_METHOD(polling, "a second poller is noticed, shown in the health and outlived") {
  replies = {refusal(409, "Conflict: terminated by other getUpdates request")};
  start();
  CHECK(ctx->health->poll_conflict);
  advance(4900ms);
  CHECK(telegram->log.size() == 1);
  replies = {updates({})};
  advance(1600ms); // an answer without news, and at once, is followed by a second's wait
  CHECK(telegram->log.size() == 3);
  CHECK_FALSE(ctx->health->poll_conflict);
  CHECK(ctx->health->last_progress_at >= first_ms + 4'900);
}

TEST_CASE_METHOD(polling, "a 429 for getUpdates is waited out") {
  replies = {flood(9)};
  start();
  advance(8900ms);
  CHECK(telegram->log.size() == 1);
  advance(500ms);
  CHECK(telegram->log.size() == 2);
}

/// The same poller when Telegram posts the updates.
struct posting : polling {
  poller_actor gate;
  bool router_waits = false;
  std::vector<caf::typed_response_promise<done>> waiting;
  /// What came of each post: nothing, stored (200), or not (503).
  struct post_result {
    bool answered = false, stored = false;
  };

  posting() {
    auto with_url = *ctx->settings;
    with_url.opts.web.public_url = "https://bot.example";
    auto c = std::make_shared<engine_context>(*ctx);
    c->settings = std::make_shared<const config::settings>(std::move(with_url));
    c->webhook_secret = "right_secret";
    ctx = c;
    router = own(sys->spawn([this](router_actor::pointer me) -> router_actor::behavior_type {
      return {[this, me](accepted_updates& x) -> caf::result<done> {
                brought.insert(brought.end(), x.fresh.begin(), x.fresh.end());
                if (!router_waits) return done{};
                waiting.push_back(me->make_response_promise<done>());
                return waiting.back();
              },
              [](const update_handled&) {}, [](const update_stuck&) {},
              [this](wake) { // a promise is kept only inside its own actor
                for (auto& w : std::exchange(waiting, {})) w.deliver(done{});
              }};
    }));
  }
  ~posting() { waiting.clear(), gate = nullptr, router = nullptr; }
  void open() {
    telegram->answer = [this](const http_request&) -> std::optional<http_reply> {
      if (replies.empty()) return ok(R"({"ok":true,"result":true})");
      auto next = replies.front();
      replies.pop_front();
      return next;
    };
    gate = own(spawn_poller(*sys, ctx, {telegram_wire, ledger, router, {}, {}}, {7, first_ms}));
    run();
  }
  posted_update update(std::int64_t id) {
    return {telegram::read_update(start_update(id).dump()).updates.at(0)};
  }
  /// Asked by an actor that lives on, so that a post may hang.
  std::shared_ptr<post_result> post(std::int64_t id) {
    auto r = std::make_shared<post_result>();
    own(sys->spawn([=, this, u = update(id)](caf::event_based_actor* me) {
      me->request(gate, caf::infinite, u)
          .then(
              [=](done) {
                *r = {true, true};
              },
              [=](caf::error&) {
                *r = {true, false};
              });
    }));
    run();
    return r;
  }
};

TEST_CASE_METHOD(posting, "with a webhook Telegram is told the address and the secret, and is not polled") {
  replies = {reply(502, "<html>"), ok(R"({"ok":true,"result":true})")};
  open();
  CHECK_FALSE(ctx->health->webhook_set);
  advance(3s);
  CHECK(ctx->health->webhook_set);
  advance(300s, 1s);
  CHECK(telegram->count("/getUpdates") == 0);
  REQUIRE(telegram->count("/setWebhook") == 2);
  const auto line = telegram->with("/setWebhook")[1].line;
  const auto sent = json::parse(line.substr(line.find('{')));
  CHECK(sent["url"] == "https://bot.example/telegram/webhook");
  CHECK(sent["secret_token"] == "right_secret");
  CHECK(sent["max_connections"] == 40);
  CHECK(has(sent["allowed_updates"].dump(), "pre_checkout_query"));
}

TEST_CASE_METHOD(polling, "a webhook of earlier days is removed, with nothing dropped, and polling begins") {
  replies = {refusal(409, "Conflict: can't use getUpdates method while webhook is active"),
             ok(R"({"ok":true,"result":true})"), updates({start_update(7)})};
  start();
  advance(2s);
  REQUIRE(telegram->log.size() == 4);
  CHECK(has(telegram->log[1].line, "/deleteWebhook"));
  CHECK(has(telegram->log[1].line, "\"drop_pending_updates\":false"));
  CHECK(brought.size() == 1);
  CHECK_FALSE(ctx->health->poll_conflict);
}

TEST_CASE_METHOD(posting, "a post is answered when it is stored, and a repeated one is brought once") {
  open();
  CHECK(post(7)->stored);
  CHECK(db->load_open_work().updates.size() == 1);
  CHECK(post(7)->stored);
  CHECK(post(8)->stored);
  CHECK(brought.size() == 2);
}

TEST_CASE_METHOD(posting, "a post that cannot be stored is refused, so that it comes again") {
  open();
  anon_send_exit(caf::actor_cast<caf::actor>(ledger), caf::exit_reason::kill);
  run();
  const auto r = post(7);
  CHECK(r->answered);
  CHECK_FALSE(r->stored);
  CHECK(brought.empty());
}

TEST_CASE_METHOD(posting,
                 "of three hundred posts that find no room 256 wait, the others are refused at once") {
  open();
  router_waits = true;
  std::vector<std::shared_ptr<post_result>> posts;
  for (int i = 0; i < 300; ++i) posts.push_back(post(100 + i));
  const auto answered = [&] {
    return std::count_if(posts.begin(), posts.end(), [](auto& p) { return p->answered; });
  };
  CHECK(answered() == 44);
  CHECK(brought.size() == 256);
  CHECK_FALSE(posts.back()->stored);
  router_waits = false;
  tell(router, wake{});
  CHECK(answered() == 300);
  CHECK(posts.front()->stored);
  CHECK(post(399)->stored); // there is room again: what was refused comes anew
  CHECK(brought.size() == 257);
}

// -- courier --

TEST_CASE_METHOD(sending, "a slot is first a message and then its edits") {
  say({message("one", "menu")});
  say({message("two", "menu")});
  REQUIRE(telegram->log.size() == 2);
  CHECK(has(telegram->log[0].line, "POST /bot1:T/sendMessage"));
  CHECK(has(telegram->log[1].line, "/editMessageText"));
  CHECK(has(telegram->log[1].line, R"("message_id":500)"));
  advance(10ms); // the report's patience
  CHECK(waiting() == 0);
}

TEST_CASE_METHOD(sending, "an old message may move into a slot, also when the edit changes nothing") {
  const bool unchanged = GENERATE(false, true);
  telegram->answer = [&](const http_request&) {
    return unchanged ? refusal(400, "Bad Request: message is not modified") : delivered();
  };
  auto card = message("accepted", "job/1");
  card.method = "editMessageText";
  card.params = R"({"chat_id":5,"text":"accepted","message_id":500})";
  say({card});
  tell(courier, message("10 %", "job/1", lane::progress));
  REQUIRE(telegram->log.size() == 2);
  CHECK(has(telegram->log[1].line, "/editMessageText"));
  CHECK(has(telegram->log[1].line, R"("message_id":500)"));
}

TEST_CASE_METHOD(sending, "progress that changes nothing is not sent, and what does is") {
  telegram->answer = [](const http_request&) { return ok(R"({"ok":true,"result":{"message_id":500}})"); };
  say({message("accepted", "job/1")});
  for (const char* text : {"10 %", "10 %", "20 %", "20 %", "10 %"}) {
    tell(courier, message(text, "job/1", lane::progress));
    advance(5s);
  }
  CHECK(telegram->count("/editMessageText") == 3);
  say({message("10 %", "job/1")}); // what is stored is sent, whatever is shown
  CHECK(telegram->count("/editMessageText") == 4);
}

TEST_CASE_METHOD(sending, "progress without a message to edit is not sent") {
  tell(courier, message("10 %", "job/1", lane::progress));
  CHECK(telegram->log.empty());
  say({message("accepted", "job/1")});
  tell(courier, message("20 %", "job/1", lane::progress));
  CHECK(telegram->count("/editMessageText") == 1);
}

TEST_CASE_METHOD(sending, "a 429 is obeyed to the millisecond") {
  telegram->answer = [&](const http_request&) { return telegram->log.size() == 1 ? flood(7) : delivered(); };
  say({message("one"), message("two")});
  CHECK(telegram->log.size() == 1);
  advance(6999ms, 100ms);
  CHECK(telegram->log.size() == 1);
  CHECK(waiting() == 2);
  advance(1ms);
  REQUIRE(telegram->log.size() == 3);
  CHECK(telegram->log[1].at - telegram->log[0].at == 7'000);
  CHECK(has(telegram->log[1].line, "one"));
  CHECK(has(telegram->log[2].line, "two"));
  advance(10ms);
  CHECK(waiting() == 0);
}

TEST_CASE_METHOD(sending, "messages to a user who blocked us are kept until he is back") {
  bool blocked = true;
  telegram->answer = [&](const http_request&) {
    return blocked ? refusal(403, "Forbidden: bot was blocked by the user") : delivered();
  };
  say({message("your refund", "", lane::money)});
  advance(120s, 1s);
  CHECK(telegram->log.size() == 1);
  blocked = false;
  say({message("hello")}, true);
  advance(2s);
  CHECK(telegram->count("your refund") == 2);
  CHECK(telegram->count("hello") == 1);
  CHECK(waiting() == 0);
}

TEST_CASE_METHOD(sending, "what cannot be edited any more is said anew") {
  say({message("one", "menu")});
  telegram->answer = [&](const http_request& r) {
    return has(r.url, "editMessageText") ? refusal(400, "Bad Request: message to edit not found")
                                         : delivered();
  };
  say({message("two", "menu")});
  advance(2s);
  REQUIRE(telegram->log.size() == 3);
  CHECK(has(telegram->log[2].line, "/sendMessage"));
  CHECK(has(telegram->log[2].line, "two"));
  CHECK_FALSE(has(telegram->log[2].line, "message_id"));
  telegram->answer = [&](const http_request&) { return delivered(); };
  say({message("three", "menu")});
  advance(2s);
  CHECK(has(telegram->log.back().line, R"("message_id":501)"));
  CHECK(waiting() == 0);
}

TEST_CASE_METHOD(sending, "a lost answer is tried again and a refused text is not") {
  telegram->answer = [&](const http_request&) -> http_reply {
    if (telegram->log.size() == 1) return broken(http_error::lost);
    if (telegram->log.size() == 2) return refusal(400, "Bad Request: message text is empty");
    return delivered();
  };
  say({message("one")});
  advance(90s, 1s);
  CHECK(telegram->log.size() == 2);
  CHECK(waiting() == 0);
}

TEST_CASE_METHOD(sending, "a toast whose answer is lost is not repeated") {
  telegram->answer = [](const http_request&) { return reply(502, "Bad Gateway"); };
  tell(courier, message("toast", "", lane::answer));
  advance(10s, 1s);
  CHECK(telegram->log.size() == 1);
}

TEST_CASE_METHOD(sending, "a refused toast comes when it may: the button does not spin on") {
  telegram->answer = [&](const http_request&) { return telegram->log.size() == 1 ? flood(2) : delivered(); };
  tell(courier, message("toast", "", lane::answer));
  advance(1999ms, 100ms);
  CHECK(telegram->log.size() == 1);
  advance(1ms);
  CHECK(telegram->log.size() == 2);
  advance(10s, 1s);
  CHECK(telegram->log.size() == 2);
}

TEST_CASE_METHOD(sending, "a toast is given up when it is refused again and again, or for too long") {
  int patience_s = 1;
  telegram->answer = [&](const http_request&) { return flood(patience_s); };
  tell(courier, message("toast", "", lane::answer));
  advance(30s, 1s);
  CHECK(telegram->log.size() == 4);
  patience_s = 60; // the query is dead by then
  tell(courier, message("toast", "", lane::answer));
  advance(120s, 1s);
  CHECK(telegram->log.size() == 5);
}

// -- router and session --

TEST_CASE_METHOD(sending, "a /start registers once and stores what it says") {
  auto router = own(spawn_router(*sys, ctx, {ledger, reader, courier, {}}));
  constexpr std::int64_t ben = 2002;
  auto bring = [&](std::int64_t id) {
    auto stored =
        ask<accepted_updates>(ledger, accept_updates{{{id, ben, start_update(id, ben).dump()}}, now()});
    ask<done>(router, stored);
    advance(2s);
  };
  CHECK_FALSE(db->load_account(ben).registered);
  bring(100);
  auto who = db->load_account(ben);
  CHECK(who.registered);
  CHECK(who.balance == ctx->opts().users.welcome_credits);
  auto first = telegram->log.size();
  CHECK(first >= 1);
  CHECK(has(telegram->log[0].line, "2002"));
  CHECK(db->load_open_work().updates.empty());
  CHECK(waiting() == 0);
  bring(101);
  CHECK(telegram->log.size() > first);
  CHECK(db->audit().users == 2);
  bring(101); // a repeat
  CHECK(db->load_open_work().updates.empty());
}

TEST_CASE_METHOD(sending, "what a turn says is on disk before it is sent") {
  auto router = own(spawn_router(*sys, ctx, {ledger, reader, courier, {}}));
  std::vector<std::size_t> updates_open, messages_kept;
  telegram->answer = [&](const http_request&) {
    updates_open.push_back(db->load_open_work().updates.size());
    messages_kept.push_back(waiting());
    return delivered();
  };
  auto stored = ask<accepted_updates>(ledger, accept_updates{{{100, user, start_update(100).dump()}}, now()});
  ask<done>(router, stored);
  REQUIRE_FALSE(updates_open.empty());
  CHECK(updates_open.front() == 0);
  CHECK(messages_kept.front() >= 1);
}

TEST_CASE_METHOD(sending, "an idle session leaves and the next update finds a new one") {
  auto router = own(spawn_router(*sys, ctx, {ledger, reader, courier, {}}));
  auto bring = [&](std::int64_t id) {
    auto stored = ask<accepted_updates>(ledger, accept_updates{{{id, user, start_update(id).dump()}}, now()});
    ask<done>(router, stored);
    advance(2s);
  };
  bring(100);
  auto with_session = sys->registry().running();
  advance(400s, 1s);
  CHECK(sys->registry().running() == with_session - 1);
  auto sent = telegram->log.size();
  bring(101);
  CHECK(telegram->log.size() > sent);
  CHECK(sys->registry().running() == with_session);
}

TEST_CASE_METHOD(stage, "an operation that fails half way takes nobody of its batch with it") {
  enrol(100);
  SQLite::Database{path(), SQLite::OPEN_READWRITE}.exec(
      "CREATE TRIGGER planted BEFORE INSERT ON outbox WHEN NEW.method = 'boom' "
      "BEGIN SELECT RAISE(ABORT, 'planted'); END");
  std::string seen;
  const auto put = [&](std::int64_t update_id, const char* method) {
    turn t;
    t.update_id = update_id, t.user_id = user, t.at = now();
    auto m = message("hello");
    m.method = method;
    t.messages = {m};
    return (*self)->request(ledger, caf::infinite, std::move(t));
  };
  auto first = put(1, "sendMessage"), bad = put(2, "boom"), last = put(3, "sendMessage"); // one batch
  run();
  first.receive([&](done) { seen += "ok "; }, [&](caf::error&) { seen += "refused "; });
  bad.receive([&](done) { seen += "ok "; }, [&](caf::error&) { seen += "refused "; });
  last.receive([&](done) { seen += "ok "; }, [&](caf::error&) { seen += "refused "; });
  CHECK(seen == "ok refused ok ");
  CHECK(db->load_open_work().messages.size() == 2);
  CHECK_FALSE(ctx->health->storage_failed);
}
