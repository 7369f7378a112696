/// One update that fells whoever handles it stops nobody: it is set aside, with pauses, and what the person
/// agreed to stays.
#include "actors/dialogue_state.hpp"
#include "tests/actors/fixture.hpp"
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::test;
using nlohmann::json;

// -- updates that fell every session --

namespace {

/// A ledger at which each session falls, and that refuses, at once, to set its update aside.
struct poisoned : stage {
  std::vector<turn> asked; ///< to be stored
  std::vector<unix_ms> asked_at;
  std::function<caf::result<done>(const turn&)> on_turn = [](const turn&) { return done{}; };
  ledger_actor refusing = own(sys->spawn([this](ledger_actor::pointer me) -> ledger_actor::behavior_type {
    return {[](accept_updates&) { return accepted_updates{}; },
            [me](register_user&) -> caf::result<account> {
              caf::anon_send_exit(caf::actor_cast<caf::actor>(me->current_sender()), caf::exit_reason::kill);
              return account{};
            },
            [](order_request&) { return order_answer{}; },
            [this](turn& t) -> caf::result<done> {
              asked.push_back(t);
              asked_at.push_back(now());
              return on_turn(t);
            },
            [](job_step&) { return step_answer{}; },
            [](open_payment&) { return payment_answer{}; },
            [](star_charge&) { return payment_answer{}; },
            [](payment_step&) { return payment_answer{}; },
            [](admin_action&) { return admin_answer{}; },
            [](store_notice&) { return done{}; },
            [](readdress_office&) { return done{}; },
            [](review_rights&) { return done{}; },
            [](open_broadcast&) { return broadcast_answer{}; },
            [](broadcast_step&) { return broadcast_answer{}; },
            [](gather_recipients&) { return broadcast_answer{}; },
            [](take_recipients&) { return recipients_taken{}; },
            [](delivery_report&) {},
            [](ledger_listeners&) {},
            [](wake) {}};
  }));
  router_actor router = own(spawn_router(*sys, ctx, {refusing, reader, {}, {}, {}, {}, {}}));

  ~poisoned() { on_turn = nullptr, refusing = nullptr, router = nullptr; }
  void comes(std::int64_t id) {
    const json from{{"id", user}, {"is_bot", false}, {"first_name", "Ann"}, {"language_code", "en"}};
    const json m{{"message_id", id},
                 {"date", 1},
                 {"text", "/start"},
                 {"chat", {{"id", user}, {"type", "private"}}},
                 {"from", from}};
    incoming_update u{id, user, json{{"update_id", id}, {"message", m}}.dump()};
    ask<done>(router, accepted_updates{{u}, 1});
  }
};

} // namespace

TEST_CASE_METHOD(
    poisoned, "a ledger that refuses at once is not asked without a wait, and the next update has its turn") {
  on_turn = [](const turn&) -> caf::result<done> {
    return caf::make_error(caf::sec::invalid_argument, "never");
  };
  comes(1);
  advance(1s, 10ms);
  CHECK(asked.size() <= 2);
  advance(60s, 100ms);
  REQUIRE(asked.size() == 3);
  CHECK_FALSE(asked[0].messages.empty()); // with a word to the user, if it can be
  CHECK(asked[1].messages.empty());       // else without
  CHECK(asked_at[1] - asked_at[0] >= 1000);
  CHECK(asked_at[2] - asked_at[1] >= 2000);
  on_turn = [](const turn&) { return done{}; };
  comes(2);
  advance(60s, 100ms);
  CHECK(asked.back().update_id == 2);
}

TEST_CASE_METHOD(poisoned,
                 "while nothing can be stored an update waits to be set aside, with growing pauses") {
  bool full = true;
  on_turn = [&](const turn&) -> caf::result<done> {
    if (full) return caf::make_error(caf::sec::runtime_error, "disk is full");
    return done{};
  };
  comes(1);
  advance(600s, 100ms);
  CHECK(asked.size() < 30);
  CHECK(asked.size() > 5);
  full = false;
  advance(60s, 100ms);
  CHECK_FALSE(asked.back().messages.empty()); // none of the refusals was for good
}

// -- what is set aside --

TEST_CASE("to set an update aside drops the work in hand and keeps what the person agreed to, told us, and "
          "is limited by") {
  talk::memory m;
  m.screen = "card";
  m.work = talk::draft{};
  m.work->id = 5, m.work->prompt = "a cat";
  m.office = "{}", m.method = "s", m.wanted = 10;
  m.terms = 77, m.contact = "ann@example.org";
  m.recent = {1, 2}, m.warned = 3, m.feedback = {4}, m.ban_told = 6;
  m.actions = {1.5, 8, 9};
  m.done = 10, m.bought = 11, m.last_photo = "photo";
  const auto left = talk::read_memory(talk::without_work(talk::write_memory(m)));
  CHECK(left.screen == "home");
  CHECK_FALSE(left.work);
  CHECK((left.office.empty() && left.method.empty() && left.wanted == 0));
  CHECK(left.terms == 77);
  CHECK(left.contact == "ann@example.org");
  CHECK(left.recent == m.recent);
  CHECK((left.warned == 3 && left.feedback == m.feedback && left.ban_told == 6));
  CHECK((left.actions.spent == 1.5 && left.actions.at == 8 && left.actions.warned == 9));
  CHECK((left.done == 10 && left.bought == 11 && left.last_photo == "photo"));
  CHECK(talk::read_memory(talk::without_work("broken")).screen == "home");
}
