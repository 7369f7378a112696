/// Days with a prompt writer that is slow, breaks off and lies, under an engine that dies: whatever becomes
/// of a prompt, no update is lost or handled twice, and no credit goes astray.
#include "tests/catch.hpp"
#include "tests/simulation/crowd.hpp"
#include "tests/simulation/play.hpp"

using namespace troupe;
using namespace troupe::simulation;

TEST_CASE(
    "whatever the prompt writer does and whenever the engine dies, users are answered and books are right") {
  std::int64_t crashes = 0, falls = 0, troubles = 0, delivered = 0, asked = 0;
  for (const std::uint64_t seed : {41, 42, 43, 44}) {
    CAPTURE(seed);
    play p{seed};
    p.config.opts.prompt_writer.api_url = "https://llm.example/v1";
    p.config.opts.prompt_writer.api_key = "simulated";
    dice d{seed};
    p.world.script = [&](const http_request& r) {
      if (r.url.find("/chat/completions") == r.url.npos) return fault::none;
      ++asked;
      constexpr fault kinds[] = {fault::refused, fault::timeout, fault::timeout_done,
                                 fault::reset,   fault::gateway, fault::malformed};
      return d.chance(400) ? ++troubles, kinds[d.below(6)] : fault::none;
    };
    p.deaths = {.at_step = 5, .one_in_messages = 2'000};
    p.fall_in_messages = 500;
    crowd people{seed, p, {.users = 10}};
    const auto end = first_ms + 2 * day_ms;
    people.enter(end);
    p.run_until(end);
    p.deaths = {};
    p.fall_in_messages = 0;
    p.run_until(end + 4 * hour_ms);
    people.ask_all_once_more();
    p.run_until(end + 4 * hour_ms + 10 * minute_ms);
    if (!p.stopped()) p.proofs().when_quiet();
    for (auto& v : p.violations) FAIL_CHECK(v.what << "\n" << p.log.tail());
    crashes += p.crashes;
    falls += p.world.injected[fault::fall];
    delivered += p.proofs().count().delivered;
  }
  CHECK(asked > 20);
  CHECK(crashes > 0);
  CHECK(falls > 0);
  CHECK(troubles > 0);
  CHECK(delivered > 0);
}
