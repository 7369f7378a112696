#pragma once
/// A server for the open internet. One thread serves all; nobody has a thread of his own, and all that a
/// stranger may take is counted: bytes, connections, time. What a request may do is judged by its head,
/// before a byte of its body is read.
#include "net/http_head.hpp"
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct http_server_limits {
  std::size_t head_bytes = 16u << 10; ///< More ends with 431.
  std::size_t headers = 100;
  /// From the connection, or from the first byte of a further request, to the end of the head.
  std::chrono::milliseconds head_time{5'000};
  std::chrono::milliseconds request_time{15'000}; ///< From there to the answer: then it is 503.
  std::chrono::milliseconds answer_time{5'000};   ///< Until the other side has taken it.
  std::chrono::milliseconds idle_time{75'000};    ///< A proxy's are shorter: it must not meet a closing one.
  std::size_t bodies_bytes = 32u << 20;           ///< Of all bodies under way; who does not fit in gets 503.
  /// When there is no room the connection goes that has been without a whole head for the longest time. Never
  /// more than a quarter of the descriptors that the process may have.
  std::size_t connections = 1024;
};

struct http_response {
  int status = 404;
  std::string body, type;
};

/// Gives the answer, once, from any thread. When its last copy goes unused the answer is 503.
class http_responder {
public:
  struct state;
  explicit http_responder(std::shared_ptr<state> s) : state_{std::move(s)} {}
  void operator()(http_response answer) const;

private:
  std::shared_ptr<state> state_;
};

/// What becomes of a request.
struct http_verdict {
  http_response now; ///< Without `then`: answered at once. What it has of a body is never read.
  std::size_t body_bytes_max = 0;
  std::function<void(std::string body, http_responder)> then;
  std::shared_ptr<void> lease; ///< Let go when the request is over.
};

struct http_server_settings {
  std::string host = "127.0.0.1";       ///< An address of either family, or a name.
  int port = 0;                         ///< 0: any
  std::string tls_certificate, tls_key; ///< PEM files; both: https
  http_server_limits limits;
};

class http_server {
public:
  using judge = std::function<http_verdict(const http_head&)>;
  /// `judged` is called on the server's thread and must not wait. What it throws is a 500 without words.
  http_server(http_server_settings settings, judge judged);
  ~http_server(); ///< stops
  /// @returns the port. @throws std::runtime_error when it cannot listen or use the certificate
  int start();
  /// What is under way ends without an answer; responders that are left say nothing any more.
  void stop();

private:
  class impl;
  std::shared_ptr<impl> impl_;
};

} // namespace troupe
