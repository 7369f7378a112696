#pragma once
/// Child processes and bounded waiting, for tests and measurements of the real program.
#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace troupe::test {

/// What a child may take of the machine; 0: as the test itself.
struct process_limits {
  rlim_t address_bytes = 0;
};

/// A child process that never outlives the test.
class process {
public:
  process(std::vector<std::string> argv, const std::map<std::string, std::string>& env,
          const std::string& log, process_limits most = {}) {
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // also when the test is killed itself
    if (const rlimit memory{most.address_bytes, most.address_bytes}; most.address_bytes > 0)
      setrlimit(RLIMIT_AS, &memory);
    for (auto& [k, v] : env) setenv(k.c_str(), v.c_str(), 1);
    if (freopen(log.c_str(), "a", stderr) == nullptr || freopen(log.c_str(), "a", stdout) == nullptr)
      _exit(126);
    std::vector<char*> args;
    for (auto& a : argv) args.push_back(a.data());
    args.push_back(nullptr);
    execv(args[0], args.data());
    _exit(127);
  }
  process(process&& o) noexcept : pid_{std::exchange(o.pid_, 0)} {}
  process(const process&) = delete;
  ~process() { end(SIGKILL); }
  pid_t id() const { return pid_; }
  int end(int signal) {
    if (pid_ <= 0) return 0;
    kill(pid_, signal);
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }
  /// The exit code of a process that ends by itself in time; -1: it did not, or a signal ended it.
  int code_within(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (int status = 0; std::chrono::steady_clock::now() < end;) {
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return -1;
  }

private:
  pid_t pid_ = 0;
};

template <class Condition> bool within(std::chrono::seconds limit, Condition met) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (met()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  return false;
}

/// A port that nobody listens on at the moment.
inline int free_port() {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  ::bind(fd, reinterpret_cast<sockaddr*>(&a), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size);
  ::close(fd);
  return ntohs(a.sin_port);
}

} // namespace troupe::test
