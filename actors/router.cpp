#include "actors/halt_notice.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include "net/telegram.hpp"
#include <deque>
#include <unordered_map>

namespace troupe {
namespace {

constexpr std::size_t updates_in_work_max = 10'000; // then the poller waits; Telegram keeps updates for 24 h
constexpr auto ledger_limit = std::chrono::seconds{30};
constexpr auto sweep_every = std::chrono::seconds{30};

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
  };
  context_ptr ctx;
  front_desk desk;
  halt_notice halted;
  std::unordered_map<std::int64_t, seat> seats;
  std::size_t in_work = 0;
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

/// Only the router knows that nothing is under way to a session, so it alone lets sessions go.
void let_idle_go(self_ptr self) {
  auto& s = self->state;
  auto idle_since = s.ctx->now() - s.ctx->opts().users.session_idle_s * 1000LL;
  for (auto it = s.seats.begin(); it != s.seats.end();) {
    auto& seat = it->second;
    if (seat.in_work.empty() && seat.last_used < idle_since) {
      self->demonitor(seat.session.address());
      self->send_exit(seat.session, caf::exit_reason::user_shutdown);
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

void end_first(self_ptr self, std::int64_t user_id, router_state::seat& seat) {
  auto& u = seat.in_work.front();
  log("router")->critical("update {} of user {} fells every session; it is set aside", u.update_id, user_id);
  const auto go_on = [=] {
    auto it = self->state.seats.find(user_id);
    if (it != self->state.seats.end()) seat_again(self, user_id, it->second);
  };
  self->request(self->state.desk.ledger, ledger_limit,
                set_aside(self->state.ctx->settings->words, u, self->state.ctx->now()))
      .then(
          [=](done) {
            handled(self, user_id);
            go_on();
          },
          [=](caf::error&) { go_on(); });
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
  self->delayed_send(self, sweep_every, wake{});
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
      [self](wake) {
        let_idle_go(self);
        self->delayed_send(self, sweep_every, wake{});
      },
  };
}

} // namespace

router_actor spawn_router(caf::actor_system& sys, context_ptr ctx, front_desk desk) {
  return sys.spawn(router, std::move(ctx), std::move(desk));
}

} // namespace troupe
