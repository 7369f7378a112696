/// Works off the broadcasts: recipients are taken on disk before anything leaves.
#include "actors/backoff.hpp"
#include "actors/broadcast_run.hpp"
#include "actors/composer.hpp"
#include "actors/error_tally.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include <map>

namespace troupe {
namespace {

constexpr auto store_limit = std::chrono::seconds{30};
constexpr auto store_again_max = std::chrono::seconds{30};
constexpr unix_ms progress_every_ms = 3'000;

struct broadcaster_state {
  broadcaster_state() {}
  static inline const char* name = "broadcaster";
  context_ptr ctx;
  ledger_actor ledger;
  courier_actor courier;
  watchman_actor watchman;

  struct entry {
    broadcast_run run;
    int failures = 0;
    unix_ms progress_at = 0;
    bool held_told = false;
    /// Its record cannot be worked with: it is being stopped, in two steps that are repeated until both are
    /// stored.
    bool set_aside = false, stopping = false;
    unix_ms stop_again_at = 0;
  };
  std::map<std::int64_t, entry> open;
  std::vector<caf::typed_response_promise<done>> resting;
  std::uint64_t round = 0;
  unix_ms alarm = 0; ///< 0: none

  int permitted(const broadcast& b) const {
    auto& t = ctx->opts().telegram;
    return b.paid && t.paid_messages_per_second > 0 ? t.paid_messages_per_second : t.bulk_messages_per_second;
  }
  office::cast_voice voice() const { return office::cast_voice{*ctx->settings}; }

  /// To its author; to those who may, when he may not any more: nothing of it is his business then.
  std::vector<outgoing> told(broadcast b) const {
    const auto& opts = ctx->opts();
    if (may(ctx->office->rank_of(b.admin_id, opts), right::broadcast))
      return voice().turned(b, b.admin_language);
    std::vector<outgoing> all;
    for (auto& seat : ctx->office->people(opts, right::broadcast)) {
      b.admin_id = seat.chat_id;
      for (auto& m : voice().turned(b, seat.language)) all.push_back(std::move(m));
    }
    return all;
  }
};
using self_ptr = broadcaster_actor::stateful_pointer<broadcaster_state>;

void pump(self_ptr self);

broadcaster_state::entry* entry_of(self_ptr self, std::int64_t id) {
  const auto it = self->state.open.find(id);
  return it == self->state.open.end() ? nullptr : &it->second;
}

/// One broadcast that cannot be worked with must not stop all else, now and at every start: it is stopped,
/// and its end is told, both on disk; then nobody takes it up again.
void set_aside(self_ptr self, std::int64_t id, const std::string& why);

template <class Work> void guarded(self_ptr self, std::int64_t id, Work work) {
  try {
    work();
  } catch (const std::exception& e) {
    set_aside(self, id, e.what());
  }
}

void post(self_ptr self, std::int64_t id, const outgoing& m) {
  const auto settled = [=](post_result x) {
    x.became.user_id = m.chat_id;
    if (auto* e = entry_of(self, id)) e->run.settled(std::move(x), self->state.ctx->now());
    pump(self);
  };
  self->request(self->state.courier, caf::infinite, broadcast_post{m})
      .then([=](post_result& x) { settled(std::move(x)); },
            [=](caf::error&) {
              settled({{0, recipient_state::unknown, 0, {}, "the engine was disturbed"}, 0});
            });
}

/// The one way anything of a broadcast is stored here; `then` hears the answer.
template <class Answer, class Operation, class Then>
void store(self_ptr self, std::int64_t id, Operation op, Then then) {
  self->request(self->state.ledger, store_limit, std::move(op))
      .then(
          [=](Answer& a) {
            if (auto* e = entry_of(self, id)) {
              e->failures = 0;
              guarded(self, id, [&] { then(*e, a); });
            }
            pump(self);
          },
          [=](caf::error& why) {
            auto* e = entry_of(self, id);
            if (!e) return;
            const auto wait = backoff(e->failures++, store_again_max);
            log("broadcaster")
                ->warn("broadcast {} could not be stored ({}); again in {} ms", id,
                       self->system().render(why), wait.count());
            if (e->stopping) e->stopping = false, e->stop_again_at = self->state.ctx->now() + wait.count();
            else e->run.not_stored(self->state.ctx->now() + wait.count());
            pump(self);
          });
}

void tell_end(self_ptr self, std::int64_t id, const broadcast& b) {
  store_notice n;
  n.name = "cast:" + std::to_string(id);
  n.value = name_of(b.state);
  n.at = self->state.ctx->now();
  n.messages = self->state.told(b);
  store<done>(self, id, std::move(n), [](auto& e, done) { e.run.end_told(); });
}

void stop_aside(self_ptr self, std::int64_t id, broadcaster_state::entry& e) {
  if (e.stopping || self->state.ctx->now() < e.stop_again_at) return;
  e.stopping = true;
  broadcast_step s;
  s.broadcast_id = id;
  s.at = self->state.ctx->now();
  s.to = broadcast_state::stopped;
  s.why = "its record cannot be read";
  store<broadcast_answer>(self, id, std::move(s), [self, id](auto&, broadcast_answer&) {
    store_notice n; // else it would be taken up at every start
    n.name = "cast:" + std::to_string(id);
    n.value = "set aside";
    n.at = self->state.ctx->now();
    store<done>(self, id, std::move(n), [self, id](auto&, done) { self->state.open.erase(id); });
  });
}

void set_aside(self_ptr self, std::int64_t id, const std::string& why) {
  auto* e = entry_of(self, id);
  if (!e || std::exchange(e->set_aside, true)) return;
  const auto short_why = telegram::shorten(why, 200);
  {
    const told_in_words written;
    log("broadcaster")->critical("broadcast {} is set aside: {}", id, short_why);
  }
  if (auto& w = self->state.watchman)
    self->send(w, alarm{"broadcast " + std::to_string(id),
                        "alarm.broadcast_unreadable",
                        {{"id", std::to_string(id)}, {"why", telegram::escape_html(short_why)}}});
  self->send(self->state.courier, recall_broadcast{id});
  stop_aside(self, id, *e);
}

void ask(self_ptr self, std::int64_t id, broadcast_run& run) {
  auto step = run.ask(self->state.ctx->now());
  auto b = run.counted();
  b.state = step.to, b.why = step.why;
  step.messages = self->state.told(b);
  store<broadcast_answer>(self, id, std::move(step), [self, id](auto& e, broadcast_answer& a) {
    e.run.changed(a.now);
    self->send(self->state.courier, recall_broadcast{id});
  });
}

/// False: nothing to store now.
bool store_next(self_ptr self, std::int64_t id, broadcast_run& run) {
  const auto now = self->state.ctx->now();
  const auto changed = [](auto& e, broadcast_answer& a) { e.run.changed(a.now); };
  switch (run.next(now)) {
  case broadcast_run::wish::nothing: return false;
  case broadcast_run::wish::gather: store<broadcast_answer>(self, id, run.gather(now), changed); break;
  case broadcast_run::wish::ask: ask(self, id, run); break;
  case broadcast_run::wish::tell_end:
    run.end_is_being_told();
    tell_end(self, id, run.what());
    break;
  case broadcast_run::wish::begin: store<broadcast_answer>(self, id, run.begin(now), changed); break;
  case broadcast_run::wish::take:
    store<recipients_taken>(self, id, run.take(now), [self, id](auto& e, recipients_taken& t) {
      for (auto& r : e.run.taken(t, self->state.ctx->now())) post(self, id, e.run.post_to(r));
    });
    break;
  }
  return true;
}

void show_progress(self_ptr self, broadcaster_state::entry& e) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  if (e.run.what().state != broadcast_state::running || now < e.progress_at + progress_every_ms) return;
  e.progress_at = now;
  const auto b = e.run.counted();
  self->send(s.courier, s.voice().progress(b, b.admin_language, e.run.per_second(now)));
}

std::string held_kind(std::int64_t id) { return "broadcast held " + std::to_string(id); }

/// That it stands still, and that it does no more; each once, over restarts too.
void tell_hold(self_ptr self, std::int64_t id, broadcaster_state::entry& e) {
  auto& w = self->state.watchman;
  const auto& b = e.run.what();
  const bool held = is_held(b.state, b.why);
  if (!w || held == e.held_told) return;
  e.held_told = held;
  const auto kind = held_kind(id);
  if (!held) return self->send(w, alarm_over{kind, "", {}});
  self->send(self->state.courier, recall_broadcast{id});
  self->send(w, alarm{kind,
                      "alarm.broadcast_held",
                      {{"id", std::to_string(id)},
                       {"author", std::to_string(b.admin_id)},
                       {"title", telegram::escape_html(b.title)}},
                      true});
}

void set_alarm(self_ptr self) {
  auto& s = self->state;
  unix_ms first = 0;
  const auto consider = [&](unix_ms t) { first = first == 0 ? t : std::min(first, t); };
  for (auto& [id, e] : s.open) {
    if (e.set_aside) {
      if (!e.stopping) consider(e.stop_again_at);
      continue;
    }
    if (const auto due = e.run.due()) consider(*due);
    if (e.run.what().state == broadcast_state::running) consider(e.progress_at + progress_every_ms);
  }
  const auto now = s.ctx->now();
  if (first == 0 || (s.alarm != 0 && s.alarm <= first && s.alarm > now)) return;
  s.alarm = std::max(first, now + 1);
  self->delayed_send(self, std::chrono::milliseconds{s.alarm - now}, wake{++s.round});
}

void pump(self_ptr self) {
  auto& s = self->state;
  bool idle = true;
  for (auto it = s.open.begin(); it != s.open.end();) {
    auto& [id, e] = *it;
    if (!e.set_aside)
      guarded(self, id, [&, n = id] {
        store_next(self, n, it->second.run);
        show_progress(self, it->second);
        tell_hold(self, n, it->second);
      });
    if (e.set_aside) stop_aside(self, id, e);
    idle = idle && (e.set_aside ? !e.stopping : e.run.is_idle());
    it = !e.set_aside && e.run.is_over() ? s.open.erase(it) : std::next(it);
  }
  set_alarm(self);
  if (!idle) return;
  for (auto& rp : std::exchange(s.resting, {})) rp.deliver(done{});
}

/// A step of an administrator, or a broadcast that is new here.
void take_in(self_ptr self, broadcast& b) {
  auto& s = self->state;
  const auto id = b.broadcast_id;
  auto* e = entry_of(self, id);
  if (!e) {
    const auto permitted = s.permitted(b);
    auto run = broadcast_run{std::move(b), permitted, s.ctx->opts().office.block_rate_percent};
    const auto readable = run.is_readable();
    if (!is_held(run.what().state, run.what().why) && s.watchman)
      self->send(s.watchman, alarm_over{held_kind(id), "", {}});
    s.open.emplace(id, broadcaster_state::entry{std::move(run)});
    if (!readable) set_aside(self, id, "what is to be sent is not readable");
    return;
  }
  if (e->set_aside) return;
  e->run.changed_by_admin(b);
  if (b.state != broadcast_state::running) self->send(s.courier, recall_broadcast{id});
}

broadcaster_actor::behavior_type broadcaster(self_ptr self, const context_ptr& ctx,
                                             const ledger_actor& ledger, const courier_actor& courier,
                                             const watchman_actor& watchman) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.ledger = ledger, s.courier = courier, s.watchman = watchman;
  return {
      [self](committed_broadcasts& x) {
        for (auto& b : x.broadcasts) take_in(self, b);
        pump(self);
      },
      [self](rest) -> caf::result<done> {
        auto& st = self->state;
        for (auto& [id, e] : st.open) {
          e.run.rest();
          self->send(st.courier, recall_broadcast{id});
        }
        st.resting.push_back(self->make_response_promise<done>());
        auto promise = st.resting.back();
        pump(self);
        return promise;
      },
      [self](const wake& w) {
        if (w.round == self->state.round) self->state.alarm = 0;
        pump(self);
      },
  };
}

} // namespace

broadcaster_actor spawn_broadcaster(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger,
                                    courier_actor courier, watchman_actor watchman) {
  return sys.spawn(broadcaster, std::move(ctx), std::move(ledger), std::move(courier), std::move(watchman));
}

} // namespace troupe
