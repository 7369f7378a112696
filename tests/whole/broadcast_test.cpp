/// Broadcasts of the real program to a crowd in the sandbox, which plays Telegram's flood control: killed in
/// the middle, and in a storm of refusals. The journal is compared with what people got.
#include "messages/office.hpp"
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include <random>

namespace {

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::int64_t admin = 1'864'913'930;
constexpr int many = 240, few = 40, blocked_percent = 5;
constexpr auto text = "Новая модель уже здесь";

struct town : sandbox_stage {
  std::unique_ptr<process> running;
  int a_second; ///< The engine's rate of broadcasts.

  explicit town(int people = many, int rate = 28) : sandbox_stage{0}, a_second{rate} {
    post("/sandbox/flood", {{"mode", "telegram"}});
    start();
    post("/sandbox/users", {{"id", admin}, {"first_name", "Root"}, {"language_code", "ru"}});
    post("/sandbox/crowd", {{"count", people}, {"start", true}});
    REQUIRE(within(60s, [&] { return received() >= people; })); // all are greeted
    // People block the bot after they have come: it cannot know it yet.
    post("/sandbox/crowd", {{"count", people}, {"blocked_percent", blocked_percent}, {"first_id", first()}});
    post("/sandbox/crowd/reset", {});
  }
  void start() {
    running = std::make_unique<process>(
        engine({{"TROUPE_TELEGRAM_BULK_MESSAGES_PER_SECOND", std::to_string(a_second)}}));
  }
  void kill() { running->end(SIGKILL); }

  std::int64_t first() { return get("/sandbox/crowd")["crowds"][0]["first_id"]; }
  json crowd() { return get("/sandbox/crowd"); }
  std::int64_t received() { return crowd().value("received", std::int64_t{0}); }

  template <class Facts> Facts facts(office_question q) const {
    try {
      return std::get<Facts>(storage::reader{database()}.answer(q));
    } catch (const storage::store_error&) {
      return {}; // it is being opened, or written
    }
  }
  broadcast state() const {
    const auto all = facts<broadcasts_page>(broadcasts_query{0, 0, 1}).all;
    return all.empty() ? broadcast{} : all[0];
  }
  bool admin_sees(const std::string& words) {
    return get("/sandbox/chat?user_id=" + std::to_string(admin)).dump().find(words) != std::string::npos;
  }
  /// Copies of the broadcast that are there; the administrator, who has written the text himself, gets one
  /// too.
  std::int64_t copies() {
    std::int64_t own = -1;
    for (auto& m : get("/sandbox/chat?user_id=" + std::to_string(admin)))
      if (m.value("text", "") == text) ++own;
    return received() + std::max<std::int64_t>(own, 0);
  }
  void say(const std::string& words) { post("/sandbox/send", {{"user_id", admin}, {"text", words}}); }
  bool presses(const std::string& label) {
    return within(15s, [&] { return press_label(admin, label); });
  }
  bool presses_data(const std::string& head) {
    return within(15s, [&] { return press(admin, head); });
  }
  bool shows(const std::string& words) {
    return within(15s, [&] { return admin_sees(words); });
  }
  std::int64_t reachable() const {
    audience all;
    all.category = "news";
    return facts<audience_size>(audience_query{all}).users;
  }
  bool ends(std::int64_t broadcast_id) {
    return within(60s, [&] {
      const auto b = state();
      return b.broadcast_id == broadcast_id && b.state == broadcast_state::done;
    });
  }
  std::int64_t calls(const std::string& method) { return crowd()["methods"].value(method, std::int64_t{0}); }
  void begins_broadcast() {
    say("/broadcast");
    REQUIRE(shows("Пришлите то, что нужно разослать"));
  }
  void broadcast_to_all() {
    begins_broadcast();
    say(text);
    REQUIRE(presses("Посчитать"));
    REQUIRE(shows("Получателей: "));
    REQUIRE(press_label(admin, "Отправить"));
    REQUIRE(within(15s, [&] { return received() > 0; }));
  }
  void check_books() {
    const auto b = state();
    const auto seen = crowd();
    CAPTURE(seen["texts"], b.sent, b.unknown, b.blocked, b.failed);
    CHECK(seen["repeats"] == 0);
    const auto there = copies();
    CHECK(b.sent <= there);                           // what is called sent has arrived,
    CHECK(there <= b.sent + b.unknown);               // what has arrived is called sent or unknown,
    CHECK(b.sent + b.blocked + b.unknown == b.total); // and nobody is forgotten
    CHECK(storage::reader{database()}.audit().faults.empty());
  }
};

} // namespace

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
  const bool told = within(30s, [&] { return t.admin_sees("закончена"); });
  CAPTURE(t.get("/sandbox/chat?user_id=" + std::to_string(admin)).dump(1));
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
