#include "config/rules.hpp"
#include "config/option_values.hpp"
#include "config/words.hpp"
#include <algorithm>
#include <charconv>

namespace troupe::config::rules {

void check_id(const std::string& id, const std::string& where, const std::string& whose) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (id.size() > id_bytes_max)
    fail(where, whose + " \"" + id + "\": an id has at most " + std::to_string(id_bytes_max) +
                    " characters, for it stands in buttons");
  if (!std::all_of(id.begin(), id.end(), fits))
    fail(where, whose + " \"" + id + "\": an id is of A-Z, a-z, 0-9, dot, _ and -");
}

void check_prices(const model& m, const std::string& where) {
  const auto lengths = m.durations_s.size();
  const auto bad = [&](const std::string& what) { fail(where, "model \"" + m.id + "\": " + what); };
  if (!m.prices.empty() && m.prices.size() != lengths) bad("prices needs one for each of durations_s");
  if (!m.sound_prices.empty() && m.sound_prices.size() != lengths)
    bad("sound_prices needs one for each of durations_s");
  if (m.sound && !m.sound_prices.empty()) bad("sound_prices is for a choice, but sound = true leaves none");
}

int whole(const std::string& text, int low, int high, const std::string& where, const std::string& key) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) fail(where, key + " must be a whole number");
  return within(n, {low, high}, where, key);
}

void set_option(options& o, const std::string& key, const std::string& value, const std::string& where) {
  for (auto& known : bind(o))
    if (known.key == key) {
      if (const auto n = std::get_if<int*>(&known.where))
        **n = whole(value, known.allowed.low, known.allowed.high, where, key);
      else set_from_variable(known, {where.empty() ? key : where, value});
      return;
    }
  fail(where, "there is no option " + key);
}

std::vector<std::string> parts(const std::string& list) {
  std::vector<std::string> all;
  for (std::size_t from = 0;;) {
    const auto comma = list.find(',', from);
    all.push_back(trim(list.substr(from, comma - from)));
    if (comma == list.npos) return all;
    from = comma + 1;
  }
}

std::string trim(const std::string& s) { return words::trimmed(s); }

} // namespace troupe::config::rules
