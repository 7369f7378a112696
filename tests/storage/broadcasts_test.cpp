/// The journal of recipients: nobody is taken twice, whatever is repeated and whenever the engine dies.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <set>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

constexpr std::int64_t boss = founder_user_id, first = 2001;

struct caster : bench {
  caster() {
    for (int i = 0; i < 20; ++i) enrol(first + i, i % 2 == 0 ? 3 : 0);
  }
  open_broadcast order(const std::string& key, audience to = {}) {
    open_broadcast o;
    o.at = ++now;
    o.what.key = key, o.what.admin_id = boss, o.what.method = "sendMessage",
    o.what.params = R"({"text":"hi"})";
    o.what.title = "hi", o.what.to = std::move(to);
    if (o.what.to.category.empty()) o.what.to.category = "news";
    return o;
  }
  broadcast gathered(std::int64_t id, int page = 7) {
    broadcast_answer a;
    do a = apply(gather_recipients{id, ++now, page});
    while (a.now.state == broadcast_state::gathering);
    return a.now;
  }
  broadcast running(const std::string& key = "b1", audience to = {}) {
    const auto b = gathered(apply(order(key, std::move(to))).now.broadcast_id);
    s->take_broadcasts();
    return b;
  }
  recipients_taken take(std::int64_t id, int n, std::vector<recipient> results = {}, bool fresh = false) {
    return apply(take_recipients{id, ++now, fresh, 0, n, std::move(results)});
  }
  static recipient result(std::int64_t user, recipient_state s, std::int64_t message = 0) {
    return {user, s, message, {}, s == recipient_state::failed ? "refused" : ""};
  }
  broadcast_answer step(std::int64_t id, broadcast_state to, std::int64_t admin = boss) {
    broadcast_step st;
    st.broadcast_id = id, st.at = ++now, st.to = to, st.admin_id = admin;
    return apply(st);
  }
  std::int64_t size_of(audience a) {
    if (a.category.empty()) a.category = "news";
    return std::get<audience_size>(read().answer(audience_query{a, now, 0})).users;
  }
};

} // namespace

TEST_CASE_METHOD(caster, "the audience is fixed page by page, and everybody is taken once") {
  const auto b = running();
  CHECK(b.state == broadcast_state::running);
  CHECK(b.total == 20);
  std::multiset<std::int64_t> seen;
  std::vector<recipient> results;
  for (;;) {
    const auto t = take(b.broadcast_id, 6, results);
    results.clear();
    for (auto& r : t.next) {
      seen.insert(r.user_id);
      results.push_back(result(r.user_id, recipient_state::sent, 100 + r.user_id));
    }
    if (t.now.state == broadcast_state::done) break;
    REQUIRE((!t.next.empty() || t.now.waiting() > 0));
  }
  CHECK(seen.size() == 20);
  CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 20);
  REQUIRE(read().load_open_work().broadcasts.size() == 1); // its end is not told yet
  apply(store_notice{"cast:" + std::to_string(b.broadcast_id), "done", ++now, {}});
  CHECK(read().load_open_work().broadcasts.empty());
  CHECK(faults().empty());
}

TEST_CASE_METHOD(caster, "who was taken when the engine died is unknown and never taken again") {
  const auto b = running();
  const auto taken = take(b.broadcast_id, 5).next;
  reopen();
  REQUIRE(read().load_open_work().broadcasts.size() == 1);
  std::set<std::int64_t> lost;
  for (auto& r : taken) lost.insert(r.user_id);
  auto t = take(b.broadcast_id, 100, {}, true);
  CHECK(t.now.unknown == 5);
  CHECK(t.next.size() == 15);
  for (auto& r : t.next) CHECK(lost.count(r.user_id) == 0);
  std::vector<recipient> results;
  for (auto& r : t.next) results.push_back(result(r.user_id, recipient_state::sent, 1));
  CHECK(take(b.broadcast_id, 10, results).now.state == broadcast_state::done);
  const auto page = std::get<recipients_page>(
      read().answer(recipients_query{b.broadcast_id, recipient_state::unknown, 0, 100}));
  CHECK(page.all.size() == 5);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(caster, "a result counts once, and only for who was taken") {
  const auto b = running();
  const auto user = take(b.broadcast_id, 1).next.at(0).user_id;
  const auto sent = result(user, recipient_state::sent, 9);
  CHECK(take(b.broadcast_id, 0, {sent}).now.sent == 1);
  CHECK(take(b.broadcast_id, 0, {sent, result(first + 5, recipient_state::sent, 9)}).now.sent == 1);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(caster, "one that has not left is put back and taken again") {
  const auto b = running();
  const auto user = take(b.broadcast_id, 1).next.at(0).user_id;
  CHECK(take(b.broadcast_id, 1, {result(user, recipient_state::waiting)}).next.at(0).user_id == user);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(caster, "who has blocked the bot is left out next time, and is back when he returns") {
  const auto b = running();
  const auto user = take(b.broadcast_id, 1).next.at(0).user_id;
  CHECK(take(b.broadcast_id, 0, {result(user, recipient_state::blocked)}).now.blocked == 1);
  CHECK(size_of({}) == 19);
  auto t = turn_of(user);
  t.user_is_back = true;
  apply(t);
  CHECK(size_of({}) == 20);
}

TEST_CASE_METHOD(caster, "audiences: balance, payers, language, activity, newcomers, mutes, bans") {
  CHECK(size_of({.kind = audience_kind::with_balance}) == 10);
  CHECK(size_of({.kind = audience_kind::paid}) == 0);
  CHECK(size_of({.kind = audience_kind::never_paid}) == 20);
  CHECK(size_of({.language = "ru"}) == 20);
  CHECK(size_of({.language = "en"}) == 0);
  auto quiet = turn_of(first);
  quiet.mutes = {{"news", true}};
  apply(quiet);
  CHECK(size_of({.category = "news"}) == 19);
  CHECK(size_of({.category = "service"}) == 20);
  quiet.update_id = next_update++;
  quiet.mutes = {{"news", false}};
  apply(quiet);
  CHECK(size_of({.category = "news"}) == 20);
  enrol(boss, 0);
  admin_action ban;
  ban.key = "a1", ban.admin_id = boss, ban.at = ++now, ban.what = admin_act::ban, ban.user_id = first;
  apply(ban);
  CHECK(size_of({.category = "service"}) == 20); // the founder has come, one is banned
  open_payment o;
  o.key = "p1", o.user_id = first + 1, o.at = ++now, o.amount = 500, o.credits = 5;
  apply(o);
  apply(star_charge{"c1", "p1", first + 1, 500, "XTR", ++now});
  CHECK(size_of({.kind = audience_kind::paid}) == 1);
  now += 10 * 24 * 3'600'000ll;
  enrol(3001, 0);
  CHECK(size_of({.kind = audience_kind::fresh, .days = 7}) == 1);
  CHECK(size_of({.kind = audience_kind::active, .days = 7}) == 1);
}

TEST_CASE_METHOD(caster, "states change as drawn, and only so, an administrator's word is journaled") {
  const auto b = running();
  const auto id = b.broadcast_id;
  CHECK(step(id, broadcast_state::paused).changed);
  CHECK_FALSE(step(id, broadcast_state::paused).changed);
  CHECK(take(id, 5).next.empty());
  CHECK(step(id, broadcast_state::running).changed);
  CHECK(s->take_broadcasts().size() == 2);
  CHECK(step(id, broadcast_state::asking, 0).changed);
  CHECK(s->take_broadcasts().empty());
  CHECK(step(id, broadcast_state::stopped).changed);
  CHECK_FALSE(step(id, broadcast_state::running).changed);
  CHECK(std::get<journal_page>(read().answer(journal_query{0, 0, 100})).lines.size() == 4);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(caster, "the same key is the same broadcast, other content under it is refused") {
  const auto o = order("b1");
  const auto id = apply(o).now.broadcast_id;
  const auto again = apply(o);
  CHECK_FALSE(again.changed);
  CHECK(again.now.broadcast_id == id);
  auto other = o;
  other.what.params = R"({"text":"ho"})";
  s->begin();
  CHECK_THROWS_AS(s->apply(other), id_conflict);
  s->commit();
}

TEST_CASE_METHOD(caster, "one for later waits, and nobody in it is the end of it") {
  auto later = order("b1");
  later.what.starts_at = now + 1000;
  CHECK(apply(later).now.state == broadcast_state::scheduled);
  const auto empty = gathered(apply(order("b2", {.kind = audience_kind::paid})).now.broadcast_id);
  CHECK(empty.state == broadcast_state::done);
  CHECK(empty.total == 0);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(caster, "what was sent is deleted where it is, and may be repeated after a crash") {
  const auto b = running();
  std::vector<recipient> results;
  for (auto& r : take(b.broadcast_id, 20).next)
    results.push_back(result(
        r.user_id, r.user_id < first + 15 ? recipient_state::sent : recipient_state::failed, r.user_id * 10));
  REQUIRE(take(b.broadcast_id, 0, results).now.state == broadcast_state::done);
  auto erase = order("b2");
  erase.what.kind = broadcast_kind::erase, erase.what.of_broadcast = b.broadcast_id;
  erase.what.method = "deleteMessage";
  const auto e = gathered(apply(erase).now.broadcast_id);
  CHECK(e.total == 15);
  const auto taken = take(e.broadcast_id, 15).next;
  CHECK(taken.at(3).message_id == (first + 3) * 10);
  reopen();
  CHECK(take(e.broadcast_id, 15, {}, true).next.size() == 15);
  CHECK(faults().empty());
}
