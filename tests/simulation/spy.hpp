#pragma once
/// Stands between the actors and the ledger: sees every operation, and in tests of the tests breaks one.
#include "messages/protocol.hpp"
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace troupe::simulation {

/// Bugs that are put into the engine on purpose: the checks must find each.
enum class planted : std::uint8_t {
  none,
  drop,     ///< a turn is said to be stored, but is not
  resubmit, ///< a lost submit becomes pending again
  keep,     ///< a failed job is noted by hand, and its hold stays
  hasty,    ///< the courier hears a shorter retry_after than Telegram said
  twice,    ///< a charge is booked a second time, under another id
  unpaid    ///< a charge is said to be booked, but is not
};

/// Delivered messages of each chat come in the order of the outbox, but for those that may pass others. Lives
/// through crashes.
class delivery_order {
public:
  /// What is wrong, or "".
  std::string note(const delivery_report& r);

private:
  std::map<std::int64_t, std::int64_t> newest_; ///< by chat
  std::set<std::int64_t> known_, parked_;
};

struct spy_setting {
  planted bug = planted::none;
  std::string database_path;
  std::shared_ptr<delivery_order> order;
  std::function<void(const std::string&)> broken_rule;
};

ledger_actor spawn_spy(caf::actor_system& sys, ledger_actor ledger, spy_setting setting);

} // namespace troupe::simulation
