#pragma once
/// Parts of a measurement in processes of their own, and the spread of what they measured.
#include "bench/crowd.hpp"
#include <algorithm>

namespace troupe::bench {

/// p50, p99 and the greatest; zeros when there is none.
inline json spread(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all.empty() ? 0.0 : all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  return {{"n", all.size()}, {"p50", at(0.5)}, {"p99", at(0.99)}, {"max", at(1)}};
}

inline int thread_count() {
  std::ifstream in{"/proc/self/status"};
  for (std::string line; std::getline(in, line);)
    if (line.rfind("Threads:", 0) == 0) return std::stoi(line.substr(8));
  return 0;
}

/// Runs `part` in a process of its own. @throws std::runtime_error when it had no result
template <class Part> json in_a_process(Part part) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error{"no pipe"};
  const auto child = ::fork(); // this process has no threads
  if (child < 0) throw std::runtime_error{"no process"};
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string text;
    try {
      text = part().dump();
    } catch (const std::exception& e) {
      std::cerr << e.what() << "\n";
    }
    const auto written = ::write(ends[1], text.data(), text.size()); // far less than a pipe holds
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 2);
  }
  ::close(ends[1]);
  std::string text(1 << 16, '\0');
  std::size_t got = 0;
  for (ssize_t n = 1; n > 0 && got < text.size(); got += static_cast<std::size_t>(std::max<ssize_t>(n, 0)))
    n = ::read(ends[0], text.data() + got, text.size() - got);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  if (got == 0) throw std::runtime_error{"a part had no result"};
  return json::parse(text.substr(0, got));
}

} // namespace troupe::bench
