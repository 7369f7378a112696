#pragma once
/// The parts of bench_broadcast, each in a process of its own.
#include "bench/parts.hpp"
#include "messages/office.hpp"

namespace troupe::bench {

constexpr std::int64_t first_recipient = 7'000'000'000;

struct broadcast_setting {
  int recipients = 100'000, kill_recipients = 20'000, kills = 11;
  int free_per_s = 30, paid_per_s = 1000; ///< What Telegram permits (its FAQ for bots).
  int latency_ms = 50;                    ///< The network's; the sandbox waits that long before each answer.
  std::string folder = ".", only;
};

/// Users who came yesterday, and a broadcast to all of them that waits for an engine.
void seed_broadcast(const std::string& database, int users, bool paid, unix_ms now);
broadcast the_broadcast(const std::string& database);

/// On the virtual clock, at the rate that is free.
json measure_free(const broadcast_setting& set);
/// What broadcasts and administrators ask of the file, one after the other.
json measure_store(const broadcast_setting& set);
/// Over real HTTP at the paid rate, with people pressing buttons meanwhile. Needs build/release/troupe.
json measure_paid(const broadcast_setting& set);
/// Over real HTTP, killed at 40 % and then at random. Needs build/release/troupe.
json measure_kills(const broadcast_setting& set);

} // namespace troupe::bench
