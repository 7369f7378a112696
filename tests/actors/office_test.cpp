/// The administrators' menu over real sessions and a real book: what is said and pressed, what stands on the
/// screen, and what is in the book.
#include "tests/actors/reception.hpp"

using namespace troupe;
using namespace troupe::test;

TEST_CASE_METHOD(reception, "the menu opens for an administrator and is unknown to others") {
  says(admin, "/admin");
  CHECK(has(screen(), "Администратор"));
  for (auto label : {"Статистика пользователей", "Рассылка сообщений", "Пользователь", "Очередь", "Журнал"})
    CHECK(offers(label));

  says(ben, "/nonsense");
  const auto to_nonsense = screen(ben);
  for (auto command : {"/admin", "/stats", "/user 77", "/add 2002 1000", "/sub 77 1", "/ban 77", "/unban 77",
                       "/log", "/job 1", "/queue", "/maintenance closed", "/broadcast"}) {
    INFO(command);
    says(ben, command);
    CHECK(screen(ben) == to_nonsense); // the same as to what does not exist
  }
  CHECK(balance_of(ben) == ctx->opts().users.welcome_credits);
  CHECK_FALSE(db->load_account(admin).banned);
}

TEST_CASE_METHOD(reception, "buttons forged by somebody else do nothing and say nothing") {
  says(admin, "/user 2002");
  presses("Начислить");
  says(admin, "10 spasibo");
  const auto yes = data_of("Да");
  const auto before = screen(ben);
  presses_data(ben, "no:such");
  const auto to_nonsense = toasts[ben];
  for (auto data : {"o:menu", "o:stats:7", "o:u:77", "o:give:2002", "o:promote:2002", "o:maint_off",
                    "o:sell:all:0", "o:log:0:0", "o:j:1", "b:new", "b:list"}) {
    INFO(data);
    presses_data(ben, data);
    CHECK(toasts[ben] == to_nonsense);
    CHECK(screen(ben) == before);
  }
  presses_data(ben, yes);
  CHECK(balance_of(ben) == ctx->opts().users.welcome_credits);
  CHECK_FALSE(db->load_account(ben).admin);
}

TEST_CASE_METHOD(reception, "statistics by periods, and of an empty bot") {
  says(admin, "/stats");
  CHECK(has(screen(), "Статистика пользователей"));
  CHECK(has(screen(), "7 дней"));
  CHECK(has(screen(), "Всего 2")); // both are here
  CHECK(has(screen(), "сутки 2, неделя 2, месяц 2"));
  CHECK_FALSE(has(screen(), "{")); // no hole is left in the text
  CHECK(has(screen(), "пока не было"));
  presses("Сутки");
  CHECK(has(screen(), "<i>Сутки</i>"));
  presses("Всё время");
  CHECK(has(screen(), "<i>Всё время</i>"));
  presses_data(admin, "o:stats:12345");
  CHECK_FALSE(has(screen(), "12345"));
}

TEST_CASE_METHOD(reception, "statistics come from a short cache") {
  says(admin, "/stats");
  says(3003, "/start");
  says(admin, "/stats");
  CHECK(has(screen(), "Всего 2"));
  advance(caf::timespan{std::chrono::seconds{ctx->opts().office.stats_cache_s}});
  says(admin, "/stats");
  CHECK(has(screen(), "Всего 3"));
}

TEST_CASE_METHOD(reception, "a user's card is found by id, by name and by a forwarded message") {
  says(admin, "/user 2002");
  CHECK(has(screen(), "Ben @ben"));
  says(admin, "/user @ben");
  CHECK(has(screen(), "<code>2002</code>"));
  says(admin, "/admin");
  presses("Пользователь");
  says(admin, "что-то",
       {{"forward_origin", {{"type", "user"}, {"date", 1}, {"sender_user", person_json(ben)}}}});
  CHECK(has(screen(), "<code>2002</code>"));
}

TEST_CASE_METHOD(reception, "a hidden author is explained, an unknown user asked for again") {
  says(admin, "/admin");
  presses("Пользователь");
  says(admin, "x", {{"forward_origin", {{"type", "hidden_user"}, {"date", 1}, {"sender_user_name", "B"}}}});
  CHECK(has(screen(), "скрывает автора"));
  says(admin, "@nobody");
  CHECK(has(screen(), "не знает"));
  says(admin, "2002");
  CHECK(has(screen(), "Ben @ben"));
}

TEST_CASE_METHOD(reception, "credits are given with a reason, once, and the user hears of it") {
  const auto had = balance_of(ben);
  says(admin, "/user 2002");
  presses("Начислить");
  says(admin, "много");
  CHECK(has(screen(), "целое число"));
  says(admin, "10 за отзыв");
  CHECK(has(screen(), "за отзыв"));
  CHECK(balance_of(ben) == had); // asked first
  const auto yes = data_of("Да");
  presses("Да");
  CHECK(balance_of(ben) == had + 10);
  CHECK(has(screen(ben), "за отзыв"));
  presses_data(admin, yes); // the second press of an old message
  CHECK(balance_of(ben) == had + 10);
  says(admin, "/log");
  CHECK(has(screen(), "<code>2002</code>"));
  CHECK(has(screen(), "за отзыв"));
}

TEST_CASE_METHOD(reception, "/add and /sub do it at once, more than there is is refused with the balance") {
  const auto had = balance_of(ben);
  says(admin, "/add 2002 7 bonus");
  CHECK(balance_of(ben) == had + 7);
  says(admin, "/sub 2002 100000");
  CHECK(balance_of(ben) == had + 7);
  CHECK(has(screen(), "Столько нет"));
  CHECK(has(screen(), std::to_string(had + 7)));
  says(admin, "/sub 2002 7 error");
  CHECK(balance_of(ben) == had);
}

TEST_CASE_METHOD(reception, "wrong arguments are answered with how it is written") {
  for (auto [command, usage] :
       std::map<std::string, std::string>{{"/add", "/add 12345 10"},
                                          {"/add 2002", "/add 12345 10"},
                                          {"/add 2002 0", "/add 12345 10"},
                                          {"/add 2002 -5", "/add 12345 10"},
                                          {"/add 2002 1.5", "/add 12345 10"},
                                          {"/add ben 5", "/add 12345 10"},
                                          {"/add 2002 99999999999999999999", "/add 12345 10"},
                                          {"/sub 2002 x", "/sub 12345 5"},
                                          {"/ban", "/ban 12345"},
                                          {"/unban me", "/unban 12345"},
                                          {"/user", "/user 12345"},
                                          {"/job", "/job 17"}}) {
    INFO(command);
    says(admin, command);
    CHECK(has(screen(), usage));
  }
  CHECK(balance_of(ben) == ctx->opts().users.welcome_credits);
  says(admin, "/add 999 5");
  CHECK(has(screen(), "не знает"));
}

TEST_CASE_METHOD(reception, "a banned user is told why, once unbanned he is served again") {
  says(admin, "/ban 2002 spam");
  CHECK(db->load_account(ben).banned);
  CHECK(has(screen(ben), "spam"));
  says(ben, "/start");
  CHECK_FALSE(has(screen(ben), "Привет"));
  const auto told = screen(ben);
  presses_data(ben, "home");
  CHECK(screen(ben) == told);
  says(admin, "/user 2002");
  CHECK(has(screen(), "забанен: spam"));
  presses("Разбанить");
  presses("Да");
  CHECK_FALSE(db->load_account(ben).banned);
  says(ben, "/start");
  CHECK_FALSE(screens[ben].buttons.empty());
}

TEST_CASE_METHOD(reception, "somebody made an administrator works at once, and no more when taken off") {
  says(admin, "/user 2002");
  presses("Сделать администратором");
  presses("Да");
  CHECK(db->load_account(ben).admin);
  says(ben, "/admin");
  CHECK(has(screen(ben), "Администратор"));
  says(admin, "/user 2002");
  presses("Снять с администраторов");
  presses("Да");
  says(ben, "/stats");
  CHECK_FALSE(has(screen(ben), "Статистика"));
}

TEST_CASE_METHOD(reception, "a message to a user arrives and is in the journal") {
  says(admin, "/user 2002");
  presses("Написать");
  says(admin, "Видео <готово>");
  CHECK(has(screen(ben), "Видео &lt;готово&gt;"));
  CHECK(has(screen(ben), "Ответ поддержки"));
  says(admin, "/log 2002");
  CHECK(has(screen(), "message"));
}

TEST_CASE_METHOD(reception, "a waiting video is cancelled from its card and the credits come back") {
  const auto had = balance_of(ben);
  says(admin, "/add 2002 10");
  order_of_ben();
  CHECK(balance_of(ben) == had + 8);
  says(admin, "/user 2002");
  presses("Видео");
  presses("№1");
  CHECK(has(screen(), "Видео №1"));
  CHECK(has(screen(), "a cat"));
  presses("Отменить");
  CHECK(has(screen(), "отменено"));
  CHECK(balance_of(ben) == had + 10);
  says(admin, "/job 1");
  CHECK_FALSE(offers("Отменить"));
  CHECK(offers("Сделать ещё раз"));
  says(admin, "/job 4711");
  CHECK(has(screen(), "Такого видео нет"));
}

TEST_CASE_METHOD(reception, "a video that failed is made again once, at the service's cost") {
  says(admin, "/add 2002 10");
  order_of_ben();
  says(admin, "/job 1");
  presses("Отменить");
  const auto had = balance_of(ben);
  says(admin, "/job 1");
  presses("Сделать ещё раз");
  const auto yes = data_of("Да");
  presses("Да");
  CHECK(has(screen(), "№2"));
  CHECK(balance_of(ben) == had);
  presses_data(admin, yes);
  says(admin, "/job 3");
  CHECK(has(screen(), "Такого видео нет"));
  says(admin, "/job 1");
  CHECK_FALSE(offers("Сделать ещё раз"));
}

TEST_CASE_METHOD(reception, "a user's operations are shown by the page") {
  for (int i = 1; i <= 20; ++i) says(admin, "/add 2002 1 gift-" + std::to_string(i) + ".");
  says(admin, "/user 2002");
  presses("Операции");
  CHECK(has(screen(), "gift-20."));
  CHECK_FALSE(has(screen(), "gift-3."));
  CHECK_FALSE(offers("◀"));
  presses("▶");
  CHECK(has(screen(), "gift-3."));
  CHECK_FALSE(has(screen(), "gift-20."));
  CHECK_FALSE(offers("▶"));
  presses("◀");
  CHECK(has(screen(), "gift-20."));
}

TEST_CASE_METHOD(reception, "the queue is shown, stopped and started") {
  says(admin, "/queue");
  CHECK(has(screen(), "Никто ничего не ждёт"));
  says(admin, "/add 2002 10");
  order_of_ben(2);
  says(admin, "/queue");
  CHECK(has(screen(), "ждут 2"));
  presses("Остановить всё");
  CHECK(db->load_open_work().settings.size() == 1);
  says(admin, "/queue");
  CHECK(has(screen(), "остановлена"));
  presses("Запустить всё");
  says(admin, "/queue");
  CHECK_FALSE(has(screen(), "остановлена"));
}

TEST_CASE_METHOD(reception, "maintenance is announced with its text") {
  says(admin, "/maintenance Вернёмся в полдень");
  CHECK(has(screen(), "Вернёмся в полдень"));
  says(admin, "/admin");
  presses("Обслуживание");
  CHECK(has(screen(), "включено"));
  presses("Выключить");
  CHECK(has(screen(), "закончено"));
}

TEST_CASE_METHOD(reception, "a price is changed from the menu, a senseless one is refused with the reason") {
  says(admin, "/admin");
  presses("Модели и цены");
  presses_data(admin, "o:m:0");
  presses("Изменить цену");
  says(admin, "-3");
  CHECK(has(screen(), "Так нельзя"));
  says(admin, "дорого");
  CHECK(has(screen(), "Так нельзя"));
  const auto& m = ctx->settings->models.at(0);
  std::string prices;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, m.prices.size()); ++i) prices += "9 ";
  says(admin, prices);
  CHECK(has(screen(), "Поставить"));
  CHECK(has(screen(), "Сейчас: "));
  CHECK_FALSE(has(screen(), "Сейчас: —"));
  presses("Да");
  CHECK(has(screen(), "Действует сразу"));
  const auto settings = db->load_open_work().settings;
  REQUIRE(settings.size() == 1);
  CHECK(has(settings.begin()->first, "model:" + m.id));
  says(admin, "/log");
  CHECK(has(screen(), "setting"));
}

TEST_CASE_METHOD(reception, "models and options that do not exist are not found by forged numbers") {
  for (auto data :
       {"o:m:99", "o:m:-1", "o:price:99", "o:opt:99", "o:opt:", "o:sell:99:0", "o:sell::0", "o:sell:0:2",
        "o:u:", "o:j:x", "o:log:x:y", "o:ua:2002:-5", "o:yes:", "o:yes:0", "o:give:", "o:jc:5"}) {
    INFO(data);
    presses_data(admin, data);
    says(admin, "/admin");
    CHECK(has(screen(), "Администратор")); // the session lives
  }
  CHECK(db->load_open_work().settings.empty());
}

TEST_CASE_METHOD(reception, "what a user did is seen by administrators") {
  says(ben, "привет");
  says(admin, "/user 2002");
  presses("Что делал");
  CHECK(has(screen(), "/start"));
}
