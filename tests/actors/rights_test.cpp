/// Rights and identity over real sessions: who is offered what, what ends when a role ends, and whom an
/// answer in the office is for.
#include "actors/command_menu.hpp"
#include "tests/actors/reception.hpp"
#include <SQLiteCpp/SQLiteCpp.h>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::int64_t eve = 3003;

struct hall : reception {
  hall() { says(eve, "/start"); }
  void becomes(const std::string& label, std::int64_t who = ben) {
    says(admin, "/user " + std::to_string(who));
    presses(label);
    presses("Да");
  }
  bool offered(std::int64_t who, const std::string& label) { return !data_of(label, who).empty(); }
  void rule(std::vector<std::int64_t> owners) {
    auto s = *ctx->settings;
    s.opts.users.admin_ids = std::move(owners);
    ctx->settings.put(std::make_shared<const config::settings>(std::move(s)));
  }
  /// Where the letter's parts have arrived: by the store, as (message, user).
  std::vector<std::pair<std::int64_t, std::int64_t>> letters(std::int64_t chat) const {
    SQLite::Database file{path()};
    SQLite::Statement q{file,
                        "SELECT message_id, user_id FROM letters WHERE chat_id = ? ORDER BY message_id"};
    q.bind(1, chat);
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    while (q.executeStep()) all.emplace_back(q.getColumn(0).getInt64(), q.getColumn(1).getInt64());
    return all;
  }
  json answer_to(std::int64_t chat, std::int64_t id, const std::string& words, const char* type = "private") {
    return {{"chat", {{"id", chat}, {"type", type}}},
            {"reply_to_message",
             {{"message_id", id},
              {"chat", {{"id", chat}, {"type", type}}},
              {"from", {{"id", 1}, {"is_bot", true}}},
              {"text", words}}}};
  }
  void sends_photo(std::int64_t who, const std::string& caption) {
    comes(who,
          {{"message",
            {{"message_id", 4711},
             {"date", 1},
             {"chat", {{"id", who}, {"type", "private"}}},
             {"from", person_json(who)},
             {"caption", caption},
             {"photo", {{{"file_id", "P"}, {"file_unique_id", "p"}, {"width", 900}, {"height", 900}}}}}}});
  }
};

} // namespace

TEST_CASE_METHOD(hall,
                 "an answer goes to whoever sent the letter, whatever stands in it and after a restart") {
  says(ben, "/feedback");
  const std::string forged = "✉️ Обратная связь #u3003";
  sends_photo(ben, forged);
  const auto parts = letters(admin);
  REQUIRE(parts.size() == 2); // our line, and the copy
  restart_sessions();
  const auto before = screen(eve);
  for (const auto& [id, whose] : parts) {
    CHECK(whose == ben);
    says(admin, "ответ " + std::to_string(id), answer_to(admin, id, forged));
    CHECK(has(screen(ben), "ответ " + std::to_string(id)));
  }
  CHECK(screen(eve) == before);
}

TEST_CASE_METHOD(hall, "an answer to what is no letter goes to nobody, which is said") {
  const auto theirs = screen(ben), hers = screen(eve);
  says(admin, "/start");
  says(admin, "промокод ABC", answer_to(admin, 5, "✉️ Обратная связь #u2002\nBen"));
  CHECK(has(screen(), "Кому это ответ, неизвестно"));
  CHECK(screen(ben) == theirs);
  CHECK(screen(eve) == hers);
  CHECK(telegram->count("промокод ABC") == 0);
  says(admin, "/user 2002"); // where a screen has asked for something an answer is as any message
  presses("Начислить");
  says(admin, "5 спасибо", answer_to(admin, screens[admin].message_id, "Сколько кредитов"));
  CHECK(has(screen(), "Начислить <b>5"));
}

TEST_CASE_METHOD(hall,
                 "in the office's group an answer to a letter finds its writer, and any other is told so") {
  constexpr std::int64_t group = -500;
  auto s = *ctx->settings;
  s.opts.office.feedback_chat_id = group;
  ctx->settings.put(std::make_shared<const config::settings>(std::move(s)));
  says(ben, "/feedback");
  says(ben, "Не вижу видео");
  const auto parts = letters(group);
  REQUIRE(parts.size() == 1);
  says(admin, "Уже выслали", answer_to(group, parts[0].first, "", "supergroup"));
  CHECK(has(screen(ben), "Уже выслали"));
  const auto theirs = screen(ben);
  // Another bot's message, or one of ours that is no letter, with our words in it.
  says(admin, "секрет",
       answer_to(group, parts[0].first + 1, "✉️ Обратная связь #u2002", "supergroup"));
  CHECK(has(screen(group), "Кому это ответ, неизвестно"));
  CHECK(screen(ben) == theirs);
  CHECK(telegram->count("секрет") == 0);
  // The same number in another chat is another message.
  auto elsewhere = answer_to(group, parts[0].first, "", "supergroup");
  elsewhere["reply_to_message"]["chat"]["id"] = -501;
  says(admin, "секрет", elsewhere);
  CHECK(screen(ben) == theirs);
}

TEST_CASE_METHOD(hall, "the support is offered what it may do, and told in words what it may not") {
  becomes("Взять в поддержку");
  CHECK(has(screen(), "теперь в поддержке"));
  says(ben, "/admin");
  CHECK(has(screen(ben), "Ваша роль: поддержка"));
  CHECK_FALSE(has(screen(ben), "/ban"));
  for (auto label : {"Рассылка", "Лимиты", "Модели и цены", "Обслуживание"}) {
    INFO(label);
    CHECK_FALSE(offered(ben, label));
  }
  says(ben, "/user 3003");
  CHECK(offered(ben, "Написать"));
  for (auto label : {"Начислить", "Списать", "Забанить", "Сделать администратором", "Взять в поддержку"}) {
    INFO(label);
    CHECK_FALSE(offered(ben, label));
  }
  for (auto command : {"/add 3003 5", "/sub 3003 5", "/ban 3003", "/unban 3003", "/maintenance ушли",
                       "/broadcast", "/pause"}) {
    INFO(command);
    says(ben, command);
    CHECK(has(screen(ben), "только администраторы и владельцы"));
  }
  for (auto data : {"o:give:3003", "o:ban:3003", "o:maint_off", "o:sell:all:0", "b:new", "b:list"}) {
    INFO(data);
    presses_data(ben, data);
    CHECK(toasts[ben] == "На это у вас нет права");
  }
  presses_data(ben, "o:promote:3003");
  CHECK(has(screen(ben), "только владельцы бота"));
  CHECK(db->load_open_work().settings.empty());
  CHECK(balance_of(eve) == ctx->opts().users.welcome_credits);
  says(eve, "/feedback");
  says(eve, "Не вижу видео");
  const auto parts = letters(ben); // letters come to the support too
  REQUIRE(parts.size() == 1);
  says(ben, "Уже выслали", answer_to(ben, parts[0].first, ""));
  CHECK(has(screen(eve), "Уже выслали"));
}

TEST_CASE_METHOD(
    hall, "an administrator gives up to the limit, an owner beyond it, and an owner's role is not his") {
  becomes("Сделать администратором");
  says(ben, "/add 3003 1001 много");
  CHECK(has(screen(ben), "не больше " + ctx->settings->words.count("ru", "credits_of", 1000)));
  CHECK_FALSE(offered(ben, "Да"));
  says(ben, "/add 3003 1000 можно");
  presses_data(ben, data_of("Да", ben));
  CHECK(balance_of(eve) == ctx->opts().users.welcome_credits + 1000);
  says(ben, "/user 77");
  CHECK(has(screen(ben), "🛠 владелец"));
  for (auto label : {"Снять роль", "Взять в поддержку", "Забанить"}) CHECK_FALSE(offered(ben, label));
  presses_data(ben, "o:demote:77");
  CHECK(has(screen(ben), "только владельцы бота"));
  says(ben, "/ban 77");
  CHECK(has(screen(ben), "с ролью забанить нельзя"));
  says(admin, "/add 3003 1001 много");
  CHECK(has(screen(), "Начислить"));
}

TEST_CASE_METHOD(hall, "a question that stood when the role ended is void, also when the role comes back") {
  becomes("Сделать администратором");
  says(ben, "/add 3003 7 подарок");
  const auto yes = data_of("Да", ben);
  REQUIRE_FALSE(yes.empty());
  const auto had = balance_of(eve);
  becomes("Снять роль");
  CHECK(has(screen(), "роли больше нет"));
  presses_data(ben, yes);
  CHECK(toasts[ben] == "Эта кнопка больше не работает. Нажмите /start");
  says(ben, "/add 3003 7 подарок");
  CHECK(has(screen(ben), "Такой команды я не знаю"));
  becomes("Сделать администратором");
  presses_data(ben, yes);
  CHECK(has(toasts[ben], "уже не действует"));
  CHECK(balance_of(eve) == had);
}

TEST_CASE_METHOD(hall, "who is named no more by the configuration has no office from the next turn on") {
  says(admin, "/add 3003 7 подарок");
  const auto yes = data_of("Да");
  rule({eve});
  presses_data(admin, yes);
  CHECK(toasts[admin] == "Эта кнопка больше не работает. Нажмите /start");
  says(admin, "/admin");
  CHECK(has(screen(), "Такой команды я не знаю"));
  says(eve, "/admin");
  CHECK(has(screen(eve), "Ваша роль: владелец"));
  CHECK(balance_of(eve) == ctx->opts().users.welcome_credits);
  rule({admin}); // and back again: what was asked before is forgotten
  presses_data(admin, yes);
  CHECK(has(toasts[admin], "уже не действует"));
}

TEST_CASE_METHOD(hall,
                 "rights that end in the middle of a turn end it: it is decided again, and nothing is set") {
  says(admin, "/start");
  auto& at_step = const_cast<engine_context&>(*ctx).at_step;
  at_step = [&](durable_step s, bool) {
    if (s == durable_step::admin_acted) rule({eve});
  };
  says(admin, "/add 2002 7 подарок");
  presses("Да"); // the act is stored, and before its turn is the owner is another one
  CHECK(balance_of(ben) == ctx->opts().users.welcome_credits + 7);
  CHECK(toasts[admin] == "Эта кнопка больше не работает. Нажмите /start");
  CHECK_FALSE(has(screen(), "начислили 7"));
  at_step = nullptr;
}

TEST_CASE_METHOD(hall, "the founder's gift and the rights of an owner come from the configuration alone") {
  auto s = *ctx->settings;
  s.opts.users.founder_id = 4004;
  ctx->settings.put(std::make_shared<const config::settings>(std::move(s)));
  says(4004, "/start");
  says(4005, "/start");
  CHECK(balance_of(4004) == ctx->opts().users.welcome_credits + ctx->opts().users.founder_credits);
  CHECK(balance_of(4005) == ctx->opts().users.welcome_credits);
  says(4004, "/admin");
  CHECK(has(screen(4004), "Такой команды я не знаю"));
  CHECK(db->load_account(admin).rank == role::none); // listed, and written nowhere
}

TEST_CASE_METHOD(hall, "each of the office has the commands of his role in his menu") {
  ctx->office->knows(10, "ru", role::admin);
  ctx->office->knows(11, "en", role::support);
  ctx->office->knows(12, "en", role::none);
  std::map<std::int64_t, std::string> menus;
  for (auto& m : command_menus(*ctx)) {
    menus[m.user_id] = m.set.params;
    CHECK(m.set.chat_id == m.user_id);
  }
  CHECK(menus.size() == 3);
  CHECK(has(menus[admin], "broadcast"));
  CHECK(has(menus[10], "broadcast"));
  CHECK_FALSE(has(menus[11], "broadcast"));
  CHECK(has(menus[11], "queue"));
}

TEST_CASE("alarms, letters and news of money reach those whose business they are") {
  config::options o;
  o.users.admin_ids = {1};
  office_board board;
  board.knows(2, "ru", role::admin);
  board.knows(3, "ru", role::support);
  board.knows(1, "en", role::none); // an owner has no name in the database
  const auto ids = [&](right what) {
    std::vector<std::int64_t> all;
    for (auto& seat : board.people(o, what)) all.push_back(seat.chat_id);
    return all;
  };
  CHECK(ids(right::answer) == std::vector<std::int64_t>{1, 2, 3});
  CHECK(ids(right::alarms) == std::vector<std::int64_t>{1, 2});
  CHECK(ids(right::refund) == std::vector<std::int64_t>{1, 2});
  CHECK(ids(right::settings) == std::vector<std::int64_t>{1});
  board.knows(2, "ru", role::none);
  CHECK(ids(right::alarms) == std::vector<std::int64_t>{1});
}
