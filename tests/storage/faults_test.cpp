/// The disk fails at every single write and sync in turn. Money is never wrong, what was acknowledged is
/// there.
#include "tests/catch.hpp"
#include "tests/storage/faulty_disk.hpp"
#include "tests/storage/fixtures.hpp"
#include <fstream>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

/// Some life: each step is one batch. Remembers which batches were acknowledged.
struct life {
  std::string path;
  int acknowledged = 0; ///< batches, from the first
  bool tried = false;   ///< the one after them reached its commit

  static constexpr int batches = 4;

  void one_batch(store& s, int n) {
    order_request o;
    o.order_key = "k" + std::to_string(n);
    o.user_id = ann, o.at = n, o.price = 2, o.active_jobs_max = 100;
    o.spec.model_id = "veo";
    tried = false;
    s.begin();
    if (n == 0) {
      register_user r;
      r.profile = {ann, "Ann", "ann", "en"};
      r.welcome_credits = 100;
      s.apply(r);
    }
    s.apply(o);
    step(s, n + 1, job_state::submitting);
    if (n % 2 == 0) step(s, n + 1, job_state::failed); // the credits of every second one return
    turn t;
    t.update_id = n + 1, t.user_id = ann, t.at = n;
    t.messages = {{.chat_id = ann, .method = "sendMessage", .params = std::string(3000, 'x')}};
    s.apply(t);
    tried = true;
    s.commit();
    acknowledged = n + 1;
  }
  static void step(store& s, std::int64_t job, job_state to) {
    job_step j;
    j.job_id = job, j.at = 1, j.to = to;
    s.apply(j);
  }
  /// Ends early when the disk fails.
  void run() {
    try {
      store s{path};
      for (int n = 0; n < batches; ++n) one_batch(s, n);
    } catch (const std::exception&) {
      // The engine would halt here; the test looks at what is left.
    }
  }
};

/// With a healthy disk again: all that was acknowledged, and nothing but perhaps the batch that failed at its
/// commit: when the sync of the log fails, nobody can know whether it is there.
void check_what_is_left(const life& l) {
  std::int64_t there = 0;
  if (!std::filesystem::exists(l.path)) {
    CHECK(l.acknowledged == 0);
    return;
  }
  {
    store s{l.path};
    reader r{l.path};
    const auto report = r.audit();
    CHECK(report.faults == std::vector<std::string>{});
    there = static_cast<std::int64_t>(r.jobs_of(ann, 0, 100).size());
    CHECK(there >= l.acknowledged);
    CHECK(there <= l.acknowledged + (l.tried ? 1 : 0));
    const auto who = r.load_account(ann);
    if (there > 0) CHECK(who.balance + who.held == 100);
    CHECK(who.held == 2 * (there / 2));
    CHECK(static_cast<std::int64_t>(r.load_open_work().messages.size()) == there);
  }
}

} // namespace

TEST_CASE("whichever write or sync fails, the book is right and what was acknowledged is there") {
  const auto kind = GENERATE(damage::error, damage::full, damage::torn);
  const bool lasting = GENERATE(false, true);
  faulty_disk disk;
  int points = 0;
  for (int nth = 1;; ++nth) {
    temporary_file file;
    life l{file.path()};
    disk.fail_at(nth, kind, lasting);
    l.run();
    const bool hit = disk.was_hit();
    disk.heal();
    INFO("failure " << static_cast<int>(kind) << (lasting ? " from" : " at") << " operation " << nth);
    check_what_is_left(l);
    if (!hit) {
      CHECK(l.acknowledged == life::batches); // it ran through: every point was visited
      break;
    }
    ++points;
  }
  CHECK(points > 40);
}

TEST_CASE("a store whose disk was full goes on when there is space again") {
  faulty_disk disk;
  bench b;
  b.enrol(ann, 100);
  disk.fail_at(1, damage::full, true);
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(b.apply(b.order("k" + std::to_string(i))), batch_lost);
  disk.heal();
  b.apply(b.order("k9"));
  CHECK(b.read().load_account(ann).balance == 98);
  CHECK(b.s->take_new_jobs().size() == 1);
  CHECK(b.faults().empty());
}

TEST_CASE("a damaged page is found by the audit and the file is named") {
  bench b;
  b.enrol(ann, 1000);
  for (int i = 0; i < 200; ++i) {
    auto o = b.order("k" + std::to_string(i));
    o.active_jobs_max = 1000;
    b.apply(o);
  }
  b.s.reset(); // the log is now part of the file
  const auto size = std::filesystem::file_size(b.file.path());
  REQUIRE(size > 16 * 4096);
  for (std::uintmax_t page = 2; page < size / 4096; page += 3) {
    std::filesystem::copy_file(b.file.path(), b.file.path() + ".sound",
                               std::filesystem::copy_options::overwrite_existing);
    std::fstream raw{b.file.path(), std::ios::in | std::ios::out | std::ios::binary};
    raw.seekp(static_cast<std::streamoff>(page * 4096));
    raw << std::string(4096, '\x5a');
    raw.close();
    INFO("page " << page);
    std::vector<std::string> faults;
    try {
      faults = reader{b.file.path()}.audit().faults;
    } catch (const std::exception& e) { // so damaged that it cannot be opened
      CHECK(std::string{e.what()}.find(b.file.path()) != std::string::npos);
      faults.push_back(e.what());
    }
    CHECK_FALSE(faults.empty());
    std::filesystem::rename(b.file.path() + ".sound", b.file.path());
  }
  b.s.emplace(b.file.path());
  CHECK(b.faults().empty());
}

TEST_CASE("a path that cannot be a database is refused with its name and a remedy") {
  temporary_file file;
  std::filesystem::create_directories(file.path()); // a folder where the file should be
  try {
    store s{file.path()};
    FAIL("it was taken");
  } catch (const store_error& e) {
    CHECK(std::string{e.what()}.find(file.path()) != std::string::npos);
    CHECK(std::string{e.what()}.find("Check the path") != std::string::npos);
  }
}
