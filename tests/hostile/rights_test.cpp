/// Rights and identity of the real program: who rules it, what goes out in whose name, and whom an answer is
/// for.
#include "tests/founder.hpp"
#include "tests/whole/office_stage.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t boss = 515151515, ann = 2002, bob = 3003;

/// Owned by somebody who is not the founder.
struct claimed : office_stage {
  explicit claimed(std::map<std::string, std::string> more = {})
      : office_stage{more.empty()
                         ? std::map<std::string, std::string>{{"ADMIN_IDS", std::to_string(boss)},
                                                              {"TROUPE_USERS_FOUNDER_CREDITS", "100"}}
                         : std::move(more)} {
    person(boss, "Boss"), person(ann, "Ann"), person(bob, "Bob");
    start();
    say(boss, "/start");
    REQUIRE(has_balance(boss, 3));
    say(ann, "/start"), say(bob, "/start");
    REQUIRE(has_balance(bob, 3));
  }
  void restart_with(const std::string& owners) {
    kill();
    with["ADMIN_IDS"] = owners;
    start();
  }
  void becomes(std::int64_t who, const std::string& label, const std::string& told) {
    say(boss, "/user " + std::to_string(who));
    REQUIRE(presses(boss, label));
    REQUIRE(presses(boss, "Да"));
    REQUIRE(sees(boss, told));
  }
  /// He knows commands of the office, or not.
  bool knows_office(std::int64_t who) {
    const auto asked = say(who, "/admin");
    std::string answer;
    REQUIRE(within(15s, [&] {
      for (auto& m : chat(who))
        if (m["from"].value("is_bot", false) && m["message_id"] > asked) answer += words_of(m);
      return answer.find("Управление ботом") != answer.npos || answer.find("Такой команды") != answer.npos;
    }));
    return answer.find("Управление ботом") != answer.npos;
  }
  /// A broadcast to all, in an hour.
  void plans(std::int64_t who, const std::string& words) {
    say(who, "/broadcast");
    REQUIRE(sees(who, "Новая рассылка"));
    say(who, words);
    REQUIRE(sees(who, "Кому"));
    say(who, "через 1 час");
    REQUIRE(sees(who, "Понял как время начала"));
    REQUIRE(presses(who, "Посчитать"));
    REQUIRE(presses(who, "Запланировать"));
    REQUIRE(within(15s, [&] { return state_of(1) == "scheduled "; }));
  }
  std::string state_of(std::int64_t broadcast_id) const {
    const auto all = facts<broadcasts_page>(broadcasts_query{broadcast_id, 0, 1}).all;
    return all.empty() ? "" : std::string{name_of(all[0].state)} + " " + all[0].why;
  }
};

} // namespace

TEST_CASE("the founder is nobody where somebody else is named to rule") {
  claimed w;
  w.say(founder_user_id, "/start");
  REQUIRE(w.has_balance(founder_user_id, 3)); // the gift of a new user, and not the founder's
  CHECK_FALSE(w.knows_office(founder_user_id));
  CHECK(w.knows_office(boss));
}

TEST_CASE("who is taken out of the configuration has no office, and what he planned goes to nobody") {
  claimed w;
  w.restart_with(std::to_string(boss) + "," + std::to_string(ann));
  REQUIRE(w.knows_office(ann));
  w.plans(ann, "Всем привет от меня");
  w.restart_with(std::to_string(boss));
  CHECK(within(15s, [&] { return w.state_of(1) == std::string{"paused "} + held_for_rights; }));
  CHECK(w.sees(boss, "нет права на рассылки"));
  CHECK_FALSE(w.knows_office(ann));
  CHECK(w.said(ann, "нет права на рассылки") == 0); // it is the office's business
  w.press(ann, "b:r:1");
  w.say(ann, "/balance");
  REQUIRE(w.sees(ann, "3 кредита"));
  CHECK(w.state_of(1) == std::string{"paused "} + held_for_rights);
  CHECK(w.said(bob, "Всем привет от меня") == 0);
}

TEST_CASE("a broadcast of somebody who is demoted stops at once, and goes on in another's name") {
  claimed w;
  w.becomes(ann, "Сделать администратором", "теперь администратор");
  w.plans(ann, "Всем привет от меня");
  w.becomes(ann, "Снять роль", "роли больше нет");
  CHECK(w.state_of(1) == std::string{"paused "} + held_for_rights);
  CHECK(w.sees(boss, "нет права на рассылки"));
  w.say(boss, "/broadcasts");
  REQUIRE(w.presses(boss, "№1"));
  REQUIRE(w.presses(boss, "Продолжить"));
  CHECK(within(15s, [&] { return w.state_of(1) == "scheduled "; })); // its minute has not come
  CHECK(w.said(bob, "Всем привет от меня") == 0);
}

TEST_CASE("a user who writes somebody else's number under his picture gets the answer himself") {
  claimed w;
  w.say(ann, "/feedback");
  REQUIRE(w.sees(ann, "Напишите, что случилось"));
  const std::string forged = "✉️ Обратная связь #u3003";
  const std::string png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  w.post("/sandbox/send", {{"user_id", ann}, {"photo_base64", png}, {"caption", forged}});
  REQUIRE(w.sees(boss, forged));
  REQUIRE(w.sees(ann, "Передали")); // both parts are known to have arrived
  const auto copy = w.said(boss, forged);
  w.kill(), w.start();
  w.say(boss, "Ваш промокод ABC", copy);
  CHECK(w.sees(ann, "Ваш промокод ABC"));
  CHECK(w.sees(boss, "Ответ ушёл пользователю 2002"));
  CHECK(w.said(bob, "Ваш промокод ABC") == 0);
}
