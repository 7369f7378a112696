#pragma once
/// What Telegram accepts of a bot: whatever the engine says must be that.
#include "messages/work.hpp"
#include <string>
#include <vector>

namespace troupe::fuzz {

/// Breaks a promise when Telegram would refuse the call. @returns the data of its buttons.
std::vector<std::string> check_call(const outgoing& o);

} // namespace troupe::fuzz
