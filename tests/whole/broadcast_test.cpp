/// Broadcasts of the real program to a crowd in the sandbox, which plays Telegram's flood control: killed in
/// the middle, and in a storm of refusals. The journal is compared with what people got.
#include "tests/whole/town.hpp"
#include <ctime>
#include <random>

using namespace troupe;
using namespace troupe::test;

TEST_CASE("a broadcast killed at 40 % and ten times more goes on by itself, and nobody gets it twice") {
  town t;
  t.broadcast_to_all();
  REQUIRE(within(60s, [&] { return t.received() >= many * 4 / 10; }));
  std::mt19937 rng{20261126};
  for (int k = 0; k < 11; ++k) {
    t.kill();
    t.start();
    std::this_thread::sleep_for(std::chrono::milliseconds{200 + rng() % 500});
  }
  REQUIRE(within(90s, [&] { return t.state().state == broadcast_state::done; }));
  t.check_books();
  CHECK(t.received() > many / 2);
  CHECK(t.state().blocked > 0);
  const bool told = within(30s, [&] { return t.said(admin, "закончена") != 0; });
  CAPTURE(t.chat(admin).dump(1));
  CHECK(told);
}

TEST_CASE("in a storm of refusals every wait is obeyed, and all get the broadcast") {
  town t;
  t.broadcast_to_all();
  REQUIRE(t.post("/sandbox/flood", {{"storm_s", 4}, {"storm_percent", 50}, {"retry_after", 2}}).is_object());
  REQUIRE(within(90s, [&] { return t.state().state == broadcast_state::done; }));
  t.check_books();
  const auto b = t.state();
  CHECK(b.unknown == 0);
  CHECK(t.copies() == b.sent);
  CHECK(t.get("/sandbox/flood")["answers_429"] > 3);
  const auto violations = t.get("/sandbox/violations");
  CAPTURE(violations);
  CHECK(violations["total"] == 0);
}

TEST_CASE("who has blocked the bot is left out of the next broadcast") {
  town t;
  t.broadcast_to_all();
  REQUIRE(within(90s, [&] { return t.state().state == broadcast_state::done; }));
  const auto b = t.state();
  CHECK(b.blocked == many * blocked_percent / 100);
  CHECK(t.reachable() == b.total - b.blocked);
}

TEST_CASE("a broadcast is paused and goes on, then edited and deleted everywhere") {
  town t{few, 6};                              // slow enough for somebody to press "pause" in the middle
  t.post("/sandbox/flood", {{"mode", "off"}}); // three edits of one chat in a row, at our rate alone
  t.broadcast_to_all();
  REQUIRE(t.presses("Пауза"));
  REQUIRE(within(15s, [&] { return t.state().state == broadcast_state::paused; }));
  std::this_thread::sleep_for(1s);
  const auto stood = t.received();
  std::this_thread::sleep_for(2s);
  CHECK(t.received() == stood);
  CHECK(stood < few);
  REQUIRE(t.presses("Продолжить"));
  REQUIRE(t.ends(1));
  const auto sent = t.state().sent;

  REQUIRE(t.presses_data("b:e:1"));
  REQUIRE(t.shows("Пришлите новый текст рассылки"));
  t.say("Новая модель уже завтра");
  REQUIRE(t.presses_data("b:go:"));
  REQUIRE(t.ends(2));
  CHECK(t.state().sent == sent);
  CHECK(t.calls("editMessageText") >= sent - 1); // one is the administrator's

  REQUIRE(t.presses_data("b:d:1"));
  REQUIRE(t.presses_data("b:go:"));
  REQUIRE(t.ends(3));
  CHECK(t.state().sent == sent);
  CHECK(t.calls("deleteMessage") + t.calls("deleteMessages") >= sent - 1);
}

TEST_CASE("a forwarded post is copied to all, and to who has come back") {
  town t{few};
  constexpr std::int64_t ann = 7;
  t.post("/sandbox/users", {{"id", ann}, {"first_name", "Ann"}, {"language_code", "ru"}});
  t.post("/sandbox/send", {{"user_id", ann}, {"text", "/start"}});
  t.say("/start");
  REQUIRE(within(15s, [&] { return t.reachable() == few + 2; }));
  t.post("/sandbox/block", {{"user_id", ann}});
  CHECK(within(15s, [&] { return t.reachable() == few + 1; })); // Telegram has told it
  t.post("/sandbox/block", {{"user_id", ann}, {"blocked", false}});
  CHECK(within(15s, [&] { return t.reachable() == few + 2; }));

  t.begins_broadcast();
  t.post("/sandbox/send", {{"user_id", ann}, {"text", text}});
  json post;
  for (auto& m : t.get("/sandbox/chat?user_id=" + std::to_string(ann)))
    if (m.value("text", "") == text) post = m["message_id"];
  REQUIRE(t.post("/sandbox/forward", {{"user_id", admin}, {"from_chat_id", ann}, {"message_id", post}})
              .is_object());
  REQUIRE(t.presses("Посчитать"));
  REQUIRE(t.presses("Отправить"));
  REQUIRE(t.ends(1));
  const auto b = t.state();
  CHECK(b.method == "copyMessage");
  CHECK(b.blocked == few * blocked_percent / 100);
  CHECK(b.sent == few + 2 - b.blocked); // the administrator and Ann too
  CHECK(t.received() == few - b.blocked);
  CHECK(t.crowd()["repeats"] == 0);
}

TEST_CASE("an album is counted, confirmed and gets to all, with its caption") {
  town t{few};
  t.post("/sandbox/flood", {{"mode", "off"}});
  t.begins_broadcast();
  const json one{{"photo_base64", "cGljdHVyZSBvbmU="}, {"caption", text}},
      two{{"photo_base64", "cGljdHVyZSB0d28="}};
  REQUIRE(t.post("/sandbox/send", {{"user_id", admin}, {"album", {one, two}}}).is_array());
  REQUIRE(t.shows("альбом, файлов: 2"));
  REQUIRE(within(15s, [&] { // pressed before the album is whole, it asks for patience
    return t.press_label(admin, "Посчитать") &&
           within(2s, [&] { return t.said(admin, "Получателей: ") != 0; });
  }));
  REQUIRE(t.presses("🚀 Отправить"));
  REQUIRE(t.ends(1));
  const auto b = t.state();
  CHECK(b.blocked == few * blocked_percent / 100);
  CHECK(b.sent == few + 1 - b.blocked);
  CHECK(t.calls("sendMediaGroup") == few);
  CHECK(t.received() == 2 * (few - b.blocked)); // each item is a message
  CHECK(t.crowd()["repeats"] == 0);
}

TEST_CASE("a broadcast planned for a time that passes while the engine is dead goes out when it is back") {
  town t{few};
  t.begins_broadcast();
  t.say(text);
  REQUIRE(t.presses("Когда"));
  REQUIRE(t.shows("Сейчас в Москве"));
  t.say("вчера");
  REQUIRE(t.shows("Не понял время"));
  t.say("через 1 минуту");
  REQUIRE(t.presses("Посчитать"));
  REQUIRE(t.shows("получателей пересчитаю в этот момент"));
  REQUIRE(t.presses("🕒 Запланировать"));
  REQUIRE(t.shows("запланирована на"));
  t.kill();
  const auto due = t.state().starts_at;
  REQUIRE(within(90s, [&] { return std::time(nullptr) * 1000 > due; }));
  CHECK(t.received() == 0);
  t.start();
  REQUIRE(t.ends(1));
  t.check_books();
  CHECK(t.shows("закончена"));
}

TEST_CASE("two broadcasts at once share the rate, and neither hurts the other") {
  town t;
  t.broadcast_to_all();
  constexpr auto other = "Скидка до утра";
  t.begins_broadcast();
  t.say(other);
  REQUIRE(within(15s, [&] { // the first one's draft has such a button too
    return t.press_label(admin, "Посчитать") &&
           within(2s, [&] { return t.said(admin, "Получателей: ") != 0; });
  }));
  REQUIRE(t.presses("🚀 Отправить"));
  const auto got = [&](const std::string& words) {
    std::int64_t n = 0;
    const auto seen = t.crowd();
    for (auto& one : seen["texts"])
      if (one["text"] == words) n = one["received"];
    return n;
  };
  REQUIRE(within(15s, [&] { return got(other) > 20; }));
  const auto first = got(text), second = got(other);
  REQUIRE(within(15s, [&] { return got(other) - second >= 30; }));
  const auto a = got(text) - first, b = got(other) - second;
  CAPTURE(first, second, a, b);
  CHECK(a > b / 2);
  CHECK(b > a / 2);
  REQUIRE(t.ends(2));
  REQUIRE(within(60s, [&] {
    return t.facts<broadcasts_page>(broadcasts_query{0, 0, 9}).all.back().state == broadcast_state::done;
  }));
  CHECK(t.crowd()["repeats"] == 0);
  CHECK(got(text) == got(other));
  CHECK(t.get("/sandbox/violations")["total"] == 0);
}
