/// Who somebody is as of a transaction, and what follows when he is it no more.
#include "storage/parts.hpp"

namespace troupe::storage {

role role_now(writer& w, std::int64_t user_id) {
  query q(w.db(), "SELECT role FROM users WHERE user_id = ?", user_id);
  return role_of(user_id, w.rule.owners, q.next() ? role_named(q.text(0)) : role::none);
}

bool may_now(writer& w, std::int64_t user_id, deed what) { return may_do(role_now(w, user_id), what); }

bool may_cancel(writer& w, const job_step& step) {
  if (step.to != job_state::cancelled || step.by == 0) return true;
  const auto whose = number(w.db(), "SELECT user_id FROM jobs WHERE job_id = ?", step.job_id);
  return whose == step.by || may_now(w, step.by, deed::cancel_job);
}

void rights_ended(writer& w, std::int64_t user_id) {
  const auto now = role_now(w, user_id);
  if (!may_do(now, deed::steer_broadcast)) hold_broadcasts(w, user_id);
  // The dialogue begins anew: no question that was put to him can be answered any more.
  run(w.db(), "UPDATE users SET state = '' WHERE user_id = ?", user_id);
  take_office_mail(w, user_id, now);
}

namespace {

bool is_new_menu(database& db, std::int64_t user_id, const std::string& value) {
  return run(db,
             "INSERT INTO meta(name, value) VALUES('menu:' || ?1, ?2) ON CONFLICT(name) DO UPDATE SET value "
             "= "
             "?2 WHERE value <> ?2",
             user_id, value) > 0;
}

/// Whoever had a menu and is not named has it no more.
void take_menus_back(writer& w, const std::vector<review_rights::menu>& kept) {
  std::vector<std::int64_t> gone;
  {
    query q(w.db(), "SELECT CAST(substr(name, 6) AS INTEGER) FROM meta WHERE name GLOB 'menu:*'");
    while (q.next())
      if (std::none_of(kept.begin(), kept.end(), [&](auto& m) { return m.user_id == q.integer(0); }))
        gone.push_back(q.integer(0));
  }
  for (const auto user : gone) {
    const auto id = std::to_string(user);
    outgoing m;
    m.chat_id = user;
    m.method = "deleteMyCommands";
    m.params = R"({"scope":{"type":"chat","chat_id":)" + id + "}}";
    announce(w, {m});
    run(w.db(), "DELETE FROM meta WHERE name = 'menu:' || ?", user);
  }
}

/// Who is waited for by mail of the office, and is none of it any more.
void clear_office_mail(writer& w) {
  std::vector<std::int64_t> chats;
  {
    query q(w.db(), "SELECT DISTINCT chat_id FROM outbox WHERE parked = 1 AND office <> 0 AND chat_id > 0");
    while (q.next()) chats.push_back(q.integer(0));
  }
  for (const auto chat : chats) take_office_mail(w, chat, role_now(w, chat));
}

} // namespace

void review(writer& w, const review_rights& how) {
  hold_broadcasts(w, 0);
  clear_office_mail(w);
  for (const auto& m : how.menus)
    if (is_new_menu(w.db(), m.user_id, m.value)) announce(w, {m.set});
  take_menus_back(w, how.menus);
}

} // namespace troupe::storage
