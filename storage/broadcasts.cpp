/// Broadcasts and their journal of recipients.
#include "storage/parts.hpp"
#include <algorithm>

namespace troupe::storage {
namespace {

using enum broadcast_state;

#define TROUPE_BROADCAST_SELECT                                                                              \
  "SELECT broadcast_id, key, admin_id, admin_language, kind, of_broadcast, method, params, title, "          \
  "audience, days, "                                                                                         \
  "language, "                                                                                               \
  "category, paid, per_second, starts_at, created_at, began_at, ended_at, state, why, total, sent, "         \
  "blocked, "                                                                                                \
  "failed, unknown, gathered_to FROM broadcasts "

/// A number that is none of an enumeration's must not become one of its values.
template <class Enum> Enum known(int n, Enum last, bool& readable) {
  if (n >= 0 && n <= static_cast<int>(last)) return static_cast<Enum>(n);
  readable = false;
  return Enum{};
}

/// One that cannot be read has no method: the broadcaster sets it aside.
broadcast read_broadcast(const query& q) {
  broadcast b;
  bool readable = true;
  int c = 0;
  const auto integer = [&] { return q.integer(c++); };
  const auto small = [&] { return q.small(c++); };
  const auto text = [&] { return q.text(c++); };
  b.broadcast_id = integer(), b.key = text(), b.admin_id = integer(), b.admin_language = text();
  b.kind = known(small(), broadcast_kind::edit, readable), b.of_broadcast = integer();
  b.method = text(), b.params = text(), b.title = text();
  b.to.kind = known(small(), audience_kind::with_balance, readable), b.to.days = small(),
  b.to.language = text();
  b.to.category = text(), b.paid = small() != 0, b.per_second = small();
  b.starts_at = integer(), b.created_at = integer(), b.began_at = integer(), b.ended_at = integer();
  b.state = known(small(), broadcast_state::stopped, readable), b.why = text();
  b.total = integer(), b.sent = integer(), b.blocked = integer(), b.failed = integer(), b.unknown = integer();
  b.gathered_to = integer();
  if (!readable) b.method.clear();
  return b;
}

void save(database& db, const broadcast& b) {
  run(db,
      "UPDATE broadcasts SET began_at = ?2, ended_at = ?3, state = ?4, why = ?5, total = ?6, sent = ?7, "
      "blocked = ?8, "
      "failed = ?9, unknown = ?10, gathered_to = ?11, admin_id = ?12, admin_language = ?13 WHERE "
      "broadcast_id = ?1",
      b.broadcast_id, b.began_at, b.ended_at, static_cast<int>(b.state), b.why, b.total, b.sent, b.blocked,
      b.failed, b.unknown, b.gathered_to, b.admin_id, b.admin_language);
}

bool author_may(writer& w, const broadcast& b) { return may_now(w, b.admin_id, deed_of(b.kind)); }

/// Nothing of it goes out before somebody who may has said so.
void hold(writer& w, broadcast& b) {
  b.state = broadcast_state::paused;
  b.why = held_for_rights;
  save(w.db(), b);
  w.broadcasts.push_back(b);
}

/// What is of nobody who may send belongs to whoever puts his hand on it: he hears what becomes of it.
void adopt_author(writer& w, broadcast& b, std::int64_t admin_id) {
  if (admin_id == 0 || author_may(w, b)) return;
  b.admin_id = admin_id;
  b.admin_language = load_profile(w.db(), admin_id).language;
}

/// A pause may have come before anybody was gathered.
broadcast_state resumed(const broadcast& b, unix_ms at) {
  if (b.began_at != 0) return broadcast_state::running;
  return b.starts_at > at && b.gathered_to == 0 ? scheduled : gathering;
}

std::string fingerprint_of(const broadcast& b) {
  auto mixed = fingerprint{};
  mixed.add(b.admin_id)
      .add(name_of(b.kind))
      .add(b.of_broadcast)
      .add(b.method)
      .add(b.params)
      .add(name_of(b.to.kind));
  mixed.add(b.to.days)
      .add(b.to.language)
      .add(b.to.category)
      .add(b.paid ? 1 : 0)
      .add(b.per_second)
      .add(b.starts_at);
  return mixed.text();
}

bool is_arrow(broadcast_state from, broadcast_state to) {
  switch (from) {
  case scheduled: return to == gathering || to == stopped;
  case gathering: return to == stopped;
  case running: return to == paused || to == asking || to == stopped;
  case paused:
  case asking: return to == running || to == stopped;
  default: return false;
  }
}

/// Whom the sending may reach now.
#define TROUPE_REACHABLE                                                                                     \
  "u.gone = 0 AND u.banned = 0 AND (?2 = 'service' OR NOT EXISTS(SELECT 1 FROM mutes m WHERE m.user_id = "   \
  "u.user_id AND m.category = ?2)) AND (?3 = '' OR (?3 = 'ru') = (u.language GLOB 'ru*' OR u.language GLOB " \
  "'uk*' OR u.language GLOB 'be*' OR u.language GLOB 'kk*')) "
#define TROUPE_PAYER                                                                                         \
  "EXISTS(SELECT 1 FROM payments p WHERE p.user_id = u.user_id AND p.state IN ('paid', 'refunding'))"

/// ?1 the last user looked at, ?2 category, ?3 language, ?4 the moment from which on; ?5 how many (page
/// only).
struct audience_sql {
  const char* page;
  const char* count;
};
#define TROUPE_AUDIENCE(rule)                                                                                \
  audience_sql {                                                                                             \
    "SELECT u.user_id, u.registered_at IS NOT NULL AND " TROUPE_REACHABLE "AND " rule                        \
    " FROM users u WHERE u.user_id > ?1 ORDER BY u.user_id LIMIT ?5",                                        \
        "SELECT count(*) FROM users u WHERE u.user_id > ?1 AND u.registered_at IS NOT NULL "                 \
        "AND " TROUPE_REACHABLE "AND " rule                                                                  \
  }

const audience_sql& sql_of(audience_kind kind) {
  static const audience_sql all[] = {
      TROUPE_AUDIENCE("?4 >= 0"),
      TROUPE_AUDIENCE("u.last_seen_at >= ?4"),
      TROUPE_AUDIENCE("u.registered_at >= ?4"),
      TROUPE_AUDIENCE("?4 >= 0 AND " TROUPE_PAYER),
      TROUPE_AUDIENCE("?4 >= 0 AND NOT " TROUPE_PAYER),
      TROUPE_AUDIENCE("?4 >= 0 AND EXISTS(SELECT 1 FROM balances b WHERE b.account = 'user' AND b.user_id = "
                      "u.user_id AND b.amount > 0)"),
  };
  return all[static_cast<std::size_t>(kind)];
}

unix_ms since(const audience& a, unix_ms now) { return std::max<unix_ms>(0, now - a.days * day_ms); }

bool insert_recipient(database& db, std::int64_t broadcast_id, std::int64_t user_id) {
  return run(db, "INSERT INTO recipients(broadcast_id, user_id) VALUES(?, ?) ON CONFLICT DO NOTHING",
             broadcast_id, user_id) > 0;
}

struct looked_at {
  std::vector<std::int64_t> users; ///< who belongs to the audience
  std::int64_t last = 0;           ///< the last one looked at; 0: there are no more
};

looked_at look(database& db, const broadcast& b, int limit) {
  looked_at l;
  if (b.kind != broadcast_kind::send) { // those who have a message of it
    query q(db,
            "SELECT user_id FROM recipients WHERE broadcast_id = ? AND user_id > ? AND state = ? ORDER BY "
            "user_id "
            "LIMIT ?",
            b.of_broadcast, b.gathered_to, static_cast<int>(recipient_state::sent), limit);
    while (q.next()) l.users.push_back(q.integer(0));
    if (!l.users.empty()) l.last = l.users.back();
    return l;
  }
  query q(db, sql_of(b.to.kind).page, b.gathered_to, b.to.category, b.to.language,
          since(b.to, std::max(b.created_at, b.starts_at)), limit);
  while (q.next()) {
    l.last = q.integer(0);
    if (q.flag(1)) l.users.push_back(l.last);
  }
  return l;
}

/// Only what is taken can be settled: a repeated result counts once.
void settle(database& db, broadcast& b, const recipient& r) {
  if (r.state == recipient_state::taken) return;
  if (run(db,
          "UPDATE recipients SET state = ?3, message_id = ?4, more = ?5, why = ?6 WHERE broadcast_id = ?1 "
          "AND user_id "
          "= ?2 AND state = 1",
          b.broadcast_id, r.user_id, static_cast<int>(r.state), r.message_id, r.more, r.why) == 0)
    return;
  b.count(r.state);
  if (r.state == recipient_state::blocked) run(db, "UPDATE users SET gone = 1 WHERE user_id = ?", r.user_id);
}

/// A new engine: what it finds taken may have left. A deletion or an edit may be repeated.
void adopt(database& db, broadcast& b) {
  const auto becomes = b.kind == broadcast_kind::send ? recipient_state::unknown : recipient_state::waiting;
  const auto n = run(db, "UPDATE recipients SET state = ?2, why = ?3 WHERE broadcast_id = ?1 AND state = 1",
                     b.broadcast_id, static_cast<int>(becomes),
                     becomes == recipient_state::unknown ? "the engine stopped before the answer" : "");
  if (becomes == recipient_state::unknown) b.unknown += n;
}

std::vector<recipient> next_ones(database& db, const broadcast& b, const take_recipients& page) {
  std::vector<recipient> next;
  query q(db,
          "SELECT r.user_id, coalesce(o.message_id, 0), coalesce(o.more, '') FROM recipients r LEFT JOIN "
          "recipients o "
          "ON o.broadcast_id = ?4 AND o.user_id = r.user_id WHERE r.broadcast_id = ?1 AND r.user_id > ?2 AND "
          "r.state = "
          "0 ORDER BY r.user_id LIMIT ?3",
          b.broadcast_id, page.after, std::max(page.take, 0), b.of_broadcast);
  while (q.next()) next.push_back({q.integer(0), recipient_state::taken, q.integer(1), q.text(2), {}});
  return next;
}

} // namespace

std::optional<broadcast> load_broadcast(database& db, std::int64_t broadcast_id) {
  query q(db, TROUPE_BROADCAST_SELECT "WHERE broadcast_id = ?", broadcast_id);
  if (!q.next()) return {};
  return read_broadcast(q);
}

std::vector<broadcast> newest_broadcasts(database& db, int offset, int limit) {
  std::vector<broadcast> all;
  query q(db, TROUPE_BROADCAST_SELECT "ORDER BY broadcast_id DESC LIMIT ? OFFSET ?", std::max(limit, 0),
          std::max(offset, 0));
  while (q.next()) all.push_back(read_broadcast(q));
  return all;
}

std::vector<broadcast> unfinished_broadcasts(database& db) {
  std::vector<broadcast> all;
  query q(db,
          TROUPE_BROADCAST_SELECT
          "b WHERE state < ? OR NOT EXISTS(SELECT 1 FROM meta WHERE name = 'notice:cast:' || "
          "b.broadcast_id) ORDER BY broadcast_id",
          static_cast<int>(broadcast_state::done));
  while (q.next()) all.push_back(read_broadcast(q));
  return all;
}

std::int64_t audience_of(database& db, const audience_query& a) {
  if (a.of_broadcast != 0)
    return number(db, "SELECT count(*) FROM recipients WHERE broadcast_id = ? AND state = ?", a.of_broadcast,
                  static_cast<int>(recipient_state::sent));
  return number(db, sql_of(a.to.kind).count, std::int64_t{0}, a.to.category, a.to.language,
                since(a.to, a.now));
}

void hold_broadcasts(writer& w, std::int64_t author) {
  std::vector<broadcast> all;
  {
    query q(w.db(), TROUPE_BROADCAST_SELECT "WHERE state IN (?1, ?2, ?3, ?4) AND (?5 = 0 OR admin_id = ?5)",
            static_cast<int>(scheduled), static_cast<int>(gathering), static_cast<int>(running),
            static_cast<int>(asking), author);
    while (q.next()) all.push_back(read_broadcast(q));
  }
  for (auto& b : all)
    if (!author_may(w, b)) hold(w, b);
}

broadcast_answer open(writer& w, const open_broadcast& order) {
  auto& db = w.db();
  auto b = order.what;
  if (b.key.empty() || b.method.empty()) throw std::invalid_argument("a broadcast without a key or a method");
  const auto content = fingerprint_of(b);
  {
    query known(db, "SELECT broadcast_id, fingerprint FROM broadcasts WHERE key = ?", b.key);
    if (known.next()) {
      if (known.text(1) != content) throw id_conflict("broadcast " + b.key + " exists with other content");
      return {false, *load_broadcast(db, known.integer(0))};
    }
  }
  if (!author_may(w, b)) return {false, {}, true};
  b.created_at = order.at;
  b.state = b.starts_at > order.at ? scheduled : gathering;
  run(db,
      "INSERT INTO broadcasts(key, fingerprint, admin_id, admin_language, kind, of_broadcast, method, "
      "params, title, "
      "audience, days, "
      "language, category, paid, per_second, starts_at, created_at, state) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?, "
      "?, ?, ?, "
      "?, ?, ?, ?, ?)",
      b.key, content, b.admin_id, b.admin_language, static_cast<int>(b.kind), b.of_broadcast, b.method,
      b.params, b.title, static_cast<int>(b.to.kind), b.to.days, b.to.language, b.to.category, b.paid,
      b.per_second, b.starts_at, b.created_at, static_cast<int>(b.state));
  b.broadcast_id = db.last_id();
  write_journal(db, {0, order.at, b.admin_id, "broadcast", 0, 0, 0,
                     "№" + std::to_string(b.broadcast_id) + " " + name_of(b.kind) + ": " + b.title});
  w.broadcasts.push_back(b);
  return {true, b};
}

broadcast_answer take_step(writer& w, const broadcast_step& step) {
  auto& db = w.db();
  auto found = load_broadcast(db, step.broadcast_id);
  if (!found) return {};
  auto& b = *found;
  const bool of_engine = step.admin_id == 0;
  if (!of_engine && !may_now(w, step.admin_id, deed::steer_broadcast)) return {false, b, true};
  if (!is_arrow(b.state, step.to) || (of_engine && step.to == running)) return {false, b};
  if (step.to == gathering && !author_may(w, b)) return hold(w, b), broadcast_answer{true, b};
  adopt_author(w, b, step.admin_id);
  b.state = step.to == running ? resumed(b, step.at) : step.to;
  b.why = step.why;
  if (is_final(b.state)) b.ended_at = step.at;
  save(db, b);
  announce(w, step.messages);
  if (step.admin_id != 0) {
    write_journal(db, {0, step.at, step.admin_id, "broadcast", 0, 0, 0,
                       "№" + std::to_string(b.broadcast_id) + " → " + name_of(b.state)});
    w.broadcasts.push_back(b);
  }
  return {true, b};
}

broadcast_answer gather(writer& w, const gather_recipients& page) {
  auto& db = w.db();
  auto found = load_broadcast(db, page.broadcast_id);
  if (!found || found->state != gathering) return {false, found.value_or(broadcast{})};
  auto& b = *found;
  if (!author_may(w, b)) return hold(w, b), broadcast_answer{true, b};
  const auto seen = look(db, b, std::max(page.users, 1));
  for (const auto user : seen.users) b.total += insert_recipient(db, b.broadcast_id, user);
  if (seen.last != 0) b.gathered_to = seen.last;
  else {
    b.state = b.total > 0 ? running : broadcast_state::done;
    b.began_at = page.at;
    if (b.total == 0) b.ended_at = page.at;
  }
  save(db, b);
  return {true, b};
}

recipients_taken take(writer& w, const take_recipients& page) {
  auto& db = w.db();
  auto found = load_broadcast(db, page.broadcast_id);
  if (!found) return {};
  auto& b = *found;
  for (const auto& r : page.results) settle(db, b, r);
  if (page.first) adopt(db, b);
  recipients_taken answer;
  if (b.state == running && !author_may(w, b)) hold(w, b);
  if (b.state == running) {
    answer.next = next_ones(db, b, page);
    for (const auto& r : answer.next)
      run(db, "UPDATE recipients SET state = 1 WHERE broadcast_id = ? AND user_id = ?", b.broadcast_id,
          r.user_id);
    if (b.waiting() == 0) b.state = broadcast_state::done, b.ended_at = page.at;
  }
  save(db, b);
  answer.now = b;
  return answer;
}

} // namespace troupe::storage
