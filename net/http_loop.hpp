#pragma once
/// Many small requests on the wire at once, by one thread that waits for all of them.
#include "messages/http.hpp"
#include "net/proxy.hpp"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace troupe {

struct http_loop_limits {
  std::size_t connections = 16; ///< So many requests are on the wire at once, each on its own connection.
  std::size_t waiting = 20'000; ///< So many more may wait; later ones get `stopped`.
};

/// A blocking worker a request costs two switches between threads and two calls of the kernel more than the
/// request itself (bench/README.md, "A step"); this waits for all of them at once. For requests whose bodies
/// fit into memory: `files`, `save_to` and redirects are the business of `transport`.
/// Nothing is ever sent twice by itself: what became of a request is told by its `http_error`, as there.
class http_loop {
public:
  using answered = std::function<void(http_answers)>;

  /// `tell` is called on the loop's thread, once for all answers of a turn; it must not throw.
  /// Requests go through `by` where it says so. Of a reply with an error the body says in words what was in
  /// the way, and whether that was the proxy or the service.
  http_loop(http_loop_limits limits, answered tell, proxies by = nullptr);
  /// Ends what is under way, without telling anybody. Not on the loop's thread.
  ~http_loop();
  http_loop(const http_loop&) = delete;
  http_loop& operator=(const http_loop&) = delete;

  /// From any thread. Answered once, within the request's own limits.
  void send(std::uint64_t ticket, http_request request);

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
