#include "storage/claim.hpp"
#include "storage/look.hpp"
#include "storage/store.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <mutex>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::storage {
namespace fs = std::filesystem;

// --- descriptors -----------------------------------------------------------------------------------------

using inode = std::pair<dev_t, ino_t>;

class held_file {
public:
  held_file(int descriptor, inode which) : descriptor_{descriptor}, which_{which} {}
  ~held_file();
  held_file(const held_file&) = delete;
  held_file& operator=(const held_file&) = delete;

  std::size_t read(unsigned char* to, std::size_t bytes) const {
    const auto got = ::pread(descriptor_, to, bytes, 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }
  /// False: somebody has it, be it ourselves.
  bool lock() {
    if (locked_) return false;
    // A file system that knows no such locks leaves it to the lock file.
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    return locked_ = true;
  }
  /// By whomever.
  bool is_locked() const {
    if (locked_) return true;
    if (::flock(descriptor_, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
    ::flock(descriptor_, LOCK_UN);
    return false;
  }
  void unlock() {
    if (std::exchange(locked_, false)) ::flock(descriptor_, LOCK_UN);
  }

private:
  int descriptor_;
  inode which_;
  bool locked_ = false;
};

namespace {

std::mutex held_mutex;
std::map<inode, std::weak_ptr<held_file>>& all_held() {
  static std::map<inode, std::weak_ptr<held_file>> all;
  return all;
}

} // namespace

held_file::~held_file() {
  const std::lock_guard guard{held_mutex};
  ::close(descriptor_);
  if (const auto it = all_held().find(which_); it != all_held().end() && it->second.expired())
    all_held().erase(it);
}

std::shared_ptr<held_file> hold_file(const std::string& path) {
  struct stat st {};
  if (path == ":memory:" || ::stat(path.c_str(), &st) != 0) return nullptr;
  const inode which{st.st_dev, st.st_ino};
  const std::lock_guard guard{held_mutex};
  auto& known = all_held()[which];
  if (auto held = known.lock()) return held;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return nullptr; // whoever opens it next says why
  auto held = std::make_shared<held_file>(descriptor, which);
  known = held;
  return held;
}

// --- whose file it is ------------------------------------------------------------------------------------

std::string real_path(const std::string& path) {
  std::error_code ignored;
  if (path == ":memory:" || !fs::is_symlink(path, ignored)) return path;
  const auto real = fs::weakly_canonical(path, ignored);
  return ignored ? path : real.string();
}

std::string files_folder_of(const std::string& database_path) { return real_path(database_path) + ".files"; }

void refuse_unopened(const std::string& path, const std::string& reason) {
  throw store_error("Cannot open the database " + path + ": " + reason +
                    ". Check the path and its permissions, or restore a backup.");
}

namespace {

[[noreturn]] void refuse_foreign(const std::string& path, const std::string& what) {
  throw store_error("The file " + path + " is no database of Troupe: " + what +
                    ". It was left as it is. Correct DATABASE_PATH, or restore a backup.");
}

std::string immutable_address(const std::string& path) {
  std::string address = "file:";
  for (const char c : fs::absolute(path).string()) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || std::strchr("/._-", c) != nullptr;
    if (plain) address += c;
    else {
      char code[4];
      std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(c));
      address += code;
    }
  }
  return address + "?immutable=1";
}

enum class content : unsigned char { nothing, ours, foreign };

content content_of(SQLite::Database& db) {
  const int id = db.execAndGet("PRAGMA application_id").getInt();
  if (id != 0) return id == our_application_id ? content::ours : content::foreign;
  const int version = db.execAndGet("PRAGMA user_version").getInt();
  if (version == 0 && db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0)
    return content::nothing;
  // Older programs of ours left no id, but always these.
  const int known = db.execAndGet("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
                                  "('meta', 'inbox', 'users', 'transfers', 'ledger', 'balances')")
                        .getInt();
  return version > 0 && known == 6 ? content::ours : content::foreign;
}

/// All that was ever written may still be in the WAL, which cannot be read without files beside it: so a
/// copy is looked at. Such a file has only just begun: it is small.
content content_with_wal(const std::string& path) {
  auto folder = (fs::temp_directory_path() / "troupe-look-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) refuse_unopened(path, std::strerror(errno));
  struct remover {
    std::string folder;
    ~remover() {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  } const cleaner{folder};
  const auto copy = folder + "/copy";
  fs::copy_file(path, copy);
  fs::copy_file(path + "-wal", copy + "-wal");
  SQLite::Database db{copy, SQLite::OPEN_READWRITE};
  return content_of(db);
}

std::uint32_t big_endian(const unsigned char* b) {
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

content content_at(const std::string& path) {
  constexpr std::size_t header_bytes = 100, id_at = 68;
  unsigned char header[header_bytes];
  const auto file = hold_file(path);
  if (!file) refuse_unopened(path, std::strerror(errno));
  const auto got = file->read(header, header_bytes);
  std::error_code none;
  const bool has_wal = fs::file_size(path + "-wal", none) > 0 && !none;
  if (got == 0) return has_wal ? content_with_wal(path) : content::nothing;
  if (got < header_bytes || std::memcmp(header, "SQLite format 3", 16) != 0)
    throw SQLite::Exception("file is not a database", SQLITE_NOTADB);
  // The header alone: a power cut in a checkpoint may have left the rest to the WAL.
  if (const auto id = big_endian(header + id_at); id != 0)
    return id == our_application_id ? content::ours : content::foreign;
  auto found = content::nothing;
  try {
    SQLite::Database db{immutable_address(path), SQLite::OPEN_READONLY | SQLite::OPEN_URI};
    found = content_of(db);
  } catch (const SQLite::Exception& e) {
    if (e.getErrorCode() != SQLITE_CORRUPT || !has_wal) throw;
  }
  return found == content::nothing && has_wal ? content_with_wal(path) : found;
}

} // namespace

file_kind look_at(const std::string& path) {
  std::error_code ignored;
  const auto real = real_path(path);
  if (path == ":memory:" || !fs::exists(real, ignored)) return file_kind::absent;
  if (fs::is_directory(real, ignored)) refuse_unopened(path, "it is a folder");
  if (!fs::is_regular_file(real, ignored)) refuse_unopened(path, "it is no ordinary file");
  try {
    switch (content_at(real)) {
    case content::nothing: return file_kind::blank;
    case content::ours: return file_kind::ours;
    case content::foreign: break;
    }
  } catch (const SQLite::Exception& e) {
    if (e.getErrorCode() == SQLITE_NOTADB) refuse_foreign(path, "it is no SQLite file");
    refuse_unopened(path, e.what());
  } catch (const fs::filesystem_error& e) {
    refuse_unopened(path, e.code().message());
  }
  refuse_foreign(path, "another program keeps its tables in it");
}

// --- the claim -------------------------------------------------------------------------------------------

namespace {

/// The file holds a secret and people's prompts. True: it was not there before.
bool create_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (descriptor < 0 && errno != EEXIST) refuse_unopened(path, std::strerror(errno));
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

/// Seen by programs that do not know the other lock.
std::string lock_file_of(const std::string& real) { return real + ".lock"; }

std::string unopened_lock(const std::string& name, int error) {
  return "its lock file " + name + " cannot be opened (" + std::strerror(error) +
         "). Move away what lies there, or look at its owner and rights";
}

/// A mistyped path must not begin a book somewhere else.
void require_folder(const std::string& path) {
  const auto folder = fs::path(path).parent_path();
  std::error_code ignored;
  if (folder.empty() || fs::is_directory(folder, ignored)) return;
  throw store_error("Cannot open the database " + path + ": the folder " + folder.string() +
                    " does not exist. Create it, or correct DATABASE_PATH.");
}

} // namespace

claim::claim(const std::string& path) {
  if (path == ":memory:") return;
  require_folder(path);
  const auto kind = look_at(path);
  const auto real = real_path(path);
  const bool made = kind == file_kind::absent && create_private(real);
  if (::access(real.c_str(), W_OK) != 0) refuse_unopened(path, "it may not be written");
  file_ = hold_file(real);
  if (!file_) refuse_unopened(path, std::strerror(errno));
  const auto name = lock_file_of(real);
  const auto in_use = [&] {
    return store_error("The database " + path + " is in use: another engine is running on it (it holds " +
                       name + "). Stop that engine first, or name another file.");
  };
  if (!file_->lock()) throw in_use();
  lock_file_ = ::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const int unopened = errno;
  if (lock_file_ >= 0 && ::flock(lock_file_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = lock_file_ < 0 ? unopened : errno;
  if (lock_file_ >= 0) ::close(lock_file_);
  // Nobody else has it, for we still do; left behind, it would pass for a book that has lost everything.
  if (made) ::unlink(real.c_str());
  file_->unlock();
  if (lock_file_ >= 0 && reason == EWOULDBLOCK) throw in_use();
  throw store_error("Cannot open the database " + path + ": " + unopened_lock(name, reason) + ".");
}

claim::~claim() {
  if (lock_file_ >= 0) ::close(lock_file_);
  if (file_) file_->unlock();
}

bool is_in_use(const std::string& path) {
  const auto real = real_path(path);
  if (const auto file = hold_file(real); file && file->is_locked()) return true;
  const int descriptor = ::open(lock_file_of(real).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool taken = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return taken;
}

std::string why_not_lock(const std::string& path) {
  const auto name = lock_file_of(real_path(path));
  const int descriptor = ::open(name.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT ? "" : unopened_lock(name, errno);
  ::close(descriptor);
  return "";
}

} // namespace troupe::storage
