#include "tests/fuzz/edge.hpp"
#include <algorithm>

namespace troupe::fuzz {

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t more = c < 0x80 ? 0 : c < 0xC2 ? 9 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 9;
    if (more == 9 || i + more >= text.size()) return false;
    const auto next = more ? static_cast<unsigned char>(text[i + 1]) : 0;
    if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next >= 0xA0)) return false; // too long; half of a pair
    if ((c == 0xF0 && next < 0x90) || (c == 0xF4 && next >= 0x90)) return false; // too long; beyond the last
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    i += 1 + more;
  }
  return true;
}

std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::vector<edge>& edges() {
  static std::vector<edge> all;
  return all;
}

} // namespace troupe::fuzz
