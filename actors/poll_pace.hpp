#pragma once
/// How soon Telegram is asked again. Told the time; no actor in it. Whatever is answered, and however fast,
/// the questions of a second are bounded: what brings nothing new is asked for more and more seldom.
#include "actors/backoff.hpp"
#include "messages/work.hpp"

namespace troupe {

class poll_pace {
public:
  static constexpr int polls_per_second_max = 500;                  ///< also when each brings news
  static constexpr std::chrono::milliseconds between_empties{1000}; ///< a long poll that is none
  static constexpr std::chrono::seconds longest{30};
  static constexpr int stuck_after = 3; ///< answers in a row that bring nothing but what is stored

  void asks(unix_ms now) {
    asked_at_ = now;
    if (now - second_began_ >= 1000) second_began_ = now, polls_ = 0;
    ++polls_;
  }

  /// Something was stored: the rest of it may wait there already.
  std::chrono::milliseconds brought_news(unix_ms now) {
    repeats_ = 0;
    return room(now);
  }
  /// All is stored and confirmed.
  std::chrono::milliseconds was_empty(unix_ms now) {
    repeats_ = 0;
    return rest_of(between_empties, now);
  }
  /// All of it was known. Once, after a death between storing and confirming, that is as it should be.
  std::chrono::milliseconds repeated_itself(unix_ms now) {
    if (++repeats_ == 1) return room(now);
    return backoff(repeats_ - 2, longest);
  }
  bool is_stuck() const { return repeats_ >= stuck_after; }

private:
  std::chrono::milliseconds room(unix_ms now) const {
    const auto left = second_began_ + 1000 - now;
    return std::chrono::milliseconds{polls_ < polls_per_second_max ? 0 : std::max<unix_ms>(left, 1)};
  }
  std::chrono::milliseconds rest_of(std::chrono::milliseconds whole, unix_ms now) const {
    const std::chrono::milliseconds gone{std::max<unix_ms>(now - asked_at_, 0)};
    return gone < whole ? whole - gone : std::chrono::milliseconds{0};
  }
  unix_ms asked_at_ = 0, second_began_ = 0;
  int polls_ = 0; ///< of this second
  int repeats_ = 0;
};

} // namespace troupe
