#pragma once
/// Between the web server's thread, which must not wait, and the actors: what was posted is brought to the
/// supervisor, and the answer is told when there is one.
#include "actors/supervisor.hpp"
#include <functional>
#include <string>

namespace troupe {

/// As the web server has let it in. `told` hears the status of its answer, at most once.
struct web_post {
  enum class kind : std::uint8_t { update, callback, notice };
  kind what = kind::update;
  std::string body;
  provider_woke call; ///< of a callback, in place of a body
  std::function<void(int status)> told;
};

using porter_actor = caf::typed_actor<caf::reacts_to<web_post>>;
porter_actor spawn_porter(caf::actor_system& sys, supervisor_actor supervisor);

/// The doorman's answer to a call of an address that is none any more.
inline constexpr auto address_is_void = caf::sec::invalid_argument;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::web_post)
