/// What administrators do: acts on users and jobs, their journal; and the activity log.
#include "storage/parts.hpp"

namespace troupe::storage {
namespace {

using enum admin_outcome;

constexpr unix_ms prune_activity_every_ms = 60'000;
constexpr std::int64_t recent_activity_max = 512; // lines; more are more pages at once when they are filed

std::string fingerprint_of(const admin_action& a) {
  auto mixed = fingerprint{};
  mixed.add(a.admin_id).add(name_of(a.what)).add(a.user_id).add(a.job_id).add(a.amount).add(a.reason);
  return mixed.text();
}

bool is_of_job(admin_act what) { return what == admin_act::return_credits || what == admin_act::retry_job; }

bool is_known(database& db, std::int64_t user_id) {
  return number(db, "SELECT count(*) FROM users WHERE user_id = ? AND registered_at IS NOT NULL", user_id) >
         0;
}

bool was_posted(database& db, const std::string& transfer_id) {
  return number(db, "SELECT count(*) FROM transfers WHERE transfer_id = ?", transfer_id) > 0;
}

transfer by_admin(const admin_action& a, const char* from, const char* to, const char* type) {
  return {"admin:" + a.key,           from,     to,  a.user_id, a.amount, type, "admin",
          std::to_string(a.admin_id), a.reason, a.at};
}

admin_outcome move_credits(database& db, const admin_action& a) {
  const bool gift = a.what == admin_act::give;
  if (!gift && balance_of(db, "user", a.user_id) < a.amount) return too_few_credits;
  post(db, gift ? by_admin(a, "bonus", "user", "credit") : by_admin(a, "user", "bonus", "debit"));
  return done;
}

admin_outcome set_ban(database& db, const admin_action& a) {
  const bool ban = a.what == admin_act::ban;
  return run(db, "UPDATE users SET banned = ?2, ban_reason = ?3 WHERE user_id = ?1 AND banned <> ?2",
             a.user_id, ban, ban ? a.reason : std::string{}) > 0
             ? done
             : already;
}

role role_after(admin_act what) {
  return what == admin_act::promote        ? role::admin
         : what == admin_act::make_support ? role::support
                                           : role::none;
}

/// An owner stands in the configuration alone, and nobody changes what he himself is.
admin_outcome set_role(writer& w, const admin_action& a) {
  const auto before = role_now(w, a.user_id), after = role_after(a.what);
  if (before == role::owner || a.user_id == a.admin_id) return impossible;
  if (before == after) return already;
  run(w.db(), "UPDATE users SET role = ?2 WHERE user_id = ?1", a.user_id, name_of(after));
  if (after < before) rights_ended(w, a.user_id);
  return done;
}

/// The house pays for a video that was no good.
admin_outcome return_credits(database& db, const job& j, const admin_action& a) {
  const auto id = "goodwill:" + std::to_string(j.job_id);
  if (j.state == job_state::completed && j.fail_text.empty()) {
    if (was_posted(db, id)) return already;
    post(db, {id, "bonus", "user", j.user_id, j.price, "refund", "job", std::to_string(j.job_id), a.reason,
              a.at});
    return done;
  }
  return is_final(j.state) || j.state == job_state::overdue ? already : impossible;
}

/// Also of a video that was made and could not be handed over.
bool may_be_made_again(const job& j) {
  if (j.state == job_state::failed || j.state == job_state::cancelled) return true;
  return (j.state == job_state::completed || j.state == job_state::gifted) && !j.fail_text.empty();
}

/// The same once more; the house gives what it costs, and the order takes it.
admin_outcome retry(writer& w, job& j, const admin_action& a) {
  if (!may_be_made_again(j)) return impossible;
  const auto number_text = std::to_string(j.job_id);
  const auto id = "retry:" + number_text;
  if (was_posted(w.db(), id)) return already;
  order_request o;
  o.order_key = id;
  o.user_id = j.user_id;
  o.at = a.at;
  o.spec = j.spec;
  o.price = j.price;
  o.active_jobs_max = 1'000'000; // an administrator's word counts more
  post(w.db(), {id, "bonus", "user", j.user_id, j.price, "credit", "job", number_text, a.reason, a.at});
  const auto placed = place_order(w, o);
  if (placed.outcome != order_outcome::accepted)
    throw store_error("the retry of job " + number_text + " was refused");
  j = w.new_jobs.back();
  return done;
}

admin_outcome perform(writer& w, const admin_action& a, job& j) {
  switch (a.what) {
  case admin_act::give:
  case admin_act::take: return move_credits(w.db(), a);
  case admin_act::ban: // first he is of the office no more
    if (role_now(w, a.user_id) != role::none) return impossible;
    [[fallthrough]];
  case admin_act::unban: return set_ban(w.db(), a);
  case admin_act::promote:
  case admin_act::make_support:
  case admin_act::demote: return set_role(w, a);
  case admin_act::return_credits: return return_credits(w.db(), j, a);
  case admin_act::retry_job: return retry(w, j, a);
  }
  return impossible;
}

admin_answer answer_of(database& db, admin_outcome outcome, const admin_action& a, const job& j) {
  return {outcome, load_account(db, a.user_id), load_profile(db, a.user_id), j};
}

/// @throws id_conflict
std::optional<admin_answer> repeated(database& db, const admin_action& a, const std::string& content) {
  query known(db, "SELECT fingerprint, outcome, user_id, job_id FROM admin_acts WHERE key = ?", a.key);
  if (!known.next()) return {};
  if (known.text(0) != content) throw id_conflict("act " + a.key + " exists with other content");
  auto same = a;
  same.user_id = known.integer(2);
  return answer_of(db, static_cast<admin_outcome>(known.small(1)), same,
                   load_job(db, known.integer(3)).value_or(job{}));
}

/// To each user's lines; an emptied table counts from 1 again.
void file_recent_activity(database& db) {
  run(db, "INSERT OR IGNORE INTO activity(day, user_id, at, what) SELECT day, user_id, at, what "
          "FROM activity_recent ORDER BY day, user_id, at, what");
  run(db, "DELETE FROM activity_recent");
}

} // namespace

admin_answer act(writer& w, const admin_action& asked) {
  auto& db = w.db();
  const bool credits = asked.what == admin_act::give || asked.what == admin_act::take;
  if (asked.key.empty() || (credits && (asked.amount <= 0 || asked.amount > 1'000'000'000)))
    throw std::invalid_argument("an act without a key, or with an impossible amount");
  const auto content = fingerprint_of(asked);
  if (auto before = repeated(db, asked, content)) return *before;
  if (!may_now(w, asked.admin_id, deed_of(asked, w.rule))) return {not_permitted, {}, {}, {}};
  auto a = asked;
  job j;
  if (is_of_job(a.what)) {
    const auto found = load_job(db, a.job_id);
    if (!found) return {unknown_job, {}, {}, {}};
    j = *found;
    a.user_id = j.user_id;
  } else if (!is_known(db, a.user_id)) return {unknown_user, {}, {}, {}};
  if (a.balance_seen >= 0 && balance_of(db, "user", a.user_id) != a.balance_seen)
    return answer_of(db, changed, a, j);
  const auto outcome = perform(w, a, j);
  if (outcome != done) return answer_of(db, outcome, a, j); // nothing has happened: nothing to remember
  run(db, "INSERT INTO admin_acts(key, fingerprint, outcome, user_id, job_id) VALUES(?, ?, ?, ?, ?)", a.key,
      content, static_cast<int>(outcome), a.user_id, j.job_id);
  write_journal(db, {0, a.at, a.admin_id, name_of(a.what), a.user_id, a.job_id,
                     is_of_job(a.what) ? j.price : a.amount, a.reason});
  return answer_of(db, outcome, a, j);
}

void note(writer& w, const store_notice& n) {
  if (!n.name.empty() && run(w.db(),
                             "INSERT INTO meta(name, value) VALUES('notice:' || ?1, ?2) ON CONFLICT(name) DO "
                             "UPDATE SET value = ?2 "
                             "WHERE value <> ?2",
                             n.name, n.value) == 0)
    return;
  announce(w, n.messages);
}

void write_journal(database& db, const journal_line& l) {
  run(db,
      "INSERT INTO journal(at, admin_id, action, user_id, job_id, amount, detail) VALUES(?, ?, ?, ?, ?, ?, "
      "?)",
      l.at, l.admin_id, l.action, l.user_id, l.job_id, l.amount, l.detail);
}

void set_mute(database& db, std::int64_t user_id, const std::string& category, bool mute) {
  if (mute)
    run(db, "INSERT INTO mutes(user_id, category) VALUES(?, ?) ON CONFLICT DO NOTHING", user_id, category);
  else run(db, "DELETE FROM mutes WHERE user_id = ? AND category = ?", user_id, category);
}

void write_activity(writer& w, const turn& t) {
  if (t.activity_days > 0) {
    run(w.db(), "INSERT INTO activity_recent(day, user_id, at, what) VALUES(?, ?, ?, ?)", t.at / day_ms,
        t.user_id, t.at, t.activity);
    if (w.db().last_id() >= recent_activity_max) file_recent_activity(w.db());
  }
  if (t.at < w.activity_pruned_at + prune_activity_every_ms) return;
  w.activity_pruned_at = t.at;
  const auto oldest = t.at / day_ms - t.activity_days;
  run(w.db(), "DELETE FROM activity_recent WHERE day < ?", oldest);
  // In portions, so that a shorter retention never makes one batch slow.
  run(w.db(),
      "DELETE FROM activity WHERE (day, user_id, at, what) IN (SELECT day, user_id, at, what FROM activity "
      "WHERE day < ? ORDER BY day LIMIT 2000)",
      oldest);
}

} // namespace troupe::storage
