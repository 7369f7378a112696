#include "serve.hpp"
#include "actors/engine.hpp"
#include "config/words.hpp"
#include "process/last_resort.hpp"
#include "process/logging.hpp"
#include "process/privacy.hpp"
#include "process/settings_watch.hpp"
#include "readiness/local.hpp"
#include "readiness/services.hpp"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iostream>
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace troupe {
namespace {

constexpr int exit_not_ready = 1, exit_not_started = 2;
constexpr int exit_hopeless = 3; // restarts inside did not help: let the service manager start us anew
constexpr timespec look_at_files_every{2, 0};

void read_again(engine& e, const std::string& dir) {
  try {
    e.reload(config::load(dir, config::process_environment()));
  } catch (const std::exception& fault) {
    e.reload_failed(fault.what());
  }
}

/// Reads the settings again, and opens the log anew, at SIGHUP; the settings also when their files changed.
void run_until_signal(engine& e, const sigset_t& set, const std::string& dir, bool watch,
                      const std::shared_ptr<process::log_file>& log) {
  process::settings_watch files{process::look_at_files(dir)};
  for (;;) {
    const int got =
        watch ? ::sigtimedwait(&set, nullptr, &look_at_files_every) : ::sigwaitinfo(&set, nullptr);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return;
    if (got > 0 && got != SIGHUP) return;
    const auto now = process::look_at_files(dir);
    const bool settled = files.is_time(now);
    if (got != SIGHUP && !(watch && settled)) continue;
    if (got == SIGHUP) process::open_log_anew(log);
    files.was_read(now);
    read_again(e, dir);
  }
}

readiness::findings as_findings(const std::vector<std::string>& faults) {
  readiness::findings all;
  for (auto& fault : faults) all.push_back({readiness::grade::wrong, "settings", fault});
  return all;
}

void add(readiness::findings& all, const readiness::findings& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// What is not wrong, but rarely meant, belongs to the last word too.
std::string but_look(const readiness::findings& all) {
  std::vector<std::string> subjects;
  for (auto& f : all)
    if (f.how == readiness::grade::look &&
        std::find(subjects.begin(), subjects.end(), f.subject) == subjects.end())
      subjects.push_back(f.subject);
  return subjects.empty() ? "." : ", but look at: " + config::words::joined(subjects) + ".";
}

std::string reasons(std::size_t n) { return std::to_string(n) + (n == 1 ? " reason" : " reasons"); }

} // namespace

sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a failed write, not our death
  return set;
}

int serve(const std::string& dir) {
  // glibc gives heap pages back after every batch and faults them in again: half the ledger's speed.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  process::keep_memory_private();
  const auto signals = block_signals();
  std::vector<std::string> faults;
  auto settings = config::load_all(dir, config::process_environment(), faults);
  auto found = as_findings(faults);
  add(found, readiness::probe_here(settings, *readiness::this_machine(), readiness::occasion::start));
  if (const auto n = hindrances(found); n > 0) {
    std::cerr << told(found, false) << "Not started: " << reasons(n)
              << " above. troupe check says more. To try the engine without keys: ./run\n";
    return exit_not_started;
  }
  const auto log = process::set_up_log(settings.opts.log);
  for (auto& f : found)
    if (f.how == readiness::grade::look) spdlog::warn("{}: {}", f.subject, f.words);
  const bool watch = settings.opts.office.watch_files;
  std::atomic<bool> hopeless{false};
  const auto code = [&] { return hopeless ? exit_hopeless : 0; };
  engine e{std::move(settings), [&](const std::string&) {
             hopeless = true;
             ::kill(::getpid(), SIGTERM);
           }};
  e.start();
  spdlog::info("the engine runs; Ctrl-C stops it");
  run_until_signal(e, signals, dir, watch, log);
  spdlog::info("stopping; what is open goes on at the next start");
  process::end_after(process::stop_limit, code);
  e.stop();
  spdlog::info("stopped");
  return code();
}

int check(const std::string& dir, bool offline) {
  std::vector<std::string> faults;
  const auto settings = config::load_all(dir, config::process_environment(), faults);
  std::cout << config::describe(settings) << std::endl;
  auto found = as_findings(faults);
  add(found, readiness::probe_here(settings, *readiness::this_machine(), readiness::occasion::check));
  add(found, offline ? readiness::not_asked(settings) : readiness::probe_services(settings));
  const auto n = hindrances(found);
  std::cout << told(found) << "\n";
  if (n > 0) std::cout << "Not ready for live operation: " << reasons(n) << " above.\n";
  else if (offline)
    std::cout << "Nothing is wrong on this machine" << but_look(found)
              << " The services were not asked (--offline).\n";
  else std::cout << "Ready for live operation" << but_look(found) << "\n";
  std::cout << std::flush;
  // A probe that hangs in a look-up of a name would be surprised by the end of the program around it.
  std::_Exit(n > 0 ? exit_not_ready : 0);
}

} // namespace troupe
