#include "actors/key_ring.hpp"
#include <algorithm>

namespace troupe {
namespace {

/// The provider counts 10 s by its own clock, and the network shifts what we count: at exactly 10 s one
/// submit in two came too early, at 10.1 s none (bench_generation).
constexpr unix_ms window_ms = 10'100;

} // namespace

key_ring::key_ring(const std::vector<std::string>& names, int submits_per_10_s, int in_flight_max)
    : submits_per_10_s_{submits_per_10_s}, in_flight_max_{in_flight_max} {
  for (auto& name : names) keys_.push_back({name, sliding_window{submits_per_10_s, window_ms}});
}

key_ring::key* key_ring::find(const std::string& name) {
  const auto k = std::find_if(keys_.begin(), keys_.end(), [&](auto& x) { return x.name == name; });
  if (k != keys_.end()) return &*k;
  return keys_.empty() ? nullptr : &keys_.front();
}

std::optional<std::string> key_ring::take(unix_ms now) {
  if (now < resting_until_) return {};
  key* best = nullptr;
  for (auto& k : keys_) {
    const bool room =
        !k.aside && k.cool_until <= now && k.running < in_flight_max_ && k.submits.wait(now) == 0;
    if (room && (!best || k.running < best->running)) best = &k;
  }
  if (!best) return {};
  best->submits.spend(now);
  ++best->running;
  probing_ = failures_ >= failures_max;
  if (probing_) resting_until_ = now + rest_max; // its answer decides
  return best->name;
}

void key_ring::adopt(const std::string& name) {
  if (auto k = find(name)) ++k->running;
}

void key_ring::release(const std::string& name) {
  if (auto k = find(name); k && k->running > 0) --k->running;
}

void key_ring::cool(const std::string& name, unix_ms until) {
  if (auto k = find(name)) k->cool_until = std::max(k->cool_until, until);
}

bool key_ring::set_aside(const std::string& name) {
  const auto k = find(name);
  return k && !std::exchange(k->aside, true);
}

bool key_ring::restore(const std::string& name) {
  const auto k = find(name);
  return k && std::exchange(k->aside, false);
}

bool key_ring::any_in_use() const {
  return std::any_of(keys_.begin(), keys_.end(), [](auto& k) { return !k.aside; });
}

std::size_t key_ring::usable() const {
  return static_cast<std::size_t>(
      std::count_if(keys_.begin(), keys_.end(), [](auto& k) { return !k.aside; }));
}

bool key_ring::all_in_use() const {
  return std::none_of(keys_.begin(), keys_.end(), [](auto& k) { return k.aside; });
}

void key_ring::unanswered(unix_ms now) {
  const bool resting = failures_ >= failures_max;
  if (resting && !std::exchange(probing_, false)) return; // left before the rest began
  if (++failures_ < failures_max) return;
  resting_until_ = now + std::min(rest_max, rest_first << std::min(failures_ - failures_max, 10));
}

void key_ring::answered() {
  failures_ = 0;
  probing_ = false;
  resting_until_ = 0;
}

std::optional<unix_ms> key_ring::next_room(unix_ms now) const {
  std::optional<unix_ms> first;
  for (auto& k : keys_) {
    if (k.aside || k.running >= in_flight_max_) continue;
    const auto at = std::max({now + k.submits.wait(now), k.cool_until, resting_until_});
    if (!first || at < *first) first = at;
  }
  return first;
}

int key_ring::submits_per_10_s() const {
  return submits_per_10_s_ *
         static_cast<int>(std::count_if(keys_.begin(), keys_.end(), [](auto& k) { return !k.aside; }));
}

int key_ring::in_flight_max() const {
  return in_flight_max_ *
         static_cast<int>(std::count_if(keys_.begin(), keys_.end(), [](auto& k) { return !k.aside; }));
}

} // namespace troupe
