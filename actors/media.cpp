#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/supervision.hpp"
#include "net/media.hpp"

namespace troupe {
namespace {

inspected look_at(const inspect_video& x) {
  inspected out;
  try {
    out.info = media::probe(x.path);
    if (x.bytes_max > 0 && out.info.bytes > x.bytes_max) {
      media::shrink(x.path, out.info, x.bytes_max);
      out.info = media::probe(x.path);
      out.info.shrunk = true;
    }
    out.playable = true;
    media::make_thumbnail(x.path, x.thumbnail);
  } catch (const std::exception& e) {
    out.why = e.what();
  } // without a thumbnail it is still a video
  return out;
}

media_actor::behavior_type media_worker(media_actor::pointer self) {
  self->set_error_handler([](caf::error&) {});
  return {[](const inspect_video& x) { return look_at(x); }};
}

struct desk_state {
  desk_state() {}
  static inline const char* name = "media";
  std::vector<media_actor> workers;
  std::size_t next = 0;
  restart_limit limit;
};
using desk_ptr = media_actor::stateful_pointer<desk_state>;

media_actor new_worker(desk_ptr self) {
  return self->spawn<caf::detached + caf::linked + caf::monitored>(media_worker);
}

void replace_fallen(desk_ptr self, const caf::down_msg& d) {
  for (auto& worker : self->state.workers) {
    if (worker.address() != d.source) continue;
    log("media")->error("a worker fell: {}", self->system().render(d.reason));
    if (!self->state.limit.allows(self->clock().now())) return self->quit(d.reason);
    worker = new_worker(self);
    return;
  }
}

media_actor::behavior_type media_desk(desk_ptr self, int workers) {
  self->set_error_handler([](caf::error&) {});
  self->set_exit_handler([](caf::exit_msg&) {}); // a worker may go without us
  self->set_down_handler([self](caf::down_msg& d) { replace_fallen(self, d); });
  for (int i = 0; i < workers; ++i) self->state.workers.push_back(new_worker(self));
  return {[self](inspect_video& x) {
    auto& s = self->state;
    return self->delegate(s.workers[s.next++ % s.workers.size()], std::move(x));
  }};
}

} // namespace

media_actor spawn_media(caf::actor_system& sys, int workers) { return sys.spawn(media_desk, workers); }

} // namespace troupe
