/// Files of older programs are brought up to date, and their book stays what it was.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("of the rights of an older program those stay that somebody gave") {
  temporary_file file;
  {
    SQLite::Database old{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    old.exec(text_of(TROUPE_SOURCE_DIR "/tests/storage/version_11.sql"));
  }
  store s{file.path()};
  reader r{file.path()};
  const auto rank = [&](std::int64_t user) { return r.load_account(user).rank; };
  s.begin();
  s.apply(review_rights{1, {}}); // nobody is named: whoever had a menu of commands has it no more
  s.commit();
  CHECK(s.take_outgoing().size() == 4);
  CHECK(rank(1) == role::none);  // of the configuration, or as founder: the flag was nobody's gift
  CHECK(rank(2) == role::admin); // made one in the menu
  CHECK(rank(3) == role::none);  // taken off, and later listed
  CHECK(rank(4) == role::none);
  CHECK(rank(5) == role::admin); // taken off and made one again
  CHECK(rank(6) == role::none);
  CHECK(r.load_open_work().administrators.size() == 2);
  CHECK(r.audit().faults.empty());
}

TEST_CASE("a file of the first version keeps its book and learns the new states") {
  temporary_file file;
  std::filesystem::create_directories(std::filesystem::path{file.path()}.parent_path());
  {
    SQLite::Database old{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    old.exec(text_of(TROUPE_SOURCE_DIR "/tests/storage/version_1.sql"));
  }
  CHECK_THROWS_AS(reader{file.path()}, store_error); // the engine must be started once
  store s{file.path()};
  reader r{file.path()};
  CHECK(r.audit().faults.empty());
  CHECK(r.load_account(515151515).balance == 9);
  CHECK(r.load_job(1).state == job_state::completed);
  CHECK(r.load_open_work().next_offset == 810000006);
  order_request o;
  o.order_key = "new", o.user_id = 515151515, o.at = 1, o.price = 1;
  o.spec.model_id = "veo";
  s.begin();
  s.apply(o);
  for (auto to : {job_state::submitting, job_state::unknown, job_state::overdue, job_state::gifted}) {
    job_step step;
    step.job_id = 2, step.at = 2, step.to = to;
    CHECK(s.apply(step).changed);
  }
  s.commit();
  CHECK(r.load_account(515151515).balance == 9);
  CHECK(r.audit().faults.empty());
}
