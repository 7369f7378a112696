#include "command_line.hpp"
#include "config/words.hpp"
#include <CLI/CLI.hpp>
#include <iostream>

namespace troupe {
namespace {

constexpr int exit_wrong_usage = 2;
constexpr std::size_t slips_max = 3; // beyond that nobody can know what was meant

void add_serving(CLI::App& app) {
  app.add_subcommand("serve", "run the engine until Ctrl-C; what is open goes on at the next start")
      ->footer(
          "It starts only when the settings are right, ffmpeg and ffprobe run, and the database and the web\n"
          "port can be had; else it says all that is in the way and ends with 2.");
}

void add_checking(CLI::App& app, command_line& c) {
  auto* checking = app.add_subcommand(
      "check", "prove that the bot would work: settings (secrets masked), this machine, and "
               "each service outside, with what to do where something is wrong");
  checking->add_flag("--offline", c.offline, "ask no service outside");
  checking->footer("Exit 1 when anything is wrong or missing.");
}

CLI::App* add_reading(CLI::App& app, command_line& c, const char* name, const char* what) {
  auto* reading = app.add_subcommand(name, what);
  reading->add_option("--database", c.database, "database file (default: as configured)");
  reading->add_flag("--json", c.as_json, "one JSON value instead of a table; times in UTC");
  reading->footer("Only reads, so it is safe while the engine runs.");
  return reading;
}

void add_questions(CLI::App& app, command_line& c) {
  add_reading(app, c, "audit",
              "prove every invariant of the book of credits and of the jobs; exit 1 on a fault");
  auto* telling =
      add_reading(app, c, "history",
                  "what became of one user's credits and videos: each entry with its reason and the balance "
                  "after it, newest first");
  telling->add_option("user_id", c.user_id, "the number that Telegram gives a user")->required();
  auto* listing = add_reading(app, c, "jobs",
                              "videos ordered, newest first: state, age, key, task at the provider, price, "
                              "and why it failed");
  listing->add_flag("--open", c.only_open, "only those the engine still works on");
  for (auto* one : {telling, listing})
    one->add_option("--limit", c.limit, "at most so many lines")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
}

void add_world(CLI::App& playing, sandbox::settings& s) {
  playing.add_option("--host", s.host, "address to listen on")->capture_default_str();
  playing.add_option("--port", s.port, "port; 0 = any free one")->capture_default_str();
  playing.add_option("--token", s.token, "the bot token it accepts")->capture_default_str();
  playing.add_option("--generation-ms", s.generation_ms, "how long a video takes, in milliseconds")
      ->capture_default_str();
  playing.add_option("--fail-percent", s.fail_percent, "share of generations that fail, in percent")
      ->capture_default_str();
  playing.add_option("--latency-ms", s.latency_ms, "added to every answer, in milliseconds")
      ->capture_default_str();
  playing.add_option("--flood", s.flood, "Telegram's flood control: 429 as the real one, or stricter")
      ->check(CLI::IsMember({"off", "telegram", "strict"}))
      ->capture_default_str();
  playing.add_option("--kie-webhook-key", s.kie_webhook_key, "signs kie.ai's callbacks")
      ->capture_default_str();
  playing.add_option("--yookassa-notice-url", s.yookassa_notice_url, "where it tells of payments");
  playing.add_option("--seed", s.seed, "of the random failures")->capture_default_str();
}

void add_playing(CLI::App& app, command_line& c) {
  auto* playing = app.add_subcommand(
      "sandbox", "play Telegram and kie.ai on this machine, with a chat page in the browser");
  add_world(*playing, c.sandbox);
  auto* scripting = playing->add_option(
      "--script", c.script.file,
      "play a conversation from this file (- is the standard input) with an engine of its own, print the\n"
      "transcript and end: 0 all held, 1 something did not, 2 the script cannot be read");
  playing->add_option("--wait-s", c.script.limit_s, "limit of each wait of a script, in seconds")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str()
      ->needs(scripting);
  playing
      ->add_option("--attach", c.script.attach,
                   "play the script with a sandbox that runs: http://127.0.0.1:8081")
      ->needs(scripting);
  playing
      ->add_flag("--engine", c.with_engine,
                 "start the engine too, as configured; its end is not the sandbox's")
      ->excludes(scripting);
  playing->add_option("--engine-url", c.sandbox.engine_url,
                      "where an engine tells its health (with --engine: as configured)");
  playing->add_option("--database", c.database,
                      "an engine's database, to show its jobs (with --engine: as configured)");
}

command command_of(const std::string& name) {
  if (name == "serve") return command::serve;
  if (name == "check") return command::check;
  if (name == "audit") return command::audit;
  if (name == "history") return command::history;
  if (name == "jobs") return command::jobs;
  return command::sandbox;
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (auto* s : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(s->get_name());
  return names;
}

std::string meant(const std::string& wrong, const std::vector<std::string>& right) {
  const auto near = config::words::nearest(wrong, right);
  return config::words::distance(wrong, near) <= slips_max ? "; did you mean '" + near + "'?" : "";
}

/// A word that stands for no command, or an option that the command does not have.
std::string unknown_word(const CLI::App& app) {
  const auto left = app.remaining(true);
  const auto chosen = app.get_subcommands();
  for (auto& word : left) {
    const bool option = word.rfind('-', 0) == 0;
    if (!option && chosen.empty())
      return "unknown command '" + word + "'" + meant(word, names_of_commands(app));
    if (!option || chosen.empty()) continue;
    std::vector<std::string> names;
    for (auto* o : chosen.front()->get_options([](const CLI::Option*) { return true; }))
      names.push_back(o->get_name());
    const auto name = word.substr(0, word.find('='));
    return "'" + chosen.front()->get_name() + "' has no option '" + name + "'" + meant(name, names);
  }
  return "";
}

int explain(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e); // help, version
  auto why = unknown_word(app);
  if (why.empty() && app.get_subcommands().empty())
    why = "a command is missing: " + config::words::joined(names_of_commands(app));
  if (why.empty()) why = e.what();
  const auto chosen = app.get_subcommands();
  std::cerr << "troupe: " << why << "\nMore: troupe "
            << (chosen.empty() ? "" : chosen.front()->get_name() + " ") << "--help\n";
  return exit_wrong_usage;
}

/// A script wants a quick world on any free port, unless it is told otherwise.
void suit_script(command_line& c, const CLI::App& given) {
  if (given.count("--port") == 0) c.sandbox.port = 0;
  if (given.count("--generation-ms") == 0) c.sandbox.generation_ms = 2000;
}

} // namespace

command_line read_command_line(int argc, const char* const* argv) {
  command_line c;
  CLI::App app{"Troupe: Telegram bots that sell AI-generated video for credits, in one program.\n"
               "Start with ./run (everything on this machine, no keys needed) or: troupe check",
               "troupe"};
  app.footer(
      "Exit codes: 0 fine; 1 a fault was found, or something is wrong or missing; 2 the command line is\n"
      "wrong, or it cannot start or answer, and says why; 3 restarts inside did not help.");
  app.set_version_flag("--version", std::string{"troupe "} + TROUPE_VERSION);
  app.require_subcommand(1);
  app.fallthrough(); // --config may stand before or behind the subcommand
  app.add_option("-c,--config", c.dir, "folder with troupe.toml, models.toml, presets.toml and texts/")
      ->envname("TROUPE_CONFIG")
      ->capture_default_str();
  add_serving(app);
  add_checking(app, c);
  add_questions(app, c);
  add_playing(app, c);
  try {
    app.parse(argc, argv);
    const auto* chosen = app.get_subcommands().front();
    c.what = command_of(chosen->get_name());
    if (!c.script.file.empty()) suit_script(c, *chosen);
  } catch (const CLI::ParseError& e) {
    c.exit_code = explain(app, e);
  }
  return c;
}

} // namespace troupe
