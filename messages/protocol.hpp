#pragma once
/// What actors say to each other. One noun per actor, one sentence per message.
/// Messages never leave the process, so nothing here is serialised.
#include "messages/http.hpp"
#include "messages/media.hpp"
#include "messages/office.hpp"
#include "messages/work.hpp"
#include <caf/all.hpp>

namespace troupe {

struct done {
  std::uint64_t stored_in = 0; ///< The number of the batch, from 1 on, of what the ledger stored.
  bool refused = false; ///< Of a turn: it was decided by rights that are none any more, and is not stored.
};

// -- to the ledger --
struct accept_updates {
  std::vector<incoming_update> updates; ///< numbered as Telegram does; `accepted_updates` as we do
  unix_ms at = 0;
  bool posted = false; ///< to the webhook: its answer confirms it, no offset does
};
/// By Telegram's webhook; answered when it is stored and brought.
struct posted_update {
  incoming_update update;
};
struct accepted_updates {
  std::vector<incoming_update> fresh; ///< to be handled
  std::size_t stored = 0;             ///< how many were new, also of those that concern nobody
};

// -- announced by the ledger after a commit --
struct committed_messages {
  std::vector<outgoing> messages;
};
struct committed_jobs {
  std::vector<job> jobs;
};
struct committed_payments {
  std::vector<payment> payments;
};
struct committed_broadcasts {
  std::vector<broadcast> broadcasts; ///< opened, or changed by an administrator
};

// -- to the reader --
struct account_query {
  std::int64_t user_id = 0;
};
struct entries_query {
  std::int64_t user_id = 0;
  int offset = 0, limit = 0;
};
struct entries_page {
  std::vector<ledger_entry> entries;
};
struct jobs_query {
  std::int64_t user_id = 0;
  int offset = 0, limit = 0;
};
struct job_query {
  std::int64_t job_id = 0;
}; ///< Answer: the job as stored, job_id 0 when unknown.
struct jobs_page {
  std::vector<job> jobs;
};
struct payments_query {
  std::int64_t user_id = 0; ///< 0: of all users.
  int offset = 0, limit = 0;
};
struct payments_page {
  std::vector<payment> payments;
};

struct mutes_query {
  std::int64_t user_id = 0;
};
struct mutes_page {
  std::vector<std::string> categories; ///< of broadcasts the user wants nothing of
};

// -- to the analyst --
struct office_inquiry {
  office_question what;
};
struct office_report {
  office_facts what;
};

// -- around broadcasts and alarms --
/// To the courier: what has not left yet shall not leave.
struct recall_broadcast {
  std::int64_t broadcast_id = 0;
};
/// To the broadcaster, before a planned stop: answered when nothing is under way any more.
struct rest {};
/// For administrators, each in his language. Told at once, and of its like only a count for a while; one that
/// `stays` is a state: told once, however often it is said and over restarts, until `alarm_over`.
struct alarm {
  std::string kind;     ///< What makes it alike: "kie key 2", "unmatched payment", "error in courier"
  std::string sentence; ///< its key among the texts: "alarm.no_credits"
  std::vector<std::pair<std::string, std::string>> args; ///< of the sentence; HTML, no secrets
  bool stays = false;
};
/// To the watchman: who has which role may be another than before.
struct rights_changed {};
/// Back to normal: told once when that state was told, and nothing otherwise, so it may be said at every
/// success.
struct alarm_over {
  std::string kind;
  std::string sentence; ///< "": that it is well again, and what was wrong
  std::vector<std::pair<std::string, std::string>> args;
};

// -- around sessions and jobs --
struct update_handled {
  std::int64_t user_id = 0;
};
struct update_stuck {
  std::int64_t user_id = 0;
  std::string language; ///< Telegram's code, may be empty.
};                      ///< Could not be stored; it is tried again and again.
struct job_back {
  job what;
}; ///< Refused for now: queue it again, not before its time.
struct job_over {
  std::int64_t job_id = 0;
  std::string model_id;
  unix_ms took = 0; ///< From the submit to the file in our hands; 0: there is none.
};
/// What the provider said to a submit.
enum class submit_word : std::uint8_t {
  accepted,
  answered, ///< something else that is about the job
  unanswered,
  slow_down,
  key_refused,
  no_credits,
  no_such_model
};
struct submit_heard {
  submit_word what = submit_word::answered;
  std::string key_name, model_id, text;
};
/// Its request is ready: may it leave now? Answered when the provider's window has room.
struct may_submit {
  std::int64_t job_id = 0;
};
struct submit_leave {
  std::string key_name; ///< with this key; "": not now, it goes back to the queue
};
/// Nobody waits for it any more; it is stored already.
struct job_cancelled {
  std::int64_t job_id = 0;
};
/// Its generation fell, and it could not be read then.
struct job_fallen {
  std::int64_t job_id = 0;
};
struct job_overdue {
  std::int64_t job_id = 0;
}; ///< Watched on, but no longer counted as running.
struct provider_woke {
  std::int64_t job_id = 0;
  std::string task_id;
  unix_ms created_at = 0; ///< the job's, as the address says that was called
};
/// A user or an administrator wants to know now.
struct payment_asked {
  std::int64_t payment_id = 0;
};
/// The shop says that something happened to a payment: a hint, nothing is believed but what the shop answers.
struct payment_noticed {
  std::string outside_id;
};
struct wake {
  std::uint64_t round = 0;
}; ///< A timer; older rounds are ignored.

/// -- to the reader: what nobody needs any more and nobody has touched for so long is deleted --
struct sweep_files {
  std::string folder;
  std::int64_t older_than_ms = 0;
};

/// Runs HTTP requests on a fixed number of blocking workers. Always answers, within the request's own
/// limits; therefore it is asked without a CAF time-out (those cost a timer each).
using http_actor = caf::typed_actor<caf::replies_to<http_request>::with<http_reply>>;
/// The same for small requests, many at once on one thread's wire.
using http_sender_actor = http_actor::extend<caf::reacts_to<http_answers>>;

/// Sends what users read; owns the one outgoing budget. A broadcast's message is answered when it is known
/// what became of it.
using courier_actor = caf::typed_actor<caf::reacts_to<committed_messages>, caf::reacts_to<outgoing>,
                                       caf::replies_to<broadcast_post>::with<post_result>,
                                       caf::reacts_to<recall_broadcast>, caf::reacts_to<wake>>;
/// Works off the broadcasts.
using broadcaster_actor = caf::typed_actor<caf::reacts_to<committed_broadcasts>,
                                           caf::replies_to<rest>::with<done>, caf::reacts_to<wake>>;
/// Tells administrators what they must know.
using watchman_actor =
    caf::typed_actor<caf::reacts_to<alarm>, caf::reacts_to<alarm_over>, caf::reacts_to<office_heard>,
                     caf::reacts_to<rights_changed>, caf::reacts_to<wake>>;
/// Answers administrators from a read-only connection of its own: their questions may take long.
using analyst_actor = caf::typed_actor<caf::replies_to<office_inquiry>::with<office_report>>;

/// Decides which job is submitted next.
using dispatcher_actor =
    caf::typed_actor<caf::reacts_to<committed_jobs>, caf::reacts_to<job_back>, caf::reacts_to<job_over>,
                     caf::reacts_to<job_overdue>, caf::reacts_to<job_fallen>, caf::reacts_to<job_cancelled>,
                     caf::reacts_to<submit_heard>, caf::replies_to<may_submit>::with<submit_leave>,
                     caf::reacts_to<provider_woke>, caf::reacts_to<wake>>;

/// Stars and the shop: pre-checkout, purchases under way, refunds. A notice is answered when all that it
/// brought is stored.
using cashier_actor = caf::typed_actor<caf::reacts_to<committed_payments>, caf::reacts_to<incoming_update>,
                                       caf::reacts_to<payment_asked>,
                                       caf::replies_to<payment_noticed>::with<done>, caf::reacts_to<wake>>;

struct ledger_listeners {
  courier_actor courier;
  dispatcher_actor dispatcher;
  cashier_actor cashier;
  broadcaster_actor broadcaster;
  watchman_actor watchman = {};
};

/// Operations that become durable together; only the ledger and the writer look inside.
struct batch;
using batch_ptr = std::shared_ptr<batch>;
using writer_actor = caf::typed_actor<caf::replies_to<batch_ptr>::with<batch_ptr>>;

/// The only way to the database for all who change it. Answers after the commit, never before.
using ledger_actor = caf::typed_actor<
    caf::replies_to<accept_updates>::with<accepted_updates>, caf::replies_to<register_user>::with<account>,
    caf::replies_to<order_request>::with<order_answer>, caf::replies_to<turn>::with<done>,
    caf::replies_to<job_step>::with<step_answer>, caf::replies_to<open_payment>::with<payment_answer>,
    caf::replies_to<star_charge>::with<payment_answer>, caf::replies_to<payment_step>::with<payment_answer>,
    caf::replies_to<admin_action>::with<admin_answer>, caf::replies_to<store_notice>::with<done>,
    caf::replies_to<readdress_office>::with<done>, caf::replies_to<review_rights>::with<done>,
    caf::replies_to<open_broadcast>::with<broadcast_answer>,
    caf::replies_to<broadcast_step>::with<broadcast_answer>,
    caf::replies_to<gather_recipients>::with<broadcast_answer>,
    caf::replies_to<take_recipients>::with<recipients_taken>, caf::reacts_to<delivery_report>,
    caf::reacts_to<ledger_listeners>, caf::reacts_to<wake>>;

/// Answers questions from its own read-only connection.
using reader_actor = caf::typed_actor<
    caf::replies_to<account_query>::with<account>, caf::replies_to<entries_query>::with<entries_page>,
    caf::replies_to<jobs_query>::with<jobs_page>, caf::replies_to<job_query>::with<job>,
    caf::replies_to<payment_query>::with<payment>, caf::replies_to<payments_query>::with<payments_page>,
    caf::replies_to<mutes_query>::with<mutes_page>, caf::reacts_to<sweep_files>>;

/// Brings updates to sessions; answers when there is room for more.
using router_actor =
    caf::typed_actor<caf::replies_to<accepted_updates>::with<done>, caf::reacts_to<update_handled>,
                     caf::reacts_to<update_stuck>, caf::reacts_to<wake>>;

using session_actor = caf::typed_actor<caf::reacts_to<incoming_update>, caf::reacts_to<wake>>;
/// Takes updates in: by long polling, or as they are posted to the webhook.
using poller_actor = caf::typed_actor<caf::reacts_to<wake>, caf::replies_to<posted_update>::with<done>>;
using generation_actor = caf::typed_actor<caf::reacts_to<wake>, caf::reacts_to<provider_woke>>;
/// Takes the provider's callbacks; answers when nothing of them can be lost any more.
using doorman_actor = caf::typed_actor<caf::replies_to<provider_woke>::with<done>>;
using media_actor = caf::typed_actor<caf::replies_to<inspect_video>::with<inspected>>;

} // namespace troupe

#define TROUPE_LOCAL(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::type)
TROUPE_LOCAL(done)
TROUPE_LOCAL(batch_ptr)
TROUPE_LOCAL(http_request)
TROUPE_LOCAL(http_reply)
TROUPE_LOCAL(http_answers)
TROUPE_LOCAL(accept_updates)
TROUPE_LOCAL(accepted_updates)
TROUPE_LOCAL(committed_messages)
TROUPE_LOCAL(committed_jobs)
TROUPE_LOCAL(account_query)
TROUPE_LOCAL(account)
TROUPE_LOCAL(entries_query)
TROUPE_LOCAL(entries_page)
TROUPE_LOCAL(jobs_query)
TROUPE_LOCAL(job_query)
TROUPE_LOCAL(job)
TROUPE_LOCAL(jobs_page)
TROUPE_LOCAL(update_handled)
TROUPE_LOCAL(update_stuck)
TROUPE_LOCAL(job_back)
TROUPE_LOCAL(job_over)
TROUPE_LOCAL(job_overdue)
TROUPE_LOCAL(job_cancelled)
TROUPE_LOCAL(submit_heard)
TROUPE_LOCAL(may_submit)
TROUPE_LOCAL(job_fallen)
TROUPE_LOCAL(submit_leave)
TROUPE_LOCAL(provider_woke)
TROUPE_LOCAL(wake)
TROUPE_LOCAL(posted_update)
TROUPE_LOCAL(committed_payments)
TROUPE_LOCAL(payments_query)
TROUPE_LOCAL(payments_page)
TROUPE_LOCAL(payment_query)
TROUPE_LOCAL(payment)
TROUPE_LOCAL(payment_asked)
TROUPE_LOCAL(payment_noticed)
TROUPE_LOCAL(open_payment)
TROUPE_LOCAL(star_charge)
TROUPE_LOCAL(payment_step)
TROUPE_LOCAL(payment_answer)
TROUPE_LOCAL(inspect_video)
TROUPE_LOCAL(sweep_files)
TROUPE_LOCAL(inspected)
TROUPE_LOCAL(incoming_update)
TROUPE_LOCAL(outgoing)
TROUPE_LOCAL(register_user)
TROUPE_LOCAL(order_request)
TROUPE_LOCAL(order_answer)
TROUPE_LOCAL(turn)
TROUPE_LOCAL(job_step)
TROUPE_LOCAL(step_answer)
TROUPE_LOCAL(delivery_report)
TROUPE_LOCAL(ledger_listeners)
TROUPE_LOCAL(committed_broadcasts)
TROUPE_LOCAL(office_inquiry)
TROUPE_LOCAL(office_report)
TROUPE_LOCAL(recall_broadcast)
TROUPE_LOCAL(rest)
TROUPE_LOCAL(mutes_query)
TROUPE_LOCAL(mutes_page)
TROUPE_LOCAL(alarm)
TROUPE_LOCAL(alarm_over)
TROUPE_LOCAL(office_heard)
TROUPE_LOCAL(readdress_office)
TROUPE_LOCAL(review_rights)
TROUPE_LOCAL(rights_changed)
TROUPE_LOCAL(broadcast_post)
TROUPE_LOCAL(post_result)
TROUPE_LOCAL(admin_action)
TROUPE_LOCAL(admin_answer)
TROUPE_LOCAL(store_notice)
TROUPE_LOCAL(open_broadcast)
TROUPE_LOCAL(broadcast_answer)
TROUPE_LOCAL(broadcast_step)
TROUPE_LOCAL(gather_recipients)
TROUPE_LOCAL(take_recipients)
TROUPE_LOCAL(recipients_taken)
