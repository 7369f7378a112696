#pragma once
/// What a reproducible world is made of: dice with a seed, a list of coming events, a trace.
#include "messages/work.hpp"
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace troupe::simulation {

inline constexpr unix_ms first_ms = 1'700'000'000'000;
inline constexpr unix_ms second_ms = 1'000, minute_ms = 60'000, hour_ms = 3'600'000;

/// SplitMix64: the same numbers with every standard library.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t n) {
    return n <= 1 ? 0 : static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n));
  }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool chance(int per_mille) { return per_mille > 0 && below(1000) < per_mille; }

private:
  std::uint64_t state_;
};

/// What will happen, in order of time; equal times in order of entry.
class agenda {
public:
  void at(unix_ms t, std::function<void()> what) { list_.emplace(t, std::move(what)); }
  std::optional<unix_ms> next_at() const {
    return list_.empty() ? std::nullopt : std::optional{list_.begin()->first};
  }
  bool run_one_due(unix_ms now) {
    if (list_.empty() || list_.begin()->first > now) return false;
    auto what = std::move(list_.begin()->second);
    list_.erase(list_.begin());
    what();
    return true;
  }

private:
  std::multimap<unix_ms, std::function<void()>> list_;
};

/// Every event is a numbered line. Two runs of a seed have the same lines, hence the same digest.
class trace {
public:
  bool verbose = false;
  std::int64_t until = 0; ///< 0: to the end

  void line(unix_ms at, const std::string& text) {
    char head[128];
    const auto t = at - first_ms;
    std::snprintf(head, sizeof head, "%7lld  %lld+%02lld:%02lld:%02lld.%03lld  ",
                  static_cast<long long>(++count_), static_cast<long long>(t / day_ms),
                  static_cast<long long>(t / hour_ms % 24), static_cast<long long>(t / minute_ms % 60),
                  static_cast<long long>(t / 1000 % 60), static_cast<long long>(t % 1000));
    auto full = head + text;
    for (const char c : full) digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    if (verbose) std::printf("%s\n", full.c_str());
    last_.push_back(std::move(full));
    if (last_.size() > kept) last_.pop_front();
  }
  bool ended() const { return until > 0 && count_ >= until; }
  std::int64_t count() const { return count_; }
  std::uint64_t digest() const { return digest_; }
  std::string tail(std::size_t lines = kept) const {
    std::string text;
    for (auto i = last_.size() - std::min(lines, last_.size()); i < last_.size(); ++i)
      text += last_[i] + "\n";
    return text;
  }

private:
  static constexpr std::size_t kept = 80;
  std::int64_t count_ = 0;
  std::uint64_t digest_ = 14695981039346656037u;
  std::deque<std::string> last_;
};

} // namespace troupe::simulation
