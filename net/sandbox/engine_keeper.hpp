#pragma once
/// The engine as a child of the sandbox: a person stops, kills and starts it. It is never started again by
/// itself, for a crash is to be seen. Any thread may call.
#include "net/sandbox/sandbox.hpp"
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sys/types.h>
#include <thread>

namespace troupe::sandbox {

class engine_keeper {
public:
  /// `ended` is told, on a thread of the keeper, when an engine ends that nobody told to.
  engine_keeper(engine_command command, std::function<void(const engine_end&)> ended)
      : command_(std::move(command)), ended_(std::move(ended)) {}
  ~engine_keeper() { end(); }
  void begin(); ///< Starts the engine.
  /// SIGTERM, and SIGKILL after 15 s. Returns when the engine is gone; no other is started.
  void end();
  /// {"controlled", "running", "pid", "starts", "exit"}
  nlohmann::json state();
  /// "start", "stop" (as `end`), "kill", "restart". Returns the state when it is done.
  /// @throws std::runtime_error when nothing is controlled, or the word is another
  nlohmann::json act(const std::string& what);

private:
  void keep();
  pid_t spawn() const;
  void start(std::unique_lock<std::mutex>& lock);
  void stop(std::unique_lock<std::mutex>& lock, int signal);

  const engine_command command_;
  const std::function<void(const engine_end&)> ended_;
  std::mutex acting_; ///< One act at a time; taken before the other.
  std::mutex mutex_;  ///< Guards all below.
  std::condition_variable changed_;
  std::thread thread_; ///< Starts the engine and waits for its end: a child dies with the thread it is of.
  pid_t pid_ = 0;      ///< 0: does not run. Not reaped before it is 0, so it can be signalled.
  int starts_ = 0;
  std::string exit_;
  bool wanted_ = false, told_to_end_ = false, ending_ = false;
};

} // namespace troupe::sandbox
