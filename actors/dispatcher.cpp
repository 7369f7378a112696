#include "actors/fair_queue.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"

namespace troupe {
namespace {

struct dispatcher_state {
  dispatcher_state() : submits{1, 10'000} {}
  static inline const char* name = "dispatcher";
  context_ptr ctx;
  job_desk desk;
  fair_queue queue;
  sliding_window submits;
  std::unordered_map<std::int64_t, generation_actor> running;
  std::uint64_t round = 0;
};
using self_ptr = dispatcher_actor::stateful_pointer<dispatcher_state>;

void run(self_ptr self, job j) {
  auto& s = self->state;
  auto id = j.job_id;
  if (s.running.count(id) != 0) return;
  auto g = spawn_generation(self->system(), s.ctx, s.desk, self, std::move(j));
  self->monitor(g);
  self->link_to(g); // it goes when we go
  s.running.emplace(id, g);
}

/// Submits what the provider's window and our limit in flight allow, then arms one timer.
void pump(self_ptr self) {
  auto& s = self->state;
  auto now = s.ctx->now();
  auto most = static_cast<std::size_t>(s.ctx->opts().kie.jobs_in_flight_max);
  while (s.running.size() < most && s.submits.wait(now) == 0) {
    auto j = s.queue.next(now);
    if (!j) break;
    s.submits.spend(now);
    run(self, std::move(*j));
  }
  if (s.queue.size() == 0 || s.running.size() >= most) return;
  auto wait = s.submits.wait(now);
  if (auto at = s.queue.next_at()) wait = std::max(wait, *at - now);
  self->delayed_send(self, std::chrono::milliseconds{std::max<unix_ms>(wait, 1)}, wake{++s.round});
}

void leave(self_ptr self, std::int64_t job_id) {
  self->state.running.erase(job_id);
  pump(self);
}

/// A generation that fell without a word: its job is on disk and goes on from there at the next start.
void note_fallen(self_ptr self, const caf::down_msg& d) {
  for (auto& [id, g] : self->state.running)
    if (g.address() == d.source) {
      log("dispatcher")->error("the generation of job {} ended unexpectedly", id);
      return leave(self, id);
    }
}

dispatcher_actor::behavior_type dispatcher(self_ptr self, const context_ptr& ctx, const job_desk& desk) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.desk = desk;
  s.submits = sliding_window{ctx->opts().kie.submits_per_10_s, 10'000};
  self->set_exit_handler([](caf::exit_msg&) {}); // a generation may go without us
  self->set_down_handler([self](caf::down_msg& d) { note_fallen(self, d); });
  return {
      [self](committed_jobs& x) {
        for (auto& j : x.jobs) {
          // Whatever was begun goes on at once; only what is yet to be submitted queues.
          if (j.state == job_state::pending) self->state.queue.push(std::move(j), self->state.ctx->now());
          else if (!is_final(j.state) && j.state != job_state::delivering) run(self, std::move(j));
        }
        pump(self);
      },
      [self](job_back& x) {
        self->state.queue.push(std::move(x.what), self->state.ctx->now());
        pump(self); // arms the timer for the postponed one
      },
      [self](const job_over& x) { leave(self, x.job_id); },
      [self](provider_woke& x) {
        auto it = self->state.running.find(x.job_id);
        if (it != self->state.running.end()) self->send(it->second, std::move(x));
      },
      [self](const wake& w) {
        if (w.round == self->state.round) pump(self);
      },
  };
}

} // namespace

dispatcher_actor spawn_dispatcher(caf::actor_system& sys, context_ptr ctx, job_desk desk) {
  return sys.spawn(dispatcher, std::move(ctx), std::move(desk));
}

} // namespace troupe
