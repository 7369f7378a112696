#include "actors/notice_desk.hpp"
#include <algorithm>

namespace troupe {

bool notice_desk::note(const std::string& id, bool ours, unix_ms now) {
  tidy(now);
  const auto known = all_.find(id);
  if (known != all_.end() && known->second.waits) return true;
  if (ours ? own_.size() >= own_max : strangers_.size() >= strangers_max) return false;
  auto& m = all_.try_emplace(id, matter{ours}).first->second;
  m.waits = true;
  // While it is asked about, the answer may be older than what this notice tells of.
  if (!m.asked) (m.ours ? own_ : strangers_).emplace(m.not_before, id);
  return true;
}

std::optional<std::string> notice_desk::next(unix_ms now) {
  if (!own_.empty() && own_asked_ < own_at_once && own_.begin()->first <= now) {
    ++own_asked_;
    return begin(own_, now);
  }
  if (strangers_.empty() || strangers_asked_ > 0 || stranger_at_ > now || strangers_.begin()->first > now)
    return std::nullopt;
  ++strangers_asked_;
  stranger_at_ = now + stranger_every_ms;
  return begin(strangers_, now);
}

std::string notice_desk::begin(line& of, unix_ms now) {
  auto id = of.begin()->second;
  of.erase(of.begin());
  auto& m = all_.at(id);
  m.waits = false, m.asked = true, m.not_before = now + again_ms;
  return id;
}

std::optional<unix_ms> notice_desk::due() const {
  std::optional<unix_ms> first;
  if (!own_.empty() && own_asked_ < own_at_once) first = own_.begin()->first;
  if (strangers_.empty() || strangers_asked_ > 0) return first;
  const auto theirs = std::max(strangers_.begin()->first, stranger_at_);
  return first ? std::min(*first, theirs) : theirs;
}

void notice_desk::answered(const std::string& id, bool shop_knows_it, unix_ms now) {
  const auto at = all_.find(id);
  if (at == all_.end() || !at->second.asked) return;
  auto& m = at->second;
  m.asked = false;
  --(m.ours ? own_asked_ : strangers_asked_);
  if (m.waits) (m.ours ? own_ : strangers_).emplace(m.not_before, id);
  else if (!m.ours && !shop_knows_it) remember(id);
  tidy(now);
}

void notice_desk::remember(const std::string& id) {
  if (!unknown_.insert(id).second) return;
  unknown_order_.push_back(id);
  if (unknown_order_.size() <= unknown_max) return;
  unknown_.erase(unknown_order_.front());
  unknown_order_.pop_front();
}

/// What was asked about long ago is as if it had never been. Few stay: as many as may be asked in ten
/// seconds.
void notice_desk::tidy(unix_ms now) {
  for (auto at = all_.begin(); at != all_.end();) {
    const auto& m = at->second;
    at = !m.waits && !m.asked && m.not_before <= now ? all_.erase(at) : std::next(at);
  }
}

} // namespace troupe
