#include "actors/dialogue_words.hpp"
#include <algorithm>
#include <cstdint>
#include <iterator>

namespace troupe::words {
namespace {

constexpr const char* blanks = " \t\r\n";

struct span {
  char32_t first, last;
};

/// Sorted. Blanks, controls, directions, joiners, marks that need a letter before them, fillers and tags.
constexpr span unseen[] = {
    {0x0000, 0x0020}, {0x007F, 0x00A0}, {0x00AD, 0x00AD},   {0x0300, 0x036F},   {0x0483, 0x0489},
    {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},   {0x05C4, 0x05C5},   {0x05C7, 0x05C7},
    {0x0600, 0x0605}, {0x0610, 0x061A}, {0x061C, 0x061C},   {0x064B, 0x065F},   {0x0670, 0x0670},
    {0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x06E7, 0x06E8},   {0x06EA, 0x06ED},   {0x070F, 0x070F},
    {0x0711, 0x0711}, {0x0730, 0x074A}, {0x0900, 0x0902},   {0x093C, 0x093C},   {0x0E31, 0x0E31},
    {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5},
    {0x180B, 0x180F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},   {0x2000, 0x200F},   {0x2028, 0x202F},
    {0x205F, 0x206F}, {0x20D0, 0x20F0}, {0x2800, 0x2800},   {0x3000, 0x3000},   {0x302A, 0x302D},
    {0x3099, 0x309A}, {0x3164, 0x3164}, {0xFE00, 0xFE0F},   {0xFE20, 0xFE2F},   {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFC}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
};

bool is_seen(char32_t c) {
  const auto after = std::upper_bound(std::begin(unseen), std::end(unseen), c,
                                      [](char32_t x, const span& s) { return x < s.first; });
  return after == std::begin(unseen) || c > std::prev(after)->last;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The code point that begins at `i`, which moves behind it. Broken bytes stand for themselves.
char32_t next(const std::string& s, std::size_t& i) {
  const auto first = static_cast<unsigned char>(s[i++]);
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  char32_t c = more == 3 ? first & 0x07u : more == 2 ? first & 0x0Fu : more == 1 ? first & 0x1Fu : first;
  for (int n = 0; n < more && i < s.size() && continues(s[i]); ++n)
    c = (c << 6) | (static_cast<unsigned char>(s[i++]) & 0x3Fu);
  return c;
}

std::size_t utf16_units(const std::string& s) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.size();) n += next(s, i) >= 0x10000 ? 2 : 1;
  return n;
}

} // namespace

std::string cleaned(std::string s) {
  const auto control = [](char c) { return (c >= 0 && c < 0x20 && c != '\n') || c == 0x7f; };
  s.erase(std::remove_if(s.begin(), s.end(), control), s.end());
  return s;
}

bool visible(const std::string& s) {
  for (std::size_t i = 0; i < s.size();)
    if (is_seen(next(s, i))) return true;
  return false;
}

std::size_t code_points(const std::string& s) {
  return static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [](char c) { return !continues(c); }));
}

std::string command_in(const std::string& text) {
  if (text.empty() || text[0] != '/') return {};
  const auto word = text.substr(1, std::min(text.find_first_of(blanks), text.size()) - 1);
  std::string name;
  for (const char c : word.substr(0, word.find('@')))
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (auto known : {"start", "menu", "generate", "jobs", "buy", "pay", "balance", "help", "history", "terms",
                     "cancel", "feedback", "paysupport", "mailing"})
    if (name == known) return name;
  return {};
}

std::string prompt_in(const telegram::event& e) {
  if (e.kind == telegram::event_kind::command) return cleaned(e.argument);
  const auto command = command_in(e.text);
  if (command.empty()) return cleaned(e.text);
  const auto from = e.text.find_first_not_of(blanks, std::min(e.text.find_first_of(blanks), e.text.size()));
  if (command != "generate" || from == e.text.npos) return {};
  return cleaned(e.text.substr(from));
}

bool may_go_on(const std::string& text) { return utf16_units(text) >= cut_from_units; }

std::string joined(const std::string& first, const std::string& second) {
  constexpr std::size_t message_units = 4096;
  return first + (utf16_units(first) % message_units == 0 ? "" : " ") + second;
}

unix_ms said_at(const telegram::event& e, unix_ms now) { return e.date_s > 0 ? e.date_s * 1000 : now; }

} // namespace troupe::words
