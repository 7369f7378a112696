#include "config/option_values.hpp"
#include "config/words.hpp"
#include <charconv>

namespace troupe::config {
namespace {

std::string masked(const std::string& s) {
  if (s.empty()) return "not set";
  return s.size() > 12 ? "set, ends with …" + s.substr(s.size() - 4) : "set";
}

std::string priced(const package& p) {
  return std::to_string(p.credits) + "+" + std::to_string(p.bonus) + " for " + std::to_string(p.stars) +
         " Stars or " + std::to_string(p.roubles) + " roubles";
}

template <class Item, class F>
std::string each_shown(const std::vector<Item>& all, const char* between, F show) {
  std::vector<std::string> parts;
  for (auto& item : all) parts.push_back(show(item));
  return words::joined(parts, between);
}

std::int64_t number(const std::string& s, const std::string& variable) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (error != std::errc{} || end != s.data() + s.size()) fail(variable, "must be a whole number");
  return n;
}

bool truth(const std::string& s, const std::string& variable) {
  for (auto yes : {"true", "1", "yes", "on"})
    if (s == yes) return true;
  for (auto no : {"false", "0", "no", "off"})
    if (s == no) return false;
  fail(variable, "must be true or false");
}

} // namespace

void fail(const std::string& where, const std::string& what) {
  throw config_error{where.empty() ? what : where + ": " + what};
}

int within(std::int64_t n, range r, const std::string& where, const std::string& key) {
  if (n < r.low || n > r.high)
    fail(where, key + " must be from " + std::to_string(r.low) + " to " + std::to_string(r.high) + ", not " +
                    std::to_string(n));
  return static_cast<int>(n);
}

void set_from_variable(option& o, const found_variable& v) {
  std::visit(overloaded{[&](std::string* s) { *s = v.value; },
                        [&](int* n) { *n = within(number(v.value, v.name), o.allowed, v.name, o.key); },
                        [&](std::int64_t* n) { *n = number(v.value, v.name); },
                        [&](bool* b) { *b = truth(v.value, v.name); },
                        [&](std::vector<std::string>* all) { *all = words::split(v.value); },
                        [&](int64_list* all) {
                          int64_list read;
                          for (auto& part : words::split(v.value)) read.push_back(number(part, v.name));
                          *all = std::move(read);
                        },
                        [&](package_list*) { fail(v.name, "packages are written in troupe.toml only"); }},
             o.where);
}

/// Credentials within an address: "http://***@host:port".
static std::string without_credentials(const std::string& s) {
  const auto sign = s.find("://");
  const auto from = sign == s.npos ? 0 : sign + 3;
  const auto at = s.substr(0, s.find_first_of("/?#", from)).rfind('@');
  const bool address = sign != s.npos || s.rfind(':') > at; // "user:password@host:port" has no scheme
  return at == s.npos || at < from || !address ? s : s.substr(0, from) + "***" + s.substr(at);
}

std::string shown(const option& o) {
  return std::visit(
      overloaded{
          [&](std::string* s) { return o.secret ? masked(*s) : "\"" + without_credentials(*s) + "\""; },
          [](int* n) { return std::to_string(*n); }, [](std::int64_t* n) { return std::to_string(*n); },
          [](bool* b) { return std::string{*b ? "true" : "false"}; },
          [&](std::vector<std::string>* all) {
            if (all->empty()) return std::string{"not set"};
            return each_shown(*all, "; ", [&](auto& s) { return o.secret ? masked(s) : s; });
          },
          [](int64_list* all) {
            return "[" + each_shown(*all, ", ", [](auto n) { return std::to_string(n); }) + "]";
          },
          [](package_list* all) {
            return all->empty() ? std::string{"none"} : each_shown(*all, "; ", priced);
          }},
      o.where);
}

} // namespace troupe::config
