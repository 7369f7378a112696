#pragma once
/// The real program under attack: it runs with less memory than the attack would take, and what it takes of
/// the machine is looked at from outside, before and after.
#include "tests/whole/sandbox_stage.hpp"
#include <algorithm>
#include <cctype>
#include <fstream>
#include <sys/types.h>

namespace troupe::test {

/// What a process takes, as the kernel counts it.
struct footprint {
  long resident_kb = 0, peak_kb = 0; ///< VmRSS, and the most it ever was
  int threads = 0, descriptors = 0;
};

inline footprint footprint_of(pid_t pid) {
  footprint f;
  const auto proc = "/proc/" + std::to_string(pid);
  std::ifstream in{proc + "/status"};
  for (std::string line; std::getline(in, line);) {
    const auto number = [&] { return std::atol(line.c_str() + line.find(':') + 1); };
    if (line.rfind("VmRSS:", 0) == 0) f.resident_kb = number();
    if (line.rfind("VmHWM:", 0) == 0) f.peak_kb = number();
    if (line.rfind("Threads:", 0) == 0) f.threads = static_cast<int>(number());
  }
  std::error_code gone;
  for (auto at = std::filesystem::directory_iterator(proc + "/fd", gone); !gone && at != end(at);
       at.increment(gone))
    ++f.descriptors;
  return f;
}

/// Address space, not memory: an idle engine maps several hundred megabytes of stacks and libraries. An
/// attack that takes a gigabyte does not fit.
inline constexpr process_limits little_memory{1'500'000'000};
/// What an attack may leave behind, or take for a moment: the machine's own noise is a few of these.
inline constexpr long growth_kb_max = 16 * 1024;

/// The sandbox, and an engine on it with `little_memory` that answers its health already.
struct victim : sandbox_stage {
  process program;
  footprint before;

  explicit victim(std::map<std::string, std::string> with = {})
      : sandbox_stage{0}, program{engine(with, little_memory)} {
    const bool well = within(std::chrono::seconds{20}, [&] { return is_well(); });
    INFO(words());
    REQUIRE(well);
    settle();
  }
  /// Its health is answered while its actors are still being born: until no more threads come.
  void settle() {
    int same = 0;
    REQUIRE(within(std::chrono::seconds{20}, [&] {
      const auto last = std::exchange(before, footprint_of(program.id()));
      same = last.threads == before.threads && last.descriptors == before.descriptors ? same + 1 : 0;
      return same == 10;
    }));
  }
  /// What it has said so far.
  std::string words() const {
    std::ifstream in{log()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  footprint now() const { return footprint_of(program.id()); }
  bool is_alive() const { return ::kill(program.id(), 0) == 0 && now().threads > 0; }
  /// Asked on a connection of its own, as a neighbour would.
  bool is_well() {
    http_request r;
    r.url = "http://127.0.0.1:" + std::to_string(web) + "/health";
    r.time_limit = std::chrono::seconds{6};
    return make_http_transport()->send(r).status == 200;
  }
  /// Nothing of what was done to it can be seen.
  void check_unharmed() {
    REQUIRE(is_alive());
    CHECK(is_well());
    const auto after = now();
    CHECK(after.peak_kb - before.peak_kb < growth_kb_max);
    CHECK(after.threads <= before.threads);
  }
};

} // namespace troupe::test
