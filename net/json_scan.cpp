#include "net/json_scan.hpp"

#include <algorithm>

namespace troupe::json_scan {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t past_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

/// Behind the closing quote of the string that begins at `at`; npos when it does not close.
std::size_t past_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '"') return at + 1;
  }
  return text.npos;
}

/// Behind the value that begins at `at`; npos when it does not end.
std::size_t past_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = past_string(text, at);
      if (at == text.npos) return at;
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) return at; // the end of what holds a bare value
      if (--depth == 0) return at + 1;
    }
    if (depth == 0 && c == ',') return at;
    ++at;
  }
  return text.npos;
}

} // namespace

shape shape_of(std::string_view text) {
  shape s;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = past_string(text, at);
      if (at == text.npos) return s.open = true, s;
      continue;
    }
    if (c == '{' || c == '[') s.depth = std::max(s.depth, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
    ++at;
  }
  s.open = depth > 0;
  return s;
}

std::optional<std::string_view> member(std::string_view text, std::string_view name) {
  auto at = past_blanks(text, 0);
  if (at >= text.size() || text[at] != '{') return std::nullopt;
  at = past_blanks(text, at + 1);
  while (at < text.size() && text[at] == '"') {
    const auto key_end = past_string(text, at);
    if (key_end == text.npos) return std::nullopt;
    const auto key = text.substr(at + 1, key_end - at - 2);
    at = past_blanks(text, key_end);
    if (at >= text.size() || text[at] != ':') return std::nullopt;
    const auto from = past_blanks(text, at + 1);
    const auto to = past_value(text, from);
    if (key == name) return text.substr(from, to == text.npos ? to : to - from);
    if (to == text.npos) return std::nullopt;
    at = past_blanks(text, to);
    if (at >= text.size() || text[at] != ',') return std::nullopt;
    at = past_blanks(text, at + 1);
  }
  return std::nullopt;
}

parts elements(std::string_view text) {
  parts all;
  auto at = past_blanks(text, 0);
  if (at >= text.size() || text[at] != '[') return all;
  at = past_blanks(text, at + 1);
  while (at < text.size() && text[at] != ']') {
    const auto to = past_value(text, at);
    if (to == text.npos) {
      all.rest = text.substr(at);
      return all;
    }
    if (to == at) return all; // a comma without a value
    all.list.push_back(text.substr(at, to - at));
    at = past_blanks(text, to);
    if (at >= text.size() || text[at] != ',') return all;
    at = past_blanks(text, at + 1);
  }
  return all;
}

} // namespace troupe::json_scan
