#pragma once
/// Reading foreign JSON without surprises: what is missing or of another type is empty, never an exception.
/// `parse` is the one door for bytes that others wrote (tests/arrows.sh); what we wrote ourselves is read by
/// messages/own_json.hpp. Private to `net/`; includes the whole of nlohmann/json.
#include "net/outside_answer.hpp"
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::json_fields {

using nlohmann::json;

/// Discarded when it is no JSON, larger than `bytes_max`, or nested deeper than outside::json_depth_max.
json parse(std::string_view text, std::size_t bytes_max = outside::json_bytes_max);
/// Foreign bytes may be no UTF-8: they are replaced.
inline std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

// -- Exactly as documented: for money, and wherever a guess could do harm --

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
/// 0 also for what does not fit.
inline std::int64_t number_of(const json& j, const char* name) {
  const auto& value = member(j, name);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return 0;
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}
inline bool flag_of(const json& j, const char* name) {
  const auto& value = member(j, name);
  return value.is_boolean() && value.get<bool>();
}

// -- Tolerantly: what can mean one thing only --

/// A whole number, also as a text ("200") or with an empty fraction (200.0).
std::optional<std::int64_t> whole_of(const json& value);
/// true, 1, "true", "1", "yes"; false, 0, "false", "0", "no"; in any case.
std::optional<bool> truth_of(const json& value);
/// A word of state: without blanks around it, in lower case; "" when it is no text.
std::string word_of(const json& value);
/// JSON that is inside a string (even twice), or the value itself.
json decoded(const json& value);
/// An absolute web address, without blanks around it; "" when `text` is none.
std::string web_address(std::string_view text);
/// The first web address: as a text, in a list, in an object that names it (`url`), and in any nesting of
/// these.
std::string address_in(const json& value);

} // namespace troupe::json_fields
