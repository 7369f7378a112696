#pragma once
/// kie.ai over HTTP: its API, the results, the callbacks, and the control endpoint.
#include "net/sandbox/clips.hpp"
#include "net/sandbox/kie_world.hpp"
#include "net/sandbox/sandbox.hpp"
#include "net/sandbox/service_gate.hpp"
#include <condition_variable>
#include <functional>
#include <httplib.h>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace troupe::sandbox {

/// The two headers of a signed callback; none without a key.
httplib::Headers kie_signature(const std::string& webhook_key, const std::string& task_id,
                               std::int64_t unix_seconds);

class kie_routes {
public:
  /// `lag` waits as long as every service of the sandbox does.
  kie_routes(const settings& s, service_gate& gate, std::function<void()> lag);
  ~kie_routes() { stop(); }
  void add_to(httplib::Server& http);
  void start();
  void stop();

  nlohmann::json state();
  nlohmann::json change(const nlohmann::json& wanted);

  struct numbers {
    std::map<std::string, int> creates, calls;
    nlohmann::json tasks;
    int too_fast = 0;
  };
  numbers stats();

private:
  struct job {
    std::int64_t due;
    std::string task_id;
    int attempt;
    bool operator<(const job& o) const { return due > o.due; } // The queue gives the earliest first.
  };
  /// What a call answers with, and whether the answer arrives.
  struct answer {
    nlohmann::json body;
    bool lost = false;
  };
  struct caller {
    std::string key, base;
    std::int64_t now;
  };
  using deed = std::function<answer(const httplib::Request&, const caller&)>;

  httplib::Server::Handler call(const std::string& name, deed body);
  answer remember(kie_created made);
  nlohmann::json stream_upload(const httplib::Request& q, const caller& c);
  nlohmann::json set_speed(const nlohmann::json& wanted);
  kie_spoiled spoils(const std::string& task_id);
  std::string clip_for(const std::string& task_id);
  void work();
  void finish(job j);
  bool call_back(const std::string& task_id);

  service_gate& gate_;
  const bool own_clips_;
  std::function<void()> lag_;
  clip_maker clips_;
  std::mutex mutex_; ///< Guards all below.
  std::condition_variable changed_;
  kie_world world_;
  std::string webhook_key_;
  std::priority_queue<job> jobs_;
  std::map<std::string, int> calls_;
  std::map<std::string, int> downloads_; ///< of spoiled results, by task
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

} // namespace troupe::sandbox
