#include "storage/files.hpp"
#include "storage/look.hpp"
#include "storage/store.hpp"
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

constexpr auto marker_name = "owner";
constexpr std::size_t marker_bytes_max = 4096;
constexpr std::size_t token_chars = file_token_bytes * 2;

[[noreturn]] void refuse(const std::string& folder, const std::string& why) {
  throw store_error("The folder for files " + folder + " cannot be used: " + why);
}

/// Only its last part is made: a mistyped path must not begin a folder somewhere else.
std::string why_no_folder(const std::string& folder) {
  std::error_code failed;
  if (fs::is_directory(folder, failed)) return "";
  if (fs::exists(folder, failed)) return "it is a file, and a folder is meant.";
  const auto parent = fs::path{folder}.parent_path();
  if (parent.empty() || fs::is_directory(parent, failed)) return "";
  return (fs::exists(parent, failed) ? parent.string() + " is no folder"
                                     : "there is no folder " + parent.string()) +
         ". Create it, or correct storage.files_dir.";
}

void make_private(const std::string& folder, bool hangs_on_database) {
  if (const auto why = why_no_folder(folder); !why.empty()) refuse(folder, why);
  if (::mkdir(folder.c_str(), 0700) == 0) return;
  if (errno != EEXIST) refuse(folder, std::string{std::strerror(errno)} + ".");
  if (hangs_on_database) ::chmod(folder.c_str(), 0700); // one that somebody made and named stays as it is
}

std::string read_all(int fd) {
  std::string text(marker_bytes_max, '\0');
  const auto n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

void write_all(int fd, const std::string& folder, const std::string& text) {
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    refuse(folder, "its marker cannot be written (" + std::string{std::strerror(errno)} + ").");
}

std::string whole(const std::string& path) {
  std::error_code failed;
  const auto absolute = fs::weakly_canonical(path, failed);
  return failed ? path : absolute.string();
}

bool is_token(const std::string& text) {
  return text.size() == token_chars && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// Also those of earlier versions, "job-17.mp4".
bool is_of_a_job(const std::string& name) {
  return is_token(name.substr(0, token_chars)) || name.rfind("job-", 0) == 0;
}

constexpr auto in_other_hands =
    "another engine is using it. Each engine needs a folder of its own: leave storage.files_dir empty.";

std::string marker_of(const std::string& folder) { return folder + "/" + marker_name; }

/// `wanted` alone may be another database's; a folder beside its database may have been moved with it.
std::string why_not_ours(const std::string& folder, const std::string& wanted, const std::string& owner,
                         const std::string& mine) {
  if (wanted.empty() || owner.empty() || owner == mine) return "";
  return "it holds the files of the database " + owner + ". Leave storage.files_dir empty, or remove " +
         marker_of(folder) + " if that database has become this one.";
}

} // namespace

std::string files_folder_of(const std::string& database_path, const std::string& wanted) {
  return wanted.empty() ? files_folder_of(database_path) : wanted;
}

files_folder::files_folder(const std::string& database_path, const std::string& wanted)
    : path_{files_folder_of(database_path, wanted)} {
  make_private(path_, wanted.empty());
  marker_ = ::open(marker_of(path_).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (marker_ < 0) refuse(path_, std::string{std::strerror(errno)} + ".");
  const auto give_up = [&](const std::string& why) {
    ::close(marker_);
    refuse(path_, why);
  };
  if (::flock(marker_, LOCK_EX | LOCK_NB) != 0) give_up(in_other_hands);
  const auto mine = whole(database_path), owner = read_all(marker_);
  if (const auto why = why_not_ours(path_, wanted, owner, mine); !why.empty()) give_up(why);
  if (owner == mine) return;
  try {
    write_all(marker_, path_, mine);
  } catch (...) {
    ::close(marker_);
    throw;
  }
}

files_folder::~files_folder() {
  if (marker_ >= 0) ::close(marker_);
}

std::string why_not_files_folder(const std::string& database_path, const std::string& wanted) {
  const auto folder = files_folder_of(database_path, wanted), marker = marker_of(folder);
  if (auto why = why_no_folder(folder); !why.empty()) return why;
  const int descriptor = ::open(marker.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0)
    return errno == ENOENT ? "" : marker + ": " + std::strerror(errno) + ". Look at its owner and rights.";
  std::string why;
  if (::flock(descriptor, LOCK_SH | LOCK_NB) != 0) why = in_other_hands;
  else why = why_not_ours(folder, wanted, read_all(descriptor), whole(database_path));
  ::close(descriptor);
  return why;
}

std::string random_hex(std::size_t bytes) {
  unsigned char random[64];
  bytes = std::min(bytes, sizeof random);
  if (::getentropy(random, bytes) != 0) throw store_error("The system gives no random numbers.");
  std::string hex;
  for (std::size_t i = 0; i < bytes; ++i) {
    hex += "0123456789abcdef"[random[i] >> 4];
    hex += "0123456789abcdef"[random[i] & 15];
  }
  return hex;
}

int sweep_files(const std::string& folder, const std::set<std::string>& needed, std::int64_t older_than_ms) {
  int removed = 0;
  std::error_code ignored;
  const auto now = fs::file_time_type::clock::now();
  for (auto& file : fs::directory_iterator{folder, ignored}) {
    const auto name = file.path().filename().string();
    if (!is_of_a_job(name) || needed.count(name) > 0 || needed.count(name.substr(0, token_chars)) > 0)
      continue;
    if (now - file.last_write_time(ignored) < std::chrono::milliseconds{older_than_ms}) continue;
    removed += fs::remove(file.path(), ignored);
  }
  return removed;
}

} // namespace troupe::storage
