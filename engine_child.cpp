#include "engine_child.hpp"
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::scripted {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds stop_limit{15}; ///< The engine promises to end within it.

std::string exit_text(int status) {
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return "ended with code " + std::to_string(WEXITSTATUS(status));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& t : texts) all.push_back(t.data());
  all.push_back(nullptr);
  return all;
}

} // namespace

engine_child::engine_child(std::string config, std::map<std::string, std::string> environment,
                           std::string log)
    : config_(std::move(config)), log_(std::move(log)), environment_(std::move(environment)) {
  start();
}

engine_child::~engine_child() { end(SIGKILL); }

/// The others threads of this process do not live in the child: only what is safe there is called.
void engine_child::start() {
  if (pid_ != 0) throw std::runtime_error("the engine runs already");
  std::vector<std::string> words{"troupe", "--config", config_, "serve"}, settings;
  for (const auto& [name, value] : environment_) settings.push_back(name + "=" + value);
  auto argv = pointers(words), envp = pointers(settings);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error(std::string("cannot start the engine: ") + std::strerror(errno));
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126); // it died before we asked
  const int log = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0) ::_exit(126);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execve("/proc/self/exe", argv.data(), envp.data());
  ::_exit(127);
}

void engine_child::end(int signal) {
  if (pid_ == 0) return;
  ::kill(pid_, signal);
  const auto limit = steady_clock::now() + stop_limit;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (steady_clock::now() > limit) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  pid_ = 0;
}

void engine_child::order(const std::string& what) {
  const bool ends = what == "stop" || what == "kill";
  if (ends && pid_ == 0) throw std::runtime_error("the engine does not run");
  if (what == "stop" || what == "restart") end(SIGTERM);
  if (what == "kill") end(SIGKILL);
  if (what == "start" || what == "restart") start();
}

std::string engine_child::ended() {
  int status = 0;
  if (pid_ == 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return {};
  pid_ = 0;
  return "the engine has " + exit_text(status) + "; what it said: " + log_;
}

} // namespace troupe::scripted
