/// What can go wrong on a job's way, and what the user, the money and the administrators hear of it.
#include "actors/health_answer.hpp"
#include "actors/job_voice.hpp"
#include "actors/provider.hpp"
#include "net/telegram.hpp"
#include "tests/actors/working.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

http_reply refused_by_telegram(const std::string& why) {
  return reply(400, json{{"ok", false}, {"error_code", 400}, {"description", why}}.dump());
}
bool is_upload_of_video(const http_request& r) {
  return !r.files.empty() && (has(r.url, "/sendVideo") || has(r.url, "/sendDocument"));
}
http_reply page() { return saved("<!DOCTYPE html><html>Sorry</html>", "text/html"); }
inspected broken_file(const std::string& why) {
  inspected seen;
  seen.why = why;
  return seen;
}

/// With what was said, in the order it was said.
struct job_stage : working {
  order_answer order_photo(const std::string& key, int count = 1) {
    order_request o;
    o.order_key = key, o.user_id = user, o.at = now();
    auto& m = ctx->settings->models.front();
    o.spec = {.model_id = m.id,
              .model_title = "Veo",
              .api = m.api,
              .provider_model = m.provider_model,
              .prompt = "a cat",
              .photo_file_id = "photo",
              .aspect_ratio = "16:9"};
    o.price = 3, o.count = count, o.active_jobs_max = 1000;
    return ask<order_answer>(ledger, o);
  }
  void restart() {
    caf::anon_send_exit(dispatcher, caf::exit_reason::kill);
    run();
    dispatcher = next_dispatcher();
    tell(ledger, ledger_listeners{courier, dispatcher, {}});
    tell(dispatcher, committed_jobs{db->load_open_work().jobs});
  }
  config::options& options() { return const_cast<config::options&>(ctx->opts()); }
  json health() const {
    ctx->health->last_progress_at = now(); // updates come in
    return json::parse(health_answer(*ctx, first_ms).second);
  }
  /// A provider with these keys; a new dispatcher knows them.
  void use_keys(const std::vector<std::string>& keys) {
    options().kie.api_keys = keys;
    dispatcher = next_dispatcher();
    tell(ledger, ledger_listeners{courier, dispatcher, {}});
  }
  static std::string key_of(const http_request& r) {
    for (auto& [name, value] : r.headers)
      if (name == "Authorization") return value.substr(7); // behind "Bearer "
    return {};
  }
  /// What the provider says to requests with `part` in their address, instead of the usual.
  void answers(const std::string& part, std::function<std::optional<http_reply>(const http_request&)> how) {
    provider->answer = [part, how, usual = provider->answer](const http_request& r) {
      return has(r.url, part) ? how(r) : usual(r);
    };
  }
  void photos_come_in() {
    telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
      if (has(r.url, "/getFile")) return ok(R"({"ok":true,"result":{"file_path":"photos/1.jpg"}})");
      return delivered();
    };
  }
  std::size_t first(const std::string& part) const {
    for (std::size_t i = 0; i < telegram->log.size(); ++i)
      if (has(telegram->log[i].line, part)) return i;
    return telegram->log.size();
  }
  /// The most requests of that kind in any ten seconds.
  std::size_t most_in_10_s(const std::string& part) const {
    const auto all = provider->with(part);
    std::size_t most = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::size_t n = 0;
      for (auto j = i; j < all.size() && all[j].at < all[i].at + 10'000; ++j) ++n;
      most = std::max(most, n);
    }
    return most;
  }
};

} // namespace

// -- submits --

TEST_CASE_METHOD(job_stage,
                 "too many requests at a submit are none of a job's four tries: nothing was made") {
  on_submit = [](int nth) { return nth <= 9 ? ok(R"({"code":429,"msg":"rate limit"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  order();
  advance(150s, 1s);
  CHECK(submits == 10);
  CHECK(the_job().attempt == 0);
  check_state(job_state::processing);
  CHECK(balance().held == 3);
}

TEST_CASE_METHOD(job_stage,
                 "a burst of photos that are ready at the same moment leaves by the provider's window") {
  on_query = [](int) { return status("generating"); };
  bool hang = true;
  telegram->answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "/getFile") && hang) return std::nullopt;
    if (has(r.url, "/getFile")) return ok(R"({"ok":true,"result":{"file_path":"photos/1.jpg"}})");
    return delivered();
  };
  const auto usual = provider->answer;
  provider->answer = [&, usual](const http_request& r) -> std::optional<http_reply> {
    if (!r.files.empty())
      return ok(R"({"success":true,"code":200,"data":{"downloadUrl":"https://files.example/p.jpg"}})");
    return usual(r);
  };
  order_photo("photos", 18);
  advance(15s); // the windows they were taken in are long over
  CHECK(submits == 0);
  order("texts", 12);
  hang = false;
  for (int i = 0; i < 18; ++i) release(telegram_wire, R"({"ok":true,"result":{"file_path":"photos/1.jpg"}})");
  run();
  advance(60s);
  CHECK(submits == 30);
  CHECK(most_in_10_s("createTask") <= 20);
}

TEST_CASE_METHOD(job_stage, "the limit of a job begins with its submit, not with its place in the queue") {
  on_query = [](int) { return status("generating"); };
  ctx->sales->set("stopped", "1");
  order();
  advance(50min, 10s);
  check_state(job_state::pending); // without a limit of the queue it waits, and its user may cancel it
  CHECK(balance().held == 3);
  ctx->sales->set("stopped", "");
  advance(25min, 1s);
  check_state(job_state::processing);
  advance(6min, 1s);
  check_state(job_state::overdue);
}

TEST_CASE_METHOD(job_stage,
                 "a job that waits beyond the queue's own limit is told so, and the credits return") {
  options().kie.queue_limit_s = 600;
  ctx->sales->set("stopped", "1");
  order();
  advance(11min, 1s);
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "queue_timeout");
  CHECK(balance().balance == 100);
  CHECK(telegram->count("turn in the queue did not come") == 1);
}

TEST_CASE_METHOD(job_stage, "a submit whose answer nobody can read is being checked, and says so") {
  on_submit = [](int) { return reply(503, "<html>Service Unavailable</html>"); };
  order();
  show_status_of({1});
  advance(90s, 1s);
  check_state(job_state::unknown);
  CHECK(telegram->count("Checking the order") >= 1);
  CHECK(telegram->count("Making the video") == 0);
  advance(31min, 1s);
  CHECK(the_job().fail_class == "unheard");
  CHECK(telegram->count("never said whether it took the order") == 1);
  CHECK(alarmed("alarm.unheard") == 1); // administrators look for it there
  CHECK(balance().balance == 100);
}

// -- keys --

TEST_CASE_METHOD(job_stage, "a key whose submits are refused while its balance looks well is one alarm, and "
                            "back is said after a task") {
  auto& k = options().kie;
  k.api_keys = {"only"};
  bool empty = true;
  const auto usual = provider->answer;
  provider->answer = [&, usual](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "/chat/credit")) return ok(R"({"code":200,"data":5000})");
    return usual(r);
  };
  on_submit = [&](int) { return empty ? ok(R"({"code":402,"msg":"Credits insufficient"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  order();
  show_status_of({1});
  advance(10min, 1s);
  CHECK(alarmed("alarm.no_credits_last") == 1);
  CHECK(ended("alarm.no_credits") == 0);
  CHECK(submits < 6); // tried at growing distances
  check_state(job_state::pending);
  CHECK(the_job().attempt == 0);
  CHECK(telegram->count("takes no orders of ours yet") >= 1);
  CHECK(telegram->count("Your place in the queue: 1. The video comes in about") == 0);
  empty = false;
  advance(31min, 1s);
  CHECK(ended("alarm.no_credits") == 1);
  CHECK(alarmed("alarm.no_credits_last") == 1);
  check_state(job_state::processing);
}

TEST_CASE_METHOD(job_stage, "a number that is over is told no more") {
  auto& k = options().kie;
  k.jobs_in_flight_max = 1;
  on_query = [](int) { return status("generating"); };
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  order("k1");
  order("k2");
  show_status_of({1, 2});
  advance(12s);
  CHECK(telegram->count("Your place in the queue: 1. The video comes in about 4 min") == 1);
  advance(6min, 1s);
  const auto longer = first("It takes longer than usual today");
  REQUIRE(longer < telegram->log.size());
  advance(6min, 1s);
  for (auto i = longer; i < telegram->log.size(); ++i)
    CHECK_FALSE(has(telegram->log[i].line, "comes in about"));
}

TEST_CASE_METHOD(
    job_stage,
    "the tasks of a key that was removed are asked for with every other key, and administrators know") {
  options().kie.api_keys = {"old"};
  on_query = [](int) { return status("generating"); };
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  order();
  check_state(job_state::processing);
  options().kie.api_keys = {"first", "second"};
  std::set<std::string> used;
  const auto usual = provider->answer;
  provider->answer = [&, usual](const http_request& r) -> std::optional<http_reply> {
    if (has(r.url, "recordInfo")) used.insert(r.headers.front().second);
    return usual(r);
  };
  restart();
  advance(3min, 1s);
  CHECK(used == std::set<std::string>{"Bearer first", "Bearer second"});
  CHECK(alarmed("alarm.key_gone") == 1);
}

TEST_CASE_METHOD(job_stage, "that the others work is said of a refused key only when they do") {
  use_keys({"first", "second"});
  std::set<std::string> revoked{"first"};
  answers("createTask", [&](const http_request& r) {
    return revoked.count(key_of(r)) > 0 ? ok(R"({"code":401,"msg":"Unauthorized"})") : ok(task);
  });
  on_query = [](int) { return status("generating"); };
  order("k1");
  advance(1s);
  check_state(job_state::processing);
  CHECK(alarmed("alarm.key_refused") == 1);
  CHECK(alarmed("alarm.key_refused_last") == 0);
  CHECK(health()["ok"] == true);
  revoked.insert("second");
  order("k2");
  advance(1s);
  CHECK(alarmed("alarm.key_refused") == 1);
  CHECK(alarmed("alarm.key_refused_last") == 1);
  CHECK(health()["ok"] == false);
}

TEST_CASE_METHOD(job_stage, "the health is red while the only key is set aside, and green after a task") {
  bool revoked = true;
  on_submit = [&](int) { return revoked ? ok(R"({"code":401,"msg":"Unauthorized"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  CHECK(health()["ok"] == true);
  order();
  advance(1s);
  CHECK(alarmed("alarm.key_refused_last") == 1);
  CHECK(health()["faults"][0]["what"] == "provider_keys");
  CHECK(has(health()["why"], "no key of the provider is usable: 1 set aside"));
  revoked = false;
  advance(2min, 1s);
  check_state(job_state::processing);
  CHECK(health()["ok"] == true);
  CHECK(ended("alarm.key_refused") == 1);
}

TEST_CASE_METHOD(job_stage,
                 "a task that fails for want of money is made with another key, and its own is set aside") {
  use_keys({"first", "second"});
  std::string first;
  answers("createTask", [&](const http_request& r) {
    ++submits;
    if (first.empty()) first = key_of(r);
    return ok(task);
  });
  answers("recordInfo", [&](const http_request& r) {
    return key_of(r) == first ? ok(R"({"code":200,"data":{"state":"fail","failMsg":"insufficient credits"}})")
                              : success();
  });
  order();
  advance(3min, 1s);
  check_state(job_state::completed);
  CHECK(submits == 2);
  CHECK(the_job().attempt == 0);
  CHECK(alarmed("alarm.no_credits") == 1);
  CHECK(alarmed("alarm.job_billing") == 0);
  CHECK(balance().balance == 97);
}

TEST_CASE_METHOD(job_stage,
                 "while the only key has no money for what it takes, the order waits and little is said") {
  on_query = [](int) {
    return ok(R"({"code":200,"data":{"state":"fail","failMsg":"insufficient credits"}})");
  };
  order();
  show_status_of({1});
  advance(1h, 1s);
  CHECK(submits < 8);
  CHECK(alarmed("alarm.no_credits_last") < 8);
  CHECK(balance().held == 3);
  CHECK(telegram->count("takes no orders of ours yet") >= 1);
  on_query = [](int) { return success(); };
  advance(40min, 1s);
  check_state(job_state::completed);
}

TEST_CASE_METHOD(job_stage, "a key that is revoked while a video is made is heard of at the first question") {
  use_keys({"only"});
  bool revoked = true;
  const auto refusal = GENERATE(R"({"code":401,"msg":"Unauthorized"})", "<html>Unauthorized</html>");
  on_query = [&](int) { return revoked ? reply(401, refusal) : success(); };
  order();
  advance(5min, 1s);
  check_state(job_state::processing); // nothing is wrong with the task
  CHECK(alarmed("alarm.key_refused_last") == 1);
  CHECK(health()["ok"] == false);
  revoked = false;
  advance(1min, 1s);
  check_state(job_state::completed);
}

TEST_CASE_METHOD(job_stage, "a key that is asked about another's task is not blamed for it") {
  use_keys({"old"});
  on_query = [](int) { return status("generating"); };
  order();
  options().kie.api_keys = {"first", "second"};
  on_query = [](int) { return ok(R"({"code":401,"msg":"You do not have access permissions"})"); };
  restart();
  advance(5min, 1s);
  CHECK(alarmed("alarm.key_refused") + alarmed("alarm.key_refused_last") == 0);
}

TEST_CASE_METHOD(job_stage, "a photo whose upload refuses the key goes with the next key, as a text does") {
  use_keys({"first", "second"});
  photos_come_in();
  std::set<std::string> revoked{"first"};
  int uploads = 0;
  answers("file-stream-upload", [&](const http_request& r) {
    ++uploads;
    return ok(revoked.count(key_of(r)) > 0
                  ? R"({"success":false,"code":401,"msg":"Unauthorized"})"
                  : R"({"success":true,"code":200,"data":{"downloadUrl":"https://files.example/p.jpg"}})");
  });
  order_photo("k1");
  advance(2min, 1s);
  check_state(job_state::completed);
  CHECK(uploads == 2);
  CHECK(alarmed("alarm.key_refused") == 1);
  CHECK(alarmed("alarm.photo_refused") == 0);
  revoked.insert("second");
  order_photo("k2");
  advance(30min, 1s);
  CHECK(the_job(2).state == job_state::pending); // it waits, and nothing spins
  CHECK(uploads < 16);
  CHECK(telegram->count("could not be handed to the generation service") == 0);
}

TEST_CASE_METHOD(job_stage, "a picture that the upload refuses is the cause, at once") {
  photos_come_in();
  int uploads = 0;
  answers("file-stream-upload", [&](const http_request&) {
    ++uploads;
    return ok(R"({"success":false,"code":400,"msg":"File type not supported"})");
  });
  order_photo("k1");
  advance(10s);
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "bad_picture");
  CHECK(uploads == 1);
  CHECK(alarms.empty());
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(job_stage,
                 "an order whose key is set aside before it leaves waits as before, and may be cancelled") {
  const_cast<engine_context&>(*ctx).at_step = [this](durable_step step, bool committed) {
    if (step != durable_step::job_submitting || !committed) return;
    sched.clock().current_time += 2s; // a slow disk
    caf::anon_send(dispatcher, submit_heard{submit_word::key_refused, kie_key_names(ctx->opts()).front(), "",
                                            "Unauthorized"});
  };
  order();
  const_cast<engine_context&>(*ctx).at_step = nullptr;
  advance(10s);
  check_state(job_state::pending);
  CHECK(submits == 0);
  CHECK(the_job().attempt == 0);
  CHECK(the_job().deadline_at == 0);
  SECTION("cancelled") {
    CHECK(ask<step_answer>(ledger, cancelling(ctx->settings->words, the_job(), now())).changed);
  }
  SECTION("or made when the key works again") {
    advance(3min, 1s);
    check_state(job_state::completed);
    CHECK(submits == 1);
  }
}

TEST_CASE_METHOD(job_stage, "a refused submit begins no time limit") {
  on_submit = [](int nth) { return nth == 1 ? ok(R"({"code":500,"msg":"Server exception"})") : ok(task); };
  on_query = [](int) { return status("generating"); };
  order();
  CHECK(the_job().attempt == 1);
  CHECK(the_job().deadline_at == 0);
  ctx->sales->set("stopped", "1");
  advance(29min, 1s);
  ctx->sales->set("stopped", "");
  advance(20min, 1s);
  check_state(job_state::processing);
  CHECK(balance().held == 3);
  advance(12min, 1s);
  check_state(job_state::overdue);
}

TEST_CASE_METHOD(
    job_stage,
    "a new word for a state is told at once, and taken for waiting when nothing stands beside it") {
  on_query = [](int nth) { return nth < 4 ? status("blocked") : success(); };
  order();
  advance(35s, 1s);
  CHECK(alarmed("alarm.new_state") == 1);
  check_state(job_state::processing);
  advance(5min, 1s);
  CHECK(alarmed("alarm.new_state") == 1);
  check_state(job_state::completed);
}

TEST_CASE("a dead task is known by its whole name") {
  job j;
  j.dead_tasks = "t-1 abc-t-2 ";
  CHECK(is_dead_task(j, "t-1"));
  CHECK(is_dead_task(j, "abc-t-2"));
  CHECK_FALSE(is_dead_task(j, "t-2"));
  CHECK_FALSE(is_dead_task(j, "1"));
  CHECK_FALSE(is_dead_task(j, ""));
}

TEST_CASE_METHOD(job_stage,
                 "a job whose generation falls while the database cannot be read is taken up when it can") {
  bool deaf = false;
  reader = own(sys->spawn([&](reader_actor::pointer) -> reader_actor::behavior_type {
    return {[](const account_query&) { return account{}; },
            [](const entries_query&) { return entries_page{}; },
            [](const jobs_query&) { return jobs_page{}; },
            [&](const job_query& q) -> caf::result<job> {
              if (deaf) return caf::make_error(caf::sec::runtime_error, std::string{"disk I/O error"});
              return db->load_job(q.job_id);
            },
            [](const payment_query&) { return payment{}; },
            [](const payments_query&) { return payments_page{}; },
            [](const mutes_query&) { return mutes_page{}; },
            [](const sweep_files&) {}};
  }));
  dispatcher = next_dispatcher();
  tell(ledger, ledger_listeners{courier, dispatcher, {}});
  on_query = [&](int nth) -> std::optional<http_reply> {
    if (nth > 1) return success();
    deaf = true;
    caf::anon_send_exit(provider->asker, caf::exit_reason::unhandled_exception);
    return std::nullopt;
  };
  order();
  advance(3min, 1s);
  check_state(job_state::processing);
  CHECK(queries == 1);
  deaf = false;
  advance(2min, 1s);
  check_state(job_state::completed);
  CHECK(submits == 1);
}

// -- answers about the task --

TEST_CASE_METHOD(job_stage,
                 "a success without an address is no 'not yet': a few more looks, then its own reason") {
  on_query = [](int) {
    return ok(R"({"code":200,"data":{"state":"success","resultJson":"{\"resultUrls\":[]}"}})");
  };
  order();
  advance(75s, 1s);
  CHECK(queries == 4);
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "not_understood");
  CHECK(balance().balance == 100);
  CHECK(telegram->count("could not be understood") == 1);
  CHECK(alarmed("alarm.not_understood") == 1); // an alarm
}

TEST_CASE_METHOD(job_stage, "what is understood at the second look goes on as if nothing had been") {
  on_query = [](int nth) { return nth == 1 ? ok(R"({"code":200,"data":{"state":"success"}})") : success(); };
  order();
  advance(60s, 1s);
  check_state(job_state::completed);
  CHECK(alarms.empty());
}

TEST_CASE_METHOD(job_stage, "an outage while a task is looked at is no failure of the task") {
  on_query = [](int nth) { return nth < 8 ? reply(502, "<html>Bad Gateway</html>") : success(); };
  order();
  advance(5min, 1s);
  check_state(job_state::completed);
}

// -- the result --

TEST_CASE_METHOD(job_stage,
                 "a page in place of the video is fetched again, and the address is asked for anew") {
  const int pages = GENERATE(1, 3);
  on_fetch = [=](int nth) { return nth <= pages ? page() : film(); };
  order();
  advance(3min, 1s);
  check_state(job_state::completed);
  CHECK(fetches == pages + 1);
  CHECK(inspections == 1);
}

TEST_CASE_METHOD(job_stage,
                 "when only pages come, repeats did not help, and that is said because there were some") {
  on_fetch = [](int) { return page(); };
  order();
  advance(5min, 1s);
  check_state(job_state::failed);
  CHECK(fetches == 6);
  CHECK(the_job().fail_class == "not_fetched");
  CHECK(telegram->count("could not be fetched from there; retries did not help") == 1);
  CHECK(telegram->count("Something went wrong. 3 credits refunded") == 1);
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(job_stage, "half a file is fetched again while the provider has the whole one") {
  on_inspect = [](int nth) { return nth <= 2 ? broken_file("the file is cut off") : good(); };
  order();
  advance(2min, 1s);
  check_state(job_state::completed);
  CHECK(fetches == 3);
}

TEST_CASE_METHOD(job_stage, "the tries of a fetch survive a restart") {
  on_fetch = [](int) { return broken(http_error::lost); };
  order();
  advance(36s);
  check_state(job_state::fetching);
  const auto before = fetches;
  CHECK(before >= 2);
  CHECK(the_job().tries == before);
  restart();
  advance(5min, 1s);
  check_state(job_state::failed);
  CHECK(fetches == 6);
}

TEST_CASE_METHOD(
    job_stage,
    "past a job's limit each life of an engine is a try of its fetch, so that none is the last of all") {
  provider->answer = [this, usual = provider->answer](const http_request& r) -> std::optional<http_reply> {
    if (r.save_to.empty()) return usual(r);
    ++fetches; // whatever it does to an engine, that ends before the fetch does
    return std::nullopt;
  };
  order();
  advance(36s);
  check_state(job_state::fetching);
  for (int life = 0; life < 3; ++life) restart();
  CHECK(the_job().tries == 0); // within the limit nobody is to blame
  advance(31min, 1min);
  for (int life = 0; life < 20 && the_job().state == job_state::fetching; ++life) {
    restart();
    advance(40s, 1s);
  }
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "not_fetched");
  CHECK(fetches < 12);
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(
    job_stage,
    "a result at an address that we do not go to ends at once, is told as what it is, and costs nothing") {
  on_fetch = [](int) {
    auto r = broken(http_error::forbidden);
    r.body = "127.0.0.1 is no public address";
    return r;
  };
  order();
  advance(1min, 1s);
  check_state(job_state::failed);
  CHECK(fetches == 1);
  CHECK(the_job().fail_class == "strange_address");
  CHECK(the_job().fail_text == "127.0.0.1 is no public address");
  CHECK(telegram->count("is not safe to download from") == 1);
  CHECK(telegram->count("127.0.0.1") == 0);
  CHECK(alarmed("alarm.strange_address") == 1);
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(job_stage,
                 "without ffmpeg videos are sent as they are, one alarm says what is so and ends with it") {
  on_inspect = [](int nth) {
    auto seen = good();
    if (nth > 2) return seen;
    seen.info = {0, 0, 0, 5};
    seen.no_tools = true, seen.why = "ffprobe cannot start: No such file or directory";
    seen.thumbnail_sha256.clear();
    return seen;
  };
  order("k1");
  order("k2");
  advance(2min, 1s);
  CHECK(the_job(1).state == job_state::completed);
  CHECK(the_job(2).state == job_state::completed);
  CHECK(telegram->count("/sendVideo") == 2);
  CHECK(alarmed("alarm.no_tools") == 1);
  CHECK(ended("alarm.no_tools") == 0);
  CHECK(health()["ffmpeg"] == false);
  const config::texts::args args{{"text", "ffprobe cannot start"}};
  CHECK(has(ctx->settings->words.get("en", "alarm.no_tools", args), "without a preview"));
  CHECK(has(ctx->settings->words.get("ru", "alarm.no_tools", args), "без обложки"));
  for (const char* untrue : {"as files", "файлами", "uninspected", "без проверки"})
    for (const char* language : {"en", "ru"})
      CHECK_FALSE(has(ctx->settings->words.get(language, "alarm.no_tools", args), untrue));
  order("k3");
  advance(1min, 1s);
  CHECK(the_job(3).state == job_state::completed);
  CHECK(ended("alarm.no_tools") == 1);
  CHECK(health()["ffmpeg"] == true);
}

TEST_CASE_METHOD(job_stage, "tools that were mended by a restart end the alarm of the life before") {
  order();
  advance(1min, 1s);
  check_state(job_state::completed);
  CHECK(ended("alarm.no_tools") == 1);
}

TEST_CASE_METHOD(job_stage,
                 "whoever falls while looking at a video is our fault, and it is looked at again") {
  const int falls = GENERATE(2, 100);
  on_inspect = [=](int nth) -> caf::result<inspected> {
    if (nth <= falls) return caf::make_error(caf::sec::runtime_error, std::string{"bad_alloc"});
    return good();
  };
  order();
  advance(6min, 1s);
  if (falls == 2) return check_state(job_state::completed);
  check_state(job_state::failed);
  CHECK(the_job().fail_class == "gave_up");
  CHECK(inspections == 6);
  CHECK(telegram->count("the generation service is not to blame") == 1);
  CHECK(alarmed("alarm.gave_up") == 1);
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(job_stage, "videos that are paid for and lost are heard of by administrators") {
  const std::string lost = GENERATE("not_fetched", "unplayable", "timeout", "too_long");
  if (lost == "not_fetched") on_fetch = [](int) { return broken(http_error::refused); };
  if (lost == "unplayable") on_inspect = [](int) { return broken_file("the file is cut off"); };
  if (lost == "timeout" || lost == "too_long") on_query = [](int) { return status("generating"); };
  if (lost == "too_long") options().kie.late_watch_h = 0;
  order();
  advance(31min, 1s);
  CHECK(the_job().fail_class == lost);
  CHECK(alarmed("alarm." + lost) == 1);
  CHECK(alarms.size() == 1);
  CHECK(balance().balance == 100);
}

// -- the delivery --

TEST_CASE_METHOD(job_stage, "'ready' and 'how do you like it' are said when the video has come") {
  order();
  show_status_of({1});
  advance(40s);
  REQUIRE(telegram->count("/sendVideo") == 1);
  CHECK(first("/sendVideo") < first("Ready"));
  CHECK(first("/sendVideo") < first("How do you like it?"));
  check_state(job_state::completed);
}

TEST_CASE_METHOD(
    job_stage,
    "a video that Telegram refuses is fetched again, in the end it is said, and that the credit is back") {
  telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
    return is_upload_of_video(r) ? refused_by_telegram("Bad Request: wrong file") : delivered();
  };
  order();
  show_status_of({1});
  advance(5min, 1s);
  check_state(job_state::completed);
  CHECK(the_job().fail_class == "not_delivered");
  CHECK(balance().balance == 100);
  CHECK(balance().held == 0);
  CHECK(fetches == 3);
  CHECK(telegram->count("Telegram did not take the file") == 1);
  CHECK(telegram->count("3 credits refunded") == 1);
  CHECK(alarmed("alarm.not_delivered") == 1); // administrators: it was paid for
  CHECK(telegram->count("Ready") == 0);
  CHECK(telegram->count("How do you like it?") == 0);
  CHECK(db->load_open_work().messages.empty());
}

TEST_CASE_METHOD(job_stage,
                 "a file that is gone when it is to be sent is fetched again, and nobody notices") {
  bool gone = true;
  telegram->answer = [&](const http_request& r) -> std::optional<http_reply> {
    if (is_upload_of_video(r) && std::exchange(gone, false)) return broken(http_error::no_file);
    return delivered();
  };
  order();
  advance(2min, 1s);
  check_state(job_state::completed);
  CHECK(the_job().fail_text.empty());
  CHECK(the_job().deliveries == 1);
  CHECK(fetches == 2);
  CHECK(balance().balance == 97);
  CHECK(telegram->count("refunded") == 0);
}

TEST_CASE_METHOD(job_stage, "a file that is gone and cannot be had again is said to be lost") {
  telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
    return is_upload_of_video(r) ? broken(http_error::no_file) : delivered();
  };
  on_fetch = [](int nth) { return nth == 1 ? film() : reply(404, "gone"); };
  order();
  advance(5min, 1s);
  check_state(job_state::completed);
  CHECK(the_job().fail_class == "file_lost");
  CHECK(telegram->count("its file was lost on the way") == 1);
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(
    job_stage,
    "a pack is finished when its last video has come, and its words are true of those that failed") {
  on_query = [](int) { return flagged(); };
  order("k1", 3);
  show_status_of({1});
  advance(60s, 1s);
  CHECK(telegram->count("Your order of 3 videos is finished") == 1);
  CHECK(telegram->count("How do you like it?") == 0);
  CHECK(balance().balance == 100);
}

TEST_CASE_METHOD(job_stage, "a provider that gives two orders one task gives away nobody's video") {
  same_task = true;
  order("k1");
  order("k2");
  advance(60s, 1s);
  CHECK(the_job(1).state == job_state::completed);
  CHECK(the_job(2).state == job_state::unknown);
  CHECK(fetches == 1);
  CHECK(alarmed("alarm.foreign_task") == 1);
  CHECK(balance().held == 3); // until its limit
}

TEST_CASE_METHOD(job_stage, "a callback that names another's task opens nothing, and its own comes through") {
  on_submit = [](int nth) {
    http_reply lost;
    lost.error = http_error::lost;
    return nth == 1 ? ok(task) : lost;
  };
  order("k1");
  order("k2");
  advance(60s, 1s);
  tell(dispatcher, provider_woke{2, "t-1"});
  run();
  CHECK(the_job(2).state == job_state::unknown);
  CHECK(alarmed("alarm.foreign_task") == 1);
  tell(dispatcher, provider_woke{2, "t-9"});
  advance(60s, 1s);
  CHECK(the_job(2).state == job_state::completed);
}
