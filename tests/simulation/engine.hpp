#pragma once
/// A whole engine on the deterministic scheduler: one message at a time, and it can be stopped dead between
/// any two, or at a durable step.
#include "config/config.hpp"
#include "messages/steps.hpp"
#include "tests/simulation/outside.hpp"
#include "tests/simulation/spy.hpp"
#include <chrono>
#include <memory>

namespace troupe::simulation {

using virtual_time = std::chrono::nanoseconds; ///< since `first_ms`

/// What the ledger's hook asks for.
enum class verdict : std::uint8_t { go_on, disk_full, die };

struct engine_setting {
  config::settings config;
  spy_setting spy;
  std::function<verdict(durable_step, bool committed)> at_step;
};

class simulated_engine {
public:
  /// Opens the database as the real one does at its start. @throws storage::store_error
  simulated_engine(const engine_setting& setting, outside& world, virtual_time now);
  ~simulated_engine(); ///< kill -9: no actor runs any more, nothing leaves

  /// Lets one actor, chosen by `pick(n) < n`, handle one message. False when all are at rest.
  /// One that serves a single user or job may fall instead, when `falls` says so: its message is lost.
  bool run_one(const std::function<std::int64_t(std::int64_t)>& pick, const std::function<bool()>& falls);
  bool crashed() const;
  /// When the next timer rings.
  std::optional<virtual_time> next_timer() const;
  void advance_to(virtual_time now);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::simulation
