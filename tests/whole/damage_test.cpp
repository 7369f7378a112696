/// A file that cannot be trusted: the real engine does not start on it and says what to do.
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/whole/process.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t page_size = 4096;

/// A sound database of some pages, and whatever a test makes of it.
struct archive {
  fs::path folder = fs::temp_directory_path() / ("troupe-damage-" + std::to_string(::getpid()));
  std::string database = (folder / "t.db").string(), sound = (folder / "sound").string(),
              log = (folder / "log").string();

  archive() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    {
      storage::store s{database};
      s.begin();
      register_user r;
      r.profile = {77, "Ann", "ann", "en"};
      r.welcome_credits = 1000;
      s.apply(r);
      for (int i = 0; i < 100; ++i) {
        order_request o;
        o.order_key = "k" + std::to_string(i);
        o.user_id = 77, o.price = 1, o.active_jobs_max = 1000;
        o.spec.prompt = std::string(200, 'x');
        s.apply(o);
      }
      s.commit();
    }
    fs::copy_file(database, sound);
  }
  ~archive() { fs::remove_all(folder); }

  std::uintmax_t pages() const { return fs::file_size(sound) / page_size; }
  void damage(std::uintmax_t page) const {
    for (auto rest : {"-wal", "-shm"}) fs::remove(database + rest);
    fs::copy_file(sound, database, fs::copy_options::overwrite_existing);
    std::fstream raw{database, std::ios::in | std::ios::out | std::ios::binary};
    raw.seekp(static_cast<std::streamoff>(page * page_size));
    raw << std::string(page_size, '\x5a');
  }
  int run(std::vector<std::string> arguments) const {
    fs::remove(log);
    arguments.insert(arguments.begin(), {TROUPE_BINARY, "--config", TROUPE_SOURCE_DIR "/config"});
    const auto nobody = "http://127.0.0.1:9"; // should it start after all, it must not reach the world
    process p{arguments,
              {{"BOT_TOKEN", "1:T"},
               {"KIE_API_KEY", "K"},
               {"DATABASE_PATH", database},
               {"TELEGRAM_API_URL", nobody},
               {"KIE_API_URL", nobody},
               {"TROUPE_WEB_PORT", "0"},
               {"TROUPE_STORAGE_FILES_DIR", (folder / "files").string()}},
              log};
    return p.code_within(20s);
  }
  std::string logged() const {
    std::ifstream in{log};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  bool has_logged(const std::string& words) const { return logged().find(words) != std::string::npos; }
};

} // namespace

TEST_CASE("whichever page is damaged, the engine does not start, names the file and says what to do") {
  const archive a;
  REQUIRE(a.pages() > 10);
  for (std::uintmax_t page = 0; page < a.pages(); ++page) {
    a.damage(page);
    CAPTURE(page);
    const int served = a.run({"serve"});
    CAPTURE(a.logged());
    CHECK(served == 2);
    CHECK(a.has_logged(a.database));
    CHECK((a.has_logged("Restore a backup") || a.has_logged("restore a backup")));
  }
}

TEST_CASE("whichever page is damaged, the audit finds it, names the file and says what to do") {
  const archive a;
  for (std::uintmax_t page = 0; page < a.pages(); ++page) {
    a.damage(page);
    CAPTURE(page);
    const int audited = a.run({"audit"});
    CAPTURE(a.logged());
    CHECK(audited >= 1);
    CHECK(a.has_logged(a.database));
    CHECK((a.has_logged("Restore a backup") || a.has_logged("restore a backup")));
  }
}

TEST_CASE("an engine whose restarts do not help ends with 3, and so its service manager starts it anew") {
  const archive a;
  // Sound for the audit, and of no use to the cast.
  SQLite::Database{a.database, SQLite::OPEN_READWRITE}.exec(
      "ALTER TABLE broadcasts RENAME COLUMN method TO way");
  CHECK(a.run({"serve"}) == 3);
  CHECK(a.has_logged("the engine cannot go on"));
  CHECK(a.has_logged("stopped"));
}
