#include "net/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

namespace troupe::child_process {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t complaint_max = 4096;
constexpr rlim_t descriptors_max = 32;
/// The kernel counts all of the user's threads, ours and other programs' too: no more than a stop for a child
/// that does nothing but multiply.
constexpr rlim_t processes_max = 4096;
constexpr int threads_counted = 4; // a child's seconds are of one core, ours of the clock
constexpr int exit_not_started = 126, exit_not_found = 127;

struct pipe_ends {
  int in = -1, out = -1;
  bool open() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return false;
    in = fds[0], out = fds[1];
    return true;
  }
  pipe_ends() = default;
  ~pipe_ends() {
    close_in();
    close_out();
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  void close_in() { close(in); }
  void close_out() { close(out); }

private:
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

/// Ends and reaps the child and all it started, whatever happens.
struct child {
  pid_t pid = -1;
  child() = default;
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (pid <= 0) return;
    ::kill(-pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  /// All that it started goes with it.
  std::optional<int> ended() {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != pid)
      return {};
    ::kill(-pid, SIGKILL); // its number is still its own
    int status = 0;
    ::waitpid(pid, &status, 0);
    pid = -1;
    return status;
  }
};

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path && *path ? path : "/usr/local/bin:/usr/bin:/bin";
}

/// As execvp() would look for it; that one may not be called between fork and exec.
std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return name;
  const auto folders = search_path();
  for (std::size_t from = 0; from <= folders.size();) {
    const auto to = std::min(folders.find(':', from), folders.size());
    auto file = (to == from ? "." : folders.substr(from, to - from)) + "/" + name;
    if (::access(file.c_str(), X_OK) == 0) return file;
    from = to + 1;
  }
  return {};
}

/// All that the child needs, made before the fork: behind it no memory may be asked for.
struct prepared {
  std::string program, path, language = "LANG=C.UTF-8";
  std::vector<char*> argv, environment;
  rlimit memory, cpu, file, core{0, 0}, descriptors{descriptors_max, descriptors_max}, processes;
  int out = -1, err = -1;
  pid_t parent = ::getpid();
};

/// Never more than we have ourselves.
rlimit at_most(__rlimit_resource_t what, rlim_t most) {
  rlimit now{};
  ::getrlimit(what, &now);
  const auto least = std::min(most, now.rlim_max);
  return {least, least};
}

/// @throws nothing; the child reads what `p` owns in its copy of our memory.
void prepare(prepared& p, const std::vector<std::string>& argv, const limits& most) {
  for (const auto& a : argv) p.argv.push_back(const_cast<char*>(a.c_str()));
  p.argv.push_back(nullptr);
  p.path = "PATH=" + search_path();
  p.environment = {p.path.data(), p.language.data(), nullptr};
  p.memory = at_most(RLIMIT_AS, most.memory_bytes);
  p.cpu = at_most(RLIMIT_CPU, static_cast<rlim_t>(most.seconds) * threads_counted + 1);
  p.file = at_most(RLIMIT_FSIZE, most.file_bytes);
  p.processes = at_most(RLIMIT_NPROC, processes_max);
}

void limit(const prepared& p) {
  ::setrlimit(RLIMIT_AS, &p.memory);
  ::setrlimit(RLIMIT_CPU, &p.cpu);
  ::setrlimit(RLIMIT_FSIZE, &p.file);
  ::setrlimit(RLIMIT_CORE, &p.core);
  ::setrlimit(RLIMIT_NOFILE, &p.descriptors);
  ::setrlimit(RLIMIT_NPROC, &p.processes);
}

/// Where the kernel, or a container around us, does not allow that it has the network as before: it has no
/// descriptor, and ffmpeg is told to read files alone.
void leave_network() {
  if (::unshare(CLONE_NEWNET) != 0) ::unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/// Between fork and exec: nothing but system calls, for other threads may hold any lock.
[[noreturn]] void become(const prepared& p) {
  ::setpgid(0, 0);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(p.out, 1) < 0 || ::dup2(p.err, 2) < 0)
    ::_exit(exit_not_started);
  if (::close_range(3, ~0u, 0) != 0)
    for (int fd = 3; fd < 65'536; ++fd) ::close(fd); // a kernel before 5.9
  leave_network();
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);                     // behind the change of rights, which forgets it
  if (::getppid() != p.parent) ::_exit(exit_not_started); // we died before it was asked for
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a write that fails, and the child says so
  limit(p);
  ::execve(p.program.c_str(), p.argv.data(), p.environment.data());
  constexpr char words[] = "it cannot be executed";
  [[maybe_unused]] const auto told = ::write(2, words, sizeof words - 1);
  ::_exit(exit_not_found);
}

/// @returns false at the end of the stream.
bool take(int fd, std::string& into, std::size_t keep) {
  char buffer[16384];
  const auto n = ::read(fd, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  if (into.size() < keep) into.append(buffer, std::min(static_cast<std::size_t>(n), keep - into.size()));
  return n > 0;
}

int milliseconds_until(clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

/// Reads what it says until it says nothing any more. @returns why not to the end.
std::optional<outcome> listen_to(pipe_ends& out, pipe_ends& err, clock::time_point deadline,
                                 const limits& most, result& r) {
  while (out.in >= 0 || err.in >= 0) {
    pollfd fds[2] = {{out.in, POLLIN, 0}, {err.in, POLLIN, 0}}; // poll skips negative ones
    const int ready = ::poll(fds, 2, milliseconds_until(deadline));
    if (clock::now() >= deadline) return outcome::too_long;
    if (ready <= 0) continue;
    if (fds[0].revents && !take(out.in, r.output, most.output_bytes)) out.close_in();
    if (fds[1].revents && !take(err.in, r.complaint, complaint_max)) err.close_in();
    if (r.output.size() >= most.output_bytes) return outcome::too_much;
  }
  return {};
}

/// Of a program that cannot be loaded (126, 127), or that somebody ends, nobody knows what it would have
/// said; one that falls by itself may have fallen on the file.
void read_status(int status, result& r) {
  if (WIFEXITED(status)) {
    r.code = WEXITSTATUS(status);
    const bool began = r.code != exit_not_started && r.code != exit_not_found;
    r.what = began ? outcome::ended : outcome::not_started;
    return;
  }
  r.code = WTERMSIG(status);
  r.what = outcome::killed;
  for (int own : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS})
    if (r.code == own) r.what = outcome::fell;
  if (r.code == SIGXCPU) r.what = outcome::too_long;
}

result not_started(const std::string& why) { return {outcome::not_started, 0, {}, why}; }

} // namespace

result run(const std::vector<std::string>& argv, const limits& most) {
  const auto deadline = clock::now() + std::chrono::seconds(most.seconds);
  prepared p;
  p.program = find_program(argv.at(0));
  if (p.program.empty()) return not_started("there is no such program");
  prepare(p, argv, most);
  pipe_ends out, err;
  if (!out.open() || !err.open()) return not_started(std::string{"no pipe: "} + std::strerror(errno));
  p.out = out.out, p.err = err.out;
  child c;
  c.pid = ::fork();
  if (c.pid == 0) become(p);
  if (c.pid < 0) return not_started(std::strerror(errno));
  ::setpgid(c.pid, c.pid); // whoever comes first; a signal to its group must find it
  out.close_out();
  err.close_out();

  result r;
  if (const auto cut = listen_to(out, err, deadline, most, r)) return r.what = *cut, r;
  // Its output has ended, so it is about to end; but it may also hang.
  for (;;) {
    if (const auto status = c.ended()) return read_status(*status, r), r;
    if (clock::now() >= deadline) return r.what = outcome::too_long, r;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

} // namespace troupe::child_process
