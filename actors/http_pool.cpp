#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include <deque>

namespace troupe {
namespace {

using promise = caf::typed_response_promise<http_reply>;

http_reply no_answer(http_error why) {
  http_reply r;
  r.error = why;
  return r;
}

/// The only place that blocks on the network.
http_actor::behavior_type worker(http_actor::pointer self, const std::shared_ptr<transport>& wire) {
  self->set_error_handler([](caf::error&) {});
  return {[wire](const http_request& r) { return wire->send(r); }};
}

struct pool_state {
  pool_state() {}
  static inline const char* name = "http_pool";
  struct desk {
    std::shared_ptr<transport> wire;
    http_actor worker;
  };
  std::vector<desk> desks;
  std::vector<std::size_t> idle; ///< indices into `desks`
  std::deque<std::pair<promise, http_request>> waiting;
  std::size_t waiting_max = 0;
  restart_limit limit;
};
using pool_ptr = http_actor::stateful_pointer<pool_state>;

void hand_out(pool_ptr self);

void seat_worker(pool_ptr self, std::size_t i) {
  auto& desk = self->state.desks[i];
  desk.worker = self->spawn<caf::detached + caf::linked + caf::monitored>(worker, desk.wire);
  self->state.idle.push_back(i);
}

void replace_fallen(pool_ptr self, const caf::down_msg& d) {
  auto& s = self->state;
  for (std::size_t i = 0; i < s.desks.size(); ++i) {
    if (s.desks[i].worker.address() != d.source) continue;
    log("http")->error("a worker fell: {}", self->system().render(d.reason));
    s.idle.erase(std::remove(s.idle.begin(), s.idle.end(), i), s.idle.end());
    if (!s.limit.allows(self->clock().now())) return self->quit(d.reason);
    seat_worker(self, i);
    return hand_out(self);
  }
}

void hand_out(pool_ptr self) {
  auto& s = self->state;
  while (!s.idle.empty() && !s.waiting.empty()) {
    auto [rp, request] = std::move(s.waiting.front());
    s.waiting.pop_front();
    const auto i = s.idle.back();
    s.idle.pop_back();
    self->request(s.desks[i].worker, caf::infinite, std::move(request))
        .then(
            [=, rp = rp](http_reply& reply) mutable {
              rp.deliver(std::move(reply));
              self->state.idle.push_back(i);
              hand_out(self);
            },
            [rp = rp](caf::error&) mutable { // the worker fell: whether the request had an effect is unknown
              rp.deliver(no_answer(http_error::lost));
            });
  }
}

http_actor::behavior_type pool(pool_ptr self, const transports& wires, std::size_t waiting_max) {
  self->set_error_handler([](caf::error&) {});
  self->set_exit_handler([](caf::exit_msg&) {}); // a worker may go without us
  self->set_down_handler([self](caf::down_msg& d) { replace_fallen(self, d); });
  self->state.waiting_max = waiting_max;
  for (auto& wire : wires) self->state.desks.push_back({wire, {}});
  for (std::size_t i = 0; i < wires.size(); ++i) seat_worker(self, i);
  return {[self](http_request& r) -> caf::result<http_reply> {
    if (self->state.waiting.size() >= self->state.waiting_max) return no_answer(http_error::stopped);
    auto rp = self->make_response_promise<http_reply>();
    self->state.waiting.emplace_back(rp, std::move(r));
    hand_out(self);
    return rp;
  }};
}

} // namespace

http_actor spawn_http_pool(caf::actor_system& sys, const transports& workers, std::size_t waiting_max) {
  return sys.spawn(pool, workers, waiting_max);
}

} // namespace troupe
