/// An administrator's day with the real program over the sandbox's HTTP: what he says and presses, what he
/// and the others read, and what the file holds. Rules are proved in tests/actors/office_test.cpp; here it is
/// the whole that must hold together, over a kill too.
#include "tests/whole/office_stage.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::int64_t ann = 2002, ben = 3003;

struct office_hours : office_stage {
  explicit office_hours(std::map<std::string, std::string> more = {}) : office_stage{usual(std::move(more))} {
    start();
    person(ann, "Анна");
    say(ann, "/start");
    REQUIRE(has_balance(ann, 3));
  }
  /// Telegram's patience with one chat is not what is asked here.
  static std::map<std::string, std::string> usual(std::map<std::string, std::string> more) {
    more.insert(
        {{"TROUPE_TELEGRAM_CHAT_MESSAGES_PER_SECOND", "50"}, {"TROUPE_TELEGRAM_CHAT_BURST_MESSAGES", "50"}});
    return more;
  }
  void restart() { kill(), start(); }
  /// A typed act, and its "yes".
  void does(const std::string& command) {
    const auto before = said(admin, "?\n"); // the newest question so far
    say(command);
    REQUIRE(within(15s, [&] { return said(admin, "?\n") > before; }));
    REQUIRE(presses("✅ Да"));
  }
  /// To the card with the button that orders.
  void asks(std::int64_t user, const std::string& prompt) {
    say(user, prompt);
    REQUIRE(sees(user, prompt + "\n\nМодель"));
  }
  /// @returns the job's id.
  std::int64_t orders(std::int64_t user, const std::string& prompt) {
    const auto newest = [&] {
      const auto all = book([&](auto& file) { return file.jobs_of(user, 0, 1); });
      return all.empty() ? std::int64_t{0} : all[0].job_id;
    };
    const auto before = newest();
    asks(user, prompt);
    REQUIRE(press(user, "run:"));
    REQUIRE(within(15s, [&] { return newest() > before; }));
    return newest();
  }
  bool becomes(std::int64_t job_id, job_state state) {
    return within(20s,
                  [&] { return book([&](auto& file) { return file.load_job(job_id); }).state == state; });
  }
  std::string to(std::int64_t user) { return " " + std::to_string(user); }
};

} // namespace

TEST_CASE_METHOD(office_hours, "statistics are read from the menu, by periods") {
  kill();
  with["TROUPE_OFFICE_STATS_CACHE_S"] = "0";
  start();
  REQUIRE(becomes(orders(ann, "маяк ночью"), job_state::completed));
  say("/admin");
  REQUIRE(presses("Статистика пользователей"));
  REQUIRE(shows("Всего 2"));
  CHECK(shows("готово 1"));
  REQUIRE(presses("Сутки"));
  CHECK(shows("Сутки\n\nВсего 2, новых 2\nАктивны: сутки 2, неделя 2, месяц 2"));
  say("/stats");
  CHECK(shows("7 дней\n\nВсего 2"));
  say(ann, "/stats");
  say(ann, "/balance");
  REQUIRE(sees(ann, "2 кредита"));
  CHECK(said(ann, "Статистика") == 0);
  check_audit();
}

TEST_CASE_METHOD(
    office_hours,
    "a user's card is opened by a forwarded message, credits are given and taken with a reason") {
  say("/admin");
  REQUIRE(presses("Пользователь"));
  REQUIRE(shows("Кого показать"));
  const auto words = say(ann, "помогите");
  post("/sandbox/forward", {{"user_id", admin}, {"from_chat_id", ann}, {"message_id", words}});
  REQUIRE(shows("Баланс: 3 кредита"));
  REQUIRE(presses("Начислить"));
  REQUIRE(shows("Сколько кредитов начислить"));
  say("10 за отзыв");
  REQUIRE(shows("Причина: за отзыв"));
  CHECK(balance(ann) == 3);
  REQUIRE(presses("Да"));
  CHECK(has_balance(ann, 13));
  CHECK(sees(ann, "Мы начислили вам 10 кредитов: за отзыв"));

  say("/sub" + to(ann) + " 100");
  CHECK(shows("Столько нет"));
  does("/sub" + to(ann) + " 3 ошибка");
  CHECK(has_balance(ann, 10));
  say("/add" + to(ann) + " много");
  CHECK(shows("Так: /add 12345 10"));
  restart();
  say("/log" + to(ann));
  REQUIRE(shows("Журнал"));
  CHECK(shows("за отзыв"));
  CHECK(shows("ошибка"));
  check_audit();
}

TEST_CASE_METHOD(office_hours,
                 "a ban stops messages, buttons and payments, not the video under way, and ends") {
  does("/add" + to(ann) + " 10");
  REQUIRE(has_balance(ann, 13));
  say(ann, "/buy");
  REQUIRE(within(15s, [&] { return press(ann, "ways:s"); }));
  REQUIRE(within(15s, [&] { return press_label(ann, "500") || (press(ann, "terms:s"), false); }));
  std::int64_t invoice = 0;
  REQUIRE(within(15s, [&] {
    for (auto& m : chat(ann))
      if (m.contains("invoice")) invoice = m["message_id"];
    return invoice != 0;
  }));
  const auto job = orders(ann, "маяк ночью");
  does("/ban" + to(ann) + " спам");
  REQUIRE(sees(ann, "Доступ к боту закрыт: спам"));
  CHECK(becomes(job, job_state::completed));
  const auto paid = post("/sandbox/pay", {{"user_id", ann}, {"message_id", invoice}});
  CAPTURE(paid);
  CHECK(paid.value("state", "") == "refused");
  CHECK(paid.value("error", "").find("оплата не принята") != std::string::npos);
  const auto before = chat(ann).size();
  press(ann, "home");
  say(ann, "/balance");
  restart();
  say(ann, "/balance");
  say("/user" + to(ann));
  REQUIRE(shows("доступ закрыт: спам"));
  CHECK(said(ann, "12 кредитов") == 0);
  CAPTURE(chat(ann).dump(1));
  CHECK(chat(ann).size() >= before);

  does("/unban" + to(ann));
  REQUIRE(sees(ann, "снова открыт"));
  say(ann, "/balance");
  CHECK(sees(ann, "12 кредитов"));
  check_audit();
}

TEST_CASE_METHOD(office_hours,
                 "an administrator writes to a user, makes another administrator and takes him off again") {
  say("/user" + to(ann));
  REQUIRE(presses("Написать"));
  REQUIRE(shows("Что написать"));
  say("Ваше видео <готово>");
  CHECK(sees(ann, "Ваше видео <готово>"));
  say("/user" + to(ann));
  REQUIRE(presses("Сделать администратором"));
  REQUIRE(presses("Да"));
  REQUIRE(shows("теперь администратор"));
  say(ann, "/queue");
  CHECK(sees(ann, "Никто ничего не ждёт"));
  say("/user" + to(ann));
  REQUIRE(presses("Снять роль"));
  REQUIRE(presses("Да"));
  REQUIRE(shows("роли больше нет"));
  say(ann, "/log");
  say(ann, "/balance");
  REQUIRE(sees(ann, "3 кредита"));
  CHECK(said(ann, "Журнал") == 0);
}

TEST_CASE_METHOD(office_hours,
                 "a video's card shows its way, gives the credits back once, and makes a failed one again") {
  const auto good = orders(ann, "маяк ночью");
  REQUIRE(becomes(good, job_state::completed));
  REQUIRE(has_balance(ann, 2));
  say("/job" + to(good));
  REQUIRE(shows("Задача: "));
  CHECK(shows("маяк ночью"));
  REQUIRE(presses("Вернуть кредиты"));
  REQUIRE(shows("Это можно один раз"));
  REQUIRE(presses("Да"));
  CHECK(has_balance(ann, 3));
  press_label(admin, "Да");
  say("/job" + to(good));
  CHECK(shows("кредиты вернул администратор"));
  CHECK(balance(ann) == 3);

  post("/sandbox/kie", {{"fail_percent", 100}});
  const auto bad = orders(ann, "маяк днём");
  REQUIRE(becomes(bad, job_state::failed));
  CHECK(has_balance(ann, 3));
  post("/sandbox/kie", {{"fail_percent", 0}});
  say("/job" + to(bad));
  REQUIRE(presses("Сделать ещё раз"));
  REQUIRE(presses("Да"));
  REQUIRE(shows("Видео делается ещё раз"));
  CHECK(becomes(bad + 1, job_state::completed));
  CHECK(balance(ann) == 3); // at the service's cost
  check_audit();
}

TEST_CASE_METHOD(office_hours,
                 "the queue shows who waits, a waiting video is cancelled, and a stop outlives a kill") {
  post("/sandbox/kie", {{"refuse_next", -1}, {"refuse_code", 455}, {"refuse_msg", "Service Unavailable"}});
  const auto job = orders(ann, "маяк ночью");
  say("/queue");
  REQUIRE(shows("ждут 1"));
  say("/job" + to(job));
  REQUIRE(presses("Отменить"));
  REQUIRE(shows("Отменить видео №"));
  REQUIRE(presses("✅ Да"));
  CHECK(shows("отменено, кредиты вернулись"));
  CHECK(has_balance(ann, 3));

  say("/queue");
  REQUIRE(presses("Остановить всё"));
  REQUIRE(shows("Остановлено: вся генерация"));
  restart();
  say("/queue");
  CHECK(shows("Вся генерация остановлена"));
  post("/sandbox/kie", {{"refuse_next", 0}});
  asks(ann, "кот на крыше");
  CHECK(sees(ann, "Новые видео сейчас приостановлены"));
  CHECK_FALSE(press(ann, "run:")); // what cannot be started is not offered
  CHECK(book([&](auto& file) { return file.jobs_of(ann, 0, 9); }).size() == 1); // nothing is sold
  say("/queue");
  REQUIRE(presses("Запустить всё"));
  REQUIRE(shows("Снова работает"));
  CHECK(becomes(orders(ann, "кот под крышей"), job_state::completed));
  check_audit();
}

TEST_CASE_METHOD(office_hours, "maintenance is read instead of an order, over a kill, until it ends") {
  say("/maintenance Вернёмся в полдень");
  REQUIRE(shows("Обслуживание включено"));
  restart();
  asks(ann, "маяк ночью");
  CHECK(sees(ann, "Вернёмся в полдень"));
  CHECK_FALSE(press(ann, "run:"));
  CHECK(balance(ann) == 3);
  say("/admin");
  REQUIRE(presses("🚧 Обслуживание"));
  REQUIRE(presses("Выключить обслуживание"));
  REQUIRE(shows("заказы снова принимаются"));
  CHECK(becomes(orders(ann, "маяк днём"), job_state::completed));
  check_audit();
}

TEST_CASE_METHOD(office_hours, "a price changed from the menu holds at once and after a kill") {
  does("/add" + to(ann) + " 50");
  REQUIRE(has_balance(ann, 53));
  say("/admin");
  REQUIRE(presses("Модели и цены"));
  REQUIRE(presses_data("o:m:veo-3-fast"));
  REQUIRE(presses("Изменить цену"));
  REQUIRE(shows("Пришлите нов"));
  say("дорого");
  REQUIRE(shows("Так нельзя"));
  const bool by_length = said(admin, "по одной на длину") != 0;
  say(by_length ? "9 9 9" : "9");
  REQUIRE(presses("Да"));
  REQUIRE(shows("Действует сразу"));
  orders(ann, "маяк ночью");
  CHECK(has_balance(ann, 44));
  restart();
  orders(ann, "маяк днём");
  CHECK(has_balance(ann, 35));
  check_audit();
}

TEST_CASE_METHOD(office_hours, "feedback arrives with the user's id, and the answer goes back") {
  say(ann, "/feedback");
  REQUIRE(sees(ann, "Напишите, что случилось"));
  say(ann, "Не вижу видео");
  REQUIRE(sees(ann, "Передали"));
  REQUIRE(shows("#u2002"));
  std::int64_t theirs = 0;
  REQUIRE(within(15s, [&] { return (theirs = said(admin, "Не вижу видео")) != 0; }));
  restart();
  say(admin, "Уже выслали", theirs);
  CHECK(sees(ann, "Уже выслали"));
  CHECK(shows("Ответ ушёл пользователю 2002"));
}

TEST_CASE_METHOD(office_hours, "feedback goes to the group that is configured, and is answered there") {
  constexpr std::int64_t group = -1'001'234'567;
  post("/sandbox/groups", {{"id", group}, {"title", "Поддержка"}});
  kill();
  with["ADMIN_FEEDBACK_CHAT_ID"] = std::to_string(group);
  start();
  say(ann, "/feedback");
  REQUIRE(sees(ann, "Напишите, что случилось"));
  say(ann, "Не вижу видео");
  REQUIRE(sees(group, "Не вижу видео"));
  post("/sandbox/send", {{"user_id", admin},
                         {"chat_id", group},
                         {"text", "Уже выслали"},
                         {"reply_to", said(group, "Не вижу видео")}});
  CHECK(sees(ann, "Уже выслали"));
  CHECK(said(admin, "Не вижу видео") == 0);
}

TEST_CASE_METHOD(office_hours,
                 "a feedback group that became a supergroup, and one that refuses: no letter is lost") {
  constexpr std::int64_t group = -4'711, supergroup = -1'000'000'004'711;
  post("/sandbox/groups", {{"id", group}, {"title", "Поддержка"}});
  kill();
  with["ADMIN_FEEDBACK_CHAT_ID"] = std::to_string(group);
  start();
  const auto writes = [&](const std::string& words) {
    say(ann, "/feedback");
    REQUIRE(sees(ann, "Напишите, что случилось"));
    say(ann, words);
  };
  REQUIRE(sees(group, "Движок запущен"));
  post("/sandbox/groups/move", {{"id", group}, {"told", false}}); // nobody tells the bot
  writes("Не вижу видео");
  CHECK(sees(supergroup, "Не вижу видео"));
  CHECK(sees(ann, "✅ Передали"));
  restart();
  CHECK(sees(supergroup, "Движок запущен"));
  post("/sandbox/send", {{"user_id", admin},
                         {"chat_id", supergroup},
                         {"text", "Уже выслали"},
                         {"reply_to", said(supergroup, "Не вижу видео")}});
  CHECK(sees(ann, "Уже выслали"));

  post("/sandbox/groups/refuse",
       {{"id", supergroup}, {"words", "Forbidden: bot was kicked from the supergroup chat"}});
  writes("И второе не вижу");
  CHECK(shows("И второе не вижу"));
  CHECK(shows("не принимает сообщения: Forbidden: bot was kicked"));
  post("/sandbox/groups/refuse", {{"id", supergroup}, {"words", ""}});
  writes("А третье вижу");
  CHECK(sees(supergroup, "А третье вижу"));
  CHECK(shows("снова принимает сообщения"));
  CHECK(said(admin, "А третье вижу") == 0);
  check_audit();
}

TEST_CASE_METHOD(office_hours,
                 "administrators hear of a restart and of a provider without credits, each once") {
  post("/sandbox/kie", {{"keys", {{{"key", "sandbox"}, {"credits", 1000}}}}});
  kill();
  with["TROUPE_KIE_CREDITS_CHECK_EVERY_S"] = "1";
  start();
  REQUIRE(shows("Движок запущен"));
  REQUIRE(shows("мало кредитов"));
  REQUIRE(
      within(5s, [&] { return get("/sandbox/stats")["calls"].dump().find("credit") != std::string::npos; }));
  int told = 0;
  for (auto& m : chat(admin)) told += words_of(m).find("мало кредитов") != std::string::npos;
  CHECK(told == 1);
}

TEST_CASE("who presses too fast is told so once, also over a restart, and the gift is given once") {
  office_hours hours{{{"TROUPE_USERS_ACTIONS_PER_MINUTE", "6"}}};
  for (int i = 0; i < 12; ++i) hours.say(ann, "/balance");
  REQUIRE(hours.sees(ann, "слишком быстро"));
  hours.running->end(SIGTERM); // a kill might repeat the notice itself, whose arrival was not stored yet
  hours.start();
  for (int i = 0; i < 4; ++i) hours.say(ann, "/start");
  hours.say("/user" + hours.to(ann));
  REQUIRE(hours.presses("Что делал"));
  REQUIRE(hours.shows("/balance"));
  int told = 0, greeted = 0;
  for (auto& m : hours.chat(ann)) {
    told += office_stage::words_of(m).find("слишком быстро") != std::string::npos;
    greeted += office_stage::words_of(m).find("Привет") != std::string::npos;
  }
  CAPTURE(hours.chat(ann).dump(1));
  CHECK(told == 1);
  CHECK(greeted <= 1);
  CHECK(hours.balance(ann) == 3);
}
