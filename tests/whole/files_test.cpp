// What is fetched is what is sent: real programs in one folder, and results that come spoiled.
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/sandbox_stage.hpp"

namespace {

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::int64_t anna = 7'100'001;

/// A second outside world and a second database, in the folder of the first.
struct two_bots : sandbox_stage {
  two_bots() : sandbox_stage{0} {}
  sandbox_stage& live = *this;
  int second_port = free_port(), second_web = free_port();
  process second_sandbox{
      {TROUPE_BINARY, "sandbox", "--port", std::to_string(second_port), "--generation-ms", "1500"},
      {},
      log()};
  std::string second_base = "http://127.0.0.1:" + std::to_string(second_port);
  std::string second_database() const { return (dir / "sandbox.db").string(); }

  std::map<std::string, std::string> settings(bool second, const std::string& files) {
    const auto& at = second ? second_base : base;
    const auto door = std::to_string(second ? second_web : web);
    return {{"DATABASE_PATH", second ? second_database() : database()},
            {"TELEGRAM_API_URL", at},
            {"KIE_API_URL", at},
            {"KIE_UPLOAD_URL", at},
            {"WEBHOOK_URL", "http://127.0.0.1:" + door},
            {"TROUPE_WEB_PORT", door},
            {"TROUPE_STORAGE_FILES_DIR", files},
            {"TROUPE_STORAGE_KEEP_FILES_H", "1"}};
  }
  /// What that bot's chat shows as a video; "": none yet.
  std::string video_of(const std::string& at) {
    http_request r;
    r.url = at + "/sandbox/chat?user_id=" + std::to_string(anna);
    const auto all = talk(r);
    if (!all.is_array()) return "";
    for (const auto& m : all)
      if (m.contains("video")) {
        http_request f;
        f.url = at + "/sandbox/file/" + m["video"]["file_id"].get<std::string>();
        return http->send(f).body;
      }
    return "";
  }
  void order(const std::string& at, const std::string& words) {
    const auto ask = [&](const std::string& path, const nlohmann::json& body) {
      http_request r;
      r.method = "POST", r.url = at + path, r.body = body.dump();
      return talk(r);
    };
    ask("/sandbox/send", {{"user_id", anna}, {"text", words}});
    REQUIRE(within(30s, [&] {
      http_request r;
      r.url = at + "/sandbox/chat?user_id=" + std::to_string(anna);
      const auto all = talk(r);
      if (!all.is_array()) return false;
      for (auto m = all.rbegin(); m != all.rend(); ++m)
        for (auto& row : m->value("reply_markup", nlohmann::json::object())
                             .value("inline_keyboard", nlohmann::json::array()))
          for (auto& b : row)
            if (b.value("callback_data", "").rfind("run:", 0) == 0) {
              ask("/sandbox/press", {{"user_id", anna},
                                     {"message_id", (*m)["message_id"]},
                                     {"data", b["callback_data"]},
                                     {"wait_ms", 0}});
              return true;
            }
      return false;
    }));
  }
};

/// What the provider there has made for the first order.
std::string made_for(two_bots& world, const std::string& at, const std::string& database) {
  http_request r;
  r.url = at + "/results/" + storage::reader{database}.load_job(1).task_id + ".mp4";
  return world.http->send(r).body;
}

std::string file_of(const std::string& database) {
  storage::reader db{database};
  return db.load_job(1).file_path;
}

} // namespace

TEST_CASE("two engines in one folder keep their files apart: nobody gets somebody else's video") {
  two_bots world;
  auto first = world.engine(world.settings(false, "")), second = world.engine(world.settings(true, ""));
  world.order(world.base, "a cat");
  world.order(world.second_base, "a dog");
  CHECK(within(60s, [&] {
    return !world.video_of(world.base).empty() && !world.video_of(world.second_base).empty();
  }));
  const auto cat = made_for(world, world.base, world.database());
  const auto dog = made_for(world, world.second_base, world.second_database());
  REQUIRE(cat.size() > 1000);
  REQUIRE(cat != dog);
  CHECK((world.video_of(world.base) == cat));
  CHECK((world.video_of(world.second_base) == dog));
  CHECK(first.end(SIGTERM) == 0);
  CHECK(second.end(SIGTERM) == 0);
  const auto one = file_of(world.database()), other = file_of(world.second_database());
  CHECK(fs::path{one}.parent_path() == world.database() + ".files");
  CHECK(fs::path{other}.parent_path() == world.second_database() + ".files");
  CHECK(fs::path{one}.filename() != fs::path{other}.filename());
  CHECK((fs::status(fs::path{one}.parent_path()).permissions() & fs::perms::all) == fs::perms::owner_all);
}

TEST_CASE("two engines that are told the same folder for files: the second does not start, and says why") {
  two_bots world;
  const auto shared = (world.dir / "shared").string();
  auto first = world.engine(world.settings(false, shared));
  REQUIRE(within(20s, [&] { return fs::exists(shared + "/owner"); }));
  std::this_thread::sleep_for(300ms);
  auto second = world.engine(world.settings(true, shared));
  CHECK(second.code_within(20s) == 2);
  CHECK(first.end(SIGTERM) == 0);
}

TEST_CASE("a result that comes as a page or as half a file is fetched again, and paid once") {
  sandbox_stage world{0};
  auto engine = world.engine();
  const std::string fault = GENERATE("[[result:page]]", "[[result:half]]");
  CAPTURE(fault);
  world.say(anna, "a cat " + fault);
  REQUIRE(within(30s, [&] { return world.press(anna, "run:"); }));
  const auto videos = [&] {
    int n = 0;
    for (auto& m : world.chat(anna)) n += m.contains("video");
    return n;
  };
  CHECK(within(60s, [&] { return videos() == 1; }));
  CHECK(within(20s,
               [&] { return storage::reader{world.database()}.load_job(1).state == job_state::completed; }));
  engine.end(SIGTERM);
  storage::reader db{world.database()};
  CHECK(db.load_account(anna).balance == 2);
  CHECK(db.load_job(1).tries == 2);
}
