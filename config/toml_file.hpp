#pragma once
/// A file of settings read with its lines. For config/ alone.
#include "config/faults.hpp"
#include "config/option_values.hpp"
#include <toml++/toml.h>

namespace troupe::config {

struct place {
  std::string file;
  std::size_t line = 0;
  std::string str() const { return file + ":" + std::to_string(line); }
};

inline place place_of(const std::string& file, const toml::node& n) { return {file, n.source().begin.line}; }

toml::table parse(const std::string& path); ///< @throws config_error

[[noreturn]] void unknown(const std::string& where, const std::string& key,
                          const std::vector<std::string>& right);

/// The value of exactly this type, else an error with the line.
template <class T> T exact(const toml::node& n, const place& at, const std::string& key, const char* type) {
  if (auto v = n.value_exact<T>()) return *v;
  fail(at.str(), key + " must be " + type);
}
inline std::string exact_string(const toml::node& n, const place& at, const std::string& key) {
  return exact<std::string>(n, at, key, "a string");
}
inline int exact_whole(const toml::node& n, const place& at, const std::string& key, range r) {
  return within(exact<std::int64_t>(n, at, key, "a whole number"), r, at.str(), key);
}

template <class F> void each(const toml::node& n, const place& at, const std::string& key, F take) {
  const auto list = n.as_array();
  if (!list) fail(at.str(), key + " must be a list");
  for (auto& item : *list) take(item);
}

/// { ru = "...", en = "..." }
void set_title(std::map<std::string, std::string>& title, const toml::node& n, const place& at);

} // namespace troupe::config
