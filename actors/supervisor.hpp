#pragma once
/// The highest level of supervision. Workers, sessions and generations are restarted one by one by those
/// who spawned them; when anyone of the cast itself falls, all of it starts anew from the database, which is
/// the same road as after a crash of the process. When that does not help either, the process ends.
#include "actors/cast.hpp"
#include <string>

namespace troupe {

using supervisor_actor =
    caf::typed_actor<caf::replies_to<provider_woke>::with<done>, caf::replies_to<posted_update>::with<done>,
                     caf::replies_to<payment_noticed>::with<done>, caf::replies_to<rest>::with<done>,
                     caf::reacts_to<alarm>, caf::reacts_to<rights_changed>, caf::reacts_to<wake>>;

struct supervised {
  std::function<cast()> build; ///< Called again for every restart. May throw: counts as hopeless.
  std::function<void(const std::string& why)> hopeless; ///< Called once, on a scheduler thread.
};

/// Runs a cast until it is told to exit (`user_shutdown`), which ends the cast too.
/// Hands what the web server hears to the actor of the moment; an error when there is none.
supervisor_actor spawn_supervisor(caf::actor_system& sys, supervised what);

} // namespace troupe
