#pragma once
/// The engine's vocabulary: updates, turns, orders, jobs and outgoing messages, as plain values.
/// Times are milliseconds since 1970 (UTC) and are always given by the caller. Credits are whole.
#include "messages/rights.hpp"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

using unix_ms = std::int64_t;
inline constexpr unix_ms day_ms = 24 * 3'600'000ll;

// -- What Telegram sends -------------------------------------------------------------------------

struct account;
namespace telegram {
struct event;
}

struct incoming_update {
  std::int64_t update_id = 0;
  std::int64_t user_id = 0; ///< 0: concerns nobody we talk to; stored as done.
  std::string json;
  /// The user's account in the batch that stored the update: it spares its session a question. Only of an
  /// update that has just been stored.
  std::shared_ptr<const account> who = nullptr;
  std::uint64_t stored_in = 0; ///< the number of that batch
  bool unstored = false;       ///< it cannot be stored in time: to be answered from memory, and to come again
  /// What `json` says, of an update that has just been read: it is not read twice. See telegram::event_in().
  std::shared_ptr<const telegram::event> event = nullptr;
};

struct user_profile {
  std::int64_t user_id = 0;
  std::string first_name;
  std::string username;
  std::string language; ///< Telegram's `language_code`, may be empty.
};

// -- What we send --------------------------------------------------------------------------------

/// Importance of an outgoing call, first to last. Order inside one chat is kept regardless.
/// `status`: first word of an order; its toast has said it already, so live screens go before it.
/// `paid_broadcast` has a budget of its own; the last two are what one broadcast chooses between.
enum class lane : std::uint8_t { answer, money, result, reply, status, progress, broadcast, paid_broadcast };

struct upload {
  std::string field; ///< "video", "thumbnail"
  std::string path;
  std::string content_type;
  /// What was fetched, as hex; what is there when it is sent must be the same. "": of an older version.
  std::string sha256 = {};
};

constexpr const char* name_of(lane l) {
  constexpr const char* names[] = {"answer", "money",    "result",    "reply",
                                   "status", "progress", "broadcast", "paid_broadcast"};
  return names[static_cast<int>(l)];
}
inline constexpr std::size_t lane_count = static_cast<std::size_t>(lane::paid_broadcast) + 1;

/// Whether a message is for the people behind the bot: what their chat refuses goes to another chat of
/// theirs.
enum class office_mail : std::uint8_t { no, alarm, letter };

/// What somebody is told once it is known what became of a message: parameters of sendMessage, JSON. "":
/// nothing.
struct receipt {
  std::int64_t chat_id = 0;
  std::string slot; ///< the message that it changes, if there is one
  std::string delivered, gone, refused;
};

/// One call of the Bot API.
struct outgoing {
  std::int64_t outbox_id = 0; ///< 0: not stored; may be lost (a toast, a progress bar).
  std::int64_t chat_id = 0;
  lane urgency = lane::reply;
  std::string method; ///< "sendMessage", "editMessageText", "sendVideo", ...
  std::string params; ///< JSON object with all parameters but files.
  /// A named place in the chat that holds one message. The first sendMessage into a slot creates it,
  /// each later one becomes editMessageText of that message.
  std::string slot;
  std::int64_t slot_message_id = 0; ///< Filled when loaded from the store and already known.
  std::int64_t job_id = 0;          ///< A delivery: its success completes this job.
  std::int64_t broadcast_id = 0;    ///< Of a broadcast: whoever posted it is told what became of it.
  std::vector<upload> uploads;
  int refusals = 0; ///< How often Telegram has asked for patience; counted of answers to buttons.
  office_mail office = office_mail::no;
  /// Part of a user's letter to the office: a reply to what arrives goes to this user. 0: of nobody's.
  std::int64_t letter_of = 0;
  /// Only of a message that is new, and stored. The same receipt of several messages is told for one of them.
  std::shared_ptr<const receipt> told = nullptr;
  /// What it is about, of screens: one that still waits is outdated by a newer one of the same topic, because
  /// the newer says all that counts. "edit:17" is the message that is edited. Not stored.
  std::string topic;
  unix_ms not_before = 0; ///< Telegram wants silence in this chat until then.
};

/// What became of a stored outgoing message.
struct delivery_report {
  std::int64_t outbox_id = 0;
  unix_ms at = 0;
  bool delivered = false;
  bool chat_gone = false;  ///< The user blocked us or is deleted: kept, offered at the next /start.
  bool unreadable = false; ///< Nothing could be made of the stored row: kept to be looked at, never sent.
  unix_ms not_before = 0;  ///< Set: neither delivered nor given up, Telegram wants silence until then.
  std::string why;         ///< When not delivered.
  std::int64_t chat_id = 0;
  std::int64_t message_id = 0;
  std::string slot;
  std::int64_t job_id = 0;
  std::string file_id;            ///< Of a delivered video; "My generations" sends it again.
  std::vector<std::string> files; ///< Ours to remove, once this is durable.
  std::int64_t moved_to = 0;      ///< chat_gone: the group has this number now, and the message goes there.
  std::vector<std::int64_t> instead; ///< chat_gone: the office's group; it goes to these chats in its place.
};

/// One line of the journal of administrators. Acts write theirs by themselves; all else comes with a turn.
struct journal_line {
  std::int64_t id = 0;
  unix_ms at = 0;
  std::int64_t admin_id = 0; ///< 0: the engine itself
  std::string action;        ///< name_of(admin_act), "setting", "broadcast", "cancel_job", "feedback", ...
  std::int64_t user_id = 0, job_id = 0;
  std::int64_t amount = 0;
  std::string detail;
};

/// One update handled: everything it changed, stored in one transaction.
struct turn {
  std::int64_t update_id = 0;
  std::int64_t user_id = 0;
  unix_ms at = 0;
  user_profile profile;
  std::string state;         ///< The dialogue's state, JSON.
  bool user_is_back = false; ///< The user wrote to us: parked messages are sent again.
  bool user_is_gone = false; ///< The user blocked us.
  std::vector<outgoing> messages;
  /// What an administrator has set: name and value, "" forgets it. Kept in the database.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<journal_line> journal; ///< What else he did; see office.hpp.
  /// The role by which it was decided, and what of it only some may do beside settings and journal. When the
  /// user has less at the moment it is to be stored, nothing of it is.
  role rank = role::none;
  std::vector<right> uses;
  std::vector<std::pair<std::string, bool>> mutes; ///< Categories of broadcasts: true, nothing of it.
  std::int64_t group_is_back = 0; ///< We may write there again: its parked messages are sent.
  int activity_days = 0;          ///< The activity log is kept for so long; 0: none is written.
  std::string activity;           ///< A few words for the activity log; "": nothing.
};

// -- Users and money -----------------------------------------------------------------------------

struct register_user {
  user_profile profile;
  unix_ms at = 0;
  std::int64_t welcome_credits = 0;
  std::int64_t founder_credits = 0; ///< Of the founder alone; 0 of everybody else.
};

/// What a dialogue needs to know of its user.
struct account {
  std::int64_t user_id = 0;
  bool registered = false;
  /// From the store: as the database has it. Whoever knows the configuration makes of it what counts, with
  /// role_of().
  role rank = role::none;
  bool banned = false;
  std::string ban_reason;
  std::int64_t balance = 0; ///< Free credits.
  std::int64_t held = 0;    ///< Set aside for running jobs.
  std::int64_t debt =
      0; ///< Credits of refunded payments that were spent already: the next purchase pays them.
  int open_jobs = 0;
  std::string language;
  std::string state;           ///< Dialogue state as last stored; "" at first.
  std::string refused_contact; ///< The address for receipts that the shop has refused last.
};

struct ledger_entry {
  std::int64_t id = 0;
  std::int64_t amount = 0; ///< As the user sees it: +credit, -debit.
  std::string type;        ///< credit | debit | refund | reservation
  std::string ref_type;    ///< payment | job | admin | reservation | bonus
  std::string ref_id;
  std::string description;
  unix_ms at = 0;
};

/// An entry as the book's keeper sees it.
struct book_line {
  ledger_entry entry;
  std::int64_t user_id = 0;
  std::string account; ///< user | held | bonus | debt
};

// -- Orders and jobs -----------------------------------------------------------------------------

/// What to make and how to ask for it. Copied from the catalogue when ordered, so that a later
/// change of the catalogue never changes a running job.
struct job_spec {
  std::string model_id;       ///< Catalogue id
  std::string model_title;    ///< In the user's language
  std::string api;            ///< "kie-unified" | "kie-veo"
  std::string provider_model; ///< e.g. "veo3_fast"
  std::string prompt;
  std::string photo_file_id; ///< Telegram's id of the input photo, "" for text to video
  std::string aspect_ratio;  ///< "16:9", "9:16", "Auto"
  int duration_s = 8;
  std::string resolution = "720p";
  bool sound = false; ///< Asked for, of a model that leaves the choice.
};

struct order_request {
  std::string order_key; ///< Chosen by the dialogue; the same key again answers the same order.
  std::int64_t user_id = 0;
  unix_ms at = 0;
  job_spec spec;
  std::int64_t price = 0; ///< Credits per video, > 0.
  int count = 1;
  int active_jobs_max = 3;
  bool closed = false; ///< Nothing new is taken; the same order again is still answered.
};

enum class order_outcome : std::uint8_t { accepted, too_few_credits, too_many_jobs, closed };

struct order_answer {
  order_outcome outcome = order_outcome::accepted;
  std::int64_t order_id = 0;
  std::int64_t balance = 0; ///< After the hold; when refused, as it is.
  std::int64_t missing = 0; ///< Credits short, for too_few_credits.
};

/// ```
/// pending -> submitting -> processing -> fetching -> delivering -> completed
///    ^            | |           |          | ^          |
///    +-- retry ---+-|-----------+          | +----------+ (the file is gone, or Telegram refuses it)
///                   +-> unknown-+----------+--> failed (hold voided)      pending -> cancelled
///                        |      |
///                        +------+--> overdue (hold voided, still watched) -> gifted | failed
/// ```
/// From delivering on the hold is posted. A job that has been there and cannot be handed over ends completed
/// with a `fail_text`, and its credits are returned.
enum class job_state : std::uint8_t {
  pending,
  submitting,
  unknown,
  processing,
  fetching,
  delivering,
  overdue,
  completed,
  failed,
  cancelled,
  gifted
};

constexpr const char* name_of(job_state s) {
  constexpr const char* names[] = {"pending", "submitting", "unknown", "processing", "fetching", "delivering",
                                   "overdue", "completed",  "failed",  "cancelled",  "gifted"};
  return names[static_cast<int>(s)];
}
constexpr bool is_final(job_state s) { return s >= job_state::completed; }

struct media_info {
  int width = 0, height = 0;
  std::int64_t duration_ms = 0;
  std::int64_t bytes = 0;
  bool shrunk = false; ///< Made smaller by us, to fit through Telegram. Not stored.
};

struct job {
  std::int64_t job_id = 0;
  std::int64_t order_id = 0;
  std::int64_t user_id = 0;
  std::string language;
  job_spec spec;
  std::int64_t price = 0;
  int of_order = 1; ///< Videos ordered together.
  job_state state = job_state::pending;
  int attempt = 0;      ///< Tries that came to nothing: submits refused for a while, tasks that failed.
  std::string key_name; ///< Which API key it was submitted with.
  std::string task_id;  ///< The provider's id.
  /// Ids of earlier tasks that ended without a video and without a reason: their callbacks mean nothing.
  std::string dead_tasks;
  std::string result_url;
  /// Names its files: chosen with the order, by the system's random numbers, so that they are known before
  /// any is written and nobody guesses them.
  std::string file_token;
  std::string file_path, thumbnail_path;
  std::string sha256;  ///< of the video at `file_path`
  std::string file_id; ///< Telegram's, after delivery.
  int tries = 0;       ///< Of the present step, so far: of a fetch; or submits that were none of its tries.
  int deliveries = 0;  ///< Given up so far: each was fetched again.
  media_info media;
  std::string fail_class, fail_text;
  unix_ms created_at = 0, submitted_at = 0, not_before = 0, updated_at = 0;
  unix_ms deadline_at =
      0; ///< From the submit on: then the credits return; when overdue: the end of the watch.
};

/// One step of a job's life, with what it has to say to the user. A repeated step changes nothing.
struct job_step {
  std::int64_t job_id = 0;
  unix_ms at = 0;
  job_state to = job_state::pending;
  std::string key_name;                  ///< to submitting
  std::string task_id;                   ///< to processing
  std::string result_url;                ///< to fetching
  int tries = 0;                         ///< to fetching: how often it was tried before
  std::string file_path, thumbnail_path; ///< to delivering: the hold is posted
  std::string sha256;                    ///< to delivering
  media_info media;
  unix_ms not_before = 0; ///< to pending (retry)
  /// to pending: the provider has made nothing and judged nothing (a limit, a key), so this was none of the
  /// job's tries.
  bool no_try = false;
  unix_ms deadline_at = 0; ///< to submitting: of the task
  std::int64_t by = 0;     ///< to cancelled: who does it, 0: the engine. Another than its user needs a right.
  unix_ms watch_until = 0; ///< to overdue: becomes the job's deadline
  std::string fail_class, fail_text; ///< to failed: the hold is voided
  std::vector<outgoing> messages;
  std::vector<outgoing>
      afterwards; ///< to delivering, gifted: said when Telegram has taken the video, not before.
  std::vector<outgoing> finale; ///< Said after all when this was the last job of its order; once.
};

struct step_answer {
  bool changed = false; ///< False: this step was taken before, or is impossible from `now.state`.
  job now;
  /// Not taken: the task that it names is this other job's.
  std::int64_t task_of = 0;
  bool refused = false; ///< Not taken: whoever does it may not.
};

// -- Payments --------------------------------------------------------------------------------------

/// Card and SBP (the Russian faster payments) go through YooKassa, "the shop".
enum class payment_method : std::uint8_t { stars, card, sbp };

constexpr const char* name_of(payment_method m) {
  constexpr const char* names[] = {"stars", "card", "sbp"};
  return names[static_cast<int>(m)];
}
constexpr const char* currency_of(payment_method m) { return m == payment_method::stars ? "XTR" : "RUB"; }

/// ```
/// pending -> paid -> refunding -> refunded        pending, or none -> unmatched -> paid (by an
/// administrator)
///    |         ^         |
///    +-> cancelled       +-> paid (the refund was refused)
/// ```
/// A payment that the outside world refunds by itself goes from paid to refunded, bit by bit when in parts.
/// Cancelled is not the end: money that comes all the same is credited.
enum class payment_state : std::uint8_t { pending, paid, refunding, refunded, cancelled, unmatched };

constexpr const char* name_of(payment_state s) {
  constexpr const char* names[] = {"pending", "paid", "refunding", "refunded", "cancelled", "unmatched"};
  return names[static_cast<int>(s)];
}

/// Amounts are whole Stars, or kopecks.
struct payment {
  std::int64_t payment_id = 0; ///< 0: there is none.
  std::string key; ///< Ours, chosen before anything leaves: the invoice's payload, the shop's order id.
  std::int64_t user_id = 0;
  payment_method method = payment_method::stars;
  std::int64_t amount = 0;
  std::int64_t credits = 0; ///< What the user gets for it.
  payment_state state = payment_state::pending;
  std::string outside_id;  ///< Telegram's charge id, or the shop's payment id; unique.
  std::string url;         ///< Where the user pays (shop).
  std::string request_key; ///< Idempotence key of what is asked of the shop now: the payment, or its refund.
  std::string request;     ///< The exact body that goes with it.
  std::int64_t refunded = 0;     ///< Of `amount`.
  std::int64_t credits_back = 0; ///< Of `credits`: taken back for it, debt included.
  std::string why;               ///< cancelled, unmatched, or a refund that was refused.
  unix_ms created_at = 0, paid_at = 0, updated_at = 0;
};

/// The one that is named: by the first of these that is set.
struct payment_query {
  std::int64_t payment_id = 0;
  std::string key, outside_id;
};

/// Before anything is asked of the outside world. Idempotent by `key`.
struct open_payment {
  std::string key;
  std::int64_t user_id = 0;
  unix_ms at = 0;
  payment_method method = payment_method::stars;
  std::int64_t amount = 0;
  std::int64_t credits = 0;
  std::string request_key, request; ///< The first ones stored count.
};

/// Stars that have come, as Telegram says it. Each charge is credited once, and for what was agreed; a charge
/// that fits no payment of ours is kept as `unmatched`.
struct star_charge {
  std::string charge_id;
  std::string key;
  std::int64_t user_id = 0;
  std::int64_t amount = 0;
  std::string currency;
  unix_ms at = 0;
};

struct payment_step {
  std::int64_t payment_id = 0; ///< 0: the one with this `outside_id`.
  unix_ms at = 0;
  payment_state to = payment_state::pending;
  std::string outside_id, url; ///< to pending: the shop knows it now; to paid, unmatched: if it was not known
  std::string request_key, request; ///< to refunding
  std::int64_t refunded = 0; ///< to refunded: in all, of `amount`; less than all keeps it paid. To paid: what
                             ///< has gone back already when we hear of the money.
  /// to refunded, with `outside_id`: whose money it is. When that charge is not known so far it is kept as
  /// refunded, so that the payment that comes after it gives no credits.
  std::int64_t user_id = 0;
  std::int64_t amount = 0;     ///< to unmatched: what has come instead; the credits shrink or grow with it
  std::int64_t credits = 0;    ///< to paid from unmatched: when none were agreed
  std::string why;             ///< to cancelled; to paid: why the refund was refused
  std::string refused_contact; ///< to cancelled: the shop does not take this address for the receipt
  std::int64_t by = 0;         ///< to refunding; to paid from unmatched: who does it. Nobody: it is not done.
  std::vector<outgoing> messages;
};

struct payment_answer {
  bool changed = false; ///< False: it was so before, or it is impossible from `now.state`.
  payment now;
  account who;          ///< After it.
  bool refused = false; ///< Not done: whoever asked for it may not.
};

} // namespace troupe
