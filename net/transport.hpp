#pragma once
/// The seam between the engine and the network: one request in, one reply out.
#include "messages/http.hpp"
#include "net/proxy.hpp"
#include <memory>

namespace troupe {

/// May block up to `connect_limit + time_limit`; so only detached actors call it. Never throws.
/// One object belongs to one thread, except `stop()`, which any thread may call.
struct transport {
  virtual ~transport() = default;
  virtual http_reply send(const http_request& request) = 0;
  /// Ends a running request at once (`lost`: it may have been read); later ones are not sent (`stopped`).
  virtual void stop() = 0;
};

/// Keep-alive connections over cpp-httplib, one per host; through `by` where it says so. Of a reply with an
/// error the body says in words what was in the way, and whether that was the proxy or the service.
std::unique_ptr<transport> make_http_transport(proxies by = nullptr);

} // namespace troupe
