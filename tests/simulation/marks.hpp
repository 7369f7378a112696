#pragma once
/// Each wish of a user bears a mark, so that its video is known again: "(p17) a cat".
#include <string>

namespace troupe::simulation {

inline std::string mark_of(std::int64_t wish) { return "(p" + std::to_string(wish) + ")"; }

/// "" when there is none.
inline std::string mark_in(const std::string& text) {
  const auto from = text.find("(p");
  if (from == text.npos) return {};
  const auto to = text.find(')', from);
  return to == text.npos ? std::string{} : text.substr(from, to - from + 1);
}

} // namespace troupe::simulation
