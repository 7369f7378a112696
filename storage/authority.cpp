#include "storage/authority.hpp"
#include <optional>

namespace troupe::storage {
namespace {

/// Acts write their lines themselves; these come with a turn. None: nobody may write such a line.
std::optional<right> right_for_line(const std::string& action) {
  if (action == "feedback") return right_for(deed::answer_letter);
  if (action == "message") return right_for(deed::write_to_user);
  if (action == "cancel_job") return right_for(deed::cancel_job);
  if (action == "setting") return right_for(deed::close_shop); // the settings themselves are asked about too
  return {};
}

/// A group says itself where it has moved; it has no role.
bool is_of_group(const turn& t, std::string_view setting) {
  return t.user_id < 0 && setting.starts_with("moved:");
}

} // namespace

deed deed_of(const admin_action& a, const rulers& r) {
  switch (a.what) {
  case admin_act::give: return a.amount > r.give_max ? deed::give_much : deed::give;
  case admin_act::take: return a.amount > r.give_max ? deed::take_much : deed::take;
  case admin_act::ban: return deed::ban;
  case admin_act::unban: return deed::unban;
  case admin_act::promote: return deed::promote;
  case admin_act::demote: return deed::demote;
  case admin_act::return_credits: return deed::return_credits;
  case admin_act::retry_job: return deed::retry_job;
  case admin_act::make_support: return deed::make_support;
  }
  return deed::promote;
}

deed deed_of(broadcast_kind k) {
  switch (k) {
  case broadcast_kind::send: return deed::send_broadcast;
  case broadcast_kind::erase: return deed::erase_broadcast;
  case broadcast_kind::edit: return deed::edit_broadcast;
  }
  return deed::send_broadcast;
}

deed deed_of_setting(std::string_view name) {
  return name == "maintenance" || name == "stopped" || name.starts_with("paused:") ? deed::close_shop
                                                                                   : deed::change_settings;
}

bool needs_role(const turn& t) {
  return t.rank != role::none || !t.settings.empty() || !t.journal.empty() || !t.uses.empty();
}

bool may_store(const turn& t, role now) {
  if (t.rank > now) return false;
  for (const auto& [name, value] : t.settings)
    if (!is_of_group(t, name) && !may_do(now, deed_of_setting(name))) return false;
  for (const auto& line : t.journal) {
    const auto needed = right_for_line(line.action);
    if (!needed || !may(now, *needed) || line.admin_id != t.user_id) return false;
  }
  for (const auto what : t.uses)
    if (!may(now, what)) return false;
  return true;
}

} // namespace troupe::storage
