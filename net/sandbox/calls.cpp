#include "net/sandbox/calls.hpp"
#include <algorithm>
#include <stdexcept>

namespace troupe::sandbox {

void refuse(const std::string& text) { throw refusal{400, "Bad Request: " + text}; }

std::string value(const bot_call& c, const std::string& name) {
  const auto it = c.values.find(name);
  return it == c.values.end() ? std::string{} : it->second;
}

std::string required(const bot_call& c, const std::string& name) {
  auto v = value(c, name);
  if (v.empty()) refuse("parameter \"" + name + "\" is required");
  return v;
}

bool flag(const bot_call& c, const std::string& name) {
  const std::string v = value(c, name);
  return v == "true" || v == "True" || v == "1" || v == "yes";
}

std::int64_t number(const std::string& text, std::int64_t low, std::int64_t high) {
  std::int64_t n = 0;
  try {
    n = std::stoll(text);
  } catch (const std::out_of_range&) {
    n = !text.empty() && text[0] == '-' ? low : high;
  } catch (const std::invalid_argument&) {
    n = 0;
  }
  return std::clamp(n, low, high);
}

std::int64_t number(const bot_call& c, const std::string& name) {
  return number(value(c, name), INT64_MIN, INT64_MAX);
}

bool valid_utf8(const std::string& s) {
  try {
    (void)nlohmann::json(s).dump();
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

} // namespace troupe::sandbox
