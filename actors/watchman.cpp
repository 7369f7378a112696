/// Tells administrators what they must know: alarms, and the report of the day.
#include "actors/log.hpp"
#include "actors/spawn.hpp"

namespace troupe {
namespace {

struct watchman_state {
  watchman_state() {}
  static inline const char* name = "watchman";
  context_ptr ctx;
  ledger_actor ledger;
  courier_actor courier;
  analyst_actor analyst;
};
using self_ptr = watchman_actor::stateful_pointer<watchman_state>;

watchman_actor::behavior_type watchman(self_ptr self, const context_ptr& ctx, const ledger_actor& ledger,
                                       const courier_actor& courier, const analyst_actor& analyst) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.ledger = ledger, s.courier = courier, s.analyst = analyst;
  return {
      [](alarm&) {},
      [](wake) {},
  };
}

} // namespace

watchman_actor spawn_watchman(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger,
                              courier_actor courier, analyst_actor analyst) {
  return sys.spawn(watchman, std::move(ctx), std::move(ledger), std::move(courier), std::move(analyst));
}

} // namespace troupe
