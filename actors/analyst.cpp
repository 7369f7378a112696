/// Answers what administrators ask, apart from the reader that live turns wait for.
#include "actors/answer.hpp"
#include "actors/spawn.hpp"

namespace troupe {
namespace {

analyst_actor::behavior_type analyst(analyst_actor::pointer self,
                                     const std::shared_ptr<storage::reader>& db) {
  self->set_error_handler([](caf::error&) {});
  return {[db](const office_inquiry& q) {
    return answer<office_report>([&] { return office_report{db->answer(q.what)}; });
  }};
}

} // namespace

analyst_actor spawn_analyst(caf::actor_system& sys, std::shared_ptr<storage::reader> db, bool detached) {
  return detached ? sys.spawn<caf::detached>(analyst, std::move(db)) : sys.spawn(analyst, std::move(db));
}

} // namespace troupe
