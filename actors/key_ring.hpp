#pragma once
/// Which of the provider's keys takes the next task: the one with room and the fewest tasks. A key that is
/// refused or out of credits is set aside alone, and tried again by one task at growing distances; a provider
/// that does not answer stops them all for a while. Told the time.
#include "actors/fair_queue.hpp"
#include <string>
#include <vector>

namespace troupe {

class key_ring {
public:
  static constexpr int failures_max =
      5; ///< in a row; then nothing is sent for `rest_first`, doubling to `rest_max`
  static constexpr unix_ms rest_first = 30'000, rest_max = 300'000;
  /// A key that is aside takes one task after so long, doubling: only an accepted submit proves that it
  /// works.
  static constexpr unix_ms trial_first = 60'000, trial_max = 1'800'000;

  /// Both limits are each key's own: the provider counts by account.
  key_ring(const std::vector<std::string>& names, int submits_per_10_s, int in_flight_max);

  /// Of a task that was taken: its request leaves at once, or when its photo is prepared, or has left.
  enum class phase : std::uint8_t { comes, prepares, left };
  /// A place for a task; for one that comes at once also room in the window. What is being prepared takes
  /// none of it.
  std::optional<std::string> take(unix_ms now, phase next = phase::comes);
  enum class exit : std::uint8_t { go, wait, no };
  /// Its request wants to leave: `go` counts it in the window. `wait`: the window is full. `no`: not with
  /// this key now.
  exit leave(const std::string& name, phase from, unix_ms now);
  void adopt(const std::string& name); ///< A task that runs already. An unknown name: the first key.
  void release(const std::string& name, phase from = phase::left);
  bool knows(const std::string& name) const;

  enum class aside : std::uint8_t { no, no_credits, refused };
  void cool(const std::string& name, unix_ms until);
  bool set_aside(const std::string& name, aside why, unix_ms now); ///< True: that is news.
  bool accepted(const std::string& name);                          ///< True: it was aside until now.
  enum class balance : std::uint8_t { as_before, too_low, back };
  /// What the provider says is left. `back`: it has really risen, by `least` at the least.
  balance has_left(const std::string& name, double credits, double least, unix_ms now);
  /// Or one that may be tried now.
  bool any_in_use(unix_ms now) const;
  std::size_t size() const { return keys_.size(); }
  std::size_t usable() const; ///< Those that are not aside
  bool all_in_use() const;

  void unanswered(unix_ms now); ///< Neither a task nor a clear refusal came back.
  void answered();
  bool is_resting(unix_ms now) const { return now < resting_until_; }

  /// When a `take` or a `leave` may succeed that does not now, by time alone. Nothing: only a release or a
  /// restore helps.
  std::optional<unix_ms> next_room(unix_ms now) const;
  /// When the next key that is aside may be tried.
  std::optional<unix_ms> next_trial(unix_ms now) const;
  /// Tasks in 10 s over all keys in use.
  int submits_per_10_s() const;
  int in_flight_max() const;

private:
  struct key {
    std::string name;
    sliding_window submits;
    int running = 0; ///< the next two among them
    int coming = 0, preparing = 0;
    int& at(phase p) { return p == phase::comes ? coming : preparing; }
    unix_ms cool_until = 0;
    aside why = aside::no;
    unix_ms trial_at = 0, trial_wait = 0;
    bool on_trial = false;
    double credits = -1, credits_aside = -1; ///< as last told; the least since it is aside. -1: not known
  };
  key* find(const std::string& name);
  bool may_take(const key& k, phase next, unix_ms now) const;
  int in_use() const;
  std::vector<key> keys_;
  int submits_per_10_s_, in_flight_max_;
  int failures_ = 0;
  bool probing_ = false; ///< One submit is out to see whether the provider answers again.
  unix_ms resting_until_ = 0;
};

} // namespace troupe
