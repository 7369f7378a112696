#include "actors/dialogue.hpp"
#include "actors/fair_queue.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include <unordered_set>

namespace troupe {
namespace {

constexpr auto begin_again_after = std::chrono::seconds{30};
constexpr auto ledger_limit = std::chrono::seconds{30};
constexpr std::size_t falls_max = 3; // of one job; a generation may fall as seldom as at each poll
constexpr auto falls_window = std::chrono::seconds{600};

struct dispatcher_state {
  dispatcher_state() : submits{1, 10'000} {}
  ~dispatcher_state() { // generations go when the dispatcher goes
    for (auto& [id, g] : running) caf::anon_send_exit(g, caf::exit_reason::kill);
  }
  static inline const char* name = "dispatcher";
  context_ptr ctx;
  job_desk desk;
  fair_queue queue;
  sliding_window submits;
  std::unordered_map<std::int64_t, generation_actor> running;
  std::unordered_set<std::int64_t> overdue; ///< Among the running, but they take nobody's place.
  std::unordered_map<std::int64_t, restart_limit> falls;
  std::uint64_t round = 0;

  bool full() const {
    return running.size() - overdue.size() >= static_cast<std::size_t>(ctx->opts().kie.jobs_in_flight_max);
  }
};
using self_ptr = dispatcher_actor::stateful_pointer<dispatcher_state>;

void run(self_ptr self, job j) {
  auto& s = self->state;
  auto id = j.job_id;
  if (s.running.count(id) != 0) return;
  if (j.state == job_state::overdue) s.overdue.insert(id);
  auto g = spawn_generation(self->system(), s.ctx, s.desk, self, std::move(j));
  self->monitor(g);
  s.running.emplace(id, g);
}

/// Submits what the provider's window and our limit in flight allow, then arms one timer.
void pump(self_ptr self) {
  auto& s = self->state;
  auto now = s.ctx->now();
  while (!s.full() && s.submits.wait(now) == 0) {
    auto j = s.queue.next(now);
    if (!j) break;
    s.submits.spend(now);
    run(self, std::move(*j));
  }
  if (s.queue.size() == 0 || s.full()) return;
  auto wait = s.submits.wait(now);
  if (auto at = s.queue.next_at()) wait = std::max(wait, *at - now);
  self->delayed_send(self, std::chrono::milliseconds{std::max<unix_ms>(wait, 1)}, wake{++s.round});
}

void leave(self_ptr self, std::int64_t job_id) {
  self->state.running.erase(job_id);
  self->state.overdue.erase(job_id);
  self->state.falls.erase(job_id);
  pump(self);
}

/// Its end could not be stored: it is begun once more, and may fall once more.
void begin_later(self_ptr self, job j) {
  leave(self, j.job_id);
  committed_jobs again;
  again.jobs.push_back(std::move(j));
  self->delayed_send(self, begin_again_after, std::move(again));
}

/// A job that fells every generation: the credits return.
void give_up(self_ptr self, job j) {
  auto& s = self->state;
  const auto as_stored = j;
  log("dispatcher")->critical("job {} fells every generation; its credits return", j.job_id);
  j.fail_class = "unknown";
  j.fail_text = "the engine could not work on it";
  job_step step;
  step.job_id = j.job_id;
  step.at = s.ctx->now();
  step.to = job_state::failed;
  step.fail_class = j.fail_class, step.fail_text = j.fail_text;
  if (j.state != job_state::overdue) {
    auto words = job_voice{s.ctx->settings->words}.failed(j);
    step.messages = std::move(words.messages), step.finale = std::move(words.finale);
  }
  self->request(s.desk.ledger, ledger_limit, std::move(step))
      .then([=](step_answer&) { leave(self, j.job_id); },
            [=](caf::error&) { begin_later(self, as_stored); });
}

/// Goes on from what is on disk. The job keeps its place among the running until then.
void replace_fallen(self_ptr self, std::int64_t id) {
  self->request(self->state.desk.reader, ledger_limit, job_query{id})
      .then(
          [=](job& j) {
            auto& s = self->state;
            if (j.job_id == 0 || is_final(j.state) || j.state == job_state::delivering)
              return leave(self, id);
            if (!s.falls.try_emplace(id, falls_max, falls_window).first->second.allows(self->clock().now()))
              return give_up(self, std::move(j));
            s.running.erase(id);
            run(self, std::move(j));
          },
          [=](caf::error&) { leave(self, id); });
}

void note_fallen(self_ptr self, const caf::down_msg& d) {
  for (auto& [id, g] : self->state.running) {
    if (g.address() != d.source) continue;
    log("dispatcher")->error("the generation of job {} fell: {}", id, self->system().render(d.reason));
    return replace_fallen(self, id);
  }
}

dispatcher_actor::behavior_type dispatcher(self_ptr self, const context_ptr& ctx, const job_desk& desk) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.desk = desk;
  s.submits = sliding_window{ctx->opts().kie.submits_per_10_s, 10'000};
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
      [self](const job_overdue& x) {
        if (self->state.running.count(x.job_id) == 0) return;
        self->state.overdue.insert(x.job_id);
        pump(self); // its place is free
      },
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
