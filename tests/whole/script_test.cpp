/// `troupe sandbox --script` as a person runs it: its exit codes, and what it says when something does not
/// hold.
#include "tests/catch.hpp"
#include "tests/whole/sandbox_stage.hpp"
#include <fstream>
#include <sstream>

namespace {

using namespace troupe::test;
using std::chrono::seconds;

struct scene {
  std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("troupe-scene-" + std::to_string(getpid()));
  scene() { std::filesystem::create_directories(dir); }
  ~scene() { std::filesystem::remove_all(dir); }

  std::string log() const { return (dir / "log").string(); }
  std::string said() const {
    std::ostringstream all;
    all << std::ifstream{log()}.rdbuf();
    return all.str();
  }
  bool says(const std::string& part) const {
    INFO(said());
    CAPTURE(part);
    CHECK(said().find(part) != std::string::npos);
    return said().find(part) != std::string::npos;
  }
  int play(const std::string& script, const std::string& limit_s = "30") {
    std::ofstream{dir / "play.txt"} << script;
    process p{{TROUPE_BINARY, "--config", std::string{TROUPE_SOURCE_DIR} + "/config", "sandbox", "--script",
               (dir / "play.txt").string(), "--wait-s", limit_s},
              // The engine's folder is kept when a script fails: let it be ours.
              {{"TMPDIR", dir.string()}, {"BOT_TOKEN_FILE", "/nonexistent"}},
              log()};
    return p.code_within(seconds{90});
  }
};

} // namespace

TEST_CASE_METHOD(scene, "a script that holds ends with 0, and the transcript shows both sides") {
  CHECK(play("Anna: /start\nwait for \"10 кредитов\"\nkill engine\nstart engine\nAnna: /start\nwait for "
             "\"Привет\"\n") == 0);
  CHECK(says("Anna: /start\n  Bot: "));
  CHECK(says("[Генерировать видео]"));
}

TEST_CASE_METHOD(scene,
                 "a script that does not hold ends with 1, names its line and keeps the engine's log") {
  CHECK(play("# nobody says so\nAnna: /start\nwait for \"Good-bye\"\n", "3") == 1);
  CHECK(says("play.txt:3: waited 3 s for \"Good-bye\", but the bot showed last:"));
  CHECK(says("The engine's log: " + dir.string() + "/troupe-script-"));
}

TEST_CASE_METHOD(scene, "a script that cannot be read ends with 2 and says what to write") {
  CHECK(play("Anna: /start\nAnna dances\n") == 2);
  CHECK(says("play.txt:2: a person can write (Anna: text), press"));
}

TEST_CASE_METHOD(scene, "an engine that cannot start ends the script at once, with its reason at hand") {
  std::ofstream{dir / "play.txt"} << "Anna: /start\n";
  process p{{TROUPE_BINARY, "--config", (dir / "nowhere").string(), "sandbox", "--script",
             (dir / "play.txt").string()},
            {{"TMPDIR", dir.string()}},
            log()};
  CHECK(p.code_within(seconds{30}) == 2);
  CHECK(says("the engine has ended: exit code 2"));
}

TEST_CASE_METHOD(scene, "a script can be played with a sandbox and an engine that run already") {
  sandbox_stage running{0};
  auto engine = running.engine();
  REQUIRE(within(seconds{20}, [&] { return running.get("/sandbox/bot").value("listening", false); }));
  std::ofstream{dir / "play.txt"} << "Olga speaks en\nOlga: /start\nwait for \"3 credits\"\nkill engine\n";
  process p{
      {TROUPE_BINARY, "sandbox", "--script", (dir / "play.txt").string(), "--attach", running.base + "/"},
      {},
      log()};
  CHECK(p.code_within(seconds{60}) == 1);
  CHECK(says("Your balance: 3 credits"));
  CHECK(says("play.txt:4: this sandbox did not start the engine"));
  CHECK(running.get("/sandbox/chat?user_id=600000001").size() == 2);
}
