#include "actors/typed_number.hpp"
#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::talk {
namespace {

struct code_point {
  char32_t value = 0;
  std::size_t bytes = 1;
};

/// Of what is no UTF-8, the byte itself.
code_point next(const std::string& s, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto first = byte(at);
  const std::size_t n = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (n == 1 || at + n > s.size()) return {first, 1};
  char32_t value = first & (0xFF >> (n + 1));
  for (std::size_t i = 1; i < n; ++i) value = value << 6 | (byte(at + i) & 0x3F);
  return {value, n};
}

/// Where each row of ten digits begins.
constexpr std::array<char32_t, 6> zeros{0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10};

char plain(char32_t c) {
  for (const auto zero : zeros)
    if (c >= zero && c < zero + 10) return static_cast<char>('0' + (c - zero));
  if (c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000) return ' ';
  if (c == 0x2212 || (c >= 0x2010 && c <= 0x2015) || c == 0xFE63 || c == 0xFF0D) return '-';
  if (c == 0xFF0B) return '+';
  return 0;
}

bool invisible(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF || c == 0xFE0F;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::size_t digits_max = 12;

/// What may stand behind the number. The Russian words begin alike in every case and number.
bool is_unit(const std::string& word) {
  constexpr std::array<std::string_view, 8> beginnings{"кредит", "Кредит", "КРЕДИТ", "credit",
                                                       "Credit", "CREDIT", "шт",     "pcs"};
  return word.empty() || std::any_of(beginnings.begin(), beginnings.end(), [&](auto b) {
           return word.rfind(b, 0) == 0 && word.find(' ') == word.npos;
         });
}

std::string trimmed(const std::string& s) {
  const auto from = s.find_first_not_of(" \t\r\n");
  return from == s.npos ? "" : s.substr(from, s.find_last_not_of(" \t\r\n") - from + 1);
}

} // namespace

std::string in_plain_digits(const std::string& s) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t at = 0; at < s.size();) {
    const auto c = next(s, at);
    if (const char p = c.bytes > 1 ? plain(c.value) : '\0') out += p;
    else if (!(c.bytes > 1 && invisible(c.value))) out.append(s, at, c.bytes);
    at += c.bytes;
  }
  return out;
}

typed_amount read_amount(const std::string& written) {
  using kind = typed_amount::kind;
  auto text = trimmed(in_plain_digits(written));
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text = trimmed(text.substr(1));
  std::string digits;
  std::size_t at = 0;
  bool fraction = false;
  for (; at < text.size(); ++at) {
    const bool more = at + 1 < text.size() && is_digit(text[at + 1]);
    if (is_digit(text[at])) {
      if (!fraction) digits += text[at];
    } else if (text[at] == ' ' && more && !fraction) continue; // "1 000"
    else if ((text[at] == '.' || text[at] == ',') && more && !digits.empty()) fraction = true;
    else break;
  }
  if (digits.empty() || !is_unit(trimmed(text.substr(at)))) return {};
  if (negative) return {kind::negative, 0};
  if (fraction) return {kind::fraction, 0};
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits.size() > digits_max) return {kind::huge, 0};
  return {kind::number, std::stoll(digits)};
}

} // namespace troupe::talk
