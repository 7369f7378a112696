/// What buyers meet that is nobody's plan: a mistyped address, a shop with wrong keys, money that goes back
/// before it comes, a subscription, and a flood of their own messages. The real programs, over real HTTP.
#include "tests/whole/market.hpp"
#include "tests/founder.hpp"
#include <iostream>

namespace {

using namespace troupe;
using namespace troupe::test;

constexpr std::int64_t admin = founder_user_id;

} // namespace

TEST_CASE("who mistypes his address for the receipt can always pay in the end") {
  market m{{{"TROUPE_YOOKASSA_RECEIPT", "true"}}};
  m.faults({{"receipts_required", true}, {"refused_contact", "ann@example.zz"}});
  m.goes_shopping(ann, "c");
  REQUIRE(m.presses_package(ann, "c", "10"));
  REQUIRE(m.presses(ann, "pay:1:"));
  REQUIRE(m.sees(ann, "Куда прислать чек"));
  m.say(ann, "@anya_nick");
  CHECK(m.sees(ann, "имя в Telegram"));
  m.say(ann, "a@b");
  CHECK(m.sees(ann, "не хватает адреса после @"));
  CHECK(m.shop_payments().empty());
  m.say(ann, "ann@example.zz"); // looks good, and the shop does not take it
  REQUIRE(m.sees(ann, "Чек придёт на ann@example.zz"));
  REQUIRE(m.presses(ann, "pay:1:"));
  REQUIRE(m.sees(ann, "не принял адрес для чека: ann@example.zz"));
  CHECK(m.count(ann, "не ответил") == 0);
  m.say(ann, "ann@mail.ru");
  REQUIRE(m.sees(ann, "Чек придёт на ann@mail.ru"));
  REQUIRE(m.presses(ann, "pay:1:"));
  REQUIRE(within(seconds{20}, [&] { return !m.payment_of(ann).url.empty(); }));
  m.pays_page(m.payment_of(ann).outside_id);
  CHECK(m.has(ann, 14));
  m.in_order();
}

TEST_CASE("with wrong keys of the shop a purchase ends in words of its own, and Stars are left") {
  market m;
  m.say(admin, "/start");
  m.faults({{"reject_keys", true}});
  m.goes_shopping(ann, "c");
  REQUIRE(m.presses_package(ann, "c", "10"));
  REQUIRE(m.presses(ann, "pay:1:"));
  CHECK(m.sees(ann, "неполадка на нашей стороне"));
  CHECK(m.sees(admin, "YOOKASSA_SECRET_KEY"));
  CHECK(m.payment_of(ann).state == payment_state::cancelled);
  REQUIRE(m.presses(ann, "ways:s"));
  REQUIRE(within(seconds{15}, [&] { return !m.find(ann, "take:s:", ":10").empty(); }));
  REQUIRE(m.presses_package(ann, "s", "10"));
  REQUIRE(m.surely_pays(ann, m.invoice(ann)));
  CHECK(m.has(ann, 14));
  m.in_order();
}

TEST_CASE("Stars that go back before we hear that they came give nothing, also after a restart") {
  market m;
  m.say(admin, "/start");
  const auto id = m.orders_stars(ann);
  m.post("/sandbox/stars", {{"refund_first", true}});
  REQUIRE(m.surely_pays(ann, id));
  CHECK(m.sees(ann, "вернул вам 1000 ⭐ раньше"));
  CHECK(m.sees(admin, "раньше, чем сообщил об оплате"));
  m.restart();
  m.say(ann, "/balance");
  CHECK(m.sees(ann, "Ваш баланс: 3 кредита"));
  CHECK(m.count(ann, "Оплата получена") == 0);
  CHECK(m.balance(ann) == 3);
  CHECK(m.post("/sandbox/stars", {{"user_id", ann}})["balance"] == 100'000);
  m.in_order();
}

TEST_CASE("each charge of a subscription is credited once and called what it is") {
  market m;
  m.orders_stars(ann);
  const auto key = m.payment_of(ann).key;
  const auto made =
      m.post("/bot1000001:sandbox/createInvoiceLink", {{"title", "11"},
                                                       {"description", "monthly"},
                                                       {"payload", key},
                                                       {"provider_token", ""},
                                                       {"currency", "XTR"},
                                                       {"prices", {{{"label", "11"}, {"amount", 1000}}}},
                                                       {"subscription_period", 2592000}});
  REQUIRE(made.is_object());
  http_request r;
  r.method = "POST", r.url = m.base + "/sandbox/pay", r.time_limit = seconds{20};
  r.body = json{{"user_id", ann}, {"link", made["result"]}}.dump();
  REQUIRE(json::parse(m.http->send(r).body).value("state", "") == "paid");
  CHECK(m.has(ann, 3 + 11));
  REQUIRE_FALSE(m.post("/sandbox/stars", {{"user_id", ann}, {"renew", true}}).is_null());
  CHECK(m.has(ann, 3 + 22));
  CHECK(m.sees(ann, "очередное списание по подписке"));
  m.in_order();
}

TEST_CASE("thirty messages and then a payment: one polite word, and \"paid\" is not behind them") {
  market m{{{"TROUPE_TELEGRAM_CHAT_MESSAGES_PER_SECOND", "1"}, {"TROUPE_TELEGRAM_CHAT_BURST_MESSAGES", "4"}}};
  const auto id = m.orders_stars(ann);
  const auto before = m.chat(ann).size();
  for (int i = 0; i < 30; ++i) m.say(ann, "кот номер " + std::to_string(i));
  REQUIRE(m.surely_pays(ann, id));
  const auto paid_at = std::chrono::steady_clock::now();
  REQUIRE(m.sees(ann, "Оплата получена"));
  const auto waited = std::chrono::steady_clock::now() - paid_at;
  std::cout << "after thirty messages \"paid\" was said in "
            << std::chrono::duration_cast<std::chrono::milliseconds>(waited).count() << " ms" << std::endl;
  CHECK(waited < seconds{6});
  CHECK(m.sees(ann, "Слишком много сообщений подряд"));
  CHECK(m.count(ann, "Слишком много сообщений подряд") == 1);
  std::this_thread::sleep_for(seconds{5});
  CHECK(m.chat(ann).size() - before - 30 < 20); // of his own thirty, and the answers
  CHECK(m.has(ann, 14));
}
