#pragma once
/// Telegram's HTML: markup in, plain text and entities out, refusals in Telegram's own words.
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace troupe::sandbox {

struct bad_markup : std::runtime_error {
  using runtime_error::runtime_error;
};

struct formatted_text {
  std::string text;
  nlohmann::json entities = nlohmann::json::array(); ///< Offsets in UTF-16 units.
};

/// @throws bad_markup, what() is the part after "can't parse entities: ".
formatted_text parse_html(const std::string& html);
/// Cuts white space at both ends and moves the entities along.
void trim(formatted_text& t);

std::size_t code_points(const std::string& utf8);
std::size_t utf16_units(const std::string& utf8);

} // namespace troupe::sandbox
