// The command line: serve · sandbox · check · audit · history · jobs
#include "actors/engine.hpp"
#include "actors/log.hpp"
#include "net/sandbox/sandbox.hpp"
#include "operator.hpp"
#include "scripted.hpp"
#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe;

constexpr int exit_hopeless = 3; // restarts inside did not help: let the service manager start us anew

/// Must run before the first thread, so that only the main thread hears signals.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a failed write, not our death
  return set;
}

void wait_for_signal(const sigset_t& set) {
  int got = 0;
  while (sigwait(&set, &got) == 0 && got == SIGHUP) {
  }
}

constexpr timespec look_at_files_every{2, 0};

/// Size and time of each file of settings, as one text.
std::string look_at_files(const std::string& dir) {
  std::string all;
  for (auto name : {"troupe.toml", "models.toml", "presets.toml", "texts/ru.toml", "texts/en.toml"}) {
    struct stat st {};
    if (::stat((dir + "/" + name).c_str(), &st) != 0) all += "-;";
    else
      all += std::to_string(st.st_ino) + ":" + std::to_string(st.st_size) + ":" +
             std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + ";";
  }
  return all;
}

void read_again(engine& e, const std::string& dir) {
  try {
    e.reload(config::load(dir, config::process_environment()));
  } catch (const std::exception& fault) {
    e.reload_failed(fault.what());
  }
}

/// Reads the settings again at SIGHUP, and when a file is new and has not changed since the last look: an
/// editor may still be writing it.
void run_until_signal(engine& e, const sigset_t& set, const std::string& dir, bool watch) {
  auto read = look_at_files(dir), seen = read;
  for (;;) {
    const int got =
        watch ? ::sigtimedwait(&set, nullptr, &look_at_files_every) : ::sigwaitinfo(&set, nullptr);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return;
    if (got > 0 && got != SIGHUP) return;
    const auto now = look_at_files(dir);
    const bool settled = now == seen && now != read;
    seen = now;
    if (got != SIGHUP && !(watch && settled)) continue;
    read = now;
    read_again(e, dir);
  }
}

/// The text of a line as the inside of a JSON string.
class json_text final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    auto quoted = nlohmann::json(std::string{line.payload.data(), line.payload.size()})
                      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(quoted.data() + 1, quoted.data() + quoted.size() - 1);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<json_text>(); }
};

std::unique_ptr<spdlog::pattern_formatter> json_lines() {
  auto f = std::make_unique<spdlog::pattern_formatter>();
  f->add_flag<json_text>('*').set_pattern(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","channel":"%n","text":"%*"})");
  return f;
}

void set_up_log(const config::options::log_options& o) {
  std::vector<spdlog::sink_ptr> sinks{std::make_shared<spdlog::sinks::stderr_color_sink_mt>()};
  if (!o.file.empty())
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        o.file, static_cast<std::size_t>(o.file_mb) << 20, static_cast<std::size_t>(o.files)));
  auto logger = std::make_shared<spdlog::logger>("troupe", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::from_str(o.level));
  logger->flush_on(spdlog::level::warn);
  if (o.json) logger->set_formatter(json_lines());
  else logger->set_pattern("%H:%M:%S.%e %^%-8l%$ %-10n %v");
  spdlog::set_default_logger(logger);
}

int serve(const std::string& dir) {
  // glibc gives heap pages back after every batch and faults them in again: half the ledger's speed.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  auto signals = block_signals();
  auto settings = config::load(dir, config::process_environment());
  set_up_log(settings.opts.log);
  bool ready = false;
  auto text = config::describe(settings, ready);
  if (!ready) {
    std::cerr << text << "\nNot started: see what is missing above. To try the engine without keys: ./run\n";
    return 2;
  }
  const bool watch = settings.opts.office.watch_files;
  std::atomic<bool> hopeless{false};
  engine e{std::move(settings), [&](const std::string&) {
             hopeless = true;
             ::kill(::getpid(), SIGTERM);
           }};
  e.start();
  spdlog::info("the engine runs; Ctrl-C stops it");
  run_until_signal(e, signals, dir, watch);
  spdlog::info("stopping; what is open goes on at the next start");
  std::thread{[] { // promised: never longer than 15 s. All that matters is on disk already.
    std::this_thread::sleep_for(std::chrono::seconds{14});
    std::_Exit(0);
  }}
      .detach();
  e.stop();
  spdlog::info("stopped");
  return hopeless ? exit_hopeless : 0;
}

/// This program itself, as the engine with the same configuration and environment.
std::vector<std::string> engine_words(const std::string& dir) {
  return {std::filesystem::read_symlink("/proc/self/exe"), "--config", dir, "serve"};
}

int run_sandbox(sandbox::settings s) {
  auto signals = block_signals();
  std::atomic<int> engine_code{0};
  s.engine_ended = [&](const sandbox::engine_end& e) {
    std::cerr << "The engine has ended by itself: " << e.why << std::endl;
    if (!e.at_once) return;
    engine_code = e.code;
    ::kill(::getpid(), SIGTERM);
  };
  sandbox::server server{s};
  auto port = server.start();
  std::cout << "Sandbox of Telegram and kie.ai. Chat page: http://" << s.host << ":" << port << "/"
            << std::endl;
  wait_for_signal(signals);
  server.stop();
  return engine_code;
}

/// A script wants a quick world on any free port, unless it is told otherwise.
int play_script(sandbox::settings s, scripted::options o, const std::string& dir, const CLI::App& given) {
  if (given.count("--port") == 0) s.port = 0;
  if (given.count("--generation-ms") == 0) s.generation_ms = 2000;
  s.engine.words = engine_words(dir);
  return scripted::play(std::move(s), o);
}

int check(const std::string& dir) {
  bool ready = false;
  std::cout << config::describe(config::load(dir, config::process_environment()), ready);
  return ready ? 0 : 1;
}

/// The database that is meant: the one named, or the configured one.
std::string database_of(const std::string& named, const std::string& dir) {
  return named.empty() ? config::load(dir, config::process_environment()).opts.storage.database_path : named;
}

/// What of its engine the sandbox must know that was not said.
void meet_engine(sandbox::settings& s, std::string& database, const std::string& dir) {
  const auto o = config::load(dir, config::process_environment()).opts;
  if (database.empty()) database = o.storage.database_path;
  if (s.engine_url.empty() && o.web.port > 0) s.engine_url = "http://127.0.0.1:" + std::to_string(o.web.port);
  s.engine.words = engine_words(dir);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Troupe: Telegram bots that sell AI-generated video for credits, in one program.\n"
               "Start with ./run (everything on this machine, no keys needed) or: troupe check"};
  app.footer(
      "Exit codes: 0 fine; 1 a fault was found or something is missing; 2 cannot start or cannot answer,\n"
      "the last line says why; 3 restarts inside did not help; above 100 the command line is wrong.");
  app.require_subcommand(1);
  app.fallthrough(); // --config may stand before or behind the subcommand
  std::string dir = "config";
  app.add_option("-c,--config", dir, "folder with troupe.toml, models.toml, presets.toml and texts/")
      ->envname("TROUPE_CONFIG")
      ->capture_default_str();

  auto* serving =
      app.add_subcommand("serve", "run the engine until Ctrl-C; what is open goes on at the next start");
  auto* checking = app.add_subcommand(
      "check", "load the configuration, print what is in force (secrets masked) and what is missing");
  std::string database;
  bool as_json = false, only_open = false;
  std::int64_t user_id = 0;
  int limit = 50;
  const auto reading = [&](const char* name, const char* what) {
    auto* c = app.add_subcommand(name, what);
    c->add_option("--database", database, "database file (default: as configured)");
    c->add_flag("--json", as_json, "one JSON value instead of a table; times in UTC");
    c->footer("Only reads, so it is safe while the engine runs.");
    return c;
  };
  auto* auditing =
      reading("audit", "prove every invariant of the book of credits and of the jobs; exit 1 on a fault");
  auto* telling = reading(
      "history", "what became of one user's credits and videos: each entry with its reason and the balance "
                 "after it, newest first");
  telling->add_option("user_id", user_id, "the number that Telegram gives a user")->required();
  auto* listing =
      reading("jobs", "videos ordered, newest first: state, age, key, task at the provider, price, "
                      "and why it failed");
  listing->add_flag("--open", only_open, "only those the engine still works on");
  for (auto* c : {telling, listing})
    c->add_option("--limit", limit, "at most so many lines")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
  sandbox::settings s;
  auto* playing = app.add_subcommand(
      "sandbox", "play Telegram and kie.ai on this machine, with a chat page in the browser");
  playing->add_option("--host", s.host, "address to listen on")->capture_default_str();
  playing->add_option("--port", s.port, "port; 0 = any free one")->capture_default_str();
  playing->add_option("--token", s.token, "the bot token it accepts")->capture_default_str();
  playing->add_option("--generation-ms", s.generation_ms, "how long a video takes, in milliseconds")
      ->capture_default_str();
  playing->add_option("--fail-percent", s.fail_percent, "share of generations that fail, in percent")
      ->capture_default_str();
  playing->add_option("--latency-ms", s.latency_ms, "added to every answer, in milliseconds")
      ->capture_default_str();
  playing->add_option("--flood", s.flood, "Telegram's flood control: 429 as the real one, or stricter")
      ->check(CLI::IsMember({"off", "telegram", "strict"}))
      ->capture_default_str();
  playing->add_option("--kie-webhook-key", s.kie_webhook_key, "signs kie.ai's callbacks")
      ->capture_default_str();
  playing->add_option("--yookassa-notice-url", s.yookassa_notice_url, "where it tells of payments");
  playing->add_option("--seed", s.seed, "of the random failures")->capture_default_str();
  scripted::options script;
  auto* scripting = playing->add_option(
      "--script", script.file,
      "play a conversation from this file (- is the standard input) with an engine of its own, print the\n"
      "transcript and end: 0 all held, 1 something did not, 2 the script cannot be read");
  playing->add_option("--wait-s", script.limit_s, "limit of each wait of a script, in seconds")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str()
      ->needs(scripting);
  playing
      ->add_option("--attach", script.attach,
                   "play the script with a sandbox that runs: http://127.0.0.1:8081")
      ->needs(scripting);
  bool with_engine = false;
  playing
      ->add_flag("--engine", with_engine, "start the engine too, as configured; its end is not the sandbox's")
      ->excludes(scripting);
  playing->add_option("--engine-url", s.engine_url,
                      "where an engine tells its health (with --engine: as configured)");
  playing->add_option("--database", database,
                      "an engine's database, to show its jobs (with --engine: as configured)");
  CLI11_PARSE(app, argc, argv);

  try {
    if (*serving) return serve(dir);
    if (*checking) return check(dir);
    if (*scripting) return play_script(s, script, dir, *playing);
    if (*playing) {
      if (with_engine) meet_engine(s, database, dir);
      if (!database.empty()) s.facts = [database] { return operators::newest(database); };
      return run_sandbox(std::move(s));
    }
    database = database_of(database, dir);
    if (*auditing) return operators::audit(database, as_json);
    if (*telling) return operators::history(database, user_id, limit, as_json);
    if (*listing) return operators::jobs(database, only_open, limit, as_json);
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what() << "\n";
    return 2;
  }
}
