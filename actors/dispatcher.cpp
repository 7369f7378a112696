#include "actors/alarms.hpp"
#include "actors/job_voice.hpp"
#include "actors/key_ring.hpp"
#include "actors/log.hpp"
#include "actors/provider.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include "actors/till.hpp"
#include "actors/wait_estimate.hpp"
#include <unordered_map>
#include <unordered_set>

namespace troupe {
namespace {

constexpr auto begin_again_after = std::chrono::seconds{30};
constexpr auto ledger_limit = std::chrono::seconds{30};
constexpr std::size_t falls_max = 3; // of one job; a generation may fall as seldom as at each poll
constexpr auto falls_window = std::chrono::seconds{600};
constexpr unix_ms key_rest_ms = 10'000; // after "slow down": the provider's own window
constexpr unix_ms model_pause_ms =
    10 * 60'000; // a model that the provider has switched off is asked for again then
constexpr unix_ms look_round_ms = 10'000; // limits in the queue, and who is told his place
constexpr auto read_again_after =
    std::chrono::seconds{5}; // a job whose generation fell, while the reader errs
constexpr std::size_t alarm_text_max = 200;
constexpr unix_ms told_again_ms = 60'000;      // a place is told again when it has halved, or after so long
constexpr unix_ms told_first_after_ms = 3'000; // most do not wait at all, and "accepted" is said first
constexpr std::size_t told_at_once_max = 200;
constexpr unix_ms sweep_every_ms = 3'600'000;
constexpr unix_ms first_credits_look_ms = 5'000;
constexpr unix_ms credits_look_again_ms = 60'000; // while a key is aside

struct dispatcher_state {
  dispatcher_state() : keys{{}, 1, 1} {}
  ~dispatcher_state() { // generations go when the dispatcher goes
    for (auto& [id, r] : running) caf::anon_send_exit(r.worker, caf::exit_reason::kill);
  }
  static inline const char* name = "dispatcher";
  context_ptr ctx;
  job_desk desk;
  fair_queue queue;
  key_ring keys;
  wait_estimate waits;
  struct in_work {
    generation_actor worker;
    std::string key;
    key_ring::phase phase = key_ring::phase::left;
    bool overdue = false; ///< It takes nobody's place.
  };
  std::unordered_map<std::int64_t, in_work> running;
  std::unordered_map<std::int64_t, restart_limit> falls;
  struct told {
    std::size_t place = 0;
    job_voice::wait_for what = job_voice::wait_for::turn;
    unix_ms at = 0, promised = 0; ///< promised: when the video should be there, as it was first told
  };
  std::unordered_map<std::int64_t, told> places; ///< by order
  std::unordered_set<std::string> proved;        ///< keys that have made a task since the start
  /// Requests that are ready, and wait until the provider's window has room.
  std::deque<std::pair<std::int64_t, caf::typed_response_promise<submit_leave>>> leavers;
  std::unordered_map<std::int64_t, job> come_again; ///< Announced while an earlier generation of theirs ends.
  std::map<std::string, int> lost_keys; ///< configured no more: how many jobs were ordered with each
  unix_ms credits_due = 0, look_due = 0, sweep_due = 0, armed = 0;
  std::uint64_t round = 0;

  job_voice voice() const { return job_voice{ctx->settings->words}; }
};
using self_ptr = dispatcher_actor::stateful_pointer<dispatcher_state>;

void run(self_ptr self, job j, key_ring::phase phase = key_ring::phase::left) {
  auto& s = self->state;
  auto id = j.job_id;
  dispatcher_state::in_work r{{}, j.key_name, phase, j.state == job_state::overdue};
  r.worker = spawn_generation(self->system(), s.ctx, s.desk, self, std::move(j));
  self->monitor(r.worker);
  s.running.emplace(id, std::move(r));
}

/// A job that was begun before: it has its key, and takes its place whatever the limit.
void go_on_with(self_ptr self, job j) {
  auto& s = self->state;
  if (s.running.count(j.job_id) != 0) {
    s.come_again.insert_or_assign(j.job_id,
                                  std::move(j)); // its video came back before we heard that it had left
    return;
  }
  if (j.state != job_state::overdue) s.keys.adopt(j.key_name);
  if (!j.key_name.empty() && !s.keys.knows(j.key_name)) ++s.lost_keys[j.key_name];
  run(self, std::move(j));
}

void free_place(dispatcher_state& s, dispatcher_state::in_work& r) {
  if (!std::exchange(r.overdue, true)) s.keys.release(r.key, r.phase);
}

// -- how requests leave --

/// With the key it was prepared for, or another one that may; nothing: it has to wait for the window.
std::optional<std::string> leave_with(dispatcher_state& s, dispatcher_state::in_work& r, unix_ms now) {
  const std::string not_now;
  if (s.ctx->sales->is_stopped() && r.phase != key_ring::phase::left) return not_now;
  switch (s.keys.leave(r.key, r.phase, now)) {
  case key_ring::exit::go: r.phase = key_ring::phase::left; return r.key;
  case key_ring::exit::wait: return std::nullopt;
  case key_ring::exit::no: break;
  }
  if (r.phase == key_ring::phase::left) return not_now; // its key is on disk
  const auto other = s.keys.take(now);
  if (!other) return not_now;
  s.keys.release(r.key, r.phase);
  r.key = *other, r.phase = key_ring::phase::comes;
  if (s.keys.leave(r.key, r.phase, now) != key_ring::exit::go) return not_now;
  r.phase = key_ring::phase::left;
  return r.key;
}

void let_leave(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  for (auto& [id, promise] : std::exchange(s.leavers, {})) {
    const auto r = s.running.find(id);
    if (r == s.running.end()) continue; // it fell meanwhile
    if (const auto key = leave_with(s, r->second, now)) promise.deliver(submit_leave{*key});
    else s.leavers.emplace_back(id, promise);
  }
}

/// For whoever asks for the engine's health.
void show_health(const dispatcher_state& s) {
  auto& h = *s.ctx->health;
  const auto usable = s.keys.usable(), aside = s.keys.size() - usable;
  h.keys_usable = usable, h.keys_aside = aside;
  h.jobs_waiting = s.queue.size(), h.jobs_open = s.queue.size() + s.running.size();
  if (s.queue.size() == 0) h.oldest_waiting_since = 0;
  if (usable > 0 || aside == 0) h.is_well(ailment::provider_keys);
  else
    h.ails(ailment::provider_keys, "no key of the provider is usable: " + std::to_string(aside) +
                                       " set aside (refused, or without credits); nothing is sold");
}

/// Nothing more is sold when too much waits, or when no key works.
void show_sales(self_ptr self) {
  auto& s = self->state;
  s.ctx->sales->set_full(s.queue.size() >= static_cast<std::size_t>(s.ctx->opts().kie.waiting_jobs_max));
  s.ctx->sales->set_closed(!s.keys.any_in_use(s.ctx->now()));
  show_health(s);
}

void look_round(self_ptr self);

/// Submits what keys and windows allow, then arms one timer for what comes next by time alone.
void pump(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  const bool stopped = s.ctx->sales->is_stopped();
  let_leave(self);
  while (!stopped) {
    const auto* first = s.queue.peek(now);
    if (!first) break;
    const auto phase = first->spec.photo_file_id.empty() ? key_ring::phase::comes : key_ring::phase::prepares;
    auto key = s.keys.take(now, phase);
    if (!key) break;
    auto j = s.queue.next(now);
    j->key_name = std::move(*key);
    s.places.erase(j->order_id);
    run(self, std::move(*j), phase);
  }
  show_sales(self);
  if (now >= s.look_due) look_round(self);
  unix_ms next = std::min(s.credits_due, s.queue.size() > 0 ? s.look_due : s.credits_due);
  next = std::min(next, s.keys.next_trial(now).value_or(next));
  if (s.queue.size() > 0 || !s.leavers.empty()) {
    const auto ready = s.leavers.empty() ? s.queue.next_at().value_or(now) : now;
    if (const auto room = s.keys.next_room(now); room && !stopped)
      next = std::min(next, std::max(ready, *room));
  }
  if (s.armed > now && s.armed <= next) return;
  s.armed = next;
  self->delayed_send(self, std::chrono::milliseconds{std::max<unix_ms>(next - now, 1)}, wake{++s.round});
}

void leave(self_ptr self, std::int64_t job_id) {
  auto& s = self->state;
  if (const auto r = s.running.find(job_id); r != s.running.end()) {
    free_place(s, r->second);
    s.running.erase(r);
  }
  s.falls.erase(job_id);
  if (auto again = s.come_again.extract(job_id); !again.empty()) go_on_with(self, std::move(again.mapped()));
  pump(self);
}

/// Its end could not be stored: it is begun once more, and may fall once more.
void begin_later(self_ptr self, job j) {
  leave(self, j.job_id);
  committed_jobs again;
  again.jobs.push_back(std::move(j));
  self->delayed_send(self, begin_again_after, std::move(again));
}

/// The credits return.
void fail_waiting(self_ptr self, job j, cause why, const char* text) {
  auto& s = self->state;
  const auto as_stored = j;
  j.fail_class = name_of(why);
  j.fail_text = text;
  job_step step;
  step.job_id = j.job_id;
  step.at = s.ctx->now();
  step.to = job_state::failed;
  step.fail_class = j.fail_class, step.fail_text = j.fail_text;
  if (j.state != job_state::overdue) {
    auto words = job_voice{s.ctx->settings->words}.failed(j);
    step.messages = std::move(words.messages), step.finale = std::move(words.finale);
  }
  const std::string told = causes::row_of(why).alarm;
  self->request(s.desk.ledger, ledger_limit, std::move(step))
      .then(
          [=](step_answer&) {
            auto& st = self->state;
            if (!told.empty())
              raise_alarm(self, st.desk,
                          {std::string{"job "} + name_of(why),
                           told,
                           {{"job", std::to_string(j.job_id)}, {"model", j.spec.model_id}, {"text", text}}});
            leave(self, j.job_id);
          },
          [=](caf::error&) { begin_later(self, as_stored); });
}

/// What has waited too long for its submit; without a limit it waits on, and its user may cancel it for free.
void end_expired(self_ptr self) {
  const auto limit = self->state.ctx->opts().kie.queue_limit_s * 1000LL;
  if (limit == 0) return;
  for (auto& j : self->state.queue.take_older(self->state.ctx->now() - limit)) {
    log("dispatcher")->warn("job {} has waited for its submit until its limit; its credits return", j.job_id);
    fail_waiting(self, std::move(j), cause::queue_timeout, "no submit within the limit");
  }
}

using wait_for = job_voice::wait_for;

/// What keeps all that wait from going on.
wait_for held_up_by(const dispatcher_state& s, unix_ms now) {
  if (s.ctx->sales->is_stopped()) return wait_for::stopped;
  if (!s.keys.any_in_use(now)) return wait_for::service;
  if (s.keys.is_resting(now)) return wait_for::answer;
  return wait_for::turn;
}

/// At once when something else holds it up; else rarely: when the place has halved, or after a minute.
bool is_news(dispatcher_state::told& t, wait_for what, std::size_t place, unix_ms now) {
  const bool other = t.place == 0 || t.what != what;
  if (!other && place * 2 > t.place && now - t.at < told_again_ms) return false;
  const bool news = other || t.place != place;
  t.place = place, t.what = what, t.at = now;
  return news;
}

void tell_places(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  std::size_t place = 0, told = 0;
  const auto held_up = held_up_by(s, now);
  std::unordered_set<std::int64_t> orders; // of several videos the first one speaks
  for (const auto* j : s.queue.in_order()) {
    ++place;
    if (!orders.insert(j->order_id).second || told >= told_at_once_max) continue;
    if (now - j->created_at < told_first_after_ms) continue;
    auto& t = s.places[j->order_id];
    const auto wait =
        s.waits.until_ready(j->spec.model_id, place, s.keys.submits_per_10_s(), s.keys.in_flight_max());
    if (held_up != wait_for::turn) t.promised = 0; // what was promised before is void
    else if (t.promised == 0) t.promised = now + wait;
    // A number that is over is no number: it is not promised anew, again and again.
    const auto what = held_up == wait_for::turn && now >= t.promised - wait_estimate::shortest_ms
                          ? wait_for::longer
                          : held_up;
    if (!is_news(t, what, place, now)) continue;
    ++told;
    self->send(s.desk.courier, s.voice().waiting(*j, what, place, std::min(wait, t.promised - now)));
  }
  std::erase_if(s.places,
                [&](auto& p) { return orders.count(p.first) == 0; }); // cancelled or ended meanwhile
}

void sweep(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  if (now < s.sweep_due) return;
  s.sweep_due = now + sweep_every_ms;
  const auto age = std::max<std::int64_t>(s.ctx->opts().storage.keep_files_h * 3'600'000LL,
                                          s.ctx->opts().kie.time_limit_s * 2'000LL);
  self->send(s.desk.reader, sweep_files{s.ctx->files_dir(), age});
}

void look_round(self_ptr self) {
  self->state.look_due = self->state.ctx->now() + look_round_ms;
  end_expired(self);
  tell_places(self);
  sweep(self);
  self->state.ctx->health->oldest_waiting_since = self->state.queue.waits_since();
}

// -- keys ---------------------------------------------------------------------------------------------

/// A key is shown as the number the operator gave it.
std::string number_of_key(const dispatcher_state& s, const std::string& name) {
  const auto names = kie_key_names(s.ctx->opts());
  return "№" + std::to_string(std::find(names.begin(), names.end(), name) - names.begin() + 1);
}

/// A state of a key: told once, over restarts too, until it is over. `last`: the sentence when no key is
/// left.
void tell_state(self_ptr self, const std::string& sentence, const std::string& name, config::texts::args args,
                const std::string& last = {}) {
  auto& s = self->state;
  args.emplace_back("key", number_of_key(s, name));
  const bool none_left = !last.empty() && s.keys.usable() == 0;
  raise_alarm(self, s.desk, {sentence + " " + name, none_left ? last : sentence, std::move(args), true});
}
void end_state(self_ptr self, const std::string& sentence, const std::string& name, const std::string& how) {
  end_alarm(self, self->state.desk,
            {sentence + " " + name, how, {{"key", number_of_key(self->state, name)}}});
}

/// One alarm for each state of a key, and the log's line is no second one.
void set_aside_key(self_ptr self, const std::string& name, key_ring::aside why, const std::string& text) {
  auto& s = self->state;
  if (!s.keys.set_aside(name, why, s.ctx->now())) return;
  log("dispatcher")->warn("key {} is set aside: {}", name, text);
  const std::string sentence = why == key_ring::aside::refused ? "alarm.key_refused" : "alarm.no_credits";
  tell_state(self, sentence, name, {{"text", telegram::escape_html(telegram::shorten(text, alarm_text_max))}},
             sentence + "_last");
  s.credits_due = std::min(s.credits_due, s.ctx->now() + credits_look_again_ms);
}

/// Said at the first task of a life too: what was told before a restart may be over.
void tell_key_back(self_ptr self, const std::string& name) {
  end_state(self, "alarm.key_refused", name, "alarm.key_back");
  end_state(self, "alarm.no_credits", name, "alarm.key_back");
}

/// Once for each: after a start, when all that was open is here.
void tell_lost_keys(self_ptr self) {
  auto& s = self->state;
  for (auto& [name, jobs] : std::exchange(s.lost_keys, {})) {
    log("dispatcher")->warn("{} jobs were ordered with key {}, which is configured no more", jobs, name);
    raise_alarm(self, s.desk,
                {"key gone " + name, "alarm.key_gone", {{"n", std::to_string(jobs)}, {"key", name}}});
  }
}

void hear(self_ptr self, const submit_heard& x) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  if (x.what == submit_word::unanswered) s.keys.unanswered(now);
  else s.keys.answered();
  switch (x.what) {
  case submit_word::accepted:
    if (s.keys.accepted(x.key_name)) log("dispatcher")->info("key {} is used again", x.key_name);
    else if (s.proved.count(x.key_name) != 0) break;
    s.proved.insert(x.key_name);
    tell_key_back(self, x.key_name);
    break;
  case submit_word::slow_down: s.keys.cool(x.key_name, now + key_rest_ms); break;
  case submit_word::key_refused:
  case submit_word::no_credits: {
    const bool refused = x.what == submit_word::key_refused;
    if (!s.keys.knows(x.key_name)) break; // of a task that was ordered with a key of earlier days
    set_aside_key(self, x.key_name, refused ? key_ring::aside::refused : key_ring::aside::no_credits, x.text);
    break;
  }
  case submit_word::no_such_model:
    log("dispatcher")->warn("the provider does not make {} now: {}", x.model_id, x.text);
    s.ctx->sales->pause(x.model_id, now + model_pause_ms);
    break;
  default: break;
  }
  pump(self);
}

void note_credits(self_ptr self, const std::string& key, const kie::credits_answer& a) {
  auto& s = self->state;
  using outcome = kie::credits_answer::outcome;
  if (a.what == outcome::key_refused) set_aside_key(self, key, key_ring::aside::refused, "401");
  if (a.what == outcome::not_understood)
    log("dispatcher")->warn("the credits of key {} are not understood: {}", key, a.text);
  if (a.what != outcome::known) return;
  const auto& k = s.ctx->opts().kie;
  const auto left = std::to_string(static_cast<std::int64_t>(a.left));
  switch (s.keys.has_left(key, a.left, k.credits_min, s.ctx->now())) {
  case key_ring::balance::too_low:
    log("dispatcher")->warn("key {} is set aside: {} credits left", key, left);
    return tell_state(self, "alarm.no_credits", key, {{"text", left}}, "alarm.no_credits_last");
  case key_ring::balance::back:
    log("dispatcher")->info("key {} has {} credits again", key, left);
    tell_key_back(self, key);
    break;
  case key_ring::balance::as_before: break;
  }
  if (a.left < k.credits_min) return; // said when it was set aside
  if (a.left >= k.credits_alarm) return end_state(self, "alarm.low_credits", key, "");
  tell_state(self, "alarm.low_credits", key, {{"n", left}});
}

/// Each key's balance: sales stop before the provider refuses, and begin again by themselves.
void ask_credits(self_ptr self) {
  auto& s = self->state;
  const bool all_well = s.keys.all_in_use();
  const auto regular = s.ctx->opts().kie.credits_check_every_s * 1000LL;
  s.credits_due = s.ctx->now() + (all_well ? regular : std::min<unix_ms>(regular, credits_look_again_ms));
  for (auto& name : kie_key_names(s.ctx->opts()))
    self->request(s.desk.provider, caf::infinite, kie::credits(kie_endpoint(s.ctx->opts(), name)))
        .then(
            [=](const http_reply& r) {
              note_credits(self, name, kie::read_credits(r));
              pump(self);
            },
            [](caf::error&) {});
}

/// Goes on from what is on disk. The job keeps its place among the running until then.
void replace_fallen(self_ptr self, std::int64_t id) {
  self->request(self->state.desk.reader, ledger_limit, job_query{id})
      .then(
          [=](job& j) {
            auto& s = self->state;
            if (j.job_id == 0 || is_final(j.state) || j.state == job_state::delivering)
              return leave(self, id);
            if (!s.falls.try_emplace(id, falls_max, falls_window).first->second.allows(self->clock().now())) {
              log("dispatcher")->warn("job {} fells every generation; its credits return", id);
              return fail_waiting(self, std::move(j), cause::gave_up, "three falls in ten minutes");
            }
            auto& r = s.running.at(id);
            free_place(s, r);
            s.running.erase(id);
            if (j.state != job_state::pending) return go_on_with(self, std::move(j));
            s.queue.push(std::move(j), s.ctx->now()); // nothing has left: its turn comes again
            pump(self);
          },
          [=](caf::error&) { // it must not be left alone: nobody else watches it
            log("dispatcher")->warn("job {} cannot be read after a fall; again soon", id);
            self->delayed_send(self, read_again_after, job_fallen{id});
          });
}

void note_fallen(self_ptr self, const caf::down_msg& d) {
  for (auto& [id, r] : self->state.running) {
    if (r.worker.address() != d.source) continue;
    log("dispatcher")->error("the generation of job {} fell: {}", id, self->system().render(d.reason));
    return replace_fallen(self, id);
  }
}

dispatcher_actor::behavior_type dispatcher(self_ptr self, const context_ptr& ctx, const job_desk& desk) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.desk = desk;
  auto& k = ctx->opts().kie;
  s.keys = key_ring{kie_key_names(ctx->opts()), k.submits_per_10_s, k.jobs_in_flight_max};
  s.credits_due = ctx->now() + first_credits_look_ms;
  self->set_down_handler([self](caf::down_msg& d) { note_fallen(self, d); });
  return {
      [self](committed_jobs& x) {
        for (auto& j : x.jobs) {
          // Whatever was begun goes on at once; only what is yet to be submitted queues.
          if (j.state == job_state::pending) self->state.queue.push(std::move(j), self->state.ctx->now());
          else if (!is_final(j.state) && j.state != job_state::delivering) go_on_with(self, std::move(j));
        }
        tell_lost_keys(self);
        pump(self);
      },
      [self](job_back& x) {
        self->state.queue.push(std::move(x.what), self->state.ctx->now());
        pump(self); // arms the timer for the postponed one
      },
      [self](const job_over& x) {
        if (x.took > 0) self->state.waits.measured(x.model_id, x.took);
        leave(self, x.job_id);
      },
      [self](const job_overdue& x) {
        const auto r = self->state.running.find(x.job_id);
        if (r == self->state.running.end()) return;
        free_place(self->state, r->second);
        pump(self);
      },
      [self](const job_cancelled& x) {
        self->state.queue.remove(x.job_id); // one that is being prepared finds it out itself
        pump(self);
      },
      [self](const job_fallen& x) {
        if (self->state.running.count(x.job_id) != 0) replace_fallen(self, x.job_id);
      },
      [self](const submit_heard& x) { hear(self, x); },
      [self](const may_submit& x) {
        auto promise = self->make_response_promise<submit_leave>();
        self->state.leavers.emplace_back(x.job_id, promise);
        pump(self);
        return promise;
      },
      [self](provider_woke& x) {
        auto it = self->state.running.find(x.job_id);
        if (it != self->state.running.end()) self->send(it->second.worker, std::move(x));
      },
      [self](const wake& w) {
        if (w.round != self->state.round) return;
        self->state.armed = 0;
        if (self->state.ctx->now() >= self->state.credits_due) ask_credits(self);
        pump(self);
      },
  };
}

} // namespace

dispatcher_actor spawn_dispatcher(caf::actor_system& sys, context_ptr ctx, job_desk desk) {
  return sys.spawn(dispatcher, std::move(ctx), std::move(desk));
}

} // namespace troupe
