/// Callbacks at the door: whose address is good, and until when.
#include "actors/porter.hpp"
#include "tests/actors/working.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

struct callbacks : working {
  doorman_actor doorman = own(spawn_doorman(*sys, ctx, ledger, reader, dispatcher));
  /// The web server's status for it.
  int call(std::int64_t job_id, std::int64_t made, const std::string& task_id = "t-9") {
    auto asked = (*self)->request(doorman, caf::infinite, provider_woke{job_id, task_id, made});
    run();
    int status = 0;
    asked.receive([&](done) { status = 200; },
                  [&](const caf::error& e) { status = e == address_is_void ? 404 : 503; });
    return status;
  }
};

} // namespace

TEST_CASE_METHOD(callbacks, "a callback is of the job that was made then, and of no other with its number") {
  on_submit = [](int) { return broken(http_error::lost); };
  order();
  advance(1s);
  check_state(job_state::unknown);
  const auto made = the_job().created_at;
  CHECK(call(1, made + 1) == 404); // its number in a database that was restored
  CHECK(call(1, 0) == 404);
  CHECK(call(2, made) == 404);
  CHECK(call(1, made + 1, "") == 404);
  check_state(job_state::unknown);
  CHECK(the_job().task_id.empty());
  CHECK(call(1, made, "") == 200);
  CHECK(call(1, made) == 200);
  CHECK(the_job().task_id == "t-9");
}

TEST_CASE_METHOD(callbacks, "an address is void 48 hours after its job's end") {
  on_query = [](int) { return flagged(); };
  order();
  advance(40s);
  check_state(job_state::failed);
  const auto made = the_job().created_at;
  CHECK(call(1, made, "t-1") == 200);
  advance(48h - 1min, 1h);
  CHECK(call(1, made, "t-1") == 200);
  advance(2min, 1min);
  CHECK(call(1, made, "t-1") == 404);
}
