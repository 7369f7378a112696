#include "actors/key_ring.hpp"
#include <algorithm>
#include <utility>

namespace troupe {
namespace {

/// The provider counts 10 s by its own clock, and the network shifts what we count: at exactly 10 s one
/// submit in two came too early, at 10.1 s none (bench_generation).
constexpr unix_ms window_ms = 10'100;
constexpr unix_ms look_again_ms =
    100; // all that is left of the window is promised to requests that are about to leave

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

bool key_ring::knows(const std::string& name) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](auto& k) { return k.name == name; });
}

bool key_ring::may_take(const key& k, phase next, unix_ms now) const {
  if (k.why != aside::no && (k.on_trial || now < k.trial_at)) return false;
  if (k.cool_until > now || k.running >= in_flight_max_) return false;
  return next == phase::prepares ? k.preparing < submits_per_10_s_ : k.submits.room(now) > k.coming;
}

std::optional<std::string> key_ring::take(unix_ms now, phase next) {
  if (now < resting_until_) return {};
  const bool one_comes =
      std::any_of(keys_.begin(), keys_.end(), [](auto& k) { return k.coming + k.preparing > 0; });
  if (failures_ >= failures_max && one_comes) return {}; // the probe
  key* best = nullptr;
  for (auto& k : keys_) {
    if (!may_take(k, next, now)) continue;
    const bool tried_first = k.why != aside::no && best && best->why == aside::no;
    const bool worse = best && best->why != aside::no && k.why == aside::no;
    if (!best || tried_first || (!worse && k.running < best->running)) best = &k;
  }
  if (!best) return {};
  best->on_trial = best->why != aside::no;
  ++best->running, ++best->at(next);
  return best->name;
}

key_ring::exit key_ring::leave(const std::string& name, phase from, unix_ms now) {
  const auto k = find(name);
  if (!k) return exit::go;
  if (now < resting_until_ || (k->why != aside::no && !k->on_trial)) return exit::no;
  if (k->cool_until > now || k->submits.wait(now) > 0) return exit::wait;
  if (failures_ >= failures_max) {
    probing_ = true;
    resting_until_ = now + rest_max; // its answer decides
  }
  k->submits.spend(now);
  if (from != phase::left && k->at(from) > 0) --k->at(from);
  if (k->why != aside::no) {
    k->trial_at = now + k->trial_wait;
    k->trial_wait = std::min(trial_max, k->trial_wait * 2);
  }
  return exit::go;
}

void key_ring::adopt(const std::string& name) {
  if (auto k = find(name)) ++k->running;
}

void key_ring::release(const std::string& name, phase from) {
  const auto k = find(name);
  if (!k || k->running == 0) return;
  --k->running;
  if (from != phase::left && k->at(from) > 0) --k->at(from);
  k->on_trial = false;
}

void key_ring::cool(const std::string& name, unix_ms until) {
  if (auto k = find(name)) k->cool_until = std::max(k->cool_until, until);
}

bool key_ring::set_aside(const std::string& name, aside why, unix_ms now) {
  const auto k = find(name);
  if (!k) return false;
  // Refused before its request left, as with a photo: that was a trial too.
  const bool tried = std::exchange(k->on_trial, false) && k->trial_at <= now;
  // Accepted a moment ago and refused again: a task that is taken, and fails for want of money, is no proof.
  const bool again = k->trial_at > 0 && now < k->trial_at + trial_max;
  if (k->why == aside::no && !again) k->trial_wait = trial_first;
  if (k->why == aside::no || tried) {
    k->trial_at = now + k->trial_wait;
    k->trial_wait = std::min(trial_max, k->trial_wait * 2);
  }
  if (k->why == why) return false;
  k->why = why;
  k->credits_aside = k->credits;
  return true;
}

bool key_ring::accepted(const std::string& name) {
  const auto k = find(name);
  if (!k || k->why == aside::no) return false;
  k->why = aside::no;
  k->on_trial = false;
  return true;
}

key_ring::balance key_ring::has_left(const std::string& name, double credits, double least, unix_ms now) {
  const auto k = find(name);
  if (!k) return balance::as_before;
  k->credits = credits;
  if (credits < least) {
    const bool news = set_aside(name, aside::no_credits, now);
    k->credits_aside = credits;
    return news ? balance::too_low : balance::as_before;
  }
  if (k->why != aside::no_credits) return balance::as_before;
  // Below the least it has risen for certain; above, a refused submit said otherwise, and a few credits are
  // no proof.
  const bool known = k->credits_aside >= 0;
  if (known && (k->credits_aside < least || credits >= k->credits_aside + least)) {
    k->why = aside::no;
    k->trial_at = 0;
    return balance::back;
  }
  if (!known || credits < k->credits_aside) k->credits_aside = credits;
  return balance::as_before;
}

bool key_ring::any_in_use(unix_ms now) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](auto& k) { return k.why == aside::no || (now >= k.trial_at && !k.on_trial); });
}

std::size_t key_ring::usable() const {
  return static_cast<std::size_t>(
      std::count_if(keys_.begin(), keys_.end(), [](auto& k) { return k.why == aside::no; }));
}

bool key_ring::all_in_use() const {
  return std::none_of(keys_.begin(), keys_.end(), [](auto& k) { return k.why != aside::no; });
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
    if (k.running >= in_flight_max_ && k.coming + k.preparing == 0) continue;
    if (k.why != aside::no && k.on_trial) continue;
    const auto window = k.submits.room(now) > k.coming ? 0 : std::max(k.submits.wait(now), look_again_ms);
    const auto at =
        std::max({now + window, k.cool_until, resting_until_, k.why == aside::no ? 0 : k.trial_at});
    if (!first || at < *first) first = at;
  }
  return first;
}

std::optional<unix_ms> key_ring::next_trial(unix_ms now) const {
  std::optional<unix_ms> first;
  for (auto& k : keys_)
    if (k.why != aside::no && k.trial_at > now && (!first || k.trial_at < *first)) first = k.trial_at;
  return first;
}

int key_ring::in_use() const {
  return static_cast<int>(
      std::count_if(keys_.begin(), keys_.end(), [](auto& k) { return k.why == aside::no; }));
}
int key_ring::submits_per_10_s() const { return submits_per_10_s_ * in_use(); }
int key_ring::in_flight_max() const { return in_flight_max_ * in_use(); }

} // namespace troupe
