/// The disk is full: nothing is sold, nobody is left without a word, and nothing is lost.
#include "actors/cast.hpp"
#include "actors/halt_notice.hpp"
#include "tests/actors/fixture.hpp"
#include <fstream>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

/// The whole cast on a store whose commits fail while `full` is set.
struct halting : stage {
  std::shared_ptr<storage::store> store = std::make_shared<storage::store>(temporary.path + "/second.db");
  std::shared_ptr<storage::reader> look = std::make_shared<storage::reader>(temporary.path + "/second.db");
  bool full = false;
  std::int64_t next_update = 0;
  std::deque<json> to_come;
  cast all;

  halting() {
    const_cast<engine_context&>(*ctx).at_step = [this](durable_step, bool committed) {
      if (full && !committed) throw storage::batch_lost{"database or disk is full"};
    };
    telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
      if (!has(r.url, "/getUpdates")) return delivered();
      const auto offset = json::parse(r.body).value("offset", std::int64_t{0});
      auto result = json::array();
      for (auto& u : to_come)
        if (u["update_id"] >= offset) result.push_back(u);
      if (result.empty()) return std::nullopt;
      return ok(json{{"ok", true}, {"result", result}}.dump());
    };
    auto media = sys->spawn([](media_actor::pointer) -> media_actor::behavior_type {
      return {[](const inspect_video&) { return inspected{}; }};
    });
    cast_setting setting{ctx,
                         store,
                         look,
                         {telegram_wire, telegram_wire, provider_wire, telegram_wire, telegram_wire,
                          provider_wire, media, provider_wire, provider_wire}};
    setting.threads = false;
    all = spawn_cast(*sys, setting);
    for (auto& a : all.all()) own(a);
    run();
  }
  ~halting() { const_cast<engine_context&>(*ctx).at_step = nullptr; }

  void says(const std::string& text, const std::string& language, std::int64_t who = user) {
    comes({{"message", message_of(text, language, who)}});
  }
  void presses(const std::string& data, const std::string& language = "en", std::int64_t who = user) {
    auto m = message_of("card", language, who);
    comes({{"callback_query", {{"id", "1"}, {"from", m["from"]}, {"message", m}, {"data", data}}}});
  }
  static json message_of(const std::string& text, const std::string& language, std::int64_t who) {
    json from{{"id", who}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", language}};
    return {{"message_id", 1},
            {"date", 1},
            {"text", text},
            {"chat", {{"id", who}, {"type", "private"}}},
            {"from", from}};
  }
  void comes(json update) {
    update["update_id"] = ++next_update;
    to_come.push_back(std::move(update));
    if (telegram->held.empty()) return;
    release(telegram_wire, json{{"ok", true}, {"result", {to_come.back()}}}.dump());
    run();
  }
  std::size_t told(const std::string& language, const std::string& key) {
    return telegram->count(json(ctx->settings->words.get(language, key)).dump().substr(1, 40));
  }
};

} // namespace

TEST_CASE("the notice comes once in ten minutes, to each in his language") {
  const auto words = config::load(TROUPE_SOURCE_DIR "/config", {}).words;
  halt_notice halted;
  unix_ms now = 1'700'000'000'000;
  auto first = halted.tell(words, 5, "ru", now);
  REQUIRE(first);
  CHECK(has(json::parse(first->params).at("text").get<std::string>(), words.get("ru", "hint.halted")));
  CHECK(first->outbox_id == 0);
  CHECK_FALSE(halted.tell(words, 5, "ru", now + halt_notice::silence_ms - 1));
  CHECK(halted.tell(words, 6, "en", now));
  CHECK(halted.tell(words, 5, "ru", now + halt_notice::silence_ms));
  halted.forget();
  CHECK(halted.tell(words, 5, "ru", now + halt_notice::silence_ms + 1));
}

TEST_CASE_METHOD(halting, "with a full disk users hear it once, and are answered when there is room again") {
  full = true;
  says("/balance", "ru");
  CHECK(ctx->health->storage_failed);
  CHECK(told("ru", "hint.halted") == 1);
  advance(120s, 1s);
  says("/balance", "en", 2002);
  advance(60s, 1s);
  CHECK(told("ru", "hint.halted") == 1);
  CHECK(told("en", "hint.halted") == 1);
  CHECK(look->audit().users == 0);
  const auto before = telegram->count("/sendMessage");
  full = false;
  advance(60s, 1s);
  CHECK_FALSE(ctx->health->storage_failed);
  CHECK(telegram->count("/sendMessage") == before + 2);
  CHECK(look->load_open_work().updates.empty());
  CHECK(look->load_open_work().next_offset == 3);
  CHECK(look->audit().users == 2);
}

TEST_CASE_METHOD(halting, "a disk that fills between the question and the answer loses neither") {
  const_cast<engine_context&>(*ctx).at_step = [this](durable_step s, bool committed) {
    if (full && !committed) throw storage::batch_lost{"database or disk is full"};
    if (s == durable_step::updates_accepted && committed) full = true;
  };
  says("/balance", "ru");
  CHECK(told("ru", "hint.halted") == 1);
  CHECK(look->load_open_work().updates.size() == 1);
  const_cast<engine_context&>(*ctx).at_step = nullptr;
  advance(60s, 1s);
  CHECK(told("ru", "hint.halted") == 1);
  CHECK(look->load_open_work().updates.empty());
  CHECK(telegram->count("/sendMessage") == 2);
}

TEST_CASE_METHOD(halting,
                 "with a full disk nothing is sold, the press is one order when there is room again") {
  constexpr std::int64_t before = 50;
  register_user r;
  r.profile = {user, "Ann", "ann", "en"};
  r.welcome_credits = before;
  ask<account>(all.ledger, r);
  says("a cat on the roof", "en");
  full = true;
  presses("run:1");
  advance(300s, 1s); // far longer than any step's limit: nobody gives up
  CHECK(told("en", "hint.halted") == 1);
  CHECK(look->jobs(false, 10).empty());
  CHECK(look->load_account(user).balance == before);
  CHECK(provider->with("createTask").empty());
  full = false;
  advance(60s, 1s);
  REQUIRE(look->jobs(false, 10).size() == 1);
  const auto paid = look->load_account(user);
  CHECK(paid.balance + look->jobs(false, 10)[0].price == before);
  CHECK(provider->count("createTask") + provider->count("generate") > 0);
  CHECK(look->load_open_work().updates.empty());
  CHECK(told("en", "hint.halted") == 1);
}

namespace {

json checkout_of(const std::string& id) {
  json from{{"id", stage::user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}};
  return {{"id", id}, {"from", from}, {"currency", "XTR"}, {"total_amount", 50}, {"invoice_payload", "k1"}};
}

} // namespace

TEST_CASE_METHOD(halting, "with a full disk a pre-checkout is refused in words within its ten seconds") {
  full = true;
  comes({{"pre_checkout_query", checkout_of("q1")}});
  advance(5s);
  REQUIRE(telegram->count("/answerPreCheckoutQuery") == 1);
  const auto line = telegram->with("/answerPreCheckoutQuery")[0].line;
  const auto said = json::parse(line.substr(line.find('{')));
  CHECK(said["ok"] == false);
  CHECK(said["error_message"] == ctx->settings->words.get("en", "checkout.halted"));
  advance(120s, 1s); // it comes again with each poll, and is answered no more
  CHECK(telegram->count("/answerPreCheckoutQuery") == 1);
  full = false;
  advance(60s, 1s);
  CHECK(telegram->count("/answerPreCheckoutQuery") == 1);
  CHECK(look->load_open_work().updates.empty());
  CHECK(look->load_open_work().next_offset == next_update + 1);
}

namespace {

outgoing video_of(const std::string& path) {
  outgoing m;
  m.chat_id = stage::user;
  m.urgency = lane::result;
  m.method = "sendVideo";
  m.params = json{{"chat_id", stage::user}}.dump();
  m.uploads = {{"video", path, "video/mp4"}};
  return m;
}
turn turn_with(std::vector<outgoing> messages) {
  turn t;
  t.update_id = 900, t.user_id = stage::user;
  t.messages = std::move(messages);
  return t;
}

} // namespace

TEST_CASE_METHOD(halting,
                 "a video's file is kept until its delivery is durable: a restart would send it again") {
  const auto path = temporary.path + "/job-1.mp4";
  std::ofstream{path} << "video";
  advance(1s); // what a start has to say is said and settled
  const_cast<engine_context&>(*ctx).at_step = [this](durable_step s, bool committed) {
    if (full && s == durable_step::message_settled && !committed) throw storage::batch_lost{"disk is full"};
  };
  full = true;
  ask<done>(all.ledger, turn_with({video_of(path)}));
  advance(10s, 1s);
  CHECK(telegram->count("/sendVideo") == 1);
  CHECK(look->load_open_work().messages.size() == 1);
  CHECK(std::filesystem::exists(path));
  full = false;
  advance(10s, 1s);
  CHECK(look->load_open_work().messages.empty());
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(telegram->count("/sendVideo") == 1);
}

TEST_CASE_METHOD(halting, "a video whose file is missing is given up, and the chat goes on") {
  const auto before = telegram->answer;
  telegram->answer = [before](const http_request& r) -> std::optional<http_reply> {
    return r.files.empty() ? before(r) : broken(http_error::no_file); // as the transport says
  };
  outgoing next;
  next.chat_id = user, next.method = "sendMessage", next.params = R"({"text":"next"})";
  ask<done>(all.ledger, turn_with({video_of(temporary.path + "/gone.mp4"), next}));
  advance(30s, 1s);
  CHECK(telegram->count("/sendMessage") == 1);
  CHECK(look->load_open_work().messages.empty());
}

namespace {

/// A disk that hangs: the ledger stores, and answers, only when it is woken.
struct hanging : stage {
  storage::store store{temporary.path + "/third.db"};
  std::vector<std::function<void()>> waiting;
  std::vector<incoming_update> brought;
  ledger_actor slow = own(sys->spawn([this](ledger_actor::pointer me) -> ledger_actor::behavior_type {
    return {[this, me](accept_updates& x) -> caf::result<accepted_updates> {
              auto promise = me->make_response_promise<accepted_updates>();
              waiting.push_back([this, promise, x]() mutable {
                store.begin();
                accepted_updates answer{store.apply(x.updates, x.at)};
                store.commit();
                promise.deliver(std::move(answer));
              });
              return promise;
            },
            [](register_user&) { return account{}; },
            [](order_request&) { return order_answer{}; },
            [](turn&) { return done{}; },
            [](job_step&) { return step_answer{}; },
            [](open_payment&) { return payment_answer{}; },
            [](star_charge&) { return payment_answer{}; },
            [](payment_step&) { return payment_answer{}; },
            [](admin_action&) { return admin_answer{}; },
            [](store_notice&) { return done{}; },
            [](readdress_office&) { return done{}; },
            [](review_rights&) { return done{}; },
            [](open_broadcast&) { return broadcast_answer{}; },
            [](broadcast_step&) { return broadcast_answer{}; },
            [](gather_recipients&) { return broadcast_answer{}; },
            [](take_recipients&) { return recipients_taken{}; },
            [](delivery_report&) {},
            [](ledger_listeners&) {},
            [this](wake) {
              for (auto& go_on : std::exchange(waiting, {})) go_on();
            }};
  }));
  router_actor router = own(sys->spawn([this](router_actor::pointer) -> router_actor::behavior_type {
    return {[this](accepted_updates& x) {
              brought.insert(brought.end(), x.fresh.begin(), x.fresh.end());
              return done{};
            },
            [](const update_handled&) {}, [](const update_stuck&) {}, [](wake) {}};
  }));
  std::vector<incoming_update> at_the_till;
  cashier_actor cashier = own(sys->spawn([this](cashier_actor::pointer) -> cashier_actor::behavior_type {
    return {[](committed_payments&) {}, [this](const incoming_update& u) { at_the_till.push_back(u); },
            [](const payment_asked&) {}, [](const payment_noticed&) { return done{}; }, [](const wake&) {}};
  }));
  ~hanging() { waiting.clear(), cashier = nullptr; }
};

} // namespace

TEST_CASE_METHOD(hanging, "a disk that hangs for minutes delays the updates, it does not lose them") {
  const json from{{"id", user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}};
  const json m{{"message_id", 1},
               {"date", 1},
               {"text", "a"},
               {"chat", {{"id", user}, {"type", "private"}}},
               {"from", from}};
  const json news{{"ok", true}, {"result", {{{"update_id", 7}, {"message", m}}}}};
  telegram->answer = [news](const http_request& r) -> std::optional<http_reply> {
    if (json::parse(r.body).value("offset", 0) > 7) return std::nullopt;
    return ok(news.dump());
  };
  own(spawn_poller(*sys, ctx, {telegram_wire, slow, router, cashier, {}}, {7, first_ms}));
  advance(150s, 1s);
  CHECK(brought.empty());
  tell(slow, wake{});
  advance(60s, 1s);
  tell(slow, wake{});
  advance(1s);
  REQUIRE(brought.size() == 1);
  CHECK(brought[0].update_id == 7);
}

TEST_CASE_METHOD(hanging, "a pre-checkout that a hanging disk keeps is answered from memory in time") {
  const json from{{"id", user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}};
  const json q{
      {"id", "q1"}, {"from", from}, {"currency", "XTR"}, {"total_amount", 5}, {"invoice_payload", "k"}};
  telegram->answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (json::parse(r.body).value("offset", 0) > 7) return std::nullopt;
    return ok(json{{"ok", true}, {"result", {{{"update_id", 7}, {"pre_checkout_query", q}}}}}.dump());
  };
  own(spawn_poller(*sys, ctx, {telegram_wire, slow, router, cashier, {}}, {7, first_ms}));
  advance(5s);
  CHECK(at_the_till.size() == 1);
  advance(60s, 1s);
  CHECK(at_the_till.size() == 1);
  tell(slow, wake{});
  CHECK(brought.size() == 1);
}
