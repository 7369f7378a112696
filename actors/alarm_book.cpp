#include "actors/alarm_book.hpp"
#include <algorithm>

namespace troupe {

std::optional<alarm_book::notice> alarm_book::hear(const alarm& a, int times, unix_ms now) {
  const bool room = kinds_.count(a.kind) != 0 || kinds_.size() < kinds_max;
  auto& e = kinds_[room ? a.kind : "others"];
  e.what = a;
  const bool quiet = e.ends_at == 0;
  if (quiet) e.since = now, e.ends_at = now + window_ms_;
  if (quiet && may_speak(now)) return notice{a, times, 0};
  e.waiting += times;
  return {};
}

std::vector<alarm_book::notice> alarm_book::look(unix_ms now) {
  std::vector<notice> all;
  for (auto it = kinds_.begin(); it != kinds_.end();) {
    auto& e = it->second;
    if (e.ends_at > now) {
      ++it;
    } else if (e.waiting == 0) {
      it = kinds_.erase(it); // quiet for a whole window: the next is news again
    } else if (!may_speak(now)) {
      e.ends_at = minute_began_ + 60'000;
      ++it;
    } else {
      all.push_back({e.what, e.waiting, std::max<unix_ms>(now - e.since, 1)});
      e.waiting = 0, e.since = now, e.ends_at = now + window_ms_;
      ++it;
    }
  }
  return all;
}

std::optional<unix_ms> alarm_book::next_at() const {
  std::optional<unix_ms> at;
  for (auto& [kind, e] : kinds_) at = at ? std::min(*at, e.ends_at) : e.ends_at;
  return at;
}

bool alarm_book::may_speak(unix_ms now) {
  if (now - minute_began_ >= 60'000) minute_began_ = now, said_ = 0;
  return said_++ < messages_per_minute_max;
}

} // namespace troupe
