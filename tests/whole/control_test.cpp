// The sandbox that keeps an engine: what a person at the panels does and sees.
#include "tests/whole/sandbox_stage.hpp"
#include <fstream>

using namespace troupe::test;
using nlohmann::json;
using std::chrono::seconds;

namespace {

constexpr std::int64_t anna = 515151515;

/// One program: the outside world, and an engine as its child.
struct kept_engine {
  std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("troupe-control-" + std::to_string(getpid()));
  int port = free_port(), web = free_port();
  std::string base = "http://127.0.0.1:" + std::to_string(port);
  std::unique_ptr<troupe::transport> http = troupe::make_http_transport();
  process sandbox;

  explicit kept_engine(const std::map<std::string, std::string>& with = {}) : sandbox{begin(with)} {}
  ~kept_engine() {
    sandbox.end(SIGTERM); // as Ctrl-C: the engine goes with it
    std::filesystem::remove_all(dir);
  }

  process begin(std::map<std::string, std::string> with) const {
    std::filesystem::remove_all(dir);
    std::filesystem::create_directories(dir);
    const auto own = "http://127.0.0.1:" + std::to_string(web);
    with.insert({{"BOT_TOKEN", "1000001:sandbox"},
                 {"KIE_API_KEY", "sandbox"},
                 {"DATABASE_PATH", (dir / "troupe.db").string()},
                 {"TELEGRAM_API_URL", base},
                 {"KIE_API_URL", base},
                 {"KIE_UPLOAD_URL", base},
                 {"WEBHOOK_URL", own},
                 {"TROUPE_TELEGRAM_WEBHOOK", "false"},
                 {"TROUPE_WEB_PORT", std::to_string(web)},
                 {"TROUPE_STORAGE_FILES_DIR", (dir / "files").string()},
                 {"TROUPE_USERS_WELCOME_CREDITS", "3"},
                 {"TROUPE_KIE_FIRST_POLL_S", "1"},
                 {"TROUPE_KIE_POLL_EVERY_S", "1"}});
    return {{TROUPE_BINARY, "--config", std::string{TROUPE_SOURCE_DIR} + "/config", "sandbox", "--engine",
             "--port", std::to_string(port), "--generation-ms", "60000"},
            with,
            (dir / "log").string()};
  }
  json talk(const std::string& path, const json& body = nullptr) {
    troupe::http_request r;
    r.url = base + path;
    r.time_limit = seconds{30};
    if (!body.is_null()) r.method = "POST", r.body = body.dump();
    auto told = json::parse(http->send(r).body, nullptr, false);
    return told.is_discarded() ? json::object() : told;
  }
  json engine() { return talk("/sandbox/engine"); }
  json order(const std::string& what) { return talk("/sandbox/engine", {{"do", what}}); }
  bool runs() {
    return within(seconds{20}, [&] { return engine().value("running", false); });
  }
  void say(const std::string& text) { talk("/sandbox/send", {{"user_id", anna}, {"text", text}}); }
  std::size_t said() { return talk("/sandbox/chat?user_id=" + std::to_string(anna)).size(); }
  bool press(const std::string& data) {
    const auto chat = talk("/sandbox/chat?user_id=" + std::to_string(anna));
    for (auto m = chat.rbegin(); m != chat.rend(); ++m)
      for (auto& row : m->value("reply_markup", json::object()).value("inline_keyboard", json::array()))
        for (auto& b : row)
          if (b.value("callback_data", "").rfind(data, 0) == 0) {
            talk("/sandbox/press", {{"user_id", anna},
                                    {"message_id", (*m)["message_id"]},
                                    {"data", b["callback_data"]},
                                    {"wait_ms", 0}});
            return true;
          }
    return false;
  }
  /// A video is ordered: the card is there, and its button pressed.
  bool orders() {
    say("/start");
    say("a cat on the moon");
    return within(seconds{20}, [&] { return press("run:"); });
  }
  json panel() { return talk("/sandbox/operator"); }
};

/// Gone, or only waiting for whoever inherited it.
bool is_dead(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string number, name, state;
  stat >> number >> name >> state;
  return state.empty() || state == "Z";
}

} // namespace

TEST_CASE("a sandbox's engine is killed, started again and goes on") {
  kept_engine s;
  REQUIRE(s.runs());
  const auto first = s.engine();
  CHECK(first["controlled"] == true);
  CHECK(first["starts"] == 1);
  s.say("/start");
  REQUIRE(within(seconds{20}, [&] { return s.said() > 1; }));

  const auto dead = s.order("kill");
  CHECK(dead["running"] == false);
  CHECK(dead["exit"].get<std::string>().find("signal 9") != std::string::npos);
  CHECK(s.engine()["starts"] == 1); // a crash is to be seen: nobody starts it again
  const auto before = s.said();
  s.say("/start");
  CHECK(s.said() == before + 1);

  const auto again = s.order("start");
  CHECK(again["running"] == true);
  CHECK(again["starts"] == 2);
  CHECK(again["exit"] == "");
  CHECK(again["pid"] != first["pid"]);
  CHECK(within(seconds{20}, [&] { return s.said() > before + 1; })); // what was said meanwhile is answered

  const auto anew = s.order("restart");
  CHECK(anew["running"] == true);
  CHECK(anew["starts"] == 3);
  CHECK(s.order("start")["starts"] == 3); // it runs already
  const auto stopped = s.order("stop");
  CHECK(stopped["running"] == false);
  CHECK(stopped["pid"] == 0);
  CHECK(s.order("fly")["error"] == "do: must be stop, kill, start or restart");
}

TEST_CASE("the operator's panel shows a job, its hold and the engine after an order") {
  kept_engine s;
  REQUIRE(s.runs());
  REQUIRE(s.orders());
  REQUIRE(within(seconds{20}, [&] { return s.panel()["jobs"].size() == 1; }));
  REQUIRE(within(seconds{20}, [&] { return s.panel()["jobs"][0]["state"] == "processing"; }));
  const auto p = s.panel();
  CHECK(p["available"] == true);
  CHECK(p["why"] == "");
  const auto job = p["jobs"][0];
  CHECK(job["user_id"] == anna);
  CHECK_FALSE(job["model"] == "");
  CHECK(job["updated_at"] >= job["created_at"]);
  const auto hold = p["ledger"][0];
  CHECK(hold["kind"] == "hold");
  CHECK(hold["user_id"] == anna);
  CHECK(hold["amount"] == -job["price"].get<int>());
  const auto gift = p["ledger"].back();
  CHECK(gift["kind"] == "bonus");
  CHECK(gift["balance"] == gift["amount"]);
  CHECK(hold["balance"] == gift["balance"].get<int>() + hold["amount"].get<int>());
  REQUIRE(p["queue"].size() == 1);
  CHECK(p["queue"][0] == json{{"model", job["model"]}, {"waiting", 0}, {"running", 1}});
  CHECK(p["lanes"].size() == 8);
  CHECK(p["lanes"][0] == json{{"name", "answer"}, {"waiting", 0}});
  CHECK(p["engine"]["ok"] == true);

  // The last minute of the generation goes by in a second, and then the credits are taken.
  s.talk("/sandbox/speed", {{"times", 60}});
  REQUIRE(within(seconds{40}, [&] { return s.panel()["jobs"][0]["state"] == "completed"; }));
  const auto end = s.panel();
  CHECK(end["jobs"][0]["outcome"] == "delivered");
  CHECK(end["ledger"][0]["kind"] == "capture");
  CHECK_FALSE(end["ledger"][0].contains("balance")); // what is set aside was not free any more
  CHECK(end["queue"].empty());

  s.order("kill");
  const auto dead = s.panel();
  CHECK(dead["available"] == true); // the file tells, whoever has written it
  CHECK(dead["engine"].empty());
  CHECK(dead["why"].get<std::string>().find("does not answer") != std::string::npos);
}

TEST_CASE("the engine ends with its sandbox") {
  auto s = std::make_unique<kept_engine>();
  REQUIRE(s->runs());
  const auto pid = s->engine()["pid"].get<pid_t>();
  REQUIRE_FALSE(is_dead(pid));
  CHECK(s->sandbox.end(SIGTERM) == 0);
  CHECK(is_dead(pid));
}

TEST_CASE("a killed sandbox leaves no engine behind") {
  kept_engine s;
  REQUIRE(s.runs());
  const auto pid = s.engine()["pid"].get<pid_t>();
  s.sandbox.end(SIGKILL);
  CHECK(within(seconds{20}, [&] { return is_dead(pid); }));
}

TEST_CASE("an engine that cannot start ends its sandbox with its own exit code") {
  kept_engine s{{{"TELEGRAM_API_URL", "http://127.0.0.1:1"}, {"BOT_TOKEN", ""}}};
  CHECK(s.sandbox.code_within(seconds{20}) == 2);
}

TEST_CASE("a sandbox without an engine says so and starts none") {
  sandbox_stage s;
  CHECK(s.get("/sandbox/engine") ==
        json{{"controlled", false}, {"running", false}, {"pid", 0}, {"starts", 0}, {"exit", ""}});
  CHECK(s.post("/sandbox/engine", {{"do", "start"}}).is_null()); // refused
  const auto p = s.get("/sandbox/operator");
  CHECK(p["available"] == false);
  CHECK(p["why"] == "no database was named: troupe sandbox --database FILE");
}
