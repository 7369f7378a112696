#pragma once
/// A moment as people write it, in Moscow time (UTC+3, no summer time).
#include "messages/work.hpp"
#include <optional>
#include <string>

namespace troupe {

inline constexpr unix_ms moscow_ms = 3 * 3'600'000ll;

/// "18:30" (the next one), "25.12 18:30", "25.12.2026 18:30", "завтра 9:00" or "tomorrow 9:00", "через 2
/// часа" or "in 2 hours", "через 30 минут" or "in 30 minutes". Nothing when it is none of these, or in the
/// past.
std::optional<unix_ms> read_moment(const std::string& text, unix_ms now);

} // namespace troupe
