#pragma once
/// How fast one user may act, whatever he does. Two numbers that are stored with his dialogue, so a restart
/// forgets nothing.
#include "messages/work.hpp"
#include <algorithm>

namespace troupe::talk {

struct action_limit {
  double spent = 0; ///< actions of the last minute, as they fade
  unix_ms at = 0;
  unix_ms warned = 0; ///< when it was last said that it is too fast

  /// Counts one action. False: too fast, and it is not counted.
  bool allows(unix_ms now, int per_minute) { return allows(now, per_minute, per_minute); }
  /// `most` at once, and so many a minute after that.
  bool allows(unix_ms now, int most, int per_minute) {
    spent = std::max(0.0, spent - static_cast<double>(std::max<unix_ms>(0, now - at)) * per_minute / 60'000);
    at = now;
    if (spent + 1 > most) return false;
    spent += 1;
    return true;
  }
  /// Once a minute, or as said: the notices must not be the flood.
  bool may_warn(unix_ms now, unix_ms every = 60'000) {
    if (warned != 0 && now - warned < every) return false;
    warned = now;
    return true;
  }
};

} // namespace troupe::talk
