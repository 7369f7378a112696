/// Money with the real programs over real HTTP: engine and sandbox, with everything repeated, forged, lost
/// and killed that can be.
#include "tests/whole/market.hpp"
#include "tests/founder.hpp"
#include <functional>
#include <iostream>

namespace {

using namespace troupe;
using namespace troupe::test;
constexpr std::int64_t admin = founder_user_id;

void ten_times_at_once(const std::function<void()>& act) {
  std::vector<std::thread> crowd;
  for (int i = 0; i < 10; ++i) crowd.emplace_back(act);
  for (auto& t : crowd) t.join();
}

} // namespace

TEST_CASE("Stars: from the button to the credit, and no second time") {
  market m;
  m.say(ann, "/start");
  const auto id = m.orders_stars(ann);
  m.press(ann, m.find(ann, "take:s:", ":10")); // the second press
  CHECK(m.pay(ann, id)["state"] == "paid");
  CHECK(m.sees(ann, "Оплата получена"));
  CHECK(m.has(ann, 3 + 11));
  CHECK(within(seconds{10}, [&] { // the invoice has gone
    for (auto& x : m.chat(ann))
      if (x["message_id"] == id) return false;
    return true;
  }));
  CHECK(m.book().payments_of(ann, 0, 10).size() == 1);
  m.say(ann, "/history");
  CHECK(m.sees(ann, "покупка кредитов, 1000 ⭐"));
  m.in_order();
}

TEST_CASE(
    "Stars: another user's invoice, an invoice paid before and a dead engine are refused or take nothing") {
  market m;
  const auto id = m.orders_stars(ann);
  m.kill(); // nobody answers the checkout
  const auto failed = m.pay(ann, id);
  CHECK(failed["state"] != "paid");
  m.start();
  CHECK(m.balance(ann) == 3);
  CHECK(m.pay(ann, id)["state"] == "paid");
  CHECK(m.has(ann, 14));
  m.in_order();
}

TEST_CASE("a video that was refused for lack of credits is started by one tap after paying") {
  market m{{{"TROUPE_USERS_WELCOME_CREDITS", "0"}}};
  m.say(ann, "кот едет на велосипеде");
  REQUIRE(m.sees(ann, "Не хватает 1 кредита"));
  const auto id = m.orders_stars(ann, "5");
  CHECK(m.pay(ann, id)["state"] == "paid");
  REQUIRE(m.sees(ann, "Вас ждёт видео"));
  REQUIRE(m.presses(ann, "run:"));
  CHECK(within(seconds{30}, [&] {
    const auto jobs = m.book().jobs_of(ann, 0, 5);
    return jobs.size() == 1 && jobs.front().state == job_state::completed;
  }));
  CHECK(m.balance(ann) == 4);
  m.in_order();
}

TEST_CASE("a checkout is answered although a thousand updates wait before it") {
  market m;
  const auto id = m.orders_stars(ann);
  ::kill(m.shop->id(), SIGSTOP);
  for (int i = 0; i < 1000; ++i) m.say(8'000'000 + i, "/start");
  std::chrono::steady_clock::time_point answered;
  json state;
  std::thread buyer{[&] {
    auto line = make_http_transport();
    state = m.pay(ann, id, *line);
    answered = std::chrono::steady_clock::now();
  }};
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  const auto begun = std::chrono::steady_clock::now();
  ::kill(m.shop->id(), SIGCONT);
  buyer.join();
  std::cout << "a checkout behind a thousand updates took "
            << std::chrono::duration_cast<std::chrono::milliseconds>(answered - begun).count() << " ms"
            << std::endl;
  CHECK(state.value("state", "") == "paid");
  CHECK(m.has(ann, 14));
}

TEST_CASE("by webhook: each update ten times at once, forged ones, and back to polling") {
  market m{{{"TROUPE_TELEGRAM_WEBHOOK", "true"}, {"WEBHOOK_SECRET", "right_secret_0123456789abcdefghij"}}};
  m.say(ann, "/start");
  CHECK(m.sees(ann, "Ваш баланс"));
  const auto id = m.orders_stars(ann);
  CHECK(m.pay(ann, id)["state"] == "paid");
  CHECK(m.has(ann, 14));
  const json body{{"update_id", 99'000'000'001},
                  {"message",
                   {{"message_id", 1},
                    {"date", 1},
                    {"chat", {{"id", ann}, {"type", "private"}}},
                    {"from", {{"id", ann}, {"is_bot", false}, {"first_name", "A"}}},
                    {"successful_payment",
                     {{"currency", "XTR"},
                      {"total_amount", 1000},
                      {"invoice_payload", m.payment_of(ann).key},
                      {"telegram_payment_charge_id", "another-charge"},
                      {"provider_payment_charge_id", ""}}}}}};
  const auto post = [&](const char* secret) {
    auto line = make_http_transport();
    http_request r;
    r.method = "POST", r.url = "http://127.0.0.1:" + std::to_string(m.web) + "/telegram/webhook";
    r.headers = {{"X-Telegram-Bot-Api-Secret-Token", secret}};
    r.body = body.dump();
    return line->send(r).status;
  };
  CHECK(post("wrong_secret") == 403);
  CHECK(m.balance(ann) == 14);
  ten_times_at_once([&] { post("right_secret_0123456789abcdefghij"); });
  CHECK(m.has(ann, 25)); // a second charge is money too; once
  m.env["TROUPE_TELEGRAM_WEBHOOK"] = "false";
  m.restart();
  m.say(ann, "/balance");
  CHECK(within(seconds{15}, [&] { return m.count(ann, "25 кредитов") > 0; }));
  m.in_order();
}

TEST_CASE("by card: notices ten times at once, 'check' three times, forged notices: credited once") {
  market m;
  const auto id = m.orders_by_card(ann);
  const auto notice =
      json{{"type", "notification"}, {"event", "payment.succeeded"}, {"object", {{"id", id}}}}.dump();
  const auto forged = json{{"type", "notification"},
                           {"event", "payment.succeeded"},
                           {"object", {{"id", "23d93cac-000f-5000-8000-126628f15141"}}}}
                          .dump();
  CHECK(m.web_call("POST", "/yookassa/webhook", notice).status == 200); // not paid so far
  CHECK(m.web_call("POST", "/yookassa/webhook", forged).status == 200);
  CHECK(m.web_call("POST", "/yookassa/webhook", "rubbish").status == 200);
  CHECK(m.balance(ann) == 3);
  m.pays_page(id);
  ten_times_at_once([&] {
    auto line = make_http_transport();
    http_request r;
    r.method = "POST", r.url = "http://127.0.0.1:" + std::to_string(m.web) + "/yookassa/webhook",
    r.body = notice;
    line->send(r);
  });
  for (int i = 0; i < 3; ++i) m.press(ann, "check:");
  CHECK(m.has(ann, 14));
  CHECK(m.sees(ann, "Оплата получена"));
  std::this_thread::sleep_for(seconds{3}); // whatever was under way has come
  CHECK(m.balance(ann) == 14);
  CHECK(m.count(ann, "Оплата получена") == 1);
  m.in_order();
}

TEST_CASE(
    "by card: the notice never comes, the creation's answer is lost, and the engine is killed in between") {
  market m;
  m.faults({{"drop_notices", true}, {"fail_after", 2}});
  m.goes_shopping(ann, "c");
  REQUIRE(m.presses_package(ann, "c", "10"));
  REQUIRE(m.presses(ann, "pay:2:"));
  REQUIRE(within(seconds{15}, [&] { return m.payment_of(ann).payment_id != 0; }));
  m.restart();
  REQUIRE(within(seconds{20}, [&] { return !m.payment_of(ann).url.empty(); }));
  CHECK(m.shop_payments().size() == 1); // the same key: one payment
  m.kill();
  m.pays_page(m.payment_of(ann).outside_id, "sbp"); // while nobody is there
  m.start();
  CHECK(m.has(ann, 14));
  CHECK(m.sees(ann, "Оплата получена"));
  m.in_order();
}

TEST_CASE("by card: a foreign sender is turned away, and the bank's refusal is told") {
  market m{{{"TROUPE_YOOKASSA_CHECK_SENDER", "true"}}};
  CHECK(m.web_call("POST", "/yookassa/webhook", "{}").status == 403);
  const auto id = m.orders_by_card(ann);
  m.pays_page(id, "decline");
  CHECK(m.sees(ann, "не хватило денег"));
  CHECK(m.payment_of(ann).state == payment_state::cancelled);
  CHECK(m.balance(ann) == 3);
}

TEST_CASE("by card: another amount is credited by an administrator's press, for what was paid") {
  market m;
  m.say(admin, "/start");
  const auto id = m.orders_by_card(ann); // 900 roubles for 11
  m.faults({{"shown_kopecks", 45'000}});
  m.pays_page(id);
  REQUIRE(m.sees(admin, "не совпали ни с одним счётом"));
  CHECK(m.sees(ann, "не совпала со счётом"));
  CHECK(m.balance(ann) == 3);
  REQUIRE(m.presses(admin, "credit:"));
  REQUIRE(m.presses(admin, "credit_yes:"));
  CHECK(m.has(ann, 3 + 5));
  m.press(admin, "credit_yes:");
  std::this_thread::sleep_for(seconds{1});
  CHECK(m.balance(ann) == 8);
  m.in_order();
}

TEST_CASE("two purchases at once are two") {
  market m;
  const auto first = m.orders_by_card(ann), second = m.orders_by_card(ann, "5");
  CHECK(first != second);
  m.pays_page(second);
  m.pays_page(first);
  CHECK(m.has(ann, 3 + 11 + 5));
  m.in_order();
}

TEST_CASE(
    "Stars go back: pressed twice, killed in between, spent credits become a debt the next purchase pays") {
  // On a loaded machine a video may take longer than the 25 s of the other tests; then its credit would come
  // back, and there would be nothing spent to owe.
  market m{{{"TROUPE_KIE_TIME_LIMIT_S", "600"}}};
  m.say(admin, "/start");
  REQUIRE(m.surely_pays(ann, m.orders_stars(ann)));
  REQUIRE(m.has(ann, 14));
  m.say(ann, "кот");
  REQUIRE(m.presses(ann, "run:")); // one credit is held, then spent
  REQUIRE(within(seconds{120}, [&] { return m.book().load_account(ann).held == 0 && m.balance(ann) == 13; }));
  m.say(admin, "/payment " + std::to_string(m.payment_of(ann).payment_id));
  REQUIRE(m.presses(admin, "refund:"));
  REQUIRE(m.presses(admin, "refund_yes:"));
  m.press(admin, "refund_yes:");
  m.restart();
  REQUIRE(within(seconds{60}, [&] { return m.payment_of(ann).state == payment_state::refunded; }));
  CHECK(m.sees(ann, "Деньги возвращены"));
  CHECK(m.balance(ann) == 2); // 13 - 11
  CHECK(m.post("/sandbox/stars", {{"user_id", ann}})["balance"] == 100'000);
  m.in_order();
}

TEST_CASE("roubles go back, by the button and from the shop's own cabinet") {
  market m;
  m.say(admin, "/start");
  const auto id = m.orders_by_card(ann);
  m.pays_page(id);
  REQUIRE(m.has(ann, 14));
  m.faults({{"lose_answers", 1}});
  m.say(admin, "/payment " + std::to_string(m.payment_of(ann).payment_id));
  REQUIRE(m.presses(admin, "refund:"));
  REQUIRE(m.presses(admin, "refund_yes:"));
  REQUIRE(within(seconds{20}, [&] { return m.payment_of(ann).state == payment_state::refunded; }));
  CHECK(m.balance(ann) == 3);
  CHECK(m.get("/sandbox/yookassa")["refunds"].size() == 1); // asked twice with one key
  const auto other = m.orders_by_card(bob);
  m.pays_page(other);
  REQUIRE(m.has(bob, 14));
  http_request r;
  r.method = "POST", r.url = m.base + "/v3/refunds";
  r.headers = {{"Idempotence-Key", "cabinet-1"}, {"Authorization", "Basic MTAwNTAwOnRlc3Rfc2FuZGJveA=="}};
  r.body = json{{"payment_id", other}, {"amount", {{"value", "900.00"}, {"currency", "RUB"}}}}.dump();
  CHECK(m.http->send(r).status == 200);
  CHECK(m.has(bob, 3));
  CHECK(m.sees(bob, "Money returned"));
  m.in_order();
}
