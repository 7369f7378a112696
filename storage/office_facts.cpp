/// What administrators ask. Some of it reads whole tables, so it has a connection of its own (see reader).
#include "storage/parts.hpp"
#include <algorithm>
#include <map>
#include <sstream>

namespace troupe::storage {
namespace {

constexpr int oldest_jobs_max = 10;
constexpr int activity_days_max = 3'650; // the longest retention the options allow

void count_users(database& db, stats& s, unix_ms now) {
  query q(db,
          "SELECT count(*), sum(last_seen_at >= ?1), sum(last_seen_at >= ?2), sum(last_seen_at >= ?3), "
          "sum(registered_at >= ?4), sum(gone), sum(banned) FROM users WHERE registered_at IS NOT NULL",
          now - day_ms, now - 7 * day_ms, now - 30 * day_ms, s.from);
  if (!q.next()) return;
  s.users = q.integer(0), s.active_1d = q.integer(1), s.active_7d = q.integer(2), s.active_30d = q.integer(3);
  s.fresh = q.integer(4), s.gone = q.integer(5), s.banned = q.integer(6);
}

void count_balances(database& db, stats& s) {
  query q(db, "SELECT sum(amount), sum(amount BETWEEN 1 AND 9), sum(amount BETWEEN 10 AND 49), "
              "sum(amount BETWEEN 50 AND 199), sum(amount >= 200) FROM balances WHERE account = 'user'");
  if (q.next()) {
    s.balance = q.integer(0);
    std::int64_t owners = 0;
    for (int i = 1; i <= 4; ++i) owners += s.by_balance[i] = q.integer(i);
    s.by_balance[0] = std::max<std::int64_t>(0, s.users - owners);
  }
  s.held = number(db, "SELECT sum(amount) FROM balances WHERE account = 'held'");
  s.debt = -number(db, "SELECT sum(amount) FROM balances WHERE account = 'debt'");
}

void count_sales(database& db, stats& s) {
  query q(db,
          "SELECT method, count(*), sum(amount), sum(refunded), sum(credits) FROM payments "
          "WHERE state IN ('paid', 'refunding', 'refunded') AND paid_at >= ? GROUP BY method ORDER BY method",
          s.from);
  while (q.next()) {
    sales_line l;
    for (auto m : {payment_method::stars, payment_method::card, payment_method::sbp})
      if (q.text(0) == name_of(m)) l.method = m;
    l.payments = q.integer(1), l.amount = q.integer(2), l.refunded = q.integer(3), l.credits = q.integer(4);
    s.sales.push_back(l);
  }
}

void count_jobs(database& db, stats& s) {
  query q(db,
          "SELECT model_id, duration_s, sound, sum(state = 'completed' AND fail_text = ''), sum(state = "
          "'gifted' AND fail_text = ''), "
          "sum(state = 'failed' OR (state IN ('completed', 'gifted') AND fail_text <> '')), sum(state = "
          "'cancelled'), "
          "sum(" TROUPE_RUNNING_JOB "), sum(price) FILTER (WHERE state = 'completed' AND fail_text = '') "
          "FROM jobs WHERE created_at >= ? GROUP BY model_id, duration_s, sound ORDER BY count(*) DESC",
          s.from);
  while (q.next())
    s.models.push_back({q.text(0), q.small(1), q.flag(2), q.integer(3), q.integer(4), q.integer(5),
                        q.integer(6), q.integer(7), q.integer(8)});
}

stats answer(database& db, const stats_query& q) {
  stats s;
  s.from = q.from, s.made_at = q.now;
  count_users(db, s, q.now);
  count_balances(db, s);
  count_sales(db, s);
  count_jobs(db, s);
  s.first_user_at = number(db, "SELECT coalesce(min(registered_at), 0) FROM users");
  s.gifts = number(
      db,
      "SELECT sum(amount) FROM ledger WHERE account = 'user' AND amount > 0 AND created_at >= ? AND "
      "(ref_type IN ('bonus', 'admin') OR transfer_id GLOB 'goodwill:*' OR transfer_id GLOB 'retry:*')",
      q.from);
  return s;
}

/// Names are looked through one by one: an index would cost every turn a write.
std::int64_t find_user(database& db, const user_query& q) {
  if (q.user_id != 0) return q.user_id;
  if (q.letter_message != 0) return letter_of(db, q.letter_chat, q.letter_message);
  if (q.username.empty()) return 0;
  return number(
      db, "SELECT user_id FROM users WHERE username = ? COLLATE NOCASE ORDER BY last_seen_at DESC LIMIT 1",
      q.username);
}

user_card answer(database& db, const user_query& asked) {
  user_card card;
  const auto id = find_user(db, asked);
  card.who = load_profile(db, id);
  if (card.who.user_id == 0) return card;
  card.money = load_account(db, id);
  card.mutes = mutes_of(db, id);
  query seen(db, "SELECT coalesce(registered_at, 0), last_seen_at, gone FROM users WHERE user_id = ?", id);
  if (seen.next())
    card.registered_at = seen.integer(0), card.last_seen_at = seen.integer(1), card.gone = seen.flag(2);
  query paid(db,
             "SELECT count(*) FILTER (WHERE state <> 'refunded'), sum(amount - refunded) FILTER (WHERE "
             "method = 'stars'), sum(amount - "
             "refunded) FILTER "
             "(WHERE method <> 'stars') FROM payments WHERE user_id = ? AND state IN ('paid', 'refunding', "
             "'refunded')",
             id);
  if (paid.next())
    card.payments = paid.integer(0), card.stars = paid.integer(1), card.kopecks = paid.integer(2);
  query made(
      db,
      "SELECT sum(state IN ('completed', 'gifted') AND fail_text = ''), sum(state = 'failed' OR (state "
      "IN ('completed', 'gifted') AND fail_text <> '')) FROM jobs WHERE user_id = ?",
      id);
  if (made.next()) card.videos = made.integer(0), card.failed = made.integer(1);
  return card;
}

journal_page answer(database& db, const journal_query& asked) {
  journal_page page;
  query q(db,
          asked.user_id != 0
              ? "SELECT id, at, admin_id, action, user_id, job_id, amount, detail FROM journal WHERE "
                "user_id = ?1 AND user_id <> 0 ORDER BY id DESC LIMIT ?2 OFFSET ?3"
              : "SELECT id, at, admin_id, action, user_id, job_id, amount, detail FROM journal WHERE "
                "?1 = 0 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
          asked.user_id, std::max(asked.limit, 0), std::max(asked.offset, 0));
  while (q.next())
    page.lines.push_back({q.integer(0), q.integer(1), q.integer(2), q.text(3), q.integer(4), q.integer(5),
                          q.integer(6), q.text(7)});
  return page;
}

/// What is not yet filed, then day by day, newest first: each is one seek.
activity_page answer(database& db, const activity_query& asked) {
  activity_page page;
  page.user_id = asked.user_id;
  auto day = number(db, "SELECT max(day) FROM activity");
  const auto oldest = std::max(number(db, "SELECT min(day) FROM activity"), day - activity_days_max);
  const auto enough = static_cast<std::size_t>(std::max(asked.offset, 0) + std::max(asked.limit, 0));
  query recent(db, "SELECT at, what FROM activity_recent WHERE user_id = ? ORDER BY at DESC LIMIT ?",
               asked.user_id, static_cast<std::int64_t>(enough));
  while (recent.next()) page.lines.push_back({recent.integer(0), recent.text(1)});
  for (; day >= oldest && day > 0 && page.lines.size() < enough; --day) {
    query q(db, "SELECT at, what FROM activity WHERE day = ? AND user_id = ? ORDER BY at DESC LIMIT ?", day,
            asked.user_id, static_cast<std::int64_t>(enough - page.lines.size()));
    while (q.next()) page.lines.push_back({q.integer(0), q.text(1)});
  }
  const auto skipped = std::min(page.lines.size(), static_cast<std::size_t>(std::max(asked.offset, 0)));
  page.lines.erase(page.lines.begin(), page.lines.begin() + static_cast<std::ptrdiff_t>(skipped));
  return page;
}

std::vector<job_moment> read_timeline(const std::string& text) {
  std::vector<job_moment> all;
  std::istringstream in{text};
  for (std::string moment; in >> moment;) {
    const auto at = moment.find('@');
    if (at == moment.npos) continue;
    for (int i = 0; i <= static_cast<int>(job_state::gifted); ++i)
      if (moment.substr(0, at) == name_of(static_cast<job_state>(i)))
        all.push_back({static_cast<job_state>(i), std::strtoll(moment.c_str() + at + 1, nullptr, 10)});
  }
  return all;
}

job_card answer(database& db, const job_card_query& asked) {
  job_card card;
  card.what = load_job(db, asked.job_id).value_or(job{});
  query line(db, "SELECT timeline FROM jobs WHERE job_id = ?", asked.job_id);
  if (line.next()) card.timeline = read_timeline(line.text(0));
  const auto id = std::to_string(asked.job_id);
  card.returned = number(db, "SELECT count(*) FROM transfers WHERE transfer_id = 'goodwill:' || ?", id) > 0;
  card.retried = number(db, "SELECT count(*) FROM transfers WHERE transfer_id = 'retry:' || ?", id) > 0;
  card.who = load_profile(db, card.what.user_id);
  card.balance = balance_of(db, "user", card.what.user_id);
  return card;
}

queue_page answer(database& db, const queue_query&) {
  queue_page page;
  query q(db,
          "SELECT model_id, sum(state = 'pending'), sum(state NOT IN ('pending', 'overdue')), sum(state = "
          "'overdue'), coalesce(min(created_at) FILTER (WHERE state = 'pending'), 0) FROM " TROUPE_OPEN_JOBS
          " GROUP BY model_id ORDER BY model_id");
  while (q.next()) page.lines.push_back({q.text(0), q.integer(1), q.integer(2), q.integer(3), q.integer(4)});
  query oldest(db, "SELECT " TROUPE_JOB_COLUMNS " FROM " TROUPE_OPEN_JOBS " ORDER BY job_id LIMIT ?",
               oldest_jobs_max);
  page.oldest = collect_jobs(oldest);
  return page;
}

audience_size answer(database& db, const audience_query& asked) { return {audience_of(db, asked)}; }

broadcasts_page answer(database& db, const broadcasts_query& asked) {
  if (asked.broadcast_id == 0) return {newest_broadcasts(db, asked.offset, asked.limit)};
  const auto one = load_broadcast(db, asked.broadcast_id);
  return one ? broadcasts_page{{*one}} : broadcasts_page{};
}

recipients_page answer(database& db, const recipients_query& asked) {
  recipients_page page;
  page.of = load_broadcast(db, asked.broadcast_id).value_or(broadcast{});
  query q(db,
          "SELECT user_id, state, message_id, more, why FROM recipients WHERE broadcast_id = ? AND state = ? "
          "ORDER BY "
          "user_id LIMIT ? OFFSET ?",
          asked.broadcast_id, static_cast<int>(asked.state), std::max(asked.limit, 0),
          std::max(asked.offset, 0));
  while (q.next())
    page.all.push_back(
        {q.integer(0), static_cast<recipient_state>(q.small(1)), q.integer(2), q.text(3), q.text(4)});
  return page;
}

user_lists answer(database& db, const user_lists_query& asked) {
  user_lists lists;
  lists.user_id = asked.user_id;
  const int limit = std::max(asked.limit, 0), offset = std::max(asked.offset, 0);
  switch (asked.list) {
  case user_lists_query::what::entries: lists.entries = entries_of(db, asked.user_id, offset, limit); break;
  case user_lists_query::what::payments:
    lists.payments = payments_of(db, asked.user_id, offset, limit);
    break;
  case user_lists_query::what::jobs: lists.jobs = jobs_of(db, asked.user_id, offset, limit); break;
  }
  return lists;
}

} // namespace

office_facts answer_office(database& db, const office_question& question) {
  return std::visit([&](const auto& q) -> office_facts { return answer(db, q); }, question);
}

std::vector<std::string> mutes_of(database& db, std::int64_t user_id) {
  std::vector<std::string> all;
  query q(db, "SELECT category FROM mutes WHERE user_id = ? ORDER BY category", user_id);
  while (q.next()) all.push_back(q.text(0));
  return all;
}

} // namespace troupe::storage
