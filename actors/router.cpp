#include "actors/backoff.hpp"
#include "actors/halt_notice.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include "net/telegram.hpp"
#include <deque>
#include <malloc.h>
#include <unordered_map>

namespace troupe {
namespace {

constexpr std::size_t updates_in_work_max = 10'000; // then the poller waits; Telegram keeps updates for 24 h
constexpr auto ledger_limit = std::chrono::seconds{30};
constexpr auto sweep_every = std::chrono::seconds{30};
constexpr auto longest_wait = std::chrono::seconds{30}; // between two tries to set an update aside
constexpr int refusals_max = 2;                         // then it is forgotten without a word
/// So many sessions are gone, and the pages that they leave are given back to the system.
constexpr std::size_t memory_back_after = 5'000;
/// What the router tells itself: this, or whose update shall be set aside.
constexpr wake sweep_due{0};

struct router_state {
  router_state() {}
  /// Sessions go when the router goes. Not by links: each would lengthen a list here that every session's
  /// end searches, minutes of a core for a hundred thousand of them.
  ~router_state() {
    for (auto& s : seats)
      if (s.second.session) caf::anon_send_exit(s.second.session, caf::exit_reason::kill);
  }
  static inline const char* name = "router";
  struct seat {
    session_actor session;
    std::deque<incoming_update> in_work; ///< sent, not yet handled; given to a successor after a crash
    unix_ms last_used = 0;
    restart_limit limit;
    int failures = 0, refusals = 0; ///< to set the first update aside
  };
  context_ptr ctx;
  front_desk desk;
  halt_notice halted;
  std::unordered_map<std::int64_t, seat> seats;
  std::size_t in_work = 0, gone = 0;
  std::vector<caf::typed_response_promise<done>> waiting_for_room;

  void make_room() {
    if (in_work >= updates_in_work_max) return;
    for (auto& rp : std::exchange(waiting_for_room, {})) rp.deliver(done{});
  }
};
using self_ptr = router_actor::stateful_pointer<router_state>;

void seat_user(self_ptr self, std::int64_t user_id, router_state::seat& seat) {
  auto& s = self->state;
  seat.session = spawn_session(self->system(), s.ctx, user_id, self, s.desk);
  self->monitor(seat.session);
}

void bring(self_ptr self, incoming_update u) {
  auto& s = self->state;
  auto& seat = s.seats[u.user_id];
  if (!seat.session && seat.in_work.empty()) seat_user(self, u.user_id, seat);
  seat.last_used = s.ctx->now();
  seat.in_work.push_back(u);
  ++s.in_work;
  if (seat.session) self->send(seat.session, std::move(u)); // else it comes with `seat_again`
}

/// A pre-checkout has ten seconds and passes its user's queue.
void sort(self_ptr self, incoming_update u) {
  if (telegram::is_pre_checkout(u.json)) self->send(self->state.desk.cashier, std::move(u));
  else bring(self, std::move(u));
}

/// What ended sessions leave lies scattered, and the allocator keeps it. Takes long when it is much: beside
/// the actors, not in one.
void give_memory_back(self_ptr self) {
  auto& gone = self->state.gone;
  if (gone < memory_back_after) return;
  gone = 0;
  self->system().spawn<caf::detached>([] { ::malloc_trim(0); });
}

/// Only the router knows that nothing is under way to a session, so it alone lets sessions go.
void let_idle_go(self_ptr self) {
  auto& s = self->state;
  auto idle_since = s.ctx->now() - s.ctx->opts().users.session_idle_s * 1000LL;
  for (auto it = s.seats.begin(); it != s.seats.end();) {
    auto& seat = it->second;
    if (seat.in_work.empty() && seat.last_used < idle_since) {
      if (seat.session) {
        self->demonitor(seat.session.address());
        self->send_exit(seat.session, caf::exit_reason::user_shutdown);
      }
      ++s.gone;
      it = s.seats.erase(it);
    } else ++it;
  }
}

void seat_again(self_ptr self, std::int64_t user_id, router_state::seat& seat) {
  seat_user(self, user_id, seat);
  for (auto& u : seat.in_work) {
    u.who = nullptr; // the one before may have stored a turn since
    self->send(seat.session, u);
  }
}

void handled(self_ptr self, std::int64_t user_id) {
  auto& s = self->state;
  auto it = s.seats.find(user_id);
  if (it == s.seats.end() || it->second.in_work.empty()) return;
  it->second.in_work.pop_front();
  --s.in_work;
  s.make_room();
}

void end_first(self_ptr self, std::int64_t user_id, router_state::seat& seat);

void end_first_of(self_ptr self, std::int64_t user_id) {
  const auto it = self->state.seats.find(user_id);
  if (it != self->state.seats.end() && !it->second.session && !it->second.in_work.empty())
    end_first(self, user_id, it->second);
}

/// It is over with this update: the next session goes on behind it.
void is_set_aside(self_ptr self, std::int64_t user_id) {
  handled(self, user_id);
  const auto it = self->state.seats.find(user_id);
  if (it == self->state.seats.end()) return;
  it->second.failures = it->second.refusals = 0;
  seat_again(self, user_id, it->second);
}

/// Never at once: a ledger that refuses does it fast. No session meanwhile: it would only fall again.
void set_aside_later(self_ptr self, std::int64_t user_id, const caf::error& why) {
  auto it = self->state.seats.find(user_id);
  if (it == self->state.seats.end()) return;
  auto& seat = it->second;
  if (why == caf::sec::invalid_argument && ++seat.refusals > refusals_max) {
    log("router")->critical(
        "update {} of user {} can neither be handled nor set aside: it is left out until the "
        "next start",
        seat.in_work.front().update_id, user_id);
    return is_set_aside(self, user_id);
  }
  const auto wait = backoff(seat.failures++, longest_wait);
  log("router")->warn("an update of user {} could not be set aside ({}); next try in {} ms", user_id,
                      self->system().render(why), wait.count());
  self->delayed_send(self, wait, wake{static_cast<std::uint64_t>(user_id)});
}

void end_first(self_ptr self, std::int64_t user_id, router_state::seat& seat) {
  auto& s = self->state;
  const auto& u = seat.in_work.front();
  log("router")->critical("update {} of user {} fells every session; it is set aside", u.update_id, user_id);
  const auto store = [=](const turn& t) {
    self->request(self->state.desk.ledger, ledger_limit, t)
        .then([=](done) { is_set_aside(self, user_id); },
              [=](caf::error& e) { set_aside_later(self, user_id, e); });
  };
  if (seat.refusals > 0) return store(drop(u, s.ctx->now()));
  self->request(s.desk.reader, ledger_limit, account_query{user_id})
      .then(
          [=](const account& who) {
            store(set_aside(self->state.ctx->settings->words, u, who.state, self->state.ctx->now()));
          },
          [=](caf::error& e) { set_aside_later(self, user_id, e); });
}

void replace_fallen(self_ptr self, const caf::actor_addr& fallen) {
  for (auto& [user_id, seat] : self->state.seats) {
    if (!seat.session || seat.session.address() != fallen) continue;
    log("router")->error("the session of user {} fell and is started anew", user_id);
    seat.session = nullptr;
    if (seat.limit.allows(self->clock().now())) seat_again(self, user_id, seat);
    else if (!seat.in_work.empty()) end_first(self, user_id, seat);
    return;
  }
}

router_actor::behavior_type router(self_ptr self, const context_ptr& ctx, const front_desk& desk) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.desk = desk;
  self->set_down_handler([self](caf::down_msg& d) { replace_fallen(self, d.source); });
  self->delayed_send(self, sweep_every, sweep_due);
  return {
      [self](accepted_updates& x) -> caf::result<done> {
        for (auto& u : x.fresh) sort(self, std::move(u));
        auto& st = self->state;
        if (st.in_work < updates_in_work_max) return done{};
        st.waiting_for_room.push_back(self->make_response_promise<done>());
        return st.waiting_for_room.back();
      },
      [self](const update_handled& x) {
        if (!self->state.ctx->health->storage_failed) self->state.halted.forget();
        handled(self, x.user_id);
      },
      [self](const update_stuck& x) {
        auto& st = self->state;
        if (!st.ctx->health->storage_failed) return; // a passing fault of ours: nobody need know
        if (auto m = st.halted.tell(st.ctx->settings->words, x.user_id, x.language, st.ctx->now()))
          self->send(st.desk.courier, std::move(*m));
      },
      [self](const wake& w) {
        if (w.round != sweep_due.round) return end_first_of(self, static_cast<std::int64_t>(w.round));
        give_memory_back(self); // of those that went the last time: by now they are gone
        let_idle_go(self);
        self->delayed_send(self, sweep_every, sweep_due);
      },
  };
}

} // namespace

router_actor spawn_router(caf::actor_system& sys, context_ptr ctx, front_desk desk) {
  return sys.spawn(router, std::move(ctx), std::move(desk));
}

} // namespace troupe
