/// Collects what is to be stored and answers it: the writer works meanwhile.
#include "actors/batch.hpp"
#include "actors/spawn.hpp"
#include <filesystem>

namespace troupe {
namespace {

/// So long a report waits for company: each batch writes some pages of its own, whatever is in it. After a
/// death it means 10 ms more of messages that are sent again, beside those on the wire.
constexpr auto patience = std::chrono::milliseconds{10};
/// What the ledger tells itself.
constexpr wake queue_is_read{0}, patience_is_over{1}, tidy_due{2};
constexpr auto quiet = std::chrono::seconds{60}; // so long without a batch, and the store is tidied
constexpr auto report_again_after = std::chrono::seconds{2};

struct ledger_state {
  ledger_state() {}
  static inline const char* name = "ledger";

  writer_actor writer;
  ledger_listeners listeners;
  operations pending;
  std::uint64_t batches = 0;
  bool awaited = false; ///< one of `pending` waits no longer for company; never of none
  bool writing = false, flush_asked = false, timer_set = false;
  std::uint64_t tidy_after = 0; ///< the batch that was the last one when the timer was set; 0: it is not set
};
using self_ptr = ledger_actor::stateful_pointer<ledger_state>;

void announce(const ledger_state& s, batch& b) {
  if (!b.new_jobs.empty() && s.listeners.dispatcher)
    caf::anon_send(s.listeners.dispatcher, committed_jobs{std::move(b.new_jobs)});
  if (!b.messages.empty() && s.listeners.courier)
    caf::anon_send(s.listeners.courier, committed_messages{std::move(b.messages)});
  if (!b.payments.empty() && s.listeners.cashier)
    caf::anon_send(s.listeners.cashier, committed_payments{std::move(b.payments)});
  if (!b.broadcasts.empty() && s.listeners.broadcaster)
    caf::anon_send(s.listeners.broadcaster, committed_broadcasts{std::move(b.broadcasts)});
  for (auto& heard : b.office)
    if (s.listeners.watchman) caf::anon_send(s.listeners.watchman, std::move(heard));
}

void write_next(self_ptr self);
void tidy_when_quiet(self_ptr self);

/// The writer gets its next batch first, so that it works while this one is answered.
void written(self_ptr self, batch& b) {
  self->state.writing = false;
  write_next(self);
  tidy_when_quiet(self);
  for (auto& op : b.all) {
    op->stored_in = b.number;
    op->refused ? op->fail(std::move(op->refused)) : op->answer();
  }
  announce(self->state, b);
}

/// One timer at a time, and none when nothing was written.
void tidy_when_quiet(self_ptr self) {
  auto& s = self->state;
  if (s.tidy_after != 0) return;
  s.tidy_after = s.batches;
  self->delayed_send(self, quiet, tidy_due);
}

void tidy_if_quiet(self_ptr self) {
  auto& s = self->state;
  if (std::exchange(s.tidy_after, 0) != s.batches || s.writing) return tidy_when_quiet(self);
  self->request(s.writer, caf::infinite, std::make_shared<batch>())
      .then([](const batch_ptr&) {}, [](caf::error&) {});
}

/// One batch is with the writer; what comes meanwhile is the next.
void write_next(self_ptr self) {
  auto& s = self->state;
  if (s.writing || !s.awaited) return;
  s.writing = true;
  auto next = std::make_shared<batch>();
  next->number = ++s.batches;
  const auto end = s.pending.begin() + std::min(s.pending.size(), batch_operations_max);
  std::move(s.pending.begin(), end, std::back_inserter(next->all));
  s.pending.erase(s.pending.begin(), end);
  s.awaited = !s.pending.empty();
  // A writer that fell takes this actor with it: its error needs no answer here.
  self->request(s.writer, caf::infinite, std::move(next))
      .then([self](const batch_ptr& b) { written(self, *b); }, [](caf::error&) {});
}

void enqueue(self_ptr self, std::unique_ptr<operation> op) {
  auto& s = self->state;
  s.pending.push_back(std::move(op));
  s.awaited = true;
  if (!s.writing && !std::exchange(s.flush_asked, true))
    self->send(self, queue_is_read); // lands behind all queued work
}

/// What nobody waits for goes with the next batch, or after a little while with one of its own.
void enqueue_patiently(self_ptr self, std::unique_ptr<operation> op) {
  auto& s = self->state;
  s.pending.push_back(std::move(op));
  if (s.awaited || std::exchange(s.timer_set, true)) return;
  self->delayed_send(self, patience, patience_is_over);
}

template <class Reply, class Request> class asked final : public operation {
public:
  asked(durable_step s, Request& r, caf::typed_response_promise<Reply> p)
      : operation{s}, request_{std::move(r)}, promise_{std::move(p)} {}
  void run(storage::store& s) override { reply_ = apply(s); }
  void answer() override {
    if constexpr (std::is_same_v<Reply, done>) reply_.stored_in = stored_in;
    if constexpr (std::is_same_v<Reply, accepted_updates>)
      for (auto& u : reply_.fresh) u.stored_in = stored_in;
    promise_.deliver(std::move(reply_));
  }
  void fail(caf::error why) override { promise_.deliver(std::move(why)); }

private:
  Reply apply(storage::store& s) {
    if constexpr (std::is_same_v<Request, accept_updates>) {
      accepted_updates news{s.apply(request_.updates, request_.at, request_.posted)};
      news.stored = s.updates_stored();
      return news;
    } else if constexpr (std::is_same_v<Request, turn>) return done{0, !s.apply(request_)};
    else if constexpr (std::is_same_v<Reply, done>) return s.apply(request_), done{};
    else return s.apply(request_);
  }

  Request request_;
  caf::typed_response_promise<Reply> promise_;
  Reply reply_;
};

template <class Reply, class Request>
caf::result<Reply> durable(self_ptr self, durable_step step, Request& request) {
  auto promise = self->make_response_promise<Reply>();
  enqueue(self, std::make_unique<asked<Reply, Request>>(step, request, promise));
  return promise;
}

/// Nobody waits for it: a lost report means one more sending after a restart, no more.
class reported final : public operation {
public:
  reported(self_ptr self, delivery_report& r) : operation{step_of(r)}, self_{self}, report_{std::move(r)} {}
  void run(storage::store& s) override { s.apply(report_); }
  void answer() override { // not before the commit: an unsettled message is sent again, with its files
    for (auto& path : report_.files) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  }
  void fail(caf::error why) override { // nobody else would say it again
    if (why != caf::sec::invalid_argument) self_->delayed_send(self_, report_again_after, std::move(report_));
  }

private:
  self_ptr self_;
  delivery_report report_;
};

ledger_actor::behavior_type ledger(self_ptr self, const writer_actor& writer) {
  self->set_error_handler([](caf::error&) {});
  self->link_to(writer);
  self->state.writer = writer;
  return {
      [self](accept_updates& x) {
        return durable<accepted_updates>(self, durable_step::updates_accepted, x);
      },
      [self](register_user& x) { return durable<account>(self, durable_step::user_registered, x); },
      [self](order_request& x) { return durable<order_answer>(self, durable_step::order_placed, x); },
      [self](turn& x) { return durable<done>(self, durable_step::turn_stored, x); },
      [self](job_step& x) { return durable<step_answer>(self, step_of(x), x); },
      [self](open_payment& x) { return durable<payment_answer>(self, durable_step::payment_opened, x); },
      [self](star_charge& x) { return durable<payment_answer>(self, durable_step::payment_paid, x); },
      [self](payment_step& x) { return durable<payment_answer>(self, step_of(x), x); },
      [self](admin_action& x) { return durable<admin_answer>(self, durable_step::admin_acted, x); },
      [self](store_notice& x) { return durable<done>(self, durable_step::notice_stored, x); },
      [self](readdress_office& x) { return durable<done>(self, durable_step::office_readdressed, x); },
      [self](review_rights& x) { return durable<done>(self, durable_step::rights_reviewed, x); },
      [self](open_broadcast& x) {
        return durable<broadcast_answer>(self, durable_step::broadcast_opened, x);
      },
      [self](broadcast_step& x) {
        return durable<broadcast_answer>(self, durable_step::broadcast_changed, x);
      },
      [self](gather_recipients& x) {
        return durable<broadcast_answer>(self, durable_step::recipients_gathered, x);
      },
      [self](take_recipients& x) {
        return durable<recipients_taken>(self, durable_step::recipients_taken, x);
      },
      [self](delivery_report& x) { enqueue_patiently(self, std::make_unique<reported>(self, x)); },
      [self](ledger_listeners& x) { self->state.listeners = std::move(x); },
      [self](const wake& w) {
        auto& s = self->state;
        if (w.round == tidy_due.round) return tidy_if_quiet(self);
        if (w.round == queue_is_read.round) s.flush_asked = false;
        else s.timer_set = false, s.awaited = !s.pending.empty();
        write_next(self);
      },
  };
}

} // namespace

ledger_actor spawn_ledger(caf::actor_system& sys, writer_actor writer) {
  return sys.spawn(ledger, std::move(writer));
}

} // namespace troupe
