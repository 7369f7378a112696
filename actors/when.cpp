#include "actors/when.hpp"
#include <cstdio>
#include <ctime>

namespace troupe {
namespace {

constexpr unix_ms minute = 60'000, hour = 60 * minute, day = 24 * hour;

struct date {
  int year = 0, month = 0, day = 0;
};

date date_of(unix_ms at) {
  const auto seconds = static_cast<std::time_t>((at + moscow_ms) / 1000);
  std::tm t{};
  ::gmtime_r(&seconds, &t);
  return {t.tm_year + 1900, t.tm_mon + 1, t.tm_mday};
}

/// Nothing for a day that is not in the calendar.
std::optional<unix_ms> moment(date d, int h, int m) {
  if (h < 0 || h > 23 || m < 0 || m > 59) return {};
  std::tm t{};
  t.tm_year = d.year - 1900, t.tm_mon = d.month - 1, t.tm_mday = d.day, t.tm_hour = h, t.tm_min = m;
  const auto seconds = ::timegm(&t);
  if (t.tm_mday != d.day || t.tm_mon != d.month - 1) return {};
  return unix_ms{seconds} * 1000 - moscow_ms;
}

/// The whole text must fit: the pattern's %n says how far it was read.
template <class... Out> bool fits(const std::string& text, const char* pattern, Out*... out) {
  int read = -1;
  const int n = std::sscanf(text.c_str(), pattern, out..., &read);
  return n == static_cast<int>(sizeof...(out)) && read == static_cast<int>(text.size());
}

std::string trimmed(const std::string& s) {
  const auto from = s.find_first_not_of(" \t\r\n");
  return from == s.npos ? "" : s.substr(from, s.find_last_not_of(" \t\r\n") - from + 1);
}

std::optional<unix_ms> after(const std::string& text, unix_ms now) {
  int n = 0;
  char unit[64] = {};
  if (!fits(text, "через %d %63s%n", &n, unit) && !fits(text, "in %d %63s%n", &n, unit)) return {};
  const std::string u{unit};
  if (n < 1 || n > 10'000) return {};
  const auto is = [&](const char* head) { return u.rfind(head, 0) == 0; };
  if (is("мин") || is("min")) return now + n * minute;
  if (is("час") || is("hour")) return now + n * hour;
  if (is("дн") || is("ден") || is("day")) return now + n * day;
  return {};
}

} // namespace

std::optional<unix_ms> read_moment(const std::string& raw, unix_ms now) {
  const auto text = trimmed(raw);
  if (const auto a = after(text, now)) return a;
  auto d = date_of(now);
  int h = 0, m = 0;
  std::optional<unix_ms> at;
  if (fits(text, "%d:%2d%n", &h, &m)) {
    at = moment(d, h, m);
    if (at && *at <= now) *at += day;
  } else if (fits(text, "завтра %d:%2d%n", &h, &m) || fits(text, "tomorrow %d:%2d%n", &h, &m)) {
    at = moment(date_of(now + day), h, m);
  } else if (fits(text, "%d.%d.%d %d:%2d%n", &d.day, &d.month, &d.year, &h, &m)) {
    at = moment(d, h, m);
  } else if (d = date_of(now), fits(text, "%d.%d %d:%2d%n", &d.day, &d.month, &h, &m)) {
    at = moment(d, h, m);
  }
  return at && *at > now ? at : std::nullopt;
}

} // namespace troupe
