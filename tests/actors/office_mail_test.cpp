/// What reaches the people behind the bot: letters and alarms, when their group moves, refuses or comes back,
/// in whose language, how often; and what is called "passed on".
#include "actors/error_tally.hpp"
#include "actors/log.hpp"
#include "actors/office_board.hpp"
#include "tests/actors/reception.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::int64_t group = -500, supergroup = -1'000'000'000'500, eve = 78;

struct post_office : reception {
  watchman_actor watchman;
  std::map<std::int64_t, std::string> refuses; ///< chats, and Telegram's answer to them
  std::vector<std::pair<std::int64_t, std::string>> arrived;
  std::map<std::int64_t, int> calls;
  bool silent = false; ///< the group's answers do not come

  explicit post_office(std::int64_t feedback_chat = group) {
    change([&](auto& o) { o.office.feedback_chat_id = feedback_chat, o.office.daily_report_hour = -1; });
    telegram->answer = [this](const http_request& r) { return take(r); };
    watch();
  }
  template <class Change> void change(Change what) {
    auto s = *ctx->settings;
    what(s.opts);
    ctx->settings = std::make_shared<const config::settings>(std::move(s));
  }
  /// A new watchman goes on from the file.
  void watch() {
    if (watchman) caf::anon_send_exit(watchman, caf::exit_reason::kill);
    run();
    watchman = own(spawn_watchman(*sys, ctx, ledger, courier, analyst, db->load_open_work().states));
    tell(ledger, ledger_listeners{courier, {}, {}, {}, watchman});
  }
  std::optional<http_reply> take(const http_request& r) {
    const auto call = json::parse(r.body, nullptr, false);
    const auto chat = call.is_object() ? call.value("chat_id", std::int64_t{0}) : 0;
    ++calls[chat];
    if (silent && chat == group) return std::nullopt;
    if (const auto no = refuses.find(chat); no != refuses.end())
      return reply(json::parse(no->second).value("error_code", 400), no->second);
    arrived.emplace_back(chat, call.value("text", call.value("from_chat_id", 0) ? "a copy" : ""));
    return hear(r);
  }
  void kicked(std::int64_t chat) {
    refuses[chat] =
        R"({"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the group chat"})";
  }
  void upgraded() {
    refuses[group] =
        R"({"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat",)"
        R"("parameters":{"migrate_to_chat_id":)" +
        std::to_string(supergroup) + "}}";
  }
  void writes(const std::string& words) {
    says(ben, "/feedback");
    says(ben, words);
  }
  int times(std::int64_t chat, const std::string& words) const {
    return static_cast<int>(std::count_if(arrived.begin(), arrived.end(),
                                          [&](auto& a) { return a.first == chat && has(a.second, words); }));
  }
  int parked() const {
    return SQLite::Database{path()}.execAndGet("SELECT count(*) FROM outbox WHERE parked = 1").getInt();
  }
  void raise(troupe::alarm a) {
    tell(watchman, std::move(a));
    advance(2s);
  }
  void ends(const std::string& kind) {
    tell(watchman, alarm_over{kind, "", {}});
    advance(2s);
  }
};

troupe::alarm pipe_breaks(bool stays) { return {"pipe", "alarm.config_refused", {{"text", "pipe"}}, stays}; }

} // namespace

TEST_CASE_METHOD(post_office,
                 "a letter to a group that became a supergroup arrives there, and the way is remembered") {
  upgraded();
  writes("Не вижу видео");
  CHECK(times(supergroup, "Не вижу видео") == 1);
  CHECK(has(screen(ben), "Передали"));
  CHECK(calls[group] == 1);
  const auto kept = db->load_open_work().settings;
  REQUIRE(kept.size() == 1);
  CHECK(kept[0] == std::pair<std::string, std::string>{"moved:-500", std::to_string(supergroup)});
  writes("И ещё");
  CHECK(times(supergroup, "И ещё") == 1);
  CHECK(calls[group] == 1);
  office_board later; // of the next engine
  later.set(kept[0].first, kept[0].second);
  CHECK(later.group_now(ctx->opts()) == supergroup);
  CHECK(parked() == 0);
  says(admin, "Уже выслали", // an answer in the supergroup is one
       {{"chat", {{"id", supergroup}, {"type", "supergroup"}}},
        {"reply_to_message",
         {{"message_id", screens[supergroup].message_id},
          {"chat", {{"id", supergroup}, {"type", "supergroup"}}},
          {"from", {{"id", 1}, {"is_bot", true}}}}}});
  CHECK(has(screen(ben), "Уже выслали"));
}

TEST_CASE_METHOD(post_office,
                 "what the group refuses goes to the administrators with one note why, until it is back") {
  ctx->office->knows(eve, "en", role::admin); // made an administrator in the menu
  kicked(group);
  writes("первое");
  writes("второе");
  for (const auto who : {admin, eve}) {
    CHECK(times(who, "первое") == 1);
    CHECK(times(who, "второе") == 1);
  }
  CHECK(times(admin, "не принимает сообщения: Forbidden: bot was kicked") == 1);
  CHECK(times(eve, "takes no messages: Forbidden: bot was kicked") == 1);
  CHECK(has(screen(ben), "Передали"));
  CHECK(parked() == 0);
  refuses.clear();
  writes("третье");
  writes("четвёртое");
  CHECK(times(group, "третье") == 1);
  CHECK(times(admin, "третье") == 0);
  CHECK(times(admin, "снова принимает") == 1);
}

TEST_CASE_METHOD(post_office,
                 "whatever the group does not take, for whatever reason, reaches the administrators") {
  refuses[group] = R"({"ok":false,"error_code":400,"description":"Bad Request: TOPIC_CLOSED"})";
  writes("Не вижу видео");
  CHECK(times(admin, "Не вижу видео") == 1);
  CHECK(has(screen(ben), "Передали"));
  refuses[admin] = refuses[group]; // nor they
  writes("второе");
  CHECK(has(screen(ben), "Передать не получилось"));
}

TEST_CASE_METHOD(post_office, "passed on is said when it has arrived, and not before") {
  silent = true;
  writes("Не вижу видео");
  CHECK(has(screen(ben), "Передаём"));
  CHECK_FALSE(has(screen(ben), "Передали"));
  silent = false;
  release(telegram_wire, R"({"ok":true,"result":{"message_id":4}})");
  advance(5s);
  CHECK(has(screen(ben), "✅ Передали"));
}

TEST_CASE_METHOD(
    post_office,
    "a letter that nobody takes is kept, not called passed on, and arrives when somebody is back") {
  kicked(group), kicked(admin);
  writes("Не вижу видео");
  CHECK(has(screen(ben), "Передаём"));
  CHECK(parked() >= 1);
  refuses.erase(admin);
  says(admin, "/start");
  advance(10s);
  CHECK(times(admin, "Не вижу видео") == 1);
  CHECK(has(screen(ben), "Передали"));
  CHECK(parked() == 0);
}

TEST_CASE_METHOD(post_office, "what an older engine has parked for the group is sent at the start") {
  SQLite::Database{path(), SQLite::OPEN_READWRITE}.exec(
      "INSERT INTO outbox(chat_id, lane, method, params, slot, job_id, uploads, parked) VALUES(-500, "
      "'reply', "
      "'sendMessage', '{\"chat_id\":-500,\"text\":\"old letter\"}', '', 0, '[]', 1)");
  kicked(group);
  watch();
  advance(5s);
  CHECK(times(admin, "old letter") == 1);
  CHECK(parked() == 0);
}

TEST_CASE_METHOD(post_office, "the group's own word that it has moved, or takes us back, is enough") {
  SQLite::Database file{path(), SQLite::OPEN_READWRITE};
  const auto park = [&](std::int64_t chat) {
    file.exec("INSERT INTO outbox(chat_id, lane, method, params, slot, job_id, uploads, parked, office) "
              "VALUES(" +
              std::to_string(chat) + ", 'reply', 'sendMessage', '{\"chat_id\":" + std::to_string(chat) +
              ",\"text\":\"kept\"}', '', 0, '[]', 1, 2)");
  };
  park(group);
  const auto took_us = [&](std::int64_t chat) {
    return json{
        {"my_chat_member",
         {{"date", 1},
          {"chat", {{"id", chat}, {"type", chat == group ? "group" : "supergroup"}, {"title", "Team"}}},
          {"from", {{"id", 1087968824}, {"is_bot", true}}},
          {"new_chat_member", {{"status", "member"}}}}}};
  };
  comes(-7, took_us(-7)); // another group
  CHECK(times(group, "kept") == 0);
  comes(group, took_us(group));
  CHECK(times(group, "kept") == 1);
  park(group);
  comes(group, {{"message",
                 {{"message_id", 1},
                  {"date", 1},
                  {"chat", {{"id", group}, {"type", "group"}, {"title", "Team"}}},
                  {"from", {{"id", 1087968824}, {"is_bot", true}}},
                  {"migrate_to_chat_id", supergroup}}}});
  CHECK(times(supergroup, "kept") == 1);
  CHECK(ctx->office->group_now(ctx->opts()) == supergroup);
  CHECK(parked() == 0);
}

TEST_CASE("without a group each administrator reads alarms in his own language, also one made in the menu") {
  post_office p{0};
  p.ctx->office->knows(eve, "en", role::admin);
  p.raise({"restart", "alarm.restart", {{"updates", "1"}, {"messages", "2"}, {"jobs", "3"}}});
  CHECK(p.times(admin, "Движок запущен") == 1);
  CHECK(p.times(eve, "The engine runs") == 1);
}

TEST_CASE(
    "money that fits no invoice reaches each administrator in his own language, also one made in the menu") {
  post_office p{0};
  p.ctx->office->knows(eve, "en", role::admin);
  p.comes(ben, {{"message",
                 {{"message_id", 9},
                  {"date", 1},
                  {"chat", {{"id", ben}, {"type", "private"}}},
                  {"from", p.person_json(ben)},
                  {"successful_payment",
                   {{"currency", "XTR"},
                    {"total_amount", 1000},
                    {"invoice_payload", "nobody's"},
                    {"telegram_payment_charge_id", "c9"},
                    {"provider_payment_charge_id", ""}}}}}});
  CHECK(p.times(admin, "Пришли деньги") == 1);
  CHECK(p.times(eve, "Money has come that matches no invoice") == 1);
  CHECK(p.times(ben, "не совпала со счётом") == 1);
}

TEST_CASE_METHOD(post_office, "a state is told once and its end once, over restarts too") {
  for (int i = 0; i < 3; ++i) raise(pipe_breaks(true));
  CHECK(times(group, "pipe") == 1);
  watch();
  raise(pipe_breaks(true));
  CHECK(times(group, "pipe") == 1);
  ends("pipe");
  CHECK(times(group, "Снова в порядке") == 1);
  ends("pipe");
  watch();
  ends("pipe");
  CHECK(times(group, "Снова в порядке") == 1);
  raise(pipe_breaks(true)); // anew
  CHECK(times(group, "Файл настроек с ошибкой") == 3);
  ends("what never was");
  CHECK(times(group, "Снова в порядке") == 1);
}

TEST_CASE_METHOD(post_office, "that the book is new is told once, and the store knows from when on") {
  const auto kept = [&] {
    return SQLite::Database{path()}
        .execAndGet("SELECT value FROM meta WHERE name = 'notice:news:new_database'")
        .getString();
  };
  CHECK(kept() == "1");
  raise({"news:new_database", "alarm.new_database", {{"text", "/srv/bot.db"}}});
  CHECK(times(group, "НОВАЯ база: <code>/srv/bot.db</code>") == 1);
  CHECK(kept().empty());
  watch(); // falls, and hears it once more
  raise({"news:new_database", "alarm.new_database", {{"text", "/srv/bot.db"}}});
  CHECK(times(group, "НОВАЯ база") == 1);
}

TEST_CASE_METHOD(post_office, "a state of a dead engine that nobody has confirmed for a day is told again") {
  raise(pipe_breaks(true));
  watch();
  advance(25h, 10min);
  raise(pipe_breaks(true));
  CHECK(times(group, "pipe") == 2);
}

TEST_CASE_METHOD(post_office, "an alarm survives the engine: it is on disk before it leaves") {
  silent = true;
  raise(pipe_breaks(false));
  const auto waiting = db->load_open_work().messages;
  REQUIRE(waiting.size() == 1);
  CHECK(has(waiting[0].params, "pipe"));
  CHECK(waiting[0].office == office_mail::alarm);
  silent = false;
}

TEST_CASE_METHOD(post_office, "what is parked for one who never comes is bounded, letters are all kept") {
  kicked(group), kicked(admin);
  writes("письмо");
  for (int i = 0; i < 70; ++i) {
    raise({"kind " + std::to_string(i), "alarm.config_refused", {{"text", "x"}}, true});
    advance(10s);
  }
  CHECK(parked() <= 51);
  refuses.clear();
  says(admin, "/start");
  advance(120s, 1s);
  CHECK(times(admin, "письмо") == 1);
}

TEST_CASE("a log line that belongs to a written alarm is not told again") {
  auto tally = std::make_shared<error_tally>();
  spdlog::logger lines{"test", std::make_shared<error_sink>(tally)};
  {
    const told_in_words written;
    lines.error("the same in English");
  }
  CHECK(tally->take().empty());
  lines.error("news");
  const auto all = tally->take();
  REQUIRE(all.size() == 1);
  CHECK(all.begin()->second.last == "news");
}

TEST_CASE_METHOD(post_office,
                 "no report before the first day is over, and none of a day on which nothing happened") {
  change([](auto& o) { o.office.daily_report_hour = 9; });
  watch();
  advance(12h, 5min); // past nine in Moscow
  CHECK(times(group, "Отчёт за сутки") == 0);
  advance(20h, 5min);
  says(ben, "/start");
  advance(24h, 5min);
  CHECK(times(group, "Отчёт за сутки") == 1);
  advance(72h, 5min);
  CHECK(times(group, "Отчёт за сутки") == 1);
}

TEST_CASE_METHOD(
    post_office,
    "words to a user who blocked the bot are kept, and the administrator is told so, not that they went") {
  kicked(ben);
  says(admin, "/user 2002");
  presses("Написать");
  says(admin, "Вернитесь");
  CHECK(has(screen(), "не принимает сообщения бота"));
  refuses.clear();
  says(ben, "/start");
  advance(5s);
  CHECK(times(ben, "Вернитесь") == 1);
  CHECK(has(screen(), "Ответ ушёл пользователю"));
}
