#include "process/log_file.hpp"
#include <spdlog/pattern_formatter.h>

namespace troupe::process {

log_file::log_file(std::string path, std::size_t bytes_max, std::size_t files)
    : path_{std::move(path)}, bytes_max_{bytes_max}, files_{files},
      how_{std::make_unique<spdlog::pattern_formatter>()}, file_{open()} {}

std::unique_ptr<log_file::file> log_file::open() const {
  auto opened = std::make_unique<file>(path_, bytes_max_, files_);
  opened->set_formatter(how_->clone());
  return opened;
}

void log_file::open_anew() {
  const std::lock_guard lock{mutex_};
  file_->flush();
  file_ = open();
}

void log_file::log(const spdlog::details::log_msg& line) {
  const std::lock_guard lock{mutex_};
  file_->log(line);
}

void log_file::flush() {
  const std::lock_guard lock{mutex_};
  file_->flush();
}

void log_file::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void log_file::set_formatter(std::unique_ptr<spdlog::formatter> how) {
  const std::lock_guard lock{mutex_};
  how_ = std::move(how);
  file_->set_formatter(how_->clone());
}

} // namespace troupe::process
