/// The real program reads its files again: at a signal, by itself, and never a broken one.
#include "tests/catch.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include <fstream>
#include <iterator>
#include <regex>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t admin = 1'864'913'930;

struct tuned : sandbox_stage {
  std::filesystem::path config = dir / "config";
  process running;

  explicit tuned(const char* watch, bool with_file = false)
      : sandbox_stage{0}, running{start(watch, with_file)} {
    post("/sandbox/users", {{"id", admin}, {"first_name", "Root"}, {"language_code", "ru"}});
    REQUIRE(within(15s, [&] { return has_logged("the engine runs"); }));
  }
  std::string log_file() const { return (dir / "kept.log").string(); }
  process start(const char* watch, bool with_file) const {
    std::filesystem::copy(std::string{TROUPE_SOURCE_DIR} + "/config", config,
                          std::filesystem::copy_options::recursive);
    return {{TROUPE_BINARY, "--config", config.string(), "serve"},
            {{"BOT_TOKEN", "1000001:sandbox"},
             {"KIE_API_KEY", "sandbox"},
             {"DATABASE_PATH", database()},
             {"TELEGRAM_API_URL", base},
             {"KIE_API_URL", base},
             {"KIE_UPLOAD_URL", base},
             {"TROUPE_WEB_PORT", "0"},
             {"TROUPE_OFFICE_WATCH_FILES", watch},
             {"TROUPE_LOG_FILE", with_file ? log_file() : ""},
             {"TROUPE_STORAGE_FILES_DIR", (dir / "files").string()}},
            log()};
  }
  static std::string read(const std::filesystem::path& p) {
    std::ifstream in{p};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void replace(const std::string& name, const std::string& from, const std::string& to) const {
    auto body = read(config / name);
    const auto at = body.find(from);
    REQUIRE(at != body.npos);
    std::ofstream{config / name} << body.replace(at, from.size(), to);
  }
  bool has_logged(const std::string& words) const { return read(log()).find(words) != std::string::npos; }
  bool admin_heard(const std::string& words) {
    return get("/sandbox/chat?user_id=" + std::to_string(admin)).dump().find(words) != std::string::npos;
  }
};

} // namespace

TEST_CASE("SIGHUP puts a new price in force, and administrators hear of it") {
  tuned t{"false"};
  t.replace("models.toml", "price = 1\n", "price = 5\n");
  t.replace("troupe.toml", "\nworkers = 4\n", "\nworkers = 9\n");
  ::kill(t.running.id(), SIGHUP);
  CHECK(within(10s, [&] { return t.has_logged("changed: veo-3-fast price 1 -> 5"); }));
  CHECK(t.has_logged("changed: kie.workers 4 -> 9 (only after a restart)"));
  CHECK(within(10s, [&] {
    return t.admin_heard("veo-3-fast price 1 -&gt; 5") || t.admin_heard("veo-3-fast price 1 -> 5");
  }));
  CHECK(t.running.end(SIGTERM) == 0);
}

TEST_CASE("a broken file keeps the old values and says file, line and why") {
  tuned t{"false"};
  t.replace("models.toml", "price = 1\n", "price = \"x\"\n");
  ::kill(t.running.id(), SIGHUP);
  CHECK(within(10s, [&] { return t.has_logged("the old settings stay"); }));
  CHECK(t.has_logged("models.toml:"));
  CHECK(t.has_logged("price must be a whole number"));
  CHECK(within(10s, [&] { return t.admin_heard("price must be a whole number"); }));
  t.replace("models.toml", "price = \"x\"\n", "price = 6\n");
  ::kill(t.running.id(), SIGHUP);
  CHECK(within(10s, [&] { return t.has_logged("changed: veo-3-fast price 1 -> 6"); }));
}

TEST_CASE("a changed file is read by itself") {
  tuned t{"true"};
  t.replace("models.toml", "price = 1\n", "price = 7\n");
  CHECK(within(15s, [&] { return t.has_logged("changed: veo-3-fast price 1 -> 7"); }));
}

TEST_CASE("a renamed log file is let go at SIGHUP, and its lines carry the date and the time zone") {
  tuned t{"false", true};
  const auto file = t.log_file();
  REQUIRE(within(15s, [&] { return tuned::read(file).find("the engine runs") != std::string::npos; }));
  std::filesystem::rename(file, file + ".old");
  ::kill(t.running.id(), SIGHUP);
  CHECK(within(15s,
               [&] { return tuned::read(file).find("the log file is opened anew") != std::string::npos; }));
  CHECK(tuned::read(file + ".old").find("opened anew") == std::string::npos);
  CHECK(std::regex_search(tuned::read(file),
                          std::regex{R"((^|\n)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d )"}));
  CHECK(t.running.end(SIGTERM) == 0);
}
