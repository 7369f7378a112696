#pragma once
/// Which of the provider's keys takes the next task: the one with room and the fewest tasks. A key that is
/// refused or out of credits is set aside alone; a provider that does not answer stops them all for a while.
/// Told the time.
#include "actors/fair_queue.hpp"
#include <string>
#include <vector>

namespace troupe {

class key_ring {
public:
  static constexpr int failures_max =
      5; ///< in a row; then nothing is sent for `rest_first`, doubling to `rest_max`
  static constexpr unix_ms rest_first = 30'000, rest_max = 300'000;

  /// Both limits are each key's own: the provider counts by account.
  key_ring(const std::vector<std::string>& names, int submits_per_10_s, int in_flight_max);

  /// Counts one submit and one running task.
  std::optional<std::string> take(unix_ms now);
  void adopt(const std::string& name); ///< A task that runs already. An unknown name: the first key.
  void release(const std::string& name);

  void cool(const std::string& name, unix_ms until);
  bool set_aside(const std::string& name); ///< True: it was in use until now.
  bool restore(const std::string& name);   ///< True: it was aside until now.
  bool any_in_use() const;
  std::size_t size() const { return keys_.size(); }
  std::size_t usable() const; ///< Those that are not aside
  bool all_in_use() const;

  void unanswered(unix_ms now); ///< Neither a task nor a clear refusal came back.
  void answered();

  /// When a `take` may succeed that does not now, by time alone. Nothing: only a release or a restore helps.
  std::optional<unix_ms> next_room(unix_ms now) const;
  /// Tasks in 10 s over all keys in use.
  int submits_per_10_s() const;
  int in_flight_max() const;

private:
  struct key {
    std::string name;
    sliding_window submits;
    int running = 0;
    unix_ms cool_until = 0;
    bool aside = false;
  };
  key* find(const std::string& name);
  std::vector<key> keys_;
  int submits_per_10_s_, in_flight_max_;
  int failures_ = 0;
  bool probing_ = false; ///< One submit is out to see whether the provider answers again.
  unix_ms resting_until_ = 0;
};

} // namespace troupe
