/// A storm of /balance: updates a second through the whole engine, and its CPU time. The sandbox and the
/// people who write are a process of their own, so that getrusage tells the engine's share.
#include "actors/engine.hpp"
#include "net/sandbox/sandbox.hpp"
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <httplib.h>
#include <iostream>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe;
using nlohmann::json;
using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto storm_limit = 60s;
constexpr int senders = 4;
constexpr std::int64_t first_user = 700'000'001;

double seconds_since(steady::time_point t) {
  return std::chrono::duration<double>(steady::now() - t).count();
}

/// What passes between the two processes: values of one fixed type over pipes.
struct report {
  std::int64_t answers = 0;
  double inject_s = 0, total_s = 0;
};

template <class T> void put(int fd, const T& value) {
  if (::write(fd, &value, sizeof value) != static_cast<ssize_t>(sizeof value))
    throw std::runtime_error("the other process is gone");
}
template <class T> T take(int fd) {
  T value{};
  if (::read(fd, &value, sizeof value) != static_cast<ssize_t>(sizeof value))
    throw std::runtime_error("the other process is gone");
  return value;
}

// -- the people's process ------------------------------------------------------------------------

struct people {
  int port, users, messages;

  std::int64_t answers() const {
    httplib::Client http{"127.0.0.1", port};
    auto r = http.Get("/sandbox/stats");
    if (!r) return 0;
    auto calls = json::parse(r->body).at("calls");
    return calls.value("sendMessage", std::int64_t{0}) + calls.value("editMessageText", std::int64_t{0});
  }

  /// Each user writes `count` times; users are divided among the senders.
  void write_all(const std::string& text, int count) const {
    std::vector<std::thread> threads;
    std::atomic<int> refused{0};
    for (int t = 0; t < senders; ++t)
      threads.emplace_back([&, t] {
        httplib::Client http{"127.0.0.1", port};
        http.set_keep_alive(true);
        http.set_tcp_nodelay(true);
        for (int m = 0; m < count; ++m)
          for (int u = t; u < users; u += senders) {
            auto r = http.Post("/sandbox/send", json{{"user_id", first_user + u}, {"text", text}}.dump(),
                               "application/json");
            if (!r || r->status != 200) ++refused;
          }
      });
    for (auto& t : threads) t.join();
    if (refused > 0) std::cerr << refused << " messages were refused by the sandbox\n";
  }

  void arrive() const {
    httplib::Client http{"127.0.0.1", port};
    for (int u = 0; u < users; ++u)
      http.Post("/sandbox/users",
                json{{"id", first_user + u}, {"first_name", "User"}, {"language", "en"}}.dump(),
                "application/json");
    write_all("/start", 1);
    auto limit = steady::now() + 20s;
    std::int64_t before = -1, now = answers(); // quiet = everybody was greeted
    while ((now < users || now != before) && steady::now() < limit) {
      std::this_thread::sleep_for(300ms);
      before = std::exchange(now, answers());
    }
  }

  report storm() const {
    auto before = answers();
    auto begun = steady::now();
    auto expected = std::int64_t{users} * messages;
    write_all("/balance", messages);
    report r;
    r.inject_s = seconds_since(begun);
    while ((r.answers = answers() - before) < expected && steady::now() - begun < storm_limit)
      std::this_thread::sleep_for(10ms);
    r.total_s = seconds_since(begun);
    return r;
  }
};

int play_people(int in, int out, int users, int messages) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sandbox::settings s;
  s.port = 0;
  s.clips = false;
  sandbox::server server{s};
  people crowd{server.start(), users, messages};
  put(out, crowd.port);
  take<char>(in); // the engine runs
  crowd.arrive();
  put(out, 'r');
  take<char>(in); // the engine's CPU time is noted
  put(out, crowd.storm());
  take<char>(in); // the engine has stopped
  server.stop();
  return 0;
}

// -- the engine's process ------------------------------------------------------------------------

double cpu_ms() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(u.ru_utime) + ms(u.ru_stime);
}

double resident_mb() {
  std::ifstream in{"/proc/self/statm"};
  long total = 0, resident = 0;
  in >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

config::settings settings_for(int port, const std::string& folder) {
  auto s = config::load("config", {});
  auto& o = s.opts;
  o.telegram.bot_token = "1000001:sandbox";
  o.telegram.api_url = o.kie.api_url = o.kie.upload_url = "http://127.0.0.1:" + std::to_string(port);
  o.kie.api_keys = {"sandbox"};
  o.telegram.live_messages_per_second = 100'000; // the budgets are not what is measured
  o.telegram.chat_messages_per_second = 1000;
  o.telegram.chat_burst_messages = 1000;
  o.storage.database_path = folder + "/troupe.db";
  o.storage.files_dir = folder + "/files";
  o.web.port = 0;
  return s;
}

bool measure(int in, int out, const std::string& folder, int users, int messages) {
  auto port = take<int>(in);
  engine e{settings_for(port, folder), [](const std::string& why) { throw std::runtime_error{why}; }};
  e.start();
  put(out, 'e');
  take<char>(in);
  auto idle_mb = resident_mb();
  auto cpu_before = cpu_ms();
  put(out, 'g');
  auto r = take<report>(in);
  auto cpu = cpu_ms() - cpu_before;
  auto mb = resident_mb();
  e.stop();
  put(out, 'q');
  auto expected = std::int64_t{users} * messages;
  auto n = static_cast<double>(r.answers);
  std::fprintf(
      stderr,
      "%lld of %lld answered in %.2f s (written in %.2f s): %.0f updates/s, %.0f CPU ms per 1000 updates, "
      "%.1f MB resident (%.1f MB before)\n",
      static_cast<long long>(r.answers), static_cast<long long>(expected), r.total_s, r.inject_s,
      n / r.total_s, n > 0 ? cpu / n * 1000 : 0, mb, idle_mb);
  std::cout << json{{"bench", "updates"},
                    {"users", users},
                    {"messages_per_user", messages},
                    {"answered", r.answers},
                    {"expected", expected},
                    {"seconds", r.total_s},
                    {"inject_seconds", r.inject_s},
                    {"updates_per_s", n / r.total_s},
                    {"engine_cpu_ms_per_1000", n > 0 ? cpu / n * 1000 : 0},
                    {"engine_cores_busy", cpu / 1e3 / r.total_s},
                    {"resident_mb", mb},
                    {"resident_mb_before", idle_mb}}
                   .dump(2)
            << std::endl;
  return r.answers >= expected;
}

} // namespace

/// bench_updates [--users N] [--messages M] [--dir FOLDER]; run it where config/ is.
int main(int argc, char** argv) {
  int users = 200, messages = 25;
  std::string dir = ".";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--users")) users = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--messages")) messages = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--dir")) dir = argv[i + 1];
  }
  std::signal(SIGPIPE, SIG_IGN);
  int to_child[2], to_parent[2];
  if (::pipe(to_child) != 0 || ::pipe(to_parent) != 0) return 2;
  auto child = ::fork(); // before the first thread
  if (child < 0) return 2;
  if (child == 0) {
    ::close(to_child[1]);
    ::close(to_parent[0]);
    try {
      std::_Exit(play_people(to_child[0], to_parent[1], users, messages));
    } catch (const std::exception& e) {
      std::cerr << "bench_updates, sandbox: " << e.what() << "\n";
      std::_Exit(2);
    }
  }
  ::close(to_child[0]);
  ::close(to_parent[1]);
  mallopt(M_TRIM_THRESHOLD, 256 << 20); // as `troupe serve` does
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  spdlog::set_level(spdlog::level::warn);
  auto folder = dir + "/bench-updates-" + std::to_string(::getpid());
  bool good = false;
  try {
    std::filesystem::create_directories(folder);
    good = measure(to_parent[0], to_child[1], folder, users, messages);
  } catch (const std::exception& e) {
    std::cerr << "bench_updates: " << e.what() << "\n";
  }
  ::close(to_child[1]); // the child hears it, should it still wait
  ::waitpid(child, nullptr, 0);
  std::filesystem::remove_all(folder);
  return good ? 0 : 1;
}
