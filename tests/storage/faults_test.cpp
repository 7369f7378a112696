/// The disk fails at every single write and sync in turn. Money is never wrong, what was acknowledged is
/// there.
#include "tests/catch.hpp"
#include "tests/storage/faulty_disk.hpp"
#include "tests/storage/fixtures.hpp"
#include "tests/storage/scarce_memory.hpp"
#include <fstream>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

/// Some life: each step is one batch. Every first job of three fails, every second becomes a video that the
/// next batch reports as delivered, every third stays at work. Remembers which batches were acknowledged.
struct life {
  std::string path;
  int acknowledged = 0; ///< batches, from the first
  bool tried = false;   ///< the one after them reached its commit

  static constexpr int batches = 6;

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
    for (const auto& m : s.take_outgoing())
      if (m.job_id != 0) s.apply(delivered(m));
    s.apply(o);
    step(s, n + 1, job_state::submitting);
    if (n % 3 == 0) step(s, n + 1, job_state::failed); // the credits return
    if (n % 3 == 1)
      for (auto to : {job_state::processing, job_state::fetching, job_state::delivering}) step(s, n + 1, to);
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
    if (to == job_state::delivering) {
      j.messages = {message(ann, lane::result)};
      j.messages[0].job_id = job;
    }
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

/// Without root's rights for as long as it lives.
class somebody_else {
public:
  somebody_else() {
    if (root_ && ::seteuid(65534) != 0) throw std::runtime_error("cannot give root's rights away");
  }
  ~somebody_else() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }
  somebody_else(const somebody_else&) = delete;
  somebody_else& operator=(const somebody_else&) = delete;

private:
  bool root_ = ::geteuid() == 0;
};

/// What the state of the nth job must be when so many batches are there.
job_state expected(int n, std::int64_t there) {
  if (n % 3 == 0) return job_state::failed;
  if (n % 3 == 2) return job_state::submitting;
  return n + 1 == there ? job_state::delivering : job_state::completed;
}

/// With a healthy disk again: all that was acknowledged, and nothing but perhaps the batch that failed at its
/// commit: when the sync of the log fails, nobody can know whether it is there. A batch is there wholly or
/// not at all.
void check_what_is_left(const life& l) {
  if (!std::filesystem::exists(l.path)) {
    CHECK(l.acknowledged == 0);
    return;
  }
  const store s{l.path};
  reader r{l.path};
  const auto report = r.audit();
  CHECK(report.faults == std::vector<std::string>{});
  const auto jobs = r.jobs_of(ann, 0, 100);
  const auto there = static_cast<std::int64_t>(jobs.size());
  CHECK(there >= l.acknowledged);
  CHECK(there <= l.acknowledged + (l.tried ? 1 : 0));
  std::int64_t held = 0, spent = 0;
  for (const auto& j : jobs) {
    const auto n = static_cast<int>(j.job_id) - 1;
    CHECK(name_of(j.state) == std::string{name_of(expected(n, there))});
    if (n % 3 == 2) held += 2;
    if (n % 3 == 1) spent += 2;
  }
  const auto who = r.load_account(ann);
  CHECK(who.held == held);
  if (there > 0) CHECK(who.balance + held + spent == 100);
  const auto undelivered = there % 3 == 2 ? 1 : 0;
  CHECK(static_cast<std::int64_t>(r.load_open_work().messages.size()) == there + undelivered);
}

} // namespace

TEST_CASE("whichever open, write or sync fails, the book is right and what was acknowledged is there") {
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

TEST_CASE("whichever allocation of SQLite fails, the book is right and what was acknowledged is there") {
  const bool lasting = GENERATE(false, true);
  scarce_memory memory;
  int points = 0;
  // Thousands of allocations: most of them early, where every one is visited, then ever fewer.
  for (int nth = 1;; nth += 1 + nth / 60) {
    temporary_file file;
    life l{file.path()};
    memory.fail_at(nth, lasting);
    l.run();
    const bool hit = memory.was_hit();
    memory.heal();
    INFO("failure " << (lasting ? "from" : "at") << " allocation " << nth);
    check_what_is_left(l);
    if (!hit) {
      CHECK(l.acknowledged == life::batches);
      break;
    }
    ++points;
  }
  CHECK(points > 100);
}

TEST_CASE("a store that had no memory goes on when there is some again") {
  scarce_memory memory;
  bench b;
  b.enrol(ann, 100);
  int lost = 0;
  for (int i = 1; i <= 10; ++i) {
    memory.fail_at(i, true);
    try {
      b.apply(b.order("k" + std::to_string(i)));
    } catch (const std::exception&) {
      ++lost;
      memory.heal();
      b.s->rollback(); // as the ledger does
    }
    memory.heal();
  }
  CHECK(lost > 0);
  b.apply(b.order("last"));
  CHECK(b.faults().empty());
}

TEST_CASE("a file or a folder that may not be written is refused with its name and a remedy") {
  temporary_file file;
  const auto folder = std::filesystem::path{file.path()}.parent_path();
  { const store created{file.path()}; }
  std::filesystem::permissions(folder.parent_path(), std::filesystem::perms{0755});
  SECTION("the file") {
    std::filesystem::remove(file.path() + ".lock");
    std::filesystem::permissions(folder, std::filesystem::perms{0777});
    std::filesystem::permissions(file.path(), std::filesystem::perms{0444});
  }
  SECTION("the folder") { std::filesystem::permissions(folder, std::filesystem::perms{0555}); }
  std::string sentence;
  {
    const somebody_else me; // root may write everywhere
    try {
      const store s{file.path()};
    } catch (const store_error& e) {
      sentence = e.what();
    }
  }
  std::filesystem::permissions(folder, std::filesystem::perms{0755});
  CAPTURE(sentence);
  CHECK(sentence.find(file.path()) != std::string::npos);
  CHECK(sentence.find("Check the path and its permissions") != std::string::npos);
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
