#include "config/words.hpp"
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <sstream>

namespace troupe::config::words {

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string all;
  for (auto& p : parts) all += (all.empty() ? "" : between) + p;
  return all;
}

std::string trimmed(const std::string& s) {
  const auto blank = " \t\r\n";
  const auto from = s.find_first_not_of(blank);
  return from == s.npos ? "" : s.substr(from, s.find_last_not_of(blank) - from + 1);
}

namespace {

/// Nothing that a reader would see, and much that a terminal obeys: C0, DEL, C1, line and paragraph
/// separators, and the marks of direction.
bool is_control(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}

/// The character that begins at `at` and how many bytes it takes, of those that is_control() knows; other
/// ones byte by byte, as they are.
std::pair<std::uint32_t, std::size_t> character_at(std::string_view s, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < s.size() ? static_cast<unsigned char>(s[at + i]) : 0u;
  };
  if (byte(0) == 0xC2) return {byte(1), 2};
  if (byte(0) == 0xE2) return {0x2000u + ((byte(1) & 0x3Fu) << 6) + (byte(2) & 0x3Fu), 3};
  return {byte(0), 1};
}

void append_escaped(std::string& out, std::uint32_t c) {
  if (c == '\n') out += "\\n";
  else if (c == '\r') out += "\\r";
  else if (c == '\t') out += "\\t";
  else {
    char text[16];
    std::snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(c));
    out += text;
  }
}

} // namespace

std::string on_one_line(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t at = 0; at < s.size();) {
    const auto [c, bytes] = character_at(s, at);
    const bool whole = at + bytes <= s.size();
    if (whole && (bytes > 1 || c < 0x80) && is_control(c)) append_escaped(out, c), at += bytes;
    else out += s[at++];
  }
  return out;
}

std::vector<std::string> split(const std::string& s) {
  std::vector<std::string> parts;
  std::stringstream in{s};
  for (std::string part; std::getline(in, part, ',');)
    if (part = trimmed(part); !part.empty()) parts.push_back(part);
  return parts;
}

std::string upper(std::string s) {
  for (char& c : s) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return s;
}

std::size_t distance(const std::string& a, const std::string& b) {
  // Row i holds the distances from the first i letters of `a`; a swap looks two rows back.
  std::vector<std::size_t> before, above(b.size() + 1), row;
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row.assign(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

std::string nearest(const std::string& wrong, const std::vector<std::string>& right) {
  const auto closer = [&](auto& a, auto& b) { return distance(wrong, a) < distance(wrong, b); };
  const auto best = std::min_element(right.begin(), right.end(), closer);
  return best == right.end() ? "" : *best;
}

} // namespace troupe::config::words
