#pragma once
/// What the probes ask of this machine. The real one touches nothing that stays.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::readiness {

enum class path_kind : std::uint8_t { none, file, folder };

struct database_facts {
  std::string why_not;  ///< it cannot be taken; "": it is ours, or still empty
  bool empty = false;   ///< no book is in it
  bool old = false;     ///< an older program's: the start brings it up to date
  std::int64_t bot = 0; ///< whose updates it holds; 0: not known
};

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
  /// A line can be put behind what the file holds, or the file can be made.
  virtual std::string why_not_append(const std::string& file) = 0;
  virtual std::string why_not_certificate(const std::string& certificate, const std::string& key) = 0;
  /// An engine holds this database at this moment.
  virtual bool is_held(const std::string& database) = 0;
  /// Links followed: where the file lies, and what is beside it.
  virtual std::string place_of(const std::string& database) = 0;
  virtual database_facts look_into(const std::string& database) = 0;
  virtual std::string why_not_lock(const std::string& database) = 0;
  /// The folder of the engine's own files: as it would be made and marked.
  virtual std::string why_not_files_folder(const std::string& database, const std::string& wanted) = 0;
  /// How many invariants of the book are broken.
  virtual std::size_t faults_of(const std::string& database) = 0;
  /// Of the file system that holds it, bytes; -1: not known.
  virtual std::int64_t free_bytes(const std::string& folder) = 0;
};

std::unique_ptr<machine> this_machine();

} // namespace troupe::readiness
