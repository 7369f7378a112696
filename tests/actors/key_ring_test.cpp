/// The rules of keys, of the queue's order and of the time that is promised: told the time, no actors.
#include "actors/key_ring.hpp"
#include "actors/sales_board.hpp"
#include "actors/wait_estimate.hpp"
#include "tests/catch.hpp"
#include <optional>

using namespace troupe;

namespace {

constexpr unix_ms t0 = 1'700'000'000'000;

job waiting(std::int64_t id, std::int64_t user, int attempt = 0, unix_ms ordered = t0) {
  job j;
  j.job_id = id, j.user_id = user, j.attempt = attempt, j.created_at = ordered;
  return j;
}

std::vector<std::int64_t> order_of(const fair_queue& q) {
  std::vector<std::int64_t> ids;
  for (const auto* j : q.in_order()) ids.push_back(j->job_id);
  return ids;
}

using phase = key_ring::phase;
using leaving = key_ring::exit;

/// Takes a place and leaves at once, as a text does.
std::optional<std::string> submit(key_ring& ring, unix_ms now) {
  auto name = ring.take(now);
  if (name) CHECK(ring.leave(*name, phase::comes, now) == leaving::go);
  return name;
}

} // namespace

TEST_CASE("each key has a window and places of its own, and the one with fewer tasks is next") {
  key_ring ring{{"a", "b"}, 3, 2};
  CHECK(submit(ring, t0) == "a");
  CHECK(submit(ring, t0) == "b");
  CHECK(submit(ring, t0) == "a");
  CHECK(submit(ring, t0) == "b");
  CHECK_FALSE(ring.take(t0)); // no places
  CHECK_FALSE(ring.next_room(t0));
  ring.release("b");
  CHECK(submit(ring, t0) == "b");
  ring.release("a");
  ring.release("b");
  CHECK(submit(ring, t0) == "a");
  ring.release("a");
  CHECK_FALSE(ring.take(t0)); // both windows are spent
  REQUIRE(ring.next_room(t0));
  CHECK(*ring.next_room(t0) > t0 + 10'000); // a little more than the provider's own window
  CHECK(submit(ring, *ring.next_room(t0)));
}

TEST_CASE(
    "what is being prepared takes a place and nothing of the window, it leaves when the window has room") {
  key_ring ring{{"a"}, 2, 10};
  CHECK(ring.take(t0, phase::prepares) == "a");
  CHECK(ring.take(t0, phase::prepares) == "a");
  CHECK_FALSE(ring.take(t0, phase::prepares)); // no more at once than a window holds
  CHECK(submit(ring, t0) == "a");              // a text goes on meanwhile
  CHECK(ring.leave("a", phase::prepares, t0) == leaving::go);
  CHECK(ring.leave("a", phase::prepares, t0) == leaving::wait);
  CHECK_FALSE(ring.take(t0));
  CHECK(ring.leave("a", phase::prepares, t0 + 10'100) == leaving::go);
}

TEST_CASE("a text that was taken has its room in the window until it leaves") {
  key_ring ring{{"a"}, 2, 10};
  CHECK(ring.take(t0));
  CHECK(ring.take(t0));
  CHECK_FALSE(ring.take(t0));
  CHECK(*ring.next_room(t0) > t0); // no busy wait for it
  ring.release("a", phase::comes); // cancelled before it left
  CHECK(ring.take(t0));
}

TEST_CASE("a key that is set aside leaves the others alone, and comes back with an accepted task") {
  key_ring ring{{"a", "b"}, 20, 20};
  using aside = key_ring::aside;
  CHECK(ring.set_aside("a", aside::no_credits, t0));
  CHECK_FALSE(ring.set_aside("a", aside::no_credits, t0)); // one state, one alarm
  CHECK(ring.any_in_use(t0));
  CHECK(ring.submits_per_10_s() == 20);
  for (int i = 0; i < 5; ++i) CHECK(submit(ring, t0) == "b");
  ring.set_aside("b", aside::refused, t0);
  CHECK_FALSE(ring.any_in_use(t0));
  CHECK_FALSE(ring.take(t0));
  CHECK(*ring.next_trial(t0) == t0 + key_ring::trial_first);
  const auto later = t0 + key_ring::trial_first;
  CHECK(ring.any_in_use(later)); // it may be tried: then something may be sold
  CHECK(submit(ring, later) == "a");
  CHECK(submit(ring, later) == "b");
  CHECK_FALSE(ring.take(later)); // one trial each
  CHECK(ring.accepted("a"));
  CHECK_FALSE(ring.accepted("a"));
  CHECK(submit(ring, later) == "a");
}

TEST_CASE("the trials of a key that is refused go farther apart, to half an hour") {
  key_ring ring{{"a"}, 20, 20};
  ring.set_aside("a", key_ring::aside::no_credits, t0);
  auto now = t0;
  std::vector<unix_ms> waits;
  for (int i = 0; i < 7; ++i) {
    const auto at = *ring.next_trial(now);
    waits.push_back(at - now);
    now = at;
    REQUIRE(submit(ring, now));
    CHECK_FALSE(ring.set_aside("a", key_ring::aside::no_credits, now));
    ring.release("a");
  }
  CHECK(waits == std::vector<unix_ms>{60'000, 120'000, 240'000, 480'000, 960'000, 1'800'000, 1'800'000});
}

TEST_CASE("a trial that is refused before it leaves is one, the next comes later") {
  key_ring ring{{"a"}, 20, 20};
  ring.set_aside("a", key_ring::aside::refused, t0);
  auto now = t0;
  std::vector<unix_ms> waits;
  for (int i = 0; i < 4; ++i) {
    const auto at = *ring.next_trial(now);
    waits.push_back(at - now);
    now = at;
    REQUIRE(ring.take(now, phase::prepares) == "a");
    CHECK_FALSE(ring.set_aside("a", key_ring::aside::refused, now)); // its photo was not taken
    ring.release("a", phase::prepares);
    CHECK_FALSE(ring.take(now, phase::prepares));
  }
  CHECK(waits == std::vector<unix_ms>{60'000, 120'000, 240'000, 480'000});
}

TEST_CASE("a key that takes tasks and has no money for them is tried ever more rarely") {
  key_ring ring{{"a"}, 20, 20};
  auto now = t0;
  std::vector<unix_ms> waits;
  for (int i = 0; i < 4; ++i) {
    CHECK(ring.set_aside("a", key_ring::aside::no_credits, now));
    const auto at = *ring.next_trial(now);
    waits.push_back(at - now);
    now = at;
    REQUIRE(submit(ring, now));
    CHECK(ring.accepted("a"));
    now += 90'000; // then the task fails
  }
  CHECK(waits == std::vector<unix_ms>{60'000, 240'000, 960'000, 1'800'000});
  now += 10 * key_ring::trial_max;
  CHECK(ring.set_aside("a", key_ring::aside::no_credits, now));
  CHECK(*ring.next_trial(now) - now == key_ring::trial_first); // long ago
}

TEST_CASE("a balance brings a key back only when it has really risen") {
  key_ring ring{{"a"}, 20, 20};
  using balance = key_ring::balance;
  CHECK(ring.has_left("a", 5'000, 300, t0) == balance::as_before);
  ring.set_aside("a", key_ring::aside::no_credits, t0); // a submit was refused all the same
  CHECK(ring.has_left("a", 5'000, 300, t0) == balance::as_before);
  CHECK(ring.has_left("a", 5'100, 300, t0) == balance::as_before);
  CHECK(ring.has_left("a", 5'400, 300, t0) == balance::back);
  CHECK(ring.has_left("a", 10, 300, t0) == balance::too_low);
  CHECK(ring.has_left("a", 9, 300, t0) == balance::as_before);
  CHECK(ring.has_left("a", 400, 300, t0) == balance::back);
  CHECK(ring.all_in_use());
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
  for (int i = 0; i < 20; ++i) REQUIRE(submit(ring, now));
  for (int i = 0; i < 20; ++i) ring.unanswered(now); // all of the burst: one outage
  CHECK(ring.is_resting(now));
  std::vector<unix_ms> rests;
  for (int i = 0; i < 6; ++i) {
    CHECK_FALSE(ring.take(now));
    rests.push_back(*ring.next_room(now) - now);
    now += rests.back();
    REQUIRE(submit(ring, now));
    CHECK_FALSE(ring.take(now)); // one probe only
    ring.unanswered(now);
  }
  CHECK(rests == std::vector<unix_ms>{30'000, 60'000, 120'000, 240'000, 300'000, 300'000});
  now = *ring.next_room(now);
  REQUIRE(submit(ring, now));
  ring.answered();
  CHECK(submit(ring, now));
  CHECK(submit(ring, now));
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
  q.push(waiting(4, 10, 0, t0), t0);
  q.push(waiting(5, 10, 0, t0 + 1), t0);
  CHECK(q.take_older(t0 - 1).empty());
  const auto expired = q.take_older(t0);
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
