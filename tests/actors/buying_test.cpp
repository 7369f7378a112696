/// Buying credits as transcripts: what is pressed, what is shown, what is asked of the store.
#include "actors/dialogue.hpp"
#include "actors/office_board.hpp"
#include "actors/till.hpp"
#include "tests/actors/person.hpp"
#include "tests/founder.hpp"
#include <map>
#include <nlohmann/json.hpp>

using namespace troupe;
using nlohmann::json;
using telegram::event;
using telegram::event_kind;
using test::has;

namespace {

/// A buyer in front of the rules; the store is played.
struct buyer : test::person {
  config::settings set = config::load(TROUPE_SOURCE_DIR "/config", {});
  dialogue rules{set};
  account who;
  std::int64_t update = 100;
  std::int64_t next_payment = 1;
  std::optional<open_payment> opened;
  std::optional<star_charge> charged;
  std::optional<payment_step> stepped;
  payment known; ///< what an administrator looks at
  std::int64_t asked_about = 0;
  std::string text;
  std::vector<std::pair<std::string, std::string>> buttons;

  buyer() { who.user_id = 5, who.registered = true, who.balance = 1, who.language = "ru"; }
  void with_cards() { set.opts.yookassa.shop_id = "1", set.opts.yookassa.secret_key = "s"; }

  event make(event_kind kind) override {
    event e;
    e.kind = kind;
    e.update_id = update++;
    e.from = {5, "Аня", "", "ru"};
    e.message_id = 900;
    return e;
  }
  payment_answer stored() {
    payment_answer a;
    a.changed = true;
    if (opened) {
      a.now.payment_id = next_payment++;
      a.now.key = opened->key, a.now.user_id = 5, a.now.method = opened->method,
      a.now.amount = opened->amount;
      a.now.credits = opened->credits;
    } else {
      a.now = known;
      if (charged) a.now.state = known.payment_id ? payment_state::paid : payment_state::unmatched;
      if (stepped) a.now.state = stepped->to;
    }
    a.who = who;
    return a;
  }
  void happens(const event& e) override {
    opened.reset(), charged.reset(), stepped.reset();
    const auto before = who.state;
    auto d = rules.decide(e, who, {{}, {}, {known}}, 1'700'000'000'000);
    who.state = d.state;
    asked_about = d.ask_about;
    if (d.purchase) {
      CHECK(d.messages.empty());
      who.state = before; // as a session does: the second half begins with what is stored
      if (auto p = std::get_if<open_payment>(&*d.purchase)) opened = *p;
      if (auto p = std::get_if<star_charge>(&*d.purchase)) charged = *p;
      if (auto p = std::get_if<payment_step>(&*d.purchase)) stepped = *p;
      const auto answer = stored();
      d = rules.settled(e, who, answer, 1'700'000'000'000);
      who.state = d.state;
      const till::voice voice{set.words, set.opts};
      for (auto& m : voice.office_news(e.kind, answer, {office_board{}.people(set.opts, right::refund), 0}))
        d.messages.push_back(std::move(m));
    }
    sent = d.messages;
    for (auto& m : sent) {
      const auto p = json::parse(m.params);
      if (!p.contains("text") || m.method == "answerCallbackQuery") continue;
      text = p["text"];
      buttons.clear();
      if (p.contains("reply_markup"))
        for (auto& row : p["reply_markup"]["inline_keyboard"])
          for (auto& b : row) {
            buttons.emplace_back(b["text"], b.value("callback_data", ""));
            CHECK(b.value("callback_data", "").size() <= 64);
          }
    }
  }
  std::string data_of(const std::string& label) const override {
    for (auto& [l, data] : buttons)
      if (has(l, label)) return data;
    return "";
  }
  void accepts_terms() {
    types("buy");
    presses("Telegram Stars");
    presses("Принимаю");
  }
};

} // namespace

TEST_CASE("from the menu to an invoice in Stars") {
  buyer b;
  b.types("start");
  b.presses("Купить кредиты");
  CHECK(has(b.text, "1 кредит"));
  CHECK(b.data_of("картой").empty()); // there are no keys
  b.presses("Telegram Stars");
  CHECK(has(b.text, "Условия покупки"));
  b.presses("Принимаю");
  b.presses("10 кредитов (+1 в подарок) · 1000 ⭐");
  REQUIRE(b.opened);
  CHECK(b.opened->amount == 1000);
  CHECK(b.opened->credits == 11);
  const auto invoice = b.method("sendInvoice");
  REQUIRE(invoice);
  const auto p = json::parse(invoice->params);
  CHECK(p["currency"] == "XTR");
  CHECK(p["provider_token"] == "");
  CHECK(p["payload"] == b.opened->key);
  CHECK(p["prices"][0]["amount"] == 1000);
  CHECK(has(p["description"], "11 кредитов"));
  b.types("buy");
  b.presses("Telegram Stars");
  CHECK(has(b.text, "Сколько кредитов")); // the terms are asked once
}

TEST_CASE("a second press on a package makes no second invoice") {
  buyer b;
  b.accepts_terms();
  const auto data = b.data_of("5 кредитов");
  b.presses_data(data);
  CHECK(b.opened);
  b.presses_data(data);
  CHECK_FALSE(b.opened);
  CHECK(has(b.toast(), "уже"));
}

TEST_CASE("an own amount is a whole number within the limits") {
  buyer b;
  b.accepts_terms();
  b.presses("Другое количество");
  CHECK(has(b.text, "от 1 до 1000"));
  for (auto bad : {"0", "-5", "1001", "много", "3.5", "99999999999999999999"}) {
    b.says(bad);
    INFO(bad);
    CHECK(has(b.text, "целое число"));
  }
  b.says(" 25 ");
  CHECK(has(b.text, "Зачислим: <b>25 кредитов</b>"));
  b.presses("Оплатить 2500 ⭐");
  REQUIRE(b.opened);
  CHECK(b.opened->credits == 25);
  CHECK(b.opened->amount == 2500);
}

TEST_CASE("by card: the request that will be sent is stored with the purchase") {
  buyer b;
  b.with_cards();
  b.types("pay");
  b.presses("картой или СБП");
  b.presses("Принимаю");
  b.presses("10 кредитов");
  CHECK_FALSE(b.opened);
  CHECK(has(b.text, "К оплате: <b>900 ₽</b>"));
  b.presses("СБП");
  REQUIRE(b.opened);
  CHECK(b.opened->method == payment_method::sbp);
  CHECK(b.opened->amount == 90'000);
  const auto body = json::parse(b.opened->request);
  CHECK(body["amount"]["value"] == "900.00");
  CHECK(body["metadata"]["order_id"] == b.opened->key);
  CHECK(body["payment_method_data"]["type"] == "sbp");
  CHECK(body["capture"] == true);
  CHECK(b.opened->request_key.size() <= 64);
  CHECK_FALSE(body.contains("receipt"));
  CHECK_FALSE(b.method("sendInvoice"));
}

TEST_CASE("with receipts an e-mail or a phone is asked for once") {
  buyer b;
  b.with_cards();
  b.set.opts.yookassa.receipt = true;
  b.types("buy");
  b.presses("картой");
  b.presses("Принимаю");
  b.presses("5 кредитов");
  b.presses("Банковская карта");
  CHECK(has(b.text, "чек"));
  b.says("нет");
  CHECK(has(b.text, "чек"));
  b.says("8 (900) 123-45-67");
  CHECK(has(b.text, "Чек придёт на 79001234567"));
  b.presses("Банковская карта");
  REQUIRE(b.opened);
  CHECK(json::parse(b.opened->request)["receipt"]["customer"]["phone"] == "79001234567");
  b.types("buy");
  b.presses("картой");
  b.presses("5 кредитов");
  b.presses("Банковская карта");
  CHECK(b.opened);
}

TEST_CASE("cards that were switched off cannot be used by an old button") {
  buyer b;
  b.accepts_terms();
  for (auto forged : {"ways:c", "own:c", "take:c:1:10", "pay:1:1:10"}) {
    b.presses_data(forged);
    INFO(forged);
    CHECK_FALSE(b.opened);
    CHECK(has(b.toast(), "Картой сейчас"));
  }
}

TEST_CASE("a forged amount is priced by us or refused") {
  buyer b;
  b.accepts_terms();
  b.presses_data("take:s:1:1000000");
  CHECK_FALSE(b.opened);
  b.presses_data("take:s:1:0");
  CHECK_FALSE(b.opened);
  b.presses_data("take:s:1:7");
  REQUIRE(b.opened);
  CHECK(b.opened->amount == 700);
}

TEST_CASE("money that came is told with the balance and the video that waited for it") {
  buyer b;
  b.says("кот на крыше");
  b.who.balance = 0;
  b.types("buy");
  b.known.payment_id = 3, b.known.credits = 11, b.known.amount = 1000, b.known.user_id = 5;
  auto e = b.make(event_kind::payment);
  e.payment.telegram_charge_id = "c1", e.payment.payload = "k", e.payment.amount = 1000,
  e.payment.currency = "XTR";
  b.who.balance = 11;
  b.happens(e);
  REQUIRE(b.charged);
  CHECK(b.charged->charge_id == "c1");
  CHECK(has(b.text, "Оплата получена"));
  CHECK(has(b.text, "11 кредитов"));
  CHECK(has(b.text, "кот на крыше"));
  CHECK(has(b.data_of("Запустить"), "run:"));
  const auto gone = b.method("deleteMessage");
  REQUIRE(gone);
  CHECK(gone->slot == "pay:3");
}

TEST_CASE("money that fits no invoice alarms the administrators and is told to the payer") {
  buyer b;
  b.known.user_id = 5; // and no payment: the store finds none
  auto e = b.make(event_kind::payment);
  e.payment.telegram_charge_id = "c1", e.payment.amount = 1000, e.payment.currency = "XTR";
  b.happens(e);
  int alarms = 0;
  for (auto& m : b.sent) alarms += m.chat_id == founder_user_id && has(m.params, "не совпали");
  CHECK(alarms == 1);
  CHECK(b.sent.front().chat_id == 5);
}

TEST_CASE("an administrator gives money back after being asked, others cannot") {
  buyer b;
  b.known.payment_id = 3, b.known.user_id = 77, b.known.amount = 1000, b.known.credits = 11;
  b.known.state = payment_state::paid, b.known.outside_id = "c1";
  for (auto forged : {"payment:3", "refund:3", "refund_yes:3", "credit:3"}) {
    b.presses_data(forged);
    CHECK_FALSE(b.stepped);
    CHECK(b.toast() == "Эта кнопка больше не работает. Нажмите /start");
  }
  b.types("payment", "3");
  CHECK(has(b.text, "Такой команды я не знаю"));
  b.who.rank = role::admin;
  b.types("payment", "3");
  CHECK(has(b.text, "Платёж №3"));
  b.presses("Вернуть деньги");
  CHECK_FALSE(b.stepped);
  b.presses("Да, вернуть");
  REQUIRE(b.stepped);
  CHECK(b.stepped->to == payment_state::refunding);
  b.known.state = payment_state::refunding;
  b.presses_data("refund_yes:3"); // twice
  CHECK_FALSE(b.stepped);
  CHECK(has(b.toast(), "возвращается"));
}

TEST_CASE("/terms and /paysupport answer, and 'check' goes to the cashier") {
  buyer b;
  b.types("terms");
  CHECK(has(b.text, "Условия"));
  b.types("paysupport");
  CHECK(has(b.text, "Поможем"));
  b.presses_data("check:42");
  CHECK(b.asked_about == 42);
  CHECK(b.toast() == "Проверяю");
}

// -- Amounts ------------------------------------------------------------------------------------------

TEST_CASE("every wrong amount is told what is wrong with it, and the limits") {
  buyer b;
  b.accepts_terms();
  b.presses("Другое количество");
  for (const auto& [typed, words] :
       std::map<std::string, std::string>{{"0", "Меньше, чем 1 кредит"},
                                          {"-5", "Отрицательное"},
                                          {"3.5", "Дробное"},
                                          {"много", "не число"},
                                          {"1001", "Больше, чем 1000 кредитов"},
                                          {"99999999999999999999", "Больше, чем"}}) {
    INFO(typed);
    b.says(typed);
    CHECK(has(b.text, words));
    CHECK(has(b.text, "от 1 до 1000"));
  }
  b.says("５０ кредитов");
  CHECK(has(b.text, "Зачислим: <b>50 кредитов</b>"));
}

TEST_CASE("a number that is typed on any screen of the shop changes the amount, and never becomes a prompt") {
  buyer b;
  b.accepts_terms();
  b.presses("Другое количество");
  b.says("5");
  b.says("7"); // on the offer
  CHECK(has(b.text, "Зачислим: <b>7 кредитов</b>"));
  b.presses("Назад"); // to the packages
  b.says("9");
  CHECK(has(b.text, "Зачислим: <b>9 кредитов</b>"));
  b.presses("Оплатить 900 ⭐");
  REQUIRE(b.opened);
  b.says("8"); // below the invoice
  CHECK(has(b.text, "Зачислим: <b>8 кредитов</b>"));
  b.types("buy");
  b.says("25"); // there are no cards: only Stars are left
  CHECK(has(b.text, "Зачислим: <b>25 кредитов</b>"));
  b.says("0");
  CHECK(has(b.text, "Меньше, чем"));
  CHECK_FALSE(has(b.who.state, "\"prompt\":\"7\""));
  b.known.payment_id = 3, b.known.credits = 7, b.known.amount = 700, b.known.user_id = 5;
  b.who.balance = 7;
  auto e = b.make(event_kind::payment);
  e.payment.telegram_charge_id = "c1", e.payment.payload = "k", e.payment.amount = 700;
  b.happens(e);
  CHECK(has(b.text, "Оплата получена"));
  CHECK_FALSE(has(b.text, "Вас ждёт видео"));
}

TEST_CASE("a text that speaks of a video is one, also on the shop's screens") {
  buyer b;
  b.accepts_terms();
  b.says("2 кота на крыше");
  CHECK(has(b.text, "2 кота на крыше"));
  CHECK(has(b.who.state, "\"prompt\":\"2 кота на крыше\""));
}

TEST_CASE("/buy 50 keeps its word") {
  buyer b;
  b.types("buy", "50");
  CHECK(has(b.text, "Условия покупки"));
  b.presses("Принимаю");
  CHECK(has(b.text, "Зачислим: <b>50 кредитов</b>"));
  b.presses("Назад");
  CHECK(has(b.text, "Сколько кредитов"));
  b.with_cards();
  b.types("buy", "50");
  CHECK(has(b.text, "Купим <b>50 кредитов</b>"));
  b.presses("картой или СБП");
  CHECK(has(b.text, "Зачислим: <b>50 кредитов</b>"));
  CHECK(has(b.text, "₽"));
  b.types("buy", "100500");
  CHECK(has(b.text, "Больше, чем"));
  CHECK(b.offers("картой или СБП"));
  b.types("buy", "please");
  CHECK(has(b.text, "Как удобнее заплатить"));
}

TEST_CASE("by card only packages, when there is no price for one credit: said, with the way out") {
  buyer b;
  b.with_cards();
  b.set.opts.shop.roubles_per_credit = 0;
  b.types("buy");
  b.presses("картой или СБП");
  b.presses("Принимаю");
  b.says("7");
  CHECK(has(b.text, "только пакеты"));
  b.says("10");
  CHECK(has(b.text, "К оплате: <b>900 ₽</b>"));
}

// -- The address for the receipt -----------------------------------------------------------------------

namespace {

struct receipt_buyer : buyer {
  receipt_buyer() {
    with_cards();
    set.opts.yookassa.receipt = true;
    types("buy");
    presses("картой");
    presses("Принимаю");
  }
  void orders() {
    types("buy");
    presses("картой");
    presses("5 кредитов");
    presses("Банковская карта");
  }
  json customer() const { return json::parse(opened->request)["receipt"]["customer"]; }
};

} // namespace

TEST_CASE("a nick, half an address and half a number are told apart and never kept") {
  receipt_buyer b;
  b.orders();
  for (const auto& [typed, words] : std::map<std::string, std::string>{{"@anya_nick", "имя в Telegram"},
                                                                       {"a@b", "после @"},
                                                                       {"8 800", "не хватает цифр"},
                                                                       {"привет", "не похоже"}}) {
    INFO(typed);
    b.says(typed);
    CHECK(has(b.text, words));
    CHECK_FALSE(b.opened);
    CHECK_FALSE(has(b.who.state, "\"contact\":\"" + typed));
  }
  b.says("anna@mail.ru");
  CHECK(has(b.text, "К оплате"));
  b.presses("Банковская карта");
  REQUIRE(b.opened);
  CHECK(b.customer()["email"] == "anna@mail.ru");
}

TEST_CASE("the address can be changed at the offer") {
  receipt_buyer b;
  b.orders();
  b.says("anna@mail.ru");
  b.presses("Изменить адрес для чека");
  CHECK(has(b.text, "Сейчас чек придёт на anna@mail.ru"));
  b.says("other@mail.ru");
  CHECK(has(b.text, "Чек придёт на other@mail.ru"));
  CHECK(has(b.text, "5 кредитов"));
  b.presses("СБП");
  REQUIRE(b.opened);
  CHECK(b.customer()["email"] == "other@mail.ru");
}

TEST_CASE("nonsense that was kept in earlier days is asked for again, not sent") {
  receipt_buyer b;
  auto state = json::parse(b.who.state);
  state["contact"] = "@anya_nick";
  b.who.state = state.dump();
  b.orders();
  CHECK_FALSE(b.opened);
  CHECK(has(b.text, "имя в Telegram"));
  b.says("+7 900 123-45-67");
  b.presses("Банковская карта");
  REQUIRE(b.opened);
  CHECK(b.customer()["phone"] == "79001234567");
}

TEST_CASE("an address that the shop has refused is asked for again, and the purchase goes on") {
  receipt_buyer b;
  b.orders();
  b.says("anna@mial.zz");
  b.presses("Банковская карта");
  REQUIRE(b.opened);
  b.who.refused_contact = "anna@mial.zz"; // the cashier heard it
  SECTION("he types another at once") {
    b.says("anna@mial.zz"); // the same again
    CHECK(has(b.text, "не принял адрес"));
    b.says("7"); // no amount: an address is asked for
    CHECK(has(b.text, "не хватает цифр"));
    b.says("anna@mail.ru");
  }
  SECTION("he presses the button") {
    b.presses_data("contact:5");
    CHECK(has(b.text, "не принял адрес для чека: anna@mial.zz"));
    b.says("anna@mail.ru");
  }
  SECTION("he begins anew") {
    b.orders();
    CHECK_FALSE(b.opened);
    CHECK(has(b.text, "не принял адрес"));
    b.says("anna@mail.ru");
  }
  CHECK(has(b.text, "5 кредитов"));
  b.presses("Банковская карта");
  REQUIRE(b.opened);
  CHECK(b.opened->credits == 5);
  CHECK(b.customer()["email"] == "anna@mail.ru");
}

TEST_CASE("an address that was refused for a card does not matter to an invoice in Stars") {
  receipt_buyer b;
  b.orders();
  b.says("anna@mial.zz");
  b.presses("Банковская карта");
  b.who.refused_contact = "anna@mial.zz";
  b.types("buy");
  b.presses("Telegram Stars");
  b.presses("5 кредитов");
  REQUIRE(b.opened);
  CHECK(b.opened->method == payment_method::stars);
  b.says("кот на луне, и собака");
  CHECK_FALSE(has(b.text, "e-mail"));
  CHECK(has(b.text, "Проверьте запрос"));
}

// -- Money that goes back early, and subscriptions -----------------------------------------------------

TEST_CASE("a refund that overtook its payment is told to the payer and to administrators") {
  buyer b;
  b.known.payment_id = 3, b.known.user_id = 5, b.known.amount = b.known.refunded = 1000;
  auto e = b.make(event_kind::payment_refunded);
  e.payment.telegram_charge_id = "c1", e.payment.amount = 1000, e.payment.currency = "XTR";
  b.happens(e);
  REQUIRE(b.stepped);
  CHECK(b.stepped->user_id == 5);
  CHECK(b.stepped->outside_id == "c1");
  CHECK(b.stepped->refunded == 1000);
  REQUIRE(b.sent.size() >= 2);
  CHECK(b.sent[0].chat_id == 5);
  CHECK(has(b.sent[0].params, "вернул вам 1000 ⭐"));
  CHECK(b.sent[1].chat_id == founder_user_id);
  CHECK(has(b.sent[1].params, "раньше, чем сообщил"));
}

TEST_CASE("a further charge of a subscription is called what it is") {
  buyer b;
  b.known.payment_id = 3, b.known.credits = 11, b.known.amount = 1000, b.known.user_id = 5;
  auto e = b.make(event_kind::payment);
  e.payment.telegram_charge_id = "c2", e.payment.payload = "k", e.payment.amount = 1000;
  e.payment.recurring = true, e.payment.subscription_until = 1'797'592'500'000;
  b.happens(e);
  CHECK(has(b.text, "очередное списание по подписке, она оплачена до 18.12.2026"));
  e.update_id = 999, e.payment.first_recurring = true;
  b.happens(e);
  CHECK_FALSE(has(b.text, "очередное списание"));
}

TEST_CASE("thirty messages in ten seconds are answered with one polite word, and the next one is served") {
  buyer b;
  int answers = 0, notices = 0;
  unix_ms now = 1'700'000'000'000;
  const auto write = [&](const std::string& words) {
    auto e = b.make(event_kind::text);
    e.text = words;
    const auto d = b.rules.decide(e, b.who, {}, now);
    b.who.state = d.state;
    for (auto& m : d.messages) ++(has(m.params, "Слишком много сообщений") ? notices : answers);
    return !d.messages.empty();
  };
  for (int i = 0; i < 30; ++i, now += 333) write("кот " + std::to_string(i));
  CHECK(notices == 1);
  CHECK(answers <= 15);
  now += 10'000;
  CHECK(write("кот последний"));
  CHECK(notices == 1);
}

TEST_CASE("the screens of one place are outdated by the next, answers to questions are not") {
  buyer b;
  b.says("кот");
  REQUIRE(b.sent.size() == 1);
  CHECK(b.sent[0].topic == "screen:card");
  b.types("balance");
  CHECK(b.sent[0].topic == "answer:balance "); // only the same question makes it old
  b.types("nonsense");
  CHECK(b.sent[0].topic == "hint:command");
  b.presses_data("home");
  CHECK(b.sent[1].topic == "edit:900");
}

TEST_CASE(
    "money that fits no invoice is told to every administrator in his language, also to one of the menu") {
  buyer b;
  office_board board;
  board.knows(9, "en", role::admin);
  b.set.opts.office.feedback_chat_id = -500;
  board.moved(-500, -501);
  payment_answer a;
  a.changed = true, a.who = b.who;
  a.now.payment_id = 3, a.now.user_id = 5, a.now.state = payment_state::unmatched;
  const till::voice voice{b.set.words, b.set.opts};
  const till::office_chats office{board.people(b.set.opts, right::refund), board.group_now(b.set.opts)};
  std::map<std::int64_t, std::string> told;
  for (auto& m : voice.office_news(event_kind::payment, a, office)) told[m.chat_id] += m.params;
  CHECK(has(told[9], "Money has come that matches no invoice"));
  CHECK(has(told[9], "credit:3"));
  CHECK(has(told[b.set.opts.users.admin_ids.at(0)], "Пришли деньги"));
  CHECK(has(told[-501], "Пришли деньги")); // where the group is now
  CHECK(told.count(-500) == 0);
  CHECK(voice.office_news(event_kind::button, a, office).empty());
  a.now.state = payment_state::refunded, a.now.credits = 10;
  CHECK(voice.office_news(event_kind::payment_refunded, a, office).size() == 3);
  a.changed = false; // the cashier has told it
  CHECK(voice.office_news(event_kind::payment_refunded, a, office).empty());
}
