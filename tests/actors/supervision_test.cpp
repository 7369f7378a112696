/// Who falls, who picks up, and when the level above decides.
#include "actors/supervision.hpp"
#include "actors/supervisor.hpp"
#include "tests/actors/fixture.hpp"
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

namespace {

void fell(const caf::actor& a) { caf::anon_send_exit(a, caf::exit_reason::kill); }

/// A whole cast on the stage, under a supervisor. The stage's own ledger keeps its own file.
struct company : stage {
  std::vector<cast> casts; ///< every one that was built
  std::string hopeless;
  supervisor_actor boss;
  std::deque<http_reply> updates_to_come;
  std::string second = temporary.path + "/second.db";
  std::shared_ptr<storage::store> store = std::make_shared<storage::store>(second);
  std::shared_ptr<storage::reader> look = std::make_shared<storage::reader>(second);

  company() {
    telegram->answer = [this](const http_request& r) -> std::optional<http_reply> {
      if (r.url.find("/getUpdates") == r.url.npos) return delivered();
      if (updates_to_come.empty()) return std::nullopt; // the long poll hangs
      auto next = updates_to_come.front();
      updates_to_come.pop_front();
      return next;
    };
    boss = own(spawn_supervisor(
        *sys, {[this] { return build(); }, [this](const std::string& why) { hopeless = why; }}));
    run();
  }

  cast build() {
    store->forget_batch();
    telegram->held.clear();
    auto pool = [&] { return sys->spawn(outside_actor, telegram); };
    auto media = sys->spawn([](media_actor::pointer) -> media_actor::behavior_type {
      return {[](const inspect_video&) { return inspected{}; }};
    });
    auto pictures = sys->spawn([](picture_worker_actor::pointer) -> picture_worker_actor::behavior_type {
      return {[](const picture_on_disk&) { return picture_facts{}; }};
    });
    cast_setting setting{
        ctx, store, look, {pool(), pool(), pool(), pool(), pool(), pool(), media, pool(), pool(), pictures}};
    setting.threads = false;
    casts.push_back(spawn_cast(*sys, setting));
    return casts.back();
  }

  /// Seen by the poller that begins anew after a fall.
  void comes(std::int64_t update_id) {
    json from{{"id", user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}};
    json m{{"message_id", 1},
           {"date", 1},
           {"text", "/balance"},
           {"chat", {{"id", user}, {"type", "private"}}},
           {"from", from}};
    json body{{"ok", true}, {"result", {{{"update_id", update_id}, {"message", m}}}}};
    updates_to_come.push_back(ok(body.dump()));
  }
  std::size_t answers() const { return telegram->count("/sendMessage"); }

  ~company() { // the members of this class end before the stage does
    caf::anon_send_exit(boss, caf::exit_reason::user_shutdown);
    run();
    casts.clear();
    boss = nullptr;
    owned.clear();
    owned.push_back(caf::actor_cast<caf::actor>(ledger));
    owned.push_back(caf::actor_cast<caf::actor>(reader));
    owned.push_back(caf::actor_cast<caf::actor>(telegram_wire));
    owned.push_back(caf::actor_cast<caf::actor>(provider_wire));
    telegram->held.clear();
    run();
  }
};

} // namespace

TEST_CASE("restarts are limited within a window that moves on") {
  using clock = std::chrono::steady_clock;
  restart_limit limit{3, 60s};
  clock::time_point t{};
  for (int i = 0; i < 3; ++i) CHECK(limit.allows(t + i * 10s));
  CHECK_FALSE(limit.allows(t + 59s));
  CHECK(limit.allows(t + 60s));
  CHECK_FALSE(limit.allows(t + 60s));
}

TEST_CASE_METHOD(company,
                 "whoever of the cast falls, all start anew from the database and users are answered") {
  const auto parts = casts.front().all().size();
  std::int64_t update = 100;
  for (std::size_t i = 0; i < parts; ++i) {
    CAPTURE(i);
    comes(++update);
    fell(casts.back().all().at(i));
    run();
    advance(2s);
    REQUIRE(casts.size() == i + 2);
    CHECK(answers() == i + 1);
    CHECK(look->load_open_work().updates.empty());
    advance(61s, 1s); // out of the window
  }
  CHECK(hopeless.empty());
  CHECK(look->audit().faults.empty());
}

TEST_CASE_METHOD(company, "a cast that falls again and again is given up, with a reason") {
  for (int i = 0; i < 3; ++i) {
    fell(caf::actor_cast<caf::actor>(casts.back().courier));
    run();
    advance(2s);
  }
  CHECK(casts.size() == 4);
  CHECK(hopeless.empty());
  fell(caf::actor_cast<caf::actor>(casts.back().ledger));
  run();
  advance(5s);
  CHECK(casts.size() == 4);
  CHECK_FALSE(hopeless.empty());
}

TEST_CASE_METHOD(company, "a callback reaches the dispatcher of the moment") {
  fell(caf::actor_cast<caf::actor>(casts.back().router));
  run();
  advance(2s);
  tell(boss, provider_woke{1, "t"}); // nobody waits for it, and nobody falls over it
  CHECK(casts.size() == 2);
}
