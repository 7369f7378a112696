#pragma once
/// "25.12 18:30", "18:30", "завтра 9:00", "in 2 hours": when a broadcast begins, in Moscow time.
#include "messages/work.hpp"
#include <string>

namespace troupe::office {

inline constexpr int days_ahead_max = 366;

struct moment {
  enum class is : std::uint8_t { good, unclear, past, too_far } what = is::unclear;
  unix_ms at = 0; ///< good
};
moment read_moment(const std::string& text, unix_ms now);

} // namespace troupe::office
