#pragma once
/// JSON looked at without a parser: how deep it goes, and where its parts are. It needs no stack, and it
/// finds the good parts of a text that no parser takes as a whole.
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::json_scan {

struct shape {
  std::size_t depth = 0; ///< The deepest nesting; 1: a flat object.
  bool open = false;     ///< The text ends within a string, an object or an array.
};
/// Exact up to where a parser would stop.
shape shape_of(std::string_view text);

/// The member `name` of the object that `text` is: the text of its value, to the end of `text` when it does
/// not end.
std::optional<std::string_view> member(std::string_view text, std::string_view name);

struct parts {
  std::vector<std::string_view> list;
  std::string_view rest; ///< A last element that does not end.
};
/// The elements of the array that `text` is.
parts elements(std::string_view text);

} // namespace troupe::json_scan
