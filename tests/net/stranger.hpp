#pragma once
/// Somebody on the internet: a connection by hand that never blocks the one who holds it.
#include "tests/catch.hpp"
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace troupe::test {

class stranger {
public:
  explicit stranger(int port) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }
  stranger(stranger&& o) noexcept
      : fd_{std::exchange(o.fd_, -1)}, heard_{std::move(o.heard_)}, out_{o.out_} {}
  ~stranger() {
    if (fd_ >= 0) ::close(fd_);
  }

  /// As much of it as the other side takes within half a second.
  void say(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size() && !out_;) {
      const auto n = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) at += static_cast<std::size_t>(n);
      else if (errno != EAGAIN) out_ = true;
      else if (pollfd p{fd_, POLLOUT, 0}; ::poll(&p, 1, 500) <= 0) return;
    }
  }
  void say_no_more() { ::shutdown(fd_, SHUT_WR); }

  /// The other side has closed, whatever it said before.
  bool is_put_out() {
    listen(std::chrono::milliseconds{0});
    return out_;
  }
  /// Of the first answer; 0: there was none.
  int status_within(std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (heard_.find("\r\n\r\n") == std::string::npos && !out_) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left.count() <= 0) break;
      listen(std::chrono::duration_cast<std::chrono::milliseconds>(left) + std::chrono::milliseconds{1});
    }
    return heard_.rfind("HTTP/1.1 ", 0) == 0 ? std::atoi(heard_.c_str() + 9) : 0;
  }
  int answers() {
    listen(std::chrono::milliseconds{0});
    int n = 0;
    for (auto at = heard_.find("HTTP/1.1 "); at != std::string::npos; at = heard_.find("HTTP/1.1 ", at + 1))
      ++n;
    return n;
  }
  const std::string& heard() const { return heard_; }

private:
  void listen(std::chrono::milliseconds most) {
    for (pollfd p{fd_, POLLIN, 0}; !out_ && ::poll(&p, 1, static_cast<int>(most.count())) > 0;
         most = std::chrono::milliseconds{0}) {
      char part[4096];
      const auto n = ::recv(fd_, part, sizeof part, MSG_DONTWAIT);
      if (n > 0) heard_.append(part, static_cast<std::size_t>(n));
      else if (n == 0 || errno != EAGAIN) out_ = true;
      if (n > 0 && heard_.find("\r\n\r\n") != std::string::npos) return;
    }
  }
  int fd_;
  std::string heard_;
  bool out_ = false;
};

} // namespace troupe::test
