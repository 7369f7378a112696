#pragma once
/// A log file that rotates by size and can be opened anew, when somebody has renamed it.
#include <memory>
#include <mutex>
#include <spdlog/sinks/rotating_file_sink.h>
#include <string>

namespace troupe::process {

class log_file final : public spdlog::sinks::sink {
public:
  /// @throws std::exception when it cannot be opened
  log_file(std::string path, std::size_t bytes_max, std::size_t files);
  /// From now on into the file that has the name now. When it cannot be opened all goes on as before.
  /// @throws std::exception then
  void open_anew();

  void log(const spdlog::details::log_msg& line) override;
  void flush() override;
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> how) override;

private:
  using file = spdlog::sinks::rotating_file_sink_st;
  std::unique_ptr<file> open() const;

  const std::string path_;
  const std::size_t bytes_max_, files_;
  std::mutex mutex_; ///< guards what follows
  std::unique_ptr<spdlog::formatter> how_;
  std::unique_ptr<file> file_;
};

} // namespace troupe::process
