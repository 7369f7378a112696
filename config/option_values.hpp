#pragma once
/// How an option takes its value from text, and how it is shown. For config/ alone.
#include "config/faults.hpp"
#include "config/option_table.hpp"

namespace troupe::config {

template <class... F> struct overloaded : F... { using F::operator()...; };
template <class... F> overloaded(F...) -> overloaded<F...>;

/// Where a value was found, and what it is.
struct found_variable {
  std::string name, value;
};

/// @throws config_error that starts with `where`
int within(std::int64_t n, range r, const std::string& where, const std::string& key);
void set_from_variable(option& o, const found_variable& v); ///< @throws config_error
/// Never a secret's text.
std::string shown(const option& o);

} // namespace troupe::config
