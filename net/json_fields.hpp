#pragma once
/// Reading foreign JSON without surprises: what is missing or of another type is empty, never an exception.
/// Private to `net/`; includes the whole of nlohmann/json.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace troupe::json_fields {

using nlohmann::json;

/// Discarded when it is no JSON.
inline json parse(const std::string& text) { return json::parse(text, nullptr, false); }
/// Foreign bytes may be no UTF-8: they are replaced.
inline std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

inline const json& member(const json& j, const char* name) {
  static const json nothing;
  if (!j.is_object()) return nothing;
  const auto it = j.find(name);
  return it == j.end() ? nothing : *it;
}
inline std::string text_of(const json& j, const char* name) {
  const auto& value = member(j, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}
inline std::int64_t number_of(const json& j, const char* name) {
  const auto& value = member(j, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}
inline bool flag_of(const json& j, const char* name) {
  const auto& value = member(j, name);
  return value.is_boolean() && value.get<bool>();
}

} // namespace troupe::json_fields
