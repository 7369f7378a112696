#include "storage/files.hpp"
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

void make_private(const std::string& folder, bool hangs_on_database) {
  std::error_code failed;
  if (fs::is_directory(folder, failed)) {
    if (hangs_on_database) ::chmod(folder.c_str(), 0700); // one that somebody made and named stays as it is
    return;
  }
  if (const auto parent = fs::path{folder}.parent_path(); !parent.empty())
    fs::create_directories(parent, failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    refuse(folder, std::string{std::strerror(errno)} + ".");
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

} // namespace

std::string files_folder_of(const std::string& database_path, const std::string& wanted) {
  return wanted.empty() ? files_folder_of(database_path) : wanted;
}

files_folder::files_folder(const std::string& database_path, const std::string& wanted)
    : path_{files_folder_of(database_path, wanted)} {
  make_private(path_, wanted.empty());
  const auto marker = path_ + "/" + marker_name;
  marker_ = ::open(marker.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (marker_ < 0) refuse(path_, std::string{std::strerror(errno)} + ".");
  const auto give_up = [&](const std::string& why) {
    ::close(marker_);
    refuse(path_, why);
  };
  if (::flock(marker_, LOCK_EX | LOCK_NB) != 0)
    give_up(
        "another engine is using it. Each engine needs a folder of its own: leave storage.files_dir empty.");
  const auto mine = whole(database_path), owner = read_all(marker_);
  // A folder beside its database may have been moved with it.
  if (!wanted.empty() && !owner.empty() && owner != mine)
    give_up("it holds the files of the database " + owner + ". Leave storage.files_dir empty, or remove " +
            marker + " if that database has become this one.");
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
