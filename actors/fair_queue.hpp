#pragma once
/// Who is served next: users take turns, so a pack of a hundred delays nobody else's single job, and nobody
/// starves. A job that was refused once goes before its user's others: it has waited already.
#include "messages/work.hpp"
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace troupe {

class fair_queue {
public:
  void push(job j, unix_ms now);
  /// The next job whose time has come, of the user who has waited longest for a turn.
  std::optional<job> next(unix_ms now);
  /// When the earliest postponed job comes due; nothing when one is ready or none is postponed.
  std::optional<unix_ms> next_at() const;
  std::size_t size() const { return ready_ + postponed_.size(); }
  bool is_ready(unix_ms now);
  unix_ms
  waits_since() const; ///< When the first of those that wait was ordered; 0: none waits. Looks at all.
  /// What `next` will give; null when nothing is ready. Valid until the next change.
  const job* peek(unix_ms now);
  /// Takes one out, wherever it waits. False: it is not here.
  bool remove(std::int64_t job_id);
  /// Takes out all that were ordered then or before.
  std::vector<job> take_older(unix_ms ordered_at);
  /// The ready ones as they will be served, if nobody else comes. Valid until the next change.
  std::vector<const job*> in_order() const;

private:
  void wake_due(unix_ms now);
  void leave_line(std::int64_t user_id);
  std::unordered_map<std::int64_t, std::deque<job>> by_user_;
  std::deque<std::int64_t> turns_; ///< users with ready jobs, each once
  std::multimap<unix_ms, job> postponed_;
  std::size_t ready_ = 0;
};

/// At most `most` events in any `window`.
class sliding_window {
public:
  sliding_window(int most, unix_ms window) : most_{static_cast<std::size_t>(most)}, window_{window} {}
  /// How long until one more is allowed; 0 = now.
  unix_ms wait(unix_ms now) const {
    return events_.size() < most_ ? 0 : std::max<unix_ms>(0, events_.front() + window_ - now);
  }
  /// How many more are allowed now.
  int room(unix_ms now) const {
    const auto recent =
        std::count_if(events_.begin(), events_.end(), [&](unix_ms at) { return at + window_ > now; });
    return static_cast<int>(most_) - static_cast<int>(recent);
  }
  void spend(unix_ms now) {
    if (events_.size() == most_) events_.pop_front();
    events_.push_back(now);
  }

private:
  std::size_t most_;
  unix_ms window_;
  std::deque<unix_ms> events_;
};

} // namespace troupe
