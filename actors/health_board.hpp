#pragma once
/// What /health tells: written by actors, read by web threads.
#include "messages/work.hpp"
#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// What can be wrong, worst first. Who sees it says why in words for the operator, and takes it back when it
/// is over; a red state therefore always names its reason.
enum class ailment : std::uint8_t {
  storage,       ///< Nothing can be stored
  token_refused, ///< Telegram knows no such bot
  other_poller,  ///< Somebody else fetches our updates
  intake,        ///< Updates come, but none is confirmed; or none can be fetched
  webhook,       ///< Telegram cannot deliver what it has for us
  provider_keys  ///< No key of the provider is usable
};
constexpr std::size_t ailment_count = 6;

constexpr const char* name_of(ailment a) {
  constexpr const char* names[] = {"storage", "token_refused", "other_poller",
                                   "intake",  "webhook",       "provider_keys"};
  return names[static_cast<int>(a)];
}

struct health_board {
  // intake: the last time that all of Telegram's updates were known to be stored and confirmed
  std::atomic<unix_ms> last_progress_at{0};
  std::atomic<bool> poll_conflict{false};
  std::atomic<bool> webhook_set{false}; ///< Telegram has taken our address
  std::atomic<bool> storage_failed{false};
  std::atomic<bool> no_tools{false}; ///< ffmpeg cannot be started: videos are sent uninspected
  // sending
  std::array<std::atomic<std::size_t>, lane_count> lanes{}; ///< Messages that wait at the courier, by lane.
  std::atomic<std::size_t> sending{0};                      ///< Messages that Telegram has not answered yet.
  // the provider's keys and the jobs; the dispatcher's
  std::atomic<std::size_t> keys_usable{0}, keys_aside{0};
  std::atomic<std::size_t> jobs_open{0};        ///< Of which the user has no video yet, waiting or running
  std::atomic<std::size_t> jobs_waiting{0};     ///< Not submitted yet
  std::atomic<unix_ms> oldest_waiting_since{0}; ///< When the first of these was ordered; 0: none waits

  /// Something is wrong; the last words count. Free of secrets.
  void ails(ailment a, std::string why) {
    const std::lock_guard guard{mutex_};
    whys_[static_cast<std::size_t>(a)] = std::move(why);
  }
  /// @returns whether it was wrong before
  bool is_well(ailment a) {
    const std::lock_guard guard{mutex_};
    return !std::exchange(whys_[static_cast<std::size_t>(a)], {}).empty();
  }
  std::string why(ailment a) const {
    const std::lock_guard guard{mutex_};
    return whys_[static_cast<std::size_t>(a)];
  }
  /// All that is wrong, worst first.
  std::vector<std::pair<ailment, std::string>> ailments() const {
    const std::lock_guard guard{mutex_};
    std::vector<std::pair<ailment, std::string>> all;
    for (std::size_t i = 0; i < ailment_count; ++i)
      if (!whys_[i].empty()) all.emplace_back(static_cast<ailment>(i), whys_[i]);
    return all;
  }

private:
  mutable std::mutex mutex_;
  std::array<std::string, ailment_count> whys_;
};

} // namespace troupe
