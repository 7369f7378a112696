#include "actors/porter.hpp"
#include "actors/provider.hpp"
#include "actors/spawn.hpp"

namespace troupe {
namespace {

constexpr auto step_limit = std::chrono::seconds{10};  // the provider waits 15
constexpr unix_ms address_lives_ms = 48 * 3'600'000LL; // from the job's end on

struct doorman_state {
  doorman_state() {}
  static inline const char* name = "doorman";
  context_ptr ctx;
  ledger_actor ledger;
  reader_actor reader;
  dispatcher_actor dispatcher;
};
using self_ptr = doorman_actor::stateful_pointer<doorman_state>;
using promise = caf::typed_response_promise<done>;

/// A job that waits for its task's id learns it here; to all others a callback is only a wake-up.
bool waits_for_id(const job& j) {
  const bool sent = j.state == job_state::submitting || j.state == job_state::unknown;
  return sent || (j.state == job_state::overdue && j.task_id.empty());
}

/// The address names a number and the moment of its making: after a database was restored, another job.
bool is_void(const job& j, const provider_woke& w, unix_ms now) {
  if (j.job_id == 0 || j.created_at != w.created_at) return true;
  return is_final(j.state) && now - j.updated_at > address_lives_ms;
}

void let_in(self_ptr self, const provider_woke& w, promise rp) {
  self->send(self->state.dispatcher, w);
  rp.deliver(done{});
}

void store(self_ptr self, const provider_woke& w, job_state now, promise rp) {
  job_step step;
  step.job_id = w.job_id;
  step.at = self->state.ctx->now();
  step.to = now == job_state::overdue ? now : job_state::processing;
  step.task_id = w.task_id;
  self->request(self->state.ledger, step_limit, std::move(step))
      .then([=](step_answer&) { let_in(self, w, rp); },
            [=](caf::error& e) mutable { rp.deliver(std::move(e)); });
}

doorman_actor::behavior_type doorman(self_ptr self, const context_ptr& ctx, const ledger_actor& ledger,
                                     const reader_actor& reader, const dispatcher_actor& dispatcher) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.ledger = ledger, s.reader = reader, s.dispatcher = dispatcher;
  return {[self](const provider_woke& w) -> caf::result<done> {
    auto rp = self->make_response_promise<done>();
    self->request(self->state.reader, step_limit, job_query{w.job_id})
        .then(
            [=](const job& j) mutable {
              if (is_void(j, w, self->state.ctx->now())) {
                rp.deliver(caf::make_error(address_is_void));
                return;
              }
              if (!w.task_id.empty() && waits_for_id(j) && !is_dead_task(j, w.task_id))
                store(self, w, j.state, rp);
              else let_in(self, w, rp);
            },
            [=](caf::error& e) mutable { rp.deliver(std::move(e)); });
    return rp;
  }};
}

} // namespace

doorman_actor spawn_doorman(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger, reader_actor reader,
                            dispatcher_actor dispatcher) {
  return sys.spawn(doorman, std::move(ctx), std::move(ledger), std::move(reader), std::move(dispatcher));
}

} // namespace troupe
