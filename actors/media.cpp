/// Looks at videos, so many at once as there are workers, in the order they were asked for; at one file once
/// at a time. The limit of an inspection begins when it runs, not while it waits (net/media.hpp), so nobody
/// asks with a time-out.
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include "net/media.hpp"
#include <deque>
#include <map>

namespace troupe {
namespace {

constexpr std::size_t waiting_inspections_max = 10'000; ///< beyond: refused, and asked again later

using promise = caf::typed_response_promise<inspected>;

media_actor::behavior_type media_worker(media_actor::pointer self, const inspection& look) {
  self->set_error_handler([](caf::error&) {});
  return {[look](const inspect_video& x) { return look(x); }};
}

struct desk_state {
  desk_state() {}
  static inline const char* name = "media";
  inspection look;
  std::vector<media_actor> workers;
  std::vector<std::size_t> idle; ///< indices into `workers`
  std::deque<inspect_video> waiting;
  std::map<std::string, std::vector<promise>> askers; ///< by path: of what waits or runs
  restart_limit limit;
};
using desk_ptr = media_actor::stateful_pointer<desk_state>;

void hand_out(desk_ptr self);

media_actor new_worker(desk_ptr self) {
  return self->spawn<caf::detached + caf::linked + caf::monitored>(media_worker, self->state.look);
}

void replace_fallen(desk_ptr self, const caf::down_msg& d) {
  auto& s = self->state;
  for (std::size_t i = 0; i < s.workers.size(); ++i) {
    if (s.workers[i].address() != d.source) continue;
    log("media")->error("a worker fell: {}", self->system().render(d.reason));
    if (!s.limit.allows(self->clock().now())) return self->quit(d.reason);
    s.workers[i] = new_worker(self);
    s.idle.erase(std::remove(s.idle.begin(), s.idle.end(), i), s.idle.end());
    s.idle.push_back(i);
    return hand_out(self);
  }
}

template <class Answer> void answer(desk_ptr self, const std::string& path, const Answer& a) {
  auto all = self->state.askers.extract(path);
  if (all.empty()) return;
  for (auto& p : all.mapped()) p.deliver(a);
}

void hand_out(desk_ptr self) {
  auto& s = self->state;
  while (!s.idle.empty() && !s.waiting.empty()) {
    auto what = std::move(s.waiting.front());
    s.waiting.pop_front();
    const auto i = s.idle.back();
    s.idle.pop_back();
    const auto path = what.path;
    self->request(s.workers[i], caf::infinite, std::move(what))
        .then(
            [=](const inspected& seen) {
              answer(self, path, seen);
              self->state.idle.push_back(i);
              hand_out(self);
            },
            [=](const caf::error& e) { answer(self, path, e); }); // the worker fell: a new one takes its seat
  }
}

media_actor::behavior_type media_desk(desk_ptr self, int workers, const inspection& look) {
  self->set_error_handler([](caf::error&) {});
  self->set_exit_handler([](caf::exit_msg&) {}); // a worker may go without us
  self->set_down_handler([self](caf::down_msg& d) { replace_fallen(self, d); });
  self->state.look = look;
  for (int i = 0; i < workers; ++i) {
    self->state.workers.push_back(new_worker(self));
    self->state.idle.push_back(static_cast<std::size_t>(i));
  }
  return {[self](inspect_video& x) -> caf::result<inspected> {
    auto& s = self->state;
    if (s.waiting.size() >= waiting_inspections_max) return caf::make_error(caf::sec::runtime_error);
    auto rp = self->make_response_promise<inspected>();
    auto& askers = s.askers[x.path];
    askers.push_back(rp);
    if (askers.size() > 1) return rp; // it is looked at already, or will be
    s.waiting.push_back(std::move(x));
    hand_out(self);
    return rp;
  }};
}

} // namespace

media_actor spawn_media(caf::actor_system& sys, int workers, inspection look) {
  return sys.spawn(media_desk, workers, std::move(look));
}

} // namespace troupe
