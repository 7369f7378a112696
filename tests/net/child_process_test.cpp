#include "net/child_process.hpp"
#include "tests/catch.hpp"
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using child_process::outcome;
namespace fs = std::filesystem;

namespace {

child_process::limits for_seconds(int seconds) {
  child_process::limits most;
  most.seconds = seconds;
  return most;
}
child_process::result shell(const std::string& script, const child_process::limits& most = for_seconds(10)) {
  return child_process::run({"sh", "-c", script}, most);
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

template <class Condition> bool soon(Condition met) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (std::chrono::steady_clock::now() < end) {
    if (met()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

struct scratch {
  fs::path dir = fs::temp_directory_path() / ("troupe-child-" + std::to_string(::getpid()));
  scratch() { fs::create_directories(dir); }
  ~scratch() { fs::remove_all(dir); }
};

} // namespace

TEST_CASE("a child knows nothing of our environment") {
  ::setenv("BOT_TOKEN", "12345:very-secret", 1);
  const auto r = shell("env");
  ::unsetenv("BOT_TOKEN");
  CHECK(r.well());
  CHECK(r.output.find("very-secret") == r.output.npos);
  CHECK(r.output.find("PATH=") != r.output.npos);
}

TEST_CASE("a child has no descriptor of ours, whoever forgot to close it") {
  const int ours = ::open("/dev/null", O_RDONLY); // without O_CLOEXEC
  const auto r = shell("ls /proc/self/fd | tr '\\n' ' '");
  ::close(ours);
  CHECK(r.output == "0 1 2 3 "); // the last is the folder that is read
}

TEST_CASE("a child may take so much of the machine and no more") {
  child_process::limits most;
  most.seconds = 10, most.memory_bytes = 300'000 * 1024ull, most.file_bytes = 1000 * 1024;
  CHECK(shell("ulimit -v", most).output == "300000\n");
  CHECK(shell("ulimit -c", most).output == "0\n");
  CHECK(shell("ulimit -n", most).output == "32\n");
  const auto greedy = shell("head -c 1000000000 /dev/zero | tail -c 900000000 | wc -c", most);
  CHECK(greedy.output != "900000000\n");
}

TEST_CASE("a file that a child writes ends at its limit, and the child hears of it") {
  const scratch s;
  const auto file = s.dir / "large";
  child_process::limits most;
  most.seconds = 10, most.file_bytes = 4096;
  const auto r = shell("head -c 100000 /dev/zero > " + file.string(), most);
  CHECK(r.what == outcome::ended);
  CHECK(r.code != 0);
  CHECK(fs::file_size(file) <= 4096);
}

TEST_CASE("a child that works for ever, sleeps for ever or talks for ever is ended") {
  CHECK(shell("while :; do :; done", for_seconds(1)).what == outcome::too_long);
  CHECK(shell("sleep 1000", for_seconds(1)).what == outcome::too_long);
  CHECK(shell("exec >&- 2>&-; sleep 1000", for_seconds(1)).what == outcome::too_long);
  CHECK(shell("yes").what == outcome::too_much);
}

TEST_CASE("how a child ended is told apart") {
  CHECK(shell("exit 3").code == 3);
  CHECK(shell("kill -SEGV $$").what == outcome::fell);
  CHECK(shell("kill -KILL $$").what == outcome::killed);
  CHECK(shell("exit 127").what == outcome::not_started);
  const auto missing = child_process::run({"troupe-has-no-such-program"}, for_seconds(5));
  CHECK(missing.what == outcome::not_started);
  CHECK(missing.complaint == "there is no such program");
  CHECK(child_process::run({"/etc/passwd"}, for_seconds(5)).what == outcome::not_started);
}

TEST_CASE("whatever a child has started goes with it") {
  const auto r = shell("sleep 1000 >/dev/null 2>&1 & echo $!");
  REQUIRE(r.well());
  CHECK(soon([&] { return is_gone(std::stoi(r.output)); }));
}

TEST_CASE("a child is gone when the program that started it is killed") {
  const scratch s;
  const auto told = (s.dir / "pid").string();
  const pid_t parent = ::fork();
  if (parent == 0) {
    shell("echo $$ > " + told + "; exec sleep 1000", for_seconds(60));
    ::_exit(0);
  }
  pid_t child = 0;
  REQUIRE(soon([&] { return static_cast<bool>(std::ifstream{told} >> child); }));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(soon([&] { return is_gone(child); }));
}

TEST_CASE("a child has no network where the kernel lets us take it away") {
  const auto r = shell("readlink /proc/self/ns/net");
  char ours[64] = {};
  REQUIRE(::readlink("/proc/self/ns/net", ours, sizeof ours - 1) > 0);
  const bool apart = r.output != std::string{ours} + "\n";
  if (!apart) WARN("this machine lets nobody leave its network");
  else CHECK(shell("grep -c : /proc/net/dev").output == "1\n"); // its own loopback
}
