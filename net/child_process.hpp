#pragma once
/// The one place from which this program starts others. What they read comes from outside, so they get
/// nothing of ours: PATH and LANG of the environment, no descriptor, no network where the kernel allows that,
/// and no more of the machine than they are given. They die with us. Blocks: workers only.
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::child_process {

/// At each of these the child ends by itself or is ended; what it wrote so far stays.
struct limits {
  int seconds = 0;                            ///< from its start to its end; > 0
  std::uint64_t memory_bytes = 1'500'000'000; ///< of address space, which is more than what it fills
  std::uint64_t file_bytes = 64u << 20;       ///< the largest file it may write
  std::size_t output_bytes = 8u << 20;        ///< of its standard output
};

enum class outcome : std::uint8_t {
  ended,       ///< by itself; `code` says how
  fell,        ///< by a signal of its own making, `code`: it may have fallen on the file
  not_started, ///< it is missing, cannot be loaded, or the machine has no room for it
  killed,      ///< somebody else's signal, `code`
  too_long,
  too_much, ///< said
};

struct result {
  outcome what = outcome::not_started;
  int code = 0;
  std::string output;
  std::string complaint; ///< the first 4 KiB of its standard error; why it was not started
  bool well() const { return what == outcome::ended && code == 0; }
};

/// Runs a program of PATH without a shell and waits for its end; it and all that it started are gone then.
result run(const std::vector<std::string>& argv, const limits& most);

} // namespace troupe::child_process
