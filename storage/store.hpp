#pragma once
/// The store: one SQLite file, one writer. Synchronous and unaware of actors.
/// Each `apply` is one durable operation inside the batch opened by `begin()`.
#include "messages/office.hpp"
#include "storage/authority.hpp"
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::storage {

/// Cannot open, damaged, or locked by another engine; `what()` names the file and the remedy.
struct store_error : std::runtime_error {
  using runtime_error::runtime_error;
};
/// The whole batch is gone (disk full, I/O error): nothing of it was durable.
struct batch_lost : std::runtime_error {
  using runtime_error::runtime_error;
};
/// An operation failed after its first write, so nothing of the batch is left. Repeat the batch with
/// `care::each_operation`: then only that operation fails.
struct batch_spoiled : std::runtime_error {
  using runtime_error::runtime_error;
};
/// A known id came again with other content. Nothing was changed.
struct id_conflict : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Owned by one thread.
class store {
public:
  /// Opens or creates, in a folder that exists; the file is locked, under whatever name, for its lifetime.
  /// What is not ours is left as it is. ":memory:" for tests. @throws store_error
  explicit store(const std::string& path);
  ~store();
  bool is_new() const; ///< Its book was begun, nobody is in it, and nobody has been told of it yet.
  /// A value generated once and kept (for example CALLBACK_SECRET). Between batches.
  std::string kept_secret(const std::string& name);
  /// Whose updates come from now on: each bot has numbers and an offset of its own, all share the book.
  /// Between batches. @returns the bot before, when it was another one and nobody was told of it; else 0.
  std::int64_t serve_bot(std::int64_t bot_id);

  /// Who rules by the configuration, from the next operation on.
  void obey(rulers r);

  // -- a batch: begin, any number of apply, commit or rollback --
  /// A savepoint for each operation costs a third of the throughput and is hardly ever needed.
  enum class care : std::uint8_t { batch, each_operation };
  void begin(care how = care::batch);
  void commit(); ///< One fsync. @throws batch_lost
  void rollback() noexcept;
  /// For a successor of a fallen writer: rolls back, and what was announced but not taken is dropped; the
  /// successor reads it from the file.
  void forget_batch() noexcept;
  /// In a quiet moment, between batches: what the WAL holds goes into the file, and its space back to the
  /// disk. Waits for nobody: while somebody reads, less or nothing of it is done. Never throws.
  void tidy() noexcept;

  /// Stores new updates in order and returns those not seen before, each with the number that is its own
  /// here: Telegram's, unless that is another update's (see numbering.hpp). Updates with user_id 0 are stored
  /// as done and not returned. What was polled moves the offset behind the last of the batch, what was posted
  /// does not.
  std::vector<incoming_update> apply(const std::vector<incoming_update>& updates, unix_ms at,
                                     bool posted = false);
  /// How many of the last of these were new, also of those that concern nobody.
  std::size_t updates_stored() const;
  /// Idempotent. Grants `welcome_credits` (transfer `bonus:welcome:<user>`) and the founder's. Gives no
  /// rights.
  account apply(const register_user& who);
  /// All holds and jobs, or none. Idempotent by `order_key`. @throws id_conflict
  order_answer apply(const order_request& order);
  /// { state, messages, update done }. Idempotent by update_id. The stored messages (with ids) and
  /// messages that are not to be stored (lane::answer, lane::progress) appear in `take_outgoing()`.
  /// False: it needs rights that its user does not have as of now; nothing of it is stored.
  bool apply(const turn& t);
  step_answer apply(const job_step& step);
  void apply(const delivery_report& report);
  /// @throws id_conflict
  payment_answer apply(const open_payment& order);
  payment_answer apply(const star_charge& charge);
  payment_answer apply(const payment_step& step);
  admin_answer apply(const admin_action& act);
  void apply(const store_notice& notice);
  void apply(const readdress_office& how);
  void apply(const review_rights& how);
  /// @throws id_conflict
  broadcast_answer apply(const open_broadcast& order);
  broadcast_answer apply(const broadcast_step& step);
  broadcast_answer apply(const gather_recipients& page);
  recipients_taken apply(const take_recipients& page);

  /// Messages and jobs that became due in this batch; call after `commit()`. Cleared by the call.
  std::vector<outgoing> take_outgoing();
  std::vector<job> take_new_jobs();
  std::vector<payment> take_payments();
  std::vector<broadcast> take_broadcasts(); ///< opened, or changed by an administrator
  std::vector<office_heard> take_office();  ///< what became of messages to the office

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

struct audit_report {
  std::vector<std::string> faults; ///< Sentences; empty = all invariants hold.
  std::int64_t users = 0, transfers = 0, entries = 0, open_jobs = 0, credits_with_users = 0, payments = 0;
};

/// Read-only connection of its own (WAL): never waits for the writer. Owned by one thread.
class reader {
public:
  explicit reader(const std::string& path); ///< @throws store_error
  ~reader();
  account load_account(std::int64_t user_id);
  std::vector<ledger_entry> entries(std::int64_t user_id, int offset, int limit); ///< newest first
  /// Of all users, newest first; each transfer once, as it changed what its user has or what was set aside.
  std::vector<book_line> newest_entries(int limit);
  std::vector<job> jobs_of(std::int64_t user_id, int offset, int limit); ///< newest first
  user_profile profile(std::int64_t user_id);                            ///< user_id 0 when unknown
  std::vector<job> jobs(bool only_open, int limit);                      ///< newest first
  job load_job(std::int64_t job_id);                                     ///< job_id 0 when unknown
  payment load_payment(const payment_query& which);                      ///< payment_id 0 when unknown
  std::vector<payment> payments_of(std::int64_t user_id, int offset,
                                   int limit); ///< newest first; user 0: of all
  /// What an administrator asks. May take long: from a connection of its own.
  office_facts answer(const office_question& question);
  std::vector<std::string> mutes_of(std::int64_t user_id); ///< categories of broadcasts
  open_work load_open_work();
  /// Names, or the tokens they begin with, of all files that a job or a message may still need.
  std::set<std::string> needed_files();
  /// Proves every invariant of the book of credits and of the jobs.
  audit_report audit();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// The folder of an engine's own files (videos, thumbnails, photos): it hangs on the database, so that two
/// engines never share one. Whoever holds the store holds it too. The engine makes it when it needs it.
std::string files_folder_of(const std::string& database_path);

} // namespace troupe::storage
