#include "readiness/machine.hpp"
#include "net/media.hpp"
#include "net/tls_files.hpp"
#include "storage/files.hpp"
#include "storage/look.hpp"
#include "storage/store.hpp"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace troupe::readiness {
namespace {

constexpr int program_limit_s = 10;
constexpr std::size_t trial_bytes = 64u << 10; // an empty file fits on a full disk

/// Closed whatever happens.
struct descriptor {
  int number = -1;
  explicit descriptor(int n) : number{n} {}
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
};

std::string words_of(int error) { return std::strerror(error); }

std::string why_not_bind(const addrinfo& at) {
  const descriptor s{::socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC, at.ai_protocol)};
  if (s.number < 0) return words_of(errno);
  const int on = 1; // as the web server does: what waits for its end from an earlier run is no hindrance
  ::setsockopt(s.number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(s.number, at.ai_addr, at.ai_addrlen) != 0 || ::listen(s.number, 1) != 0) return words_of(errno);
  return "";
}

class real_machine final : public machine {
public:
  path_kind kind_of(const std::string& path) override {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return path_kind::none;
    return std::filesystem::is_directory(status) ? path_kind::folder : path_kind::file;
  }

  std::string why_not_read(const std::string& file) override {
    const descriptor d{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (d.number < 0) return words_of(errno);
    char byte = 0;
    return ::read(d.number, &byte, 1) < 0 ? words_of(errno) : "";
  }

  std::string why_not_change(const std::string& file) override {
    const descriptor d{::open(file.c_str(), O_RDWR | O_CLOEXEC)};
    return d.number < 0 ? words_of(errno) : "";
  }

  std::string why_not_write(const std::string& folder) override {
    auto name = (folder.empty() ? std::string{"."} : folder) + "/.troupe-check-XXXXXX";
    const descriptor d{::mkostemp(name.data(), O_CLOEXEC)};
    if (d.number < 0) return words_of(errno);
    ::unlink(name.c_str());
    const std::string trial(trial_bytes, '\0');
    const auto n = ::write(d.number, trial.data(), trial.size());
    if (n < 0) return words_of(errno);
    return static_cast<std::size_t>(n) < trial.size() ? words_of(ENOSPC) : "";
  }

  std::string why_not_listen(const std::string& host, int port) override {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int e = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); e != 0)
      return ::gai_strerror(e);
    std::string why = "no such address";
    for (auto* at = found; at != nullptr && !why.empty(); at = at->ai_next) why = why_not_bind(*at);
    ::freeaddrinfo(found);
    return why;
  }

  std::string run(const std::vector<std::string>& words) override {
    return media::run(words, program_limit_s);
  }

  std::string why_not_append(const std::string& file) override {
    const descriptor d{::open(file.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC)};
    if (d.number < 0 && errno != ENOENT) return words_of(errno);
    return why_not_write(
        std::filesystem::path(file).parent_path().string()); // the next file is made there too
  }

  std::string why_not_certificate(const std::string& certificate, const std::string& key) override {
    return troupe::why_not_certificate(certificate, key);
  }

  bool is_held(const std::string& database) override { return storage::is_in_use(database); }

  std::string place_of(const std::string& database) override { return storage::place_of(database); }

  database_facts look_into(const std::string& database) override {
    try {
      const auto found = storage::look_into(database);
      return {"", found.empty, found.old, found.bot};
    } catch (const std::exception& e) {
      return {e.what(), false, false, 0};
    }
  }

  std::string why_not_lock(const std::string& database) override { return storage::why_not_lock(database); }

  std::string why_not_files_folder(const std::string& database, const std::string& wanted) override {
    if (auto why = storage::why_not_files_folder(database, wanted); !why.empty()) return why;
    const auto folder = storage::files_folder_of(database, wanted);
    const bool there = kind_of(folder) == path_kind::folder;
    const auto at = there ? folder : std::filesystem::path(folder).parent_path().string();
    const auto why = why_not_write(at);
    return why.empty() ? "" : (at.empty() ? "." : at) + ": " + why + ". Look at its owner and rights.";
  }

  std::size_t faults_of(const std::string& database) override {
    return storage::reader{database}.audit().faults.size();
  }

  std::int64_t free_bytes(const std::string& folder) override {
    struct statvfs facts {};
    if (::statvfs(folder.empty() ? "." : folder.c_str(), &facts) != 0) return -1;
    return static_cast<std::int64_t>(facts.f_bavail) * static_cast<std::int64_t>(facts.f_frsize);
  }
};

} // namespace

std::unique_ptr<machine> this_machine() { return std::make_unique<real_machine>(); }

} // namespace troupe::readiness
