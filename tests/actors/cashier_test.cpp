/// The cashier: pre-checkout, the shop's purchases until they end, notices and refunds.
#include "actors/error_tally.hpp"
#include "actors/log.hpp"
#include "actors/notice_desk.hpp"
#include "actors/till.hpp"
#include "net/yookassa.hpp"
#include "tests/actors/fixture.hpp"
#include "tests/founder.hpp"
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

/// A shop with one payment, and whatever a test wants it to answer.
struct selling : stage {
  courier_actor courier;
  cashier_actor cashier;
  std::string status = "pending";
  std::string amount = "900.00", refunded = "0.00";
  int creations = 0, looks = 0, refunds = 0;
  std::function<std::optional<http_reply>(const http_request&)> first_answer; ///< instead, when it has one
  std::vector<std::string> keys;

  selling() {
    auto& set = const_cast<config::options&>(ctx->opts());
    set.yookassa.shop_id = "1", set.yookassa.secret_key = "S";
    enrol(0);
    provider->answer = [this](const http_request& r) -> std::optional<http_reply> {
      for (auto& [name, value] : r.headers)
        if (name == "Idempotence-Key") keys.push_back(value);
      if (first_answer)
        if (auto other = first_answer(r)) return other;
      if (has(r.url, "/refunds"))
        return ++refunds, ok(json{{"id", "r1"},
                                  {"payment_id", "y1"},
                                  {"status", "succeeded"},
                                  {"amount", {{"value", amount}, {"currency", "RUB"}}}}
                                 .dump());
      ++(r.method == "POST" ? creations : looks);
      return ok(shop_payment());
    };
    courier = own(spawn_courier(*sys, ctx, telegram_wire, ledger));
    cashier = own(spawn_cashier(*sys, ctx, {telegram_wire, provider_wire, ledger, reader, courier}));
    tell(ledger, ledger_listeners{courier, {}, cashier});
  }

  std::string shop_payment() const {
    return json{{"id", "y1"},
                {"status", status},
                {"paid", status == "succeeded"},
                {"amount", {{"value", amount}, {"currency", "RUB"}}},
                {"refunded_amount", {{"value", refunded}, {"currency", "RUB"}}},
                {"metadata", {{"order_id", "p1"}}},
                {"confirmation", {{"type", "redirect"}, {"confirmation_url", "https://shop/pay"}}},
                {"created_at", "2026-01-01T00:00:00.000Z"},
                {"test", true}}
        .dump();
  }
  payment open(payment_method method = payment_method::card, std::int64_t amount_of = 90'000) {
    open_payment o;
    o.key = "p1", o.user_id = user, o.at = now(), o.method = method, o.amount = amount_of, o.credits = 10;
    o.request_key = "key-1", o.request = R"({"exact":"bytes"})";
    return ask<payment_answer>(ledger, o).now;
  }
  payment stored() { return db->load_payment({0, "p1", {}}); }
  std::int64_t balance() { return db->load_account(user).balance; }
  void provider_release() {
    release(provider_wire, R"({"type":"error","code":"internal_server_error"})");
    run();
  }
  bool said(const std::string& words) const { return telegram->count(words) > 0; }
};

json pre_checkout(std::int64_t amount = 1000, std::int64_t from = stage::user, const char* payload = "p1") {
  return {{"update_id", 9},
          {"pre_checkout_query",
           {{"id", "q1"},
            {"from", {{"id", from}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}}},
            {"currency", "XTR"},
            {"total_amount", amount},
            {"invoice_payload", payload}}}};
}

} // namespace

TEST_CASE_METHOD(selling,
                 "a purchase by card: made with its stored key and bytes, looked at, credited, told") {
  open();
  CHECK(creations == 1);
  CHECK(keys == std::vector<std::string>{"key-1"});
  CHECK(provider->with("POST /v3/payments").front().line.find(R"({"exact":"bytes"})") != std::string::npos);
  CHECK(stored().outside_id == "y1");
  CHECK(said("https://shop/pay"));
  advance(60s);
  CHECK(looks == 1);
  CHECK(balance() == 0);
  status = "succeeded";
  advance(60s);
  CHECK(stored().state == payment_state::paid);
  CHECK(balance() == 10);
  CHECK(said("Payment received"));
  advance(10min);
  CHECK(looks == 2); // it has ended
}

TEST_CASE_METHOD(selling,
                 "the answer to the creation is lost: asked again with the same key, it is one payment") {
  int lost = 3;
  first_answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (r.method != "POST" || lost == 0) return std::nullopt;
    return --lost == 1 ? reply(500, R"({"type":"error","code":"internal_server_error"})")
                       : broken(http_error::lost);
  };
  open();
  advance(30s);
  CHECK(creations == 1);
  CHECK(keys == std::vector<std::string>(4, "key-1"));
  CHECK(stored().outside_id == "y1");
}

TEST_CASE_METHOD(selling,
                 "what the shop refuses, and what it cannot make in ten minutes, is given up and told") {
  SECTION("refused") {
    first_answer = [](const http_request&) {
      return reply(400, R"({"type":"error","code":"invalid_request","description":"Receipt is missing"})");
    };
    open();
  }
  SECTION("never answered") {
    first_answer = [](const http_request&) { return broken(http_error::lost); };
    open();
    CHECK(stored().state == payment_state::pending);
    advance(12min);
  }
  CHECK(stored().state == payment_state::cancelled);
  CHECK(said("was not paid"));
  CHECK(said("ways:s")); // another way to pay
  status = "succeeded";  // it was paid all the same: the notice tells
  first_answer = nullptr;
  ask<done>(cashier, payment_noticed{"y1"});
  CHECK(stored().state == payment_state::paid);
  CHECK(balance() == 10);
}

TEST_CASE_METHOD(selling, "a notice is only a hint: the shop is asked, and ten notices credit once") {
  open();
  ask<done>(cashier, payment_noticed{"y1"});
  CHECK(balance() == 0); // forged: the shop says pending
  status = "succeeded";
  for (int i = 0; i < 10; ++i) tell(cashier, payment_noticed{"y1"});
  tell(cashier, payment_asked{1});
  run();
  CHECK(balance() == 10);
  CHECK(telegram->count("Payment received") == 1);
  first_answer = [](const http_request&) { return reply(404, R"({"type":"error","code":"not_found"})"); };
  ask<done>(cashier, payment_noticed{"nobody's"});
  CHECK(balance() == 10);
}

TEST_CASE_METHOD(selling,
                 "of one payment the shop is asked once in ten seconds, and then for all who told of it") {
  open();
  first_answer = nullptr;
  ask<done>(cashier, payment_noticed{"y1"});
  const int before = looks;
  int told = 0;
  for (int i = 0; i < 100; ++i) (*self)->send(cashier, payment_noticed{"y1"});
  status = "succeeded";
  advance(9s);
  CHECK(looks == before);
  advance(2s);
  CHECK(looks == before + 1);
  for (bool more = true; more;)
    (*self)->receive([&](done) { ++told; }, caf::after(0s) >> [&] { more = false; });
  CHECK(told == 100);
  CHECK(balance() == 10);
}

TEST_CASE_METHOD(selling,
                 "a thousand forged notices cost a question a second, and a real one goes before them") {
  open();
  int forged = 0;
  first_answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (!has(r.url, "/payments/forged")) return std::nullopt;
    ++forged;
    return reply(404, R"({"type":"error","code":"not_found"})");
  };
  for (int i = 0; i < 1000; ++i) (*self)->send(cashier, payment_noticed{"forged-" + std::to_string(i)});
  run();
  CHECK(forged == 1);
  status = "succeeded";
  tell(cashier, payment_noticed{"y1"});
  CHECK(balance() == 10);
  advance(5s);
  CHECK(forged <= 6);
  int taken = 0, refused = 0;
  for (bool more = true; more;)
    (*self)->receive([&](done) { ++taken; }, [&](const caf::error&) { ++refused; },
                     caf::after(0s) >> [&] { more = false; });
  CHECK(taken == forged);
  CHECK(refused == 1000 - 1 - static_cast<int>(notice_desk::strangers_max)); // the shop would tell it again
  const int asked = forged;
  ask<done>(cashier, payment_noticed{"forged-0"}); // it is known that the shop does not know it
  CHECK(forged == asked);
}

TEST_CASE_METHOD(selling, "a shop that answers nothing about forged payments keeps no real one waiting") {
  open();
  first_answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "/payments/forged")) return reply(500, "");
    return std::nullopt;
  };
  provider->answer = [this](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "/payments/forged")) return std::nullopt; // hangs
    return ok(shop_payment());
  };
  for (int i = 0; i < 100; ++i) (*self)->send(cashier, payment_noticed{"forged-" + std::to_string(i)});
  run();
  CHECK(provider->held.size() == 1);
  status = "succeeded";
  tell(cashier, payment_noticed{"y1"});
  CHECK(balance() == 10);
}

TEST_CASE_METHOD(selling, "a notice that cannot be followed is told so, and comes again") {
  open();
  first_answer = [](const http_request&) { return broken(http_error::lost); };
  bool refused = false;
  (*self)->send(cashier, payment_noticed{"y1"});
  run();
  (*self)->receive([&](const caf::error&) { refused = true; }, [&](done) {}, caf::after(0s) >> [] {});
  CHECK(refused);
  CHECK_FALSE(balance() > 0);
  first_answer = nullptr;
  status = "succeeded";
  advance(10s);
  ask<done>(cashier, payment_noticed{"y1"});
  CHECK(balance() == 10);
}

TEST_CASE_METHOD(selling, "another amount is not credited but shown to the administrators") {
  open();
  amount = "450.00", status = "succeeded";
  advance(60s);
  CHECK(stored().state == payment_state::unmatched);
  CHECK(stored().amount == 45'000);
  CHECK(balance() == 0);
  CHECK(said("does not match its invoice"));
  CHECK(said("credit:1"));
}

TEST_CASE_METHOD(selling, "the bank declines: told with its reason") {
  open();
  status = "canceled";
  first_answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (r.method == "POST") return std::nullopt;
    auto p = json::parse(shop_payment());
    p["cancellation_details"] = {{"party", "payment_network"}, {"reason", "insufficient_funds"}};
    return ok(p.dump());
  };
  advance(60s);
  CHECK(stored().state == payment_state::cancelled);
  CHECK(said("not enough money on the card"));
}

TEST_CASE_METHOD(selling, "'check' says that nothing has come yet") {
  open();
  tell(cashier, payment_asked{1});
  run();
  CHECK(looks == 1);
  CHECK(said("No payment so far"));
}

TEST_CASE_METHOD(selling, "money goes back once, and a purchase whose refund the shop refuses stays paid") {
  const auto id = open().payment_id;
  status = "succeeded";
  advance(60s);
  payment_step begin;
  begin.payment_id = id, begin.to = payment_state::refunding, begin.at = now(), begin.by = founder_user_id;
  begin.request_key = "refund-key", begin.request = "{}";
  SECTION("done, although the first answer is lost") {
    bool lost = true;
    first_answer = [&](const http_request& r) -> std::optional<http_reply> {
      if (has(r.url, "/refunds") && std::exchange(lost, false)) return broken(http_error::lost);
      return std::nullopt;
    };
    ask<payment_answer>(ledger, begin);
    CHECK_FALSE(ask<payment_answer>(ledger, begin).changed); // pressed twice
    advance(10s);
    CHECK(refunds == 1);
    CHECK(std::count(keys.begin(), keys.end(), "refund-key") == 2);
    CHECK(stored().state == payment_state::refunded);
    CHECK(balance() == 0);
    CHECK(said("Money returned"));
  }
  SECTION("refused") {
    first_answer = [&](const http_request& r) -> std::optional<http_reply> {
      if (!has(r.url, "/refunds")) return std::nullopt;
      return reply(400, R"({"type":"error","code":"invalid_request","description":"too late"})");
    };
    ask<payment_answer>(ledger, begin);
    CHECK(stored().state == payment_state::paid);
    CHECK(balance() == 10);
    CHECK(said("Возврат не выполнен"));
  }
  SECTION("made in the shop's own cabinet") {
    refunded = "900.00";
    ask<done>(cashier, payment_noticed{"y1"});
    CHECK(stored().state == payment_state::refunded);
    CHECK(balance() == 0);
  }
}

TEST_CASE_METHOD(selling, "Stars that were returned already count as returned") {
  open(payment_method::stars, 1000);
  ask<payment_answer>(ledger, star_charge{"c1", "p1", user, 1000, "XTR", now()});
  telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "refundStarPayment"))
      return reply(400,
                   R"({"ok":false,"error_code":400,"description":"Bad Request: CHARGE_ALREADY_REFUNDED"})");
    return delivered();
  };
  payment_step begin;
  begin.payment_id = 1, begin.to = payment_state::refunding, begin.at = now(), begin.by = founder_user_id;
  ask<payment_answer>(ledger, begin);
  CHECK(telegram->count("refundStarPayment") == 1);
  CHECK(stored().state == payment_state::refunded);
  CHECK(balance() == 0);
}

TEST_CASE_METHOD(selling,
                 "a good invoice is accepted at the checkout, every other one is refused with a reason") {
  open(payment_method::stars, 1000);
  const auto answer = [&](const json& update) {
    telegram->log.clear();
    tell(cashier, incoming_update{9, user, update.dump()});
    run();
    const auto all = telegram->with("answerPreCheckoutQuery");
    REQUIRE(all.size() == 1);
    const auto body = all.front().line.substr(all.front().line.find('{'));
    return json::parse(body);
  };
  CHECK(answer(pre_checkout())["ok"] == true);
  CHECK(has(answer(pre_checkout(999))["error_message"], "amount"));
  CHECK(has(answer(pre_checkout(1000, 77))["error_message"], "somebody else"));
  CHECK(has(answer(pre_checkout(1000, user, "p9"))["error_message"], "no such invoice"));
  ask<payment_answer>(ledger, star_charge{"c1", "p1", user, 1000, "XTR", now()});
  CHECK(has(answer(pre_checkout())["error_message"], "paid already"));
  CHECK(db->load_open_work().updates.empty()); // the inbox does not wait for it
}

TEST_CASE_METHOD(selling,
                 "an old invoice is refused at the checkout, and so is any while nothing can be stored") {
  open(payment_method::stars, 1000);
  ctx->health->storage_failed = true;
  tell(cashier, incoming_update{9, user, pre_checkout().dump()});
  run();
  CHECK(said("nothing was charged"));
  ctx->health->storage_failed = false;
  advance(25h);
  tell(cashier, incoming_update{10, user, pre_checkout().dump()});
  run();
  CHECK(said("too old"));
}

TEST_CASE_METHOD(selling, "an answer to a checkout that does not get through is tried again at once") {
  open(payment_method::stars, 1000);
  int failures = 2;
  telegram->answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "answerPreCheckoutQuery") && failures-- > 0) return broken(http_error::refused);
    return delivered();
  };
  tell(cashier, incoming_update{9, user, pre_checkout().dump()});
  run();
  advance(1s);
  CHECK(telegram->count("answerPreCheckoutQuery") == 3);
}

TEST_CASE_METHOD(
    selling,
    "an answered checkout leaves the inbox when the disk has room again, and is not answered twice") {
  open(payment_method::stars, 1000);
  ask<accepted_updates>(ledger, accept_updates{{{9, user, pre_checkout().dump()}}, now()});
  bool full = true;
  const_cast<engine_context&>(*ctx).at_step = [&](durable_step step, bool committed) {
    if (full && !committed && step == durable_step::turn_stored)
      throw storage::batch_lost{"database or disk is full"};
  };
  tell(cashier, incoming_update{9, user, pre_checkout().dump()});
  run();
  advance(1min);
  CHECK(db->load_open_work().updates.size() == 1);
  full = false;
  advance(1min);
  CHECK(db->load_open_work().updates.empty());
  CHECK(telegram->count("answerPreCheckoutQuery") == 1);
  const_cast<engine_context&>(*ctx).at_step = nullptr;
}

TEST_CASE_METHOD(
    selling, "a checkout that cannot be stored is refused from memory, once, and done when it is stored") {
  open(payment_method::stars, 1000);
  incoming_update u{9, user, pre_checkout().dump()};
  u.unstored = true;
  for (int i = 0; i < 3; ++i) tell(cashier, u); // as it is polled again and again
  REQUIRE(telegram->count("answerPreCheckoutQuery") == 1);
  CHECK(said("\"ok\":false"));
  CHECK(said("nothing was charged"));
  advance(1min);
  const auto stored_now =
      ask<accepted_updates>(ledger, accept_updates{{{9, user, pre_checkout().dump()}}, now()});
  CHECK(db->load_open_work().updates.size() == 1); // nothing was marked done that is not stored
  tell(cashier, stored_now.fresh.at(0));
  CHECK(telegram->count("answerPreCheckoutQuery") == 1);
  CHECK(db->load_open_work().updates.empty());
}

TEST_CASE_METHOD(selling, "a refusal from memory that does not get through is tried again") {
  open(payment_method::stars, 1000);
  int failures = 2;
  telegram->answer = [&](const http_request&) -> std::optional<http_reply> {
    return failures-- > 0 ? broken(http_error::refused) : delivered();
  };
  incoming_update u{9, user, pre_checkout().dump()};
  u.unstored = true;
  tell(cashier, u);
  advance(1s);
  CHECK(telegram->count("answerPreCheckoutQuery") == 3);
}

TEST_CASE_METHOD(selling, "a new engine goes on with purchases and refunds under way") {
  open();
  const auto work = db->load_open_work().payments;
  REQUIRE(work.size() == 1);
  CHECK(work.front().outside_id == "y1");
  const auto second = own(spawn_cashier(*sys, ctx, {telegram_wire, provider_wire, ledger, reader, courier}));
  status = "succeeded";
  tell(second, committed_payments{work});
  advance(60s);
  CHECK(balance() == 10);
}

TEST_CASE_METHOD(selling,
                 "with a feedback group, money that matches nothing is told there too, without buttons") {
  const_cast<config::options&>(ctx->opts()).office.feedback_chat_id = -100500;
  open();
  amount = "100.00", status = "succeeded";
  advance(60s);
  REQUIRE(telegram->count("-100500") == 1);
  CHECK_FALSE(has(telegram->with("-100500")[0].line, "inline_keyboard"));
  CHECK(telegram->count(std::to_string(ctx->opts().users.admin_ids.at(0))) > 0);
}

TEST_CASE_METHOD(selling, "who is banned is refused before he pays, for a reason he can read") {
  open(payment_method::stars, 1000);
  admin_action ban;
  ban.key = "a1", ban.admin_id = founder_user_id, ban.at = now(), ban.what = admin_act::ban,
  ban.user_id = user;
  ask<admin_answer>(ledger, ban);
  tell(cashier, incoming_update{9, user, pre_checkout().dump()});
  REQUIRE(telegram->count("answerPreCheckoutQuery") == 1);
  CHECK(has(telegram->with("answerPreCheckoutQuery")[0].line, "\"ok\":false"));
  CHECK(has(telegram->with("answerPreCheckoutQuery")[0].line, "error_message"));
}

// -- What the shop does not take -----------------------------------------------------------------------

namespace {

struct watched_selling : selling {
  std::vector<std::string> alarms, over;
  watchman_actor watchman;

  watched_selling() {
    watchman = own(sys->spawn([this](watchman_actor::pointer) -> watchman_actor::behavior_type {
      return {[this](const troupe::alarm& a) {
                const bool told = a.stays && !alarms.empty() && alarms.back().rfind(a.kind, 0) == 0;
                if (!told)
                  alarms.push_back(a.kind + ": " + ctx->settings->words.get("ru", a.sentence, a.args));
              },
              [this](const alarm_over& o) { over.push_back(o.kind); }, [](const office_heard&) {},
              [](rights_changed) {}, [](const wake&) {}};
    }));
    begin();
  }
  void begin() {
    cashier =
        own(spawn_cashier(*sys, ctx, {telegram_wire, provider_wire, ledger, reader, courier, watchman}));
    tell(ledger, ledger_listeners{courier, {}, cashier});
  }
  void new_engine(const std::function<void()>& meanwhile = [] {}) {
    caf::anon_send_exit(cashier, caf::exit_reason::kill);
    run();
    meanwhile();
    begin();
    tell(cashier, committed_payments{db->load_open_work().payments});
  }
  payment buy_with_receipt(const std::string& email) {
    open_payment o;
    o.key = "u1001-p55-10-card", o.user_id = user, o.at = now(), o.method = payment_method::card;
    o.amount = 90'000, o.credits = 11, o.request_key = "key-1";
    o.request = json{{"receipt", {{"customer", {{"email", email}}}}}}.dump();
    return ask<payment_answer>(ledger, o).now;
  }
  payment bought() { return db->load_payment({0, "u1001-p55-10-card", {}}); }
  void shop_says(int code, const json& error) {
    first_answer = [=](const http_request&) { return reply(code, error.dump()); };
  }
};

json refusal(const std::string& parameter) {
  return {{"type", "error"},
          {"code", "invalid_request"},
          {"description", "Incorrect value"},
          {"parameter", parameter}};
}

} // namespace

TEST_CASE_METHOD(watched_selling,
                 "an address that the shop does not take is named to the user, who can go on") {
  shop_says(400, refusal("receipt.customer.email"));
  buy_with_receipt("ann@mial.zz");
  CHECK(bought().state == payment_state::cancelled);
  CHECK(bought().why == "receipt_contact");
  CHECK(db->load_account(user).refused_contact == "ann@mial.zz");
  CHECK(said("did not take this address for the receipt: ann@mial.zz"));
  CHECK(said("contact:10"));
  CHECK(said("Nothing was charged"));
  CHECK_FALSE(said("did not answer"));
  CHECK(alarms.empty()); // his typing is no affair of administrators
}

TEST_CASE_METHOD(watched_selling, "a receipt that is refused as a whole may be ours: both ways are offered") {
  shop_says(400, refusal("receipt"));
  buy_with_receipt("ann@mail.com");
  CHECK(bought().why == "receipt");
  CHECK(db->load_account(user).refused_contact.empty());
  CHECK(said("contact:10"));
  CHECK(said("ways:s"));
  REQUIRE(alarms.size() == 1);
  CHECK(has(alarms[0], "shop: shop_refused"));
}

TEST_CASE_METHOD(watched_selling, "wrong keys of the shop end a purchase at once, in words of their own") {
  const auto code = GENERATE(401, 403);
  shop_says(code, {{"type", "error"}, {"code", "invalid_credentials"}, {"description", "Error by shopId"}});
  open();
  CHECK(stored().state == payment_state::cancelled);
  CHECK(stored().why == "shop_keys");
  CHECK(creations == 0);
  CHECK(said("the fault is on our side"));
  CHECK(said("ways:s"));
  REQUIRE(alarms.size() == 1);
  CHECK(has(alarms[0], "YOOKASSA_SECRET_KEY"));
  advance(30min, 1s);
  CHECK(alarms.size() == 1);
  first_answer = nullptr; // the operator has put them right
  CHECK(over.empty());
  open_payment o;
  o.key = "p2", o.user_id = user, o.at = now(), o.method = payment_method::card;
  o.amount = 90'000, o.credits = 10, o.request_key = "key-2", o.request = "{}";
  ask<payment_answer>(ledger, o);
  CHECK(over == std::vector<std::string>{"shop: shop_keys"});
}

TEST_CASE_METHOD(watched_selling, "a shop that is silent: told after seconds, given up after ten minutes") {
  first_answer = [](const http_request&) { return broken(http_error::refused); };
  open();
  advance(30s);
  CHECK(telegram->count("There is no link for invoice") == 1);
  CHECK(telegram->count("ways:s") == 1);
  advance(12min, 1s);
  CHECK(stored().why == "not_opened");
  CHECK(said("did not answer for 10 minutes"));
  REQUIRE(alarms.size() == 1);
  CHECK(has(alarms[0], "shop: not_opened"));
  CHECK(telegram->count("There is no link for invoice") == 1);
}

TEST_CASE_METHOD(watched_selling, "'check' is answered when the shop does not answer") {
  open();
  first_answer = [](const http_request&) { return broken(http_error::lost); };
  tell(cashier, payment_asked{1});
  CHECK(said("cannot tell me about your payment"));
}

TEST_CASE_METHOD(watched_selling, "an answer that makes no sense is told at once, asked again, and ends") {
  SECTION("of the creation") {
    first_answer = [](const http_request&) { return ok("<html>maintenance</html>"); };
    open();
    REQUIRE_FALSE(alarms.empty());
    CHECK(has(alarms[0], "shop: shop_not_understood"));
    advance(12min, 1s);
    CHECK(stored().why == "shop_not_understood");
    CHECK(said("make no sense"));
    CHECK(said("Nothing was charged"));
  }
  SECTION("of a payment that may be paid") {
    open();
    first_answer = [](const http_request&) { return ok(R"({"id":"y1","status":"PAID?"})"); };
    advance(2min, 1s);
    CHECK_FALSE(alarms.empty());
    CHECK(stored().state == payment_state::pending);
    advance(25h, 30s);
    CHECK(stored().state == payment_state::cancelled);
    CHECK(said("so the invoice is closed"));
    CHECK_FALSE(said("Nothing was charged"));
    first_answer = nullptr, status = "succeeded";
    ask<done>(cashier, payment_noticed{"y1"});
    CHECK(balance() == 10);
  }
}

// -- What does not end by itself ------------------------------------------------------------------------

TEST_CASE("the older a matter, the more seldom it is asked for, and at last once an hour") {
  constexpr unix_ms minute = 60'000, hour = 60 * minute;
  CHECK(till::look_wait(0, minute) == minute);
  CHECK(till::look_wait(hour, minute) == minute);
  CHECK(till::look_wait(10 * hour, minute) == 10 * minute);
  CHECK(till::look_wait(200 * hour, minute) == hour);
  CHECK(till::look_wait(200 * hour, 2 * hour) == 2 * hour);
}

namespace {

struct waiting_selling : watched_selling {
  int asked = 0;
  std::function<http_reply()> says;

  waiting_selling() {
    open();
    first_answer = [this](const http_request&) -> std::optional<http_reply> {
      ++asked;
      return says ? says() : ok(shop_payment());
    };
  }
  void is_closed() {
    CHECK(stored().state == payment_state::cancelled);
    CHECK(stored().why == "shop_unclear");
    CHECK(said("so the invoice is closed"));
    CHECK_FALSE(said("Nothing was charged"));
    REQUIRE_FALSE(alarms.empty());
    CHECK(has(alarms.back(), "чем кончилась оплата счёта №1"));
    const auto until_now = asked;
    advance(3h, 1min);
    CHECK(asked == until_now);
    says = nullptr, status = "succeeded"; // it was paid all the same: the notice tells
    ask<done>(cashier, payment_noticed{"y1"});
    CHECK(stored().state == payment_state::paid);
    CHECK(balance() == 10);
  }
};

} // namespace

TEST_CASE_METHOD(
    waiting_selling,
    "a payment that the shop does not know any more is told, and closed after a day, over restarts") {
  says = [] {
    return reply(404, R"({"type":"error","code":"not_found","description":"Payment doesn't exist"})");
  };
  advance(1h, 10s);
  REQUIRE(alarms.size() == 1);
  CHECK(has(alarms[0], "не знает платежа, который открыт для счёта №1"));
  tell(cashier, payment_asked{1});
  CHECK(said("cannot tell me about your payment"));
  advance(12h, 1min);
  new_engine();
  advance(10h, 1min);
  CHECK(stored().state == payment_state::pending);
  CHECK(asked < 400); // of 1400 minutes
  advance(90min, 1min);
  is_closed();
}

TEST_CASE_METHOD(waiting_selling,
                 "a payment of which the shop says nothing is closed after days, with an alarm") {
  SECTION("it cannot be reached") {
    says = [] { return broken(http_error::refused); };
  }
  SECTION("it refuses the keys") {
    says = [] { return reply(401, R"({"type":"error","code":"invalid_credentials"})"); };
  }
  advance(25h, 1min);
  new_engine();
  advance(46h, 5min);
  CHECK(stored().state == payment_state::pending);
  CHECK(asked < 500);
  advance(3h, 1min);
  is_closed();
}

TEST_CASE_METHOD(waiting_selling,
                 "a payment that stays open at the shop beyond all its limits is closed too") {
  advance(7 * 24h, 10min);
  CHECK(stored().state == payment_state::pending);
  CHECK(asked < 500);
  advance(26h, 10min);
  is_closed();
}

TEST_CASE_METHOD(
    watched_selling,
    "a purchase whose keys were taken away ends when it has no link, and waits when it has one") {
  auto& keys_of = const_cast<config::options&>(ctx->opts()).yookassa;
  const auto without_keys = [&] { keys_of.shop_id.clear(), keys_of.secret_key.clear(); };
  SECTION("no link") {
    first_answer = [](const http_request&) { return broken(http_error::lost); };
    open();
    new_engine(without_keys);
    CHECK(stored().state == payment_state::cancelled);
    CHECK(stored().why == "shop_keys");
    CHECK(said("the fault is on our side"));
    CHECK(said("ways:s"));
    REQUIRE_FALSE(alarms.empty());
    CHECK(has(alarms.back(), "shop: no keys"));
  }
  SECTION("a link, which may be paid") {
    open();
    new_engine(without_keys);
    advance(71h, 5min);
    CHECK(looks == 0); // nobody can be asked
    CHECK(stored().state == payment_state::pending);
    tell(cashier, payment_asked{1});
    CHECK(said("cannot tell me about your payment"));
    advance(2h, 5min);
    CHECK(stored().why == "shop_unclear");
    CHECK(has(alarms.back(), "shop: closed"));
  }
}

TEST_CASE_METHOD(selling, "money that fits no invoice is told to each administrator, in his own language") {
  ctx->office->knows(2002, "en", role::admin); // made in the menu
  open();
  amount = "450.00", status = "succeeded";
  advance(60s);
  const auto to = [&](std::int64_t id, const char* words) {
    const auto all = telegram->with("\"chat_id\":" + std::to_string(id));
    return std::count_if(all.begin(), all.end(), [&](auto& e) { return has(e.line, words); });
  };
  CHECK(to(2002, "Money has come that matches no invoice") == 1);
  CHECK(to(ctx->opts().users.admin_ids.at(0), "Пришли деньги") == 1);
}

TEST_CASE_METHOD(selling,
                 "a checkout that cannot be looked up is refused in true words, and somebody hears of it") {
  open(payment_method::stars, 1000);
  auto tally = std::make_shared<error_tally>();
  auto& sinks = log("cashier")->sinks();
  sinks.push_back(std::make_shared<error_sink>(tally));
  caf::anon_send_exit(reader, caf::exit_reason::kill); // its answers do not come
  run();
  tell(cashier, incoming_update{9, user, pre_checkout().dump()});
  sinks.pop_back();
  CHECK(said("could not look this invoice up"));
  CHECK_FALSE(said("cannot take payments right now"));
  const auto heard = tally->take();
  REQUIRE(heard.count("cashier") == 1);
  CHECK(has(heard.at("cashier").last, "pre-checkout of user 1001"));
}

// -- Money that went back before we heard of it --------------------------------------------------------

TEST_CASE_METHOD(selling, "paid and returned while we were away: nothing is given, both are told") {
  open();
  status = "succeeded", refunded = "900.00";
  advance(60s);
  CHECK(stored().state == payment_state::refunded);
  CHECK(balance() == 0);
  CHECK(said("Payment received"));
  CHECK(said("Money returned"));
}

TEST_CASE_METHOD(selling, "paid and returned in part while we were away: the rest is given") {
  open();
  status = "succeeded", refunded = "450.00";
  ask<done>(cashier, payment_noticed{"y1"});
  CHECK(stored().state == payment_state::paid);
  CHECK(stored().refunded == 45'000);
  CHECK(balance() == 5);
}

TEST_CASE_METHOD(selling, "unmatched money that goes back is not credited any more") {
  open();
  amount = "450.00", status = "succeeded";
  advance(60s);
  REQUIRE(stored().state == payment_state::unmatched);
  refunded = "450.00";
  ask<done>(cashier, payment_noticed{"y1"});
  CHECK(stored().state == payment_state::refunded);
  payment_step credit;
  credit.payment_id = 1, credit.to = payment_state::paid, credit.at = now(), credit.credits = 5;
  CHECK_FALSE(ask<payment_answer>(ledger, credit).changed);
  CHECK(balance() == 0);
}

// -- How many at once ----------------------------------------------------------------------------------

TEST_CASE_METHOD(selling,
                 "payments that are announced again while they are in work leave no more than four calls") {
  provider->answer = [](const http_request&) { return std::optional<http_reply>{}; }; // all hang
  std::vector<payment> all;
  for (int i = 0; i < 12; ++i) {
    open_payment o;
    o.key = "p" + std::to_string(100 + i), o.user_id = user, o.at = now(), o.method = payment_method::card;
    o.amount = 100, o.credits = 1, o.request_key = o.key, o.request = "{}";
    all.push_back(ask<payment_answer>(ledger, o).now);
  }
  CHECK(provider->held.size() == 4);
  for (int i = 0; i < 3; ++i) tell(cashier, committed_payments{all});
  CHECK(provider->held.size() == 4);
  for (int i = 0; i < 4; ++i) {
    provider_release();
    CHECK(provider->held.size() <= 4);
  }
  CHECK(provider->count("POST") >= 8);
}
