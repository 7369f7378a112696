#include "actors/fair_queue.hpp"
#include <algorithm>

namespace troupe {

void fair_queue::push(job j, unix_ms now) {
  if (j.not_before > now) {
    auto at = j.not_before;
    postponed_.emplace(at, std::move(j));
    return;
  }
  auto& line = by_user_[j.user_id];
  if (line.empty()) turns_.push_back(j.user_id);
  if (j.attempt > 0 || j.not_before > 0) line.push_front(std::move(j));
  else line.push_back(std::move(j));
  ++ready_;
}

bool fair_queue::is_ready(unix_ms now) {
  wake_due(now);
  return ready_ > 0;
}

const job* fair_queue::peek(unix_ms now) {
  wake_due(now);
  return turns_.empty() ? nullptr : &by_user_.at(turns_.front()).front();
}

void fair_queue::leave_line(std::int64_t user_id) {
  if (!by_user_.at(user_id).empty()) return;
  by_user_.erase(user_id);
  turns_.erase(std::find(turns_.begin(), turns_.end(), user_id));
}

bool fair_queue::remove(std::int64_t job_id) {
  const auto is_it = [&](const job& j) { return j.job_id == job_id; };
  for (auto p = postponed_.begin(); p != postponed_.end(); ++p)
    if (is_it(p->second)) return postponed_.erase(p), true;
  for (auto& [user, line] : by_user_) {
    const auto j = std::find_if(line.begin(), line.end(), is_it);
    if (j == line.end()) continue;
    line.erase(j);
    --ready_;
    leave_line(user);
    return true;
  }
  return false;
}

std::vector<job> fair_queue::take_older(unix_ms ordered_at) {
  std::vector<job> all;
  for (auto& [at, j] : postponed_)
    if (j.created_at <= ordered_at) all.push_back(j);
  for (auto& [user, line] : by_user_)
    for (auto& j : line)
      if (j.created_at <= ordered_at) all.push_back(j);
  for (auto& j : all) remove(j.job_id);
  return all;
}

std::vector<const job*> fair_queue::in_order() const {
  std::vector<const job*> all;
  all.reserve(ready_);
  for (std::size_t round = 0; all.size() < ready_; ++round)
    for (const auto user : turns_)
      if (const auto& line = by_user_.at(user); round < line.size()) all.push_back(&line[round]);
  return all;
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

unix_ms fair_queue::waits_since() const {
  unix_ms first = 0;
  const auto see = [&](const job& j) { first = first == 0 ? j.created_at : std::min(first, j.created_at); };
  for (auto& [user, jobs] : by_user_)
    for (auto& j : jobs) see(j);
  for (auto& [due, j] : postponed_) see(j);
  return first;
}

} // namespace troupe
