#pragma once
/// Ends the process in time, whatever hangs: all that matters is on disk already.
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

namespace troupe::process {

constexpr auto stop_limit = std::chrono::seconds{14}; // promised: never longer than 15 s

/// After `limit` the process ends with the code that `code` says then.
inline void end_after(
    std::chrono::milliseconds limit, std::function<int()> code,
    std::function<void(int)> end = [](int c) { std::_Exit(c); }) {
  std::thread{[=] {
    std::this_thread::sleep_for(limit);
    end(code());
  }}.detach();
}

} // namespace troupe::process
