#include "storage/parts.hpp"
#include <iterator>
#include <sqlite3.h>

namespace troupe::storage {
namespace {

/// Step n brings a file from version n to n + 1. Published steps are never edited.
constexpr const char* migrations[] = {
    R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE inbox(
  update_id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, json TEXT NOT NULL,
  received_at INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;
CREATE INDEX inbox_open ON inbox(update_id) WHERE done = 0;

CREATE TABLE users(
  user_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL DEFAULT '', username TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '', registered_at INTEGER, last_seen_at INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0, admin INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '') STRICT;

CREATE TABLE transfers(
  transfer_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ledger(
  id INTEGER PRIMARY KEY AUTOINCREMENT, transfer_id TEXT NOT NULL, account TEXT NOT NULL,
  user_id INTEGER NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL, ref_type TEXT NOT NULL,
  ref_id TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE INDEX ledger_of_user ON ledger(user_id, id) WHERE account = 'user';
CREATE TABLE balances(
  account TEXT NOT NULL, user_id INTEGER NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY(account, user_id),
  CHECK(account NOT IN ('user', 'held') OR amount >= 0)) STRICT, WITHOUT ROWID;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

CREATE TABLE orders(
  order_id INTEGER PRIMARY KEY AUTOINCREMENT, order_key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
  user_id INTEGER NOT NULL, count INTEGER NOT NULL, price INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE jobs(
  job_id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  language TEXT NOT NULL, model_id TEXT NOT NULL, model_title TEXT NOT NULL, api TEXT NOT NULL,
  provider_model TEXT NOT NULL, prompt TEXT NOT NULL, photo_file_id TEXT NOT NULL,
  aspect_ratio TEXT NOT NULL, duration_s INTEGER NOT NULL, resolution TEXT NOT NULL,
  price INTEGER NOT NULL CHECK(price > 0),
  state TEXT NOT NULL CHECK(state IN ('pending', 'submitting', 'unknown', 'processing', 'fetching',
                                      'delivering', 'completed', 'failed', 'cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0, key_name TEXT NOT NULL DEFAULT '', task_id TEXT NOT NULL DEFAULT '',
  result_url TEXT NOT NULL DEFAULT '', file_path TEXT NOT NULL DEFAULT '',
  thumbnail_path TEXT NOT NULL DEFAULT '', file_id TEXT NOT NULL DEFAULT '',
  width INTEGER NOT NULL DEFAULT 0, height INTEGER NOT NULL DEFAULT 0,
  duration_ms INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  fail_class TEXT NOT NULL DEFAULT '', fail_text TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, submitted_at INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0, deadline_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX jobs_of_user ON jobs(user_id, job_id);
CREATE INDEX jobs_of_order ON jobs(order_id);
CREATE INDEX jobs_open ON jobs(user_id) WHERE state NOT IN ('completed', 'failed', 'cancelled');

CREATE TABLE outbox(
  outbox_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, urgency INTEGER NOT NULL,
  method TEXT NOT NULL, params TEXT NOT NULL, slot TEXT NOT NULL, job_id INTEGER NOT NULL,
  uploads TEXT NOT NULL, parked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX outbox_parked ON outbox(chat_id) WHERE parked = 1;
CREATE TABLE slots(
  chat_id INTEGER NOT NULL, slot TEXT NOT NULL, message_id INTEGER NOT NULL,
  PRIMARY KEY(chat_id, slot)) STRICT, WITHOUT ROWID;
)sql",
    // Late successes: two more states of a job. No AUTOINCREMENT where rows
    // are never deleted: it costs a further write for each row.
    R"sql(
CREATE TABLE new_jobs(
  job_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  language TEXT NOT NULL, model_id TEXT NOT NULL, model_title TEXT NOT NULL, api TEXT NOT NULL,
  provider_model TEXT NOT NULL, prompt TEXT NOT NULL, photo_file_id TEXT NOT NULL,
  aspect_ratio TEXT NOT NULL, duration_s INTEGER NOT NULL, resolution TEXT NOT NULL,
  price INTEGER NOT NULL CHECK(price > 0),
  state TEXT NOT NULL CHECK(state IN ('pending', 'submitting', 'unknown', 'processing', 'fetching',
                                      'delivering', 'overdue', 'completed', 'failed', 'cancelled', 'gifted')),
  attempt INTEGER NOT NULL DEFAULT 0, key_name TEXT NOT NULL DEFAULT '', task_id TEXT NOT NULL DEFAULT '',
  result_url TEXT NOT NULL DEFAULT '', file_path TEXT NOT NULL DEFAULT '',
  thumbnail_path TEXT NOT NULL DEFAULT '', file_id TEXT NOT NULL DEFAULT '',
  width INTEGER NOT NULL DEFAULT 0, height INTEGER NOT NULL DEFAULT 0,
  duration_ms INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  fail_class TEXT NOT NULL DEFAULT '', fail_text TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, submitted_at INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0, deadline_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
INSERT INTO new_jobs SELECT * FROM jobs;
DROP TABLE jobs;
ALTER TABLE new_jobs RENAME TO jobs;
CREATE INDEX jobs_of_user ON jobs(user_id);
CREATE INDEX jobs_open ON jobs(user_id) WHERE state NOT IN ('completed', 'failed', 'cancelled', 'gifted');

CREATE TABLE new_orders(
  order_id INTEGER PRIMARY KEY, order_key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
  user_id INTEGER NOT NULL, count INTEGER NOT NULL, price INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO new_orders SELECT * FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;

CREATE TABLE new_ledger(
  id INTEGER PRIMARY KEY, transfer_id TEXT NOT NULL, account TEXT NOT NULL,
  user_id INTEGER NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL, ref_type TEXT NOT NULL,
  ref_id TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
INSERT INTO new_ledger SELECT * FROM ledger;
DROP TABLE ledger;
ALTER TABLE new_ledger RENAME TO ledger;
CREATE INDEX ledger_of_user ON ledger(user_id) WHERE account = 'user';
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
)sql",
    // How many videos a user waits for is asked before each order: the
    // index alone tells it.
    R"sql(
DROP INDEX jobs_open;
CREATE INDEX jobs_running ON jobs(user_id)
  WHERE state NOT IN ('completed', 'failed', 'cancelled', 'gifted', 'overdue');
CREATE INDEX jobs_overdue ON jobs(user_id) WHERE state = 'overdue';
)sql",
    // Purchases.
    R"sql(
CREATE TABLE payments(
  payment_id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL,
  method TEXT NOT NULL CHECK(method IN ('stars', 'card', 'sbp')),
  amount INTEGER NOT NULL, credits INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('pending', 'paid', 'refunding', 'refunded', 'cancelled', 'unmatched')),
  outside_id TEXT NOT NULL DEFAULT '', url TEXT NOT NULL DEFAULT '',
  request_key TEXT NOT NULL DEFAULT '', request TEXT NOT NULL DEFAULT '',
  refunded INTEGER NOT NULL DEFAULT 0, credits_back INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, paid_at INTEGER NOT NULL DEFAULT 0, updated_at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX payments_outside ON payments(outside_id) WHERE outside_id <> '';
CREATE INDEX payments_of_user ON payments(user_id);
CREATE INDEX payments_open ON payments(state) WHERE state IN ('pending', 'refunding', 'unmatched');
)sql",
    // Models that leave the choice of sound.
    R"sql(
ALTER TABLE jobs ADD COLUMN sound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN dead_tasks TEXT NOT NULL DEFAULT '';
)sql",
    // Administrators: acts, journal, broadcasts. The activity log begins with
    // the day: one write a line, one seek a day and user, old days go as a range.
    R"sql(
ALTER TABLE users ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN ban_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN timeline TEXT NOT NULL DEFAULT '';

CREATE TABLE admin_acts(
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, outcome INTEGER NOT NULL, user_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, admin_id INTEGER NOT NULL, action TEXT NOT NULL,
  user_id INTEGER NOT NULL, job_id INTEGER NOT NULL, amount INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;
CREATE INDEX journal_of_user ON journal(user_id) WHERE user_id <> 0;
CREATE TABLE activity(
  day INTEGER NOT NULL, user_id INTEGER NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL,
  PRIMARY KEY(day, user_id, at, what)) STRICT, WITHOUT ROWID;
CREATE TABLE mutes(
  user_id INTEGER NOT NULL, category TEXT NOT NULL, PRIMARY KEY(user_id, category)) STRICT, WITHOUT ROWID;

CREATE TABLE broadcasts(
  broadcast_id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
  admin_id INTEGER NOT NULL, admin_language TEXT NOT NULL, kind INTEGER NOT NULL, of_broadcast INTEGER NOT NULL, method TEXT NOT NULL,
  params TEXT NOT NULL, title TEXT NOT NULL, audience INTEGER NOT NULL, days INTEGER NOT NULL,
  language TEXT NOT NULL, category TEXT NOT NULL, paid INTEGER NOT NULL, per_second INTEGER NOT NULL,
  starts_at INTEGER NOT NULL, created_at INTEGER NOT NULL, began_at INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL, why TEXT NOT NULL DEFAULT '',
  total INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0, blocked INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0, unknown INTEGER NOT NULL DEFAULT 0,
  gathered_to INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE recipients(
  broadcast_id INTEGER NOT NULL, user_id INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0,
  message_id INTEGER NOT NULL DEFAULT 0, more TEXT NOT NULL DEFAULT '', why TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(broadcast_id, user_id)) STRICT, WITHOUT ROWID;
)sql",
    // Lines of the activity log in the order they come: one page for all users of a batch. In their place
    // at once, each user's line was a page of its own, half of all that a batch wrote.
    R"sql(
CREATE TABLE activity_recent(
  id INTEGER PRIMARY KEY, day INTEGER NOT NULL, user_id INTEGER NOT NULL, at INTEGER NOT NULL,
  what TEXT NOT NULL) STRICT;
)sql",
    // Messages to the people behind the bot, and what is told when it is known what became of a message.
    R"sql(
ALTER TABLE outbox ADD COLUMN office INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
)sql",
    // The address that the shop did not take for a receipt, and until when Telegram wants silence in a chat.
    R"sql(
ALTER TABLE users ADD COLUMN refused_contact TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
)sql",
    // Lanes by name: a lane that is put between others must not turn old messages into something else. And
    // the offset belongs to a bot; of whom, the first start with a token says.
    R"sql(
ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT 'reply';
UPDATE outbox SET lane = CASE urgency
  WHEN 0 THEN 'answer' WHEN 1 THEN 'money' WHEN 2 THEN 'result' WHEN 3 THEN 'reply' WHEN 4 THEN 'status'
  WHEN 5 THEN 'progress' WHEN 6 THEN 'broadcast' WHEN 7 THEN 'paid_broadcast' ELSE 'reply' END;
ALTER TABLE outbox DROP COLUMN urgency;
UPDATE meta SET name = 'offset:0' WHERE name = 'next_offset';
)sql",
    // The files of a job have names that are known before they are written and that nobody guesses. The limit
    // of time runs from the submit, so what waits for it has none. What is said after a delivery waits in the
    // outbox.
    R"sql(
ALTER TABLE jobs ADD COLUMN file_token TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET file_token = lower(hex(randomblob(16)))
  WHERE state NOT IN ('completed', 'failed', 'cancelled', 'gifted');
UPDATE jobs SET deadline_at = 0 WHERE state = 'pending';
ALTER TABLE outbox ADD COLUMN after_job INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_after ON outbox(after_job) WHERE after_job <> 0;
)sql",
    // Roles by name. Of those who had rights, whoever was given them by an administrator keeps them; who had
    // them of the configuration, or as founder, has them of the configuration alone. And whose letter a
    // message to the office is part of.
    R"sql(
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'none' CHECK(role IN ('none', 'support', 'admin'));
UPDATE users SET role = 'admin' WHERE admin = 1 AND (SELECT action FROM journal j WHERE j.user_id = users.user_id
  AND j.action IN ('promote', 'demote') ORDER BY j.id DESC LIMIT 1) = 'promote';
INSERT INTO meta(name, value) SELECT 'menu:' || user_id, 'of before' FROM users WHERE admin = 1;
ALTER TABLE users DROP COLUMN admin;
CREATE INDEX users_with_role ON users(user_id) WHERE role <> 'none';
ALTER TABLE outbox ADD COLUMN letter_of INTEGER NOT NULL DEFAULT 0;
CREATE TABLE letters(
  chat_id INTEGER NOT NULL, message_id INTEGER NOT NULL, user_id INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(chat_id, message_id)) STRICT, WITHOUT ROWID;
CREATE INDEX letters_by_time ON letters(at);
)sql",
    // Whose is this task? It is asked before a job takes one. Not unique: a book of before may hold two
    // alike.
    R"sql(
CREATE INDEX jobs_of_task ON jobs(task_id, key_name) WHERE task_id <> '';
)sql"};
constexpr int newest = static_cast<int>(std::size(migrations));

int version_of(database& db) { return db.connection().execAndGet("PRAGMA user_version").getInt(); }

[[noreturn]] void refuse_newer(const std::string& path, int version) {
  throw store_error("The database " + path + " has schema version " + std::to_string(version) +
                    ", this program knows " + std::to_string(newest) +
                    ". Start the program that wrote it last.");
}

void migrate(database& db, const std::string& path) {
  int version = version_of(db);
  if (version > newest) refuse_newer(path, version);
  for (; version < newest; ++version) {
    SQLite::Transaction step(db.connection(), SQLite::TransactionBehavior::IMMEDIATE);
    db.connection().exec(migrations[version]);
    if (version == 0) db.connection().exec("INSERT INTO meta VALUES('" NEWS_OF_A_BOOK "', '1')");
    db.connection().exec("PRAGMA user_version = " + std::to_string(version + 1));
    step.commit();
  }
}

void sign(SQLite::Database& c) {
  if (c.execAndGet("PRAGMA application_id").getInt() != our_application_id)
    c.exec("PRAGMA application_id = " + std::to_string(our_application_id));
}

} // namespace

bool database::in_transaction() const { return sqlite3_get_autocommit(connection_.getHandle()) == 0; }

constexpr int wal_kept_bytes = 8 << 20; // enough for a busy day: to grow again costs syncs

void tune(SQLite::Database& c) {
  c.exec("PRAGMA synchronous = FULL");
  c.exec("PRAGMA wal_autocheckpoint = 500"); // 2 MB: larger ones are no faster, but stall longer
  c.exec("PRAGMA journal_size_limit = " +
         std::to_string(wal_kept_bytes)); // what a long reader made it grow to
  c.exec("PRAGMA cache_size = -65536");   // KiB; with the default of 2 MB a big batch spills and reads again
  c.exec("PRAGMA temp_store = MEMORY");
}

std::unique_ptr<database> open_for_writing(const std::string& path) {
  // Nobody reads SQLite's own statistics of memory; each allocation would take a lock for them. Refused
  // without harm when this program has used SQLite before.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  try {
    const auto real = real_path(path);
    // A connection belongs to one thread, so SQLite need not lock.
    auto db =
        std::make_unique<database>(real, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
    auto& c = db->connection();
    // SQLite opens a write-protected file all the same; then every batch of the engine would be lost.
    if (sqlite3_db_readonly(c.getHandle(), "main") == 1) refuse_unopened(path, "it may not be written");
    sign(c); // before there is a WAL: the file says whose it is whatever happens next
    c.exec("PRAGMA journal_mode = WAL");
    tune(c);
    migrate(*db, path);
    return db;
  } catch (const SQLite::Exception& e) {
    refuse_unopened(path, e.what());
  }
}

namespace {

std::unique_ptr<database> open_read_only(const std::string& path, int& version) {
  auto db = std::make_unique<database>(real_path(path), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX);
  version = version_of(*db);
  if (version > newest) refuse_newer(path, version);
  return db;
}

} // namespace

std::unique_ptr<database> open_for_reading(const std::string& path) {
  try {
    if (look_at(path) == file_kind::absent) refuse_unopened(path, "there is no such file");
    int version = 0;
    auto db = open_read_only(path, version);
    if (version < newest) refuse_unopened(path, "it was written by an older program; start the engine once");
    return db;
  } catch (const SQLite::Exception& e) {
    refuse_unopened(path, e.what());
  }
}

bool is_old(database& db) { return version_of(db) < newest; }

std::unique_ptr<database> open_to_look(const std::string& path) {
  if (look_at(path) != file_kind::ours) return nullptr;
  int version = 0;
  auto db = open_read_only(path, version);
  return version == 0 ? nullptr : std::move(db); // signed, and then its program died
}

} // namespace troupe::storage
