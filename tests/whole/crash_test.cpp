// The promise of the whole: kill the engine whenever you like, nothing is lost, doubled or invented.
// Real processes, real HTTP: `troupe sandbox` and `troupe serve`, ten times kill -9.
#include "net/transport.hpp"
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/process.hpp"
#include <atomic>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

namespace {

using namespace troupe;
using nlohmann::json;
using troupe::test::process;
using troupe::test::within;
namespace fs = std::filesystem;

/// The outside world and an engine on a fresh database, both on ports of their own.
struct stage {
  fs::path dir = fs::temp_directory_path() / ("troupe-crash-" + std::to_string(getpid()));
  int port = test::free_port(), web = test::free_port();
  std::string base = "http://127.0.0.1:" + std::to_string(port);
  std::unique_ptr<transport> http = make_http_transport();
  process sandbox;

  stage() : sandbox{make_dir()} {
    REQUIRE(within(std::chrono::seconds{10}, [&] { return !get("/sandbox/stats").is_null(); }));
  }
  ~stage() { fs::remove_all(dir); }

  process make_dir() {
    fs::remove_all(dir);
    fs::create_directories(dir);
    return {{TROUPE_BINARY, "sandbox", "--port", std::to_string(port), "--generation-ms", "1500",
             "--fail-percent", "20"},
            {},
            log()};
  }
  process engine() const {
    return {{TROUPE_BINARY, "--config", std::string{TROUPE_SOURCE_DIR} + "/config", "serve"},
            {{"BOT_TOKEN", "1000001:sandbox"},
             {"KIE_API_KEY", "sandbox"},
             {"DATABASE_PATH", database()},
             {"TELEGRAM_API_URL", base},
             {"KIE_API_URL", base},
             {"KIE_UPLOAD_URL", base},
             {"WEBHOOK_URL", "http://127.0.0.1:" + std::to_string(web)},
             {"TROUPE_WEB_PORT", std::to_string(web)},
             {"TROUPE_STORAGE_FILES_DIR", (dir / "files").string()},
             {"TROUPE_USERS_WELCOME_CREDITS", "3"},
             {"TROUPE_KIE_FIRST_POLL_S", "1"},
             {"TROUPE_KIE_POLL_EVERY_S", "1"},
             {"TROUPE_KIE_TIME_LIMIT_S", "25"},
             {"TROUPE_KIE_LATE_WATCH_H", "0"}},
            log()};
  }
  std::string database() const { return (dir / "troupe.db").string(); }
  std::string log() const { return (dir / "log").string(); }

  json talk(http_request r) {
    r.time_limit = std::chrono::seconds{10};
    auto reply = http->send(r);
    return reply.status == 200 ? json::parse(reply.body, nullptr, false) : json{};
  }
  json get(const std::string& path) {
    http_request r;
    r.url = base + path;
    return talk(std::move(r));
  }
  json post(const std::string& path, const json& body) {
    http_request r;
    r.method = "POST";
    r.url = base + path;
    r.body = body.dump();
    return talk(std::move(r));
  }
  /// Presses the newest button whose data starts with `data`; false when there is none yet.
  bool press(std::int64_t user, const std::string& data) {
    auto chat = get("/sandbox/chat?user_id=" + std::to_string(user));
    if (!chat.is_array()) return false;
    for (auto m = chat.rbegin(); m != chat.rend(); ++m)
      for (auto& row : m->value("reply_markup", json::object()).value("inline_keyboard", json::array()))
        for (auto& b : row)
          if (b.value("callback_data", "").rfind(data, 0) == 0) {
            post("/sandbox/press", {{"user_id", user},
                                    {"message_id", (*m)["message_id"]},
                                    {"data", b["callback_data"]},
                                    {"wait_ms", 0}});
            return true;
          }
    return false;
  }
};

constexpr std::int64_t first_user = 7'000'001;
constexpr int users = 50, kills = 10;

} // namespace

TEST_CASE("fifty users order while the engine is killed ten times: each gets the video or the credit, once") {
  stage world;
  auto engine = std::make_unique<process>(world.engine());
  std::atomic<bool> finished{false};

  std::thread audience{[&] { // each says what he wants and presses "run" when the card appears; twice, as
                             // people do
    stage* w = &world;
    std::vector<int> todo(users, 0);
    for (int i = 0; i < users; ++i)
      w->post("/sandbox/send", {{"user_id", first_user + i}, {"text", "a cat number " + std::to_string(i)}});
    for (int left = users; left > 0 && !finished;) {
      for (int i = 0; i < users; ++i)
        if (todo[static_cast<std::size_t>(i)] == 0 && w->press(first_user + i, "run:")) {
          w->press(first_user + i, "run:");
          todo[static_cast<std::size_t>(i)] = 1;
          --left;
        }
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  }};
  std::mt19937 rng{20261125};
  for (int k = 0; k < kills; ++k) {
    std::this_thread::sleep_for(std::chrono::milliseconds{300 + rng() % 900});
    engine->end(SIGKILL);
    engine = std::make_unique<process>(world.engine());
  }

  auto all_settled = [&] {
    try {
      storage::reader db{world.database()};
      for (int i = 0; i < users; ++i) {
        auto jobs = db.jobs_of(first_user + i, 0, 10);
        if (jobs.size() != 1) return false;
        if (jobs[0].state != job_state::completed && jobs[0].state != job_state::failed) return false;
      }
      return true;
    } catch (const storage::store_error&) {
      return false;
    }
  };
  bool settled = within(std::chrono::seconds{90}, all_settled);
  finished = true;
  audience.join();
  engine->end(SIGTERM);
  CHECK(settled);

  storage::reader db{world.database()};
  auto report = db.audit();
  CHECK(report.faults == std::vector<std::string>{});
  CHECK(report.open_jobs == 0);
  int delivered = 0, failed = 0;
  for (int i = 0; i < users; ++i) {
    auto user = first_user + i;
    CAPTURE(user);
    auto jobs = db.jobs_of(user, 0, 10);
    REQUIRE(jobs.size() == 1); // two presses made one order
    auto who = db.load_account(user);
    CHECK(who.held == 0);
    int videos = 0;
    for (auto& m : world.get("/sandbox/chat?user_id=" + std::to_string(user))) videos += m.contains("video");
    if (jobs[0].state == job_state::completed) {
      ++delivered;
      CHECK(who.balance == 2);
      CHECK(videos >= 1); // an acknowledgement lost in the crash may bring it again, never not at all
    } else {
      ++failed;
      CHECK(who.balance == 3);
      CHECK(videos == 0);
    }
  }
  const auto stats = world.get("/sandbox/stats");
  for (auto& [job, creates] : stats.at("creates").items()) {
    CAPTURE(job);
    CHECK(creates == 1); // never submitted twice
  }
  WARN(delivered << " delivered, " << failed << " failed and refunded, " << kills << " kills");
  CHECK(delivered > 0);
  CHECK(failed > 0);
  if (!settled) WARN("log of the engine: " << world.log());
}

TEST_CASE("a second engine on the same database is refused with a sentence that says why") {
  stage world;
  auto first = world.engine();
  REQUIRE(within(std::chrono::seconds{10}, [&] { return fs::exists(world.database()); }));
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  auto second = world.engine();
  int status = 0;
  REQUIRE(within(std::chrono::seconds{10}, [&] { return (status = second.end(0)) != 0; }));
  CHECK(WEXITSTATUS(status) == 2);
  CHECK(first.end(SIGTERM) == 0); // and the first one stops cleanly
}
