#pragma once
/// A town: the real program, an administrator and a crowd in the sandbox, which plays Telegram's flood
/// control.
#include "tests/whole/office_stage.hpp"

namespace troupe::test {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int many = 240, few = 40, blocked_percent = 5;
constexpr auto text = "Новая модель уже здесь";

struct town : office_stage {
  /// `rate`: of broadcasts, a second.
  explicit town(int people = many, int rate = 28)
      : office_stage{{{"TROUPE_TELEGRAM_BULK_MESSAGES_PER_SECOND", std::to_string(rate)}}} {
    post("/sandbox/flood", {{"mode", "telegram"}});
    start();
    post("/sandbox/crowd", {{"count", people}, {"start", true}});
    REQUIRE(within(60s, [&] { return received() >= people; })); // all are greeted
    // People block the bot after they have come: it cannot know it yet.
    post("/sandbox/crowd", {{"count", people}, {"blocked_percent", blocked_percent}, {"first_id", first()}});
    post("/sandbox/crowd/reset", {});
  }

  std::int64_t first() { return get("/sandbox/crowd")["crowds"][0]["first_id"]; }
  json crowd() { return get("/sandbox/crowd"); }
  std::int64_t received() { return crowd().value("received", std::int64_t{0}); }

  /// The newest broadcast.
  broadcast state() const {
    const auto all = facts<broadcasts_page>(broadcasts_query{0, 0, 1}).all;
    return all.empty() ? broadcast{} : all[0];
  }
  /// Copies of the broadcast that are there; the administrator, who has written the text himself and seen it
  /// above the question, gets one too.
  std::int64_t copies() {
    std::int64_t own = -2;
    for (auto& m : chat(admin))
      if (m.value("text", "") == text) ++own;
    return received() + std::max<std::int64_t>(own, 0);
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

} // namespace troupe::test
