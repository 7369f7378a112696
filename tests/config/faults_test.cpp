/// All that is wrong is told at once, with what was meant.
#include "config/words.hpp"
#include "tests/catch.hpp"
#include "tests/config/copied_config.hpp"
#include <sys/stat.h>

using namespace troupe::config;
using namespace troupe::test;

namespace {

std::size_t lines_of(const std::string& text) {
  return text.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE("every fault of every file and variable is told at once") {
  copied_config c;
  c.write("troupe.toml",
          "[web]\nprot = 80\nport = \"x\"\n[kie]\nworkers = 0\n[nothing]\n[shop]\npackages = [\n"
          "{ credits = 0, stars = 1 },\n{ credits = 5 },\n]\n");
  c.replace("models.toml", "price = 4", "prise = 4\ntext_input = 1");
  c.replace("presets.toml", "id = ", "ids = ");
  c.replace("texts/en.toml", "back = \"Back\"\n", "");
  c.replace("texts/ru.toml", "{d30}", "");
  const auto all = c.error({{"ADMIN_IDS", "me"}, {"TROUPE_LOG_LEVL", "debug"}});
  for (auto part :
       {"troupe.toml:2: unknown key \"web.prot\"", "troupe.toml:3: web.port must be a whole number",
        "troupe.toml:5: kie.workers must be from 1", "troupe.toml:6: unknown key \"nothing\"",
        "troupe.toml:9: a package without credits", "troupe.toml:10: a package without a price",
        "did you mean \"price\"", "text_input must be true or false", "unknown key \"ids\"",
        "\"button.back\" is missing", "\"office.stats\" lacks {d30}", "ADMIN_IDS: must be a whole number",
        "TROUPE_LOG_LEVL: means nothing; did you mean TROUPE_LOG_LEVEL?"}) {
    INFO(all);
    CHECK(has(all, part));
  }
}

TEST_CASE("a file that cannot be read hides no fault of the others, and what is right is there") {
  copied_config c;
  c.write("troupe.toml", "[web\n");
  c.replace("models.toml", "price = 4", "price = 0");
  std::vector<std::string> told;
  const auto s = load_all(c.dir.string(), {{"DATABASE_PATH", "/x.db"}}, told);
  REQUIRE(told.size() == 2);
  CHECK(has(told[0], "troupe.toml:1"));
  CHECK(has(told[1], "price must be from 1"));
  CHECK(s.opts.storage.database_path == "/x.db");
  CHECK(s.presets.size() >= 5);
}

TEST_CASE("a file that is no settings at all does not flood the log") {
  copied_config c;
  std::string junk = "[web]\n";
  for (int i = 0; i < 200; ++i) junk += "junk_" + std::to_string(i) + " = 1\n";
  c.write("troupe.toml", junk);
  CHECK(lines_of(c.error()) == 31);
  CHECK(has(c.error(), "and 170 more"));
}

TEST_CASE(
    "a secret that stands in the file under any of its names is called one, and its value is not shown") {
  copied_config c;
  for (auto written : {"bot_token = \"123:abcdefgh\"\n", "BOT_TOKEN = \"123:abcdefgh\"\n",
                       "[telegram]\ntoken = \"123:abcdefgh\"\n", "[telegram]\nbot_tokn = \"123:abcdefgh\"\n",
                       "[kie]\nbot_token = \"123:abcdefgh\"\n"}) {
    INFO(written);
    c.write("troupe.toml", written);
    CHECK(has(c.error(), "is a secret and must not stand in this file: set BOT_TOKEN in the environment, or "
                         "BOT_TOKEN_FILE"));
    CHECK_FALSE(has(c.error(), "abcdefgh"));
  }
  for (auto written : {"[kie]\napi_key = \"abcdefgh\"\n", "KIE_API_KEY = \"abcdefgh\"\n",
                       "[kie]\napi_keys = [\"abcdefgh\"]\n"}) {
    INFO(written);
    c.write("troupe.toml", written);
    CHECK(has(c.error(), "set KIE_API_KEY in the environment"));
    CHECK_FALSE(has(c.error(), "abcdefgh"));
  }
  c.write("troupe.toml", "yookassa_secret_key = \"abcdefgh\"\n");
  CHECK(has(c.error(), "set YOOKASSA_SECRET_KEY in the environment"));
}

TEST_CASE("an option under a variable's name, or without its section, is shown its place") {
  copied_config c;
  c.write("troupe.toml", "WEBHOOK_URL = \"https://x\"\n");
  CHECK(has(c.error(), "did you mean \"web.public_url\"? It stands under [web] as public_url"));
  c.write("troupe.toml", "port = 80\n");
  CHECK(has(c.error(), "did you mean \"web.port\"?"));
  c.write("troupe.toml", "[web]\nadmin_ids = [1]\n");
  CHECK(has(c.error(), "did you mean \"users.admin_ids\"?"));
}

TEST_CASE("a mistyped variable is an error, what may be another program's is a doubt, or nothing") {
  copied_config c;
  const auto only = [&](const char* name) { return c.error({{name, "1"}}); };
  CHECK(only("TROUPE_LOG_LEVL") == "TROUPE_LOG_LEVL: means nothing; did you mean TROUPE_LOG_LEVEL?");
  CHECK(has(only("TROUPE_STORAGE_DATABASE"), "means nothing; did you mean TROUPE_STORAGE_DATABASE_PATH?"));
  CHECK(has(only("DATABSE_PATH"), "did you mean DATABASE_PATH?"));
  CHECK(has(only("ADMIN_ID"), "did you mean ADMIN_IDS?"));
  CHECK(has(only("BOT_TOEKN"), "did you mean BOT_TOKEN?"));
  CHECK(has(only("KIE_API_KEYS"), "did you mean KIE_API_KEY?"));
  CHECK(has(only("BOT_TOKEN_FLIE"), "did you mean BOT_TOKEN_FILE?"));
  CHECK(only("DATABASE_PASS").empty());
  CHECK(only("DATABASE_URL").empty());
  CHECK(only("TELEGRAM_API_ID").empty());
  CHECK(only("TROUPE_CONFIG").empty());
  CHECK(c.error({{"ADMIN_ID", "1"}, {"ADMIN_IDS", "2"}}).empty());
  CHECK(c.error({{"TROUPE_NONSENSE", ""}}).empty());
  CHECK(load(c.dir.string(), {{"DATABASE_PASS", "x"}}).doubts ==
        std::vector<std::string>{"DATABASE_PASS means nothing; did you mean DATABASE_PATH?"});
}

TEST_CASE("what other bots call the same thing, and names that are cut or prolonged, are a doubt") {
  copied_config c;
  const auto doubt = [&](const environment& env) {
    return words::joined(load(c.dir.string(), env).doubts, "|");
  };
  const std::pair<const char*, const char*> table[] = {
      {"TELEGRAM_TOKEN", "BOT_TOKEN"},
      {"TG_TOKEN", "BOT_TOKEN"},
      {"DB_PATH", "DATABASE_PATH"},
      {"DATABASE_PATH_FILE", "DATABASE_PATH"},
      {"WEBHOOK", "WEBHOOK_URL"},
      {"ADMINS", "ADMIN_IDS"},
      {"YOOKASSA_SHOP", "YOOKASSA_SHOP_ID"},
      {"YOOKASSA_SECRET", "YOOKASSA_SECRET_KEY"},
      {"bot_token", "BOT_TOKEN"},
      {"KIE_API_KEY_MAIN", "KIE_API_KEY"},
  };
  for (auto& [name, meant] : table)
    CHECK(doubt({{name, "1"}}) == std::string{name} + " means nothing; did you mean " + meant + "?");
  // Beside the right one only what cannot be a stranger's.
  CHECK(doubt({{"ADMIN_IDS_", "1"}, {"ADMIN_IDS", "2"}}) ==
        "ADMIN_IDS_ means nothing beside ADMIN_IDS, which is set");
  CHECK(doubt({{"KIE_API_KEY_MAIN", "a"}, {"KIE_API_KEY", "b"}}) ==
        "KIE_API_KEY_MAIN means nothing beside KIE_API_KEY, which is set");
  for (auto stranger : {"TELEGRAM_TOKEN", "BOT_TOKEN_OLD", "DB_PATH", "WEBHOOK"})
    CHECK(
        doubt(
            {{stranger, "1"}, {"BOT_TOKEN", "1:a"}, {"DATABASE_PATH", "/x.db"}, {"WEBHOOK_URL", "https://x"}})
            .empty());
  for (auto stranger : {"TOKEN", "TELEGRAM", "DATABASE", "DATABASE_URL", "LOG_LEVEL", "NO_PROXY_LIST",
                        "https_proxy", "TELEGRAM_API_ID", "ADMIN", "PATH", "HOME"})
    CHECK(doubt({{stranger, "1"}}).empty());
}

TEST_CASE("a value in quotation marks is refused: they would be a part of it") {
  copied_config c;
  CHECK(has(c.error({{"BOT_TOKEN", "\"1:abcdefgh\""}}), "BOT_TOKEN: stands in quotation marks"));
  CHECK(has(c.error({{"DATABASE_PATH", "'/x.db'"}}), "DATABASE_PATH: stands in quotation marks"));
  CHECK(has(c.error({{"KIE_API_KEY", "'a','b'"}}), "KIE_API_KEY: stands in quotation marks"));
  CHECK(has(c.error({{"KIE_API_KEY", "a,'b'"}}), "KIE_API_KEY: stands in quotation marks"));
  CHECK_FALSE(has(c.error({{"BOT_TOKEN", "\"1:abcdefgh\""}}), "abcdefgh"));
  c.write("token", "\"1:abcdefgh\"\n");
  CHECK(
      has(c.error({{"BOT_TOKEN_FILE", (c.dir / "token").string()}}), "BOT_TOKEN_FILE: stands in quotation"));
}

TEST_CASE("an address must name a host") {
  copied_config c;
  for (auto bad : {"https://", "https:///x", "http://:80", "https://a b", "https://x\"y"}) {
    INFO(bad);
    CHECK(c.error({{"WEBHOOK_URL", bad}}) ==
          "WEBHOOK_URL: web.public_url is no address: https://host is meant");
  }
  CHECK(c.error({{"WEBHOOK_URL", "https://[::1]:80/x/"}}).empty());
}

TEST_CASE("a secret's file that is none is told in words, not in the system's") {
  copied_config c;
  const auto error = [&](const std::string& path) { return c.error({{"BOT_TOKEN_FILE", path}}); };
  CHECK(error("/nowhere/token") == "BOT_TOKEN_FILE: there is no file /nowhere/token");
  CHECK(has(error(c.dir.string()), "is a folder; the path of a file is meant"));
  c.write("empty", " \n");
  CHECK(has(error((c.dir / "empty").string()), "is empty"));
  c.write("large", std::string(70'000, 'x'));
  CHECK(has(error((c.dir / "large").string()), "too large to be a secret"));
}

TEST_CASE("a swap of neighbours is one slip of the keyboard") {
  CHECK(words::distance("levle", "level") == 1);
  CHECK(words::distance("levl", "level") == 1);
  CHECK(words::distance("", "abc") == 3);
  CHECK(words::distance("serv", "serve") == 1);
  CHECK(words::nearest("serv", {"sandbox", "serve", "check"}) == "serve");
}
