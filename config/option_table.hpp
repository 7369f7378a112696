#pragma once
/// One line for each option. For config/ alone.
#include "config/config.hpp"
#include <climits>
#include <variant>

namespace troupe::config {

using int64_list = std::vector<std::int64_t>;
using package_list = std::vector<package>;
using target = std::variant<std::string*, int*, std::int64_t*, bool*, std::vector<std::string>*, int64_list*,
                            package_list*>;

struct range {
  int low = 0, high = INT_MAX;
};

/// One option: everything that parsing, the environment and the report know of it.
struct option {
  const char* key;
  target where;
  const char* comment;
  range allowed = {};
  bool secret = false;
  std::vector<std::string> aliases = {};
};

std::vector<option> bind(options& o);
/// TROUPE_<SECTION>_<KEY>
std::string variable_of(const option& o);
/// The name that people know it by: the first alias, else TROUPE_<SECTION>_<KEY>.
std::string common_name(const option& o);

} // namespace troupe::config
