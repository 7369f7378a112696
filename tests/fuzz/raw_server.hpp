#pragma once
/// Sockets by hand, on loopback: the other side of a connection says any bytes.
#include <arpa/inet.h>
#include <cstdlib>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace troupe::fuzz {

class raw_socket {
public:
  explicit raw_socket(int fd) : fd_{fd} {
    const timeval limit{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  /// Reset, so that a hundred thousand cases leave no ports behind that wait.
  ~raw_socket() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
  }
  raw_socket(const raw_socket&) = delete;
  raw_socket& operator=(const raw_socket&) = delete;

  static int connect_to(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto a = loopback(port);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0) std::abort();
    return fd;
  }
  static sockaddr_in loopback(int port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(static_cast<std::uint16_t>(port));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }
  /// False: the other side does not listen any more.
  bool say(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto n = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }
  void say_no_more() { ::shutdown(fd_, SHUT_WR); }
  /// Until the other side has closed; at most a mebibyte.
  std::string hear_all() {
    return hear([](const std::string&) { return false; });
  }
  /// A request without a body.
  std::string hear_request() {
    return hear([](const std::string& all) { return all.find("\r\n\r\n") != all.npos; });
  }

private:
  template <class Enough> std::string hear(Enough enough) {
    std::string all;
    char part[4096];
    while (all.size() < (1u << 20) && !enough(all)) {
      const auto n = ::recv(fd_, part, sizeof part, 0);
      if (n <= 0) break;
      all.append(part, static_cast<std::size_t>(n));
    }
    return all;
  }
  int fd_;
};

class raw_listener {
public:
  raw_listener() {
    auto a = raw_socket::loopback(0);
    socklen_t size = sizeof a;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&a), size) != 0 || ::listen(fd_, 16) != 0) std::abort();
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&a), &size);
    port_ = ntohs(a.sin_port);
  }
  ~raw_listener() { ::close(fd_); }
  raw_listener(const raw_listener&) = delete;
  raw_listener& operator=(const raw_listener&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/x"; }
  int accept() { return ::accept(fd_, nullptr, nullptr); }

private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  int port_ = 0;
};

} // namespace troupe::fuzz
