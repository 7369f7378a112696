/// `troupe check` and the start prove what they say: the real program, each fault on its own.
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/net/own_certificate.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include "tests/whole/spoken.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <httplib.h>

using namespace troupe;
using namespace troupe::test;
namespace fs = std::filesystem;

namespace {

using variables = std::map<std::string, std::string>;

struct desk : sandbox_stage {
  fs::path config = dir / "config";
  desk() : sandbox_stage{0} { fs::copy(TROUPE_SOURCE_DIR "/config", config, fs::copy_options::recursive); }
  /// A bot with which all is well.
  variables good() const {
    return {{"PATH", std::getenv("PATH")},
            {"BOT_TOKEN", "1000001:sandbox"},
            {"KIE_API_KEY", "sandbox"},
            {"DATABASE_PATH", database()},
            {"TELEGRAM_API_URL", base},
            {"KIE_API_URL", base},
            {"KIE_UPLOAD_URL", base},
            {"YOOKASSA_API_URL", base},
            {"YOOKASSA_SHOP_ID", "100500"},
            {"YOOKASSA_SECRET_KEY", "test_sandbox"},
            {"PROMPT_WRITER_API_URL", base + "/v1"},
            {"PROMPT_WRITER_API_KEY", "sandbox"},
            {"TROUPE_WEB_PORT", std::to_string(web)}};
  }
  spoken told(const std::string& words, const variables& other = {}) const {
    auto env = good();
    for (auto& [name, value] : other) env[name] = value;
    return say_to_troupe("--config " + config.string() + " " + words, env);
  }
  void replace(const std::string& name, const std::string& from, const std::string& to) const {
    std::ifstream in{config / name};
    std::string body{std::istreambuf_iterator<char>{in}, {}};
    const auto at = body.find(from);
    REQUIRE(at != body.npos);
    std::ofstream{config / name} << body.replace(at, from.size(), to);
  }
};

constexpr auto ready_words = "\nReady for live operation";

} // namespace

TEST_CASE("check asks every service and is ready when all of them take us") {
  const desk d;
  const auto a = d.told("check");
  INFO(a.text);
  CHECK(a.code == 0);
  for (auto part :
       {"@sandbox_bot", "credits are left", "shop 100500", "gpt-4.1-mini answers", "is free", "ffmpeg",
        "the start creates a NEW one", "\nReady for live operation, but look at: database, YooKassa.\n"})
    CHECK(a.has(part));
  CHECK_FALSE(fs::exists(d.database()));
  CHECK_FALSE(fs::exists(d.database() + ".lock"));
}

TEST_CASE("check is not ready with any one thing wrong, and says which") {
  const desk d;
  httplib::Server holder;
  const auto taken = std::to_string(holder.bind_to_any_port("127.0.0.1"));
  std::ofstream{d.dir / "file"} << "x";
  const auto file = (d.dir / "file").string(), folder = d.dir.string();
  fs::create_directories(d.dir / "locked.db.lock");
  const own_certificate tls;
  const auto below_a_file = (d.dir / "file" / "troupe.db").string();
  const struct {
    variables other;
    const char* words;
    bool outside = false; ///< only a service can say it
  } table[] = {
      {{{"BOT_TOKEN", "1000001:other"}}, "the bot token is refused", true},
      {{{"BOT_TOKEN", "garbage"}}, "holds no token"},
      {{{"BOT_TOKEN", "\"1000001:sandbox\""}}, "stands in quotation marks"},
      {{{"BOT_TOKEN", ""}, {"BOT_TOKEN_FILE", d.dir.string()}}, "is a folder; the path of a file is meant"},
      {{{"KIE_API_KEY", "sandbox-nobody"}, {"KIE_API_URL", "http://127.0.0.1:9"}},
       "no connection to http://127.0.0.1:9",
       true},
      {{{"YOOKASSA_SECRET_KEY", "test_other"}}, "YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY are refused", true},
      {{{"YOOKASSA_SECRET_KEY", ""}}, "only YOOKASSA_SHOP_ID is set"},
      {{{"PROMPT_WRITER_API_KEY", ""}}, "no prompt came from", true},
      {{{"TROUPE_WEB_PORT", taken}}, "cannot listen on 127.0.0.1:"},
      {{{"DATABASE_PATH", below_a_file}}, "is a file"},
      {{{"DATABASE_PATH", (d.dir / "none" / "t.db").string()}}, "there is no folder"},
      {{{"DATABASE_PATH", d.dir.string()}}, "is a folder"},
      {{{"PATH", "/nowhere"}}, "ffmpeg cannot start"},
      {{{"WEBHOOK_URL", "http://bot.example"}}, "must start with https://"},
      {{{"KIE_UPLOAD_URL", "http://upload.example"}}, "not encrypted"},
      {{{"TROUPE_LOG_LEVL", "debug"}}, "did you mean TROUPE_LOG_LEVEL?"},
      {{{"DATABSE_PATH", "/x.db"}, {"DATABASE_PATH", ""}}, "did you mean DATABASE_PATH?"},
      {{{"HTTPS_PROXY", "proxy.example"}}, "HTTPS_PROXY: it names no port"},
      {{{"TROUPE_STORAGE_FILES_DIR", "/proc/nope"}}, "/proc/nope cannot be used"},
      {{{"TROUPE_STORAGE_FILES_DIR", (d.dir / "none" / "files").string()}}, "there is no folder"},
      {{{"TROUPE_STORAGE_FILES_DIR", file}}, "it is a file, and a folder is meant"},
      {{{"TROUPE_LOG_FILE", folder}}, "is a folder; the path of a file is meant: correct TROUPE_LOG_FILE"},
      {{{"TROUPE_LOG_FILE", below_a_file}}, "correct TROUPE_LOG_FILE"},
      {{{"TROUPE_WEB_TLS_CERTIFICATE", file}, {"TROUPE_WEB_TLS_KEY", tls.key}},
       "holds no certificate in PEM"},
      {{{"TROUPE_WEB_TLS_CERTIFICATE", tls.certificate}, {"TROUPE_WEB_TLS_KEY", file}},
       "holds no private key"},
      {{{"DATABASE_PATH", (d.dir / "locked.db").string()}},
       "locked.db.lock cannot be opened (Is a directory)"},
  };
  for (auto& row : table) {
    const auto a = d.told("check", row.other);
    INFO(row.words << "\n" << a.text);
    CHECK(a.code == 1);
    CHECK(a.has(row.words));
    CHECK_FALSE(a.has(ready_words));
    CHECK_FALSE(a.has("terminate called"));
    // The start says the same of this machine, before it has begun anything.
    if (row.outside) continue;
    const auto begun = d.told("serve", row.other);
    INFO(begun.text);
    CHECK(begun.code == 2);
    CHECK(begun.has(row.words));
    CHECK(begun.has("Not started: "));
    CHECK_FALSE(fs::exists(d.database()));
    CHECK_FALSE(fs::exists(d.dir / "none"));
    CHECK_FALSE(fs::exists(d.dir / "locked.db"));
  }
}

TEST_CASE("check tells faults of files, machine and services together, with the line of each") {
  const desk d;
  d.replace("troupe.toml", "workers = 4", "workers = 0");
  d.replace("models.toml", "price = 4", "prise = 4");
  const auto a = d.told("check", {{"PATH", "/nowhere"}, {"YOOKASSA_SECRET_KEY", "x"}});
  INFO(a.text);
  CHECK(a.code == 1);
  for (auto part :
       {"troupe.toml:", "workers must be from 1", "models.toml:", "did you mean \"price\"", "ffprobe cannot",
        "ffmpeg cannot", "are refused", "Not ready for live operation: 5 reasons above."})
    CHECK(a.has(part));
}

TEST_CASE("check --offline asks nobody, and says so") {
  const desk d;
  const auto a =
      d.told("check --offline", {{"BOT_TOKEN", "1000001:other"}, {"KIE_API_URL", "http://127.0.0.1:9"}});
  INFO(a.text);
  CHECK(a.code == 0);
  CHECK(a.has("not asked (--offline)"));
  CHECK_FALSE(a.has(ready_words));
  CHECK(d.told("check --offline", {{"BOT_TOKEN", "garbage"}}).code == 1);
}

TEST_CASE("the administrator that nobody has chosen is named before the bot goes live") {
  const desk d;
  const auto a = d.told("check", {{"TELEGRAM_API_URL", "https://127.0.0.1.example"}});
  CHECK(a.has("ADMIN_IDS is not set: 1864913930"));
}

TEST_CASE("an engine does not start where it could not work, says every reason, and leaves no trace") {
  const desk d;
  const auto a =
      d.told("serve", {{"PATH", "/nowhere"}, {"BOT_TOKEN", "garbage"}, {"TROUPE_LOG_LEVL", "debug"}});
  INFO(a.text);
  CHECK(a.code == 2);
  for (auto part : {"ffmpeg cannot start", "ffprobe cannot start", "holds no token",
                    "did you mean TROUPE_LOG_LEVEL?", "Not started: 4 reasons above"})
    CHECK(a.has(part));
  CHECK_FALSE(fs::exists(d.database()));
}

TEST_CASE("a file that should hold a book and holds none is not called ours") {
  const desk d;
  std::ofstream{d.database()}; // as a restore that failed leaves it
  const auto a = d.told("check --offline");
  INFO(a.text);
  CHECK(a.code == 0);
  CHECK(a.has("no book is in it: the start begins a NEW one"));
  CHECK(a.has("\nNothing is wrong on this machine, but look at: database. The services"));
  CHECK_FALSE(a.has("is ours"));
}

TEST_CASE("a book of another bot, and a book with a fault, are found by check") {
  const desk d;
  {
    storage::store made{d.database()};
    made.serve_bot(777);
  }
  CHECK(d.told("check --offline").has("served the bot 777, and the token is that of the bot 1000001"));
  SQLite::Database{d.database(), SQLite::OPEN_READWRITE}.exec(
      "INSERT INTO balances(account, user_id, amount) VALUES('user', 5, 5)");
  const auto a = d.told("check --offline");
  INFO(a.text);
  CHECK(a.code == 1);
  CHECK(a.has("fault"));
  CHECK(a.has("troupe audit"));
}

TEST_CASE("a bot that runs is no fault of its own check, whatever its database is called") {
  const desk d;
  auto engine = d.engine();
  REQUIRE(within(std::chrono::seconds{20}, [&] {
    http_request r;
    r.url = "http://127.0.0.1:" + std::to_string(d.web) + "/health";
    return d.http->send(r).status == 200;
  }));
  const auto link = d.dir / "link.db", second = d.dir / "second.db";
  fs::create_symlink(d.database(), link);
  fs::create_hard_link(d.database(), second);
  for (auto& name : {fs::path{d.database()}, link, second}) {
    const auto a = d.told("check --offline", {{"DATABASE_PATH", name.string()}});
    INFO(a.text);
    CHECK(a.code == 0);
    CHECK(a.has("an engine is running on"));
    CHECK_FALSE(a.has("cannot listen"));
  }
  engine.end(SIGTERM);
}

TEST_CASE("a database that belongs to another program is refused by check and left as it is") {
  const desk d;
  std::ofstream{d.database()} << std::string(4096, 'x');
  const auto a = d.told("check");
  INFO(a.text);
  CHECK(a.code == 1);
  CHECK(fs::file_size(d.database()) == 4096);
  CHECK_FALSE(fs::exists(d.database() + "-wal"));
}

TEST_CASE("a wrong word on the command line is answered with the right one") {
  const desk d;
  const struct {
    const char* line;
    const char* words;
  } table[] = {{"serv", "unknown command 'serv'; did you mean 'serve'?"},
               {"chekc", "unknown command 'chekc'; did you mean 'check'?"},
               {"nonsense", "unknown command 'nonsense'\n"},
               {"", "a command is missing: serve, check"},
               {"check --offlin", "'check' has no option '--offlin'; did you mean '--offline'?"},
               {"history", "user_id is required"},
               {"history ann", "user_id"},
               {"jobs --limit 0", "--limit"}};
  for (auto& row : table) {
    const auto a = d.told(row.line);
    INFO(row.line << "\n" << a.text);
    CHECK(a.code == 2);
    CHECK(a.has(row.words));
  }
  CHECK(d.told("--version").has("troupe 0."));
  CHECK(d.told("--version").code == 0);
  CHECK(d.told("--help").code == 0);
}

TEST_CASE("the operator's questions are answered while the settings are broken") {
  const desk d;
  { storage::store made{d.database()}; }
  for (auto broken : {"[kie", "[kie]\nnonsense = 1"}) {
    d.replace("troupe.toml", "[kie]", broken);
    for (auto question : {"audit", "jobs", "audit --json"}) {
      const auto a = d.told(question);
      INFO(a.text);
      CHECK(a.code == 0);
    }
    CHECK(d.told("audit").has("the settings are broken"));
    CHECK(d.told("audit --database " + d.database()).code == 0);
    CHECK_FALSE(d.told("audit --database " + d.database()).has("broken"));
    d.replace("troupe.toml", broken, "[kie]");
  }
}
