/// The test of the tests: bugs put in on purpose. Each must break a rule within a few seeds.
#include "tests/catch.hpp"
#include "tests/simulation/run.hpp"

using namespace troupe;
using namespace troupe::simulation;

namespace {

constexpr std::uint64_t seeds_max = 6;

/// The rule that was broken first, or "".
std::string found(planted bug) {
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    const auto r = run_seed({.seed = seed, .days = 2, .users = 8, .bug = bug});
    if (!r.violations.empty()) return r.violations.front().what;
  }
  return {};
}

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

delivery_report delivered(std::int64_t outbox_id, bool ok = true) {
  delivery_report r;
  r.outbox_id = outbox_id;
  r.chat_id = 7;
  r.delivered = ok;
  r.chat_gone = !ok;
  return r;
}

} // namespace

TEST_CASE("a turn that is only said to be stored is found") {
  CHECK(has(found(planted::drop), "is not handled"));
}

TEST_CASE("a lost submit that is sent again is found") {
  CHECK(has(found(planted::resubmit), "tasks were made"));
}

TEST_CASE("a failed job that keeps the credits is found") {
  CHECK(has(found(planted::keep), "its hold was not ended"));
}

TEST_CASE("a courier that does not wait for retry_after is found") {
  CHECK(has(found(planted::hasty), "before its retry_after passed"));
}

TEST_CASE("a charge that is booked twice is found") {
  CHECK(has(found(planted::twice), "was credited, but nobody paid it"));
}

TEST_CASE("a charge that is only said to be booked is found") {
  CHECK(has(found(planted::unpaid), "is payment 0"));
}

TEST_CASE("messages of a chat that overtake each other are found") {
  delivery_order order;
  CHECK(order.note(delivered(1)).empty());
  CHECK(order.note(delivered(4)).empty());
  CHECK(order.note(delivered(1)).empty()); // again, after a crash
  CHECK(order.note(delivered(3)) == "message 3 of chat 7 arrived after message 4");
  CHECK(order.note(delivered(5, false)).empty());
  CHECK(order.note(delivered(6)).empty());
  CHECK(order.note(delivered(5)).empty()); // he had blocked us
}
