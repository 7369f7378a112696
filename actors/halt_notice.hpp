#pragma once
/// While nothing can be stored nothing can be handled either, but a user who writes hears why: at most
/// once in ten minutes. Told the time; the notices themselves are not stored.
#include "actors/apology.hpp"
#include <optional>
#include <unordered_map>

namespace troupe {

class halt_notice {
public:
  static constexpr unix_ms silence_ms = 10 * 60'000;
  static constexpr std::size_t users_max = 100'000; ///< beyond: new ones hear nothing until old ones expire

  std::optional<outgoing> tell(const config::texts& words, std::int64_t user_id, const std::string& language,
                               unix_ms now);
  /// The halt is over: the next one is news again.
  void forget() { told_.clear(); }

private:
  std::unordered_map<std::int64_t, unix_ms> told_;
};

} // namespace troupe
