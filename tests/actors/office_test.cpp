/// The administrators' menu over real sessions and a real book: what is said and pressed, what stands on the
/// screen, and what is in the book.
#include "tests/actors/reception.hpp"
#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

struct office_day : reception {
  /// A typed act, confirmed.
  void does(const std::string& command) {
    says(admin, command);
    presses("Да");
  }
  /// A model of the catalogue, by what its button is called.
  std::string model_button(std::size_t i) const { return "o:m:" + ctx->settings->models.at(i).id; }
};

} // namespace

TEST_CASE_METHOD(office_day, "the menu opens for an administrator and is unknown to others") {
  says(admin, "/admin");
  CHECK(has(screen(), "Управление ботом"));
  CHECK(has(screen(), "Ваша роль: владелец"));
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

TEST_CASE_METHOD(office_day, "buttons forged by somebody else do nothing and say nothing") {
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
  CHECK(db->load_account(ben).rank == role::none);
}

TEST_CASE_METHOD(office_day, "statistics by periods, and of an empty bot") {
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

TEST_CASE_METHOD(office_day, "statistics come from a short cache") {
  says(admin, "/stats");
  says(3003, "/start");
  says(admin, "/stats");
  CHECK(has(screen(), "Всего 2"));
  advance(caf::timespan{std::chrono::seconds{ctx->opts().office.stats_cache_s}});
  says(admin, "/stats");
  CHECK(has(screen(), "Всего 3"));
}

TEST_CASE_METHOD(office_day, "a user's card is found by id, by name and by a forwarded message") {
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

TEST_CASE_METHOD(office_day, "a hidden author is explained, an unknown user asked for again") {
  says(admin, "/admin");
  presses("Пользователь");
  says(admin, "x", {{"forward_origin", {{"type", "hidden_user"}, {"date", 1}, {"sender_user_name", "B"}}}});
  CHECK(has(screen(), "скрывает автора"));
  says(admin, "@nobody");
  CHECK(has(screen(), "не знает"));
  says(admin, "2002");
  CHECK(has(screen(), "Ben @ben"));
}

TEST_CASE_METHOD(office_day, "credits are given with a reason, once, and the user hears of it") {
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

TEST_CASE_METHOD(office_day,
                 "typed /add and /sub ask as the buttons do: who, how much, the balance before and after") {
  const auto had = balance_of(ben);
  const auto credits = [&](std::int64_t n) { return ctx->settings->words.count("ru", "credits", n); };
  says(admin, "/add 2002 7 bonus");
  CHECK(balance_of(ben) == had);
  for (const auto& part : {std::string{"Ben @ben"}, std::string{"<code>2002</code>"}, credits(7),
                           std::string{"bonus"}, credits(had) + " → <b>" + credits(had + 7)}) {
    INFO(part << " in: " << screen());
    CHECK(has(screen(), part));
  }
  presses("Да");
  CHECK(balance_of(ben) == had + 7);
  CHECK(has(screen(ben), "bonus"));
  says(admin, "/sub 2002 100000");
  CHECK(has(screen(), "Столько нет"));
  CHECK(has(screen(), std::to_string(had + 7)));
  CHECK_FALSE(offers("Да"));
  says(admin, "/sub 2002 7 error");
  CHECK(has(screen(), credits(had + 7) + " → <b>" + credits(had)));
  CHECK(balance_of(ben) == had + 7);
  presses("Да");
  CHECK(balance_of(ben) == had);
}

TEST_CASE_METHOD(office_day,
                 "typed /ban and /unban ask too, and a ban that changes nothing is not asked about") {
  says(admin, "/ban 2002 spam");
  CHECK_FALSE(db->load_account(ben).banned);
  CHECK(has(screen(), "Ben @ben"));
  CHECK(has(screen(), "spam"));
  presses("Да");
  CHECK(db->load_account(ben).banned);
  says(admin, "/ban 2002 again");
  CHECK(has(screen(), "уже сделано"));
  CHECK_FALSE(offers("Да"));
  says(admin, "/unban 2002");
  CHECK(db->load_account(ben).banned);
  presses("Да");
  CHECK_FALSE(db->load_account(ben).banned);
  says(admin, "/ban 77");
  CHECK(has(screen(), "с ролью забанить нельзя"));
  CHECK_FALSE(db->load_account(admin).banned);
}

TEST_CASE_METHOD(office_day, "more than office.give_max at once is asked a second time, in other words") {
  const auto had = balance_of(ben), most = std::int64_t{ctx->opts().office.give_max};
  does("/add 2002 " + std::to_string(most)); // once is enough
  CHECK(balance_of(ben) == had + most);
  says(admin, "/add 2002 1000000");
  const auto first = screen(), first_yes = data_of("Да");
  presses("Да");
  CHECK(balance_of(ben) == had + most);
  CHECK(screen() != first);
  CHECK(has(screen(), "больше, чем обычно"));
  CHECK(data_of("Да") != first_yes);
  const auto second_yes = data_of("Да");
  presses_data(admin, first_yes);
  CHECK(balance_of(ben) == had + most);
  presses_data(admin, second_yes);
  CHECK(balance_of(ben) == had + most + 1'000'000);
  presses_data(admin, second_yes);
  CHECK(balance_of(ben) == had + most + 1'000'000);
  says(admin, "/add 2002 1000001"); // the ceiling stays, and is named
  CHECK(has(screen(), "не больше 1\u202f000\u202f000 кредитов"));
}

TEST_CASE_METHOD(office_day, "a question is void once something else is done") {
  const auto had = balance_of(ben);
  for (const auto& other : {"/stats", "/balance", "/add 2002 3", "/broadcasts"}) {
    INFO(other);
    says(admin, "/add 2002 7");
    const auto yes = data_of("Да");
    says(admin, other);
    presses_data(admin, yes);
    CHECK(balance_of(ben) == had);
    CHECK(has(toasts[admin], "уже не действует"));
  }
  for (const auto& other : {"o:menu", "b:list", "home", "o:u:2002"}) {
    INFO(other);
    says(admin, "/add 2002 7");
    const auto yes = data_of("Да");
    presses_data(admin, other);
    presses_data(admin, yes);
    CHECK(balance_of(ben) == had);
  }
}

TEST_CASE_METHOD(
    office_day, "a question stands over a restart, and is asked anew when its balance is not true any more") {
  const auto had = balance_of(ben);
  says(admin, "/add 2002 7");
  restart_sessions();
  presses("Да");
  CHECK(balance_of(ben) == had + 7);

  says(admin, "/add 2002 5");
  restart_sessions();
  admin_action elsewhere; // another administrator is faster
  elsewhere.key = "other", elsewhere.admin_id = admin, elsewhere.at = now(), elsewhere.what = admin_act::take;
  elsewhere.user_id = ben, elsewhere.amount = 4;
  ask<admin_answer>(ledger, elsewhere);
  const auto yes = data_of("Да");
  presses("Да");
  CHECK(balance_of(ben) == had + 3);
  CHECK(has(screen(), "баланс изменился"));
  CHECK(has(screen(), ctx->settings->words.count("ru", "credits", had + 8)));
  presses_data(admin, yes);
  CHECK(balance_of(ben) == had + 3);
  presses("Да");
  CHECK(balance_of(ben) == had + 8);
}

TEST_CASE_METHOD(office_day, "a corrected amount asks again and is no prompt for a video") {
  const auto had = balance_of(ben);
  says(admin, "/user 2002");
  presses("Начислить");
  says(admin, "100 за отзыв");
  const auto yes = data_of("Да");
  says(admin, "10 за отзыв");
  CHECK(has(screen(), ctx->settings->words.count("ru", "credits", 10)));
  CHECK(data_of("Да") != yes);
  says(admin, "ой");
  CHECK(has(screen(), "ещё ждёт ответа"));
  presses_data(admin, yes);
  CHECK(balance_of(ben) == had);
  says(admin, "/add 2002 100");
  says(admin, "12 верно");
  presses("Да");
  CHECK(balance_of(ben) == had + 12);
}

TEST_CASE_METHOD(office_day,
                 "a button for a model means that model, also when the catalogue has changed since") {
  says(admin, "/admin");
  presses("Модели и цены");
  const auto first = ctx->settings->models.at(0).id;
  presses_data(admin, model_button(0));
  const auto pause = data_of("Не продавать"), price = data_of("Изменить цену");
  auto edited = *ctx->settings;
  std::reverse(edited.models.begin(), edited.models.end());
  ctx->settings = std::make_shared<const config::settings>(edited);
  presses_data(admin, pause);
  const auto settings = db->load_open_work().settings;
  REQUIRE(settings.size() == 1);
  CHECK(settings[0].first == "paused:" + first);
  presses_data(admin, price);
  CHECK(has(screen(), edited.models.back().title.at("ru")));
  edited.models.pop_back();
  ctx->settings = std::make_shared<const config::settings>(edited);
  presses_data(admin, pause);
  CHECK(has(toasts[admin], "больше нет"));
  CHECK(db->load_open_work().settings.size() == 1);
}

TEST_CASE_METHOD(office_day, "what cannot be done with somebody is not offered on his card") {
  says(admin, "/user 77"); // oneself, and of ADMIN_IDS
  CHECK(has(screen(), "🛠 владелец"));
  for (auto label : {"Снять роль", "Сделать администратором", "Взять в поддержку", "Забанить"}) {
    INFO(label);
    CHECK_FALSE(offers(label));
  }
  presses_data(admin, "o:demote:77");
  CHECK(has(screen(), "ADMIN_IDS"));
  CHECK_FALSE(offers("Да"));
}

TEST_CASE_METHOD(office_day, "wrong arguments are answered with how it is written") {
  for (auto [command, usage] :
       std::map<std::string, std::string>{{"/add", "/add 12345 10"},
                                          {"/add 2002", "/add 12345 10"},
                                          {"/add 2002 0", "/add 12345 10"},
                                          {"/add 2002 -5", "/add 12345 10"},
                                          {"/add 2002 1.5", "/add 12345 10"},
                                          {"/add ben 5", "/add 12345 10"},
                                          {"/add 2002 000", "/add 12345 10"},
                                          {"/add 2002 1000001", "не больше 1\u202f000\u202f000 кредитов"},
                                          {"/sub 2002 2000000 x", "не больше 1\u202f000\u202f000 кредитов"},
                                          {"/add 2002 99999999999999999999", "не больше 1\u202f000\u202f000"},
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
  says(admin, "/user 2002");
  presses("Начислить");
  says(admin, "2000000 за отзыв");
  CHECK(has(screen(), "не больше 1\u202f000\u202f000 кредитов"));
  says(admin, "2 за отзыв"); // it still waits
  CHECK(offers("Да"));
}

TEST_CASE_METHOD(office_day, "a banned user is told why, once unbanned he is served again") {
  does("/ban 2002 spam");
  CHECK(db->load_account(ben).banned);
  CHECK(has(screen(ben), "spam"));
  CHECK(screens[ben].buttons.empty()); // there is nothing he may press
  does("/add 2002 3 sorry");
  CHECK(has(screen(ben), "sorry"));
  CHECK(screens[ben].buttons.empty());
  says(admin, "/user 2002");
  presses("Написать");
  says(admin, "Так нельзя");
  CHECK(has(screen(ben), "Так нельзя"));
  CHECK(screens[ben].buttons.empty());
  says(ben, "/start");
  CHECK_FALSE(has(screen(ben), "Привет"));
  const auto told = screen(ben);
  presses_data(ben, "home");
  CHECK(screen(ben) == told);
  says(admin, "/user 2002");
  CHECK(has(screen(), "доступ закрыт: spam"));
  presses("Разбанить");
  presses("Да");
  CHECK_FALSE(db->load_account(ben).banned);
  says(ben, "/start");
  CHECK_FALSE(screens[ben].buttons.empty());
}

TEST_CASE_METHOD(office_day, "somebody made an administrator works at once, and no more when taken off") {
  says(admin, "/user 2002");
  presses("Сделать администратором");
  presses("Да");
  CHECK(db->load_account(ben).rank == role::admin);
  says(ben, "/admin");
  CHECK(has(screen(ben), "Ваша роль: администратор"));
  says(admin, "/user 2002");
  CHECK(has(screen(), "🛠 администратор"));
  presses("Снять роль");
  presses("Да");
  says(ben, "/stats");
  CHECK_FALSE(has(screen(ben), "Статистика"));
}

TEST_CASE_METHOD(office_day, "a message to a user arrives and is in the journal") {
  says(admin, "/user 2002");
  presses("Написать");
  says(admin, "Видео <готово>");
  CHECK(has(screen(ben), "Видео &lt;готово&gt;"));
  CHECK(has(screen(ben), "Ответ поддержки"));
  says(admin, "/log 2002");
  CHECK(has(screen(), "message"));
}

TEST_CASE_METHOD(office_day, "a long message to a user and an album arrive whole, as one") {
  std::string first;
  for (int i = 0; i < 4096; ++i) first += "ю";
  const auto copies = [&] { return telegram->count("copyMessage"); };
  const auto heads = [&] { return telegram->count("Ответ поддержки"); };
  SECTION("a text") {
    says(admin, "/user 2002");
    presses("Написать");
    says(admin, first);
    says(admin, "и его конец", {{"date", 3}});
    CHECK(copies() == 2);
    says(admin, "кот на луне", {{"date", 60}}); // no part of it
    CHECK(copies() == 2);
    CHECK(has(screen(), "Проверьте запрос"));
  }
  SECTION("an answer to a letter") {
    says(ben, "/feedback");
    says(ben, "Не вижу видео");
    const json answering{{"message_id", screens[admin].message_id},
                         {"chat", {{"id", admin}, {"type", "private"}}},
                         {"from", {{"id", 1}, {"is_bot", true}}}};
    says(admin, first, {{"reply_to_message", answering}});
    says(admin, "и его конец", {{"date", 3}});
    CHECK(copies() == 2);
    says(admin, "/user 2002"); // something else was begun
    says(admin, "кот на луне", {{"date", 4}});
    CHECK(copies() == 2);
  }
  SECTION("an album") {
    says(admin, "/user 2002");
    presses("Написать");
    for (int i = 0; i < 3; ++i) {
      json m{{"message_id", 800 + i},
             {"date", 1},
             {"media_group_id", "A"},
             {"chat", {{"id", admin}, {"type", "private"}}},
             {"from", person_json(admin)},
             {"photo", {{{"file_id", "P"}, {"file_unique_id", "p"}, {"width", 900}, {"height", 900}}}}};
      comes(admin, {{"message", m}});
    }
    CHECK(copies() == 3);
  }
  CHECK(heads() == 1);
  CHECK(telegram->count("Ответ ушёл") >= 1);
  CHECK(ask_office<journal_page>(journal_query{ben, 0, 10}).lines.size() == 1);
}

TEST_CASE_METHOD(office_day,
                 "what Telegram does not copy is told to the administrator, and the question stands") {
  says(admin, "/user 2002");
  presses("Написать");
  const auto before = screen(ben);
  json m{{"message_id", 800},
         {"date", 1},
         {"chat", {{"id", admin}, {"type", "private"}}},
         {"from", person_json(admin)},
         {"paid_media", {{"star_count", 1}, {"paid_media", json::array()}}}};
  comes(admin, {{"message", m}});
  CHECK(has(screen(), "не даёт передать"));
  CHECK(screen(ben) == before);
  says(admin, "Словами");
  CHECK(has(screen(ben), "Словами"));
  presses_data(admin, "o:menu");
  says(ben, "/feedback");
  says(ben, "Не вижу видео");
  m["reply_to_message"] = {{"message_id", screens[admin].message_id},
                           {"chat", {{"id", admin}, {"type", "private"}}},
                           {"from", {{"id", 1}, {"is_bot", true}}}};
  comes(admin, {{"message", m}});
  CHECK(has(screen(), "не даёт передать"));
}

TEST_CASE_METHOD(office_day, "a waiting video is cancelled from its card and the credits come back") {
  const auto had = balance_of(ben);
  does("/add 2002 10");
  order_of_ben();
  CHECK(balance_of(ben) == had + 8);
  says(admin, "/user 2002");
  presses("Видео");
  presses("№1");
  CHECK(has(screen(), "Видео №1"));
  CHECK(has(screen(), "a cat"));
  presses("Отменить");
  CHECK(has(screen(), "Отменить видео №1?")); // it moves credits
  CHECK(balance_of(ben) == had + 8);
  presses("Да");
  CHECK(has(screen(), "отменено"));
  CHECK(balance_of(ben) == had + 10);
  says(admin, "/job 1");
  CHECK_FALSE(offers("Отменить"));
  CHECK(offers("Сделать ещё раз"));
  says(admin, "/job 4711");
  CHECK(has(screen(), "Такого видео нет"));
}

TEST_CASE_METHOD(office_day, "a video that failed is made again once, at the service's cost") {
  does("/add 2002 10");
  order_of_ben();
  says(admin, "/job 1");
  presses("Отменить");
  presses("Да");
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

TEST_CASE_METHOD(office_day, "a user's operations are shown by the page") {
  for (int i = 1; i <= 20; ++i) does("/add 2002 1 gift-" + std::to_string(i) + ".");
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

TEST_CASE_METHOD(office_day, "the queue is shown, stopped and started") {
  says(admin, "/queue");
  CHECK(has(screen(), "Никто ничего не ждёт"));
  does("/add 2002 10");
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

TEST_CASE_METHOD(office_day, "maintenance is announced with its text") {
  says(admin, "/maintenance Вернёмся в полдень");
  CHECK(has(screen(), "Вернёмся в полдень"));
  says(admin, "/admin");
  presses("Обслуживание");
  CHECK(has(screen(), "включено"));
  presses("Выключить");
  CHECK(has(screen(), "закончено"));
}

TEST_CASE_METHOD(office_day, "a price is changed from the menu, a senseless one is refused with the reason") {
  says(admin, "/admin");
  presses("Модели и цены");
  presses_data(admin, model_button(0));
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
  CHECK(has(screen(), "старую цену"));
  CHECK_FALSE(has(screen(), "Сейчас: —"));
  presses("Да");
  CHECK(has(screen(), "Действует сразу"));
  const auto settings = db->load_open_work().settings;
  REQUIRE(settings.size() == 1);
  CHECK(has(settings.begin()->first, "model:" + m.id));
  says(admin, "/log");
  CHECK(has(screen(), "setting"));
}

TEST_CASE_METHOD(office_day, "of an old price nobody speaks when a limit is changed") {
  for (auto [key, value, price] :
       {std::tuple{"users.active_jobs_max", "7", false}, {"shop.stars_per_credit", "77", true}}) {
    says(admin, "/admin");
    presses("Лимиты");
    presses_data(admin, std::string{"o:opt:"} + key);
    says(admin, value);
    INFO(screen());
    CHECK(has(screen(), "Поставить"));
    CHECK(has(screen(), "цен") == price);
  }
}

TEST_CASE_METHOD(office_day,
                 "a video that Telegram refuses is called failed everywhere, and can be made again") {
  does("/add 2002 10");
  order_of_ben();
  const auto had = balance_of(ben);
  const auto step = [&](job_state to) {
    job_step s;
    s.job_id = 1, s.to = to, s.at = now(), s.result_url = "u", s.file_path = "f";
    if (to == job_state::failed) s.fail_class = "not_delivered", s.fail_text = "file is too big";
    return ask<step_answer>(ledger, s);
  };
  for (auto to : {job_state::submitting, job_state::processing, job_state::fetching, job_state::delivering})
    REQUIRE(step(to).changed);
  outgoing video;
  video.chat_id = ben, video.method = "sendVideo", video.params = "{}", video.job_id = 1;
  {
    turn t;
    t.user_id = ben, t.at = now(), t.messages = {video};
    telegram->answer = [](const http_request&) {
      return reply(400, R"({"ok":false,"error_code":400,"description":"Bad Request: file is too big"})");
    };
    ask<done>(ledger, t);
    advance(5s);
    telegram->answer = [this](const http_request& r) { return hear(r); };
  }
  REQUIRE(db->load_job(1).state == job_state::fetching);
  REQUIRE(step(job_state::failed).changed);
  REQUIRE(db->load_job(1).state == job_state::completed);
  CHECK(balance_of(ben) == had + 2);
  says(ben, "/history");
  presses_data(ben, "h:j:0");
  CHECK(has(screen(ben), "не получилось"));
  CHECK_FALSE(has(screen(ben), "готово"));
  const auto card = ask_office<user_card>(user_query{ben, {}});
  CHECK(card.videos == 0);
  CHECK(card.failed == 1);
  says(admin, "/user 2002");
  presses("Видео");
  CHECK(has(screen(), "failed"));
  says(admin, "/job 1");
  presses("Сделать ещё раз");
  presses("Да");
  CHECK(has(screen(), "№2"));
  CHECK(has(screen(ben), "за наш счёт: положили вам на баланс 2 кредита"));
  CHECK(balance_of(ben) == had + 2);
}

TEST_CASE_METHOD(office_day, "models and options that do not exist are not found by forged numbers") {
  for (auto data : {"o:m:0", "o:m:99", "o:m:-1", "o:m:", "o:price:99", "o:opt:99", "o:opt:", "o:sell:99:0",
                    "o:sell::0", "o:sell:0:2", "o:u:", "o:j:x", "o:log:x:y", "o:ua:2002:-5",
                    "o:yes:", "o:yes:0", "o:give:", "o:jc:5"}) {
    INFO(data);
    presses_data(admin, data);
    says(admin, "/admin");
    CHECK(has(screen(), "Управление ботом")); // the session lives
  }
  CHECK(db->load_open_work().settings.empty());
}

TEST_CASE_METHOD(office_day, "what a user did is seen by administrators") {
  says(ben, "привет");
  says(admin, "/user 2002");
  presses("Что делал");
  CHECK(has(screen(), "/start"));
}
