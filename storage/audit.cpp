/// Proves the invariants from the rows alone; trusts no cached value.
#include "storage/parts.hpp"
#include <future>
#include <initializer_list>

namespace troupe::storage {
namespace {

/// Each row of each query is one fault: a finished sentence.
using sentences = std::vector<const char*>;

/// A question over millions of rows that one pass can answer with "all is well" (0); the sentences are
/// asked for only when it is not.
struct check {
  const char* well;
  sentences faults;
};

/// The book as a whole, transfer by transfer: each has two rows that sum to zero, and so has the whole.
const check book{
    "SELECT count(*) FILTER (WHERE total <> 0 OR n <> 2 OR NOT EXISTS(SELECT 1 FROM transfers t WHERE "
    "t.transfer_id = g.transfer_id)) + (count(*) <> (SELECT count(*) FROM transfers)) "
    "FROM (SELECT transfer_id, sum(amount) AS total, count(*) AS n FROM ledger GROUP BY transfer_id) g",
    {"SELECT 'The ledger sums to ' || sum(amount) || ' instead of 0.' FROM ledger HAVING sum(amount) <> 0",
     "SELECT 'Transfer ' || transfer_id || ' has ' || count(*) || ' rows that sum to ' || sum(amount) || '.' "
     "FROM ledger GROUP BY transfer_id HAVING sum(amount) <> 0 OR count(*) <> 2 LIMIT 20",
     "SELECT 'Transfer ' || transfer_id || ' has no rows in the ledger.' FROM transfers "
     "WHERE transfer_id NOT IN (SELECT transfer_id FROM ledger) LIMIT 20",
     "SELECT 'Ledger row ' || id || ' belongs to no transfer.' FROM ledger "
     "WHERE transfer_id NOT IN (SELECT transfer_id FROM transfers) LIMIT 20"}};

/// The balances that are kept, against the sums of the ledger.
const check balances{
    "SELECT count(*) FILTER (WHERE b.amount IS NOT g.total OR (g.account IN ('user', 'held') AND g.total < "
    "0)) "
    "+ (count(*) <> (SELECT count(*) FROM balances)) "
    "FROM (SELECT account, user_id, sum(amount) AS total FROM ledger GROUP BY account, user_id) g "
    "LEFT JOIN balances b ON b.account = g.account AND b.user_id = g.user_id",
    {"SELECT 'Account ' || account || ' of user ' || user_id || ' is negative: ' || sum(amount) || '.' FROM "
     "ledger "
     "WHERE account IN ('user', 'held') GROUP BY account, user_id HAVING sum(amount) < 0 LIMIT 20",
     "SELECT 'Balance of ' || l.account || ' of user ' || l.user_id || ' is kept as ' || "
     "coalesce(b.amount, 'nothing') || ', the ledger says ' || l.total || '.' "
     "FROM (SELECT account, user_id, sum(amount) AS total FROM ledger GROUP BY account, user_id) l "
     "LEFT JOIN balances b ON b.account = l.account AND b.user_id = l.user_id "
     "WHERE b.amount IS NOT l.total LIMIT 20",
     "SELECT 'Balance of ' || account || ' of user ' || user_id || ' has no rows in the ledger.' FROM "
     "balances b "
     "WHERE amount <> 0 AND (account, user_id) NOT IN (SELECT account, user_id FROM ledger) LIMIT 20"}};

/// Jobs, their holds and their orders.
const check jobs{
    nullptr,
    {"SELECT 'Job ' || job_id || ' has no hold of ' || price || ' credits.' FROM jobs "
     "WHERE ('hold:' || job_id, user_id, price) NOT IN "
     "(SELECT transfer_id, user_id, amount FROM ledger WHERE account = 'held' AND amount > 0) LIMIT 20",
     "SELECT 'Job ' || job_id || ' is ' || state || ' but its hold was ' || "
     "CASE posted + voided WHEN 0 THEN 'not ended' WHEN 2 THEN 'ended twice' "
     "ELSE CASE posted WHEN 1 THEN 'posted' ELSE 'voided' END END || '.' FROM ("
     "SELECT job_id, state, deliveries, "
     "EXISTS(SELECT 1 FROM transfers WHERE transfer_id = 'post:' || job_id) AS posted, "
     "EXISTS(SELECT 1 FROM transfers WHERE transfer_id = 'void:' || job_id) AS voided FROM jobs) "
     "WHERE posted <> (state IN ('delivering', 'completed') OR deliveries > 0) OR voided <> (state IN "
     "('failed', 'cancelled', "
     "'overdue', 'gifted')) "
     "LIMIT 20",
     "SELECT 'Job ' || job_id || ' could not be handed over, but its credits were not returned (or the "
     "reverse).' "
     "FROM jobs WHERE EXISTS(SELECT 1 FROM transfers WHERE transfer_id = 'return:' || job_id) "
     "<> (state = 'completed' AND fail_text <> '') LIMIT 20",
     "SELECT 'Job ' || job_id || ' is ' || state || ', but ' || CASE state WHEN 'gifted' THEN 'nobody paid "
     "for "
     "the gift.' ELSE 'the house paid for it.' END FROM jobs WHERE "
     "EXISTS(SELECT 1 FROM transfers WHERE transfer_id = 'gift:' || job_id) <> (state = 'gifted') LIMIT 20",
     "SELECT 'Transfer ' || transfer_id || ' belongs to no job.' FROM transfers "
     "WHERE substr(transfer_id, 1, 5) IN ('hold:', 'post:', 'void:', 'gift:') "
     "AND CAST(substr(transfer_id, 6) AS INTEGER) NOT IN (SELECT job_id FROM jobs) LIMIT 20",
     "SELECT 'User ' || user_id || ' has ' || held || ' credits held, but jobs that need ' || needed || '.' "
     "FROM ("
     "SELECT user_id, sum(held) AS held, sum(needed) AS needed FROM ("
     "SELECT user_id, amount AS held, 0 AS needed FROM ledger WHERE account = 'held' UNION ALL "
     "SELECT user_id, 0, price FROM jobs "
     "WHERE deliveries = 0 AND state NOT IN ('delivering', 'completed', 'failed', 'cancelled', 'overdue', "
     "'gifted')) GROUP BY "
     "user_id) "
     "WHERE held <> needed LIMIT 20",
     "SELECT 'Order ' || o.order_id || ' is for ' || o.count || ' videos but has ' || count(j.job_id) || ' "
     "jobs.' "
     "FROM orders o LEFT JOIN jobs j ON j.order_id = o.order_id GROUP BY o.order_id "
     "HAVING count(j.job_id) <> o.count LIMIT 20",
     "SELECT 'Job ' || j.job_id || ' would be sent from a file that it does not name.' FROM outbox o JOIN "
     "jobs j "
     "ON j.job_id = o.job_id AND j.state IN ('delivering', 'gifted') WHERE o.uploads NOT IN ('', '[]') AND "
     "json_extract(o.uploads, '$[0][1]') IS NOT j.file_path LIMIT 20",
     "SELECT 'Message ' || outbox_id || ' waits for the video of job ' || after_job || ', which is not under "
     "way.' "
     "FROM outbox WHERE after_job <> 0 AND after_job NOT IN (SELECT job_id FROM jobs WHERE state IN "
     "('delivering', 'gifted')) LIMIT 20",
     "SELECT 'Job ' || job_id || ' belongs to no order.' FROM jobs "
     "WHERE order_id NOT IN (SELECT order_id FROM orders) LIMIT 20"}};

/// Each paid payment has its credits, and none has them twice.
const check payments{
    nullptr,
    {"SELECT 'Payment ' || payment_id || ' of ' || credits || ' credits is ' || state || ', but ' || "
     "credited || "
     "' were credited for it.' FROM (SELECT payment_id, state, credits, coalesce((SELECT sum(amount) FROM "
     "ledger l "
     "WHERE l.account = 'user' AND l.user_id = p.user_id AND l.transfer_id = 'pay:' || payment_id), 0) AS "
     "credited "
     "FROM payments p) "
     "WHERE credited <> CASE WHEN state IN ('paid', 'refunding', 'refunded') THEN credits ELSE 0 END LIMIT "
     "20",
     "SELECT 'Payment ' || payment_id || ' gave back ' || credits_back || ' credits, but the ledger says ' "
     "|| back "
     "|| '.' FROM (SELECT payment_id, credits_back, coalesce(g.total, 0) AS back FROM payments LEFT JOIN "
     "(SELECT "
     "CAST(ref_id AS INTEGER) AS id, sum(amount) AS total FROM ledger WHERE account = 'sold' AND amount > 0 "
     "GROUP "
     "BY ref_id) g ON g.id = payment_id) WHERE back <> credits_back LIMIT 20",
     "SELECT 'Payment ' || payment_id || ' is ' || state || ', but ' || refunded || ' of ' || amount || ' "
     "went "
     "back.' FROM payments WHERE (refunded >= amount) <> (state = 'refunded') LIMIT 20",
     "SELECT 'Transfer ' || transfer_id || ' belongs to no payment.' FROM transfers WHERE transfer_id GLOB "
     "'pay:*' AND CAST(substr(transfer_id, 5) AS INTEGER) NOT IN (SELECT payment_id FROM payments) LIMIT 20",
     "SELECT 'User ' || user_id || ' was paid back more than his debt: ' || amount || '.' FROM balances "
     "WHERE account = 'debt' AND amount > 0 LIMIT 20"}};

/// What administrators did, and whom broadcasts reached.
const check office{
    nullptr,
    {"SELECT 'Transfer ' || transfer_id || ' belongs to no act of an administrator.' FROM "
     "transfers WHERE transfer_id "
     "GLOB 'admin:*' AND substr(transfer_id, 7) NOT IN (SELECT key FROM admin_acts) LIMIT 20",
     "SELECT 'Transfer ' || transfer_id || ' belongs to no job that it can be for.' FROM "
     "transfers t WHERE (transfer_id "
     "GLOB 'goodwill:*' AND CAST(substr(transfer_id, 10) AS INTEGER) NOT IN (SELECT job_id "
     "FROM jobs WHERE state = "
     "'completed')) OR (transfer_id GLOB 'retry:*' AND (CAST(substr(transfer_id, 7) AS "
     "INTEGER) NOT IN (SELECT job_id "
     "FROM jobs WHERE state IN ('failed', 'cancelled') OR (state IN ('completed', 'gifted') AND "
     "fail_text <> '')) OR transfer_id NOT IN (SELECT "
     "order_key FROM orders))) LIMIT 20",
     "SELECT 'Broadcast ' || b.broadcast_id || ' counts ' || total || '/' || sent || '/' || "
     "blocked || '/' || failed || "
     "'/' || unknown || ' (total, sent, blocked, failed, unknown), its journal says "
     "otherwise.' FROM broadcasts b LEFT "
     "JOIN (SELECT broadcast_id, count(*) AS n, sum(state = 2) AS s, sum(state = 3) AS bl, "
     "sum(state = 4) AS f, "
     "sum(state = 5) AS u FROM recipients GROUP BY broadcast_id) r ON r.broadcast_id = "
     "b.broadcast_id WHERE total <> "
     "coalesce(n, 0) OR sent <> coalesce(s, 0) OR blocked <> coalesce(bl, 0) OR failed <> "
     "coalesce(f, 0) OR unknown <> "
     "coalesce(u, 0) LIMIT 20"}};

const check file{nullptr,
                 {"SELECT 'The file is damaged: ' || quick_check || '.' FROM pragma_quick_check WHERE "
                  "quick_check <> 'ok'"}};

void run_check(database& db, const check& c, std::vector<std::string>& faults) {
  if (c.well && number(db, c.well) == 0) return;
  for (const auto* sql : c.faults) {
    query found(db, sql);
    while (found.next()) faults.push_back(found.text(0));
  }
}

/// A damaged page can stop a query half way: that is a finding, not a reason to give up silently.
std::vector<std::string> faults_of(database& db, std::initializer_list<const check*> checks) {
  std::vector<std::string> faults;
  try {
    for (const auto* c : checks) run_check(db, *c, faults);
  } catch (const SQLite::Exception& e) {
    faults.push_back(std::string("The file cannot be read through: ") + e.what() + ".");
  }
  return faults;
}

void count_all(database& db, audit_report& r) {
  r.users = number(db, "SELECT count(*) FROM users WHERE registered_at IS NOT NULL");
  r.transfers = number(db, "SELECT count(*) FROM transfers");
  r.entries = number(db, "SELECT count(*) FROM ledger");
  r.open_jobs = number(db, "SELECT count(*) FROM " TROUPE_OPEN_JOBS);
  r.credits_with_users = number(db, "SELECT sum(amount) FROM balances WHERE account IN ('user', 'held')");
  r.payments = number(db, "SELECT count(*) FROM payments WHERE paid_at > 0");
}

} // namespace

audit_report audit(const std::string& path) {
  const auto first = open_for_reading(path), second = open_for_reading(path);
  // Two connections on two cores: half the time. Each check sees one moment of its own.
  auto others = std::async(std::launch::async, [&] {
    return faults_of(*second, {&balances, &payments, &office, &file});
  });
  audit_report report;
  report.faults = faults_of(*first, {&book, &jobs});
  const auto more = others.get();
  report.faults.insert(report.faults.end(), more.begin(), more.end());
  try {
    count_all(*first, report);
  } catch (const SQLite::Exception&) {
    // Said above: the file cannot be read through.
  }
  return report;
}

} // namespace troupe::storage
