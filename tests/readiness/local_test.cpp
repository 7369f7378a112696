/// What this machine alone can say, probe by probe.
#include "readiness/local.hpp"
#include "tests/catch.hpp"
#include <algorithm>
#include <map>
#include <stdexcept>

using namespace troupe;
using namespace troupe::readiness;

namespace {

/// All is well unless the test says otherwise.
struct played_machine final : machine {
  std::map<std::string, path_kind> paths{{"data", path_kind::folder}, {"data/troupe.db", path_kind::file}};
  std::map<std::string, std::string> unreadable, unchangeable, unwritable,
      programs{{"ffprobe", "ffprobe version 5\n"}, {"ffmpeg", " V libx264 "}};
  std::map<std::string, std::string> unappendable;
  std::string not_listening, bad_certificate, bad_lock, bad_files, places;
  database_facts found{"", false, false, 123456};
  std::size_t faults = 0, audits = 0;
  bool held = false;
  std::int64_t free = 10ll << 30;

  path_kind kind_of(const std::string& path) override {
    const auto known = paths.find(path);
    return known == paths.end() ? (path == "." ? path_kind::folder : path_kind::none) : known->second;
  }
  std::string why_not_read(const std::string& file) override { return unreadable[file]; }
  std::string why_not_change(const std::string& file) override { return unchangeable[file]; }
  std::string why_not_write(const std::string& folder) override { return unwritable[folder]; }
  std::string why_not_listen(const std::string&, int) override { return not_listening; }
  std::string run(const std::vector<std::string>& words) override {
    const auto p = programs.find(words.front());
    if (p == programs.end()) throw std::runtime_error{words.front() + " cannot start"};
    return p->second;
  }
  std::string why_not_append(const std::string& file) override { return unappendable[file]; }
  std::string why_not_certificate(const std::string&, const std::string&) override { return bad_certificate; }
  bool is_held(const std::string&) override { return held; }
  std::string place_of(const std::string& database) override { return places.empty() ? database : places; }
  database_facts look_into(const std::string&) override { return found; }
  std::string why_not_lock(const std::string&) override { return bad_lock; }
  std::string why_not_files_folder(const std::string&, const std::string&) override { return bad_files; }
  std::size_t faults_of(const std::string&) override { return ++audits, faults; }
  std::int64_t free_bytes(const std::string&) override { return free; }
};

config::settings with(const config::environment& more = {}) {
  config::environment env{{"BOT_TOKEN", "123456:ABC-def_1"}, {"KIE_API_KEY", "k"}, {"ADMIN_IDS", "7"}};
  for (auto& [name, value] : more) env[name] = value;
  return config::load(TROUPE_SOURCE_DIR "/config", env);
}

bool says(const finding& f, grade how, const std::string& words) {
  INFO(f.words);
  CHECK(static_cast<int>(f.how) == static_cast<int>(how));
  return f.words.find(words) != f.words.npos;
}
bool says(const findings& all, grade how, const std::string& words) {
  return std::any_of(all.begin(), all.end(),
                     [&](auto& f) { return f.how == how && f.words.find(words) != f.words.npos; });
}

} // namespace

TEST_CASE("with everything in order nothing stands in the way") {
  played_machine m;
  const auto all = probe_here(with(), m, occasion::start);
  INFO(told(all));
  CHECK(hindrances(all) == 0);
  CHECK(std::none_of(all.begin(), all.end(), [](auto& f) { return f.how == grade::look; }));
}

TEST_CASE("a token is a number, a colon and letters") {
  CHECK(probe_token(with()).how == grade::fine);
  CHECK(says(probe_token(with({{"BOT_TOKEN", ""}})), grade::missing, "/newbot"));
  for (auto bad : {"garbage", "123456", ":abc", "abc:def", "123:", "123:ab:cd", "12 3:abc", "123:абв"}) {
    auto s = with();
    s.opts.telegram.bot_token = bad;
    CHECK(says(probe_token(s), grade::wrong, "BOT_TOKEN holds no token"));
    CHECK(probe_token(s).words.find("garbage") == std::string::npos);
  }
}

TEST_CASE("without a key of the provider it is not ready") {
  CHECK(says(probe_keys(with({{"KIE_API_KEY", ""}})), grade::missing, "https://kie.ai/api-key"));
}

TEST_CASE("the administrator that nobody has chosen is named") {
  CHECK(probe_administrators(with()).how == grade::fine);
  CHECK(says(probe_administrators(with({{"ADMIN_IDS", ""}})), grade::look,
             "ADMIN_IDS is not set: 1864913930, who may be somebody else, rules this bot"));
  CHECK(probe_administrators(with({{"ADMIN_IDS", "1864913930"}})).how == grade::fine);
  CHECK(says(probe_administrators(with({{"ADMIN_IDS", ","}})), grade::look, "nobody can open /admin"));
}

TEST_CASE("half a shop sells nothing by card, and it is said") {
  CHECK(probe_shop(with()).how == grade::fine);
  CHECK(says(probe_shop(with({{"YOOKASSA_SHOP_ID", "1"}})), grade::wrong, "set YOOKASSA_SECRET_KEY too"));
  CHECK(says(probe_shop(with({{"YOOKASSA_SECRET_KEY", "x"}})), grade::wrong, "set YOOKASSA_SHOP_ID too"));
}

TEST_CASE("an address without encryption is for this machine, or one's own network, only") {
  const auto of = [](const char* name, const char* value) { return probe_addresses(with({{name, value}})); };
  CHECK(hindrances(of("TELEGRAM_API_URL", "http://127.0.0.1:8081")) == 0);
  CHECK(hindrances(of("TELEGRAM_API_URL", "http://[::1]:8081")) == 0);
  CHECK(says(of("TELEGRAM_API_URL", "http://bot-api:8081"), grade::look,
             "http://bot-api:8081 is not encrypted"));
  CHECK(says(of("TELEGRAM_API_URL", "http://192.168.1.2:8081"), grade::look, "not encrypted"));
  CHECK(says(of("TELEGRAM_API_URL", "http://api.telegram.org"), grade::wrong, "write https://"));
  CHECK(says(of("KIE_API_URL", "http://api.kie.ai"), grade::wrong, "write https://"));
  CHECK(says(of("KIE_UPLOAD_URL", "http://8.8.8.8"), grade::wrong, "write https://"));
  CHECK(says(of("PROMPT_WRITER_API_URL", "http://llm.example/v1"), grade::wrong, "write https://"));
  CHECK(hindrances(of("YOOKASSA_API_URL", "http://api.yookassa.ru")) == 0); // there is no shop
}

TEST_CASE("the outside address must be one that Telegram posts to") {
  const auto of = [](const char* url, config::environment more = {}) {
    more["WEBHOOK_URL"] = url;
    return probe_addresses(with(more));
  };
  CHECK(hindrances(of("https://bot.example")) == 0);
  CHECK(hindrances(of("https://bot.example:8443/x")) == 0);
  CHECK(says(of("http://bot.example"), grade::wrong,
             "WEBHOOK_URL = http://bot.example must start with https://"));
  CHECK(says(of("https://bot.example:8090"), grade::wrong, "443, 80, 88 and 8443"));
  CHECK(says(of("http://127.0.0.1:8090"), grade::wrong, "Telegram cannot reach it"));
  CHECK(hindrances(of("http://127.0.0.1:8090", {{"TELEGRAM_API_URL", "http://127.0.0.1:1"}})) == 0);
  CHECK(hindrances(of("http://127.0.0.1:8090", {{"TROUPE_TELEGRAM_WEBHOOK", "false"}})) == 0);
}

TEST_CASE("the database is looked at before anything is begun") {
  played_machine m;
  const auto s = with();
  const auto at = [&](const char* path) {
    return probe_database(with({{"DATABASE_PATH", path}}), m, occasion::start);
  };
  CHECK(says(probe_database(s, m, occasion::start), grade::fine, "is ours"));
  m.found.why_not = "The file is no database of Troupe";
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong, "no database of Troupe"));
  m.unwritable["data"] = "Permission denied";
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong, "cannot be written (Permission denied)"));
  m = {};
  m.unreadable["data/troupe.db"] = "Permission denied";
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong, "cannot be read (Permission denied)"));
  m = {};
  m.unchangeable["data/troupe.db"] = "Read-only file system";
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong,
             "data/troupe.db cannot be written (Read-only file system)"));
  m = {};
  m.paths["data/troupe.db-wal"] = path_kind::file; // left by somebody else's start
  m.unchangeable["data/troupe.db-wal"] = "Permission denied";
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong,
             "data/troupe.db-wal cannot be written (Permission denied)"));
  m = {};
  m.bad_lock = "its lock file data/troupe.db.lock cannot be opened";
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong, "its lock file data/troupe.db.lock"));
  m.paths.erase("data/troupe.db");
  CHECK(says(probe_database(s, m, occasion::start), grade::wrong, "its lock file data/troupe.db.lock"));
  m = {};
  m.free = 1 << 20;
  CHECK(says(probe_database(s, m, occasion::start), grade::look, "only 1 MB are free"));
  m.paths["/srv"] = path_kind::folder;
  CHECK(says(at("/srv"), grade::wrong, "is a folder"));
  CHECK(says(at("/srv/bot.db"), grade::look, "the start creates a NEW one"));
  CHECK(says(at("/svr/bot.db"), grade::wrong, "there is no folder /svr for /svr/bot.db"));
  m.unwritable["/srv"] = "Read-only file system";
  CHECK(says(at("/srv/bot.db"), grade::wrong, "the folder /srv cannot be written (Read-only file system)"));
  m.paths["/srv"] = path_kind::file;
  CHECK(says(at("/srv/bot.db"), grade::wrong, "/srv is a file"));
}

TEST_CASE("a file that holds no book is said to hold none, and another bot's book is said to be one") {
  played_machine m;
  m.found.empty = true;
  CHECK(says(probe_database(with(), m, occasion::check), grade::look,
             "no book is in it: the start begins a NEW one"));
  m.found = {"", false, false, 777};
  CHECK(says(probe_database(with(), m, occasion::check), grade::look,
             "served the bot 777, and the token is that of the bot 123456"));
  m.found.bot = 0; // written before bots were told apart
  CHECK(says(probe_database(with(), m, occasion::check), grade::fine, "is ours"));
}

TEST_CASE("a book with faults is found by the check, where the start would find it") {
  played_machine m;
  m.faults = 2;
  CHECK(says(probe_database(with(), m, occasion::check), grade::wrong, "found 2 faults"));
  CHECK(hindrances(probe_database(with(), m, occasion::start)) == 0); // it audits by itself
  CHECK(m.audits == 1);
  m.found.old = true; // cannot be audited before the start has brought it up to date
  CHECK(hindrances(probe_database(with(), m, occasion::check)) == 0);
}

TEST_CASE("a database is looked for where its link leads") {
  played_machine m;
  m.paths["/srv"] = path_kind::folder;
  m.paths["/srv/t.db"] = path_kind::file;
  m.places = "/srv/t.db";
  m.unwritable["/srv"] = "Read-only file system"; // its journal lies there, not beside the link
  CHECK(says(probe_database(with({{"DATABASE_PATH", "link.db"}}), m, occasion::start), grade::wrong,
             "the folder of /srv/t.db cannot be written"));
}

TEST_CASE("the folder of the usual database is made at the start, where that can be done") {
  played_machine m;
  m.paths.clear();
  CHECK(says(probe_database(with(), m, occasion::start), grade::look, "NEW"));
  m.unwritable["."] = "Permission denied";
  CHECK(says(probe_database(with(), m, occasion::start), grade::wrong, "the folder . cannot be written"));
}

TEST_CASE("an engine that runs is no fault for a check, but nobody may start another on its database") {
  played_machine m;
  m.held = true;
  m.not_listening = "Address already in use";
  const auto looked = probe_here(with(), m, occasion::check);
  CHECK(hindrances(looked) == 0);
  CHECK(says(looked, grade::look, "an engine is running on data/troupe.db"));
  const auto started = probe_here(with(), m, occasion::start);
  CHECK(says(started, grade::wrong, "is in use: another engine is running"));
  CHECK(says(started, grade::wrong, "cannot listen on 127.0.0.1:8090 (Address already in use)"));
}

TEST_CASE(
    "a port that is taken and a certificate that cannot be read are told, a port that is off is no fault") {
  played_machine m;
  m.not_listening = "Address already in use";
  CHECK(says(probe_web(with(), m, occasion::check), grade::wrong, "cannot listen on 127.0.0.1:8090"));
  CHECK(probe_web(with({{"TROUPE_WEB_PORT", "0"}}), m, occasion::check).empty());
  CHECK(says(
      probe_web(with({{"TROUPE_WEB_PORT", "0"}, {"WEBHOOK_URL", "https://x.example"}}), m, occasion::check),
      grade::wrong, "web.port = 0 switches it off"));
  m = {};
  const auto tls = with({{"TROUPE_WEB_TLS_CERTIFICATE", "/c.pem"}, {"TROUPE_WEB_TLS_KEY", "/k.pem"}});
  m.bad_certificate = "/c.pem holds no certificate in PEM";
  CHECK(says(probe_web(tls, m, occasion::check), grade::wrong,
             "cannot use the certificate: /c.pem holds no certificate"));
  m.unreadable["/k.pem"] = "No such file or directory";
  CHECK(says(probe_web(tls, m, occasion::check), grade::wrong, "cannot use the certificate: /k.pem"));
}

TEST_CASE("whose word is believed about a sender is looked at") {
  CHECK(probe_senders(with()).empty());
  const std::map<std::string, std::string> shop{
      {"YOOKASSA_SHOP_ID", "1"}, {"YOOKASSA_SECRET_KEY", "test_key"}, {"WEBHOOK_URL", "https://bot.example"}};
  const auto probed = [&](std::map<std::string, std::string> more) {
    more.insert(shop.begin(), shop.end());
    return probe_senders(with(more));
  };
  CHECK(says(probed({}), grade::look, "on 127.0.0.1 only a proxy reaches us"));
  CHECK(probed({{"TROUPE_WEB_PROXY_HEADER", "X-Real-IP"}}).empty());
  CHECK(probed({{"TROUPE_WEB_HOST", "0.0.0.0"}}).empty());
  CHECK(probed({{"TROUPE_YOOKASSA_CHECK_SENDER", "false"}}).empty());
  CHECK(says(probed({{"TROUPE_WEB_PROXY_HEADER", "x-forwarded-for"}}), grade::look,
             "x-forwarded-for is a list that any caller may begin"));
  CHECK(says(probed({{"TROUPE_WEB_PROXY_HEADER", "Forwarded"}}), grade::look, "holds no bare address"));
  auto nobody = with({{"TROUPE_WEB_PROXY_HEADER", "X-Real-IP"}});
  nobody.opts.web.proxies.clear();
  CHECK(says(probe_senders(nobody), grade::look, "nobody's word in X-Real-IP counts"));
}

TEST_CASE("without ffmpeg or ffprobe nothing may be sold") {
  played_machine m;
  CHECK(hindrances(probe_programs(m)) == 0);
  m.programs.erase("ffprobe");
  CHECK(says(probe_programs(m), grade::wrong, "ffprobe cannot start: without it"));
  m.programs.erase("ffmpeg");
  CHECK(hindrances(probe_programs(m)) == 2);
  m.programs = {{"ffprobe", "x"}, {"ffmpeg", "no such encoder"}};
  CHECK(says(probe_programs(m), grade::look, "libx264"));
}

TEST_CASE("a log file, its folder, the folder for files and the roots of trust are looked at") {
  played_machine m;
  const auto logging = with({{"TROUPE_LOG_FILE", "/var/log/bot/log"}});
  CHECK(hindrances(probe_files(logging, m)) == 0);
  m.unappendable["/var/log/bot/log"] = "No such file or directory";
  CHECK(says(probe_files(logging, m), grade::wrong, "the folder of /var/log/bot/log cannot be written"));
  m.paths["/var/log/bot/log"] = path_kind::file;
  m.unappendable["/var/log/bot/log"] = "Permission denied";
  CHECK(says(probe_files(logging, m), grade::wrong,
             "cannot be written (Permission denied): look at owner and rights, or correct TROUPE_LOG_FILE"));
  m.paths["/var/log/bot/log"] = path_kind::folder;
  CHECK(says(probe_files(logging, m), grade::wrong, "/var/log/bot/log is a folder"));
  m.bad_files = "it is a file, and a folder is meant.";
  CHECK(says(probe_files(with(), m), grade::wrong, "data/troupe.db.files cannot be used: it is a file"));
  CHECK(says(probe_files(with({{"TROUPE_STORAGE_FILES_DIR", "/proc/nope"}}), m), grade::wrong,
             "/proc/nope cannot be used"));
  m.held = true; // by the engine that runs on this very database
  CHECK_FALSE(says(probe_files(with(), m), grade::wrong, "cannot be used"));
  m.unreadable["/etc/ssl/certs/ca-certificates.crt"] = "No such file or directory";
  CHECK(says(probe_files(with(), m), grade::wrong, "apt-get install ca-certificates"));
}

TEST_CASE("a proxy that the start would refuse is refused before it") {
  CHECK(probe_proxy(with()).empty());
  CHECK(probe_proxy(with({{"HTTPS_PROXY", "http://user:pw@proxy.example:3128"}})).empty());
  for (auto bad : {"proxy.example", "socks5://proxy.example:1080", "https://proxy.example:443",
                   "http://:3128", "proxy.example:0"}) {
    INFO(bad);
    CHECK(says(probe_proxy(with({{"HTTPS_PROXY", bad}})), grade::wrong, "HTTPS_PROXY: "));
  }
}

TEST_CASE("everything that is wrong is told together, and a doubt too") {
  played_machine m;
  m.programs.clear();
  m.not_listening = "Address already in use";
  const auto s =
      with({{"BOT_TOKEN", "garbage"}, {"WEBHOOK_URL", "http://bot.example"}, {"DATABASE_PASS", "x"}});
  const auto all = probe_here(s, m, occasion::check);
  CHECK(hindrances(all) == 5);
  CHECK(says(all, grade::look, "DATABASE_PASS means nothing; did you mean DATABASE_PATH?"));
  CHECK(told(all, false).find("ADMIN") == std::string::npos);
}
