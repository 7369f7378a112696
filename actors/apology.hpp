#pragma once
/// What a user hears when the fault is ours.
#include "config/config.hpp"
#include "messages/work.hpp"

namespace troupe {

/// The end of an update that cannot be handled: no effect, the dialogue starts afresh, and the user hears
/// it. Better than being stuck before it for ever.
turn set_aside(const config::texts& words, const incoming_update& u, unix_ms now);

} // namespace troupe
