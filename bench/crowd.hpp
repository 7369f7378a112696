#pragma once
/// An engine and, in a process of its own, the sandbox with the people who write to it: so that getrusage and
/// statm tell the engine's share alone.
#include "actors/engine.hpp"
#include "bench/proc.hpp"
#include "net/sandbox/sandbox.hpp"
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <httplib.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace troupe::bench {

using nlohmann::json;
using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto storm_limit = 60s;
constexpr double quiet_s = 1; // without an answer
constexpr int senders = 4;
constexpr std::int64_t first_user = 700'000'001;

inline double seconds_since(steady::time_point t) {
  return std::chrono::duration<double>(steady::now() - t).count();
}

/// What passes between the two processes: values of one fixed type over pipes.
struct report {
  std::int64_t answers = 0;
  std::int64_t outdated = 0; ///< not sent, for the same person's next answer was there already
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
    while (r.answers < expected && steady::now() - begun < storm_limit) {
      if (const auto now = answers() - before; now != r.answers) {
        r.answers = now;
        r.total_s = seconds_since(begun);
      } else if (seconds_since(begun) - r.total_s > quiet_s && all_heard_last()) {
        r.outdated = expected - r.answers;
        break;
      }
      std::this_thread::sleep_for(10ms);
    }
    return r;
  }

  /// The last in each chat is the bot's.
  bool all_heard_last() const {
    httplib::Client http{"127.0.0.1", port};
    for (int u = 0; u < users; ++u) {
      const auto r = http.Get("/sandbox/chat?user_id=" + std::to_string(first_user + u));
      if (!r) return false;
      const auto chat = json::parse(r->body);
      if (chat.empty() || !chat.back().at("from").value("is_bot", false)) return false;
    }
    return true;
  }
};

inline double cpu_ms() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(u.ru_utime) + ms(u.ru_stime);
}

inline double resident_mb() { return resident_mb_of(::getpid()); }

inline config::settings settings_for(int port, const std::string& folder) {
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

/// Runs `child` and `parent` in two processes, joined by pipes. @returns the exit code
template <class Child, class Parent> int two_processes(Child child, Parent parent) {
  std::signal(SIGPIPE, SIG_IGN);
  int to_child[2], to_parent[2];
  if (::pipe(to_child) != 0 || ::pipe(to_parent) != 0) return 2;
  const auto pid = ::fork(); // before the first thread
  if (pid < 0) return 2;
  ::close(pid == 0 ? to_child[1] : to_child[0]);
  ::close(pid == 0 ? to_parent[0] : to_parent[1]);
  int code = 2;
  try {
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      code = child(to_child[0], to_parent[1]);
    } else code = parent(to_parent[0], to_child[1]);
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
  }
  if (pid == 0) ::_exit(code);
  ::close(to_child[1]);
  ::waitpid(pid, nullptr, 0);
  return code;
}

} // namespace troupe::bench
