/// The disk of the real engine is full (it may not let a file grow): nothing is sold, everybody is told, and
/// when there is room again it goes on by itself.
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include <fstream>
#include <iterator>
#include <sys/resource.h>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t ann = 7'100'001, bob = 7'100'002;

struct halting : sandbox_stage {
  process running = engine();

  halting() : sandbox_stage{0} {
    post("/sandbox/users", {{"id", ann}, {"first_name", "Ann"}, {"language_code", "en"}});
    post("/sandbox/users", {{"id", bob}, {"first_name", "Bob"}, {"language_code", "ru"}});
  }

  /// From outside, while it runs: a full disk to SQLite.
  void files_may_grow_to(rlim_t bytes) {
    rlimit now{};
    REQUIRE(::prlimit(running.id(), RLIMIT_FSIZE, nullptr, &now) == 0);
    now.rlim_cur = bytes;
    REQUIRE(::prlimit(running.id(), RLIMIT_FSIZE, &now, nullptr) == 0);
  }
  http_reply health() {
    http_request r;
    r.url = "http://127.0.0.1:" + std::to_string(web) + "/health";
    r.time_limit = 5s;
    return http->send(r);
  }
  void says(std::int64_t user, const std::string& words) {
    post("/sandbox/send", {{"user_id", user}, {"text", words}});
  }
  int heard(std::int64_t user, const std::string& words) {
    int times = 0;
    for (auto& m : get("/sandbox/chat?user_id=" + std::to_string(user)))
      times += m.dump().find(words) != std::string::npos;
    return times;
  }
  int videos(std::int64_t user) {
    int n = 0;
    for (auto& m : get("/sandbox/chat?user_id=" + std::to_string(user))) n += m.contains("video");
    return n;
  }
  std::string logged() const {
    std::ifstream in{log()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  bool has_logged(const std::string& words) const { return logged().find(words) != std::string::npos; }
};

} // namespace

TEST_CASE("a full disk sells nothing, says so to users and to /health, and loses nothing when it has room") {
  halting w;
  const std::string to_ann = "Nothing was charged", to_bob = "Ничего не списано";
  REQUIRE(within(20s, [&] { return w.health().status == 200; }));
  w.says(ann, "a cat on the roof");
  REQUIRE(within(20s, [&] { return w.heard(ann, "run:") > 0; }));
  // All is quiet when nothing waits to be stored: then every further batch needs room.
  storage::reader db{w.database()};
  REQUIRE(within(20s, [&] {
    const auto work = db.load_open_work();
    return work.updates.empty() && work.messages.empty();
  }));
  const auto wal = std::filesystem::file_size(w.database() + "-wal");
  REQUIRE(std::filesystem::file_size(w.log()) < wal); // the log is a file too

  w.files_may_grow_to(wal);
  REQUIRE(w.press(ann, "run:"));
  CAPTURE(w.logged());
  CHECK(within(20s, [&] { return w.heard(ann, to_ann) == 1; }));
  w.says(bob, "/balance");
  CHECK(within(40s, [&] { return w.heard(bob, to_bob) == 1; }));
  const auto ill = w.health();
  CHECK(ill.status == 503);
  CHECK(json::parse(ill.body).at("why").get<std::string>().rfind("the database cannot be written: ", 0) == 0);
  CHECK(w.heard(ann, to_ann) == 1); // however often it was tried since
  CHECK(db.jobs(false, 10).empty());
  CHECK(db.load_account(ann).balance == 3);
  CHECK_FALSE(db.load_account(bob).registered);

  w.files_may_grow_to(RLIM_INFINITY);
  CHECK(within(60s, [&] { return w.health().status == 200; }));
  CHECK(within(60s, [&] { return w.videos(ann) == 1 && w.heard(bob, "Ваш баланс") == 1; }));
  CHECK(within(20s, [&] {
    const auto work = db.load_open_work();
    return work.updates.empty() && work.messages.empty() && work.jobs.empty();
  }));
  CHECK(w.has_logged("could not be stored"));
  CHECK(w.has_logged("the database can be written again"));
  CHECK(w.running.end(SIGTERM) == 0);
  CHECK(db.audit().faults == std::vector<std::string>{});
  CHECK(db.jobs(false, 10).size() == 1); // one press, one order, however often it was tried
  CHECK(db.load_account(ann).balance == 2);
  CHECK(db.load_account(bob).balance == 3);
  CHECK(w.heard(ann, to_ann) == 1);
  CHECK(w.heard(bob, to_bob) == 1);
}
