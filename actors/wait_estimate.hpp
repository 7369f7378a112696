#pragma once
/// How long a video will take, from what earlier ones took. Told everything.
#include "messages/work.hpp"
#include <algorithm>
#include <map>
#include <string>

namespace troupe {

class wait_estimate {
public:
  static constexpr unix_ms unmeasured_ms = 120'000;
  static constexpr unix_ms shortest_ms = 30'000; ///< less of it is left: no number is told any more

  /// From the submit to the file.
  void measured(const std::string& model_id, unix_ms took) {
    const auto [known, first] = typical_.try_emplace(model_id, took);
    if (!first) known->second += (took - known->second) / 8; // the last eight or so count
  }
  unix_ms typical(const std::string& model_id) const {
    const auto known = typical_.find(model_id);
    return known == typical_.end() ? unmeasured_ms : known->second;
  }
  /// `place` 1 is next. The slower of the two decides: submits allowed, or places at the provider.
  unix_ms until_ready(const std::string& model_id, std::size_t place, int submits_per_10_s,
                      int in_flight_max) const {
    const auto each = typical(model_id);
    const auto by_submits = 10'000 / std::max(1, submits_per_10_s);
    const auto by_places = each / std::max(1, in_flight_max);
    return static_cast<unix_ms>(place) * std::max<unix_ms>(by_submits, by_places) + each;
  }

private:
  std::map<std::string, unix_ms> typical_;
};

} // namespace troupe
