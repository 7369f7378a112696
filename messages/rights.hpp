#pragma once
/// Who may do what. One table: screens ask it to offer a button, and the store asks it in the transaction
/// that does what the button asked for.
#include <cstdint>
#include <iterator>
#include <string_view>

namespace troupe {

/// Each may do all that those before it may. Owners stand in the configuration and nowhere else;
/// administrators and support are made by owners and stand in the database.
enum class role : std::uint8_t { none, support, admin, owner };

constexpr const char* name_of(role r) {
  constexpr const char* names[] = {"none", "support", "admin", "owner"};
  return names[static_cast<std::size_t>(r)];
}
/// An unknown name gives no rights.
constexpr role role_named(std::string_view name) {
  for (const auto r : {role::support, role::admin, role::owner})
    if (name == name_of(r)) return r;
  return role::none;
}

/// What only some may do.
enum class right : std::uint8_t {
  look,       ///< cards, statistics, queues, journals
  answer,     ///< users' letters
  make_good,  ///< a video once more, credits of a bad one back, a waiting job cancelled
  give,       ///< credits given and taken, up to `office.give_max` in one act
  give_more,  ///< beyond it
  ban,        ///< and unban
  refund,     ///< money
  broadcast,  ///< to write one, to stop one
  close_shop, ///< maintenance
  settings,   ///< prices and options
  name_roles, ///< make and unmake administrators and support
};

constexpr role least_role_for(right r) {
  constexpr role least[] = {role::support, role::support, role::support, role::admin,
                            role::owner,   role::admin,   role::admin,   role::admin,
                            role::admin,   role::owner,   role::owner};
  static_assert(std::size(least) == static_cast<std::size_t>(right::name_roles) + 1);
  return least[static_cast<std::size_t>(r)];
}
constexpr bool may(role who, right what) { return who >= least_role_for(what); }

} // namespace troupe
