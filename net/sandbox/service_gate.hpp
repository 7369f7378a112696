#pragma once
/// Where every call to a service passes: what the fault panel wants of it happens here, before the service's
/// own faults, and here it is written down.
#include "net/sandbox/http_log.hpp"
#include "net/sandbox/service_faults.hpp"
#include <condition_variable>
#include <httplib.h>
#include <mutex>
#include <random>

namespace troupe::sandbox {

class service_gate {
public:
  /// `secrets` are masked in what is shown of the calls.
  service_gate(unsigned seed, std::vector<std::string> secrets) : random_(seed), log_(std::move(secrets)) {}
  /// The handler of a service's route, with what befalls its calls.
  httplib::Server::Handler around(service s, httplib::Server::Handler body);
  /// A call that a service made to the engine. Any thread.
  void note(http_call c);
  /// GET /sandbox/http and GET, POST /sandbox/services
  void add_to(httplib::Server& http);
  /// Ends all waits.
  void stop();

private:
  void handle(service s, const httplib::Server::Handler& body, const httplib::Request& req,
              httplib::Response& res);
  call_fate fate_of(service s);
  nlohmann::json calls(const httplib::Request& req);
  nlohmann::json change(const nlohmann::json& q);

  std::mutex mutex_; ///< Guards all below.
  std::condition_variable changed_;
  std::mt19937_64 random_;
  service_faults faults_;
  http_log log_;
  bool stopping_ = false;
};

} // namespace troupe::sandbox
