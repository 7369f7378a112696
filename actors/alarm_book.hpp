#pragma once
/// Which alarms are told, and when. Told the time; no actor in it.
#include "messages/protocol.hpp"
#include <map>
#include <optional>

namespace troupe {

/// The first of a kind is told at once; its like are counted for a window, and then told as one.
class alarm_book {
public:
  static constexpr std::size_t kinds_max = 50;       ///< beyond: all as one kind, "others"
  static constexpr int messages_per_minute_max = 10; ///< beyond: they wait for the end of their window

  struct notice {
    alarm what;            ///< the last one
    int times = 1;         ///< since the last notice of its kind
    unix_ms within_ms = 0; ///< 0: told at once
  };

  explicit alarm_book(unix_ms window_ms) : window_ms_{window_ms} {}
  /// What to say at once, if anything.
  std::optional<notice> hear(const alarm& a, int times, unix_ms now);
  /// Ends the windows that are over.
  std::vector<notice> look(unix_ms now);
  /// When `look` has something to do; nothing when all is quiet.
  std::optional<unix_ms> next_at() const;

private:
  struct entry {
    alarm what;
    int waiting = 0;
    unix_ms since = 0, ends_at = 0;
  };
  bool may_speak(unix_ms now);

  unix_ms window_ms_;
  std::map<std::string, entry> kinds_;
  unix_ms minute_began_ = 0;
  int said_ = 0;
};

} // namespace troupe
