/// The real program against a world that answers badly: a clear word in the log, nothing lost, it goes on.
#include "net/transport.hpp"
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/process.hpp"
#include <atomic>
#include <deque>
#include <filesystem>
#include <fstream>
#include <httplib.h>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

struct canned {
  int status = 200;
  std::string body, type = "application/json";
};

constexpr auto token = "1000001:secret-of-the-test";
constexpr std::int64_t user = 77;
const std::string outside = "https://bot.example"; // our address there

canned nothing_new() { return {200, R"({"ok":true,"result":[]})"}; }
canned fault(int code, const std::string& words, int retry_after = 0) {
  json j{{"ok", false}, {"error_code", code}, {"description", words}};
  if (retry_after) j["parameters"] = {{"retry_after", retry_after}};
  return {code, j.dump()};
}
canned one_update(const json& u) { return {200, json{{"ok", true}, {"result", {u}}}.dump()}; }
json text(std::int64_t update_id, const std::string& words) {
  json who{{"id", user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}};
  return {{"update_id", update_id},
          {"message",
           {{"message_id", update_id},
            {"date", 1},
            {"text", words},
            {"chat", {{"id", user}, {"type", "private"}}},
            {"from", who}}}};
}
json press(std::int64_t update_id, const std::string& data) {
  auto u = text(update_id, "");
  json message = u["message"];
  message["text"] = "card";
  return {
      {"update_id", update_id},
      {"callback_query",
       {{"id", std::to_string(update_id)}, {"from", message["from"]}, {"message", message}, {"data", data}}}};
}

/// Telegram and kie.ai that say what the test tells them to.
struct world {
  fs::path folder = fs::temp_directory_path() / ("troupe-bad-" + std::to_string(::getpid()));
  httplib::Server server;
  std::mutex mutex;
  std::deque<canned> updates; ///< the next answers of getUpdates; then nothing new
  canned submit{200, R"({"code":200,"data":{"taskId":"t"}})"};
  std::vector<std::pair<std::string, std::string>> said; ///< method, body
  std::atomic<int> submits{0};
  std::string callback; ///< of the last submit
  int port = 0, web = free_port();
  std::thread thread;
  std::unique_ptr<process> engine;

  world() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    server.Post(R"(/bot([^/]+)/(\w+))", [this](const httplib::Request& q, httplib::Response& r) {
      give(r, q.matches[2] == "getUpdates" ? next_updates() : heard(q.matches[2], q.body));
    });
    server.Post("/api/v1/.*", [this](const httplib::Request& q, httplib::Response& r) {
      const std::lock_guard lock(mutex);
      ++submits;
      callback = json::parse(q.body, nullptr, false).value("callBackUrl", "");
      give(r, submit);
    });
    server.Get("/api/v1/.*", [](const httplib::Request&, httplib::Response& r) {
      give(r, {200, R"({"code":200,"data":{"taskId":"t","state":"generating"}})"});
    });
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread{[this] { server.listen_after_bind(); }};
  }
  ~world() {
    engine.reset();
    server.stop();
    thread.join();
    fs::remove_all(folder);
  }

  static void give(httplib::Response& r, const canned& c) {
    r.status = c.status;
    r.set_content(c.body, c.type.c_str());
  }
  canned next_updates() {
    {
      const std::lock_guard lock(mutex);
      if (!updates.empty()) {
        auto next = updates.front();
        updates.pop_front();
        return next;
      }
    }
    std::this_thread::sleep_for(50ms); // a short long poll
    return nothing_new();
  }
  canned heard(const std::string& method, const std::string& body) {
    const std::lock_guard lock(mutex);
    said.emplace_back(method, body);
    return {200, R"({"ok":true,"result":{"message_id":)" + std::to_string(1000 + said.size()) + "}}"};
  }
  void comes(std::initializer_list<canned> list) {
    const std::lock_guard lock(mutex);
    updates.insert(updates.end(), list);
  }
  /// Orders a video. @returns the path that the provider shall call
  std::string callback_of_an_order() {
    const int before = submits;
    comes({one_update(text(1, "a cat")), one_update(press(2, "run:1"))});
    REQUIRE(within(std::chrono::seconds{15}, [&] { return submits > before; }));
    const std::lock_guard lock(mutex);
    REQUIRE(callback.rfind(outside, 0) == 0);
    return callback.substr(outside.size());
  }
  bool told(const std::string& words) {
    const std::lock_guard lock(mutex);
    for (auto& s : said)
      if (s.second.find(words) != s.second.npos) return true;
    return false;
  }
  void start() {
    const auto base = "http://127.0.0.1:" + std::to_string(port);
    engine = std::make_unique<process>(
        std::vector<std::string>{TROUPE_BINARY, "--config", TROUPE_SOURCE_DIR "/config", "serve"},
        std::map<std::string, std::string>{{"BOT_TOKEN", token},
                                           {"KIE_API_KEY", "key-of-the-test"},
                                           {"CALLBACK_SECRET", "callback-of-the-test-0123456789ab"},
                                           {"DATABASE_PATH", database()},
                                           {"TELEGRAM_API_URL", base},
                                           {"KIE_API_URL", base},
                                           {"WEBHOOK_URL", outside},
                                           {"TROUPE_TELEGRAM_WEBHOOK", "false"},
                                           {"TROUPE_STORAGE_FILES_DIR", (folder / "files").string()},
                                           {"TROUPE_WEB_PORT", std::to_string(web)},
                                           {"TROUPE_WEB_HEALTH_POLL_AGE_S", "1"},
                                           {"TROUPE_USERS_WELCOME_CREDITS", "10"}},
        log_file());
  }
  std::string database() const { return (folder / "t.db").string(); }
  std::string log_file() const { return (folder / "log").string(); }
  std::string log() const {
    std::ifstream in{log_file()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  bool logged(const std::string& words) const { return log().find(words) != std::string::npos; }
  http_reply web_call(const std::string& method, const std::string& path,
                      const std::string& body = "") const {
    http_request r;
    r.method = method;
    r.url = "http://127.0.0.1:" + std::to_string(web) + path;
    r.body = body;
    r.time_limit = 5s;
    return make_http_transport()->send(r);
  }
};

} // namespace

TEST_CASE(
    "whatever Telegram answers, the log names it, /health tells the truth and the next update is served") {
  world w;
  json nonsense = json::array(
      {{{"update_id", 11}, {"poll", {{"id", "1"}}}},
       {{"update_id", 12}, {"message", "not an object"}},
       {{"update_id", 13}, {"message", {{"chat", 5}, {"from", {{"id", "x"}}}}}},
       {{"update_id", "fourteen"}},
       {{"update_id", 15}, {"callback_query", {{"id", 1}, {"from", {{"id", user}}}, {"data", 7}}}},
       7});
  // A success between two faults, so that the waiting starts at one second each time.
  w.comes({{200, "{\"ok\":tru"},
           nothing_new(),
           {200, "<html>proxy</html>", "text/html"},
           nothing_new(),
           {502, "<html>bad gateway</html>", "text/html"},
           nothing_new(),
           {200, ""},
           nothing_new(),
           {200, "{\"ok\":true,\"result\":[\"" + std::string(33u << 20, 'x') + "\"]}"},
           nothing_new(),
           {200, json{{"ok", true}, {"result", nonsense}}.dump()},
           nothing_new(),
           {200, R"({"ok":true,"result":{"not":"a list"}})"},
           nothing_new(),
           fault(401, "Unauthorized"),
           nothing_new(),
           fault(429, "Too Many Requests: retry after 1", 1),
           nothing_new(),
           fault(409, "Conflict: terminated by other getUpdates request"),
           one_update(text(20, "/balance"))});
  w.start();
  std::string why;
  CHECK(within(40s, [&] {
    const auto r = w.web_call("GET", "/health");
    if (r.status == 503) why = json::parse(r.body).at("why");
    return why.find("another program polls") != why.npos;
  }));
  storage::reader db{w.database()};
  CHECK(within(20s, [&] {
    const auto work = db.load_open_work();
    return work.next_offset == 21 && work.updates.empty();
  }));
  CHECK(within(20s, [&] { return w.told("credits") && w.web_call("GET", "/health").status == 200; }));
  w.engine->end(SIGTERM);
  CAPTURE(w.log());
  for (auto words :
       {"no updates", "Unauthorized", "Too Many Requests", "Conflict", "another program polls"}) {
    CAPTURE(words);
    CHECK(w.logged(words));
  }
  for (auto secret : {"secret-of-the-test", "key-of-the-test", "callback-of-the-test-0123456789ab"})
    CHECK_FALSE(w.logged(secret));
  CHECK(db.audit().faults.empty());
}

TEST_CASE("whatever the provider answers to an order, the credits are either at work or back") {
  const auto bad =
      GENERATE(canned{200, "<html>proxy</html>", "text/html"}, canned{200, "{\"code\":2"},
               canned{200, R"({"code":500,"msg":"Server Error"})"}, canned{200, R"({"code":"x","data":7})"},
               canned{200, std::string(9u << 20, 'x')}, canned{200, R"({"code":422,"msg":"bad prompt"})"});
  world w;
  w.submit = bad;
  w.comes({one_update(text(1, "a cat")), one_update(press(2, "run:1"))});
  w.start();
  REQUIRE(within(15s, [&] { return w.submits == 1; }));
  storage::reader db{w.database()};
  CHECK(within(10s, [&] {
    const auto s = db.load_job(1).state;
    return s == job_state::unknown || s == job_state::failed || s == job_state::pending;
  }));
  const auto state = db.load_job(1).state;
  CHECK(db.load_account(user).held + db.load_account(user).balance == 10);
  CHECK((db.load_account(user).held == 0) == (state == job_state::failed));
  w.comes({one_update(text(3, "/balance"))});
  CHECK(within(10s, [&] { return db.load_open_work().updates.empty() && w.told("credits"); }));
  w.engine->end(SIGTERM);
  CHECK(w.submits == 1);
  CHECK(db.audit().faults.empty());
}

TEST_CASE("whatever comes to the engine's own port, it answers with an error and goes on") {
  world w;
  w.start();
  REQUIRE(within(10s, [&] { return w.web_call("GET", "/health").status == 200; }));
  const auto good = w.callback_of_an_order();
  CHECK(w.web_call("GET", "/admin").status == 404);
  CHECK(w.web_call("POST", "/nothing", "x").status == 404);
  CHECK(w.web_call("GET", "/../../etc/passwd").status == 404);
  CHECK(w.web_call("POST", good.substr(0, good.size() - 1) + "0", "{}").status == 404);
  CHECK(w.web_call("POST", "/kie/callback/99999999999999999999/1/" + std::string(64, 'a'), "{}").status ==
        404);
  CHECK(w.web_call("POST", good, std::string(2u << 20, 'x')).status == 413);
  for (auto body : {"", "{", "[]", "7", R"({"data":7})", R"({"data":{"taskId":[]}})", "\xff\xfe"})
    CHECK(w.web_call("POST", good, body).status == 200); // only a wake-up
  CHECK(w.web_call("GET", "/health").status == 200);
}

TEST_CASE("an address that one database gave out is nothing on another, though bot and secret are the same") {
  world w;
  w.start();
  const auto first = w.callback_of_an_order();
  CHECK(within(10s, [&] { return w.web_call("POST", first, "{}").status == 200; }));
  w.engine->end(SIGTERM);
  for (auto& file : fs::directory_iterator{w.folder}) fs::remove_all(file);
  w.start();
  const auto second = w.callback_of_an_order(); // also of a job 1
  CHECK(second.substr(0, 16) == first.substr(0, 16));
  CHECK(w.web_call("POST", first, R"({"data":{"taskId":"foreign"}})").status == 404);
  CHECK(within(10s, [&] { return w.web_call("POST", second, "{}").status == 200; }));
}

TEST_CASE("an engine whose port is taken, or whose certificate cannot be read, says so and ends in order") {
  const auto dir = std::filesystem::temp_directory_path() / ("troupe-port-" + std::to_string(getpid()));
  std::filesystem::create_directories(dir);
  const auto log = (dir / "log").string();
  httplib::Server holder;
  const int taken = holder.bind_to_any_port("127.0.0.1");
  std::map<std::string, std::string> env{{"BOT_TOKEN", "1:T"},
                                         {"KIE_API_KEY", "K"},
                                         {"TELEGRAM_API_URL", "http://127.0.0.1:9"},
                                         {"DATABASE_PATH", (dir / "troupe.db").string()},
                                         {"TROUPE_STORAGE_FILES_DIR", dir.string()},
                                         {"TROUPE_WEB_PORT", std::to_string(taken)}};
  const auto ends = [&](const std::string& words) {
    for (int i = 0; i < 5; ++i) { // it ends while its cast is being born
      std::filesystem::remove(log);
      process engine{
          {TROUPE_BINARY, "--config", std::string{TROUPE_SOURCE_DIR} + "/config", "serve"}, env, log};
      CHECK(engine.code_within(std::chrono::seconds{20}) == 2);
      std::ifstream in{log};
      const std::string said{std::istreambuf_iterator<char>{in}, {}};
      CAPTURE(said);
      CHECK(said.find(words) != said.npos);
    }
  };
  ends("cannot listen on 127.0.0.1:" + std::to_string(taken));
  env["TROUPE_WEB_PORT"] = std::to_string(free_port());
  env["TROUPE_WEB_TLS_CERTIFICATE"] = env["TROUPE_WEB_TLS_KEY"] = (dir / "missing.pem").string();
  ends("cannot use the certificate");
  std::filesystem::remove_all(dir);
}
