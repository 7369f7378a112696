#include "actors/receipt_contact.hpp"
#include "actors/typed_number.hpp"
#include <algorithm>
#include <sstream>
#include <vector>

namespace troupe::talk {
namespace {

constexpr std::size_t mail_max = 254, local_max = 64, label_max = 63; // RFC 5321, RFC 1035
constexpr std::size_t digits_min = 10, digits_max = 15;               // as YooKassa takes them; E.164
constexpr std::size_t written_max = 400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ascii(const std::string& s) {
  return std::all_of(s.begin(), s.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

std::vector<std::string> parts_of(const std::string& s, char at) {
  std::vector<std::string> parts{""};
  for (const char c : s)
    if (c == at) parts.emplace_back();
    else parts.back() += c;
  return parts;
}

bool is_local(const std::string& s) {
  const auto good = [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) != std::string::npos;
  };
  return !s.empty() && s.size() <= local_max && s.front() != '.' && s.back() != '.' &&
         s.find("..") == s.npos && std::all_of(s.begin(), s.end(), good);
}

bool is_label(const std::string& s) {
  const auto good = [](char c) { return is_letter(c) || is_digit(c) || c == '-'; };
  return !s.empty() && s.size() <= label_max && s.front() != '-' && s.back() != '-' &&
         std::all_of(s.begin(), s.end(), good);
}

/// "mail.ru": at least two labels, and the last is no number.
bool is_domain(const std::string& s) {
  const auto labels = parts_of(s, '.');
  const auto& last = labels.back();
  return labels.size() >= 2 && std::all_of(labels.begin(), labels.end(), is_label) && last.size() >= 2 &&
         std::any_of(last.begin(), last.end(), is_letter);
}

receipt_contact read_mail(const std::string& word) {
  const auto at = word.find('@');
  if (at == 0) return {"", "contact.nick"};
  if (!is_ascii(word)) return {"", "contact.letters"};
  if (word.find('@', at + 1) != word.npos) return {"", "contact.two_at"};
  if (!is_domain(word.substr(at + 1))) return {"", "contact.domain"};
  if (word.size() > mail_max || !is_local(word.substr(0, at))) return {"", "contact.mail"};
  return {word, ""};
}

/// Written alone, or in the midst of words: "my address is ann@mail.ru".
receipt_contact find_mail(const std::string& text) {
  std::istringstream in{text};
  receipt_contact first;
  int found = 0;
  for (std::string word; in >> word;) {
    if (word.find('@') == word.npos) continue;
    if (word.rfind("mailto:", 0) == 0) word.erase(0, 7);
    while (!word.empty() && std::string_view("<(\"'").find(word.front()) != std::string::npos)
      word.erase(0, 1);
    while (!word.empty() && std::string_view(">)\"',;.!").find(word.back()) != std::string::npos)
      word.pop_back();
    auto mail = read_mail(word);
    if (mail.problem.empty()) {
      if (++found > 1 && mail.value != first.value) return {"", "contact.several"};
      first = std::move(mail);
    } else if (found == 0 && first.problem.empty()) first = std::move(mail);
  }
  return first;
}

bool all_same(const std::string& digits) { return digits.find_first_not_of(digits[0]) == digits.npos; }

receipt_contact read_phone(const std::string& text) {
  const bool plus = text[text.find_first_not_of(' ')] == '+';
  std::string digits;
  for (const char c : text) {
    if (is_digit(c)) digits += c;
    else if (std::string_view(" +-().\t").find(c) == std::string::npos) return {"", "contact.neither"};
  }
  if (digits.empty() || text.find('+', text.find_first_not_of(' ') + 1) != text.npos)
    return {"", "contact.neither"};
  if (digits.size() < digits_min) return {"", "contact.short"};
  if (digits.size() > digits_max) return {"", "contact.long"};
  if (!plus && digits.size() == 11 && digits[0] == '8') digits[0] = '7'; // as Russians write it
  if (!plus && digits.size() == 10 && digits[0] == '9') digits = "7" + digits;
  if (digits[0] == '0' || all_same(digits)) return {"", "contact.phone"};
  return {digits, ""};
}

} // namespace

receipt_contact read_contact(const std::string& written) {
  if (written.size() > written_max) return {"", "contact.neither"};
  const auto text = in_plain_digits(written);
  if (text.find('@') != text.npos) return find_mail(text);
  if (text.find_first_not_of(" \t\r\n") == text.npos) return {"", "contact.neither"};
  auto line = text.substr(text.find_first_not_of(" \t\r\n"));
  line.erase(line.find_last_not_of(" \t\r\n") + 1);
  return read_phone(line);
}

} // namespace troupe::talk
