#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <algorithm>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

TEST_CASE("an order holds its credits and makes its jobs") {
  bench b;
  b.enrol(ann, 10);
  const auto answer = b.apply(b.order("k", ann, 2, 3));
  CHECK(answer.outcome == order_outcome::accepted);
  CHECK(answer.balance == 4);
  const auto jobs = b.s->take_new_jobs();
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].state == job_state::pending);
  CHECK(jobs[0].language == "ru");
  CHECK(jobs[0].deadline_at == 0); // it runs from the submit
  CHECK(jobs[0].file_token.size() == 32);
  CHECK(jobs[0].order_id == answer.order_id);
  CHECK(b.s->take_new_jobs().empty());
  const auto a = b.read().load_account(ann);
  CHECK(a.balance == 4);
  CHECK(a.held == 6);
  CHECK(a.open_jobs == 3);
  CHECK(b.faults().empty());
}

TEST_CASE("the newest entries of all users tell each transfer once") {
  bench b;
  b.enrol(ann, 10);
  b.enrol(bob, 10);
  b.apply(b.order("k"));
  const auto job = b.s->take_new_jobs().at(0).job_id;
  for (const auto to :
       {job_state::submitting, job_state::processing, job_state::fetching, job_state::delivering})
    b.step(job, to);
  const auto list = b.read().newest_entries(10);
  REQUIRE(list.size() == 4);
  CHECK(list[0].account == "held");
  CHECK(list[0].entry.type == "debit");
  CHECK(list[0].entry.amount == -2);
  CHECK(list[1].account == "user");
  CHECK(list[1].entry.type == "reservation");
  CHECK(list[1].entry.amount == -2);
  CHECK(list[1].user_id == ann);
  CHECK(list[2].user_id == bob);
  CHECK(list[3].entry.amount == 10);
  CHECK(b.read().newest_entries(1).size() == 1);
}

TEST_CASE("the same order again answers the same and makes nothing") {
  bench b;
  b.enrol(ann, 10);
  const auto first = b.apply(b.order("k"));
  b.s->take_new_jobs();
  const auto again = b.apply(b.order("k"));
  CHECK(again.outcome == order_outcome::accepted);
  CHECK(again.order_id == first.order_id);
  CHECK(again.balance == 8);
  CHECK(b.s->take_new_jobs().empty());
  CHECK(b.read().jobs_of(ann, 0, 10).size() == 1);
}

TEST_CASE("an order key with other content is refused as a conflict") {
  bench b;
  b.enrol(ann, 10);
  b.apply(b.order("k"));
  auto other = b.order("k");
  SECTION("prompt") { other.spec.prompt = "a dog"; }
  SECTION("price") { other.price = 3; }
  SECTION("count") { other.count = 2; }
  SECTION("user") { other.user_id = bob; }
  b.s->begin();
  CHECK_THROWS_AS(b.s->apply(other), id_conflict);
  b.s->commit();
  CHECK(b.read().load_account(ann).balance == 8);
  CHECK(b.faults().empty());
}

TEST_CASE("too few credits says how many are missing and holds nothing") {
  bench b;
  b.enrol(ann, 5);
  const auto answer = b.apply(b.order("k", ann, 2, 3));
  CHECK(answer.outcome == order_outcome::too_few_credits);
  CHECK(answer.missing == 1);
  CHECK(answer.balance == 5);
  CHECK(b.s->take_new_jobs().empty());
  CHECK(b.read().load_account(ann).held == 0);
}

TEST_CASE("too many running jobs are refused, finished ones do not count") {
  bench b;
  b.enrol(ann, 100);
  b.apply(b.order("a", ann, 1, 3));
  CHECK(b.apply(b.order("b")).outcome == order_outcome::too_many_jobs);
  b.step(b.s->take_new_jobs().at(0).job_id, job_state::cancelled);
  CHECK(b.apply(b.order("b")).outcome == order_outcome::accepted);
  CHECK(b.faults().empty());
}

TEST_CASE("an order with an impossible price or count is an error, not a gift") {
  bench b;
  b.enrol(ann, 10);
  b.s->begin();
  CHECK_THROWS_AS(b.s->apply(b.order("a", ann, -5)), std::invalid_argument);
  CHECK_THROWS_AS(b.s->apply(b.order("b", ann, 1, 0)), std::invalid_argument);
  CHECK_THROWS_AS(b.s->apply(b.order("")), std::invalid_argument);
  b.s->commit();
  CHECK(b.read().load_account(ann).balance == 10);
}

TEST_CASE("a job runs to completion and its hold is posted once") {
  bench b;
  const auto id = b.one_job();
  job_step st;
  st.job_id = id;
  st.at = b.now;
  st.to = job_state::submitting;
  st.key_name = "key-1";
  auto answer = b.apply(st);
  CHECK(answer.changed);
  CHECK(answer.now.key_name == "key-1");
  CHECK(answer.now.submitted_at == st.at);
  st.to = job_state::processing, st.task_id = "task";
  CHECK(b.apply(st).now.task_id == "task");
  st.to = job_state::fetching, st.result_url = "http://x/1";
  CHECK(b.apply(st).now.result_url == "http://x/1");
  CHECK(b.read().load_account(ann).held == 2);
  st.to = job_state::delivering, st.file_path = "/f.mp4", st.thumbnail_path = "/t.jpg";
  st.media = {1280, 720, 8000, 123456};
  auto delivery = message(ann, lane::result);
  delivery.job_id = id;
  delivery.uploads = {{"video", "/f.mp4", "video/mp4"}, {"thumbnail", "/t.jpg", "image/jpeg"}};
  st.messages = {delivery};
  CHECK(b.apply(st).changed);
  CHECK_FALSE(b.apply(st).changed);
  CHECK(b.read().load_account(ann).held == 0);
  CHECK(b.faults().empty());

  const auto sent = b.s->take_outgoing();
  REQUIRE(sent.size() == 1);
  b.reopen();
  const auto work = b.read().load_open_work();
  REQUIRE(work.messages.size() == 1);
  REQUIRE(work.messages[0].uploads.size() == 2);
  CHECK(work.messages[0].uploads[1].path == "/t.jpg");
  auto report = delivered(sent[0]);
  report.file_id = "file-9";
  b.apply(report);
  b.apply(report);
  const auto done = b.read().load_job(id);
  CHECK(done.state == job_state::completed);
  CHECK(done.file_id == "file-9");
  CHECK(done.media.bytes == 123456);
  CHECK(b.read().load_open_work().messages.empty());
  CHECK(b.read().load_open_work().jobs.empty());
  CHECK(b.read().load_account(ann).balance == 8);
  CHECK(b.faults().empty());
}

TEST_CASE("a failed or cancelled job gives its credits back, once") {
  bench b;
  const auto id = b.one_job();
  const auto to = GENERATE(job_state::failed, job_state::cancelled);
  CHECK(b.step(id, to).changed);
  CHECK_FALSE(b.step(id, to).changed);
  CHECK_FALSE(b.step(id, job_state::submitting).changed);
  CHECK(b.read().load_account(ann).balance == 10);
  CHECK(b.read().load_account(ann).held == 0);
  const auto list = b.read().entries(ann, 0, 10);
  REQUIRE(list.size() == 3);
  CHECK(list[0].type == "refund");
  CHECK(list[0].amount == 2);
  CHECK(list[1].type == "reservation");
  CHECK(list[1].amount == -2);
  CHECK(list[2].ref_type == "bonus");
  CHECK(b.faults().empty());
}

TEST_CASE("a refused submit goes back to the queue and is counted") {
  bench b;
  const auto id = b.one_job();
  b.step(id, job_state::submitting);
  job_step retry;
  retry.job_id = id;
  retry.at = b.now;
  retry.not_before = b.now + 10'000;
  const auto answer = b.apply(retry);
  CHECK(answer.changed);
  CHECK(answer.now.attempt == 1);
  CHECK(answer.now.not_before == retry.not_before);
  CHECK_FALSE(b.apply(retry).changed);
  CHECK(b.read().load_account(ann).held == 2);
}

TEST_CASE("a late success is a gift: the user has the video and the credits, the house pays") {
  bench b;
  const auto id = b.one_job();
  b.step(id, job_state::submitting);
  b.step(id, job_state::unknown);
  job_step late;
  late.job_id = id;
  late.at = b.now;
  late.to = job_state::overdue;
  late.watch_until = b.now + 1000;
  REQUIRE(b.apply(late).changed);
  CHECK_FALSE(b.apply(late).changed);
  CHECK(b.read().load_account(ann).balance == 10);
  CHECK(b.read().load_account(ann).open_jobs == 0); // the user may order again
  CHECK(b.read().load_open_work().jobs.size() == 1);
  late.task_id = "t-1", late.watch_until = 0;
  const auto known = b.apply(late);
  CHECK(known.changed);
  CHECK(known.now.task_id == "t-1");
  CHECK(known.now.deadline_at == b.now + 1000);
  CHECK(b.step(id, job_state::gifted).changed);
  CHECK_FALSE(b.step(id, job_state::gifted).changed);
  CHECK(b.read().load_account(ann).balance == 10);
  CHECK(b.read().load_account(ann).held == 0);
  CHECK(b.read().load_open_work().jobs.empty());
  CHECK(b.faults().empty());
}

TEST_CASE("exactly the arrows of the picture are allowed") {
  using enum job_state;
  struct row {
    std::vector<job_state> way, allowed;
  };
  const std::vector<row> rows = {
      {{}, {submitting, failed, cancelled}},
      {{submitting}, {processing, pending, unknown, failed}},
      {{submitting, unknown}, {processing, failed, overdue}},
      {{submitting, processing}, {fetching, pending, failed, overdue}},
      {{submitting, processing, fetching}, {fetching, delivering, failed, processing}},
      {{submitting, processing, fetching, delivering}, {completed}},
      {{submitting, processing, fetching, delivering, completed}, {}},
      {{submitting, processing, overdue}, {gifted, failed}}, // and itself, when its task becomes known
      {{submitting, processing, overdue, gifted}, {}},
      {{submitting, processing, overdue, failed}, {}},
      {{failed}, {}},
      {{cancelled}, {}}};
  bench b;
  b.enrol(ann, 1000);
  int n = 0;
  for (const auto& r : rows)
    for (int to = 0; to <= static_cast<int>(gifted); ++to) {
      auto o = b.order("o" + std::to_string(++n));
      o.active_jobs_max = 1000;
      b.apply(o);
      const auto id = b.s->take_new_jobs().at(0).job_id;
      for (const auto s : r.way) REQUIRE(b.step(id, s).changed);
      const auto target = static_cast<job_state>(to);
      const bool expected = std::count(r.allowed.begin(), r.allowed.end(), target) > 0;
      INFO("row of " << r.way.size() << " steps, to " << name_of(target));
      CHECK(b.step(id, target).changed == expected);
    }
  CHECK(b.faults().empty());
}

TEST_CASE("a step that changes nothing says nothing") {
  bench b;
  const auto id = b.one_job();
  job_step st;
  st.job_id = id;
  st.at = b.now;
  st.to = job_state::completed;
  st.messages = {message(ann)};
  CHECK_FALSE(b.apply(st).changed);
  CHECK(b.s->take_outgoing().empty());
  st.job_id = 999;
  CHECK(b.apply(st).now.job_id == 0);
}

TEST_CASE("a pack's last words are said once, by whichever of its videos ends it") {
  for (const bool last_fails : {false, true}) {
    CAPTURE(last_fails);
    bench b;
    b.enrol(ann, 100);
    b.apply(b.order("pack", ann, 2, 3));
    const auto jobs = b.s->take_new_jobs();
    REQUIRE(jobs.size() == 3);
    CHECK(jobs.front().of_order == 3);
    CHECK(b.read().load_job(jobs.front().job_id).of_order == 3);
    b.s->take_outgoing();
    const auto step = [&](std::int64_t id, job_state to) {
      job_step s;
      s.job_id = id, s.at = ++b.now, s.to = to;
      s.finale.push_back(message(ann, lane::result));
      if (to == job_state::delivering)
        s.messages.push_back(message(ann, lane::result)), s.messages[0].job_id = id;
      b.apply(s);
      auto said = b.s->take_outgoing();
      if (said.empty() || said[0].job_id == 0) return said.size();
      b.apply(delivered(said[0])); // the video has come: only then the order may be done
      return b.s->take_outgoing().size();
    };
    const auto to_the_end = [&](std::int64_t id, job_state end) {
      std::size_t said = 0;
      for (auto to : {job_state::submitting, job_state::processing}) said += step(id, to);
      if (end == job_state::delivering) said += step(id, job_state::fetching);
      return said + step(id, end);
    };
    CHECK(to_the_end(jobs[1].job_id, job_state::delivering) == 0);
    CHECK(to_the_end(jobs[0].job_id, job_state::overdue) == 0);
    CHECK(to_the_end(jobs[2].job_id, last_fails ? job_state::failed : job_state::delivering) == 1);
    CHECK(step(jobs[2].job_id, job_state::delivering) == 0); // again
    CHECK(b.faults().empty());
  }
}

TEST_CASE("a task belongs to the job that has it, whoever names it") {
  bench b;
  b.enrol(ann, 10);
  b.enrol(bob, 10);
  b.apply(b.order("a", ann));
  b.apply(b.order("b", bob));
  const auto jobs = b.s->take_new_jobs();
  const auto of = [&](std::int64_t job_id, job_state to, const std::string& key, const std::string& task) {
    job_step step;
    step.job_id = job_id, step.at = b.now, step.to = to, step.key_name = key, step.task_id = task;
    return b.apply(step);
  };
  of(jobs[0].job_id, job_state::submitting, "k1", "");
  of(jobs[1].job_id, job_state::submitting, "k1", "");
  CHECK(of(jobs[0].job_id, job_state::processing, "", "t").changed);
  const auto refused = of(jobs[1].job_id, job_state::processing, "", "t");
  CHECK_FALSE(refused.changed);
  CHECK(refused.task_of == jobs[0].job_id);
  CHECK(refused.now.state == job_state::submitting);
  of(jobs[1].job_id, job_state::unknown, "", "");
  CHECK(of(jobs[1].job_id, job_state::overdue, "", "t").task_of == jobs[0].job_id);
  CHECK(of(jobs[0].job_id, job_state::processing, "", "t").task_of == 0); // its own, once more
  CHECK(of(jobs[1].job_id, job_state::processing, "", "t2").changed);
  CHECK(b.faults().empty());
}
