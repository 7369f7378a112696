#pragma once
/// The parts of bench_generation. Each runs in a process of its own, so that memory, threads and CPU time are
/// its own too.
#include "bench/parts.hpp"

namespace troupe::bench {

struct generation_setting {
  // a storm of orders, on the virtual clock
  int users = 1000, pack = 3, provider_s = 300, submits_per_10_s = 20;
  int time_limit_s = 7200; ///< It begins with the order, and the last of 3000 is submitted after 25 minutes.
  bool callbacks = true;
  bool enforce_rate = false; ///< The provider refuses what comes too fast; else it only counts.
  // menu presses meanwhile, in real time
  int press_users = 1000, presses = 200, press_seconds = 40;
  // jobs in flight, in real time
  int jobs = 50'000, seconds = 70, poll_every_s = 30;
  int settle_s = 5; ///< in both, before it begins: cards' own edits, jobs adopted
  // a naive pool, its provider sped up
  int blocking_workers = 20, naive_provider_ms = 100;
  std::string folder;
};

json measure_storm(const generation_setting& s);
json measure_presses(const generation_setting& s);
/// `restarted`: all jobs were submitted long ago, and the engine starts now. Else they were submitted one
/// after the other in the last `poll_every_s`.
json measure_polls(const generation_setting& s, bool restarted);
json measure_naive(const generation_setting& s);

} // namespace troupe::bench
