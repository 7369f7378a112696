#pragma once
/// Where an engine keeps pictures and videos on their way: a folder that hangs on its database and belongs to
/// it alone, so that no other engine's file can be taken for one of ours.
#include <cstdint>
#include <set>
#include <string>

namespace troupe::storage {

/// `wanted` (an option), or beside the database: "data/troupe.db.files".
std::string files_folder_of(const std::string& database_path, const std::string& wanted);

/// Makes the folder (nobody else may look inside), marks it as this database's, and holds it for as long as
/// it lives.
class files_folder {
public:
  /// @throws store_error when it cannot be made or written, or is another database's
  files_folder(const std::string& database_path, const std::string& wanted);
  ~files_folder();
  files_folder(const files_folder&) = delete;
  files_folder& operator=(const files_folder&) = delete;
  const std::string& path() const { return path_; }

private:
  std::string path_;
  int marker_ = -1;
};

inline constexpr std::size_t file_token_bytes = 16; ///< random, of a job's file names
/// From the system. @throws store_error
std::string random_hex(std::size_t bytes);

/// Deletes what `needed` does not name (a whole name, or the token it begins with) and nobody has written for
/// so long; only what has the name of a job's file. @returns how many.
int sweep_files(const std::string& folder, const std::set<std::string>& needed, std::int64_t older_than_ms);

} // namespace troupe::storage
