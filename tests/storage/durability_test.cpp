#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <csignal>
#include <map>
#include <random>
#include <sys/resource.h>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

TEST_CASE("what was not committed is not there after a crash") {
  bench b;
  b.enrol(ann, 10);
  b.s->begin();
  b.s->apply(b.order("k"));
  b.s->apply(b.turn_of(ann, {message(ann)}));
  b.reopen();
  CHECK(b.read().load_account(ann).balance == 10);
  CHECK(b.read().load_open_work().messages.empty());
  CHECK(b.faults().empty());
}

TEST_CASE("a rolled back batch announces nothing, a committed one before it still does") {
  bench b;
  b.enrol(ann, 10);
  b.apply(b.turn_of(ann, {message(ann)}));
  b.s->begin();
  b.s->apply(b.order("k"));
  b.s->apply(b.turn_of(ann, {message(ann)}));
  b.s->rollback();
  b.s->rollback();
  CHECK(b.s->take_outgoing().size() == 1);
  CHECK(b.s->take_new_jobs().empty());
  CHECK_THROWS_AS(b.s->commit(), batch_lost);
}

TEST_CASE("a failed operation undoes only itself") {
  bench b;
  b.enrol(ann, 10);
  b.apply(b.order("k"));
  b.s->take_new_jobs();
  b.s->begin();
  b.s->apply(b.order("before"));
  CHECK_THROWS_AS(b.s->apply(b.order("k", ann, 9)), id_conflict);
  b.s->apply(b.order("after"));
  b.s->commit();
  CHECK(b.s->take_new_jobs().size() == 2);
  CHECK(b.read().load_account(ann).balance == 4);
  CHECK(b.faults().empty());
}

TEST_CASE("an operation outside a batch is refused") {
  bench b;
  CHECK_THROWS_AS(b.s->apply(b.order("k")), batch_lost);
}

TEST_CASE("a second store on the same file is refused with a sentence") {
  bench b;
  std::string sentence;
  try {
    const store second(b.file.path());
  } catch (const store_error& e) {
    sentence = e.what();
  }
  CHECK(sentence.find(b.file.path()) != std::string::npos);
  CHECK(sentence.find("another engine is running") != std::string::npos);
  b.s.reset();
  CHECK_NOTHROW(store(b.file.path()));
}

TEST_CASE("a file that is missing, foreign or newer is refused") {
  temporary_file file;
  CHECK_THROWS_AS(reader(file.path()), store_error);
  { const store created(file.path()); }
  SQLite::Database(file.path(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  CHECK_THROWS_AS(store(file.path()), store_error);
  CHECK_THROWS_AS(reader(file.path()), store_error);
  CHECK_THROWS_AS(store("/proc/no/such.db"), store_error);
}

TEST_CASE("a secret is generated once and kept") {
  temporary_file file;
  std::string secret;
  {
    store s{file.path()};
    secret = s.kept_secret("CALLBACK_SECRET");
    CHECK(secret.size() == 64);
    CHECK(s.kept_secret("OTHER") != secret);
  }
  CHECK(store{file.path()}.kept_secret("CALLBACK_SECRET") == secret);
}

TEST_CASE("a store in memory works") {
  store s(":memory:");
  s.begin();
  register_user r;
  r.profile.user_id = ann;
  r.welcome_credits = 4;
  CHECK(s.apply(r).balance == 4);
  s.commit();
}

TEST_CASE("the ledger cannot be changed or deleted from") {
  bench b;
  b.enrol(ann, 10);
  SQLite::Database raw(b.file.path(), SQLite::OPEN_READWRITE);
  CHECK_THROWS(raw.exec("UPDATE ledger SET amount = 1000 WHERE account = 'user'"));
  CHECK_THROWS(raw.exec("DELETE FROM ledger"));
  CHECK_THROWS(raw.exec("UPDATE transfers SET fingerprint = ''"));
  CHECK_THROWS(raw.exec("DELETE FROM transfers"));
  CHECK_THROWS(raw.exec("UPDATE balances SET amount = -1 WHERE account = 'user'"));
}

namespace {

/// Lets no file of this process grow beyond `bytes`: to SQLite that is a disk it cannot write to.
class small_disk {
public:
  explicit small_disk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~small_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

private:
  rlimit before_{};
  void (*handler_)(int);
};

} // namespace

TEST_CASE("a full disk loses the whole batch and nothing that was acknowledged") {
  bench b;
  b.enrol(ann, 1000);
  b.apply(b.order("kept"));
  b.s->take_new_jobs();
  // A short text fails at the commit; a long one fills SQLite's cache, which is written out in mid batch.
  const auto size = GENERATE(as<std::size_t>{}, 300'000, 4'000'000);
  bool lost = false;
  {
    const small_disk disk(std::filesystem::file_size(b.file.path() + "-wal"));
    try {
      b.s->begin();
      b.s->apply(b.order("gone"));
      auto m = message(ann);
      m.params = std::string(size, 'x');
      b.s->apply(b.turn_of(ann, {m}));
      b.s->commit();
    } catch (const batch_lost&) {
      lost = true;
      CHECK_THROWS_AS(b.s->apply(b.order("stray")), batch_lost);
      b.s->rollback();
    }
  }
  CHECK(lost);
  CHECK(b.s->take_outgoing().empty());
  CHECK(b.s->take_new_jobs().empty());
  CHECK(b.apply(b.order("later")).balance == 996);
  b.reopen();
  CHECK(b.read().jobs_of(ann, 0, 10).size() == 2);
  CHECK(b.faults().empty());
}

TEST_CASE("the audit finds planted faults") {
  bench b;
  const auto id = b.one_job();
  b.walk(id, job_state::submitting, job_state::processing, job_state::fetching, job_state::delivering);
  REQUIRE(b.faults().empty());
  SQLite::Database raw(b.file.path(), SQLite::OPEN_READWRITE);
  for (const char* trigger :
       {"ledger_no_update", "ledger_no_delete", "transfers_no_update", "transfers_no_delete"})
    raw.exec(std::string("DROP TRIGGER ") + trigger);
  const auto sql = GENERATE(
      as<std::string>{}, "UPDATE ledger SET amount = amount + 1 WHERE account = 'user'",
      "DELETE FROM ledger WHERE id = 1", "UPDATE balances SET amount = amount + 5 WHERE account = 'user'",
      "DELETE FROM balances", "INSERT INTO balances VALUES('user', 55, 5)",
      "UPDATE jobs SET state = 'failed'", "UPDATE jobs SET state = 'processing'", "DELETE FROM jobs",
      "DELETE FROM orders", "UPDATE jobs SET price = 1",
      "DELETE FROM transfers WHERE transfer_id LIKE 'post:%'",
      "INSERT INTO transfers VALUES('void:1', '', 0)", "INSERT INTO transfers VALUES('post:77', '', 0)");
  INFO(sql);
  REQUIRE(raw.exec(sql) > 0);
  CHECK_FALSE(b.faults().empty());
}

TEST_CASE("the audit counts") {
  bench b;
  b.one_job();
  const auto r = b.read().audit();
  CHECK(r.users == 1);
  CHECK(r.transfers == 2);
  CHECK(r.entries == 4);
  CHECK(r.open_jobs == 1);
  CHECK(r.credits_with_users == 10);
}

TEST_CASE("a random walk with crashes keeps every invariant") {
  const auto seed = GENERATE(1u, 2u, 3u);
  std::mt19937 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  bench b;
  b.enrol(ann, 60);
  b.enrol(bob, 40);
  std::map<std::int64_t, std::int64_t> known_credits{{ann, 60}, {bob, 40}};
  for (int batch = 0; batch < 150; ++batch) {
    b.s->begin();
    for (int i = below(8); i >= 0; --i) {
      if (below(3) == 0) {
        const auto key = std::to_string(below(200));
        try {
          b.s->apply(b.order(key, below(2) ? ann : bob, 1 + below(3), 1 + below(2)));
        } catch (const id_conflict&) {
          // Keys repeat on purpose.
        }
      } else {
        job_step st;
        st.job_id = 1 + below(30);
        st.at = ++b.now;
        st.to = static_cast<job_state>(below(static_cast<int>(job_state::gifted) + 1));
        st.messages = {message(ann)};
        b.s->apply(st);
      }
    }
    const int end = below(10);
    if (end == 0) b.reopen();
    else if (end == 1) b.s->rollback();
    else b.s->commit();
    if (batch % 10 == 0) REQUIRE(b.faults() == std::vector<std::string>{});
  }
  b.reopen();
  const auto report = b.read().audit();
  CHECK(report.faults == std::vector<std::string>{});
  CHECK(report.transfers > 20);
  for (const auto& [user, credits] : known_credits) {
    const auto a = b.read().load_account(user);
    std::int64_t spent = 0;
    for (const auto& j : b.read().jobs_of(user, 0, 1000))
      if (j.state == job_state::delivering || j.state == job_state::completed) spent += j.price;
    CHECK(a.balance + a.held + spent == credits);
  }
}

TEST_CASE("an operation that fails half way spoils its batch, and a careful repeat loses only it") {
  bench b;
  b.enrol(ann, 10);
  SQLite::Database{b.file.path(), SQLite::OPEN_READWRITE}.exec(
      "CREATE TRIGGER planted BEFORE INSERT ON outbox WHEN NEW.method = 'boom' "
      "BEGIN SELECT RAISE(ABORT, 'planted'); END");
  auto bad = message(ann);
  bad.method = "boom";
  b.s->begin();
  b.s->apply(b.order("k"));
  CHECK_THROWS_AS(b.s->apply(b.turn_of(ann, {bad})), batch_spoiled);
  CHECK_THROWS_AS(b.s->commit(), batch_lost);
  CHECK(b.read().load_account(ann).balance == 10);
  CHECK(b.s->take_new_jobs().empty());

  b.s->begin(store::care::each_operation);
  b.s->apply(b.order("k"));
  CHECK_THROWS_AS(b.s->apply(b.turn_of(ann, {bad})), SQLite::Exception);
  b.s->apply(b.turn_of(ann, {message(ann)}));
  b.s->commit();
  CHECK(b.read().load_account(ann).balance == 8);
  CHECK(b.s->take_new_jobs().size() == 1);
  CHECK(b.s->take_outgoing().size() == 1);
  CHECK(b.faults().empty());
}
