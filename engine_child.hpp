#pragma once
/// `troupe serve` as a child of this program, for the sandbox.
#include <map>
#include <string>
#include <sys/types.h>

namespace troupe::scripted {

/// Not thread-safe. The child never outlives this process.
class engine_child {
public:
  /// @param environment all it has; @param log what it prints is added there
  engine_child(std::string config, std::map<std::string, std::string> environment, std::string log);
  ~engine_child();
  engine_child(const engine_child&) = delete;
  engine_child& operator=(const engine_child&) = delete;

  /// start, stop, kill or restart. @throws std::runtime_error when it cannot be done
  void order(const std::string& what);
  /// Why it does not run though it should; "" while all is well.
  std::string ended();

private:
  void start();
  void end(int signal);

  std::string config_, log_;
  std::map<std::string, std::string> environment_;
  pid_t pid_ = 0;
};

} // namespace troupe::scripted
