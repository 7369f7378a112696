#pragma once
/// YooKassa over HTTP: its API, the payer's page, the control endpoint, and the sending of notices.
#include "net/sandbox/service_gate.hpp"
#include "net/sandbox/yookassa_world.hpp"
#include "net/transport.hpp"
#include <condition_variable>
#include <httplib.h>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::sandbox {

class yookassa_routes {
public:
  yookassa_routes(yookassa_settings settings, std::uint64_t seed, service_gate& gate)
      : gate_(gate), world_(std::move(settings), seed) {}
  ~yookassa_routes() { stop(); }
  void add_to(httplib::Server& http);
  void start();
  /// Ends what waits and what is being sent.
  void stop();

private:
  void api(const httplib::Request& req, httplib::Response& res);
  void show_page(const httplib::Request& req, httplib::Response& res);
  void act(const httplib::Request& req, httplib::Response& res);
  nlohmann::json state();
  nlohmann::json change(const nlohmann::json& wanted);
  void send_notices(transport& out);
  http_reply send(transport& out, const yookassa_notice& n);

  service_gate& gate_;
  std::mutex mutex_; ///< Guards all below.
  std::condition_variable changed_;
  yookassa_world world_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<transport>> lines_; ///< One per sender.
  std::vector<std::thread> senders_;
};

} // namespace troupe::sandbox
