#pragma once
/// JSON that we wrote ourselves and kept: in the database, in a message between actors. What others wrote
/// goes through net/json_fields.hpp and nothing else.
#include <nlohmann/json.hpp>
#include <string>

namespace troupe::own_json {

/// @throws nlohmann::json::exception: then it is not what we wrote.
inline nlohmann::json read(const std::string& text) { return nlohmann::json::parse(text); }
/// Discarded when it is none: of what an older engine wrote, or a hand in the database.
inline nlohmann::json try_read(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, false);
}
inline bool is_json(const std::string& text) { return nlohmann::json::accept(text); }

} // namespace troupe::own_json
