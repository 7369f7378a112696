#pragma once
/// What an operator sees beside the chat: the engine's process, its jobs and ledger entries, its lanes.
#include "net/sandbox/engine_keeper.hpp"
#include "net/sandbox/sandbox.hpp"
#include "net/transport.hpp"
#include <httplib.h>
#include <memory>

namespace troupe::sandbox {

class operator_routes {
public:
  explicit operator_routes(const settings& s);
  /// GET /sandbox/operator and GET, POST /sandbox/engine
  void add_to(httplib::Server& http);
  void start() { engine_.begin(); }
  /// Ends the engine, at most 15 s.
  void stop();

private:
  nlohmann::json facts();
  /// The engine's /health; null when it does not answer within a second.
  nlohmann::json health();

  const std::function<std::string()> read_facts_;
  const std::string engine_url_;
  engine_keeper engine_;
  std::mutex mutex_; ///< One question at a time.
  std::unique_ptr<transport> line_ = make_http_transport();
};

} // namespace troupe::sandbox
