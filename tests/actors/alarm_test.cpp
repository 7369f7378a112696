#include "actors/alarm_book.hpp"
#include "tests/catch.hpp"

using namespace troupe;

namespace {
constexpr unix_ms window = 600'000, start = 1'700'000'000'000;
} // namespace

TEST_CASE("the first alarm of a kind is told at once, its like as one count at the window's end") {
  alarm_book book{window};
  REQUIRE(book.hear({"key", "first", {}}, 1, start));
  for (int i = 0; i < 37; ++i) CHECK_FALSE(book.hear({"key", "last", {}}, 1, start + 1'000));
  CHECK(book.look(start + window - 1).empty());
  const auto told = book.look(start + window);
  REQUIRE(told.size() == 1);
  CHECK((told[0].times == 37 && told[0].what.sentence == "last" && told[0].within_ms == window));
}

TEST_CASE("after a quiet window the next alarm is news again, and nothing is waited for") {
  alarm_book book{window};
  book.hear({"key", "a", {}}, 1, start);
  CHECK(book.next_at() == start + window);
  CHECK(book.look(start + window).empty());
  CHECK_FALSE(book.next_at());
  CHECK(book.hear({"key", "b", {}}, 1, start + window + 1));
}

TEST_CASE("a flood of kinds is neither remembered nor told without end, and not one is uncounted") {
  alarm_book book{window};
  int told = 0;
  for (int i = 0; i < 1'000; ++i)
    if (const auto n = book.hear({"kind " + std::to_string(i), "x", {}}, 1, start)) told += n->times;
  CHECK(told == alarm_book::messages_per_minute_max);
  for (auto now = start + window; now < start + 3 * window; now += 60'000) {
    const auto some = book.look(now);
    CHECK(some.size() <= static_cast<std::size_t>(alarm_book::messages_per_minute_max));
    for (auto& n : some) told += n.times;
  }
  CHECK(told == 1'000);
}
