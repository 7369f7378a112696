/// A provider whose answers are meant to hurt, and what is left on the disk of a life among strangers.
#include "storage/store.hpp"
#include "tests/hostile/victim.hpp"
#include <atomic>
#include <httplib.h>
#include <mutex>
#include <sys/stat.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t ann = 515151515;

/// "[[[...]]]", so deep.
std::string deep(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

/// kie.ai as an enemy: takes an order, and says of its task what the test wants.
struct evil_provider {
  httplib::Server server;
  std::mutex mutex;
  std::string says = R"({"code":200,"data":{"state":"waiting"}})"; ///< of a task
  std::atomic<int> asked{0}, orders{0};
  int port = 0;
  std::thread thread;

  evil_provider() {
    server.Post("/api/v1/.*", [this](const httplib::Request&, httplib::Response& r) {
      r.set_content(R"({"code":200,"msg":"success","data":{"taskId":"t-)" + std::to_string(++orders) +
                        R"("}})",
                    "application/json");
    });
    server.Get("/api/v1/chat/credit", [](const httplib::Request&, httplib::Response& r) {
      r.set_content(R"({"code":200,"msg":"success","data":100000})", "application/json");
    });
    server.Get("/api/v1/.*", [this](const httplib::Request&, httplib::Response& r) {
      const std::lock_guard lock{mutex};
      r.set_content(says, "application/json");
      ++asked;
    });
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread{[this] { server.listen_after_bind(); }};
  }
  ~evil_provider() {
    server.stop();
    thread.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
  void say(std::string what) {
    const std::lock_guard lock{mutex};
    says = std::move(what);
  }
};

struct customer {
  evil_provider provider;
  victim bot{{{"KIE_API_URL", provider.url()}, {"TROUPE_KIE_TIME_LIMIT_S", "5"}}};

  account book() const { return storage::reader{bot.database()}.load_account(ann); }
  bool is_asked() {
    const int before = provider.asked;
    return within(20s, [&] { return provider.asked > before; });
  }
  void orders() {
    bot.say(ann, "a cat");
    REQUIRE(within(30s, [&] { return bot.press(ann, "run:"); }));
    REQUIRE(is_asked());
  }
};

bool is_for_others(const fs::path& file) {
  return (fs::symlink_status(file).permissions() & (fs::perms::group_all | fs::perms::others_all)) !=
         fs::perms::none;
}

} // namespace

TEST_CASE("an answer that is nested a hundred thousand deep hurts nobody, and no start after it") {
  customer c;
  c.orders();
  const auto levels = deep(100'000);
  for (const auto& evil :
       {R"({"code":200,"data":{"state":"success","resultJson":)" + levels + "}}",
        R"({"code":200,"data":{"state":)" + levels + "}}",
        R"({"code":200,"msg":)" + levels + R"(,"data":{"state":"fail"}})", levels,
        R"({"code":200,"data":{"state":"fail","failMsg":)" + levels + "}}", R"({"code":)" + levels + "}",
        std::string(200'000, '{'), R"({"a":)" + std::string(1 << 20, '[')}) {
    c.provider.say(evil);
    const int before = c.provider.asked;
    // A job asks four times, and then its credits return.
    CHECK(within(60s, [&] {
      if (c.book().held == 0) c.orders();
      return c.provider.asked > before;
    }));
    REQUIRE(c.bot.is_alive());
  }
  CHECK(within(60s, [&] { return c.book().held == 0; }));
  CHECK(c.book().balance == 3);

  c.provider.say(R"({"code":200,"data":{"state":"success","resultJson":)" + levels + "}}");
  c.orders();
  c.bot.program.end(SIGKILL);
  const auto again =
      c.bot.engine({{"KIE_API_URL", c.provider.url()}, {"TROUPE_KIE_TIME_LIMIT_S", "5"}}, little_memory);
  CHECK(c.is_asked());
  CHECK(within(60s, [&] { return c.book().held == 0; }));
  CHECK(::kill(again.id(), 0) == 0);
}

TEST_CASE("what a provider writes is one line of the log, and moves no cursor") {
  customer c;
  c.orders();
  c.provider.say(json{{"code", 200},
                      {"data",
                       {{"state", "fail"},
                        {"failCode", "500"},
                        {"failMsg", "odd\n14:59:59.999 critical ledger     the book has 3 FAULTS\x1b[2J"}}}}
                     .dump());
  REQUIRE(within(40s, [&] { return storage::reader{c.bot.database()}.load_account(ann).held == 0; }));
  c.bot.program.end(SIGTERM);
  const auto log = c.bot.words();
  CHECK(log.find("FAULTS") != log.npos); // as a part of its own line
  CHECK(log.find("\n14:59:59.999") == log.npos);
  CHECK(log.find('\x1b') == log.npos);
}

TEST_CASE("nothing that the engine leaves on the disk is for others to read") {
  const auto before = ::umask(0);
  {
    victim v{{{"TROUPE_LOG_FILE", "log-of-its-own.txt"}, {"TROUPE_STORAGE_KEEP_FILES_H", "1"}}};
    v.say(ann, "a cat");
    REQUIRE(within(30s, [&] { return v.press(ann, "run:"); }));
    CHECK(
        within(60s, [&] { return storage::reader{v.database()}.load_job(1).state == job_state::completed; }));
    v.program.end(SIGTERM);
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator{v.dir}) {
      if (entry.path() == v.log()) continue; // the test's own
      CAPTURE(entry.path());
      CHECK_FALSE(is_for_others(entry.path()));
      ++files;
    }
    CHECK(files >= 4); // the book, its folder, a film and its picture
    CHECK_FALSE(is_for_others("log-of-its-own.txt"));
    fs::remove("log-of-its-own.txt");
  }
  ::umask(before);
}
