/// The same request many times over, from many sides at once: one effect, and everyone hears the same.
#include "tests/actors/fixture.hpp"
#include <atomic>
#include <set>
#include <thread>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr int repeats = 100;

order_request an_order(const std::string& key = "k") {
  order_request o;
  o.order_key = key;
  o.user_id = stage::user;
  o.at = stage::first_ms;
  o.spec.model_id = "veo";
  o.spec.prompt = "a cat";
  o.price = 2;
  o.count = 2;
  return o;
}

/// What the neighbours of the ledger heard of.
struct listening {
  std::size_t jobs = 0, messages = 0;
};

struct crowd : stage {
  std::shared_ptr<listening> heard = std::make_shared<listening>();

  crowd() {
    auto d = own(sys->spawn([h = heard](dispatcher_actor::pointer) -> dispatcher_actor::behavior_type {
      return {[h](const committed_jobs& x) { h->jobs += x.jobs.size(); },
              [](const job_back&) {},
              [](const job_over&) {},
              [](const job_overdue&) {},
              [](const job_fallen&) {},
              [](const job_cancelled&) {},
              [](const submit_heard&) {},
              [](may_submit) { return submit_leave{}; },
              [](const provider_woke&) {},
              [](wake) {}};
    }));
    auto c = own(sys->spawn([h = heard](courier_actor::pointer) -> courier_actor::behavior_type {
      return {[h](const committed_messages& x) { h->messages += x.messages.size(); }, [](const outgoing&) {},
              [](broadcast_post&) { return post_result{}; }, [](const recall_broadcast&) {},
              [](const wake&) {}};
    }));
    tell(ledger, ledger_listeners{c, d, {}, {}});
    enrol(100);
  }
  /// All questions are under way before the first is answered. Refusals are counted.
  template <class answer, class question>
  std::vector<answer> ask_all(const std::vector<question>& questions, int* refusals = nullptr) {
    std::vector<answer> answers;
    using handle = decltype((*self)->request(ledger, caf::infinite, questions.front()));
    std::vector<handle> asked;
    for (auto& q : questions) asked.push_back((*self)->request(ledger, caf::infinite, q));
    run();
    for (auto& a : asked)
      a.receive([&](answer& x) { answers.push_back(std::move(x)); },
                [&](caf::error& e) {
                  CHECK(e == caf::sec::invalid_argument);
                  if (refusals != nullptr) ++*refusals;
                });
    return answers;
  }
};

} // namespace

TEST_CASE_METHOD(crowd, "a hundred orders with the same key are one order, and all hear the same answer") {
  const auto answers = ask_all<order_answer>(std::vector<order_request>(repeats, an_order()));
  REQUIRE(answers.size() == repeats);
  for (auto& a : answers) {
    CHECK(a.outcome == order_outcome::accepted);
    CHECK(a.order_id == answers.front().order_id);
    CHECK(a.balance == 96);
  }
  CHECK(heard->jobs == 2);
  CHECK(db->jobs_of(user, 0, 1000).size() == 2);
  CHECK(balance().held == 4);
}

TEST_CASE_METHOD(crowd, "among a hundred of the same order, one with other content is refused alone") {
  std::vector<order_request> questions(repeats, an_order());
  questions[50].spec.prompt = "a dog";
  int refusals = 0;
  CHECK(ask_all<order_answer>(questions, &refusals).size() == repeats - 1);
  CHECK(refusals == 1);
  CHECK(heard->jobs == 2);
  CHECK(balance().held == 4);
}

TEST_CASE_METHOD(crowd, "a hundred registrations are one gift") {
  register_user r;
  r.profile = {2002, "Bob", "bob", "en"};
  r.welcome_credits = 7;
  for (auto& a : ask_all<account>(std::vector<register_user>(repeats, r))) CHECK(a.balance == 7);
  CHECK(db->entries(2002, 0, 1000).size() == 1);
}

TEST_CASE_METHOD(crowd, "a hundred of the same update, turn, step and report have one effect each") {
  ask<order_answer>(ledger, an_order());
  const auto job_id = db->jobs_of(user, 0, 1).at(0).job_id;

  accept_updates intake{{{7, user, "{}"}}, now()};
  std::size_t fresh = 0;
  for (auto& a : ask_all<accepted_updates>(std::vector<accept_updates>(repeats, intake)))
    fresh += a.fresh.size();
  CHECK(fresh == 1);

  turn t;
  t.update_id = 7, t.user_id = user, t.at = now();
  t.messages = {{.chat_id = user, .method = "sendMessage", .params = "{}"}};
  CHECK(ask_all<done>(std::vector<turn>(repeats, t)).size() == repeats);
  CHECK(heard->messages == 1);

  const auto changes_of = [&](job_state to) {
    job_step s;
    s.job_id = job_id, s.at = now(), s.to = to;
    if (to == job_state::delivering) {
      s.messages = {{.chat_id = user, .urgency = lane::result, .method = "sendVideo", .params = "{}"}};
      s.messages[0].job_id = job_id;
    }
    int changes = 0;
    for (auto& a : ask_all<step_answer>(std::vector<job_step>(repeats, s))) changes += a.changed;
    return changes;
  };
  for (auto to : {job_state::submitting, job_state::processing, job_state::fetching, job_state::delivering})
    CHECK(changes_of(to) == 1);
  CHECK(heard->messages == 2);
  CHECK(balance().held == 2);

  delivery_report refused; // the worst case: each would have the video fetched once more
  refused.outbox_id = db->load_open_work().messages.back().outbox_id;
  refused.job_id = job_id, refused.at = now(), refused.why = "too big";
  for (int i = 0; i < repeats; ++i) caf::anon_send(ledger, refused);
  run();
  advance(10ms); // the report's patience
  CHECK(db->load_job(job_id).state == job_state::fetching);
  CHECK(db->load_job(job_id).deliveries == 1);
  CHECK(balance().balance == 96); // nothing returns before the last attempt
}

TEST_CASE_METHOD(crowd, "a report goes with the next batch, or after ten milliseconds with one of its own") {
  const auto says = [&](std::int64_t update_id) {
    turn t;
    t.update_id = update_id, t.user_id = user, t.at = now();
    t.messages = {{.chat_id = user, .method = "sendMessage", .params = "{}"}};
    return ask<done>(ledger, t).stored_in;
  };
  const auto reports_last = [&] {
    delivery_report r;
    r.outbox_id = db->load_open_work().messages.back().outbox_id;
    r.delivered = true, r.at = now();
    tell(ledger, r);
  };
  const auto open = [&] { return db->load_open_work().messages.size(); };
  const auto first = says(7);
  reports_last();
  CHECK(open() == 1);
  CHECK(says(8) == first + 1);
  CHECK(open() == 1); // the new one: the report came along
  reports_last();
  advance(9ms);
  CHECK(open() == 1);
  advance(1ms);
  CHECK(open() == 0);
  CHECK(says(9) == first + 3);
}

TEST_CASE("the same order from ten threads at once, through a ledger on its own thread, is one order") {
  const stage s; // for its configuration and its folder
  const auto path = s.temporary.path + "/parallel.db";
  constexpr int threads = 10;
  std::atomic<int> accepted{0}, others{0};
  {
    caf::actor_system_config cfg;
    cfg.set("scheduler.max-threads", std::size_t{2});
    caf::actor_system real{cfg};
    auto own_ctx = std::make_shared<engine_context>();
    own_ctx->settings = s.ctx->settings;
    own_ctx->now = [] { return stage::first_ms; };
    auto ledger =
        spawn_ledger(real, spawn_writer(real, std::make_shared<storage::store>(path), own_ctx, true));
    {
      caf::scoped_actor self{real};
      register_user r;
      r.profile = {stage::user, "Ann", "ann", "en"};
      r.welcome_credits = 100;
      self->request(ledger, 30s, r).receive([](account&) {}, [](caf::error&) { FAIL("no registration"); });
    }
    std::vector<std::thread> crowd;
    for (int i = 0; i < threads; ++i)
      crowd.emplace_back([&] {
        caf::scoped_actor self{real};
        for (int n = 0; n < repeats / threads; ++n)
          self->request(ledger, 30s, an_order())
              .receive([&](order_answer& a) { (a.order_id == 1 ? accepted : others)++; },
                       [&](caf::error&) { ++others; });
      });
    for (auto& t : crowd) t.join();
    caf::anon_send_exit(ledger, caf::exit_reason::user_shutdown);
  }
  CHECK(accepted == repeats);
  CHECK(others == 0);
  storage::reader db{path};
  CHECK(db.jobs_of(stage::user, 0, 1000).size() == 2);
  CHECK(db.load_account(stage::user).balance == 96);
  CHECK(db.audit().faults.empty());
}

TEST_CASE_METHOD(crowd,
                 "after a quiet minute what the WAL holds is in the file, and its space with the disk") {
  const auto wal = [&] { return std::filesystem::file_size(path() + "-wal"); };
  turn t;
  t.update_id = 7, t.user_id = user, t.at = now();
  ask<done>(ledger, t);
  CHECK(wal() > 0);
  advance(125s, 1s);
  CHECK(wal() == 0);
  t.update_id = 8, t.at = now();
  ask<done>(ledger, t); // and it works on
  CHECK(wal() > 0);
  CHECK(db->load_open_work().updates.empty());
}
