#include "storage/parts.hpp"
#include <algorithm>
#include <filesystem>

namespace troupe::storage {
namespace {

/// Several queries that see one and the same moment.
class snapshot {
public:
  explicit snapshot(database& db) : db_(db) { run(db_, "BEGIN"); }
  ~snapshot() {
    try {
      run(db_, "COMMIT");
    } catch (const std::exception&) {
      // It only read: nothing can be lost.
    }
  }
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

private:
  database& db_;
};

} // namespace

account load_account(database& db, std::int64_t user_id) {
  account a;
  a.user_id = user_id;
  query q(db,
          "SELECT registered_at IS NOT NULL, role, language, state, banned, ban_reason, refused_contact FROM "
          "users WHERE user_id = ?",
          user_id);
  if (q.next()) {
    a.registered = q.flag(0);
    a.rank = role_named(q.text(1));
    a.language = q.text(2);
    a.state = q.text(3);
    a.banned = q.flag(4);
    a.ban_reason = q.text(5);
    a.refused_contact = q.text(6);
  }
  a.balance = balance_of(db, "user", user_id);
  a.held = balance_of(db, "held", user_id);
  a.debt = -balance_of(db, "debt", user_id);
  a.open_jobs = open_jobs_of(db, user_id);
  return a;
}

user_profile load_profile(database& db, std::int64_t user_id) {
  query q(db, "SELECT user_id, first_name, username, language FROM users WHERE user_id = ?", user_id);
  if (!q.next()) return {};
  return {q.integer(0), q.text(1), q.text(2), q.text(3)};
}

std::vector<ledger_entry> entries_of(database& db, std::int64_t user_id, int offset, int limit) {
  query q(db,
          "SELECT id, amount, type, ref_type, ref_id, description, created_at FROM ledger "
          "WHERE account = 'user' AND user_id = ? ORDER BY id DESC LIMIT ? OFFSET ?",
          user_id, std::max(limit, 0), std::max(offset, 0));
  std::vector<ledger_entry> list;
  while (q.next())
    list.push_back({q.integer(0), q.integer(1), q.text(2), q.text(3), q.text(4), q.text(5), q.integer(6)});
  return list;
}

std::vector<job> jobs_of(database& db, std::int64_t user_id, int offset, int limit) {
  query q(db,
          "SELECT " TROUPE_JOB_COLUMNS " FROM jobs WHERE user_id = ? ORDER BY job_id DESC LIMIT ? OFFSET ?",
          user_id, std::max(limit, 0), std::max(offset, 0));
  return collect_jobs(q);
}

std::vector<payment> payments_of(database& db, std::int64_t user_id, int offset, int limit) {
  query q(db,
          user_id != 0 ? TROUPE_PAYMENT_SELECT
              "WHERE user_id = ?1 ORDER BY payment_id DESC LIMIT ?2 OFFSET ?3"
                       : TROUPE_PAYMENT_SELECT "WHERE ?1 = 0 ORDER BY payment_id DESC LIMIT ?2 OFFSET ?3",
          user_id, std::max(limit, 0), std::max(offset, 0));
  return collect_payments(q);
}

struct reader::impl {
  std::unique_ptr<database> file;
  std::string path;
  database& db() { return *file; }
};

reader::reader(const std::string& path) : impl_(new impl{open_for_reading(path), path}) {}
reader::~reader() = default;

account reader::load_account(std::int64_t user_id) {
  const snapshot moment(impl_->db());
  return storage::load_account(impl_->db(), user_id);
}

std::vector<ledger_entry> reader::entries(std::int64_t user_id, int offset, int limit) {
  return entries_of(impl_->db(), user_id, offset, limit);
}

std::vector<book_line> reader::newest_entries(int limit) {
  // The other half of a transfer that a user has a row of would say the same again.
  query q(impl_->db(),
          "SELECT id, amount, type, ref_type, ref_id, description, created_at, user_id, account FROM ledger "
          "WHERE account = 'user' OR (type = 'debit' AND amount < 0) ORDER BY id DESC LIMIT ?",
          std::max(limit, 0));
  std::vector<book_line> list;
  while (q.next())
    list.push_back({{q.integer(0), q.integer(1), q.text(2), q.text(3), q.text(4), q.text(5), q.integer(6)},
                    q.integer(7),
                    q.text(8)});
  return list;
}

std::vector<job> reader::jobs_of(std::int64_t user_id, int offset, int limit) {
  return storage::jobs_of(impl_->db(), user_id, offset, limit);
}

user_profile reader::profile(std::int64_t user_id) { return load_profile(impl_->db(), user_id); }

std::vector<job> reader::jobs(bool only_open, int limit) {
  query q(impl_->db(),
          only_open ? "SELECT " TROUPE_JOB_COLUMNS " FROM " TROUPE_OPEN_JOBS " ORDER BY job_id DESC LIMIT ?"
                    : "SELECT " TROUPE_JOB_COLUMNS " FROM jobs ORDER BY job_id DESC LIMIT ?",
          limit);
  return collect_jobs(q);
}

job reader::load_job(std::int64_t job_id) { return storage::load_job(impl_->db(), job_id).value_or(job{}); }

payment reader::load_payment(const payment_query& which) {
  return find_payment(impl_->db(), which).value_or(payment{});
}

std::vector<payment> reader::payments_of(std::int64_t user_id, int offset, int limit) {
  return storage::payments_of(impl_->db(), user_id, offset, limit);
}

open_work reader::load_open_work() {
  auto& db = impl_->db();
  const snapshot moment(db);
  open_work work;
  work.next_offset = next_offset(db);
  work.heard_at = heard_at(db);
  query set(db, "SELECT substr(name, 5), value FROM meta WHERE name LIKE 'set:%'");
  while (set.next()) work.settings.emplace_back(set.text(0), set.text(1));
  query updates(db, "SELECT update_id, user_id, json FROM inbox WHERE done = 0 ORDER BY update_id");
  while (updates.next()) work.updates.push_back({updates.integer(0), updates.integer(1), updates.text(2)});
  query messages(db, TROUPE_OUTBOX_SELECT "WHERE parked = 0 ORDER BY outbox_id");
  work.messages = collect_messages(messages);
  query jobs(db, "SELECT " TROUPE_JOB_COLUMNS " FROM " TROUPE_OPEN_JOBS " ORDER BY job_id");
  work.jobs = collect_jobs(jobs);
  query payments(db,
                 TROUPE_PAYMENT_SELECT "WHERE state IN ('pending', 'refunding') AND (state = 'refunding' OR "
                                       "method <> 'stars') ORDER BY payment_id");
  work.payments = collect_payments(payments);
  work.broadcasts = unfinished_broadcasts(db);
  query people(db, "SELECT user_id, language, role FROM users WHERE role <> 'none' ORDER BY user_id");
  while (people.next())
    work.administrators.push_back({people.integer(0), people.text(1), role_named(people.text(2))});
  query states(db,
               "SELECT substr(name, 14), value FROM meta WHERE name LIKE 'notice:alarm:%' AND value <> ''");
  while (states.next()) work.states.emplace_back(states.text(0), states.text(1));
  return work;
}

office_facts reader::answer(const office_question& question) {
  const snapshot moment(impl_->db());
  return answer_office(impl_->db(), question);
}

std::vector<std::string> reader::mutes_of(std::int64_t user_id) {
  return storage::mutes_of(impl_->db(), user_id);
}

std::set<std::string> reader::needed_files() {
  const snapshot moment(impl_->db());
  std::set<std::string> needed;
  query messages(impl_->db(), TROUPE_OUTBOX_SELECT "WHERE uploads <> '' AND uploads <> '[]'");
  for (auto& m : collect_messages(messages))
    for (auto& u : m.uploads) needed.insert(std::filesystem::path{u.path}.filename());
  query open(impl_->db(), "SELECT file_token FROM " TROUPE_OPEN_JOBS " WHERE file_token <> ''");
  while (open.next()) needed.insert(open.text(0));
  return needed;
}

audit_report reader::audit() { return storage::audit(impl_->path); }

} // namespace troupe::storage
