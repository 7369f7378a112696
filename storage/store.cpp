#include "storage/parts.hpp"
#include <sqlite3.h>
#include <utility>

namespace troupe::storage {

struct store::impl {
  claim lock; // First: nothing is touched while another engine runs, nor what is not ours.
  writer w;
  bool careful = false;
  /// How much was announced.
  struct marks {
    std::size_t messages = 0, jobs = 0, payments = 0, broadcasts = 0, office = 0;
  };
  marks before; // Of earlier, committed batches.

  std::string path;

  explicit impl(const std::string& name) : lock(name), path(name) { w.file = open_for_writing(name); }

  marks announced() const {
    return {w.messages.size(), w.new_jobs.size(), w.payments.size(), w.broadcasts.size(), w.office.size()};
  }

  void forget_since(const marks& m) {
    if (w.messages.size() > m.messages) w.messages.resize(m.messages);
    if (w.new_jobs.size() > m.jobs) w.new_jobs.resize(m.jobs);
    if (w.payments.size() > m.payments) w.payments.resize(m.payments);
    if (w.broadcasts.size() > m.broadcasts) w.broadcasts.resize(m.broadcasts);
    if (w.office.size() > m.office) w.office.resize(m.office);
  }

  void roll_back() noexcept {
    forget_since(before);
    w.pruned_at = w.activity_pruned_at = 0;
    w.numbers.forget();
    if (!w.db().in_transaction()) return;
    try {
      run(w.db(), "ROLLBACK");
    } catch (const std::exception&) {
      // Nothing was committed; the next begin() reports what is wrong with the file.
    }
  }

  [[noreturn]] void lose(const std::string& why) {
    roll_back();
    throw batch_lost("The batch was not stored: " + why);
  }

  /// One operation: happens wholly or not at all, and so does what it announces. Most operations check all
  /// before they write; one that fails after its first write spoils the batch, unless it is a careful one.
  template <class action> auto op(action act) -> decltype(act()) {
    if (!w.db().in_transaction()) throw batch_lost("No batch is open.");
    const auto earlier = announced();
    const auto changes = w.db().changes_ever();
    if (careful) run(w.db(), "SAVEPOINT op");
    try {
      if constexpr (std::is_void_v<decltype(act())>) {
        act();
        if (careful) run(w.db(), "RELEASE op");
      } else {
        auto answer = act();
        if (careful) run(w.db(), "RELEASE op");
        return answer;
      }
    } catch (const std::exception& e) {
      const std::string why = e.what();
      forget_since(earlier);
      w.numbers.forget();
      // Without its transaction, further operations would commit one by one.
      if (!w.db().in_transaction()) lose(why);
      if (careful) undo_op();
      else if (w.db().changes_ever() != changes) {
        roll_back();
        throw batch_spoiled("An operation failed half way: " + why);
      }
      throw;
    }
  }

  void undo_op() {
    try {
      run(w.db(), "ROLLBACK TO op");
      run(w.db(), "RELEASE op");
    } catch (const SQLite::Exception& e) {
      lose(e.what());
    }
  }
};

store::store(const std::string& path) : impl_(std::make_unique<impl>(path)) {}
store::~store() { impl_->roll_back(); }

void store::begin(care how) {
  impl_->careful = how == care::each_operation;
  impl_->before = impl_->announced();
  try {
    run(impl_->w.db(), "BEGIN IMMEDIATE");
  } catch (const SQLite::Exception& e) {
    impl_->lose(e.what());
  }
}

void store::commit() {
  if (!impl_->w.db().in_transaction()) impl_->lose("no batch is open.");
  try {
    run(impl_->w.db(), "COMMIT");
  } catch (const SQLite::Exception& e) {
    impl_->lose(e.what());
  }
  // What this batch announced is true from now on; a late rollback() must not take it back.
  impl_->before = impl_->announced();
}

void store::obey(rulers r) { impl_->w.rule = std::move(r); }

void store::rollback() noexcept { impl_->roll_back(); }
void store::forget_batch() noexcept {
  impl_->before = {};
  impl_->roll_back();
}

std::vector<incoming_update> store::apply(const std::vector<incoming_update>& updates, unix_ms at,
                                          bool posted) {
  return impl_->op([&] { return store_updates(impl_->w, updates, at, posted); });
}
account store::apply(const register_user& who) {
  return impl_->op([&] { return enrol(impl_->w, who); });
}
order_answer store::apply(const order_request& order) {
  return impl_->op([&] { return place_order(impl_->w, order); });
}
bool store::apply(const turn& t) {
  return impl_->op([&] { return finish_turn(impl_->w, t); });
}
step_answer store::apply(const job_step& step) {
  return impl_->op([&] {
    if (may_cancel(impl_->w, step)) return take_step(impl_->w, step);
    step_answer no;
    no.now = load_job(impl_->w.db(), step.job_id).value_or(job{});
    no.refused = true;
    return no;
  });
}
void store::apply(const delivery_report& report) {
  impl_->op([&] { note_delivery(impl_->w, report); });
}
payment_answer store::apply(const open_payment& order) {
  return impl_->op([&] { return start_payment(impl_->w, order); });
}
payment_answer store::apply(const star_charge& charge) {
  return impl_->op([&] { return take_stars(impl_->w, charge); });
}
payment_answer store::apply(const payment_step& step) {
  return impl_->op([&] { return take_step(impl_->w, step); });
}

admin_answer store::apply(const admin_action& a) {
  return impl_->op([&] { return act(impl_->w, a); });
}
void store::apply(const store_notice& notice) {
  impl_->op([&] { note(impl_->w, notice); });
}
void store::apply(const readdress_office& how) {
  impl_->op([&] { readdress(impl_->w, how); });
}
void store::apply(const review_rights& how) {
  impl_->op([&] { review(impl_->w, how); });
}
broadcast_answer store::apply(const open_broadcast& order) {
  return impl_->op([&] { return open(impl_->w, order); });
}
broadcast_answer store::apply(const broadcast_step& step) {
  return impl_->op([&] { return take_step(impl_->w, step); });
}
broadcast_answer store::apply(const gather_recipients& page) {
  return impl_->op([&] { return gather(impl_->w, page); });
}
recipients_taken store::apply(const take_recipients& page) {
  return impl_->op([&] { return take(impl_->w, page); });
}

std::vector<outgoing> store::take_outgoing() {
  impl_->before.messages = 0;
  return std::exchange(impl_->w.messages, {});
}

std::vector<job> store::take_new_jobs() {
  impl_->before.jobs = 0;
  return std::exchange(impl_->w.new_jobs, {});
}

std::vector<payment> store::take_payments() {
  impl_->before.payments = 0;
  return std::exchange(impl_->w.payments, {});
}

std::vector<broadcast> store::take_broadcasts() {
  impl_->before.broadcasts = 0;
  return std::exchange(impl_->w.broadcasts, {});
}

std::vector<office_heard> store::take_office() {
  impl_->before.office = 0;
  return std::exchange(impl_->w.office, {});
}

namespace {

constexpr std::size_t secret_bytes = 32;

std::string find_secret(database& db, const std::string& key) {
  query q(db, "SELECT value FROM meta WHERE name = ?", key);
  return q.next() ? q.text(0) : std::string{};
}

} // namespace

namespace {

/// The first use of the file: its damage or a full disk shows here.
template <class use> auto first_use(const std::string& path, use of) -> decltype(of()) {
  try {
    return of();
  } catch (const SQLite::Exception& e) {
    throw store_error("The database " + path + " cannot be used: " + e.what() +
                      ". If the disk is full make room; else restore a backup, or run: troupe audit");
  }
}

} // namespace

std::string store::kept_secret(const std::string& name) {
  return first_use(impl_->path, [&] {
    const auto key = "secret:" + name;
    auto& db = impl_->w.db();
    run(db, "INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT DO NOTHING", key,
        random_hex(secret_bytes));
    return find_secret(db, key);
  });
}

std::int64_t store::serve_bot(std::int64_t bot_id) {
  impl_->w.numbers.forget();
  return first_use(impl_->path, [&] {
    SQLite::Transaction all(impl_->w.db().connection(), SQLite::TransactionBehavior::IMMEDIATE);
    const auto before = storage::serve_bot(impl_->w.db(), bot_id);
    all.commit();
    return before;
  });
}

std::size_t store::updates_stored() const { return impl_->w.updates_stored; }

void store::tidy() noexcept {
  auto& db = impl_->w.db();
  auto* handle = db.connection().getHandle();
  if (db.in_transaction()) return;
  sqlite3_busy_timeout(handle, 0);
  sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(handle, database::patience_ms);
}

bool store::is_new() const {
  return first_use(impl_->path, [&] {
    return number(impl_->w.db(),
                  "SELECT count(*) FROM meta WHERE name = '" NEWS_OF_A_BOOK "' AND value <> '' "
                  "AND NOT EXISTS (SELECT 1 FROM users)") > 0;
  });
}

} // namespace troupe::storage
