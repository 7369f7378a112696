#pragma once
/// Private to the store: whose file it is, known before anything touches it, and held while we use it.
#include <memory>
#include <string>

namespace troupe::storage {

/// In the header of each of our files; other programs' files have another one, or none.
constexpr int our_application_id = 0x54727570; // "Trup"

/// `path` without symbolic links, so that the names of files beside it do not depend on how it is called.
std::string real_path(const std::string& path);

enum class file_kind : unsigned char {
  absent,
  blank, ///< Empty, or a SQLite file in which nothing is yet: ours to fill
  ours
};
/// Reads without a lock and without WAL: nothing appears beside it, nothing in it changes.
/// @throws store_error when it is somebody else's, or cannot be read
file_kind look_at(const std::string& path);

/// An open descriptor of a file, one in the whole process, kept for as long as anybody uses the file: to
/// close any descriptor of a file takes the process's other locks on it away, SQLite's too.
class held_file;
std::shared_ptr<held_file> hold_file(const std::string& path); ///< null when there is no such file

/// The database is ours alone for as long as this lives; given back by the kernel if the process dies. The
/// file itself is locked, so a second name of it (a link, another mount) helps nobody past it, and so is
/// everything that hangs on it.
class claim {
public:
  /// Creates an empty file where there is none, but no folder. @throws store_error
  explicit claim(const std::string& path);
  ~claim();
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;

private:
  std::shared_ptr<held_file> file_;
  int lock_file_ = -1;
};

[[noreturn]] void refuse_unopened(const std::string& path, const std::string& reason);

} // namespace troupe::storage
