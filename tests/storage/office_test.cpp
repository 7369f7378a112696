/// What administrators do: each act happens once, is journaled, and the book stays in order.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

constexpr std::int64_t boss = founder_user_id;

struct office : bench {
  office() {
    enrol(boss, 0);
    enrol(ann, 10);
  }
  admin_action act(admin_act what, const std::string& key, std::int64_t user = ann, std::int64_t amount = 0) {
    admin_action a;
    a.key = key, a.admin_id = boss, a.at = ++now, a.what = what, a.user_id = user, a.amount = amount;
    a.reason = "because";
    return a;
  }
  admin_action on_job(admin_act what, const std::string& key, std::int64_t job_id) {
    auto a = act(what, key, 0);
    a.job_id = job_id;
    return a;
  }
  std::int64_t balance(std::int64_t user = ann) { return read().load_account(user).balance; }
  std::vector<journal_line> journal(std::int64_t user = 0) {
    return std::get<journal_page>(read().answer(journal_query{user, 0, 100})).lines;
  }
  std::int64_t ordered() {
    apply(order("o" + std::to_string(++now)));
    return s->take_new_jobs().at(0).job_id;
  }
};

} // namespace

TEST_CASE_METHOD(office, "credits given by an administrator come once, however often he presses") {
  const auto gift = act(admin_act::give, "a1", ann, 5);
  for (int i = 0; i < 3; ++i) {
    const auto answer = apply(gift);
    CHECK(answer.outcome == admin_outcome::done);
    CHECK(answer.now.balance == 15);
    CHECK(answer.profile.first_name == "Name");
  }
  auto other = gift;
  other.amount = 6;
  s->begin();
  CHECK_THROWS_AS(s->apply(other), id_conflict);
  s->commit();
  CHECK(balance() == 15);
  const auto entries = read().entries(ann, 0, 1);
  CHECK(entries.at(0).ref_type == "admin");
  CHECK(entries.at(0).description == "because");
  REQUIRE(journal(ann).size() == 1);
  CHECK(journal(ann)[0].action == "give");
  CHECK(journal(ann)[0].amount == 5);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(office, "more than the balance cannot be taken, and the refusal says what there is") {
  const auto refused = apply(act(admin_act::take, "a1", ann, 11));
  CHECK(refused.outcome == admin_outcome::too_few_credits);
  CHECK(refused.now.balance == 10);
  CHECK(journal().empty());
  CHECK(apply(act(admin_act::take, "a2", ann, 10)).now.balance == 0);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(office, "nobody unknown is given anything") {
  CHECK(apply(act(admin_act::give, "a1", 777, 5)).outcome == admin_outcome::unknown_user);
  CHECK(apply(on_job(admin_act::retry_job, "a2", 99)).outcome == admin_outcome::unknown_job);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(office, "a ban stands with its reason until it is lifted") {
  CHECK(apply(act(admin_act::ban, "a1")).now.banned);
  CHECK(apply(act(admin_act::ban, "a2")).outcome == admin_outcome::already);
  reopen();
  CHECK(read().load_account(ann).ban_reason == "because");
  const auto free = apply(act(admin_act::unban, "a3"));
  CHECK_FALSE(free.now.banned);
  CHECK(free.now.ban_reason.empty());
  CHECK(journal(ann).size() == 2);
}

TEST_CASE_METHOD(office, "roles are given and taken, but nobody changes an owner's or his own") {
  s->obey({{boss, bob}, 1000});
  enrol(bob, 0);
  CHECK(apply(act(admin_act::promote, "a1")).now.rank == role::admin);
  CHECK(apply(act(admin_act::promote, "a2")).outcome == admin_outcome::already);
  CHECK(apply(act(admin_act::make_support, "a3")).now.rank == role::support);
  for (const auto what : {admin_act::promote, admin_act::make_support, admin_act::demote}) {
    const std::string key = name_of(what);
    CHECK(apply(act(what, key + " own", boss)).outcome == admin_outcome::impossible);
    CHECK(apply(act(what, key + " other", bob)).outcome == admin_outcome::impossible);
  }
  CHECK(apply(act(admin_act::demote, "a5")).now.rank == role::none);
  CHECK(apply(act(admin_act::demote, "a6")).outcome == admin_outcome::already);
  CHECK(read().load_account(bob).rank == role::none); // what the configuration says is written nowhere
}

TEST_CASE_METHOD(office, "who has a role is not banned") {
  apply(act(admin_act::promote, "a1"));
  CHECK(apply(act(admin_act::ban, "a2")).outcome == admin_outcome::impossible);
  CHECK(apply(act(admin_act::ban, "a3", boss)).outcome == admin_outcome::impossible);
  apply(act(admin_act::demote, "a4"));
  CHECK(apply(act(admin_act::ban, "a5")).now.banned);
}

TEST_CASE_METHOD(office, "a completed job's credits go back once") {
  using enum job_state;
  const auto id = ordered();
  CHECK(apply(on_job(admin_act::return_credits, "a0", id)).outcome == admin_outcome::impossible);
  walk(id, submitting, processing, fetching, delivering);
  outgoing video = message(ann);
  video.job_id = id;
  auto t = turn_of(ann, {video});
  apply(t);
  apply(delivered(s->take_outgoing().back()));
  REQUIRE(read().load_job(id).state == completed);
  CHECK(apply(on_job(admin_act::return_credits, "a1", id)).now.balance == 10);
  CHECK(apply(on_job(admin_act::return_credits, "a2", id)).outcome == admin_outcome::already);
  CHECK(balance() == 10);
  const auto card = std::get<job_card>(read().answer(job_card_query{id}));
  CHECK(card.returned);
  REQUIRE(card.timeline.size() == 6);
  CHECK(card.timeline.front().state == pending);
  CHECK(card.timeline.back().state == completed);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(office, "a failed job is made again once, and the house pays") {
  using enum job_state;
  const auto id = ordered();
  walk(id, submitting, failed);
  REQUIRE(balance() == 10);
  CHECK(apply(on_job(admin_act::return_credits, "a0", id)).outcome == admin_outcome::already);
  const auto again = apply(on_job(admin_act::retry_job, "a1", id));
  CHECK(again.outcome == admin_outcome::done);
  CHECK(again.what.job_id != id);
  CHECK(again.what.state == pending);
  CHECK(again.what.spec.prompt == "a cat");
  CHECK(again.now.balance == 10);
  CHECK(again.now.held == 2);
  CHECK(s->take_new_jobs().size() == 1);
  CHECK(apply(on_job(admin_act::retry_job, "a2", id)).outcome == admin_outcome::already);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(office, "a gift that Telegram refuses is none: it counts as failed and can be made again") {
  using enum job_state;
  const auto id = ordered();
  walk(id, submitting, processing, overdue, gifted);
  outgoing video = message(ann);
  video.job_id = id;
  apply(turn_of(ann, {video}));
  auto refused = delivered(s->take_outgoing().back());
  refused.delivered = false, refused.why = "file is too big";
  apply(refused);
  const auto j = read().load_job(id);
  CHECK(j.state == gifted);
  CHECK(j.fail_text == "file is too big");
  const auto card = std::get<user_card>(read().answer(user_query{ann, {}}));
  CHECK(card.videos == 0);
  CHECK(card.failed == 1);
  const auto models = std::get<stats>(read().answer(stats_query{0, now})).models;
  REQUIRE(models.size() == 1);
  CHECK(models[0].gifted == 0);
  CHECK(models[0].failed == 1);
  CHECK(apply(on_job(admin_act::retry_job, "a1", id)).outcome == admin_outcome::done);
  CHECK(apply(on_job(admin_act::retry_job, "a2", id)).outcome == admin_outcome::already);
  CHECK(faults().empty());
}

TEST_CASE_METHOD(office, "what administrators must hear is told once") {
  store_notice n;
  n.name = "daily", n.value = "2026-11-26", n.at = ++now, n.messages = {message(boss)};
  apply(n);
  CHECK(s->take_outgoing().size() == 1);
  reopen();
  apply(n);
  CHECK(s->take_outgoing().empty());
  n.value = "2026-11-27";
  apply(n);
  CHECK(s->take_outgoing().size() == 1);
}

TEST_CASE_METHOD(office, "the activity log is kept for as long as wanted") {
  constexpr unix_ms day = 24 * 3'600'000ll;
  const auto does = [&](const std::string& what, int days) {
    auto t = turn_of(ann);
    t.activity = what, t.activity_days = days;
    apply(t);
  };
  const auto log = [&] { return std::get<activity_page>(read().answer(activity_query{ann, 0, 10})).lines; };
  does("/start", 30);
  does("text, 3 characters", 0);
  now += day;
  does("button gen", 30);
  REQUIRE(log().size() == 2);
  CHECK(log()[0].what == "button gen");
  CHECK(log()[1].what == "/start");
  now += 31 * day;
  does("button buy", 30);
  REQUIRE(log().size() == 1);
}

TEST_CASE_METHOD(office, "the activity log reads as one, whatever part of it is filed already") {
  for (int i = 1; i <= 1300; ++i) { // filed twice, and a rest that is not
    auto t = turn_of(i % 2 ? ann : bob);
    t.activity = "press " + std::to_string(i), t.activity_days = 30;
    ++now;
    apply(t);
  }
  for (const auto user : {ann, bob}) {
    std::vector<std::string> seen;
    for (int offset = 0;; offset += 100) {
      const auto lines = std::get<activity_page>(read().answer(activity_query{user, offset, 100})).lines;
      if (lines.empty()) break;
      for (auto& l : lines) seen.push_back(l.what);
    }
    REQUIRE(seen.size() == 650);
    for (int i = 0; i < 650; ++i) // newest first
      CHECK(seen[static_cast<std::size_t>(i)] == "press " + std::to_string(2 * (650 - i) - (user == ann)));
  }
}

TEST_CASE_METHOD(office, "statistics count users, money and videos") {
  using enum job_state;
  enrol(bob, 60);
  apply(act(admin_act::give, "a1", ann, 5));
  apply(act(admin_act::ban, "a2", bob));
  const auto first = ordered();
  walk(first, submitting, failed);
  ordered();
  open_payment o;
  o.key = "p1", o.user_id = ann, o.at = ++now, o.amount = 500, o.credits = 5;
  apply(o);
  apply(star_charge{"c1", "p1", ann, 500, "XTR", ++now});
  const auto all = std::get<stats>(read().answer(stats_query{0, now}));
  CHECK(all.users == 3);
  CHECK(all.active_1d == 3);
  CHECK(all.banned == 1);
  CHECK(all.balance == 1000 + 10 + 5 - 2 + 5 + 60);
  CHECK(all.held == 2);
  CHECK(all.by_balance[2] == 1);
  CHECK(all.by_balance[3] == 1);
  CHECK(all.by_balance[4] == 1);
  REQUIRE(all.sales.size() == 1);
  CHECK(all.sales[0].amount == 500);
  REQUIRE(all.models.size() == 1);
  CHECK(all.models[0].failed == 1);
  CHECK(all.models[0].running == 1);
  const auto later = std::get<stats>(read().answer(stats_query{now + 1, now + 1}));
  CHECK(later.fresh == 0);
  CHECK(later.sales.empty());
}

TEST_CASE_METHOD(office, "a user is found by number and by name in any case") {
  CHECK(std::get<user_card>(read().answer(user_query{ann, {}})).money.balance == 10);
  CHECK(std::get<user_card>(read().answer(user_query{0, "NICK"})).who.user_id != 0);
  CHECK(std::get<user_card>(read().answer(user_query{0, "nobody"})).who.user_id == 0);
}

TEST_CASE_METHOD(office, "the queue is told by model") {
  ordered();
  const auto second = ordered();
  walk(second, job_state::submitting);
  const auto page = std::get<queue_page>(read().answer(queue_query{}));
  REQUIRE(page.lines.size() == 1);
  CHECK(page.lines[0].waiting == 1);
  CHECK(page.lines[0].running == 1);
  CHECK(page.oldest.size() == 2);
}
