#pragma once
/// Which database is meant, also while something else in the settings is broken.
#include "config/config.hpp"

namespace troupe::config {

struct named_database {
  std::string path;
  std::string note; ///< What the operator should know of how it was found; "": all is as it should be.
};
/// @throws config_error when what is broken is the database's own name
named_database database_path(const std::string& dir, const environment& env);

} // namespace troupe::config
