#pragma once
/// One seed, from the first user to the last check.
#include "tests/simulation/crowd.hpp"

namespace troupe::simulation {

struct run_setting {
  std::uint64_t seed = 1;
  int days = 2, users = 8;
  std::int64_t until = 0; ///< last event; 0: to the end
  bool verbose = false;
  planted bug = planted::none;
};

struct run_result {
  totals orders;
  fault_counts injected;
  std::int64_t days = 0, crashes = 0, events = 0, messages = 0;
  std::uint64_t digest = 0;
  std::vector<violation> violations;
  std::string tail; ///< the last lines of the trace
};

run_result run_seed(const run_setting& s);

struct summary {
  std::int64_t seeds = 0, days = 0, crashes = 0, events = 0, violations = 0;
  totals orders;
  fault_counts injected;
  void add(const run_result& r);
  std::string text() const;
};

/// What to type to see a violation again.
std::string replay_command(const run_setting& s, const run_result& r);
/// The first violations, the end of the trace and the command.
std::string story(const run_setting& s, const run_result& r);

const char* name_of(planted bug);
planted planted_from(const std::string& name); ///< @throws std::invalid_argument

} // namespace troupe::simulation
