#pragma once
/// Who rules in most tests: the owner and founder of a configuration in which nobody is named.
#include <cstdint>

namespace troupe {
inline constexpr std::int64_t founder_user_id = 1864913930;
}
