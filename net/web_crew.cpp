#include "net/web_crew.hpp"
#include <algorithm>
#include <arpa/inet.h>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>

namespace troupe {
namespace {

using clock_type = std::chrono::steady_clock;

/// The inode of a connected socket of this local port.
std::optional<unsigned long> connection_at(int fd, int port) {
  sockaddr_storage own{}, other{};
  socklen_t own_size = sizeof own, other_size = sizeof other;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) return {};
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &other_size) != 0)
    return {}; // the listening one
  const auto found = own.ss_family == AF_INET    ? reinterpret_cast<sockaddr_in*>(&own)->sin_port
                     : own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&own)->sin6_port
                                                 : in_port_t{0};
  struct stat s {};
  if (found != htons(static_cast<std::uint16_t>(port)) || ::fstat(fd, &s) != 0) return {};
  return s.st_ino;
}

std::vector<int> open_descriptors() {
  std::vector<int> all;
  std::error_code ignored;
  for (auto& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored})
    all.push_back(std::atoi(entry.path().filename().c_str()));
  return all;
}

} // namespace

web_crew::enqueue_result web_crew::enqueue(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push(std::move(task));
    if (idle_ < tasks_.size() && threads_.size() < web_threads_max) threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
  return enqueue_result(true);
}

void web_crew::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return over_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

void web_crew::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  for (auto& t : threads_) t.join();
}

void connection_watch::start(int port) {
  over_ = false;
  thread_ = std::thread([this, port] {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, std::chrono::seconds{1}, [this] { return over_; })) look(port);
  });
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

void connection_watch::look(int port) {
  const auto now = clock_type::now();
  std::map<int, seen> still;
  for (const int fd : open_descriptors()) {
    const auto inode = connection_at(fd, port);
    if (!inode) continue;
    const auto known = connections_.find(fd);
    const bool same = known != connections_.end() && known->second.inode == *inode;
    const auto since = same ? known->second.since : now;
    if (now - since > web_connection_limit)
      ::shutdown(fd, SHUT_RDWR); // its thread sees the end and closes it
    else still[fd] = {*inode, since};
  }
  connections_ = std::move(still);
}

} // namespace troupe
