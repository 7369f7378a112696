#include "net/sandbox/flood_watch.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t noon = 1'795'000'000'000;
constexpr std::int64_t chat = 5, group = -100;

flood_watch watch(flood_mode mode) {
  flood_watch w;
  w.choose(mode);
  return w;
}

std::int64_t wait_of(flood_watch& w, std::int64_t id, std::int64_t now) {
  return w.ask({id, 1, false, false, 0}, now).retry_after_s;
}

} // namespace

TEST_CASE("one chat takes a burst, then one message a second") {
  auto w = watch(flood_mode::strict);
  for (int i = 0; i < 3; ++i) CHECK(wait_of(w, chat, noon) == 0);
  CHECK(wait_of(w, chat, noon) == 1);
  CHECK(wait_of(w, chat + 1, noon) == 0); // another chat is another matter
  CHECK(wait_of(w, chat, noon + 1000) == 0);
  CHECK(w.violations().size() == 1);
}

TEST_CASE("a call before its retry_after is over is a violation, one after it is none") {
  auto w = watch(flood_mode::telegram);
  w.refuse_next(1, 5);
  CHECK(wait_of(w, chat, noon) == 5);
  CHECK(w.violations().empty()); // the fault was ours
  CHECK(wait_of(w, chat, noon + 2000) == 3);
  CHECK(w.violations().at("call before its retry_after was over") == 1);
  CHECK(wait_of(w, chat, noon + 5000) == 0);
  CHECK(w.violations().at("call before its retry_after was over") == 1);
}

TEST_CASE("a group takes twenty messages a minute") {
  auto w = watch(flood_mode::telegram);
  for (int i = 0; i < 20; ++i) CHECK(wait_of(w, group, noon + i * 1000) == 0);
  CHECK(wait_of(w, group, noon + 20'000) == 40);
  CHECK(wait_of(w, group, noon + 60'000) == 0);
}

TEST_CASE("thirty a second go to all together, and answers to those who just wrote are free") {
  auto w = watch(flood_mode::strict);
  for (int i = 0; i < 30; ++i) REQUIRE(wait_of(w, 1000 + i, noon) == 0);
  CHECK(wait_of(w, 2000, noon) == 1);
  w.wrote(3000, noon);
  CHECK(wait_of(w, 3000, noon) == 0);
  CHECK(wait_of(w, 3001, noon) == 1);
  w.wrote(3002, noon - 3001); // that is too long ago
  CHECK(wait_of(w, 3002, noon) == 1);
}

TEST_CASE("a paid broadcast goes beyond thirty a second and costs only there") {
  auto w = watch(flood_mode::strict);
  int paid = 0;
  auto send = [&](std::int64_t id, std::int64_t stars) {
    const auto v = w.ask({id, 1, false, true, stars}, noon);
    paid += v.costs ? 1 : 0;
    return v.retry_after_s;
  };
  for (int i = 0; i < 1030; ++i) REQUIRE(send(1000 + i, 10'000) == 0);
  CHECK(paid == 1000);
  CHECK(send(5000, 10'000) == 1);
  auto poor = watch(flood_mode::strict);
  for (int i = 0; i < 30; ++i) REQUIRE(poor.ask({1000 + i, 1, false, true, 9'999}, noon).retry_after_s == 0);
  CHECK(poor.ask({5000, 1, false, true, 9'999}, noon).retry_after_s == 1);
}

TEST_CASE("a storm refuses its share until it ends, also with flood control off") {
  auto w = watch(flood_mode::off);
  w.storm(noon + 10'000, 50, 2);
  int refused = 0;
  for (int i = 0; i < 100; ++i) refused += wait_of(w, 1000 + i, noon) > 0;
  CHECK(refused == 50);
  CHECK(wait_of(w, 9000, noon + 10'000) == 0);
  CHECK(w.violations().empty());
}

TEST_CASE("edits count for their chat only") {
  auto w = watch(flood_mode::strict);
  for (int i = 0; i < 30; ++i) REQUIRE(w.ask({1000 + i, 1, true, false, 0}, noon).retry_after_s == 0);
  CHECK(wait_of(w, 2000, noon) == 0);
  for (int i = 0; i < 3; ++i) CHECK(w.ask({chat, 1, true, false, 0}, noon).retry_after_s == 0);
  CHECK(w.ask({chat, 1, true, false, 0}, noon).retry_after_s == 1);
}

TEST_CASE("as Telegram, edits for somebody who just pressed are absorbed, strictly, they count") {
  auto refused = [](flood_mode mode, std::int64_t pressed) {
    auto w = watch(mode);
    w.wrote(chat, pressed);
    int n = 0;
    for (int i = 0; i < 10; ++i) n += w.ask({chat, 1, true, false, 0}, noon).retry_after_s > 0;
    return n;
  };
  CHECK(refused(flood_mode::telegram, noon) == 0);
  CHECK(refused(flood_mode::telegram, noon - 10'001) == 4);
  CHECK(refused(flood_mode::strict, noon) == 7);
}

TEST_CASE("chats that are at rest are forgotten") {
  auto w = watch(flood_mode::telegram);
  for (int i = 0; i < 1000; ++i) w.wrote(1000 + i, noon);
  CHECK(w.chats_known() == 1000);
  wait_of(w, chat, noon + 60'000);
  CHECK(w.chats_known() == 1);
}

TEST_CASE("the world answers 429 in Telegram's shape and charges a paid message that arrived") {
  telegram_world world{"1000001:sandbox"};
  world.crowd_comes({7000, 2000, 0, 0, false}, noon);
  world.floods().choose(flood_mode::strict);
  world.set_bot_stars(10'001);
  world.floods().limits().paid_min_stars = 1;
  auto send = [&](std::int64_t id, const char* paid) {
    return world.handle({"sendMessage",
                         {{"chat_id", std::to_string(id)}, {"text", "news"}, {"allow_paid_broadcast", paid}},
                         {}},
                        noon);
  };
  for (int i = 0; i < 30; ++i) REQUIRE(send(7000 + i, "true").status == 200);
  CHECK(world.bot_stars() == 10'001);
  for (int i = 30; i < 50; ++i) REQUIRE(send(7000 + i, "true").status == 200);
  CHECK(world.bot_stars() == 9'999);
  const auto refused = send(7100, "false");
  CHECK(refused.status == 429);
  CHECK(refused.body["description"] == "Too Many Requests: retry after 1");
  CHECK(refused.body["parameters"]["retry_after"] == 1);
  CHECK(world.all_violations()["total"] == 1);
}

TEST_CASE("button answers and chat actions are never refused") {
  telegram_world world{"1000001:sandbox"};
  world.add_user(chat, "Anna", "ru");
  world.floods().choose(flood_mode::strict);
  for (int i = 0; i < 50; ++i)
    CHECK(world.handle({"sendChatAction", {{"chat_id", "5"}, {"action", "typing"}}, {}}, noon).status == 200);
}
