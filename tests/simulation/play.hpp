#pragma once
/// The whole performance: one virtual clock over the outside world and an engine that may die and come back.
#include "tests/simulation/checks.hpp"
#include "tests/simulation/engine.hpp"
#include <string>
#include <vector>

namespace troupe::simulation {

struct violation {
  std::string what;
  std::int64_t event = 0; ///< its number in the trace
};

/// Chances of dying: per mille at a durable step, and one in so many messages between any two.
struct death_rates {
  int at_step = 0;
  std::int64_t one_in_messages = 0; ///< 0: never
};

class play {
public:
  explicit play(std::uint64_t seed, planted bug = planted::none);
  ~play();
  play(const play&) = delete;
  play& operator=(const play&) = delete;

  unix_ms now() const {
    return first_ms + std::chrono::duration_cast<std::chrono::milliseconds>(clock_).count();
  }
  /// Until then, or until a rule is broken or the trace ends.
  void run_until(unix_ms t);
  bool stopped() const { return !violations.empty() || log.ended(); }

  config::settings config; ///< taken at the next start of the engine
  death_rates deaths;
  int disk_full_rate = 0;            ///< per mille of operations
  std::int64_t fall_in_messages = 0; ///< a session or generation falls at one message in so many; 0: never
  void cut_off(fault what, unix_ms length); ///< an outage from now on
  /// Scripted ends go before the dice.
  std::function<verdict(durable_step, bool committed)> script;
  std::int64_t dies_after_message = 0; ///< scripted too; 0: never
  std::function<void()> at_death = [] {};
  unix_ms back_after_least = 500, back_after_most = 5'000;

  trace log;
  agenda coming;
  outside world;
  std::vector<violation> violations;
  std::int64_t crashes = 0, messages = 0;
  std::array<std::int64_t, 64> passed{}; ///< by durable step, committed

  checks& proofs();
  std::string database() const { return folder_ + "/troupe.db"; }

private:
  bool step(unix_ms t);
  verdict judge(durable_step step, bool committed);
  void start();
  void die(const char* where);
  void jump(virtual_time to);

  dice dice_;
  virtual_time clock_{};
  std::string folder_;
  planted bug_;
  std::shared_ptr<delivery_order> order_ = std::make_shared<delivery_order>();
  std::unique_ptr<simulated_engine> engine_;
  std::unique_ptr<checks> checks_;
  bool money_moved_ = false;
  unix_ms disk_full_until_ = 0;
  unix_ms up_since_ = first_ms, ///< of all that an answer needs: the engine, its disk, the world
      next_hour_ = first_ms + hour_ms, next_day_ = first_ms + day_ms;
};

} // namespace troupe::simulation
