#pragma once
/// A proxy as a company has one: it opens ways (CONNECT) and passes plain requests on. Wherever it is asked
/// to go, it goes to one port of this machine, so that a test may use any name. It can also misbehave.
#include "tests/net/listening.hpp"
#include <atomic>
#include <cstring>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::test {

class own_proxy {
public:
  enum class mood { kind, refuses, silent, drips, dies_before, dies_within, chatters, endless_header };

  explicit own_proxy(int target_port) : target_{target_port} { port = door_.port(); }

  int port = 0;
  std::atomic<mood> is{mood::kind};
  std::atomic<int> refusal{403};
  std::atomic<int> ways{0};   ///< opened
  std::atomic<int> passed{0}; ///< plain requests passed on
  std::string url(const std::string& user = {}) const {
    return "http://" + (user.empty() ? "" : user + "@") + "127.0.0.1:" + std::to_string(port);
  }
  std::string last_head() {
    const std::lock_guard lock(mutex_);
    return last_head_;
  }

private:
  bool wait_for(int fd) const {
    while (!door_.is_over()) {
      pollfd p{fd, POLLIN, 0};
      if (::poll(&p, 1, 20) > 0) return true;
    }
    return false;
  }
  static void say(int fd, const std::string& text) {
    (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void serve(int c) {
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == head.npos) {
      if (!wait_for(c)) return;
      const auto n = ::recv(c, buffer, sizeof buffer, 0);
      if (n <= 0) return;
      head.append(buffer, static_cast<std::size_t>(n));
    }
    {
      const std::lock_guard lock(mutex_);
      last_head_ = head;
    }
    const bool wants_a_way = head.rfind("CONNECT ", 0) == 0;
    switch (is.load()) {
    case mood::kind:
    case mood::dies_within: break;
    case mood::refuses:
      return say(c, "HTTP/1.1 " + std::to_string(refusal) +
                        " No\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>");
    case mood::silent:
      while (!door_.is_over() && wait_for(c) && ::recv(c, buffer, sizeof buffer, 0) > 0) {
      }
      return;
    case mood::drips:
      say(c, "HTTP/1.1 200 OK\r\n");
      for (int i = 0; i < 2000 && !door_.is_over(); ++i) {
        say(c, "X-A: 1\r\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      return;
    case mood::dies_before: return;
    case mood::chatters: say(c, "HTTP/1.1 200 OK\r\n\r\nunasked"); return;
    case mood::endless_header:
      say(c, "HTTP/1.1 200 OK\r\nX-A: ");
      for (int i = 0; i < 2000 && !door_.is_over(); ++i) say(c, std::string(4096, 'a'));
      return;
    }
    const int to = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(static_cast<std::uint16_t>(target_));
    if (::connect(to, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0) {
      if (wants_a_way) ++ways, say(c, "HTTP/1.1 200 Connection established\r\n\r\n");
      else ++passed, say(to, to_the_service(head));
      relay(c, to);
    }
    ::close(to);
  }
  /// "GET http://host/path HTTP/1.1" becomes "GET /path HTTP/1.1"; credentials stay here.
  static std::string to_the_service(std::string head) {
    const auto from = head.find("http://");
    const auto path = head.find('/', from + 7);
    head.erase(from, path - from);
    const auto credentials = head.find("Proxy-Authorization:");
    if (credentials != head.npos) head.erase(credentials, head.find("\r\n", credentials) + 2 - credentials);
    return head;
  }
  void relay(int a, int b) {
    char buffer[16384];
    std::size_t left = is.load() == mood::dies_within ? 300 : static_cast<std::size_t>(-1);
    while (!door_.is_over()) {
      pollfd both[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
      if (::poll(both, 2, 20) <= 0) continue;
      for (const auto& [from, to] : {std::pair{0, b}, std::pair{1, a}}) {
        if (both[from].revents == 0) continue;
        const auto n = ::recv(both[from].fd, buffer, sizeof buffer, 0);
        if (n <= 0 || static_cast<std::size_t>(n) > left) return;
        left -= static_cast<std::size_t>(n);
        if (::send(to, buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL) < 0) return;
      }
    }
  }

  const int target_;
  std::mutex mutex_;
  std::string last_head_;
  listening door_{[this](int c) { serve(c); }}; ///< Last: what is served needs all of this.
};

} // namespace troupe::test
