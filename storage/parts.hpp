#pragma once
/// Private to the store: its parts. All of them run inside the savepoint of one operation.
#include "storage/authority.hpp"
#include "storage/claim.hpp"
#include "storage/database.hpp"
#include "storage/numbering.hpp"
#include "storage/files.hpp"
#include "storage/store.hpp"
#include <optional>

namespace troupe::storage {

// -- schema.cpp --

/// Opens the file of a `claim` for writing and brings the schema up to date. @throws store_error
std::unique_ptr<database> open_for_writing(const std::string& path);
/// How the writer's connection is set: durable, and with room for a batch.
void tune(SQLite::Database& connection);
/// @throws store_error also when the file does not exist or has another version of the schema
std::unique_ptr<database> open_for_reading(const std::string& path);
/// For reading, also of an older program's. Null: no book is in it. @throws store_error, SQLite::Exception
std::unique_ptr<database> open_to_look(const std::string& path);
bool is_old(database& db); ///< its schema is

/// What administrators must hear of a start, kept until it is stored with the message that says it: an alarm
/// of the kind "news:..." empties its notice.
#define NEWS_OF_A_BOOK "notice:news:new_database"
#define NEWS_OF_A_BOT "notice:news:another_bot" ///< the number of the one before

// -- book.cpp: double entry --

struct transfer {
  std::string id;
  std::string from, to; ///< Accounts: user | held | spent | bonus | sold | debt
  std::int64_t user_id = 0;
  std::int64_t amount = 0; ///< > 0
  std::string type, ref_type, ref_id, description;
  unix_ms at = 0;
};

/// Two rows that sum to zero. The same transfer again changes nothing. @throws id_conflict
void post(database& db, const transfer& t);
std::int64_t balance_of(database& db, const char* account, std::int64_t user_id);

void hold(database& db, const job& j, unix_ms at);
void post_hold(database& db, const job& j, unix_ms at);
void void_hold(database& db, const job& j, unix_ms at);
/// A late success: the provider is paid by the house.
void book_gift(database& db, const job& j, unix_ms at);
/// After the post: the file was made but could never be handed over.
void return_spent(database& db, const job& j, unix_ms at);

/// Credits for money; an old debt is paid first.
void credit_payment(database& db, const payment& p, unix_ms at);
/// Takes back `credits` of it: what the user still has, and the rest as debt.
void take_back(database& db, const payment& p, std::int64_t credits, unix_ms at);

/// Mixes fields into a short text: differs when any field does.
class fingerprint {
public:
  fingerprint& add(std::string_view field);
  fingerprint& add(std::int64_t field) { return add(std::to_string(field)); }
  std::string text() const;

private:
  std::uint64_t hash_ = 14695981039346656037u; // FNV-1a
};

// -- what both sides read --

account load_account(database& db, std::int64_t user_id);
std::int64_t served_bot(database& db);
std::int64_t next_offset(database& db); ///< of the bot that is served
unix_ms heard_at(database& db);         ///< when its newest update came; 0: none is known
/// Newest first.
std::vector<ledger_entry> entries_of(database& db, std::int64_t user_id, int offset, int limit);
std::vector<job> jobs_of(database& db, std::int64_t user_id, int offset, int limit);
std::vector<payment> payments_of(database& db, std::int64_t user_id, int offset,
                                 int limit);                   ///< user 0: of all
user_profile load_profile(database& db, std::int64_t user_id); ///< user_id 0 when unknown
std::optional<job> load_job(database& db, std::int64_t job_id);
/// All jobs of a query that starts with `SELECT` and TROUPE_JOB_COLUMNS.
std::vector<job> collect_jobs(query& q);
int open_jobs_of(database& db, std::int64_t user_id);
std::optional<payment> find_payment(database& db, const payment_query& which);
std::vector<payment> collect_payments(query& q);
#define TROUPE_PAYMENT_SELECT                                                                                \
  "SELECT payment_id, key, user_id, method, amount, credits, state, outside_id, url, request_key, request, " \
  "refunded, credits_back, why, created_at, paid_at, updated_at FROM payments "
/// All messages of a query that starts with TROUPE_OUTBOX_SELECT.
std::vector<outgoing> collect_messages(query& q);
/// Takes two connections and two threads. @throws store_error
audit_report audit(const std::string& path);

#define TROUPE_JOB_COLUMNS                                                                                   \
  "job_id, order_id, user_id, language, model_id, model_title, api, provider_model, prompt, "                \
  "photo_file_id, aspect_ratio, duration_s, resolution, sound, price, state, attempt, key_name, task_id, "   \
  "result_url, file_path, thumbnail_path, file_id, width, height, duration_ms, bytes, fail_class, "          \
  "fail_text, created_at, submitted_at, not_before, deadline_at, updated_at, dead_tasks, file_token, "       \
  "sha256, tries, deliveries, "                                                                              \
  "(SELECT count FROM orders o WHERE o.order_id = jobs.order_id)"
/// Jobs the user waits for.
#define TROUPE_RUNNING_JOB "state NOT IN ('completed', 'failed', 'cancelled', 'gifted', 'overdue')"
/// Jobs the engine has to go on with: each half has an index.
#define TROUPE_OPEN_JOBS                                                                                     \
  "(SELECT * FROM jobs WHERE " TROUPE_RUNNING_JOB                                                            \
  " UNION ALL SELECT * FROM jobs WHERE state = 'overdue') AS jobs"
#define TROUPE_OUTBOX_SELECT                                                                                 \
  "SELECT outbox_id, o.chat_id, lane, method, params, o.slot, job_id, uploads, s.message_id, office, "       \
  "not_before, letter_of "                                                                                   \
  "FROM outbox o LEFT JOIN slots s ON s.chat_id = o.chat_id AND s.slot = o.slot AND o.slot <> '' "

// -- the writer's operations --

/// The connection, and what the running batch has to announce after its commit.
struct writer {
  std::unique_ptr<database> file;
  std::vector<outgoing> messages;
  std::vector<job> new_jobs;
  std::vector<payment> payments;     ///< That the cashier has to go on with.
  std::vector<broadcast> broadcasts; ///< That the broadcaster has to go on with.
  std::vector<office_heard> office;  ///< What became of messages to the office.
  rulers rule;
  numbering numbers;
  std::size_t updates_stored = 0; ///< by the last operation that brought some
  unix_ms pruned_at = 0, activity_pruned_at = 0;
  database& db() { return *file; }
};

// roles.cpp
/// As of this transaction.
role role_now(writer& w, std::int64_t user_id);
bool may_now(writer& w, std::int64_t user_id, deed what);
/// May `by` end this job? Nobody asks about the engine's own steps and about his own job.
bool may_cancel(writer& w, const job_step& step);
void review(writer& w, const review_rights& how);
/// Somebody may do less than before: what he planned or was asked is void, and what waits for him in the
/// office goes to others.
void rights_ended(writer& w, std::int64_t user_id);

// inbox.cpp
std::vector<incoming_update> store_updates(writer& w, const std::vector<incoming_update>& updates, unix_ms at,
                                           bool posted);
account enrol(writer& w, const register_user& who);
/// False: it needs rights that its user does not have, and nothing of it is stored.
bool finish_turn(writer& w, const turn& t);
// outbox.cpp
void announce(writer& w, const std::vector<outgoing>& messages);
void unpark(writer& w, std::int64_t chat_id);
void readdress(writer& w, const readdress_office& how);
/// What is parked for a group goes where it has moved; both are numbers as text.
void follow_group(writer& w, const std::string& from, const std::string& to);
/// What is said once a job's video is with its user; of an order's last one more. As `parked` in the outbox.
enum class later : std::uint8_t { with_the_video = 3, with_the_order = 4 }; // 2: unreadable
void keep_for_later(writer& w, std::int64_t job_id, const std::vector<outgoing>& messages, later when);
void say_later(writer& w, std::int64_t job_id, bool order_ended);
void forget_later(writer& w, std::int64_t job_id);
void note_delivery(writer& w, const delivery_report& report);
/// What waits for a person who has left the office: letters go to its owners, alarms to nobody.
void take_office_mail(writer& w, std::int64_t user_id, role now);
/// Whose letter a message to the office is part of; 0: of nobody's.
std::int64_t letter_of(database& db, std::int64_t chat_id, std::int64_t message_id);
// jobs.cpp
order_answer place_order(writer& w, const order_request& order);
step_answer take_step(writer& w, const job_step& step);
/// What became of a video: delivering -> completed, or back to fetching when it could not be handed over; a
/// gifted job learns its file id.
void hand_over(writer& w, const delivery_report& r);
// payments.cpp
payment_answer start_payment(writer& w, const open_payment& order);
payment_answer take_stars(writer& w, const star_charge& charge);
payment_answer take_step(writer& w, const payment_step& step);
// office.cpp
admin_answer act(writer& w, const admin_action& a);
void note(writer& w, const store_notice& n);
void write_journal(database& db, const journal_line& line);
void keep_setting(database& db, const std::string& name, const std::string& value);
void set_mute(database& db, std::int64_t user_id, const std::string& category, bool mute);
void write_activity(writer& w, const turn& t);
// broadcasts.cpp
broadcast_answer open(writer& w, const open_broadcast& order);
broadcast_answer take_step(writer& w, const broadcast_step& step);
broadcast_answer gather(writer& w, const gather_recipients& page);
recipients_taken take(writer& w, const take_recipients& page);
/// Those of this author that could send stand still; 0: of everybody who may not send any more.
void hold_broadcasts(writer& w, std::int64_t author);
/// Those not ended, and those whose end was not told: notice "cast:<id>".
std::vector<broadcast> unfinished_broadcasts(database& db);
std::optional<broadcast> load_broadcast(database& db, std::int64_t broadcast_id);
std::vector<broadcast> newest_broadcasts(database& db, int offset, int limit);
std::int64_t audience_of(database& db, const audience_query& a); ///< how many
// office_facts.cpp
office_facts answer_office(database& db, const office_question& question);
std::vector<std::string> mutes_of(database& db, std::int64_t user_id);

} // namespace troupe::storage
