#pragma once
/// Where the log of `troupe serve` goes, and how its lines look.
#include "config/config.hpp"
#include "process/log_file.hpp"

namespace troupe::process {

/// @returns the file that is written besides standard error, if any. @throws std::exception
std::shared_ptr<log_file> set_up_log(const config::options::log_options& o);
/// The operator, or logrotate, has renamed the file.
void open_log_anew(const std::shared_ptr<log_file>& file);

} // namespace troupe::process
