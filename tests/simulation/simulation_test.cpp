/// Seeds: whole days of users, faults and crashes. Nothing may break a rule, and every seed can be replayed.
#include "tests/catch.hpp"
#include "tests/simulation/run.hpp"
#include "tests/founder.hpp"
#include <chrono>
#include <iostream>
#include <random>

using namespace troupe;
using namespace troupe::simulation;

namespace {

/// Seeds that once found something, and others.
constexpr std::uint64_t fixed_seeds[] = {1, 2, 3, 5, 7, 8, 11, 16, 102, 205, 600};
constexpr auto time_for_fresh_seeds = std::chrono::seconds{8};

void run_and_check(const run_setting& s, summary& all) {
  const auto r = run_seed(s);
  all.add(r);
  CAPTURE(s.seed);
  if (!r.violations.empty()) FAIL_CHECK(story(s, r));
}

} // namespace

TEST_CASE("no credit is lost, doubled or invented, whatever fails and whenever the engine dies") {
  summary all;
  for (auto seed : fixed_seeds) run_and_check({.seed = seed, .days = 2, .users = 10}, all);
  const std::uint64_t fresh = std::random_device{}();
  std::cout << "fresh seeds from " << fresh << "\n";
  const auto start = std::chrono::steady_clock::now();
  for (auto seed = fresh; std::chrono::steady_clock::now() - start < time_for_fresh_seeds; ++seed)
    run_and_check({.seed = seed, .days = 2, .users = 10}, all);
  std::cout << all.text() << "\n";
  CHECK(all.orders.delivered > 0);
  CHECK(all.orders.refunded > 0);
  CHECK(all.crashes > 0);
}

TEST_CASE("a seed replays to the byte") {
  const run_setting s{.seed = 3, .days = 1, .users = 8};
  const auto first = run_seed(s), second = run_seed(s);
  CHECK(first.events > 1000);
  CHECK(first.crashes > 0);
  CHECK(first.digest == second.digest);
  CHECK(run_seed({.seed = 4, .days = 1, .users = 8}).digest != first.digest);
}

TEST_CASE("a replay can be stopped at any event, and shows what led to it") {
  const auto r = run_seed({.seed = 3, .days = 1, .users = 8, .until = 500});
  CHECK(r.events <= 502); // that event, and at most what the same message still said
  CHECK(r.tail.find("    500  ") != r.tail.npos);
}

TEST_CASE("without faults and crashes every harmless wish becomes a video") {
  play p{21};
  crowd people{21, p, {.users = 10, .nasty = false}};
  people.enter(first_ms + 3 * day_ms);
  p.run_until(first_ms + 3 * day_ms + 2 * hour_ms);
  p.proofs().when_quiet();
  for (auto& v : p.violations) FAIL_CHECK(v.what);
  const auto t = p.proofs().count();
  CHECK(t.orders > 50);
  CHECK(t.delivered == t.orders);
  CHECK(p.world.kie.too_fast() == 0);
}

TEST_CASE("a delivery report that the full disk refused is stored when there is room again") {
  play p{22};
  p.world.telegram.add_user(founder_user_id, "Ann", "en");
  bool full = true;
  p.script = [&](durable_step s, bool committed) {
    const bool refused = s == durable_step::message_settled && !committed && std::exchange(full, false);
    return refused ? verdict::disk_full : verdict::go_on;
  };
  p.coming.at(first_ms + second_ms, [&] { p.world.say(founder_user_id, {.text = "/start"}); });
  p.run_until(first_ms + minute_ms);
  CHECK_FALSE(full);
  p.proofs().when_quiet();
  for (auto& v : p.violations) FAIL_CHECK(v.what);
}
