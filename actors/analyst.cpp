/// Answers what administrators ask, apart from the reader that live turns wait for.
#include "actors/spawn.hpp"

namespace troupe {
namespace {

struct analyst_state {
  analyst_state() {}
  static inline const char* name = "analyst";
  context_ptr ctx;
  std::shared_ptr<storage::reader> db;
};
using self_ptr = analyst_actor::stateful_pointer<analyst_state>;

analyst_actor::behavior_type analyst(self_ptr self, const std::shared_ptr<storage::reader>& db,
                                     const context_ptr& ctx) {
  self->set_error_handler([](caf::error&) {});
  self->state.ctx = ctx, self->state.db = db;
  return {[self](const office_inquiry& q) -> caf::result<office_report> {
    try {
      return office_report{self->state.db->answer(q.what)};
    } catch (const std::exception& e) { // an exception would end the actor; the asker gets an error instead
      return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
    }
  }};
}

} // namespace

analyst_actor spawn_analyst(caf::actor_system& sys, std::shared_ptr<storage::reader> db, context_ptr ctx,
                            bool detached) {
  return detached ? sys.spawn<caf::detached>(analyst, std::move(db), std::move(ctx))
                  : sys.spawn(analyst, std::move(db), std::move(ctx));
}

} // namespace troupe
