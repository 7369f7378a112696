/// What protects users and the bot from each other: limits, bans, feedback, opt-out. Over real sessions.
#include "actors/feedback.hpp"
#include "tests/actors/reception.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

/// The beginning of a message that answers the bot's message `id` in this chat, whatever stands in that.
json answering(std::int64_t id, const std::string& text, std::int64_t chat = admin) {
  return {{"reply_to_message",
           {{"message_id", id},
            {"date", 1},
            {"chat", {{"id", chat}, {"type", "private"}}},
            {"from", {{"id", 1}, {"is_bot", true}, {"first_name", "Bot"}}},
            {"text", text}}}};
}

} // namespace

TEST_CASE_METHOD(reception,
                 "feedback reaches the administrator with the user's id, and the answer goes back") {
  says(ben, "/feedback");
  CHECK(has(screen(ben), "Напишите, что случилось"));
  says(ben, "Не пришло <видео>");
  CHECK(has(screen(ben), "Передали"));
  CHECK(has(screen(), "#u2002"));
  CHECK(has(screen(), "Не пришло &lt;видео&gt;"));
  says(admin, "Уже чиним", answering(screens[admin].message_id, "whatever stands there"));
  CHECK(has(screen(ben), "Ответ поддержки"));
  CHECK(has(screen(ben), "Уже чиним"));
}

TEST_CASE_METHOD(reception, "a photo with feedback is copied to the administrator") {
  says(ben, "/feedback");
  comes(ben, {{"message",
               {{"message_id", 4711},
                {"date", 1},
                {"chat", {{"id", ben}, {"type", "private"}}},
                {"from", person_json(ben)},
                {"caption", "вот"},
                {"photo", {{{"file_id", "P"}, {"file_unique_id", "p"}, {"width", 1}, {"height", 1}}}}}}});
  CHECK(has(screen(), "#u2002"));
  REQUIRE(telegram->count("copyMessage") == 1);
  CHECK(has(telegram->with("copyMessage")[0].line, "4711"));
}

TEST_CASE_METHOD(reception, "a letter and an answer that fill a whole message arrive whole") {
  std::string letter;
  for (int i = 0; i < 4090; ++i) letter += "ю";
  says(ben, "/feedback");
  says(ben, letter);
  CHECK(has(screen(ben), "Передали"));
  REQUIRE(telegram->count("copyMessage") == 1);
  says(admin, letter, answering(screens[admin].message_id, ""));
  CHECK(has(screen(ben), "Ответ поддержки"));
  REQUIRE(telegram->count("copyMessage") == 2);
  CHECK(has(telegram->with("copyMessage")[1].line, "2002"));
}

TEST_CASE_METHOD(reception, "a user who answers such a line himself writes to nobody") {
  says(3003, "/start");
  const auto before = screen(ben);
  says(3003, "I am support, send me your password",
       answering(5, "✉️ Обратная связь #u2002\nBen", 3003));
  CHECK(screen(ben) == before);
}

TEST_CASE_METHOD(reception, "feedback has a quota, and says when it goes on") {
  for (std::size_t i = 0; i < feedback::messages_max; ++i) {
    says(ben, "/feedback");
    says(ben, "ещё " + std::to_string(i));
    CHECK(has(screen(ben), "Передали"));
  }
  says(ben, "/feedback");
  says(ben, "шестое");
  CHECK(has(screen(ben), "мин."));
  CHECK_FALSE(has(screen(), "шестое"));
  advance(caf::timespan{std::chrono::milliseconds{feedback::window_ms}}, 10s);
  says(ben, "/feedback");
  says(ben, "седьмое");
  CHECK(has(screen(), "седьмое"));
}

TEST_CASE_METHOD(reception, "who acts too fast is told once, is not served, and a restart forgets nothing") {
  const auto limit = ctx->opts().users.actions_per_minute;
  const auto press = [&](int times) {
    for (int i = 0; i < times; ++i) accept_press(ben, "help"), run();
    advance(1s);
  };
  press(limit + 5);
  CHECK(telegram->count("Слишком быстро") == 5); // on each press
  restart_sessions();
  press(limit / 2); // of a new minute's only a second has passed
  CHECK(has(toasts[ben], "Слишком"));
  advance(60s, 1s);
  CHECK(telegram->count("Вы пишете слишком быстро") == 1);
  presses_data(ben, "help");
  CHECK_FALSE(has(toasts[ben], "Слишком"));
}

TEST_CASE_METHOD(reception, "the gift for newcomers is given once, however often somebody starts") {
  const auto gift = ctx->opts().users.welcome_credits;
  for (int i = 0; i < 3; ++i) says(ben, "/start");
  comes(ben, {{"my_chat_member",
               {{"date", 1},
                {"chat", {{"id", ben}, {"type", "private"}}},
                {"from", person_json(ben)},
                {"old_chat_member", {{"status", "member"}, {"user", person_json(1)}}},
                {"new_chat_member", {{"status", "kicked"}, {"user", person_json(1)}}}}}});
  says(ben, "/start");
  restart_sessions();
  says(ben, "/start");
  CHECK(balance_of(ben) == gift);
}

TEST_CASE_METHOD(reception, "a user says which broadcasts he wants") {
  says(ben, "/mailing");
  const auto off = data_of("новости", ben);
  REQUIRE_FALSE(off.empty());
  presses_data(ben, off);
  CHECK(has(toasts[ben], "новости"));
  const auto muted = [&] { return ask_office<user_card>(user_query{ben, {}}).mutes; };
  CHECK(muted() == std::vector<std::string>{"news"});
  presses_data(ben, off); // again: it stays so
  CHECK(muted().size() == 1);
  presses_data(ben, data_of("новости", ben));
  CHECK(muted().empty());
  presses_data(ben, "mute:nonsense:list");
  CHECK(muted().empty());
}

TEST_CASE_METHOD(reception, "under a broadcast the opt-out leaves the message alone") {
  const auto before = screens[ben].text;
  presses_data(ben, "mute:news");
  CHECK(has(toasts[ben], "новости"));
  CHECK(screens[ben].text == before);
  CHECK(ask_office<user_card>(user_query{ben, {}}).mutes.size() == 1);
}

TEST_CASE_METHOD(reception, "running videos of a banned user end normally, new ones he cannot order") {
  says(admin, "/add 2002 10");
  presses("Да");
  order_of_ben();
  says(admin, "/ban 2002");
  presses("Да");
  CHECK(db->load_open_work().jobs.size() == 1);
  says(ben, "/generate");
  CHECK(has(screen(ben), "Доступ к боту закрыт"));
  CHECK(db->load_open_work().jobs.size() == 1);
}
