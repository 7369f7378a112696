/// The rules of keys, of the queue's order and of the time that is promised: told the time, no actors.
#include "actors/key_ring.hpp"
#include "actors/sales_board.hpp"
#include "actors/wait_estimate.hpp"
#include "tests/catch.hpp"

using namespace troupe;

namespace {

constexpr unix_ms t0 = 1'700'000'000'000;

job waiting(std::int64_t id, std::int64_t user, int attempt = 0, unix_ms deadline = t0 + 1'000'000) {
  job j;
  j.job_id = id, j.user_id = user, j.attempt = attempt, j.deadline_at = deadline;
  return j;
}

std::vector<std::int64_t> order_of(const fair_queue& q) {
  std::vector<std::int64_t> ids;
  for (const auto* j : q.in_order()) ids.push_back(j->job_id);
  return ids;
}

} // namespace

TEST_CASE("each key has a window and places of its own, and the one with fewer tasks is next") {
  key_ring ring{{"a", "b"}, 3, 2};
  CHECK(ring.take(t0) == "a");
  CHECK(ring.take(t0) == "b");
  CHECK(ring.take(t0) == "a");
  CHECK(ring.take(t0) == "b");
  CHECK_FALSE(ring.take(t0)); // no places
  CHECK_FALSE(ring.next_room(t0));
  ring.release("b");
  CHECK(ring.take(t0) == "b");
  ring.release("a");
  ring.release("b");
  CHECK(ring.take(t0) == "a");
  ring.release("a");
  CHECK_FALSE(ring.take(t0)); // both windows are spent
  REQUIRE(ring.next_room(t0));
  CHECK(*ring.next_room(t0) > t0 + 10'000); // a little more than the provider's own window
  CHECK(ring.take(*ring.next_room(t0)));
}

TEST_CASE("a key that is set aside leaves the others alone, and comes back once") {
  key_ring ring{{"a", "b"}, 20, 20};
  CHECK(ring.set_aside("a"));
  CHECK_FALSE(ring.set_aside("a"));
  CHECK(ring.any_in_use());
  CHECK(ring.submits_per_10_s() == 20);
  for (int i = 0; i < 5; ++i) CHECK(ring.take(t0) == "b");
  ring.set_aside("b");
  CHECK_FALSE(ring.any_in_use());
  CHECK_FALSE(ring.take(t0));
  CHECK(ring.restore("a"));
  CHECK_FALSE(ring.restore("a"));
  CHECK(ring.take(t0) == "a");
}

TEST_CASE("a key that was told to slow down rests, and no longer than that") {
  key_ring ring{{"a"}, 20, 20};
  ring.cool("a", t0 + 10'000);
  CHECK_FALSE(ring.take(t0 + 9'999));
  CHECK(*ring.next_room(t0) == t0 + 10'000);
  CHECK(ring.take(t0 + 10'000));
}

TEST_CASE(
    "five silences in a row stop all submits but a probe, each failed probe waits longer, to five minutes") {
  key_ring ring{{"a"}, 100, 100};
  auto now = t0;
  for (int i = 0; i < 20; ++i) REQUIRE(ring.take(now));
  for (int i = 0; i < 20; ++i) ring.unanswered(now); // all of the burst: one outage
  std::vector<unix_ms> rests;
  for (int i = 0; i < 6; ++i) {
    CHECK_FALSE(ring.take(now));
    rests.push_back(*ring.next_room(now) - now);
    now += rests.back();
    REQUIRE(ring.take(now));
    CHECK_FALSE(ring.take(now)); // one probe only
    ring.unanswered(now);
  }
  CHECK(rests == std::vector<unix_ms>{30'000, 60'000, 120'000, 240'000, 300'000, 300'000});
  now = *ring.next_room(now);
  REQUIRE(ring.take(now));
  ring.answered();
  CHECK(ring.take(now));
  CHECK(ring.take(now));
}

TEST_CASE("the places that are told are those in which jobs are served") {
  fair_queue q;
  for (int i = 1; i <= 3; ++i) q.push(waiting(i, 10), t0);
  q.push(waiting(4, 20), t0);
  q.push(waiting(5, 30), t0);
  q.push(waiting(6, 10, 1), t0); // was refused once: before its user's others
  const auto told = order_of(q);
  CHECK(told == std::vector<std::int64_t>{6, 4, 5, 1, 2, 3});
  std::vector<std::int64_t> served;
  while (auto j = q.next(t0)) served.push_back(j->job_id);
  CHECK(served == told);
}

TEST_CASE("who leaves the queue leaves it whole, wherever he waits") {
  fair_queue q;
  q.push(waiting(1, 10), t0);
  q.push(waiting(2, 20), t0);
  auto late = waiting(3, 20);
  late.not_before = t0 + 5'000;
  q.push(late, t0);
  CHECK(q.remove(1));
  CHECK_FALSE(q.remove(1));
  CHECK(q.remove(3));
  CHECK(q.size() == 1);
  CHECK(order_of(q) == std::vector<std::int64_t>{2});
  CHECK(q.next(t0)->job_id == 2);
  CHECK(q.size() == 0);
  q.push(waiting(4, 10, 0, t0 + 1'000), t0);
  q.push(waiting(5, 10), t0);
  CHECK(q.take_expired(t0 + 999).empty());
  const auto expired = q.take_expired(t0 + 1'000);
  REQUIRE(expired.size() == 1);
  CHECK(expired.front().job_id == 4);
  CHECK(q.size() == 1);
}

TEST_CASE("the time that is promised follows what videos took, and the slower of submits and places") {
  wait_estimate e;
  CHECK(e.until_ready("veo", 1, 20, 100) == wait_estimate::unmeasured_ms + 1'200);
  e.measured("veo", 60'000);
  CHECK(e.typical("veo") == 60'000);
  for (int i = 0; i < 50; ++i) e.measured("veo", 100'000);
  CHECK(e.typical("veo") > 95'000);
  wait_estimate still;
  still.measured("veo", 100'000);
  CHECK(still.until_ready("veo", 100, 20, 1'000) == 100 * 500 + 100'000); // two submits a second
  CHECK(still.until_ready("veo", 100, 20, 10) == 100 * 10'000 + 100'000); // ten places
}

TEST_CASE("what is paused by the provider comes back by itself, what an administrator paused does not") {
  sales_board board;
  board.pause("veo", t0 + 1'000);
  board.set("paused:kling", "1");
  CHECK_FALSE(board.look(t0).sells("veo"));
  CHECK(board.look(t0 + 1'000).sells("veo"));
  CHECK_FALSE(board.look(t0 + 1'000'000'000).sells("kling"));
  board.pause("kling", t0 + 1'000); // the provider's word does not end the administrator's
  CHECK_FALSE(board.look(t0 + 1'000'000'000).sells("kling"));
  board.set("paused:kling", "");
  CHECK(board.look(t0).sells("kling"));
  board.set("stopped", "1");
  CHECK_FALSE(board.look(t0).sells("kling"));
}
