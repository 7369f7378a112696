#pragma once
#include <algorithm>
#include <chrono>

namespace troupe {

/// 1, 2, 4 ... s up to `most`; `attempt` counts from 0.
inline std::chrono::milliseconds backoff(int attempt, std::chrono::seconds most) {
  return std::min<std::chrono::milliseconds>(std::chrono::seconds{1LL << std::clamp(attempt, 0, 16)}, most);
}

} // namespace troupe
