#include "config/words.hpp"
#include "config/config.hpp"
#include "tests/catch.hpp"
#include "tests/config/copied_config.hpp"
#include <algorithm>

using namespace troupe::config;
using namespace troupe::test;

namespace {

const effective& line_of(const settings& s, const std::string& key) {
  const auto found = std::find_if(s.report.begin(), s.report.end(), [&](auto& e) { return e.key == key; });
  REQUIRE(found != s.report.end());
  return *found;
}

} // namespace

TEST_CASE("the real config loads and says where each value comes from") {
  const auto s = load(real_dir, {});
  CHECK(s.opts.web.port == 8090);
  CHECK(s.opts.users.admin_ids == std::vector<std::int64_t>{1864913930});
  CHECK(has(line_of(s, "web.port").origin, "troupe.toml:"));
  CHECK(line_of(s, "telegram.bot_token").origin == "default");
  REQUIRE(s.models.size() >= 3);
  CHECK(s.models[0].id == "veo-3-fast");
  CHECK(s.models[0].durations_s == std::vector<int>{8, 4, 6});
  const auto& kling = s.models[5];
  CHECK(kling.id == "kling-2-6");
  CHECK(price_of(kling, 5, false) == 1);
  CHECK(price_of(kling, 10, false) == 2);
  CHECK(price_of(kling, 10, true) == 4);
  CHECK(price_of(s.models[0], 4, true) == 1);
  CHECK(s.words.get("ru", "button.help") == "Помощь");
}

TEST_CASE("the real file holds every option that is no secret, with its default") {
  const auto written = load(real_dir, {});
  copied_config c;
  c.write("troupe.toml", "");
  const auto defaults = load(c.dir.string(), {});
  for (std::size_t i = 0; i < written.report.size(); ++i) {
    INFO(written.report[i].key);
    CHECK(written.report[i].value == defaults.report[i].value);
    if (!written.report[i].secret) CHECK(written.report[i].origin != "default");
  }
}

TEST_CASE("the founder by default is nobody once somebody else is named to rule") {
  CHECK(load(real_dir, {}).opts.users.founder_id == 1864913930);
  CHECK(load(real_dir, {{"ADMIN_IDS", "515151515"}}).opts.users.founder_id == 0);
  CHECK(
      load(real_dir, {{"ADMIN_IDS", "515151515"}, {"TROUPE_USERS_FOUNDER_ID", "7"}}).opts.users.founder_id ==
      7);
  CHECK(load(real_dir, {{"TROUPE_USERS_FOUNDER_ID", "0"}}).opts.users.founder_id == 0);
  copied_config c;
  c.write("troupe.toml", "[users]\nadmin_ids = [5]\n");
  CHECK(load(c.dir.string(), {}).opts.users.founder_id == 0);
}

TEST_CASE("an unknown key is named with its line and the nearest right one") {
  copied_config c;
  c.write("troupe.toml", "[web]\nhost = \"0.0.0.0\"\nprot = 80\n");
  CHECK(has(c.error(), "troupe.toml:3"));
  CHECK(has(c.error(), "\"web.prot\"; did you mean \"web.port\""));
  c.write("troupe.toml", "[telegramm]\nsenders = 1\n");
  CHECK(has(c.error(), "did you mean \"telegram\""));
  c.write("troupe.toml", "");
  c.replace("models.toml", "price = 4", "prise = 4");
  CHECK(has(c.error(), "did you mean \"price\""));
}

TEST_CASE("a wrong type, a value out of range and broken TOML name file and line") {
  copied_config c;
  c.write("troupe.toml", "[web]\n\nport = \"80\"\n");
  CHECK(has(c.error(), "troupe.toml:3: web.port must be a whole number"));
  c.write("troupe.toml", "[web]\nport = 65536\n");
  CHECK(has(c.error(), "troupe.toml:2: web.port must be from 0 to 65535"));
  c.write("troupe.toml", "[kie]\nworkers = 0\n");
  CHECK(has(c.error(), "kie.workers must be from 1"));
  c.write("troupe.toml", "[log]\nlevel = \"loud\"\n");
  CHECK(has(c.error(), "log.level"));
  c.write("troupe.toml", "[users]\nadmin_ids = [1, \"x\"]\n");
  CHECK(has(c.error(), "troupe.toml:2: users.admin_ids"));
  c.write("troupe.toml", "[web]\nport = \n");
  CHECK(has(c.error(), "troupe.toml:2"));
}

TEST_CASE("a secret in the file is refused and says where it belongs") {
  copied_config c;
  c.write("troupe.toml", "[telegram]\nbot_token = \"123:abcdefghijklmnop\"\n");
  CHECK(has(c.error(), "troupe.toml:2"));
  CHECK(has(c.error(), "set BOT_TOKEN in the environment, or BOT_TOKEN_FILE"));
  CHECK_FALSE(has(c.error(), "abcdefgh"));
}

TEST_CASE("the environment overrides the file and its aliases work") {
  const auto s = load(real_dir, {{"TROUPE_WEB_PORT", "9000"},
                                 {"TROUPE_LOG_JSON", "true"},
                                 {"ADMIN_IDS", "1, 2"},
                                 {"DATABASE_PATH", "/x.db"},
                                 {"WEBHOOK_URL", "https://me.example/"},
                                 {"BOT_TOKEN", "1:aaaaaaaaaaaaaaaa"},
                                 {"MAX_ACTIVE_JOBS_PER_USER", "7"},
                                 {"KIE_API_KEY", "one"},
                                 {"KIE_API_KEY_2", "three"},
                                 {"KIE_API_KEY_1", "two"},
                                 {"KIE_API_KEY_10", "one"},
                                 {"KIE_API_URL", "http://127.0.0.1:1"},
                                 {"TELEGRAM_API_URL", ""}});
  CHECK(s.opts.web.port == 9000);
  CHECK(line_of(s, "web.port").origin == "TROUPE_WEB_PORT");
  CHECK(s.opts.log.json);
  CHECK(s.opts.users.admin_ids == std::vector<std::int64_t>{1, 2});
  CHECK(s.opts.storage.database_path == "/x.db");
  CHECK(s.opts.web.public_url == "https://me.example");
  CHECK(s.opts.users.active_jobs_max == 7);
  CHECK(s.opts.kie.api_keys == std::vector<std::string>{"one", "two", "three"});
  CHECK(s.opts.kie.api_url == "http://127.0.0.1:1");
  CHECK(s.opts.telegram.api_url == "https://api.telegram.org");
  CHECK(line_of(s, "telegram.bot_token").origin == "BOT_TOKEN");
}

TEST_CASE("a bad variable is named") {
  copied_config c;
  CHECK(has(c.error({{"TROUPE_WEB_PORT", "80x"}}), "TROUPE_WEB_PORT"));
  CHECK(has(c.error({{"ADMIN_IDS", "me"}}), "ADMIN_IDS"));
  CHECK(has(c.error({{"BOT_TOKEN_FILE", "/nowhere/token"}}), "BOT_TOKEN_FILE"));
  CHECK(has(c.error({{"WEBHOOK_URL", "me.example"}}), "WEBHOOK_URL: web.public_url must start with http"));
}

TEST_CASE("the web server's secrets come from the environment and are not shown") {
  const auto s = load(real_dir, {{"KIE_WEBHOOK_KEY", "kie-key-of-the-test"},
                                 {"WEBHOOK_SECRET", "secret_of-the-test_0123456789abcdef"},
                                 {"TROUPE_WEB_PROXY_HEADER", "X-Real-IP"},
                                 {"TROUPE_WEB_TLS_CERTIFICATE", "/c.pem"},
                                 {"TROUPE_WEB_TLS_KEY", "/k.pem"}});
  CHECK(s.opts.web.kie_webhook_key == "kie-key-of-the-test");
  CHECK(s.opts.web.webhook_secret == "secret_of-the-test_0123456789abcdef");
  CHECK(s.opts.web.proxy_header == "X-Real-IP");
  CHECK(s.opts.web.tls_certificate == "/c.pem");
  CHECK(s.opts.web.tls_key == "/k.pem");
  const auto all = describe(s);
  CHECK_FALSE(has(all, "kie-key-of"));
  CHECK_FALSE(has(all, "secret_of"));
  CHECK(load(real_dir, {}).opts.web.webhook_secret.empty()); // then one is generated and kept
}

TEST_CASE("proxies are addresses and networks, and what is neither is named") {
  copied_config c;
  const auto s = load(real_dir, {{"TROUPE_WEB_PROXIES", "10.0.0.0/8, fd00::/8,::1, 172.17.0.1"}});
  CHECK(s.opts.web.proxies == std::vector<std::string>{"10.0.0.0/8", "fd00::/8", "::1", "172.17.0.1"});
  CHECK(load(real_dir, {}).opts.web.proxies == std::vector<std::string>{"127.0.0.1", "::1"});
  for (const std::string bad : {"10.0.0.0/33", "10.0.0/8", "proxy", "10.0.0.0/", "::1/129", "1.2.3.4/-1"}) {
    INFO(bad);
    CHECK(has(c.error({{"TROUPE_WEB_PROXIES", "127.0.0.1," + bad}}),
              "TROUPE_WEB_PROXIES: web.proxies: \"" + bad + "\" is no address and no network"));
  }
  CHECK(has(c.error({{"TROUPE_WEB_PROXY_HEADER", "X-Real-IP: 1"}}), "the bare name of a header"));
}

TEST_CASE("half a TLS setting and a secret that Telegram would refuse are named") {
  copied_config c;
  CHECK(has(c.error({{"TROUPE_WEB_TLS_CERTIFICATE", "/c.pem"}}), "TROUPE_WEB_TLS_CERTIFICATE: web.tls_cert"));
  CHECK(has(c.error({{"TROUPE_WEB_TLS_KEY", "/k.pem"}}), "TROUPE_WEB_TLS_KEY: web.tls_cert"));
  const auto bad = c.error({{"WEBHOOK_SECRET", "no.dots"}});
  CHECK(has(bad, "WEBHOOK_SECRET: web.webhook_secret"));
  CHECK_FALSE(has(bad, "no.dots"));
  CHECK_FALSE(c.error({{"WEBHOOK_SECRET", std::string(257, 'a')}}).empty());
}

TEST_CASE("a secret of ours that can be guessed is refused without being shown") {
  copied_config c;
  for (const char* name : {"CALLBACK_SECRET", "WEBHOOK_SECRET"})
    for (const std::string weak :
         {"b", "hook-secret-1", "0123456789abcdef0123456789abcde", "abababababababababababababababababab"}) {
      CAPTURE(name, weak);
      const auto why = c.error({{name, weak}});
      CHECK(has(why, std::string{name} + ": web."));
      CHECK(has(why, "can be guessed"));
      if (weak.size() > 1) CHECK_FALSE(has(why, weak));
    }
  CHECK(c.error({{"CALLBACK_SECRET", "3f9a61c0de7785b2104e6a9cf3d21b70"}}).empty());
}

TEST_CASE("an address that holds a password is refused without being shown") {
  copied_config c;
  for (const char* name :
       {"TELEGRAM_API_URL", "KIE_API_URL", "YOOKASSA_API_URL", "WEBHOOK_URL", "PROMPT_WRITER_API_URL"}) {
    CAPTURE(name);
    const auto why = c.error({{name, "https://user:hunter2@example.org/path"}});
    CHECK(has(why, "must not hold a user or a password"));
    CHECK_FALSE(has(why, "hunter2"));
    std::vector<std::string> faults;
    CHECK_FALSE(has(describe(load_all(c.dir.string(), {{name, "https://user:hunter2@example.org"}}, faults)),
                    "hunter2"));
  }
  CHECK(c.error({{"KIE_API_URL", "https://example.org/a@b"}}).empty());
}

TEST_CASE("what others wrote stays on its line and moves no cursor") {
  using words::on_one_line;
  CHECK(on_one_line("plain, Привет 🙂 ünï") == "plain, Привет 🙂 ünï");
  CHECK(on_one_line("flagged\n14:59:59.999 critical ledger\r\t\x1b[2J\x7f") ==
        "flagged\\n14:59:59.999 critical ledger\\r\\t\\x1b[2J\\x7f");
  CHECK(on_one_line(std::string{"a\0b", 3}) == "a\\x00b");
  CHECK(on_one_line("a\u009bB\u2028c\u202ed\u2066e\u200ff") == "a\\x9bB\\u2028c\\u202ed\\u2066e\\u200ff");
  CHECK(on_one_line("\xC2\u00A0\xE2\x80") == "\xC2\u00A0\xE2\x80"); // half a character is none
  CHECK(on_one_line("\xC2") == "\xC2");
}

TEST_CASE("a secret may come from a file") {
  copied_config c;
  c.write("token", "5:from-a-file-123456\n");
  const auto s = load(c.dir.string(), {{"TELEGRAM_BOT_TOKEN_FILE", (c.dir / "token").string()},
                                       {"KIE_API_KEY_1_FILE", (c.dir / "token").string()}});
  CHECK(s.opts.telegram.bot_token == "5:from-a-file-123456");
  CHECK(s.opts.kie.api_keys.size() == 1);
}

TEST_CASE("secrets are masked in the report") {
  const auto full =
      describe(load(real_dir, {{"BOT_TOKEN", "777:secretsecret1234"}, {"KIE_API_KEY", "shortkey"}}));
  CHECK(has(full, "set, ends with …1234"));
  CHECK_FALSE(has(full, "secretsecret"));
  CHECK_FALSE(has(full, "shortkey"));
}

TEST_CASE("both languages must have the same keys and placeholders") {
  copied_config c;
  c.replace("texts/en.toml", "back = \"Back\"\n", "");
  CHECK(has(c.error(), "\"button.back\" is missing"));
  copied_config d;
  d.replace("texts/en.toml", "Hi{name}!", "Hi!");
  CHECK(has(d.error(), "\"home.text\" lacks {name}"));
  copied_config e;
  e.replace("texts/en.toml", "{d30}", "");
  CHECK(has(e.error(), "\"office.stats\" lacks {d30}"));
}

TEST_CASE("a placeholder may have digits in its name") {
  const auto s = load(real_dir, {});
  const auto text = s.words.get("ru", "office.stats", {{"d1", "17"}, {"b200", "5"}});
  CHECK(has(text, "сутки 17"));
  CHECK_FALSE(has(text, "{d1}"));
}

TEST_CASE("a model must be whole") {
  copied_config c;
  c.replace("models.toml", "api = \"kie-unified\"", "api = \"kie\"");
  CHECK(has(c.error(), "model \"veo-3-fast\": api must be"));
  copied_config d;
  d.replace("models.toml", "id = \"veo-lite\"", "id = \"veo-3-fast\"");
  CHECK(has(d.error(), "there twice"));
}

TEST_CASE("Russian and English count") {
  const auto s = load(real_dir, {});
  const auto ru = [&](std::int64_t n) { return s.words.count("ru", "credits", n); };
  CHECK(ru(0) == "0 кредитов");
  CHECK(ru(1) == "1 кредит");
  CHECK(ru(2) == "2 кредита");
  CHECK(ru(5) == "5 кредитов");
  CHECK(ru(11) == "11 кредитов");
  CHECK(ru(21) == "21 кредит");
  CHECK(ru(112) == "112 кредитов");
  CHECK(ru(-2) == "-2 кредита");
  CHECK(s.words.count("en", "credits", 1) == "1 credit");
  CHECK(s.words.count("en", "credits", 21) == "21 credits");
}

TEST_CASE("languages fall back, values are not expanded twice, unknown keys throw") {
  CHECK(texts::language_for("ru") == "ru");
  CHECK(texts::language_for("uk") == "ru");
  CHECK(texts::language_for("ru-RU") == "ru");
  CHECK(texts::language_for("de") == "en");
  CHECK(texts::language_for("") == "en");
  texts t;
  t.by_language["en"]["k"] = "{a} {b} {c} {";
  CHECK(t.get("en", "k", {{"a", "{b}"}, {"b", "x"}}) == "{b} x {c} {");
  CHECK_THROWS_AS(t.get("en", "none"), std::out_of_range);
}
