-- A book as the program before roles left it: version 11 of the schema, and some people.
BEGIN TRANSACTION;
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE inbox(
  update_id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, json TEXT NOT NULL,
  received_at INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;
CREATE TABLE users(
  user_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL DEFAULT '', username TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '', registered_at INTEGER, last_seen_at INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0, admin INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '', banned INTEGER NOT NULL DEFAULT 0, ban_reason TEXT NOT NULL DEFAULT '', refused_contact TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE transfers(
  transfer_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE balances(
  account TEXT NOT NULL, user_id INTEGER NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY(account, user_id),
  CHECK(account NOT IN ('user', 'held') OR amount >= 0)) STRICT, WITHOUT ROWID;
CREATE TABLE outbox(
  outbox_id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, method TEXT NOT NULL, params TEXT NOT NULL, slot TEXT NOT NULL, job_id INTEGER NOT NULL,
  uploads TEXT NOT NULL, parked INTEGER NOT NULL DEFAULT 0, office INTEGER NOT NULL DEFAULT 0, receipt TEXT NOT NULL DEFAULT '', not_before INTEGER NOT NULL DEFAULT 0, lane TEXT NOT NULL DEFAULT 'reply', after_job INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE slots(
  chat_id INTEGER NOT NULL, slot TEXT NOT NULL, message_id INTEGER NOT NULL,
  PRIMARY KEY(chat_id, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE "jobs"(
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
  not_before INTEGER NOT NULL DEFAULT 0, deadline_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, sound INTEGER NOT NULL DEFAULT 0, dead_tasks TEXT NOT NULL DEFAULT '', timeline TEXT NOT NULL DEFAULT '', file_token TEXT NOT NULL DEFAULT '', sha256 TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0, deliveries INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE "orders"(
  order_id INTEGER PRIMARY KEY, order_key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
  user_id INTEGER NOT NULL, count INTEGER NOT NULL, price INTEGER NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE "ledger"(
  id INTEGER PRIMARY KEY, transfer_id TEXT NOT NULL, account TEXT NOT NULL,
  user_id INTEGER NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL, ref_type TEXT NOT NULL,
  ref_id TEXT NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE payments(
  payment_id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL,
  method TEXT NOT NULL CHECK(method IN ('stars', 'card', 'sbp')),
  amount INTEGER NOT NULL, credits INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('pending', 'paid', 'refunding', 'refunded', 'cancelled', 'unmatched')),
  outside_id TEXT NOT NULL DEFAULT '', url TEXT NOT NULL DEFAULT '',
  request_key TEXT NOT NULL DEFAULT '', request TEXT NOT NULL DEFAULT '',
  refunded INTEGER NOT NULL DEFAULT 0, credits_back INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, paid_at INTEGER NOT NULL DEFAULT 0, updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE admin_acts(
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, outcome INTEGER NOT NULL, user_id INTEGER NOT NULL,
  job_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, admin_id INTEGER NOT NULL, action TEXT NOT NULL,
  user_id INTEGER NOT NULL, job_id INTEGER NOT NULL, amount INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;
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
CREATE TABLE activity_recent(
  id INTEGER PRIMARY KEY, day INTEGER NOT NULL, user_id INTEGER NOT NULL, at INTEGER NOT NULL,
  what TEXT NOT NULL) STRICT;
CREATE INDEX inbox_open ON inbox(update_id) WHERE done = 0;
CREATE INDEX outbox_parked ON outbox(chat_id) WHERE parked = 1;
CREATE INDEX jobs_of_user ON jobs(user_id);
CREATE INDEX ledger_of_user ON ledger(user_id) WHERE account = 'user';
CREATE INDEX jobs_running ON jobs(user_id)
  WHERE state NOT IN ('completed', 'failed', 'cancelled', 'gifted', 'overdue');
CREATE INDEX jobs_overdue ON jobs(user_id) WHERE state = 'overdue';
CREATE UNIQUE INDEX payments_outside ON payments(outside_id) WHERE outside_id <> '';
CREATE INDEX payments_of_user ON payments(user_id);
CREATE INDEX payments_open ON payments(state) WHERE state IN ('pending', 'refunding', 'unmatched');
CREATE INDEX journal_of_user ON journal(user_id) WHERE user_id <> 0;
CREATE INDEX outbox_after ON outbox(after_job) WHERE after_job <> 0;
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
INSERT INTO users(user_id, registered_at, admin) VALUES(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 0), (5, 1, 1), (6, 1, 0);
INSERT INTO journal(at, admin_id, action, user_id, job_id, amount, detail) VALUES
  (1, 9, 'promote', 2, 0, 0, ''), (2, 9, 'ban', 2, 0, 0, ''),
  (3, 9, 'promote', 3, 0, 0, ''), (4, 9, 'demote', 3, 0, 0, ''),
  (5, 9, 'promote', 4, 0, 0, ''), (6, 9, 'demote', 4, 0, 0, ''),
  (7, 9, 'promote', 5, 0, 0, ''), (8, 9, 'demote', 5, 0, 0, ''), (9, 9, 'promote', 5, 0, 0, '');
INSERT INTO outbox(chat_id, method, params, slot, job_id, uploads, parked, office, lane) VALUES
  (1, 'sendMessage', '{"text":"an alarm"}', '', 0, '[]', 1, 1, 'reply');
COMMIT;
PRAGMA application_id = 1416787312;
PRAGMA user_version = 11;
