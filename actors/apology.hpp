#pragma once
/// What a user hears when the fault is ours.
#include "config/config.hpp"
#include "messages/work.hpp"

namespace troupe {

/// The end of an update that cannot be handled: no effect, the dialogue is at its beginning, and the user
/// hears it. Better than being stuck before it for ever. Of his `state` only the work in hand is dropped.
turn set_aside(const config::texts& words, const incoming_update& u, const std::string& state, unix_ms now);
/// The same when even that cannot be stored: not a word, and nothing of the user is touched.
turn drop(const incoming_update& u, unix_ms now);

} // namespace troupe
