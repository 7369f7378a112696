#pragma once
/// All that goes out over HTTP, by one thread a client that waits for all of its requests.
#include "messages/http.hpp"
#include "net/foreign_rule.hpp"
#include "net/proxy.hpp"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace troupe {

struct http_limits {
  std::size_t connections = 16; ///< So many requests are on the wire at once, each on its own connection.
  std::size_t waiting = 20'000; ///< So many more may wait; later ones get `stopped`.
};

/// How all clients of one engine go out.
struct ways_out {
  ways_out(proxies through = nullptr, std::shared_ptr<const foreign_rule> where = nullptr)
      : by{std::move(through)}, foreign{where ? std::move(where) : std::make_shared<const foreign_rule>()} {}
  proxies by; ///< null: directly
  std::shared_ptr<const foreign_rule> foreign;
};

/// A blocking worker a request costs two switches between threads and two calls of the kernel more than the
/// request itself (bench/README.md, "A step"); this waits for all of them at once.
///
/// Nothing is ever sent twice by itself: what became of a request is told by its `http_error`. A redirect is
/// followed only to a file that is fetched (GET with `save_to`), five times at most; what leads to another
/// origin is foreign from there on, and none of the request's headers go along.
/// Connections are kept, each for its origin. Of one that a guarded (foreign) request made, the address was
/// looked at; it is shared with no others.
///
/// Files are read and written by this thread, 64 KiB at a time, between two looks at the connections: a large
/// file delays nobody's small answer by more than that, and their place is the page cache. Whoever sends many
/// small requests has a client of its own all the same.
class http_client {
public:
  using answered = std::function<void(http_answers)>;

  /// `tell` is called on the client's thread, once for all answers of a turn; it must not throw.
  /// Of a reply with an error the body says in words what was in the way, and whether that was the proxy or
  /// the service.
  http_client(http_limits limits, answered tell, ways_out ways = {});
  /// Ends what is under way, without telling anybody. Not on the client's thread.
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// From any thread. Answered once, within the request's own limits.
  void send(std::uint64_t ticket, http_request request);
  /// From any thread: what is under way ends at once (`lost`: it may have been read, or `stopped`: nothing
  /// was sent), and so do later ones (`stopped`).
  void stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
