// The command line: serve · sandbox · check · audit · history · jobs
#include "command_line.hpp"
#include "config/database_path.hpp"
#include "net/ip_address.hpp"
#include "operator.hpp"
#include "process/privacy.hpp"
#include "serve.hpp"
#include "storage/files.hpp"
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace {

using namespace troupe;

constexpr int exit_no_answer = 2;

void wait_for_signal(const sigset_t& set) {
  int got = 0;
  while (sigwait(&set, &got) == 0 && got == SIGHUP) {
  }
}

/// This program itself, as the engine with the same configuration and environment.
std::vector<std::string> engine_words(const std::string& dir) {
  return {std::filesystem::read_symlink("/proc/self/exe"), "--config", dir, "serve"};
}

/// Whoever reaches it can start and end the engine and read every chat: on a host that others reach it asks
/// for a key.
void keep_strangers_out(sandbox::settings& s) {
  if (is_loopback(s.host)) return;
  s.key = storage::random_hex(16);
  std::cerr << "The sandbox listens on " << s.host
            << ": everybody who reaches it may play every user of the bot token " << s.token
            << ". Its page and its controls ask for the key in the address below.\n";
}

int run_sandbox(sandbox::settings s) {
  keep_strangers_out(s);
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
            << (s.key.empty() ? "" : "?key=" + s.key) << std::endl;
  wait_for_signal(signals);
  server.stop();
  return engine_code;
}

/// The database that is meant: the one named, or the configured one.
std::string database_of(const std::string& named, const std::string& dir) {
  if (!named.empty()) return named;
  const auto found = config::database_path(dir, config::process_environment());
  if (!found.note.empty()) std::cerr << "troupe: " << found.note << "\n";
  return found.path;
}

/// What of its engine the sandbox must know that was not said.
void meet_engine(sandbox::settings& s, std::string& database, const std::string& dir) {
  const auto o = config::load(dir, config::process_environment()).opts;
  if (database.empty()) database = o.storage.database_path;
  if (s.engine_url.empty() && o.web.port > 0) s.engine_url = "http://127.0.0.1:" + std::to_string(o.web.port);
  s.engine.words = engine_words(dir);
}

int play(command_line& c) {
  auto& s = c.sandbox;
  if (!c.script.file.empty()) {
    s.engine.words = engine_words(c.dir);
    return scripted::play(std::move(s), c.script);
  }
  if (c.with_engine) meet_engine(s, c.database, c.dir);
  if (!c.database.empty()) s.facts = [database = c.database] { return operators::newest(database); };
  return run_sandbox(std::move(s));
}

int obey(command_line& c) {
  switch (c.what) {
  case command::serve: return serve(c.dir);
  case command::check: return check(c.dir, c.offline);
  case command::sandbox: return play(c);
  case command::audit: return operators::audit(database_of(c.database, c.dir), c.as_json);
  case command::history:
    return operators::history(database_of(c.database, c.dir), c.user_id, c.limit, c.as_json);
  case command::jobs: return operators::jobs(database_of(c.database, c.dir), c.only_open, c.limit, c.as_json);
  case command::none: break;
  }
  return c.exit_code;
}

} // namespace

int main(int argc, char** argv) {
  process::write_for_ourselves();
  auto line = read_command_line(argc, argv);
  try {
    return obey(line);
  } catch (const std::exception& e) {
    std::cerr << "troupe: " << e.what() << "\n";
    return exit_no_answer;
  }
}
