#pragma once
/// Who may do what. One table: screens ask it to offer a button, and the store asks it in the transaction
/// that does what the button asked for.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

namespace troupe {

/// Each may do all that those before it may. Owners stand in the configuration and nowhere else;
/// administrators and support are named by owners and stand in the database.
enum class role : std::uint8_t { none, support, admin, owner };

constexpr const char* name_of(role r) {
  constexpr const char* names[] = {"none", "support", "admin", "owner"};
  return names[static_cast<std::size_t>(r)];
}
/// As the database has it: an unknown name gives no rights, and nobody is an owner by it.
constexpr role role_named(std::string_view name) {
  for (const auto r : {role::support, role::admin})
    if (name == name_of(r)) return r;
  return role::none;
}

/// The one place where a person's role comes from: what the configuration and the database say.
inline role role_of(std::int64_t user_id, const std::vector<std::int64_t>& owners, role named) {
  const bool listed = user_id > 0 && std::find(owners.begin(), owners.end(), user_id) != owners.end();
  return listed ? role::owner : std::min(named, role::admin);
}

/// What only some may do.
enum class right : std::uint8_t {
  look,       ///< cards, statistics, queues, journals
  answer,     ///< users' letters, and write to a user
  make_good,  ///< a video once more, credits of a bad one back, a waiting job cancelled
  alarms,     ///< is told what the engine must tell somebody: keys, money, the disk; the report of the day
  give,       ///< credits given and taken, up to `office.give_max` in one act
  give_more,  ///< beyond it
  ban,        ///< and unban
  refund,     ///< money back, and whose it is
  broadcast,  ///< to write one, to stop one
  close_shop, ///< maintenance, and what is not sold for now
  settings,   ///< prices and options
  name_roles, ///< make and unmake administrators and support
};

constexpr role least_role_for(right r) {
  constexpr role least[] = {role::support, role::support, role::support, role::admin,
                            role::admin,   role::owner,   role::admin,   role::admin,
                            role::admin,   role::admin,   role::owner,   role::owner};
  static_assert(std::size(least) == static_cast<std::size_t>(right::name_roles) + 1);
  return least[static_cast<std::size_t>(r)];
}
constexpr bool may(role who, right what) { return who >= least_role_for(what); }

} // namespace troupe
