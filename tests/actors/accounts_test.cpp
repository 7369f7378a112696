/// What a session knows of its user's account: what came with the update, unless a turn was stored since.
#include "tests/actors/reception.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

struct knowledge : reception {
  /// "/balance" of Ben, as the router hands it on, with an account that cannot be mistaken for the real one.
  void asks_with(std::int64_t balance, std::uint64_t stored_in) {
    account told = db->load_account(ben);
    told.balance = balance;
    auto u = of_ben("/balance");
    u.who = std::make_shared<const account>(told);
    u.stored_in = stored_in;
    tell(router, accepted_updates{{u}});
    advance(5s);
  }
  incoming_update of_ben(const std::string& text) {
    const auto id = next_update++;
    const json message{{"message_id", id + 10'000},
                       {"date", 1},
                       {"from", person_json(ben)},
                       {"text", text},
                       {"chat", {{"id", ben}, {"type", "private"}}}};
    return {id, ben, json{{"update_id", id}, {"message", message}}.dump()};
  }
};

constexpr std::uint64_t later = 1'000'000;

} // namespace

TEST_CASE_METHOD(knowledge, "the account that comes with an update is believed, and nobody else asked") {
  asks_with(777, later);
  CHECK(has(screen(ben), "777"));
}

TEST_CASE_METHOD(knowledge, "an account read before the last turn was stored is not believed") {
  asks_with(777, 1);
  CHECK_FALSE(has(screen(ben), "777"));
  CHECK(has(screen(ben), std::to_string(balance_of(ben))));
}

TEST_CASE_METHOD(knowledge, "two updates stored together: the second knows what the first has changed") {
  ask<done>(router, ask<accepted_updates>(
                        ledger, accept_updates{{of_ben("/feedback"), of_ben("Где видео?")}, now()}));
  advance(5s);
  CHECK(has(screen(ben), "Передали")); // to a stale session it would be a prompt
}
