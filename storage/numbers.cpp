/// Some words are stored as the number of their place in the list. Those numbers are in files: a word may be
/// added at the end of its list, and nothing else. Who moves one does not get past the compiler.
#include "messages/office.hpp"

namespace troupe::storage {
namespace {

template <class word> constexpr bool stand_in_order(std::initializer_list<word> words) {
  int place = 0;
  for (const auto w : words)
    if (static_cast<int>(w) != place++) return false;
  return true;
}

// broadcasts.kind, .state, .audience
static_assert(stand_in_order({broadcast_kind::send, broadcast_kind::erase, broadcast_kind::edit}));
static_assert(stand_in_order({broadcast_state::scheduled, broadcast_state::gathering,
                              broadcast_state::running, broadcast_state::paused, broadcast_state::asking,
                              broadcast_state::done, broadcast_state::stopped}));
static_assert(stand_in_order({audience_kind::everyone, audience_kind::active, audience_kind::fresh,
                              audience_kind::paid, audience_kind::never_paid, audience_kind::with_balance}));
// recipients.state
static_assert(stand_in_order({recipient_state::waiting, recipient_state::taken, recipient_state::sent,
                              recipient_state::blocked, recipient_state::failed, recipient_state::unknown}));
// outbox.office
static_assert(stand_in_order({office_mail::no, office_mail::alarm, office_mail::letter}));
// admin_acts.outcome
static_assert(stand_in_order({admin_outcome::done, admin_outcome::unknown_user, admin_outcome::unknown_job,
                              admin_outcome::too_few_credits, admin_outcome::already,
                              admin_outcome::impossible}));

} // namespace
} // namespace troupe::storage
