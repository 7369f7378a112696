#include "actors/log.hpp"
#include "actors/spawn.hpp"
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
  std::vector<http_actor> idle;
  std::deque<std::pair<promise, http_request>> waiting;
  std::size_t waiting_max = 0;
};
using pool_ptr = http_actor::stateful_pointer<pool_state>;

void hand_out(pool_ptr self) {
  auto& s = self->state;
  while (!s.idle.empty() && !s.waiting.empty()) {
    auto [rp, request] = std::move(s.waiting.front());
    s.waiting.pop_front();
    auto w = s.idle.back();
    s.idle.pop_back();
    self->request(w, caf::infinite, std::move(request))
        .then(
            [=, rp = rp](http_reply& reply) mutable {
              rp.deliver(std::move(reply));
              self->state.idle.push_back(w);
              hand_out(self);
            },
            [rp = rp](caf::error&) mutable { // the worker is gone: we are stopping
              rp.deliver(no_answer(http_error::lost));
            });
  }
}

http_actor::behavior_type pool(pool_ptr self, const transports& wires, std::size_t waiting_max) {
  self->set_error_handler([](caf::error&) {});
  self->state.waiting_max = waiting_max;
  for (auto& wire : wires) self->state.idle.push_back(self->spawn<caf::detached + caf::linked>(worker, wire));
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
