#include "actors/spawn.hpp"
#include "net/media.hpp"

namespace troupe {
namespace {

inspected look_at(const inspect_video& x) {
  inspected out;
  try {
    out.info = media::probe(x.path);
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
};

media_actor::behavior_type media_desk(media_actor::stateful_pointer<desk_state> self, int workers) {
  self->set_error_handler([](caf::error&) {});
  for (int i = 0; i < workers; ++i)
    self->state.workers.push_back(self->spawn<caf::detached + caf::linked>(media_worker));
  return {[self](inspect_video& x) {
    auto& s = self->state;
    return self->delegate(s.workers[s.next++ % s.workers.size()], std::move(x));
  }};
}

} // namespace

media_actor spawn_media(caf::actor_system& sys, int workers) { return sys.spawn(media_desk, workers); }

} // namespace troupe
