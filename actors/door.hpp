#pragma once
/// Which updates are any business of ours, asked before they are stored.
#include "actors/context.hpp"
#include "net/telegram.hpp"

namespace troupe::door {

/// Private chats. Of the office's group: what becomes of it, and what people of the office do there. Nothing
/// of any other chat: anybody may put a bot into a group, and what is said there has no limit.
inline bool lets_in(const telegram::event& e, const engine_context& ctx) {
  if (e.group_id == 0) return true;
  const auto& o = ctx.opts();
  const bool ours = e.group_id == ctx.office->group_now(o) || e.group_id == o.office.feedback_chat_id;
  if (!ours || e.kind == telegram::event_kind::ignored) return false;
  const bool of_group = e.from.user_id < 0; // it has moved, or we may write there again
  return of_group || may(ctx.office->rank_of(e.from.user_id, o), right::answer);
}

inline bool lets_in(const incoming_update& u, const engine_context& ctx) {
  return u.event ? lets_in(*u.event, ctx) : lets_in(telegram::event_in(u), ctx);
}

} // namespace troupe::door
