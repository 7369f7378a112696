/// What the intake survives, seen from outside: the real program, over real HTTP.
#include "storage/store.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <fstream>
#include <iterator>

using namespace troupe::test;
using nlohmann::json;
using std::chrono::seconds;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t anna = 515151515;

struct health {
  int status = 0;
  json body;
};

struct intake_stage : sandbox_stage {
  intake_stage() : sandbox_stage{0} {}
  health ask() const {
    troupe::http_request r;
    r.url = "http://127.0.0.1:" + std::to_string(web) + "/health";
    r.time_limit = seconds{5};
    const auto reply = http->send(r);
    return {reply.status, json::parse(reply.body, nullptr, false)};
  }
  bool turns(int status, seconds limit) const {
    return within(limit, [&] { return ask().status == status; });
  }
  bool has_logged(const std::string& words) const {
    std::ifstream in{log()};
    const std::string all{std::istreambuf_iterator<char>{in}, {}};
    return all.find(words) != std::string::npos;
  }
  /// What the bot has said to her so far.
  std::size_t answers(std::int64_t who = anna) {
    const auto all = chat(who);
    return std::count_if(all.begin(), all.end(), [](auto& m) { return m["from"].value("is_bot", false); });
  }
  bool is_answered(const std::string& words) {
    const auto before = answers();
    say(anna, words);
    return within(seconds{20}, [&] { return answers() > before; });
  }
};

std::string bytes_of(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("when Telegram's numbers begin anew lower, everybody is answered and nothing spins") {
  intake_stage w;
  w.post("/sandbox/settings", {{"next_update_id", 700000001}});
  const auto engine = w.engine();
  REQUIRE(w.is_answered("/start"));
  w.post("/sandbox/settings", {{"next_update_id", 117314199}});
  CHECK(w.is_answered("/help"));
  CHECK(w.is_answered("/balance"));
  CHECK(w.ask().status == 200);
  const auto calls = w.get("/sandbox/stats").at("calls");
  CAPTURE(calls.dump());
  CHECK(calls.value("getUpdates", 0) > 3);
  CHECK(calls.value("getUpdates", 0) < 60); // it spun with thousands a second
}

TEST_CASE("a webhook whose posts all end in 404 turns the health red with Telegram's own words") {
  intake_stage w;
  const auto engine = w.engine({{"TROUPE_TELEGRAM_WEBHOOK", "true"},
                                {"WEBHOOK_URL", "http://127.0.0.1:" + std::to_string(w.web) + "/nowhere"}});
  REQUIRE(w.turns(200, seconds{10}));
  w.say(anna, "/start");
  REQUIRE(w.turns(503, seconds{60}));
  const auto why = w.ask().body.value("why", "");
  CAPTURE(why);
  CHECK(why.find("404") != std::string::npos);
}

TEST_CASE("another bot's token on the same database is said, and its updates are all handled") {
  intake_stage w;
  {
    auto engine = w.engine();
    REQUIRE(w.is_answered("/start"));
    engine.end(SIGTERM);
  }
  const int second_port = free_port();
  const auto second = "http://127.0.0.1:" + std::to_string(second_port);
  const process telegram{
      {TROUPE_BINARY, "sandbox", "--port", std::to_string(second_port), "--token", "2000002:other"},
      {},
      w.log()};
  const auto engine =
      w.engine({{"BOT_TOKEN", "2000002:other"}, {"TELEGRAM_API_URL", second}, {"KIE_API_URL", second}});
  const auto first = std::exchange(w.base, second); // Anna talks to the other bot, whose numbers are the same
  REQUIRE(within(seconds{10}, [&] { return !w.get("/sandbox/stats").is_null(); }));
  CHECK(w.is_answered("/start"));
  CHECK(w.is_answered("/balance"));
  CHECK(w.has_logged("another bot than before"));
  w.base = first; // which tells at the end what was wrong
}

TEST_CASE(
    "a mistyped DATABASE_PATH begins no book: the missing folder is named, and a new file is announced") {
  intake_stage w;
  auto mistyped = w.engine({{"DATABASE_PATH", (w.dir / "mistyped" / "troupe.db").string()}});
  CHECK(mistyped.code_within(seconds{20}) == 2);
  CHECK(w.has_logged((w.dir / "mistyped").string()));
  CHECK(w.has_logged("correct DATABASE_PATH"));
  CHECK_FALSE(fs::exists(w.dir / "mistyped"));
  const auto engine = w.engine();
  CHECK(w.turns(200, seconds{20}));
  CHECK(w.has_logged("NEW database created at " + w.database()));
}

TEST_CASE("a new book, and another bot, are told when the start that met them has failed behind it") {
  intake_stage w;
  const auto founder = 1864913930;
  const auto told = [&](const std::string& words) {
    const auto all = w.chat(founder);
    return std::count_if(all.begin(), all.end(),
                         [&](auto& m) { return m.value("text", "").find(words) != std::string::npos; });
  };
  { // as far as the store, and no further
    troupe::storage::store begun{w.database()};
    begun.serve_bot(777);
    begun.serve_bot(1000001);
  }
  w.say(founder, "/start"); // or nobody may write to him
  {
    auto engine = w.engine();
    REQUIRE(w.turns(200, seconds{20}));
    CHECK(within(seconds{20}, [&] { return told("НОВАЯ база: " + w.database()) == 1; }));
    CHECK(within(seconds{20}, [&] { return told("другой бот (прежний: 777)") == 1; }));
    CHECK(w.has_logged("NEW database created at " + w.database()));
    engine.end(SIGTERM);
  }
  fs::resize_file(w.log(), 0);
  const auto again = w.engine();
  REQUIRE(w.turns(200, seconds{20}));
  CHECK_FALSE(w.has_logged("NEW database")); // it has been told
  CHECK(told("НОВАЯ база") == 1);
}

TEST_CASE("somebody else's file is refused, and neither it nor what lies beside it changes") {
  intake_stage w;
  const auto other = w.dir / "notes" / "notes.db";
  fs::create_directories(other.parent_path());
  {
    SQLite::Database notes{other.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    notes.exec("CREATE TABLE notes(text TEXT); INSERT INTO notes VALUES('mine')");
  }
  const auto before = bytes_of(other);
  auto engine = w.engine({{"DATABASE_PATH", other.string()}});
  CHECK(engine.code_within(seconds{20}) == 2);
  CHECK(w.has_logged("is no database of Troupe"));
  CHECK(bytes_of(other) == before);
  CHECK(std::distance(fs::directory_iterator{other.parent_path()}, {}) == 1);
}

TEST_CASE("two engines on one database under two names: the second is refused") {
  intake_stage w;
  const auto engine = w.engine();
  REQUIRE(w.turns(200, seconds{20}));
  const auto link = w.dir / "link.db";
  fs::create_hard_link(w.database(), link);
  auto second =
      w.engine({{"DATABASE_PATH", link.string()}, {"TROUPE_WEB_PORT", std::to_string(free_port())}});
  CHECK(second.code_within(seconds{20}) == 2);
  CHECK(w.has_logged("another engine is running"));
  CHECK(w.is_answered("/start"));
}
