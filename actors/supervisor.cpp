#include "actors/supervisor.hpp"
#include "actors/log.hpp"
#include "actors/supervision.hpp"
#include <unordered_set>

namespace troupe {
namespace {

constexpr auto breath = std::chrono::seconds{1}; // between a fall and the new start

struct supervisor_state {
  supervisor_state() {}
  static inline const char* name = "supervisor";
  supervised what;
  cast now;
  std::unordered_set<caf::actor_addr> alive;
  restart_limit limit;
  bool falling = false;
};
using self_ptr = supervisor_actor::stateful_pointer<supervisor_state>;

void end_all(self_ptr self) {
  auto& s = self->state;
  for (auto& a : s.now.all()) caf::anon_send_exit(a, caf::exit_reason::kill);
  s.now = {};
}

void give_up(self_ptr self, const std::string& why) {
  log("supervisor")->critical("the engine cannot go on: {}", why);
  self->state.what.hopeless(why);
}

void begin(self_ptr self) {
  auto& s = self->state;
  s.falling = false;
  try {
    s.now = s.what.build();
  } catch (const std::exception& e) {
    return give_up(self, e.what());
  }
  for (auto& a : s.now.all()) {
    self->monitor(a);
    s.alive.insert(a.address());
  }
}

/// Two casts must never write one store: the new one begins when the last of the old is gone.
void when_all_are_gone(self_ptr self) {
  auto& s = self->state;
  if (!s.alive.empty()) return;
  if (s.limit.allows(self->clock().now())) self->delayed_send(self, breath, wake{});
  else give_up(self, "its actors fell again and again");
}

void fallen(self_ptr self, const caf::down_msg& d) {
  auto& s = self->state;
  if (s.alive.erase(d.source) == 0) return;
  if (!std::exchange(s.falling, true)) {
    log("supervisor")
        ->error("an actor of the cast fell ({}); all start anew from the database",
                self->system().render(d.reason));
    end_all(self);
  }
  when_all_are_gone(self);
}

template <class Actor, class Message> caf::result<done> hand_on(self_ptr self, Actor& to, Message& m) {
  if (!to) return caf::make_error(caf::sec::request_receiver_down);
  return self->delegate(to, std::move(m));
}

supervisor_actor::behavior_type supervisor(self_ptr self, const supervised& what) {
  self->set_error_handler([](caf::error&) {});
  self->state.what = what;
  self->set_down_handler([self](caf::down_msg& d) { fallen(self, d); });
  self->set_exit_handler([self](caf::exit_msg& e) {
    self->state.alive.clear();
    end_all(self);
    self->quit(e.reason);
  });
  begin(self);
  return {
      [self](provider_woke& w) { return hand_on(self, self->state.now.doorman, w); },
      [self](posted_update& u) { return hand_on(self, self->state.now.poller, u); },
      [self](payment_noticed& n) { return hand_on(self, self->state.now.cashier, n); },
      [self](rest& r) { return hand_on(self, self->state.now.broadcaster, r); },
      [self](alarm& a) {
        if (auto& to = self->state.now.watchman) self->send(to, std::move(a));
      },
      [self](rights_changed x) {
        if (auto& to = self->state.now.watchman) self->send(to, x);
      },
      [self](wake) { begin(self); },
  };
}

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& sys, supervised what) {
  return sys.spawn(supervisor, std::move(what));
}

} // namespace troupe
