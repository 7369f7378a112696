#pragma once
/// Blocking requests through a proxy, with all that `transport` promises: files both ways, limits, `stop()`.
#include "messages/http.hpp"
#include "net/proxy.hpp"
#include <memory>
#include <string>

namespace troupe {

/// Each request has a connection of its own: an https address is spoken to within a way that the proxy opens
/// (CONNECT), its certificate is looked at as without a proxy. Until the way is open `connect_limit` counts,
/// all of it.
class proxied_wire {
public:
  proxied_wire();
  ~proxied_wire();
  proxied_wire(const proxied_wire&) = delete;
  proxied_wire& operator=(const proxied_wire&) = delete;

  /// `location` of a redirect, which is the caller's business.
  http_reply send(const http_request& request, const http_address& where, const proxy& by,
                  std::string& location);
  /// From any thread: ends what is under way (`lost`, or `stopped` when nothing was sent), and refuses later
  /// ones.
  void stop();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
