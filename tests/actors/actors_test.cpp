/// Actors one by one and together, on a virtual clock, against a scripted outside.
#include "actors/dialogue.hpp"
#include "net/telegram.hpp"
#include "tests/actors/fixture.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

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

// -- jobs --

constexpr auto task = R"({"code":200,"msg":"success","data":{"taskId":"t-1"}})";
http_reply status(const std::string& state) {
  return ok(json{{"code", 200}, {"data", {{"taskId", "t-1"}, {"state", state}}}}.dump());
}
http_reply success() {
  json urls{{"resultUrls", {"https://files.example/v.mp4"}}};
  return ok(json{{"code", 200}, {"data", {{"state", "success"}, {"resultJson", urls.dump()}}}}.dump());
}

struct working : stage {
  courier_actor courier;
  dispatcher_actor dispatcher;
  std::function<http_reply(int nth)> on_submit = [](int) { return ok(task); };
  std::function<std::optional<http_reply>(int nth)> on_query = [](int) { return success(); };
  int submits = 0, queries = 0, inspections = 0;
  std::vector<job_state> state_at_submit;
  std::function<dispatcher_actor()> next_dispatcher; ///< of a new engine

  working() {
    enrol(100);
    provider->answer = [this](const http_request& r) -> std::optional<http_reply> {
      if (has(r.url, "createTask")) {
        state_at_submit.push_back(db->load_job(1).state);
        return on_submit(++submits);
      }
      if (has(r.url, "recordInfo")) return on_query(++queries);
      if (!r.save_to.empty()) std::ofstream{r.save_to} << "video";
      return ok("");
    };
    auto media = own(sys->spawn(
        [](media_actor::pointer, int* count) -> media_actor::behavior_type {
          return {[count](const inspect_video&) {
            ++*count;
            return inspected{true, {1280, 720, 8'000, 5}, ""};
          }};
        },
        &inspections));
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    next_dispatcher = [this, media] {
      return own(spawn_dispatcher(*sys, ctx, {telegram_wire, provider_wire, media, ledger, reader, courier}));
    };
    dispatcher = next_dispatcher();
    tell(ledger, ledger_listeners{courier, dispatcher, {}});
  }
  order_answer order(const std::string& key = "k1", int count = 1) {
    order_request o;
    o.order_key = key;
    o.user_id = user;
    o.at = now();
    auto& m = ctx->settings->models.front();
    o.spec = {.model_id = m.id,
              .model_title = "Veo",
              .api = m.api,
              .provider_model = m.provider_model,
              .prompt = "a cat",
              .aspect_ratio = "16:9"};
    o.price = 3;
    o.count = count;
    o.active_jobs_max = 100;
    return ask<order_answer>(ledger, o);
  }
  /// As a session does: progress is told only into a message that is there.
  void show_status_of(const std::vector<int>& orders) {
    turn t;
    t.update_id = 500, t.user_id = user, t.at = now();
    t.profile = {user, "Ann", "ann", "en"};
    for (const int n : orders) {
      outgoing o;
      o.chat_id = user;
      o.method = "sendMessage";
      o.params = R"({"chat_id":1001,"text":"accepted"})";
      o.slot = job_voice::slot_of(n);
      t.messages.push_back(std::move(o));
    }
    ask<accepted_updates>(ledger, accept_updates{{{500, user, "{}"}}, now()});
    ask<done>(ledger, std::move(t));
  }
  job the_job(std::int64_t id = 1) const { return db->load_job(id); }
  void check_state(job_state s) const { CHECK(std::string{name_of(the_job().state)} == name_of(s)); }
  /// Messages to the user that are no progress: one for each sendMessage or edit with these words.
  std::size_t said(const std::string& key) const {
    auto text = ctx->settings->words.get("en", key);
    return telegram->count(json(text.substr(0, text.find('{'))).dump().substr(1, 12));
  }
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

// -- generation and dispatcher --

TEST_CASE_METHOD(working, "a job goes from the order to the delivery") {
  telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "sendVideo")) return std::nullopt;
    return delivered();
  };
  CHECK(order().balance == 97);
  CHECK(submits == 1);
  CHECK(state_at_submit == std::vector{job_state::submitting});
  check_state(job_state::processing);
  CHECK(the_job().task_id == "t-1");
  CHECK(balance().held == 3);
  on_query = [](int nth) { return nth < 2 ? status("generating") : success(); };
  advance(29900ms);
  CHECK(queries == 0);
  advance(100ms);
  CHECK(queries == 1);
  check_state(job_state::processing);
  advance(30s);
  CHECK(queries == 2);
  check_state(job_state::delivering);
  CHECK(inspections == 1);
  CHECK(the_job().media.width == 1280);
  CHECK(balance().held == 0);
  CHECK(balance().balance == 97);
  CHECK(provider->count("GET /v.mp4") == 1);
  CHECK(telegram->count("/sendVideo") == 1);
  REQUIRE(telegram->held.size() == 1);
  release(telegram_wire, R"({"ok":true,"result":{"message_id":9,"video":{"file_id":"F"}}})");
  run();
  advance(10ms); // the report's patience
  check_state(job_state::completed);
  CHECK(the_job().file_id == "F");
  advance(60s, 1s);
  CHECK(submits == 1);
  CHECK(db->load_open_work().messages.empty());
}

TEST_CASE_METHOD(working, "a refused submit is repeated after ten seconds") {
  on_submit = [](int nth) { return nth == 1 ? ok(R"({"code":429,"msg":"rate limit"})") : ok(task); };
  order();
  check_state(job_state::pending);
  CHECK(the_job().attempt == 1);
  CHECK(balance().held == 3);
  advance(9900ms);
  CHECK(submits == 1);
  advance(200ms);
  CHECK(submits == 2);
  CHECK(state_at_submit == std::vector{job_state::submitting, job_state::submitting});
  check_state(job_state::processing);
}

TEST_CASE_METHOD(working, "a submit refused four times gives the credits back") {
  on_submit = [](int) { return broken(http_error::refused); };
  order();
  advance(120s);
  CHECK(submits == 4);
  check_state(job_state::failed);
  CHECK(balance().balance == 100);
  CHECK(balance().held == 0);
}

TEST_CASE_METHOD(working, "a violation fails once and the credit returns") {
  on_query = [](int) {
    return ok(R"({"code":200,"data":{"state":"fail","failCode":"400","failMsg":"Your prompt was flagged"}})");
  };
  order();
  advance(40s);
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "violation");
  CHECK(balance().balance == 100);
  CHECK(balance().held == 0);
  CHECK(said("fail.violation") == 1);
  advance(120s, 1s);
  CHECK(submits == 1);
  CHECK(queries == 1);
  CHECK(said("fail.violation") == 1);
}

TEST_CASE_METHOD(working, "a task that fails for no reason of the user's is made again after 10, 20, 40 s") {
  on_query = [](int) {
    return ok(
        R"({"code":200,"data":{"state":"fail","failCode":"500","failMsg":"Internal Error, Please try again later."}})");
  };
  order();
  advance(30s);
  check_state(job_state::pending);
  CHECK(the_job().dead_tasks == "t-1 ");
  CHECK(the_job().task_id.empty());
  CHECK(said("fail.temporary") == 0);
  tell(dispatcher, provider_woke{1, "t-1"}); // the dead task's callback, late
  advance(9s);
  CHECK(submits == 1);
  advance(1s);
  CHECK(submits == 2);
  SECTION("until the tries are spent") {
    advance(30s + 20s + 30s + 40s + 30s);
    CHECK(submits == 4);
    check_state(job_state::failed);
    CHECK(said("fail.temporary") == 1);
    CHECK(balance().balance == 100);
  }
  SECTION("and the next one may succeed") {
    on_query = [](int) { return success(); };
    advance(31s);
    CHECK(the_job().state >= job_state::delivering);
    CHECK(submits == 2);
    CHECK(balance().balance == 97);
  }
}

TEST_CASE_METHOD(working, "the callback of a dead task is never taken for the one that is looked for") {
  on_query = [](int) {
    return ok(R"({"code":200,"data":{"state":"fail","failCode":"500","failMsg":"Internal Error"}})");
  };
  order();
  advance(30s);
  on_submit = [](int) { return broken(http_error::lost); };
  advance(10s);
  check_state(job_state::unknown);
  tell(dispatcher, provider_woke{1, "t-1"});
  check_state(job_state::unknown);
  on_query = [](int) { return success(); };
  tell(dispatcher, provider_woke{1, "t-2"});
  CHECK(the_job().task_id == "t-2");
  CHECK(the_job().state >= job_state::fetching);
}

TEST_CASE_METHOD(working, "after a restart the looks at many tasks are spread over the interval") {
  on_query = [](int) { return status("generating"); };
  order("k1", 18);
  advance(45s);
  caf::anon_send_exit(dispatcher, caf::exit_reason::kill);
  run();
  advance(60s);
  dispatcher = next_dispatcher();
  tell(dispatcher, committed_jobs{db->load_open_work().jobs});
  const auto before = queries;
  advance(10s, 1s);
  const auto in_a_third = queries - before;
  CHECK(in_a_third > 1);
  CHECK(in_a_third < 14);
  advance(20s, 1s);
  CHECK(queries - before >= 18);
}

TEST_CASE_METHOD(working, "while an administrator has stopped all, nothing is submitted") {
  ctx->sales->set("stopped", "1");
  order("k1");
  advance(60s);
  CHECK(submits == 0);
  ctx->sales->set("stopped", "");
  advance(11s);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working,
                 "a submit whose answer was lost is never sent again and is adopted by the callback") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  check_state(job_state::unknown);
  CHECK(balance().held == 3);
  advance(100s, 1s);
  CHECK(submits == 1);
  CHECK(queries == 0);
  tell(dispatcher, provider_woke{1, ""}); // without a task id nothing is known
  check_state(job_state::unknown);
  tell(dispatcher, provider_woke{1, "t-9"});
  CHECK(the_job().task_id == "t-9");
  CHECK(queries == 1);
  CHECK(provider->count("taskId=t-9") == 1);
  advance(60s, 1s);
  CHECK(the_job().state == job_state::completed);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "when the limit passes the credits return with one message") {
  on_query = [](int) { return status("generating"); };
  order();
  advance(1799s, 1s);
  check_state(job_state::processing);
  advance(2s, 1s);
  check_state(job_state::overdue);
  CHECK(the_job().fail_class == "timeout");
  CHECK(balance().balance == 100);
  CHECK(said("fail.timeout") == 1);
  advance(24h, 60s);
  check_state(job_state::failed);
  CHECK(said("fail.timeout") == 1);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a limit that passed while no engine was there is decided by one more look") {
  bool ready = false;
  on_query = [&](int) { return ready ? success() : status("generating"); };
  order();
  advance(60s, 1s);
  check_state(job_state::processing);
  caf::anon_send_exit(dispatcher, caf::exit_reason::kill); // the engine dies
  run();
  advance(40min, 60s);
  check_state(job_state::processing);
  SECTION("the video was ready: delivered and paid") {
    ready = true;
    const auto looks = queries;
    dispatcher = next_dispatcher();
    tell(dispatcher, committed_jobs{db->load_open_work().jobs});
    run();
    CHECK(queries == looks + 1);
    CHECK(the_job().state >= job_state::delivering);
    CHECK(balance().balance == 97);
  }
  SECTION("it was not: the credits return") {
    dispatcher = next_dispatcher();
    tell(dispatcher, committed_jobs{db->load_open_work().jobs});
    run();
    check_state(job_state::overdue);
    CHECK(balance().balance == 100);
  }
}

TEST_CASE_METHOD(working, "a late success is delivered once, as a gift, and the user is not charged") {
  bool late = false;
  on_query = [&](int) { return late ? success() : status("generating"); };
  order();
  advance(1801s, 1s);
  check_state(job_state::overdue);
  late = true;
  telegram->answer = [](const http_request& r) {
    return ok(has(r.url, "/sendVideo") ? R"({"ok":true,"result":{"message_id":9,"video":{"file_id":"F"}}})"
                                       : R"({"ok":true,"result":{"message_id":8}})");
  };
  advance(601s, 1s);
  check_state(job_state::gifted);
  CHECK(balance().balance == 100);
  CHECK(telegram->count("/sendVideo") == 1);
  CHECK(the_job().file_id == "F");
  advance(1h, 60s);
  CHECK(telegram->count("/sendVideo") == 1);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a job of unknown fate can still become a gift when the provider calls back late") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  advance(1801s, 1s);
  check_state(job_state::overdue);
  tell(dispatcher, provider_woke{1, "t-9"});
  advance(10s, 1s);
  check_state(job_state::gifted);
  CHECK(balance().balance == 100);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "overdue jobs do not count against the limit of their user") {
  on_query = [](int) { return status("generating"); };
  for (auto key : {"a", "b", "c"}) order(key);
  advance(1801s, 1s);
  CHECK(balance().open_jobs == 0);
  order("d");
  advance(1s);
  CHECK(db->load_job(4).state == job_state::processing);
}

TEST_CASE_METHOD(working, "a job of unknown fate gives up at the limit too") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  advance(1801s, 1s);
  check_state(job_state::overdue);
  CHECK(balance().balance == 100);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a callback while the success is being stored does not fetch the result twice") {
  on_query = [](int nth) { return nth == 1 ? std::nullopt : std::optional{success()}; };
  order();
  advance(30s);
  REQUIRE(provider->held.size() == 1);
  release(provider_wire, success().body);
  caf::anon_send(dispatcher, provider_woke{1, "t-1"}); // both before anybody runs
  run();
  advance(60s, 1s);
  CHECK(provider->count("GET /v.mp4") == 1);
  CHECK(the_job().state == job_state::completed);
}

TEST_CASE_METHOD(working, "callbacks hasten the look at the task and change nothing else") {
  order();
  tell(dispatcher, provider_woke{1, "forged"});
  tell(dispatcher, provider_woke{1, "forged"});
  CHECK(the_job().task_id == "t-1");
  CHECK(queries == 1);
  CHECK(provider->count("taskId=forged") == 0);
  CHECK(provider->count("GET /v.mp4") == 1);
}

TEST_CASE_METHOD(working, "a ready job waits for the provider's window but not for a postponed job") {
  on_submit = [](int nth) { return nth <= 2 ? ok(R"({"code":500,"msg":"Server exception"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  order("k1");
  advance(10200ms);
  REQUIRE(submits == 2); // now postponed by another 20 s
  order("k2", 20);
  CHECK(submits == 19);
  advance(9700ms);
  CHECK(submits == 19);
  advance(400ms);
  CHECK(submits == 22);
  advance(11s);
  CHECK(submits == 23);
}

TEST_CASE_METHOD(working, "a 429 of the provider rests the key for its window, then all go on") {
  on_submit = [](int nth) { return nth == 1 ? ok(R"({"code":429,"msg":"rate limit"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  order("k1");
  order("k2", 3);
  CHECK(submits == 1);
  advance(9s);
  CHECK(submits == 1);
  advance(2s);
  CHECK(submits == 5);
}

TEST_CASE_METHOD(working, "a provider that does not answer is left alone, then probed by one submit") {
  bool out = true;
  on_submit = [&](int) { return out ? broken(http_error::refused) : ok(task); };
  on_query = [](int) { return status("generating"); };
  order("k1", 18);
  CHECK(submits >= 5);
  const int before = submits;
  advance(29s);
  CHECK(submits == before);
  advance(2s);
  CHECK(submits == before + 1); // the probe
  out = false;
  advance(61s);
  CHECK(submits > before + 10);
}

TEST_CASE_METHOD(working, "who waits is told his place and the time, and not again while little changes") {
  const_cast<config::options&>(ctx->opts()).kie.submits_per_10_s = 5;
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  on_query = [](int) { return status("generating"); };
  order("k1", 12);
  order("k2");
  show_status_of({1, 2});
  advance(10s);
  CHECK(submits == 5);
  CHECK(telegram->count("You are number 1 in the queue, the first video in about 2 min") == 1);
  CHECK(telegram->count("You are number 8, about 2 min") == 1);
  CHECK(telegram->count("cancel:13") == 1); // the way out is under it
  advance(9s);
  CHECK(telegram->count("You are number") == 2);
  advance(2s);
  CHECK(telegram->count("You are number 3, about 2 min") == 1); // halved
}

TEST_CASE_METHOD(working, "a job that waits is cancelled for free and leaves the queue") {
  order("k1", 18);
  order("k2");
  const auto held = db->load_account(user).held;
  job_step s;
  s.job_id = 19, s.at = now(), s.to = job_state::cancelled;
  CHECK(ask<step_answer>(ledger, s).changed);
  tell(dispatcher, job_cancelled{19});
  CHECK(db->load_account(user).held == held - 3);
  advance(20s);
  CHECK(submits == 18);
  s.job_id = 1;
  CHECK_FALSE(ask<step_answer>(ledger, s).changed); // it is at the provider, or done
}

TEST_CASE_METHOD(working, "a job that waits for its submit beyond its limit gives the credits back") {
  on_submit = [](int) { return ok(R"({"code":402,"msg":"Credits insufficient"})"); };
  order("k1");
  const auto before = db->load_account(user).balance;
  CHECK_FALSE(ctx->sales->look(now()).sells("veo-3-fast"));
  advance(31min);
  check_state(job_state::failed);
  CHECK(db->load_account(user).balance == before + 3);
}

TEST_CASE_METHOD(working,
                 "one key out of credits is set aside, the other works on, and it comes back by itself") {
  auto& k = const_cast<config::options&>(ctx->opts()).kie;
  k.api_keys = {"first", "second"};
  double left = 10;
  std::vector<std::string> used;
  provider->answer = [&](const http_request& r) -> std::optional<http_reply> {
    const bool first = r.headers.front().second == "Bearer first";
    if (has(r.url, "/chat/credit")) return ok(json{{"code", 200}, {"data", first ? left : 100'000.0}}.dump());
    if (has(r.url, "createTask")) {
      used.push_back(first ? "first" : "second");
      return first && left < 60 ? ok(R"({"code":402,"msg":"Credits insufficient : top up"})") : ok(task);
    }
    if (has(r.url, "recordInfo")) {
      used.push_back(first ? "poll first" : "poll second");
      return status("generating");
    }
    return ok("");
  };
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  order("k1");
  CHECK(used == std::vector<std::string>{"first", "second"});
  CHECK(telegram->count("кончились кредиты") == 1);
  CHECK(ctx->sales->look(now()).sells("veo-3-fast")); // the other key works
  order("k2");
  CHECK(used.back() == "second");
  left = 5'000;
  advance(61s);
  CHECK(telegram->count("снова работает") == 1);
  CHECK(std::count(used.begin(), used.end(), "poll first") == 0); // a task is asked for with its own key
  order("k3");
  CHECK(used.back() == "first");
}

TEST_CASE_METHOD(working, "a model that the provider has switched off is not sold for a while") {
  on_submit = [](int) { return ok(R"({"code":500,"msg":"This interface is temporarily paused"})"); };
  order("k1");
  const auto id = ctx->settings->models.front().id;
  CHECK_FALSE(ctx->sales->look(now()).sells(id));
  CHECK(ctx->sales->look(now()).sells("kling-2-6"));
  CHECK(ctx->sales->look(now() + 11 * 60'000).sells(id));
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

TEST_CASE_METHOD(working, "a generation that falls goes on from what is on disk and submits nothing twice") {
  on_query = [&](int nth) -> std::optional<http_reply> {
    if (nth > 3) return success();
    caf::anon_send_exit(provider->asker, caf::exit_reason::unhandled_exception);
    return std::nullopt;
  };
  order();
  advance(300s, 1s);
  check_state(job_state::completed);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a job that fells every generation gives its credits back, and the rest goes on") {
  on_query = [&](int) -> std::optional<http_reply> {
    caf::anon_send_exit(provider->asker, caf::exit_reason::unhandled_exception);
    return std::nullopt;
  };
  order();
  advance(300s, 1s);
  check_state(job_state::failed);
  CHECK(balance().balance == 100);
  CHECK(said("fail.unknown") == 1);
  CHECK(submits == 1);
  on_query = [](int) { return success(); };
  order("k2");
  advance(60s, 1s);
  CHECK(the_job(2).state == job_state::completed);
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
