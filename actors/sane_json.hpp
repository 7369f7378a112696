#pragma once
/// Of rows that were damaged on the disk.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace troupe::talk {

/// None of our numbers is as large; to make a whole number of such a one is undefined.
inline bool has_wild_number(const nlohmann::json& j) {
  if (j.is_number_float()) return !(std::abs(j.get<double>()) < 9e15);
  return j.is_structured() && std::any_of(j.begin(), j.end(), has_wild_number);
}

} // namespace troupe::talk
