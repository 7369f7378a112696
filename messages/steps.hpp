#pragma once
/// Every durable step of the engine has a name here. Tests stop the engine dead before and after each of
/// them; the ledger takes no operation without one, so a new step cannot be forgotten.
#include "messages/office.hpp"
#include <iterator>

namespace troupe {

enum class durable_step : std::uint8_t {
  updates_accepted,
  user_registered,
  order_placed,
  turn_stored,
  job_requeued,    ///< refused by the provider: pending again
  job_submitting,  ///< the intent, before the request leaves
  job_unknown,     ///< the answer to the submit was lost
  job_processing,  ///< the provider's task id
  job_fetching,    ///< the address of the result
  job_delivering,  ///< the file is ours: the hold is posted
  job_overdue,     ///< the limit: the hold is voided, the task is still watched
  job_gifted,      ///< a late success: the user has it for free
  job_failed,      ///< the hold is voided
  job_cancelled,   ///< before the submit: the hold is voided
  message_settled, ///< delivered, or refused for good
  message_parked,  ///< the user blocked us
  video_delivered, ///< the job is completed
  video_refused,   ///< completed without a video: the credits return
  payment_opened,  ///< before anything is asked of the outside world
  payment_linked,  ///< the shop's payment id and address
  payment_paid,    ///< the credits are there
  payment_cancelled,
  refund_begun,   ///< the intent, before the request leaves
  refund_done,    ///< the credits are taken back
  refund_refused, ///< paid again
  admin_acted,    ///< what an administrator did to a user or a job
  notice_stored,  ///< what administrators are told by the engine
  broadcast_opened,
  broadcast_changed,   ///< its state
  recipients_gathered, ///< a page of the audience
  recipients_taken,    ///< the intent, before they leave; and what became of those before
  message_readdressed, ///< the office's group has moved, or refuses: it goes elsewhere
  office_readdressed,  ///< the same of what is parked, at a start
  rights_reviewed,     ///< broadcasts and menus of those whose rights have ended
};

constexpr const char* name_of(durable_step s) {
  constexpr const char* names[] = {
      "updates accepted",   "user registered",     "order placed",     "turn stored",
      "job requeued",       "job submitting",      "job unknown",      "job processing",
      "job fetching",       "job delivering",      "job overdue",      "job gifted",
      "job failed",         "job cancelled",       "message settled",  "message parked",
      "video delivered",    "video refused",       "payment opened",   "payment linked",
      "payment paid",       "payment cancelled",   "refund begun",     "refund done",
      "refund refused",     "admin acted",         "notice stored",    "broadcast opened",
      "broadcast changed",  "recipients gathered", "recipients taken", "message readdressed",
      "office readdressed", "rights reviewed"};
  static_assert(std::size(names) == static_cast<std::size_t>(durable_step::rights_reviewed) + 1);
  return names[static_cast<std::size_t>(s)];
}

constexpr durable_step step_of(const job_step& s) {
  switch (s.to) {
  case job_state::pending: return durable_step::job_requeued;
  case job_state::submitting: return durable_step::job_submitting;
  case job_state::unknown: return durable_step::job_unknown;
  case job_state::processing: return durable_step::job_processing;
  case job_state::fetching: return durable_step::job_fetching;
  case job_state::delivering: return durable_step::job_delivering;
  case job_state::completed: return durable_step::video_delivered;
  case job_state::overdue: return durable_step::job_overdue;
  case job_state::gifted: return durable_step::job_gifted;
  case job_state::failed: return durable_step::job_failed;
  case job_state::cancelled: break;
  }
  return durable_step::job_cancelled;
}

constexpr durable_step step_of(const payment_step& s) {
  switch (s.to) {
  case payment_state::pending: return durable_step::payment_linked;
  case payment_state::paid: return s.why.empty() ? durable_step::payment_paid : durable_step::refund_refused;
  case payment_state::refunding: return durable_step::refund_begun;
  case payment_state::refunded: return durable_step::refund_done;
  default: return durable_step::payment_cancelled;
  }
}

constexpr durable_step step_of(const delivery_report& r) {
  if (r.moved_to != 0 || !r.instead.empty()) return durable_step::message_readdressed;
  if (!r.delivered && r.chat_gone) return durable_step::message_parked;
  if (r.job_id == 0) return durable_step::message_settled;
  return r.delivered ? durable_step::video_delivered : durable_step::video_refused;
}

} // namespace troupe
