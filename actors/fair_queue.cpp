#include "actors/fair_queue.hpp"

namespace troupe {

void fair_queue::push(job j, unix_ms now) {
  if (j.not_before > now) {
    auto at = j.not_before;
    postponed_.emplace(at, std::move(j));
    return;
  }
  auto& line = by_user_[j.user_id];
  if (line.empty()) turns_.push_back(j.user_id);
  line.push_back(std::move(j));
  ++ready_;
}

void fair_queue::wake_due(unix_ms now) {
  while (!postponed_.empty() && postponed_.begin()->first <= now) {
    auto j = std::move(postponed_.begin()->second);
    postponed_.erase(postponed_.begin());
    push(std::move(j), now);
  }
}

std::optional<job> fair_queue::next(unix_ms now) {
  wake_due(now);
  if (turns_.empty()) return std::nullopt;
  auto user = turns_.front();
  turns_.pop_front();
  auto& line = by_user_.at(user);
  auto j = std::move(line.front());
  line.pop_front();
  --ready_;
  if (line.empty()) by_user_.erase(user);
  else turns_.push_back(user);
  return j;
}

std::optional<unix_ms> fair_queue::next_at() const {
  if (ready_ > 0 || postponed_.empty()) return std::nullopt;
  return postponed_.begin()->first;
}

} // namespace troupe
