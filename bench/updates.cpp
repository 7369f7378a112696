/// A storm of /balance: updates a second through the whole engine, and its CPU time.
#include "bench/crowd.hpp"
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <malloc.h>
#include <spdlog/spdlog.h>

namespace {

using namespace troupe;
using namespace troupe::bench;

int play_people(int in, int out, int users, int messages) {
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
  auto n = static_cast<double>(r.answers + r.outdated);
  std::fprintf(stderr,
               "%lld of %lld answered, %lld by the next answer, in %.2f s (written in %.2f s): %.0f "
               "updates/s, %.0f CPU ms per 1000 updates, %.1f MB resident (%.1f MB before)\n",
               static_cast<long long>(r.answers + r.outdated), static_cast<long long>(expected),
               static_cast<long long>(r.outdated), r.total_s, r.inject_s, n / r.total_s,
               n > 0 ? cpu / n * 1000 : 0, mb, idle_mb);
  std::cout << json{{"bench", "updates"},
                    {"users", users},
                    {"messages_per_user", messages},
                    {"answered", r.answers + r.outdated},
                    {"answered_by_the_next", r.outdated},
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
  return r.answers + r.outdated >= expected;
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
  const auto folder = dir + "/bench-updates-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  const int code = two_processes([&](int in, int out) { return play_people(in, out, users, messages); },
                                 [&](int in, int out) {
                                   mallopt(M_TRIM_THRESHOLD, 256 << 20); // as `troupe serve` does
                                   mallopt(M_MMAP_THRESHOLD, 64 << 20);
                                   spdlog::set_level(spdlog::level::err);
                                   return measure(in, out, folder, users, messages) ? 0 : 1;
                                 });
  std::filesystem::remove_all(folder);
  return code;
}
