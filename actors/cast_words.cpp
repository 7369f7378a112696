#include "actors/cast_words.hpp"
#include <algorithm>
#include <cmath>

namespace troupe::office {
namespace {

constexpr int cells = 10;

} // namespace

std::string grouped(std::int64_t n) {
  auto digits = std::to_string(n < 0 ? -n : n);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += " "; // a thin space that does not break
    out += digits[i];
  }
  return n < 0 ? "−" + out : out;
}

std::string bar(std::int64_t percent) {
  std::string text;
  for (int i = 0; i < cells; ++i) text += i < percent * cells / 100 ? "▓" : "░";
  return text;
}

std::string duration_text(const talk::painter& paint, double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(std::max(0.0, seconds)));
  if (whole < 60) return paint.say("cast.seconds", {{"n", std::to_string(whole)}});
  const auto minutes = (whole + 59) / 60;
  if (minutes < 60) return paint.say("cast.minutes", {{"n", std::to_string(minutes)}});
  return paint.say("cast.hours", {{"h", std::to_string(minutes / 60)}, {"n", std::to_string(minutes % 60)}});
}

} // namespace troupe::office
