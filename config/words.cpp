#include "config/words.hpp"
#include <algorithm>
#include <cctype>
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
