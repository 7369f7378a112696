/// Whose file it is: nothing that is not ours is touched, and what is ours is held by one engine, whatever
/// the file is called.
#include "storage/claim.hpp"
#include "storage/look.hpp"
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;
namespace fs = std::filesystem;

namespace {

std::string bytes_of(const std::string& path) {
  if (fs::is_directory(path)) return "a folder";
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
std::set<std::string> names_beside(const std::string& path) {
  std::set<std::string> names;
  for (auto& e : fs::directory_iterator{fs::path{path}.parent_path()}) names.insert(e.path().filename());
  return names;
}
template <class opened> std::string refusal_of(const std::string& path) {
  try {
    opened it{path};
  } catch (const store_error& e) {
    return e.what();
  }
  return "";
}
bool has(const std::string& all, const std::string& part) { return all.find(part) != std::string::npos; }

/// Neither the engine nor a reader takes it, and both leave it, and all beside it, as it was.
void stays_untouched(const std::string& path, const std::string& says) {
  const auto bytes = bytes_of(path);
  const auto beside = names_beside(path);
  for (const auto& refusal : {refusal_of<store>(path), refusal_of<reader>(path)}) {
    CAPTURE(refusal);
    CHECK(has(refusal, path));
    CHECK(has(refusal, says));
  }
  CHECK(bytes_of(path) == bytes);
  CHECK(names_beside(path) == beside);
}

} // namespace

TEST_CASE("another program's SQLite file is refused and left byte for byte as it was") {
  temporary_file file;
  {
    SQLite::Database other{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    other.exec("CREATE TABLE notes(text TEXT); INSERT INTO notes VALUES('mine')");
  }
  stays_untouched(file.path(), "another program keeps its tables in it");
}

TEST_CASE("another program's file in WAL mode is refused and gets no files beside it") {
  temporary_file file;
  {
    SQLite::Database other{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    other.exec("PRAGMA journal_mode = WAL; CREATE TABLE notes(text TEXT)");
  }
  stays_untouched(file.path(), "another program keeps its tables in it");
}

TEST_CASE("another program's file whose tables are still in its WAL alone is refused") {
  temporary_file file;
  const auto other = fs::path{file.path()}.parent_path().parent_path() / "other.db";
  SQLite::Database writing{other.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  writing.exec("PRAGMA journal_mode = WAL; CREATE TABLE notes(text TEXT)");
  fs::copy_file(other, file.path()); // as its program's death leaves it
  fs::copy_file(other.string() + "-wal", file.path() + "-wal");
  stays_untouched(file.path(), "another program keeps its tables in it");
}

TEST_CASE("a file with another program's application id is refused, whatever its tables are called") {
  temporary_file file;
  {
    SQLite::Database other{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    for (auto table : {"meta", "inbox", "users", "transfers", "ledger", "balances"})
      other.exec("CREATE TABLE " + std::string{table} + "(x)");
    other.exec("PRAGMA user_version = 3; PRAGMA application_id = 4711");
  }
  stays_untouched(file.path(), "no database of Troupe");
}

TEST_CASE("what is no SQLite file is refused and left as it was") {
  temporary_file file;
  std::ofstream{file.path()} << "Dear diary, today somebody mistyped DATABASE_PATH."
                             << std::string(5000, '.');
  stays_untouched(file.path(), "no SQLite file");
}

TEST_CASE("a folder in the place of the file is refused, and nothing appears beside it") {
  temporary_file file;
  fs::create_directories(file.path());
  stays_untouched(file.path(), "it is a folder");
}

TEST_CASE("a missing folder is named, and not made") {
  temporary_file file;
  const auto folder = fs::path{file.path()}.parent_path() / "mistyped";
  const auto refusal = refusal_of<store>((folder / "troupe.db").string());
  CHECK(has(refusal, folder.string() + " does not exist"));
  CHECK(has(refusal, "DATABASE_PATH"));
  CHECK_FALSE(fs::exists(folder));
}

TEST_CASE("a new book says that it is new until somebody was told, and the file says whose it is") {
  temporary_file file;
  SECTION("there is no file") {}
  SECTION("the file is empty") { std::ofstream{file.path()}; }
  CHECK(store{file.path()}.is_new());
  {
    store s{file.path()}; // the start before failed half way
    CHECK(s.is_new());
    s.begin();
    store_notice said;
    said.name = "news:new_database";
    said.messages = {message(ann)};
    s.apply(said);
    s.commit();
    CHECK(s.take_outgoing().size() == 1);
  }
  CHECK_FALSE(store{file.path()}.is_new());
  // The header alone, without the WAL: what `file` and every other program reads.
  CHECK(bytes_of(file.path()).substr(68, 4) == "Trup");
}

TEST_CASE("a book with people in it is not called new, whoever began it") {
  temporary_file file;
  CHECK(store{file.path()}.is_new());
  SQLite::Database{file.path(), SQLite::OPEN_READWRITE}.exec("INSERT INTO users(user_id) VALUES(1001)");
  CHECK_FALSE(store{file.path()}.is_new());
}

TEST_CASE("our file is known when all of it is still in its WAL") {
  temporary_file file;
  const auto young = fs::path{file.path()}.parent_path().parent_path() / "young.db";
  SQLite::Database writing{young.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  writing.exec("PRAGMA journal_mode = WAL"); // as an older program of ours begins, without an id
  writing.exec(bytes_of(TROUPE_SOURCE_DIR "/tests/storage/version_1.sql"));
  fs::copy_file(young, file.path());
  fs::copy_file(young.string() + "-wal", file.path() + "-wal");
  store s{file.path()};
  CHECK_FALSE(s.is_new());
  CHECK_FALSE(look_into(file.path()).empty);
  CHECK(reader{file.path()}.load_account(515151515).balance == 9);
}

TEST_CASE("a second name of a database that is in use does not help past its lock") {
  bench b;
  const auto second = b.file.path() + "2";
  SECTION("a symbolic link") { fs::create_symlink(b.file.path(), second); }
  SECTION("a hard link") { fs::create_hard_link(b.file.path(), second); }
  SECTION("a symbolic link in another folder") {
    fs::create_directories(b.file.path() + ".d");
    fs::create_symlink(b.file.path(), b.file.path() + ".d/link.db");
    CHECK(has(refusal_of<store>(b.file.path() + ".d/link.db"), "another engine is running"));
    fs::create_symlink(b.file.path(), second);
  }
  CHECK(has(refusal_of<store>(second), "another engine is running"));
  b.enrol(ann, 5); // and who has it goes on undisturbed
  b.reopen();
  CHECK(b.read().load_account(ann).balance == 5);
}

TEST_CASE(
    "an engine is seen to run by whatever name its database is called, and nothing is left by the look") {
  std::optional<bench> b{std::in_place};
  const auto path = b->file.path(), link = path + ".link", second = path + ".second";
  fs::create_symlink(path, link);
  fs::create_hard_link(path, second);
  const auto beside = names_beside(path);
  for (auto& name : {path, link, second}) CHECK(is_in_use(name));
  b->enrol(ann, 5); // the look took nothing of what it has
  CHECK(names_beside(path) == beside);
  b->s.reset();
  for (auto& name : {path, link, second}) CHECK_FALSE(is_in_use(name));
}

TEST_CASE("a lock file that cannot be had is named, and no empty database is left behind") {
  temporary_file file;
  fs::create_directories(file.path() + ".lock");
  CHECK(has(why_not_lock(file.path()), file.path() + ".lock"));
  const auto refusal = refusal_of<store>(file.path());
  CAPTURE(refusal);
  CHECK(has(refusal, "its lock file " + file.path() + ".lock cannot be opened (Is a directory)"));
  CHECK_FALSE(fs::exists(file.path()));
  fs::remove(file.path() + ".lock");
  CHECK(why_not_lock(file.path()).empty());
  { const store s{file.path()}; }
  fs::remove(file.path() + ".lock");
  fs::create_directories(file.path() + ".lock");
  CHECK(has(refusal_of<store>(file.path()), "its lock file"));
  CHECK(fs::exists(file.path())); // a book is nothing to take away
}

TEST_CASE("a file without a book in it is told from one with a book") {
  temporary_file file;
  SECTION("not a byte") { std::ofstream{file.path()}; }
  SECTION("no table") {
    SQLite::Database{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec("VACUUM");
  }
  SECTION("signed by a start that died at once") {
    SQLite::Database{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(
        "PRAGMA application_id = " + std::to_string(our_application_id));
  }
  const auto bytes = bytes_of(file.path());
  CHECK(look_into(file.path()).empty);
  CHECK(bytes_of(file.path()) == bytes);
  {
    store s{file.path()};
    s.serve_bot(111);
  }
  CHECK_FALSE(look_into(file.path()).empty);
  CHECK(look_into(file.path()).bot == 111);
}

TEST_CASE("the book behind a symbolic link is one book with one folder of files") {
  temporary_file file;
  { const store s{file.path()}; }
  const auto link = file.path() + ".link";
  fs::create_symlink(file.path(), link);
  CHECK(look_into(link).empty == false);
  CHECK(files_folder_of(link) == files_folder_of(file.path()));
  CHECK(files_folder_of(file.path()) == file.path() + ".files");
  CHECK_FALSE(fs::exists(link + "-wal"));
}

TEST_CASE("a reader that outlives the store keeps its own locks") {
  temporary_file file;
  std::optional<store> s{std::in_place, file.path()};
  reader r{file.path()};
  s.reset();
  CHECK(r.load_open_work().next_offset == 0);
  CHECK_NOTHROW(store{file.path()});
  CHECK(r.audit().faults.empty());
}
