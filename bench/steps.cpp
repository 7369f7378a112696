/// The same bot in Troupe and in the frameworks people use: /start, a keyboard, a button, its answer and its
/// edit, one durable write a step. One bot a run; `bench/run` calls it for each.
#include "bench/proc.hpp"
#include "bench/steps_null.hpp"
#include "bench/steps_sqlite.hpp"
#include "bench/steps_world.hpp"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe::bench;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto arrival_limit = 120s;

struct options {
  std::string bot = "troupe", frameworks, dir = ".";
  int users = 64, latency_ms = 0, flood_every = 0, senders = 64, threads = 2, patience_s = 30;
  double seconds = 10, rate = 0, idle_s = 0, warm_up_s = 2, settle_s = 5;
};

/// The bot under test, in a process of its own.
class process {
public:
  process(const options& o, int port, const std::string& folder) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto log = ::open((folder + "/bot.log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    ::dup2(log, 1);
    ::dup2(log, 2);
    set_environment(o, port, folder);
    const auto where = std::to_string(port);
    if (o.bot == "null") ::execl("/proc/self/exe", "null", "--null", where.c_str(), nullptr);
    if (o.bot == "troupe") ::execl("build/release/troupe", "troupe", "serve", nullptr);
    const auto script = o.frameworks + "/" + o.bot + (o.bot == "ptb" ? ".py" : ".mjs");
    if (o.bot == "ptb")
      ::execl("/usr/bin/python3", "python3", // the system's, where Debian puts its packages
              script.c_str(), nullptr);
    ::execlp("node", "node", script.c_str(), nullptr);
    ::_exit(127);
  }
  ~process() {
    ::kill(pid_, SIGTERM);
    for (int i = 0; i < 100 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) std::this_thread::sleep_for(50ms);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  double cpu_s() const { return troupe::bench::cpu_s_of(pid_); }
  double resident_mb() const { return troupe::bench::resident_mb_of(pid_); }

private:
  static void put(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  /// The engine's own budgets and limits of a user are not what is measured.
  static void set_environment(const options& o, int port, const std::string& folder) {
    put("TELEGRAM_API_URL", "http://127.0.0.1:" + std::to_string(port));
    put("DATABASE_PATH", folder + "/bot.db");
    put("BOT_TOKEN", "1000001:bench");
    put("KIE_API_KEY", "none");
    put("KIE_API_URL", "http://127.0.0.1:9");
    put("TROUPE_STORAGE_FILES_DIR", folder + "/files");
    put("TROUPE_WEB_PORT", "0");
    put("TROUPE_LOG_LEVEL", "warn");
    put("TROUPE_SCHEDULER_THREADS", std::to_string(o.threads));
    put("TROUPE_TELEGRAM_SENDERS", std::to_string(o.senders));
    put("TROUPE_TELEGRAM_LIVE_MESSAGES_PER_SECOND", "100000");
    put("TROUPE_TELEGRAM_CHAT_MESSAGES_PER_SECOND", "1000");
    put("TROUPE_TELEGRAM_CHAT_BURST_MESSAGES", "1000");
    put("TROUPE_USERS_ACTIONS_PER_MINUTE", "100000");
    put("TROUPE_OFFICE_DAILY_REPORT_HOUR", "-1");
    put("NODE_ENV", "production");
  }
  pid_t pid_ = 0;
};

double percentile(std::vector<double> all, double share) {
  if (all.empty()) return 0;
  std::sort(all.begin(), all.end());
  return all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))] *
         1000;
}

json measure(const options& o) {
  const auto folder = o.dir + "/steps-" + o.bot + "-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  steps_world::setting set;
  set.users = o.users, set.latency_ms = o.latency_ms, set.flood_every = o.flood_every;
  set.patience_s = o.patience_s;
  steps_world world{set};
  const int port = world.start();
  json out{
      {"bench", "steps"}, {"bot", o.bot},         {"users", o.users},     {"latency_ms", o.latency_ms},
      {"rate", o.rate},   {"senders", o.senders}, {"threads", o.threads}, {"flood_every", o.flood_every}};
  {
    const process bot{o, port, folder};
    const auto greeted = world.arrive(arrival_limit);
    out["greeted"] = greeted;
    if (greeted == o.users) {
      if (o.flood_every == 0) world.press_for(o.warm_up_s, o.rate);
      const auto cpu = bot.cpu_s();
      const auto polls = world.polls();
      const auto times = world.press_for(o.seconds, o.rate);
      const auto steps = static_cast<double>(times.edit.size());
      out["steps"] = times.edit.size();
      out["ended"] = world.ended();
      out["steps_per_s"] = steps / o.seconds;
      out["edit_p50_ms"] = percentile(times.edit, 0.50), out["edit_p99_ms"] = percentile(times.edit, 0.99);
      out["toast_p50_ms"] = percentile(times.toast, 0.50),
      out["toast_p99_ms"] = percentile(times.toast, 0.99);
      out["cpu_s_per_1000_steps"] = steps > 0 ? (bot.cpu_s() - cpu) / steps * 1000 : 0;
      out["polls"] = world.polls() - polls;
      out["resident_mb"] = bot.resident_mb();
    }
    if (o.idle_s > 0) {
      std::this_thread::sleep_for(std::chrono::duration<double>(o.settle_s));
      const auto cpu = bot.cpu_s();
      std::this_thread::sleep_for(std::chrono::duration<double>(o.idle_s));
      out["idle_core_percent"] = (bot.cpu_s() - cpu) / o.idle_s * 100;
    }
    out["wrong"] = world.wrong();
    out["out_of_order"] = world.out_of_order();
    out["unfinished"] = world.unfinished();
    out["lost_edits"] = world.lost_edits();
    out["lost_toasts"] = world.lost_toasts();
    out["starved"] = world.starved();
  }
  if (out.value("greeted", 0) < o.users) {
    std::ifstream log{folder + "/bot.log"};
    std::cerr << "only " << out["greeted"] << " users were greeted; the bot said:\n" << log.rdbuf() << "\n";
  }
  world.stop();
  std::filesystem::remove_all(folder);
  return out;
}

/// No bot at all: what SQLite alone does with a step's row, for each way of committing.
json measure_sqlite(const options& o) {
  const auto folder = o.dir + "/steps-sqlite-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  const auto rate = [&](int rows) {
    return raw_steps_per_s(folder + "/" + std::to_string(rows) + ".db", rows, o.seconds);
  };
  json out{{"bench", "steps"}, {"bot", "sqlite"}, {"users", o.users}};
  out["one_a_commit_per_s"] = rate(1);
  out["all_users_a_commit_per_s"] = rate(o.users);
  std::filesystem::remove_all(folder);
  return out;
}

options read(int argc, char** argv) {
  options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--bot") o.bot = value;
    else if (name == "--frameworks") o.frameworks = value;
    else if (name == "--dir") o.dir = value;
    else if (name == "--users") o.users = std::atoi(argv[i + 1]);
    else if (name == "--latency-ms") o.latency_ms = std::atoi(argv[i + 1]);
    else if (name == "--flood-every") o.flood_every = std::atoi(argv[i + 1]);
    else if (name == "--senders") o.senders = std::atoi(argv[i + 1]);
    else if (name == "--threads") o.threads = std::atoi(argv[i + 1]);
    else if (name == "--patience-s") o.patience_s = std::atoi(argv[i + 1]);
    else if (name == "--seconds") o.seconds = std::atof(argv[i + 1]);
    else if (name == "--rate") o.rate = std::atof(argv[i + 1]);
    else if (name == "--settle-s") o.settle_s = std::atof(argv[i + 1]);
    else if (name == "--warm-up-s") o.warm_up_s = std::atof(argv[i + 1]);
    else if (name == "--idle-s") o.idle_s = std::atof(argv[i + 1]);
    else std::cerr << "unknown option " << name << "\n";
  }
  return o;
}

} // namespace

/// bench_steps --bot troupe|grammy|telegraf|ptb|null|sqlite [--frameworks FOLDER] [--users N] [--seconds S]
/// [--rate R] [--latency-ms L] [--flood-every N] [--senders N] [--threads N] [--warm-up-s S] [--settle-s S]
/// [--idle-s S] [--patience-s S] [--dir FOLDER]; from the project's folder.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc == 3 && !std::strcmp(argv[1], "--null")) run_null_bot(std::atoi(argv[2]));
  const auto o = read(argc, argv);
  if (o.bot == "sqlite") {
    std::cout << measure_sqlite(o).dump(2) << std::endl;
    return 0;
  }
  const auto result = measure(o);
  std::cout << result.dump(2) << std::endl;
  return result.value("greeted", 0) == o.users ? 0 : 1; // what was lost or wrong is in the result
}
