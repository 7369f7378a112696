#include "net/sandbox/engine_keeper.hpp"
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::sandbox {
namespace {

using nlohmann::json;
using clock = std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds{15}; // the engine promises to be gone by then
constexpr auto young = std::chrono::seconds{5};

std::string words_of(int status) {
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  return std::string("ended by signal ") + std::to_string(WTERMSIG(status)) + " (" +
         ::strsignal(WTERMSIG(status)) + ")";
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& t : texts) all.push_back(t.data());
  all.push_back(nullptr);
  return all;
}

/// Between fork and exec: nothing but system calls, for other threads may hold any lock.
[[noreturn]] void become(pid_t parent, char* const* args, char* const* environment, const char* log) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);      // also when the sandbox is killed itself
  if (::getppid() != parent) ::_exit(126); // it was, before we asked
  if (log[0] != '\0') {
    const int file = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || ::dup2(file, 1) < 0 || ::dup2(file, 2) < 0) ::_exit(126);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // The sandbox's connections would stay open as long as the engine lives.
  if (::close_range(3, ~0u, 0) != 0)
    for (int f = 3; f < 4096; ++f) ::close(f);
  ::execve(args[0], args, environment);
  ::_exit(127);
}

/// Leaves it to be reaped, so that its number is still its own.
void wait_for_end(pid_t pid) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == -1 && errno == EINTR) {
  }
}

} // namespace

pid_t engine_keeper::spawn() const {
  auto words = command_.words;
  std::vector<std::string> values;
  if (command_.environment)
    for (const auto& [name, value] : *command_.environment) values.push_back(name + "=" + value);
  const auto args = pointers(words), own = pointers(values);
  char* const* environment = command_.environment ? own.data() : environ;
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid == 0) become(parent, args.data(), environment, command_.log.c_str());
  return pid;
}

void engine_keeper::keep() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return wanted_ || ending_; });
    if (ending_) return;
    wanted_ = false;
    const pid_t pid = spawn();
    if (pid < 0) {
      exit_ = std::string("cannot be started: ") + std::strerror(errno);
      changed_.notify_all();
      continue;
    }
    pid_ = pid;
    ++starts_;
    told_to_end_ = false;
    exit_.clear();
    changed_.notify_all();
    const auto since = clock::now();
    lock.unlock();
    wait_for_end(pid);
    lock.lock();
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid_ = 0;
    exit_ = words_of(status);
    changed_.notify_all();
    if (told_to_end_ || !ended_) continue;
    const engine_end end{code_of(status), exit_, starts_ == 1 && clock::now() - since < young};
    lock.unlock();
    ended_(end);
    lock.lock();
  }
}

void engine_keeper::begin() {
  if (command_.words.empty() || thread_.joinable()) return;
  wanted_ = true;
  thread_ = std::thread([this] { keep(); });
}

void engine_keeper::end() {
  if (!thread_.joinable()) return;
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    stop(lock, SIGTERM);
  }
  thread_.join();
}

void engine_keeper::start(std::unique_lock<std::mutex>& lock) {
  if (pid_ != 0 || ending_) return;
  const auto before = starts_;
  wanted_ = true;
  exit_.clear();
  changed_.notify_all();
  changed_.wait(lock, [&] { return starts_ > before || !exit_.empty() || ending_; });
}

void engine_keeper::stop(std::unique_lock<std::mutex>& lock, int signal) {
  if (pid_ == 0) return;
  told_to_end_ = true;
  ::kill(pid_, signal);
  const auto gone = [this] { return pid_ == 0; };
  if (changed_.wait_for(lock, patience, gone)) return;
  ::kill(pid_, SIGKILL);
  changed_.wait(lock, gone);
}

json engine_keeper::state() {
  const std::lock_guard lock(mutex_);
  return {{"controlled", !command_.words.empty()},
          {"running", pid_ != 0},
          {"pid", pid_},
          {"starts", starts_},
          {"exit", exit_}};
}

json engine_keeper::act(const std::string& what) {
  if (command_.words.empty())
    throw std::runtime_error("this sandbox did not start the engine; ./run and troupe sandbox --engine do");
  const bool starts = what == "start" || what == "restart";
  const bool stops = what == "stop" || what == "kill" || what == "restart";
  if (!starts && !stops) throw std::runtime_error("do: must be stop, kill, start or restart");
  {
    const std::lock_guard one(acting_);
    std::unique_lock lock(mutex_);
    if (stops) stop(lock, what == "kill" ? SIGKILL : SIGTERM);
    if (starts) start(lock);
  }
  return state();
}

} // namespace troupe::sandbox
