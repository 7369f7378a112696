#pragma once
/// What stands in a button, in 64 bytes, and how it is read again. Buttons are the client's word, and live
/// longer than the files they were made from: they name models, presets, formats and lengths, never their
/// places in a list.
#include "actors/dialogue_state.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::talk {

inline constexpr std::size_t button_bytes_max = 64; // Telegram's
inline constexpr std::string_view below = "new:";   ///< Under a broadcast: the screen must not replace it.

struct pressed {
  std::string action;
  std::vector<std::int64_t> numbers;
  std::string id; ///< "kling-2-6", "16:9"
};
/// Anything else than what we write is no button.
std::optional<pressed> read_button(std::string data);

/// "run:17" of the draft 17.
std::string of_draft(const char* action, const draft& d);
std::string of_draft(const char* action, const draft& d, const std::string& id);
std::string of_draft(const char* action, const draft& d, int number);

} // namespace troupe::talk
