#pragma once
/// A port of this machine on which each connection is served by a thread, until the test is over.
#include "tests/catch.hpp"
#include <atomic>
#include <functional>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::test {

class listening {
public:
  /// `serve` gets the connection, and closes nothing. It looks at is_over() wherever it waits.
  explicit listening(std::function<void(int)> serve) : serve_{std::move(serve)} {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
    REQUIRE(::listen(socket_, 64) == 0);
    socklen_t size = sizeof a;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&a), &size);
    port_ = ntohs(a.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  ~listening() {
    over_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    acceptor_.join();
    for (auto& t : serving_) t.join();
    ::close(socket_);
  }
  listening(const listening&) = delete;
  listening& operator=(const listening&) = delete;

  int port() const { return port_; }
  bool is_over() const { return over_; }

private:
  void accept_all() {
    while (!over_) {
      const int c = ::accept(socket_, nullptr, nullptr);
      if (c < 0) return;
      serving_.emplace_back([this, c] {
        serve_(c);
        ::close(c);
      });
    }
  }

  const std::function<void(int)> serve_;
  const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
  std::atomic<bool> over_{false};
  std::vector<std::thread> serving_; ///< The acceptor's thread only, until it ends.
  std::thread acceptor_;
};

} // namespace troupe::test
