#include "net/connection_watch.hpp"
#include <algorithm>
#include <arpa/inet.h>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <linux/tcp.h> // glibc's own tcp_info lacks the bytes; the two cannot be included together
#include <netinet/in.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::chrono::milliseconds between_looks{100};

int port_of(const sockaddr_storage& a) {
  if (a.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(a).sin_port);
  if (a.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(a).sin6_port);
  return -1;
}

struct connection {
  unsigned long inode;
  int peer_port;
};

/// A connected socket of this local port; the listening one is none.
std::optional<connection> connection_at(int fd, int port) {
  sockaddr_storage own{}, other{};
  socklen_t own_size = sizeof own, other_size = sizeof other;
  struct stat s {};
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 || port_of(own) != port) return {};
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &other_size) != 0 || ::fstat(fd, &s) != 0)
    return {};
  return connection{s.st_ino, port_of(other)};
}

/// What came and was taken; what still waits in the kernel may be a body. 0 when the kernel does not tell.
std::uint64_t bytes_read(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  int unread = 0;
  if (::ioctl(fd, FIONREAD, &unread) != 0) return 0;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  constexpr auto needed = offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
  const auto received = size >= needed ? info.tcpi_bytes_received : 0;
  return received - std::min<std::uint64_t>(received, static_cast<std::uint64_t>(unread));
}

/// Its thread sees the end and closes it. With a reset: after a mere end the kernel would keep the connection
/// of a peer that goes on sending for another minute.
void end(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::shutdown(fd, SHUT_RDWR);
}

std::vector<int> open_descriptors() {
  std::vector<int> all;
  std::error_code ignored;
  for (auto& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored})
    all.push_back(std::atoi(entry.path().filename().c_str()));
  return all;
}

} // namespace

void connection_watch::start(int port) {
  over_ = false;
  thread_ = std::thread([this, port] { run(port); });
}

void connection_watch::run(int port) {
  std::unique_lock lock(mutex_);
  while (!over_) {
    changed_.wait(lock, [this] { return over_ || awake_; });
    awake_ = false;
    if (changed_.wait_for(lock, between_looks, [this] { return over_; })) return;
    look(port);
    awake_ = awake_ || !connections_.empty();
  }
}

void connection_watch::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(awake_, true)) return;
  }
  changed_.notify_all();
}

void connection_watch::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void connection_watch::headers_read(int peer_port) {
  const std::lock_guard lock(mutex_);
  in_body_.insert(peer_port);
}

void connection_watch::look(int port) {
  const auto now = clock_type::now();
  std::map<int, seen> still;
  std::set<int> still_in_body;
  for (const int fd : open_descriptors()) {
    const auto c = connection_at(fd, port);
    if (!c) continue;
    const auto known = connections_.find(fd);
    const bool same = known != connections_.end() && known->second.inode == c->inode;
    const auto since = same ? known->second.since : now;
    const bool in_body = in_body_.count(c->peer_port) > 0;
    const bool too_much = bytes_read(fd) > (in_body ? web_connection_bytes_max : web_header_bytes_max);
    if (too_much || now - since > (in_body ? web_connection_limit : web_header_limit)) end(fd);
    still[fd] = {c->inode, since};
    if (in_body) still_in_body.insert(c->peer_port);
  }
  connections_ = std::move(still);
  in_body_ = std::move(still_in_body);
}

} // namespace troupe
