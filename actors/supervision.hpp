#pragma once
#include <chrono>
#include <deque>

namespace troupe {

/// At most `most` restarts within `window`; then the level above decides (as in Erlang/OTP).
/// Told the time by CAF's clock, which is virtual in tests.
class restart_limit {
public:
  using time_point = std::chrono::steady_clock::time_point;
  explicit restart_limit(std::size_t most = 3, std::chrono::seconds window = std::chrono::seconds{60})
      : most_{most}, window_{window} {}

  /// Counts the restart when it allows it.
  bool allows(time_point now) {
    while (!recent_.empty() && now - recent_.front() >= window_) recent_.pop_front();
    if (recent_.size() >= most_) return false;
    recent_.push_back(now);
    return true;
  }

private:
  std::size_t most_;
  std::chrono::seconds window_;
  std::deque<time_point> recent_;
};

} // namespace troupe
