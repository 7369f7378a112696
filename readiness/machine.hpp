#pragma once
/// What the probes ask of this machine. The real one touches nothing that stays.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::readiness {

enum class path_kind : std::uint8_t { none, file, folder };

/// Each "why not" is "" when it can be done.
struct machine {
  virtual ~machine() = default;
  virtual path_kind kind_of(const std::string& path) = 0;
  virtual std::string why_not_read(const std::string& file) = 0;
  virtual std::string why_not_change(const std::string& file) = 0;
  /// A file of some size is made in the folder and taken away again.
  virtual std::string why_not_write(const std::string& folder) = 0;
  virtual std::string why_not_listen(const std::string& host, int port) = 0;
  /// What the program says on its standard output. @throws std::exception when it cannot run
  virtual std::string run(const std::vector<std::string>& words) = 0;
  /// An engine holds this database at this moment.
  virtual bool is_held(const std::string& database) = 0;
  /// Whose file it is: "" ours or still empty, else why it cannot be taken.
  virtual std::string why_not_ours(const std::string& database) = 0;
  /// Of the file system that holds it, bytes; -1: not known.
  virtual std::int64_t free_bytes(const std::string& folder) = 0;
};

std::unique_ptr<machine> this_machine();

} // namespace troupe::readiness
