#pragma once
/// Other sides of a connection, as a test wants them.
#include "messages/http.hpp"
#include "tests/catch.hpp"
#include <httplib.h>
#include <atomic>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::test {

struct local_server {
  httplib::Server server;
  std::thread thread;
  int port = 0;
  void start() {
    server.set_tcp_nodelay(true);
    server.set_keep_alive_timeout(1);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
  }
  ~local_server() {
    server.stop();
    if (thread.joinable()) thread.join();
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port) + path; }
};

inline http_request get(const std::string& url) {
  http_request r;
  r.url = url;
  return r;
}

/// Accepts connections by the backlog and never answers.
struct silent_port {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  explicit silent_port(bool listening) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0);
    if (listening) REQUIRE(::listen(fd, 8) == 0);
    socklen_t size = sizeof a;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size);
    port = ntohs(a.sin_port);
  }
  ~silent_port() { ::close(fd); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/x"; }
};

/// Says these bytes to each request that comes, then closes.
class rude_server : public silent_port {
public:
  explicit rude_server(std::vector<std::string> says)
      : silent_port{true}, thread_{[this, says = std::move(says)] {
          for (const auto& words : says) {
            const int c = ::accept(fd, nullptr, nullptr);
            char buffer[4096];
            if (::recv(c, buffer, sizeof buffer, 0) > 0)
              (void)::send(c, words.data(), words.size(), MSG_NOSIGNAL);
            ::close(c);
            ++closed_;
          }
        }} {}
  ~rude_server() {
    ::shutdown(fd, SHUT_RDWR); // somebody may not have come
    thread_.join();
  }
  void has_closed(int connections) const {
    while (closed_ < connections) std::this_thread::yield();
  }

private:
  std::atomic<int> closed_{0};
  std::thread thread_;
};

} // namespace troupe::test
