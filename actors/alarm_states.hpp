#pragma once
/// Alarms that stay: which states stand, as they were told. Told the time; no actor in it.
#include "messages/protocol.hpp"
#include <map>
#include <optional>

namespace troupe {

/// A state is told once and its end once, over restarts too: what `open` and `close` say is stored with the
/// messages, and given back at the next start. A state from before a restart that nobody has confirmed for a
/// day is told again: its end may have passed unseen while the engine was down.
class alarm_states {
public:
  static constexpr std::size_t states_max = 100; ///< beyond: all are told as ordinary alarms
  static constexpr unix_ms unconfirmed_for = day_ms;

  /// As it was stored; what cannot be read is no state.
  void restore(const std::string& kind, const std::string& value);
  /// Full: nothing is remembered.
  bool has_room(const std::string& kind) const {
    return standing_.count(kind) != 0 || standing_.size() < states_max;
  }
  /// What is to be stored; nothing when it was told already.
  std::optional<std::string> open(const alarm& a, unix_ms now);
  /// What was told, when it stood; it does not any more.
  std::optional<alarm> close(const std::string& kind);

private:
  struct state {
    alarm what;
    unix_ms told_at = 0;
    bool confirmed = false; ///< by this engine
  };
  std::map<std::string, state> standing_;
};

} // namespace troupe
