#pragma once
/// The vocabulary of administrators: what they do, what they ask, and broadcasts. Plain values, as work.hpp.
#include "messages/work.hpp"
#include <iterator>
#include <string_view>
#include <variant>

namespace troupe {

// -- What an administrator does to a user or a job -----------------------------------------------------

enum class admin_act : std::uint8_t {
  give,
  take, ///< Refused when the user has less.
  ban,
  unban,
  promote,
  demote,
  return_credits, ///< Of a completed job, once: the house pays (`goodwill:<job>`).
  retry_job,      ///< Of a failed or cancelled job, once: a new order of the same, the house pays.
  make_support    ///< promote makes an administrator, this one of the support; demote ends both.
};
inline constexpr std::size_t admin_acts = static_cast<std::size_t>(admin_act::make_support) + 1;

constexpr const char* name_of(admin_act a) {
  constexpr const char* names[] = {"give",   "take",           "ban",       "unban",       "promote",
                                   "demote", "return_credits", "retry_job", "make_support"};
  static_assert(std::size(names) == admin_acts);
  return names[static_cast<std::size_t>(a)];
}

/// Journaled with what it does. Idempotent by `key`: the same again answers what the first answered. One that
/// was refused has left nothing behind and may be asked again.
struct admin_action {
  std::string key; ///< From the update that asked for it.
  std::int64_t admin_id = 0;
  unix_ms at = 0;
  admin_act what = admin_act::give;
  std::int64_t user_id = 0; ///< Whom it concerns; of the acts on a job, filled by the store.
  std::int64_t job_id = 0;
  std::int64_t amount = 0; ///< give, take: > 0
  std::string reason;      ///< May be empty; the user may read it.
  /// The balance that the question showed: with another one nothing is done. -1: none was shown.
  std::int64_t balance_seen = -1;
};

enum class admin_outcome : std::uint8_t {
  done, ///< Also when it was done by this very action before.
  unknown_user,
  unknown_job,
  too_few_credits, ///< `now` says how many there are.
  already,         ///< Nothing to do: it is so, or was done once by another action.
  impossible, ///< Not in this state of the job; nobody changes an owner's or his own role; who has a role is
              ///< not banned.
  changed,    ///< The balance is another than the one that was shown; `now` says which.
  not_permitted ///< Whoever asks may not do it, as of this moment.
};

struct admin_answer {
  admin_outcome outcome = admin_outcome::done;
  account now;          ///< Of the user, after it.
  user_profile profile; ///< The same user's.
  job what;             ///< Of the acts on a job: the job; of retry_job: the new one.
};

/// Told to administrators by the engine itself; stored with the setting that remembers it was told. The same
/// name and value again changes nothing.
struct store_notice {
  std::string name, value; ///< "" : no memory of it
  unix_ms at = 0;
  std::vector<outgoing> messages;
};

/// Announced after a commit: what became of a message to the office.
struct office_heard {
  std::int64_t chat_id = 0;
  bool delivered = false;
  std::string why; ///< refused
};

/// At a start: what is parked for a group goes to the office as it is reached now.
struct readdress_office {
  std::vector<std::int64_t> chats;
};

/// What follows when rights may be others than before: at a start, when the configuration was read again,
/// when somebody's role was changed. Broadcasts of those who may not send any are held, and menus of commands
/// are set where they are other ones, and taken back from whoever is not named here.
struct review_rights {
  struct menu {
    std::int64_t user_id = 0;
    std::string value; ///< what makes it another one
    outgoing set;
  };
  unix_ms at = 0;
  std::vector<menu> menus;
};

// -- Broadcasts ----------------------------------------------------------------------------------------

enum class audience_kind : std::uint8_t { everyone, active, fresh, paid, never_paid, with_balance };

constexpr const char* name_of(audience_kind k) {
  constexpr const char* names[] = {"everyone", "active", "fresh", "paid", "never_paid", "with_balance"};
  return names[static_cast<int>(k)];
}

/// Never in it: who blocked the bot, who is banned, who wants nothing of the category.
struct audience {
  audience_kind kind = audience_kind::everyone;
  int days = 0;         ///< active: seen in so many days; fresh: registered in them
  std::string language; ///< "ru" | "en" as the texts are chosen; "": both
  std::string category; ///< "news" | "offers": users may opt out; "service": they cannot
};

enum class broadcast_kind : std::uint8_t { send, erase, edit }; ///< The last two go to those who have it.

constexpr const char* name_of(broadcast_kind k) {
  constexpr const char* names[] = {"send", "erase", "edit"};
  return names[static_cast<int>(k)];
}

/// ```
/// scheduled -> gathering -> running <-> paused       running -> asking -> running | stopped
///     |            |           |                     running -> done
///     +------------+-----------+-> stopped
/// ```
/// asking: too many have blocked the bot; an administrator says whether it goes on.
/// Nothing goes out in the name of somebody who may not send any more: it stands paused, `why` is
/// `held_for_rights`, and whoever resumes it is its author from then on.
enum class broadcast_state : std::uint8_t { scheduled, gathering, running, paused, asking, done, stopped };

constexpr const char* name_of(broadcast_state s) {
  constexpr const char* names[] = {"scheduled", "gathering", "running", "paused",
                                   "asking",    "done",      "stopped"};
  return names[static_cast<int>(s)];
}
constexpr bool is_final(broadcast_state s) { return s >= broadcast_state::done; }
inline constexpr const char* held_for_rights = "rights";

/// waiting -> taken -> sent | blocked | failed | unknown; taken -> waiting when it is known not to have left.
/// A `taken` one found at a start may have been sent: unknown, and never repeated.
enum class recipient_state : std::uint8_t { waiting, taken, sent, blocked, failed, unknown };

constexpr const char* name_of(recipient_state s) {
  constexpr const char* names[] = {"waiting", "taken", "sent", "blocked", "failed", "unknown"};
  return names[static_cast<int>(s)];
}

struct broadcast {
  std::int64_t broadcast_id = 0; ///< 0: there is none
  std::string key;               ///< Chosen by the composer; the same again is the same broadcast.
  std::int64_t admin_id = 0;
  std::string admin_language; ///< "ru" | "en": in which he is told of it
  broadcast_kind kind = broadcast_kind::send;
  std::int64_t of_broadcast = 0; ///< erase, edit: whose messages
  std::string method;            ///< "sendMessage", "copyMessage", "sendMediaGroup", "deleteMessage", ...
  std::string params;            ///< JSON of all parameters but chat_id and message_id
  std::string title;             ///< A few words of it, for lists
  audience to;                   ///< kind send
  bool paid = false;             ///< `allow_paid_broadcast`: its own, higher budget
  int per_second = 0;            ///< A limit of its own; 0: all that is permitted
  unix_ms starts_at = 0;         ///< 0: at once
  unix_ms created_at = 0, began_at = 0, ended_at = 0;
  broadcast_state state = broadcast_state::scheduled;
  std::string why; ///< asking, paused, stopped
  std::int64_t total = 0, sent = 0, blocked = 0, failed = 0, unknown = 0;
  std::int64_t gathered_to = 0; ///< The last user looked at; all are when `state` is past gathering.
  std::int64_t waiting() const { return total - sent - blocked - failed - unknown; } ///< taken ones too
  /// One more of these; waiting and taken ones are not counted.
  void count(recipient_state s) {
    if (s == recipient_state::sent) ++sent;
    if (s == recipient_state::blocked) ++blocked;
    if (s == recipient_state::failed) ++failed;
    if (s == recipient_state::unknown) ++unknown;
  }
};

/// Idempotent by `what.key`. @throws id_conflict
struct open_broadcast {
  broadcast what;
  unix_ms at = 0;
};

/// A change of state, by an administrator or by the engine. A repeated or impossible one changes nothing.
struct broadcast_step {
  std::int64_t broadcast_id = 0;
  unix_ms at = 0;
  broadcast_state to = broadcast_state::running;
  std::int64_t admin_id = 0; ///< 0: the engine; else it is journaled
  std::string why;
  std::vector<outgoing> messages; ///< Only when it changes something.
};

struct broadcast_answer {
  bool changed = false;
  broadcast now;        ///< broadcast_id 0: there is none
  bool refused = false; ///< Not done: whoever asked for it may not.
};
constexpr bool is_held(broadcast_state s, std::string_view why) {
  return s == broadcast_state::paused && why == held_for_rights;
}

/// Writes the next `users` of the audience into the journal of recipients as waiting; the last page makes the
/// broadcast `running`, an empty audience `done`.
struct gather_recipients {
  std::int64_t broadcast_id = 0;
  unix_ms at = 0;
  int users = 1000; ///< looked at, > 0
};

struct recipient {
  std::int64_t user_id = 0;
  recipient_state state = recipient_state::waiting;
  std::int64_t message_id = 0; ///< sent; of erase and edit: the message that it concerns
  std::string more;            ///< Further messages of an album: "17,18"
  std::string why;             ///< failed, blocked, unknown
};

/// What became of those taken before, and the next ones: they are `taken` on disk before anything leaves.
struct take_recipients {
  std::int64_t broadcast_id = 0;
  unix_ms at = 0;
  bool first = false;             ///< Of a new engine: what it finds taken is unknown (erase, edit: waiting).
  std::int64_t after = 0;         ///< Only users above this number; 0 looks at all.
  int take = 0;                   ///< At most so many; none when the broadcast is not running
  std::vector<recipient> results; ///< `waiting` puts one back
};

struct recipients_taken {
  broadcast now;
  std::vector<recipient> next; ///< in the order of user ids; of erase and edit with their messages
};

/// A broadcast's message on its way through the courier.
struct broadcast_post {
  outgoing what;
};
/// What became of it; `waiting`: it was recalled and has not left.
struct post_result {
  recipient became;
  unix_ms answered_in_ms = 0; ///< from when it left to Telegram's answer; 0: it did not leave
};

// -- What administrators ask --------------------------------------------------------------------------

struct stats_query {
  unix_ms from = 0, now = 0;
};
struct sales_line {
  payment_method method = payment_method::stars;
  std::int64_t payments = 0, amount = 0, refunded = 0, credits = 0; ///< amounts as `payment` has them
};
struct model_line {
  std::string model_id;
  int duration_s = 0;
  bool sound = false;
  std::int64_t completed = 0, gifted = 0, failed = 0, cancelled = 0, running = 0;
  std::int64_t credits = 0; ///< paid for the completed ones
};
/// From `from` to `now` where a period makes sense; users by activity and balances always of now.
struct stats {
  unix_ms from = 0, made_at = 0;
  std::int64_t users = 0, active_1d = 0, active_7d = 0, active_30d = 0, fresh = 0, gone = 0, banned = 0;
  std::int64_t balance = 0, held = 0, debt = 0;
  /// Users with 0 · 1-9 · 10-49 · 50-199 · 200 and more credits.
  std::int64_t by_balance[5] = {};
  std::int64_t gifts = 0; ///< credits given by the house in the period
  std::vector<sales_line> sales;
  std::vector<model_line> models;
  unix_ms first_user_at = 0; ///< When the first one came; 0: nobody yet.
  /// Nothing was done, sold or given in the period.
  bool is_empty() const {
    return fresh == 0 && active_1d == 0 && gifts == 0 && sales.empty() && models.empty();
  }
};

/// By the first of these that is set.
struct user_query {
  std::int64_t user_id = 0;
  std::string username;         ///< without @, in any case
  std::int64_t letter_chat = 0; ///< the writer of the letter that the message `letter_message` in this chat
  std::int64_t letter_message = 0; ///< is part of
};
struct user_card {
  user_profile who; ///< user_id 0: nobody known
  account money;
  unix_ms registered_at = 0, last_seen_at = 0;
  bool gone = false;
  std::vector<std::string> mutes;                    ///< categories of broadcasts he wants nothing of
  std::int64_t payments = 0, stars = 0, kopecks = 0; ///< paid and not refunded
  std::int64_t videos = 0, failed = 0;
};

struct journal_query {
  std::int64_t user_id = 0; ///< 0: all
  int offset = 0, limit = 0;
};
struct journal_page {
  std::vector<journal_line> lines; ///< newest first
};

/// What a user did, as the activity log has it.
struct activity_query {
  std::int64_t user_id = 0;
  int offset = 0, limit = 0;
};
struct activity_line {
  unix_ms at = 0;
  std::string what;
};
struct activity_page {
  std::int64_t user_id = 0;
  std::vector<activity_line> lines; ///< newest first
};

struct job_card_query {
  std::int64_t job_id = 0;
};
struct job_moment {
  job_state state = job_state::pending;
  unix_ms at = 0;
};
struct job_card {
  job what; ///< job_id 0: there is none
  std::vector<job_moment> timeline;
  bool returned = false, retried = false; ///< by an administrator
  user_profile who;                       ///< whose it is
  std::int64_t balance = 0;               ///< his
};

struct queue_query {};
struct queue_line {
  std::string model_id;
  std::int64_t waiting = 0, running = 0, overdue = 0;
  unix_ms oldest_waiting_at = 0;
};
struct queue_page {
  std::vector<queue_line> lines;
  std::vector<job> oldest; ///< at most 10 of the open ones
};

struct audience_query {
  audience to;
  unix_ms now = 0;
  std::int64_t of_broadcast = 0; ///< Instead: those who have a message of this one.
};
struct audience_size {
  std::int64_t users = 0;
};

struct broadcasts_query {
  std::int64_t broadcast_id = 0; ///< 0: newest first
  int offset = 0, limit = 0;
};
struct broadcasts_page {
  std::vector<broadcast> all;
};
struct recipients_query {
  std::int64_t broadcast_id = 0;
  recipient_state state = recipient_state::unknown;
  int offset = 0, limit = 0;
};
struct recipients_page {
  broadcast of;
  std::vector<recipient> all;
};
struct user_lists_query {
  std::int64_t user_id = 0;
  int offset = 0, limit = 0;
  enum class what : std::uint8_t { entries, payments, jobs } list = what::entries;
};
struct user_lists {
  std::int64_t user_id = 0;
  std::vector<ledger_entry> entries;
  std::vector<payment> payments;
  std::vector<job> jobs;
};

using office_question =
    std::variant<stats_query, user_query, journal_query, activity_query, job_card_query, queue_query,
                 audience_query, broadcasts_query, recipients_query, user_lists_query>;
using office_facts = std::variant<std::monostate, stats, user_card, journal_page, activity_page, job_card,
                                  queue_page, audience_size, broadcasts_page, recipients_page, user_lists>;

/// Somebody who has a role in the database, as the office writes to him.
struct administrator_known {
  std::int64_t user_id = 0;
  std::string language; ///< Telegram's code
  role named = role::none;
};

/// All that a new engine has to go on with.
struct open_work {
  std::int64_t next_offset = 0; ///< For getUpdates.
  unix_ms heard_at = 0;         ///< When the newest update came; 0: none is known.
  std::vector<incoming_update> updates;
  std::vector<outgoing> messages;
  std::vector<job> jobs;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<payment> payments;     ///< The cashier's: the shop's pending ones, and all refunds under way.
  std::vector<broadcast> broadcasts; ///< Those not ended, or whose end was not told.
  std::vector<administrator_known> administrators;
  std::vector<std::pair<std::string, std::string>> states; ///< Alarms that stand: kind, and what was told.
};

} // namespace troupe
