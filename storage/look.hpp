#pragma once
/// What can be known of a database before an engine opens it. Nothing is changed, and nothing stays.
#include <cstdint>
#include <string>

namespace troupe::storage {

struct database_look {
  bool empty = false;   ///< No book is in it: the start begins one.
  bool old = false;     ///< An older program's: the start brings it up to date.
  std::int64_t bot = 0; ///< Whose updates it holds; 0: not known
};
/// Of a file that is there. @throws store_error when it is somebody else's, or cannot be read
database_look look_into(const std::string& path);

/// An engine has it at this moment, whatever name it knows it by.
bool is_in_use(const std::string& path);
/// Why its lock file cannot be had; "" when it can, or is not there yet.
std::string why_not_lock(const std::string& path);
/// What would keep an engine from its folder for files, as far as can be seen without a change; "": nothing.
std::string why_not_files_folder(const std::string& database_path, const std::string& wanted);
/// Symbolic links followed: where it lies, and where the files beside it will.
std::string place_of(const std::string& path);

} // namespace troupe::storage
