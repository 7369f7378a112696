#pragma once
/// Numbers as people and buttons write them: the client's word, so anything else than a number is none.
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::talk {

/// The whole text as a number from 0 on.
inline std::optional<std::int64_t> whole(const std::string& s) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (s.empty() || error != std::errc{} || end != s.data() + s.size() || n < 0) return {};
  return n;
}

} // namespace troupe::talk
