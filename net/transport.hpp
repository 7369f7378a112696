#pragma once
/// The same client for whoever waits for each answer: the command line, `check`, the sandbox, tests.
#include "messages/http.hpp"
#include "net/http_client.hpp"
#include <memory>

namespace troupe {

/// Blocks up to `time_limit`. Never throws. Its own end waits for a name that the system still looks up.
/// One object belongs to one thread, except `stop()`, which any thread may call.
struct transport {
  virtual ~transport() = default;
  virtual http_reply send(const http_request& request) = 0;
  /// Ends a running request at once (`lost`: it may have been read); later ones are not sent (`stopped`).
  virtual void stop() = 0;
};

std::unique_ptr<transport> make_http_transport(ways_out ways = {});

} // namespace troupe
