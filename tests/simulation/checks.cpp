#include "tests/simulation/checks.hpp"
#include "net/yookassa.hpp"
#include "tests/simulation/marks.hpp"
#include "tests/founder.hpp"

namespace troupe::simulation {
namespace {

/// After its limit a job may still be fetched, six times for five minutes.
constexpr unix_ms slack_ms = 45 * minute_ms;
constexpr std::int64_t founder_gift = 100;
constexpr unix_ms handling_max_ms = 30 * minute_ms;

} // namespace

checks::checks(const std::string& path, outside& world, std::int64_t welcome_credits, report broken_rule)
    : world_{world}, welcome_{welcome_credits},
      broken_rule_{std::move(broken_rule)}, reader_{path}, db_{path, SQLite::OPEN_READONLY, 1000} {}

SQLite::Statement& checks::prepared(const char* sql) {
  auto& q = prepared_[sql];
  if (!q) q = std::make_unique<SQLite::Statement>(db_, sql);
  return *q;
}

void checks::each(const char* sql, unix_ms argument) {
  auto& q = prepared(sql);
  if (q.getBindParameterCount() > 0) q.bind(1, argument);
  while (q.executeStep()) broken_rule_(q.getColumn(0).getString());
  q.reset();
}

void checks::after_money() {
  each("SELECT 'all accounts sum to ' || sum(amount) FROM balances HAVING sum(amount) <> 0");
  each("SELECT 'user ' || user_id || ' has ' || amount || ' credits' FROM balances "
       "WHERE account IN ('user', 'held') AND amount < 0");
}

void checks::every_hour(unix_ms now, unix_ms engine_up_since) {
  // While the engine was down nothing could be done in time.
  if (now - engine_up_since < slack_ms) return;
  each("SELECT 'job ' || job_id || ' is still ' || state || ' after its limit' FROM jobs "
       "WHERE state NOT IN ('delivering', 'completed', 'failed', 'cancelled', 'gifted', 'overdue') "
       "AND deadline_at BETWEEN 1 AND ? AND deliveries = 0 AND state <> 'pending'",
       now - slack_ms);
  each("SELECT 'job ' || job_id || ' is delivering for hours' FROM jobs WHERE state = 'delivering' AND "
       "updated_at < ? AND job_id NOT IN (SELECT job_id FROM outbox WHERE parked = 1)",
       now - 4 * hour_ms);
  each("SELECT 'update ' || update_id || ' of user ' || user_id || ' is not handled' FROM inbox "
       "WHERE done = 0 AND received_at < ?",
       now - handling_max_ms);
  answers(now - slack_ms);
}

/// Who wrote and did not block us has heard something since.
void checks::answers(unix_ms asked_before) {
  for (const auto& [user, asked] : world_.questions())
    if (asked < asked_before && !world_.is_blocked(user) && world_.heard_at(user) < asked)
      broken_rule_("the last question of user " + std::to_string(user) + " has no answer");
}

/// The same sums as the audit's, on another way: from what users were promised.
void checks::credits_as_promised() {
  auto& given =
      prepared("SELECT b.user_id, -b.amount - ifnull(gifts, 0) FROM balances b LEFT JOIN "
               "(SELECT user_id, sum(price) AS gifts FROM jobs WHERE state = 'gifted' GROUP BY user_id) j "
               "ON j.user_id = b.user_id WHERE b.account = 'bonus'");
  while (given.executeStep()) {
    const auto user = given.getColumn(0).getInt64(), credits = given.getColumn(1).getInt64();
    const auto due = welcome_ + (user == founder_user_id ? founder_gift : 0);
    if (credits != due && credits != due + world_.promised(user)) // the promise may be on its way
      broken_rule_("user " + std::to_string(user) + " was given " + std::to_string(credits) + " credits");
  }
  given.reset();
  each("SELECT 'user ' || b.user_id || ' has paid ' || amount || ' credits for videos that cost ' || cost "
       "FROM balances b JOIN (SELECT user_id, sum(CASE WHEN state = 'gifted' OR "
       "(state IN ('delivering', 'completed') AND fail_text = '') OR (state = 'fetching' AND deliveries > 0) "
       "THEN price ELSE 0 END) AS cost "
       "FROM jobs GROUP BY user_id) j ON j.user_id = b.user_id "
       "WHERE b.account = 'spent' AND b.amount <> j.cost");
  each("SELECT 'the wish ' || prompt || ' became ' || count(*) || ' jobs' FROM jobs JOIN orders USING "
       "(order_id) "
       "GROUP BY prompt, jobs.user_id HAVING count(*) > max(orders.count)");
}

void checks::tasks_once() {
  for (const auto& [job, times] : world_.kie.creates())
    if (times > 1)
      broken_rule_(std::to_string(times) + " tasks were made for " + job.substr(0, job.rfind('/')));
}

/// By wish: the videos of a pack look alike.
void checks::videos_as_stored() {
  SQLite::Statement q{
      db_, "SELECT min(job_id), prompt, sum(state = 'gifted' AND file_id <> '' OR state = 'completed' AND "
           "fail_text = ''), sum(state NOT IN ('completed', 'failed', 'cancelled', 'gifted') OR "
           "state = 'gifted' AND file_id = '') FROM jobs GROUP BY prompt, user_id"};
  while (q.executeStep()) {
    const auto came = world_.videos_with(mark_in(q.getColumn(1).getString()));
    const int promised = q.getColumn(2).getInt();
    const bool on_their_way = q.getColumn(3).getInt() > 0; // or a gift that Telegram refuses
    const auto name = "job " + q.getColumn(0).getString();
    if (came < promised)
      broken_rule_(name + " and those of its order are completed, but a video did not come");
    if (promised == 0 && !on_their_way && came > 0)
      broken_rule_(name + " gave the credits back, but the video came");
  }
}

/// Who acknowledged that the video is there has ten minutes to fetch it, crash or not; a time-out is no
/// excuse.
void checks::told_in_time() {
  SQLite::Statement q{db_, "SELECT job_id, created_at FROM jobs WHERE fail_class = 'timeout'"};
  while (q.executeStep()) {
    const auto told = world_.told_at(q.getColumn(0).getInt64());
    if (told > 0 && told < q.getColumn(1).getInt64() + 20 * minute_ms)
      broken_rule_("job " + q.getColumn(0).getString() + " timed out, though the callback came in time");
  }
}

void checks::thorough() {
  for (auto& fault : reader_.audit().faults) broken_rule_(fault);
  credits_as_promised();
  tasks_once();
  told_in_time();
  videos_as_stored();
  for (const auto& [what, times] : world_.telegram.violations())
    broken_rule_("against the Bot API, " + std::to_string(times) + " times: " + what);
}

/// Telegram's book and the shop's are equal to ours.
void checks::money_as_paid() {
  const auto row_of = [&](const std::string& id) { return reader_.load_payment({0, {}, id}); };
  std::map<std::string, int> known;
  for (const auto& [id, c] : world_.star_charges()) {
    const auto p = row_of(id);
    known[id] = 1;
    const auto wanted = c.refunded ? payment_state::refunded : payment_state::paid;
    if (p.payment_id == 0 || p.amount != c.stars || p.user_id != c.user || p.state != wanted)
      broken_rule_("a charge of " + std::to_string(c.stars) + " Stars of user " + std::to_string(c.user) +
                   (c.refunded ? ", returned," : "") + " is payment " + std::to_string(p.payment_id) + ", " +
                   name_of(p.state));
  }
  const auto book = world_.shop.report(world_.now());
  for (const auto& theirs : book["payments"]) {
    const auto id = theirs["id"].get<std::string>();
    auto p = row_of(id);
    if (p.payment_id == 0) p = reader_.load_payment({0, theirs["metadata"]["order_id"], {}});
    known[id] = 1;
    const bool came = theirs["status"] == "succeeded";
    const auto back = came ? yookassa::kopecks_of(theirs["refunded_amount"]["value"]).value_or(0) : 0;
    const bool all_back = came && back == p.amount;
    const bool right =
        came ? p.refunded == back && p.state == (all_back ? payment_state::refunded : payment_state::paid)
             : p.state == payment_state::cancelled;
    if (!right)
      broken_rule_("the shop's payment " + id + " is " + theirs["status"].get<std::string>() + " with " +
                   std::to_string(back) + " kopecks returned; ours is " + name_of(p.state) + " with " +
                   std::to_string(p.refunded));
  }
  for (const auto& p : reader_.payments_of(0, 0, 100'000))
    if (p.paid_at > 0 && known.count(p.outside_id) == 0)
      broken_rule_("payment " + std::to_string(p.payment_id) + " was credited, but nobody paid it");
}

void checks::when_quiet() {
  thorough();
  money_as_paid();
  answers(INT64_MAX);
  each("SELECT 'update ' || update_id || ' of user ' || user_id || ' is not handled' FROM inbox WHERE done = "
       "0");
  // What administrators are told waits for those of them who have never written to the bot.
  SQLite::Statement q{
      db_, "SELECT outbox_id, chat_id, job_id, parked FROM outbox WHERE NOT (parked = 1 AND office = 1)"};
  while (q.executeStep())
    if (!world_.is_blocked(q.getColumn(1).getInt64()))
      broken_rule_("message " + q.getColumn(0).getString() + " to chat " + q.getColumn(1).getString() +
                   " of job " + q.getColumn(2).getString() + " is left in the outbox" +
                   (q.getColumn(3).getInt() ? ", parked" : ""));
  SQLite::Statement open{db_,
                         "SELECT job_id, user_id, state FROM jobs WHERE state NOT IN ('completed', 'failed', "
                         "'cancelled', 'gifted', 'overdue')"};
  while (open.executeStep())
    if (!world_.is_blocked(open.getColumn(1).getInt64()))
      broken_rule_("job " + open.getColumn(0).getString() + " is left " + open.getColumn(2).getString());
}

totals checks::count() {
  SQLite::Statement q{db_, "SELECT count(*), ifnull(sum(state = 'completed' AND fail_text = ''), 0), "
                           "ifnull(sum(state IN ('failed', 'cancelled') OR fail_text <> ''), 0), "
                           "ifnull(sum(state = 'gifted'), 0) FROM jobs"};
  q.executeStep();
  totals t{q.getColumn(0).getInt64(), q.getColumn(1).getInt64(), q.getColumn(2).getInt64(), 0,
           q.getColumn(3).getInt64()};
  t.open = t.orders - t.delivered - t.refunded;
  SQLite::Statement money{
      db_, "SELECT count(*), ifnull(sum(paid_at > 0), 0), ifnull(sum(refunded > 0), 0) FROM payments"};
  money.executeStep();
  t.purchases = money.getColumn(0).getInt64(), t.paid = money.getColumn(1).getInt64();
  t.returned = money.getColumn(2).getInt64();
  return t;
}

} // namespace troupe::simulation
