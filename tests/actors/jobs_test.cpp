/// A job from its order to its end, on a virtual clock, against a scripted outside.
#include "net/telegram.hpp"
#include "tests/actors/working.hpp"

using namespace troupe;
using namespace troupe::test;

TEST_CASE_METHOD(working, "a job goes from the order to the delivery") {
  telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "sendVideo")) return std::nullopt;
    return delivered();
  };
  CHECK(order().balance == 97);
  CHECK(submits == 1);
  CHECK(state_at_submit == std::vector{job_state::submitting});
  check_state(job_state::processing);
  CHECK(the_job().task_id == "t-1");
  CHECK(balance().held == 3);
  on_query = [](int nth) { return nth < 2 ? status("generating") : success(); };
  advance(29900ms);
  CHECK(queries == 0);
  advance(100ms);
  CHECK(queries == 1);
  check_state(job_state::processing);
  advance(30s);
  CHECK(queries == 2);
  check_state(job_state::delivering);
  CHECK(inspections == 1);
  CHECK(the_job().media.width == 1280);
  CHECK(balance().held == 0);
  CHECK(balance().balance == 97);
  CHECK(provider->count("GET /v.mp4") == 1);
  CHECK(telegram->count("/sendVideo") == 1);
  REQUIRE(telegram->held.size() == 1);
  release(telegram_wire, R"({"ok":true,"result":{"message_id":9,"video":{"file_id":"F"}}})");
  run();
  advance(10ms); // the report's patience
  check_state(job_state::completed);
  CHECK(the_job().file_id == "F");
  advance(60s, 1s);
  CHECK(submits == 1);
  CHECK(db->load_open_work().messages.empty());
}

TEST_CASE_METHOD(working, "a refused submit is repeated after ten seconds") {
  on_submit = [](int nth) { return nth == 1 ? ok(R"({"code":500,"msg":"Server exception"})") : ok(task); };
  order();
  check_state(job_state::pending);
  CHECK(the_job().attempt == 1);
  CHECK(balance().held == 3);
  advance(9900ms);
  CHECK(submits == 1);
  advance(200ms);
  CHECK(submits == 2);
  CHECK(state_at_submit == std::vector{job_state::submitting, job_state::submitting});
  check_state(job_state::processing);
}

TEST_CASE_METHOD(working, "a submit refused four times gives the credits back") {
  on_submit = [](int) { return broken(http_error::refused); };
  order();
  advance(120s);
  CHECK(submits == 4);
  check_state(job_state::failed);
  CHECK(balance().balance == 100);
  CHECK(balance().held == 0);
}

TEST_CASE_METHOD(working, "a violation fails once and the credit returns") {
  on_query = [](int) { return flagged(); };
  order();
  advance(40s);
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "violation");
  CHECK(balance().balance == 100);
  CHECK(balance().held == 0);
  CHECK(said("fail.violation") == 1);
  advance(120s, 1s);
  CHECK(submits == 1);
  CHECK(queries == 1);
  CHECK(said("fail.violation") == 1);
}

TEST_CASE_METHOD(working, "a task that fails for no reason of the user's is made again after 10, 20, 40 s") {
  on_query = [](int) {
    return ok(
        R"({"code":200,"data":{"state":"fail","failCode":"500","failMsg":"Internal Error, Please try again later."}})");
  };
  order();
  advance(30s);
  check_state(job_state::pending);
  CHECK(the_job().dead_tasks == "t-1 ");
  CHECK(the_job().task_id.empty());
  CHECK(said("fail.temporary") == 0);
  tell(dispatcher, provider_woke{1, "t-1"}); // the dead task's callback, late
  advance(9s);
  CHECK(submits == 1);
  advance(1s);
  CHECK(submits == 2);
  SECTION("until the tries are spent") {
    advance(30s + 20s + 30s + 40s + 30s);
    CHECK(submits == 4);
    check_state(job_state::failed);
    CHECK(said("fail.temporary") == 1);
    CHECK(balance().balance == 100);
  }
  SECTION("and the next one may succeed") {
    on_query = [](int) { return success(); };
    advance(31s);
    CHECK(the_job().state >= job_state::delivering);
    CHECK(submits == 2);
    CHECK(balance().balance == 97);
  }
}

TEST_CASE_METHOD(working, "the callback of a dead task is never taken for the one that is looked for") {
  on_query = [](int) {
    return ok(R"({"code":200,"data":{"state":"fail","failCode":"500","failMsg":"Internal Error"}})");
  };
  order();
  advance(30s);
  on_submit = [](int) { return broken(http_error::lost); };
  advance(10s);
  check_state(job_state::unknown);
  tell(dispatcher, provider_woke{1, "t-1"});
  check_state(job_state::unknown);
  on_query = [](int) { return success(); };
  tell(dispatcher, provider_woke{1, "t-2"});
  CHECK(the_job().task_id == "t-2");
  CHECK(the_job().state >= job_state::fetching);
}

TEST_CASE_METHOD(working, "after a restart the looks at many tasks are spread over the interval") {
  on_query = [](int) { return status("generating"); };
  order("k1", 18);
  advance(45s);
  caf::anon_send_exit(dispatcher, caf::exit_reason::kill);
  run();
  advance(60s);
  dispatcher = next_dispatcher();
  tell(dispatcher, committed_jobs{db->load_open_work().jobs});
  const auto before = queries;
  advance(10s, 1s);
  const auto in_a_third = queries - before;
  CHECK(in_a_third > 1);
  CHECK(in_a_third < 14);
  advance(20s, 1s);
  CHECK(queries - before >= 18);
}

TEST_CASE_METHOD(working, "while an administrator has stopped all, nothing is submitted") {
  ctx->sales->set("stopped", "1");
  order("k1");
  advance(60s);
  CHECK(submits == 0);
  ctx->sales->set("stopped", "");
  advance(11s);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working,
                 "a submit whose answer was lost is never sent again and is adopted by the callback") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  check_state(job_state::unknown);
  CHECK(balance().held == 3);
  advance(100s, 1s);
  CHECK(submits == 1);
  CHECK(queries == 0);
  tell(dispatcher, provider_woke{1, ""}); // without a task id nothing is known
  check_state(job_state::unknown);
  tell(dispatcher, provider_woke{1, "t-9"});
  CHECK(the_job().task_id == "t-9");
  CHECK(queries == 1);
  CHECK(provider->count("taskId=t-9") == 1);
  advance(60s, 1s);
  CHECK(the_job().state == job_state::completed);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "when the limit passes the credits return with one message") {
  on_query = [](int) { return status("generating"); };
  order();
  advance(1799s, 1s);
  check_state(job_state::processing);
  advance(2s, 1s);
  check_state(job_state::overdue);
  CHECK(the_job().fail_class == "timeout");
  CHECK(balance().balance == 100);
  CHECK(said("fail.timeout") == 1);
  advance(24h, 60s);
  check_state(job_state::failed);
  CHECK(said("fail.timeout") == 1);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a limit that passed while no engine was there is decided by one more look") {
  bool ready = false;
  on_query = [&](int) { return ready ? success() : status("generating"); };
  order();
  advance(60s, 1s);
  check_state(job_state::processing);
  caf::anon_send_exit(dispatcher, caf::exit_reason::kill); // the engine dies
  run();
  advance(40min, 60s);
  check_state(job_state::processing);
  SECTION("the video was ready: delivered and paid") {
    ready = true;
    const auto looks = queries;
    dispatcher = next_dispatcher();
    tell(dispatcher, committed_jobs{db->load_open_work().jobs});
    run();
    CHECK(queries == looks + 1);
    CHECK(the_job().state >= job_state::delivering);
    CHECK(balance().balance == 97);
  }
  SECTION("it was not: the credits return") {
    dispatcher = next_dispatcher();
    tell(dispatcher, committed_jobs{db->load_open_work().jobs});
    run();
    check_state(job_state::overdue);
    CHECK(balance().balance == 100);
  }
}

TEST_CASE_METHOD(working, "a late success is delivered once, as a gift, and the user is not charged") {
  bool late = false;
  on_query = [&](int) { return late ? success() : status("generating"); };
  order();
  advance(1801s, 1s);
  check_state(job_state::overdue);
  late = true;
  telegram->answer = [](const http_request& r) {
    return ok(has(r.url, "/sendVideo") ? R"({"ok":true,"result":{"message_id":9,"video":{"file_id":"F"}}})"
                                       : R"({"ok":true,"result":{"message_id":8}})");
  };
  advance(601s, 1s);
  check_state(job_state::gifted);
  CHECK(balance().balance == 100);
  CHECK(telegram->count("/sendVideo") == 1);
  CHECK(the_job().file_id == "F");
  advance(1h, 60s);
  CHECK(telegram->count("/sendVideo") == 1);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a job of unknown fate can still become a gift when the provider calls back late") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  advance(1801s, 1s);
  check_state(job_state::overdue);
  tell(dispatcher, provider_woke{1, "t-9"});
  advance(10s, 1s);
  check_state(job_state::gifted);
  CHECK(balance().balance == 100);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "overdue jobs do not count against the limit of their user") {
  on_query = [](int) { return status("generating"); };
  for (auto key : {"a", "b", "c"}) order(key);
  advance(1801s, 1s);
  CHECK(balance().open_jobs == 0);
  order("d");
  advance(1s);
  CHECK(db->load_job(4).state == job_state::processing);
}

TEST_CASE_METHOD(working, "a job of unknown fate gives up at the limit too") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  advance(1801s, 1s);
  check_state(job_state::overdue);
  CHECK(balance().balance == 100);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a callback while the success is being stored does not fetch the result twice") {
  on_query = [](int nth) { return nth == 1 ? std::nullopt : std::optional{success()}; };
  order();
  advance(30s);
  REQUIRE(provider->held.size() == 1);
  release(provider_wire, success().body);
  caf::anon_send(dispatcher, provider_woke{1, "t-1"}); // both before anybody runs
  run();
  advance(60s, 1s);
  CHECK(provider->count("GET /v.mp4") == 1);
  CHECK(the_job().state == job_state::completed);
}

TEST_CASE_METHOD(working, "callbacks hasten the look at the task and change nothing else") {
  order();
  tell(dispatcher, provider_woke{1, "forged"});
  tell(dispatcher, provider_woke{1, "forged"});
  CHECK(the_job().task_id == "t-1");
  CHECK(queries == 1);
  CHECK(provider->count("taskId=forged") == 0);
  CHECK(provider->count("GET /v.mp4") == 1);
}

TEST_CASE_METHOD(working, "a ready job waits for the provider's window but not for a postponed job") {
  on_submit = [](int nth) { return nth <= 2 ? ok(R"({"code":500,"msg":"Server exception"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  order("k1");
  advance(10200ms);
  REQUIRE(submits == 2); // now postponed by another 20 s
  order("k2", 20);
  CHECK(submits == 19);
  advance(9700ms);
  CHECK(submits == 19);
  advance(400ms);
  CHECK(submits == 22);
  advance(11s);
  CHECK(submits == 23);
}

TEST_CASE_METHOD(working, "a 429 of the provider rests the key for its window, then all go on") {
  on_submit = [](int nth) { return nth == 1 ? ok(R"({"code":429,"msg":"rate limit"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  order("k1");
  order("k2", 3);
  CHECK(submits == 1);
  advance(9s);
  CHECK(submits == 1);
  advance(2s);
  CHECK(submits == 5);
}

TEST_CASE_METHOD(working, "a provider that does not answer is left alone, then probed by one submit") {
  bool out = true;
  on_submit = [&](int) { return out ? broken(http_error::refused) : ok(task); };
  on_query = [](int) { return status("generating"); };
  order("k1", 18);
  CHECK(submits >= 5);
  const int before = submits;
  advance(29s);
  CHECK(submits == before);
  advance(2s);
  CHECK(submits == before + 1); // the probe
  out = false;
  advance(61s);
  CHECK(submits > before + 10);
}

TEST_CASE_METHOD(working, "who waits is told his place and the time, and not again while little changes") {
  const_cast<config::options&>(ctx->opts()).kie.submits_per_10_s = 5;
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  on_query = [](int) { return status("generating"); };
  order("k1", 12);
  order("k2");
  show_status_of({1, 2});
  advance(10s);
  CHECK(submits == 5);
  CHECK(telegram->count("Your place in the queue: 1. The video comes in about 2 min") == 1);
  CHECK(telegram->count("Your place in the queue: 8. The video comes in about 2 min") == 1);
  CHECK(telegram->count("cancel:13") == 1); // the way out is under it
  advance(9s);
  CHECK(telegram->count("Your place in the queue") == 2);
  advance(2s);
  CHECK(telegram->count("Your place in the queue: 3. The video comes in about 2 min") == 1); // halved
}

TEST_CASE_METHOD(working, "a job that waits is cancelled for free and leaves the queue") {
  order("k1", 18);
  order("k2");
  const auto held = db->load_account(user).held;
  job_step s;
  s.job_id = 19, s.at = now(), s.to = job_state::cancelled;
  CHECK(ask<step_answer>(ledger, s).changed);
  tell(dispatcher, job_cancelled{19});
  CHECK(db->load_account(user).held == held - 3);
  advance(20s);
  CHECK(submits == 18);
  s.job_id = 1;
  CHECK_FALSE(ask<step_answer>(ledger, s).changed); // it is at the provider, or done
}

TEST_CASE_METHOD(working, "a job that waits for its submit beyond its limit gives the credits back") {
  const_cast<config::options&>(ctx->opts()).kie.queue_limit_s = 1800;
  on_submit = [](int) { return ok(R"({"code":402,"msg":"Credits insufficient"})"); };
  order("k1");
  const auto before = db->load_account(user).balance;
  CHECK_FALSE(ctx->sales->look(now()).sells("veo-3-fast"));
  advance(31min);
  check_state(job_state::failed);
  CHECK(db->load_account(user).balance == before + 3);
}

TEST_CASE_METHOD(working,
                 "one key out of credits is set aside, the other works on, and it comes back by itself") {
  auto& k = const_cast<config::options&>(ctx->opts()).kie;
  k.api_keys = {"first", "second"};
  double left = 10;
  std::vector<std::string> used;
  provider->answer = [&](const http_request& r) -> std::optional<http_reply> {
    const bool first = r.headers.front().second == "Bearer first";
    if (has(r.url, "/chat/credit")) return ok(json{{"code", 200}, {"data", first ? left : 100'000.0}}.dump());
    if (has(r.url, "createTask")) {
      used.push_back(first ? "first" : "second");
      return first && left < 60 ? ok(R"({"code":402,"msg":"Credits insufficient : top up"})") : ok(task);
    }
    if (has(r.url, "recordInfo")) {
      used.push_back(first ? "poll first" : "poll second");
      return status("generating");
    }
    return ok("");
  };
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  order("k1");
  CHECK(used == std::vector<std::string>{"first", "second"});
  CHECK(alarmed("alarm.no_credits") == 1);
  CHECK(ctx->sales->look(now()).sells("veo-3-fast")); // the other key works
  order("k2");
  CHECK(used.back() == "second");
  left = 5'000;
  advance(61s);
  CHECK(std::any_of(over.begin(), over.end(), [](auto& a) { return a.sentence == "alarm.key_back"; }));
  CHECK(std::count(used.begin(), used.end(), "poll first") == 0); // a task is asked for with its own key
  order("k3");
  CHECK(used.back() == "first");
}

TEST_CASE_METHOD(working, "a model that the provider has switched off is not sold for a while") {
  on_submit = [](int) { return ok(R"({"code":500,"msg":"This interface is temporarily paused"})"); };
  order("k1");
  const auto id = ctx->settings->models.front().id;
  CHECK_FALSE(ctx->sales->look(now()).sells(id));
  CHECK(ctx->sales->look(now()).sells("kling-2-6"));
  CHECK(ctx->sales->look(now() + 11 * 60'000).sells(id));
}

TEST_CASE_METHOD(working, "a generation that falls goes on from what is on disk and submits nothing twice") {
  on_query = [&](int nth) -> std::optional<http_reply> {
    if (nth > 3) return success();
    caf::anon_send_exit(provider->asker, caf::exit_reason::unhandled_exception);
    return std::nullopt;
  };
  order();
  advance(300s, 1s);
  check_state(job_state::completed);
  CHECK(submits == 1);
}

TEST_CASE_METHOD(working, "a job that fells every generation gives its credits back, and the rest goes on") {
  on_query = [&](int) -> std::optional<http_reply> {
    caf::anon_send_exit(provider->asker, caf::exit_reason::unhandled_exception);
    return std::nullopt;
  };
  order();
  advance(300s, 1s);
  check_state(job_state::failed);
  CHECK(balance().balance == 100);
  CHECK(said("fail.gave_up") == 1);
  CHECK(submits == 1);
  on_query = [](int) { return success(); };
  order("k2");
  advance(60s, 1s);
  CHECK(the_job(2).state == job_state::completed);
}
