/// The folder of an engine's files: its own, and nobody else's.
#include "storage/files.hpp"
#include "storage/look.hpp"
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <fstream>
#include <sys/stat.h>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;
namespace fs = std::filesystem;

namespace {

struct place {
  fs::path path;
  place() {
    auto name = (fs::temp_directory_path() / "troupe-files-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~place() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

std::string why_not(const std::string& database, const std::string& wanted) {
  try {
    files_folder f{database, wanted};
    return {};
  } catch (const store_error& e) {
    return e.what();
  }
}

} // namespace

TEST_CASE("the files of an engine hang on its database, and nobody else may look at them") {
  const place p;
  fs::create_directories(p / "data");
  const files_folder f{p / "data/a.db", ""};
  CHECK(f.path() == p / "data/a.db.files");
  struct stat s {};
  REQUIRE(::stat(f.path().c_str(), &s) == 0);
  CHECK((s.st_mode & 0777) == 0700);
  const files_folder other{p / "data/b.db", ""}; // beside it, in the same folder
  CHECK(other.path() != f.path());
}

TEST_CASE("two databases never share a folder for files, at the same time or one after the other") {
  const place p;
  const auto shared = p / "files";
  {
    const files_folder f{p / "a.db", shared};
    CHECK(why_not(p / "b.db", shared).find("another engine") != std::string::npos);
    CHECK(why_not(p / "a.db", shared).find("another engine") != std::string::npos);
  }
  CHECK(why_not(p / "b.db", shared).find("a.db") != std::string::npos);
  CHECK(why_not(p / "a.db", shared).empty());
}

TEST_CASE("a database that moves takes its files along") {
  const place p;
  { const files_folder f{p / "a.db", ""}; }
  fs::rename(p / "a.db.files", p / "b.db.files");
  CHECK(why_not(p / "b.db", "").empty());
}

TEST_CASE("a folder that cannot be made is an error with its name") {
  const place p;
  std::ofstream{p / "file"} << "x";
  CHECK(why_not(p / "a.db", p / "file/inside").find("file/inside") != std::string::npos);
  CHECK(why_not(p / "a.db", p / "file").find("it is a file") != std::string::npos);
}

TEST_CASE("of a folder that is mistyped nothing is made, and the missing part is named") {
  const place p;
  const auto why = why_not(p / "a.db", p / "mistyped/files");
  CHECK(why.find("there is no folder " + (p / "mistyped")) != std::string::npos);
  CHECK_FALSE(fs::exists(p / "mistyped"));
  CHECK(why_not(p / "a.db", p / "files").empty()); // its last part alone is made
  CHECK(fs::exists(p / "files"));
}

TEST_CASE("what would keep an engine from its folder is seen beforehand, and nothing is made") {
  const place p;
  const auto before = [&](const char* wanted) { return why_not_files_folder(p / "a.db", wanted); };
  CHECK(before("").empty());
  CHECK_FALSE(fs::exists(p / "a.db.files"));
  CHECK(before((p / "mistyped/files").c_str()).find("there is no folder") != std::string::npos);
  std::ofstream{p / "a.db.files"} << "x";
  CHECK(before("").find("it is a file") != std::string::npos);
  fs::remove(p / "a.db.files");
  const auto shared = p / "shared";
  {
    const files_folder others{p / "b.db", shared};
    CHECK(before(shared.c_str()).find("another engine") != std::string::npos);
  }
  CHECK(before(shared.c_str()).find("b.db") != std::string::npos);
  fs::remove(shared + "/owner");
  fs::create_directories(shared + "/owner");
  CHECK(before(shared.c_str()).find("owner") != std::string::npos);
}

TEST_CASE("each job's files have a name of their own that nobody guesses") {
  bench b;
  b.enrol(ann, 100);
  b.apply(b.order("k", ann, 1, 3));
  std::set<std::string> tokens;
  for (const auto& j : b.s->take_new_jobs()) {
    CHECK(j.file_token.size() == 32);
    CHECK(b.read().load_job(j.job_id).file_token == j.file_token); // on disk before anything is written
    tokens.insert(j.file_token);
  }
  CHECK(tokens.size() == 3);
}
