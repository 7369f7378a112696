#pragma once
/// What files and administrators' changes have in common. For config/ alone.
#include "config/config.hpp"

namespace troupe::config::rules {

constexpr int price_low = 1, price_high = 100'000; // credits for one video

/// A whole number in range. @throws config_error that starts with `where`, when that is not empty
int whole(const std::string& text, int low, int high, const std::string& where, const std::string& key);
/// Sets one option from text, as the environment does. @throws config_error
void set_option(options& o, const std::string& key, const std::string& value, const std::string& where);
/// "4,6,8" in its parts, without blanks. An empty part stays: it is a mistake.
std::vector<std::string> parts(const std::string& list);
/// An id stands in buttons, lists and commands. @throws config_error
void check_id(const std::string& id, const std::string& where, const std::string& whose);
void check_prices(const model& m, const std::string& where); ///< @throws config_error
std::string trim(const std::string& s);

} // namespace troupe::config::rules
