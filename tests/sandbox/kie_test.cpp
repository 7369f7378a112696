#include "net/sandbox/kie_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

struct kie_fixture {
  kie_world kie{1000, 0, 1};

  static std::string body(const std::string& prompt) {
    return json{{"model", "veo-3-1"}, {"callBackUrl", "http://x/cb"}, {"input", {{"prompt", prompt}}}}.dump();
  }
  kie_created create(const std::string& prompt, std::int64_t now = 0, const std::string& key = "K") {
    return kie.create_job(body(prompt), "http://h", now, key);
  }
  int code(const kie_created& made) { return made.body["code"].get<int>(); }
  std::string message(const kie_created& made) { return made.body["msg"].get<std::string>(); }
  json record(const std::string& id, std::int64_t now) { return kie.record_info(id, now)["data"]; }
  double credits(const std::string& key, std::int64_t now) {
    return kie.credit(now, key)["data"].get<double>();
  }
};

} // namespace

TEST_CASE_METHOD(kie_fixture, "a marker in the prompt decides how the task fails, and failures are free") {
  struct row {
    std::string mark, code, text;
  };
  const std::vector<row> rows{
      {"[[fail:violation]]", "422", "CONTENT_POLICY_BLOCKED"},
      {"[[fail:violation:person]]", "400", "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED"},
      {"[[fail:violation:minor]]", "400", "PUBLIC_ERROR_MINOR_UPLOAD"},
      {"[[fail:violation:copyright]]", "422", "copyright"},
      {"[[fail:violation:sensitive]]", "422", "sensitive"},
      {"[[fail:temporary]]", "500", "Internal Error, Please try again later."},
      {"[[fail:unknown]]", "GENERATION_FAILED", "failed"},
      {"[[fail:billing]]", "402", "Credits insufficient"},
      {"[[fail:input]]", "400", "Failed to fetch the image"}};
  for (const auto& r : rows) {
    INFO(r.mark);
    const auto made = create("a cat " + r.mark);
    REQUIRE(code(made) == 200);
    CHECK(record(made.task_id, 999)["state"] == "generating");
    const auto end = record(made.task_id, 1000);
    CHECK(end["state"] == "fail");
    CHECK(end["failCode"] == r.code);
    CHECK(end["failMsg"].get<std::string>().find(r.text) != std::string::npos);
    CHECK(end["creditsConsumed"] == 0);
    CHECK(json::parse(kie.callback_of(made.task_id, 1000)->body)["code"] == 501);
    const auto older =
        kie.create_veo(json{{"prompt", r.mark}, {"callBackUrl", "http://x"}}.dump(), "", 0, "V");
    CHECK(kie.veo_record_info(older.task_id, 1000)["data"]["successFlag"] == 3);
    CHECK(json::parse(kie.callback_of(older.task_id, 1000)->body)["code"] != 200);
  }
  CHECK(credits("K", 5000) == 1'000'000);
}

TEST_CASE_METHOD(kie_fixture, "a marker in the prompt decides how the create is answered") {
  struct row {
    std::string mark;
    int code;
    std::string text;
  };
  const std::vector<row> rows{{"[[submit:429]]", 429, "Rate limit exceeded"},
                              {"[[submit:402]]", 402, "Credits insufficient"},
                              {"[[submit:500]]", 500, "Server exception, please try again later"},
                              {"[[submit:input]]", 500, "This field is required"},
                              {"[[submit:paused]]", 500, "This interface is temporarily paused"}};
  for (const auto& r : rows) {
    INFO(r.mark);
    const auto made = create("a cat " + r.mark);
    CHECK(code(made) == r.code);
    CHECK(message(made).find(r.text) == 0);
    CHECK(made.task_id.empty());
  }
  CHECK(kie.tasks(0).empty());
  CHECK(kie.creates().empty());
}

TEST_CASE_METHOD(kie_fixture, "a lost answer belongs to a task that was made") {
  const auto made = create("a cat [[submit:lost]]");
  CHECK(made.lost);
  CHECK(record(made.task_id, 1000)["state"] == "success");
  CHECK_FALSE(create("a cat").lost);
  kie.faults.lose_next = 1;
  CHECK_FALSE(create("a cat [[submit:500]]").lost); // nothing was made, so the count stays
  CHECK(create("a cat").lost);
  CHECK_FALSE(create("a cat").lost);
}

TEST_CASE_METHOD(kie_fixture, "a late task succeeds after ten times the usual time") {
  const auto marked = create("a cat [[late]]");
  CHECK(marked.ready_at == 10'000);
  CHECK(record(marked.task_id, 9999)["state"] == "generating");
  CHECK(record(marked.task_id, 10'000)["state"] == "success");
  kie.faults.all_late = true;
  CHECK(create("a cat").ready_at == 10'000);
  CHECK(create("a cat [[hang]]").ready_at == 0);
}

TEST_CASE_METHOD(kie_fixture, "faster time shortens what is left of a task, and what is ordered after") {
  const auto runs = create("a cat"), over = create("a dog", -1000), hangs = create("[[hang]]");
  kie.set_speed(10, 500);
  CHECK(kie.ready_at(runs.task_id) == 550);
  CHECK(record(runs.task_id, 549)["state"] != "success");
  CHECK(record(runs.task_id, 550)["state"] == "success");
  CHECK(kie.ready_at(over.task_id) == 0);
  CHECK(record(over.task_id, 500)["completeTime"] == 0);
  CHECK(kie.ready_at(hangs.task_id) == 0);
  CHECK(record(hangs.task_id, 100'000)["state"] != "success");
  const auto later = create("a bird", 600);
  CHECK(kie.ready_at(later.task_id) == 700);
  kie.set_speed(1, 650);
  CHECK(kie.ready_at(later.task_id) == 1150);
}

TEST_CASE_METHOD(kie_fixture, "a task that goes faster is paid for sooner") {
  create("a cat");
  kie.set_speed(10, 500);
  CHECK(credits("K", 549) == 1'000'000);
  CHECK(credits("K", 550) < 1'000'000);
}

TEST_CASE_METHOD(kie_fixture, "the fault panel refuses the next creates, or all of them") {
  kie.faults.refuse_with = {455, "maintenance"};
  kie.faults.refuse_next = 2;
  CHECK(code(create("a cat")) == 455);
  CHECK(message(create("a cat")) == "maintenance");
  CHECK(code(create("a cat")) == 200);
  kie.faults.refuse_next = -1;
  for (int i = 0; i < 5; ++i) CHECK(code(create("a cat")) == 455);
}

TEST_CASE_METHOD(kie_fixture,
                 "creates beyond 20 in 10 s are refused to their own key only, once that is enforced") {
  for (int i = 0; i < 25; ++i) CHECK(code(create("a cat", i)) == 200);
  CHECK(kie.too_fast() == 5);
  kie.enforce_rate(true);
  for (int i = 0; i < 20; ++i) CHECK(code(create("a cat", 20'000 + i, "A")) == 200);
  CHECK(code(create("a cat", 20'020, "A")) == 429);
  CHECK(code(create("a cat", 20'020, "B")) == 200);
  // What was refused does not count: one more for each that leaves the window.
  CHECK(code(create("a cat", 29'999, "A")) == 429);
  CHECK(code(create("a cat", 30'000, "A")) == 200);
  CHECK(code(create("a cat", 30'000, "A")) == 429);
  CHECK(kie.too_fast() == 8);
}

TEST_CASE_METHOD(kie_fixture, "each key has credits of its own, and pays when its task has succeeded") {
  kie.set_credits("A", 100, 0);
  create("a cat", 0, "A");
  CHECK(credits("A", 999) == 100);
  CHECK(credits("A", 1000) == 40);
  CHECK(credits("B", 1000) == 1'000'000);
  const auto short_of = create("a cat", 1000, "A");
  CHECK(code(short_of) == 402);
  CHECK(message(short_of) ==
        "Credits insufficient : Your current balance isn\u2019t enough to run this request. "
        "Please top up to continue.");
  CHECK(code(create("a cat", 1000, "B")) == 200);
  kie.set_credits("A", 60.5, 2000);
  CHECK(code(create("a cat", 2000, "A")) == 200);
  CHECK(credits("A", 3000) == 0.5);
}

TEST_CASE_METHOD(kie_fixture, "a caller without a key never runs out of credits") {
  kie.set_credits("", 0, 0);
  CHECK(code(create("a cat", 0, "")) == 200);
}

TEST_CASE_METHOD(kie_fixture, "a refused key has no access until it is good again") {
  kie.refuse_key("A", true);
  CHECK(kie.refuses("A"));
  CHECK(code(create("a cat", 0, "A")) == 401);
  CHECK(code(create("a cat", 0, "B")) == 200);
  kie.refuse_key("A", false);
  CHECK(code(create("a cat", 0, "A")) == 200);
}
