/// Updates, users and turns.
#include "storage/parts.hpp"
#include <algorithm>

namespace troupe::storage {
namespace {

constexpr unix_ms keep_updates_ms = 26 * 3'600'000ll; // Telegram repeats for 24 hours at most.

/// Looks at the oldest 500 only, so that a big inbox never makes a batch slow.
void prune(writer& w, unix_ms at) {
  if (at < w.pruned_at + 1000) return;
  w.pruned_at = at;
  run(w.db(),
      "DELETE FROM inbox WHERE update_id IN (SELECT update_id FROM inbox ORDER BY update_id LIMIT 500) "
      "AND done = 1 AND received_at < ?",
      at - keep_updates_ms);
}

/// An empty language says "not told", not "none". Without `state` the dialogue's stays as it is.
void store_profile(database& db, const user_profile& p, std::int64_t user_id, unix_ms at,
                   const std::string* state = nullptr) {
  static const std::string none;
  run(db,
      "INSERT INTO users(user_id, first_name, username, language, last_seen_at, state) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(user_id) DO UPDATE SET first_name = ?2, username = ?3, "
      "language = CASE WHEN ?4 = '' THEN language ELSE ?4 END, last_seen_at = max(last_seen_at, ?5), "
      "state = CASE WHEN ?7 THEN ?6 ELSE state END",
      user_id, p.first_name, p.username, p.language, at, state ? *state : none, state != nullptr);
}

void grant(database& db, const char* kind, const register_user& who, std::int64_t credits) {
  if (credits <= 0) return;
  const auto user = who.profile.user_id;
  post(db, {std::string("bonus:") + kind + ":" + std::to_string(user), "bonus", "user", user, credits,
            "credit", "bonus", kind, kind, who.at});
}

/// False when this update was finished before.
bool mark_done(database& db, const turn& t) {
  if (t.update_id == 0) return true;
  return run(db,
             "INSERT INTO inbox(update_id, user_id, json, received_at, done) VALUES(?, ?, '', ?, 1) "
             "ON CONFLICT(update_id) DO UPDATE SET done = 1 WHERE done = 0",
             t.update_id, t.user_id, t.at) > 0;
}

bool is_done(database& db, const turn& t) {
  return number(db, "SELECT count(*) FROM inbox WHERE update_id = ? AND done = 1", t.update_id) > 0;
}

void store_user_of(database& db, const turn& t) {
  if (t.profile.user_id != 0) return store_profile(db, t.profile, t.user_id, t.at, &t.state);
  run(db,
      "INSERT INTO users(user_id, state, last_seen_at) VALUES(?1, ?2, ?3) ON CONFLICT(user_id) DO UPDATE "
      "SET state = ?2, last_seen_at = max(last_seen_at, ?3)",
      t.user_id, t.state, t.at);
}

} // namespace

std::vector<incoming_update> store_updates(writer& w, const std::vector<incoming_update>& updates, unix_ms at,
                                           bool posted) {
  std::vector<incoming_update> fresh;
  w.updates_stored = 0;
  for (const auto& u : updates) {
    const auto number = w.numbers.store(w.db(), u, at, posted);
    if (!number) continue;
    ++w.updates_stored;
    if (u.user_id == 0) continue;
    fresh.push_back(u);
    fresh.back().update_id = *number;
    fresh.back().who = std::make_shared<const account>(load_account(w.db(), u.user_id));
  }
  // A post is confirmed by its answer. Those that it overtook are not, and polling would lose them.
  if (!posted && !updates.empty()) w.numbers.confirm(w.db(), updates.back().update_id);
  prune(w, at);
  return fresh;
}

void keep_setting(database& db, const std::string& name, const std::string& value) {
  if (value.empty()) run(db, "DELETE FROM meta WHERE name = 'set:' || ?", name);
  else
    run(db,
        "INSERT INTO meta(name, value) VALUES('set:' || ?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2",
        name, value);
}

account enrol(writer& w, const register_user& who) {
  auto& db = w.db();
  const auto user = who.profile.user_id;
  store_profile(db, who.profile, user, who.at);
  // Gifts belong to the first registration: a later change of their size is no second gift.
  const bool first = run(db, "UPDATE users SET registered_at = ? WHERE user_id = ? AND registered_at IS NULL",
                         who.at, user) > 0;
  if (first) {
    grant(db, "welcome", who, who.welcome_credits);
    grant(db, "founder", who, who.founder_credits);
  }
  return load_account(db, user);
}

bool finish_turn(writer& w, const turn& t) {
  auto& db = w.db();
  // Before anything is written: a refused one may be decided anew, and stored then.
  if (needs_role(t) && !is_done(db, t) && !may_store(t, role_now(w, t.user_id))) return false;
  if (!mark_done(db, t)) return true;
  if (t.user_id > 0) { // a group is nobody
    store_user_of(db, t);
    if (t.user_is_back) {
      run(db, "UPDATE users SET gone = 0 WHERE user_id = ?", t.user_id);
      unpark(w, t.user_id);
    }
    if (t.user_is_gone) run(db, "UPDATE users SET gone = 1 WHERE user_id = ?", t.user_id);
  }
  if (t.group_is_back != 0) unpark(w, t.group_is_back);
  for (auto& [name, value] : t.settings) {
    keep_setting(db, name, value);
    if (name.rfind("moved:", 0) == 0) follow_group(w, name.substr(6), value);
  }
  for (auto& [category, mute] : t.mutes) set_mute(db, t.user_id, category, mute);
  for (auto& line : t.journal) write_journal(db, line);
  if (!t.activity.empty()) write_activity(w, t);
  announce(w, t.messages);
  return true;
}

} // namespace troupe::storage
