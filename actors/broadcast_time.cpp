#include "actors/broadcast_time.hpp"
#include "actors/dialogue_screens.hpp"
#include <charconv>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <vector>

namespace troupe::office {
namespace {

using namespace std::chrono;

constexpr unix_ms minute = 60'000, hour = 60 * minute, day = day_ms;
constexpr unix_ms moscow = talk::moscow_ms;
/// "05.01" said in December is the next year's; "20.11" said on the 26th was a mistake.
constexpr unix_ms next_year_within = 120 * day;

std::string lower(const std::string& s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const auto c = static_cast<unsigned char>(s[i]);
    const auto next = i + 1 < s.size() ? static_cast<unsigned char>(s[i + 1]) : 0;
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c + 32);
    else if (c == 0xD0 && next >= 0x90 && next <= 0x9F)
      out += s[i], out += static_cast<char>(next + 0x20), ++i;
    else if (c == 0xD0 && next >= 0xA0 && next <= 0xAF)
      out += static_cast<char>(0xD1), out += static_cast<char>(next - 0x20), ++i;
    else out += s[i];
  }
  return out;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in{lower(text)};
  std::vector<std::string> all;
  for (std::string w; in >> w && all.size() < 8;)
    if (w != "в" && w != "at" && w != "мск") all.push_back(w);
  return all;
}

std::optional<int> number(const std::string& s) {
  int n = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (s.empty() || s.size() > 4 || error != std::errc{} || end != s.data() + s.size() || n < 0) return {};
  return n;
}

bool begins(const std::string& s, std::initializer_list<const char*> heads) {
  for (const char* head : heads)
    if (s.rfind(head, 0) == 0) return true;
  return false;
}

/// "9:05" -> since midnight
std::optional<unix_ms> clock(const std::string& s) {
  const auto colon = s.find(':');
  if (colon == s.npos) return {};
  const auto h = number(s.substr(0, colon)), m = number(s.substr(colon + 1));
  if (!h || !m || *h > 23 || *m > 59 || s.size() - colon != 3) return {};
  return *h * hour + *m * minute;
}

unix_ms midnight(unix_ms now) { return (now + moscow) / day * day - moscow; }

std::optional<unix_ms> date(int y, int m, int d) {
  const year_month_day ymd{year{y}, month{static_cast<unsigned>(m)},
                           std::chrono::day{static_cast<unsigned>(d)}};
  if (!ymd.ok()) return {};
  return duration_cast<milliseconds>(sys_days{ymd}.time_since_epoch()).count() - moscow;
}

int year_of(unix_ms now) {
  return static_cast<int>(
      year_month_day{floor<days>(sys_time<milliseconds>{milliseconds{now + moscow}})}.year());
}

/// "25.12" or "25.12.2026"; of those without a year the one that is meant.
std::optional<unix_ms> calendar(const std::string& s, unix_ms time, unix_ms now) {
  const auto first = s.find('.');
  if (first == s.npos) return {};
  const auto second = s.find('.', first + 1);
  const auto d = number(s.substr(0, first));
  const auto m = number(s.substr(first + 1, second == s.npos ? s.npos : second - first - 1));
  if (!d || !m) return {};
  if (second != s.npos) {
    const auto y = number(s.substr(second + 1));
    if (!y) return {};
    return date(*y < 100 ? 2000 + *y : *y, *m, *d);
  }
  const auto here = date(year_of(now), *m, *d);
  if (!here || *here + time > now) return here;
  const auto next = date(year_of(now) + 1, *m, *d);
  return next && *next - now < next_year_within ? next : here;
}

std::optional<unix_ms> distance(const std::vector<std::string>& w) {
  if (w.size() < 2 || w.size() > 3 || (w[0] != "через" && w[0] != "in")) return {};
  const auto& unit = w.back();
  auto n = w.size() == 2 || w[1] == "a" || w[1] == "an" ? std::optional<int>{1} : number(w[1]);
  if (!n) return {};
  if (begins(unit, {"мин", "min"})) return *n * minute;
  if (unit == "ч" || unit == "h" || begins(unit, {"час", "hour"})) return *n * hour;
  if (begins(unit, {"дн", "ден", "сут", "day"})) return *n * day;
  if (begins(unit, {"нед", "week"})) return *n * 7 * day;
  return {};
}

std::optional<unix_ms> point(const std::vector<std::string>& w, unix_ms now) {
  if (const auto far = distance(w)) return now + *far;
  if (w.empty() || w.size() > 2) return {};
  const auto time = clock(w.back());
  if (!time) return {};
  if (w.size() == 1 || w[0] == "сегодня" || w[0] == "today") return midnight(now) + *time;
  if (w[0] == "завтра" || w[0] == "tomorrow") return midnight(now) + day + *time;
  if (w[0] == "послезавтра") return midnight(now) + 2 * day + *time;
  const auto begin = calendar(w[0], *time, now);
  if (!begin) return {};
  return *begin + *time;
}

} // namespace

moment read_moment(const std::string& text, unix_ms now) {
  const auto at = point(words_of(text), now);
  if (!at) return {moment::is::unclear, 0};
  if (*at <= now) return {moment::is::past, 0};
  if (*at > now + days_ahead_max * day) return {moment::is::too_far, 0};
  return {moment::is::good, *at};
}

} // namespace troupe::office
