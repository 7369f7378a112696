#pragma once
/// A host that wishes us harm: what it does to a request is the first part of its path.
#include "tests/net/listening.hpp"
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/socket.h>

namespace troupe::test {

class hostile_host {
public:
  /// `body` is what "/good" serves; "/inside" leads to `inside`.
  explicit hostile_host(std::string body = "x", std::string inside = {})
      : body_{std::move(body)}, inside_{std::move(inside)} {
    port = door_.port();
  }

  int port = 0;
  std::atomic<int> now{0}; ///< connections that are held at this moment
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port) + path; }
  int asked_for(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return asked_[path];
  }

private:
  /// False: the other side has gone.
  bool say(int c, const std::string& bytes) const {
    for (std::size_t at = 0; at < bytes.size();) {
      if (door_.is_over()) return false;
      pollfd p{c, POLLOUT, 0};
      if (::poll(&p, 1, 20) == 0) continue;
      const auto n = ::send(c, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) continue;
      if (n <= 0) return false;
      at += static_cast<std::size_t>(n);
    }
    return true;
  }
  /// Until the other side has gone, or the test is over.
  void say_for_ever(int c, const std::string& bytes, int pause_ms = 0) const {
    while (!door_.is_over() && say(c, bytes))
      if (pause_ms > 0 && gone_within(c, pause_ms)) return;
  }
  bool gone_within(int c, int ms) const {
    for (; ms > 0 && !door_.is_over(); ms -= 20) {
      pollfd p{c, POLLIN, 0};
      char rest[4096];
      if (::poll(&p, 1, std::min(ms, 20)) > 0 && ::recv(c, rest, sizeof rest, MSG_DONTWAIT) <= 0) return true;
    }
    return false;
  }
  std::string path_asked_on(int c) {
    std::string head;
    char part[4096];
    while (head.find("\r\n\r\n") == head.npos) {
      pollfd p{c, POLLIN, 0};
      if (door_.is_over()) return {};
      if (::poll(&p, 1, 20) == 0) continue;
      const auto n = ::recv(c, part, sizeof part, 0);
      if (n <= 0) return {};
      head.append(part, static_cast<std::size_t>(n));
    }
    const auto from = head.find(' ') + 1;
    return head.substr(from, head.find(' ', from) - from);
  }

  void serve(int c) {
    ++now;
    answer(c);
    --now;
  }
  void answer(int c) {
    const auto path = path_asked_on(c);
    const auto what = path.substr(0, path.find('/', 1));
    {
      const std::lock_guard lock(mutex_);
      ++asked_[path];
    }
    const std::string ok = "HTTP/1.1 200 OK\r\n", chunked = "Transfer-Encoding: chunked\r\n\r\n";
    const auto sized = [](std::uint64_t n) {
      return "Connection: close\r\nContent-Length: " + std::to_string(n) + "\r\n\r\n";
    };
    const std::string much(8192, 'a');
    if (what == "/headers") return say(c, ok), say_for_ever(c, "X-A: " + much + "\r\n");
    if (what == "/line") return say(c, ok + "X-A: "), say_for_ever(c, much);
    if (what == "/fields") {
      std::string many;
      for (int i = 0; i < 200; ++i) many += "X-A: 1\r\n";
      say(c, ok + many + sized(1) + "x");
    } else if (what == "/extension") say(c, ok + chunked + "1;"), say_for_ever(c, much);
    else if (what == "/extensions")
      say(c, ok + chunked), say_for_ever(c, "1;a=" + std::string(2000, 'a') + "\r\nx\r\n");
    else if (what == "/trailers") say(c, ok + chunked + "1\r\nx\r\n0\r\nX-A: "), say_for_ever(c, much);
    else if (what == "/continue") say_for_ever(c, "HTTP/1.1 100 Continue\r\n\r\n", 2);
    else if (what == "/slow_headers") say(c, ok), say_for_ever(c, "X-A: 1\r\n", 100);
    else if (what == "/slow_body") say(c, ok + sized(1'000'000)), say_for_ever(c, "x", 100);
    else if (what == "/silent") gone_within(c, 1'000'000);
    else if (what == "/packed")
      say(c, ok + "Content-Encoding: gzip\r\n" + sized(1'000'000)), say_for_ever(c, much);
    else if (what == "/huge") say(c, ok + sized(1ull << 50)), say_for_ever(c, much);
    else if (what == "/endless") say(c, ok + chunked), say_for_ever(c, "2000\r\n" + much + "\r\n");
    else if (what == "/page")
      say(c, "HTTP/1.1 404 No\r\n" + chunked), say_for_ever(c, "2000\r\n" + much + "\r\n");
    else if (what == "/inside") say(c, "HTTP/1.1 302 Found\r\nLocation: " + inside_ + "\r\n" + sized(0));
    else if (what == "/loop") say(c, "HTTP/1.1 302 Found\r\nLocation: /loop\r\n" + sized(0));
    else say(c, ok + "Content-Type: video/mp4\r\n" + sized(body_.size()) + body_);
    gone_within(c, 500);
  }

  const std::string body_, inside_;
  std::mutex mutex_;
  std::map<std::string, int> asked_;
  listening door_{[this](int c) { serve(c); }}; ///< Last: what is served needs all of this.
};

} // namespace troupe::test
