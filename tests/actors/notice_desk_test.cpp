#include "actors/notice_desk.hpp"
#include "tests/catch.hpp"

using namespace troupe;

TEST_CASE("a payment of ours is asked about at once, and again after ten seconds") {
  notice_desk d;
  REQUIRE(d.note("a", true, 1000));
  CHECK(d.due() == 0);
  CHECK(d.next(1000) == "a");
  CHECK_FALSE(d.next(1000));
  CHECK_FALSE(d.due());
  REQUIRE(d.note("a", true, 1001)); // the answer may be older than what this one tells of
  CHECK_FALSE(d.next(5000));
  d.answered("a", true, 5000);
  CHECK(d.due() == 11'000);
  CHECK_FALSE(d.next(10'999));
  CHECK(d.next(11'000) == "a");
  d.answered("a", true, 11'000);
  CHECK_FALSE(d.due());
  REQUIRE(d.note("a", true, 30'000));
  CHECK(d.next(30'000) == "a");
}

TEST_CASE("others are asked about one at a time, one a second, behind ours") {
  notice_desk d;
  REQUIRE(d.note("x", false, 0));
  REQUIRE(d.note("y", false, 0));
  REQUIRE(d.note("a", true, 0));
  CHECK(d.next(0) == "a");
  CHECK(d.next(0) == "x");
  CHECK_FALSE(d.next(5000)); // x is not answered
  CHECK_FALSE(d.due());
  d.answered("x", true, 5000);
  CHECK(d.next(5000) == "y");
  d.answered("y", true, 5100);
  REQUIRE(d.note("z", false, 5100));
  CHECK(d.due() == 6000);
  CHECK_FALSE(d.next(5999));
  CHECK(d.next(6000) == "z");
}

TEST_CASE("what waits and what is remembered has a limit") {
  notice_desk d;
  for (std::size_t i = 0; i < notice_desk::strangers_max; ++i)
    CHECK(d.note("s" + std::to_string(i), false, 0));
  CHECK_FALSE(d.note("more", false, 0));
  CHECK(d.note("s0", false, 0)); // it waits already
  CHECK(d.note("a", true, 0));
  for (std::size_t i = 1; i < notice_desk::own_max; ++i) CHECK(d.note("o" + std::to_string(i), true, 0));
  CHECK_FALSE(d.note("one more", true, 0));
  for (std::size_t i = 0; i < notice_desk::own_at_once; ++i) CHECK(d.next(0));
  CHECK(d.next(0)->front() == 's'); // ours wait for their answers
  notice_desk u;
  for (std::size_t i = 0; i <= notice_desk::unknown_max; ++i) {
    const auto id = "u" + std::to_string(i);
    const auto at = static_cast<unix_ms>(i) * 1000;
    REQUIRE(u.note(id, false, at));
    REQUIRE(u.next(at) == id);
    u.answered(id, i == 500, at); // that one is known there
  }
  CHECK(u.is_unknown("u0"));
  CHECK(u.is_unknown("u1000"));
  CHECK_FALSE(u.is_unknown("u500"));
  REQUIRE(u.note("last", false, 2'000'000));
  REQUIRE(u.next(2'000'000));
  u.answered("last", false, 2'000'000);
  CHECK_FALSE(u.is_unknown("u0"));
}

TEST_CASE("of ours nothing is remembered as unknown, for the shop may be mistaken for a moment") {
  notice_desk d;
  REQUIRE(d.note("a", true, 0));
  REQUIRE(d.next(0));
  d.answered("a", false, 0);
  CHECK_FALSE(d.is_unknown("a"));
}
