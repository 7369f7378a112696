#pragma once
/// What only some may do, as the store knows it, and the right that each needs. Pure rules; who somebody is
/// at that moment is asked in the transaction that does it.
#include "messages/office.hpp"
#include <string_view>

namespace troupe::storage {

/// What the configuration says, told to the store: it is asked at each operation, so what is told counts from
/// the next one on. Not told: there is no owner, and nothing is permitted to anybody.
struct rulers {
  std::vector<std::int64_t> owners;
  std::int64_t give_max = 0; ///< credits in one act of who is no owner
};

/// Each operation that needs a right. A new one belongs here: without its line in right_for() nothing
/// compiles, and the tests send each of them to the store in the name of everybody.
enum class deed : std::uint8_t {
  give,
  give_much,
  take,
  take_much,
  ban,
  unban,
  promote,
  make_support,
  demote,
  return_credits,
  retry_job,
  cancel_job, ///< of another
  refund,
  name_payment, ///< unmatched money is given to whom it belongs
  send_broadcast,
  edit_broadcast,
  erase_broadcast,
  steer_broadcast, ///< pause, resume, stop
  close_shop,
  change_settings,
  answer_letter,
  write_to_user
};
inline constexpr std::size_t deeds = static_cast<std::size_t>(deed::write_to_user) + 1;

constexpr right right_for(deed d) {
  switch (d) {
  case deed::give:
  case deed::take: return right::give;
  case deed::give_much:
  case deed::take_much: return right::give_more;
  case deed::ban:
  case deed::unban: return right::ban;
  case deed::promote:
  case deed::make_support:
  case deed::demote: return right::name_roles;
  case deed::return_credits:
  case deed::retry_job:
  case deed::cancel_job: return right::make_good;
  case deed::refund:
  case deed::name_payment: return right::refund;
  case deed::send_broadcast:
  case deed::edit_broadcast:
  case deed::erase_broadcast:
  case deed::steer_broadcast: return right::broadcast;
  case deed::close_shop: return right::close_shop;
  case deed::change_settings: return right::settings;
  case deed::answer_letter:
  case deed::write_to_user: return right::answer;
  }
  return right::name_roles;
}
constexpr bool may_do(role who, deed what) { return may(who, right_for(what)); }

deed deed_of(const admin_action& a, const rulers& r);
deed deed_of(broadcast_kind k);
/// By the name of a setting; one that nobody knows is a matter of owners.
deed deed_of_setting(std::string_view name);

/// May this turn be stored, when its user is `now`? Not when it was decided by a role that he has no more,
/// nor with settings, journal or words in the name of somebody who may not.
bool may_store(const turn& t, role now);
/// Is there anything in it that needs a role at all? Nearly all turns have nothing.
bool needs_role(const turn& t);

} // namespace troupe::storage
