#include "net/sandbox/telegram_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t noon = 1'795'000'000'000;

struct crowd_fixture {
  telegram_world world{"1000001:sandbox"};

  bot_answer send(std::int64_t id, const std::string& text) {
    return world.handle({"sendMessage", {{"chat_id", std::to_string(id)}, {"text", text}}, {}}, noon);
  }
  json counts() const { return world.people_crowd().describe(noon); }
  json poll(std::int64_t offset) {
    const bot_call c{"getUpdates", {{"offset", std::to_string(offset)}}, {}};
    world.begin_poll(c, noon);
    return world.updates(c, noon).body["result"];
  }
};

} // namespace

TEST_CASE_METHOD(crowd_fixture, "a crowd counts what it gets, and who got the same text twice") {
  world.crowd_comes({7000, 100, 0, 0, false}, noon);
  for (int i = 0; i < 90; ++i) REQUIRE(send(7000 + i, "news").status == 200);
  REQUIRE(send(7000, "other").status == 200);
  CHECK(counts()["repeats"] == 0);
  REQUIRE(send(7000, "news").status == 200);
  const auto c = counts();
  CHECK(c["received"] == 92);
  CHECK(c["repeats"] == 1);
  CHECK(c["texts"][0]["users"] == json{{"0", 10}, {"1", 89}, {"2+", 1}});
  CHECK(c["users_by_messages"] == json{{"0", 10}, {"1", 89}, {"2+", 1}});
  CHECK(c["first_at"] == noon);
  CHECK(c["methods"] == json{{"sendMessage", 92}});
}

TEST_CASE_METHOD(crowd_fixture, "the shares of blocked and deactivated answer in Telegram's words") {
  world.crowd_comes({7000, 1000, 10, 5, false}, noon);
  int blocked = 0, gone = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto a = send(7000 + i, "news");
    if (a.status == 200) continue;
    blocked += a.body["description"] == "Forbidden: bot was blocked by the user";
    gone += a.body["description"] == "Forbidden: user is deactivated";
  }
  CHECK(blocked == 100);
  CHECK(gone == 50);
  CHECK(counts()["blocked_answers"] == 100);
  CHECK(counts()["deactivated_answers"] == 50);
  CHECK(counts()["received"] == 850);
}

TEST_CASE_METHOD(crowd_fixture, "nobody else is known") {
  world.crowd_comes({7000, 10, 0, 0, false}, noon);
  CHECK(send(6999, "news").body["description"] == "Bad Request: chat not found");
  CHECK(send(7010, "news").body["description"] == "Bad Request: chat not found");
}

TEST_CASE_METHOD(crowd_fixture, "everybody who can presses Start once, as fast as the bot takes it") {
  world.crowd_comes({7000, 1000, 10, 0, true}, noon);
  std::set<std::int64_t> started;
  std::int64_t offset = 0;
  for (auto list = poll(0); !list.empty(); list = poll(offset))
    for (const auto& u : list) {
      CHECK(u["message"]["text"] == "/start");
      CHECK(started.insert(u["message"]["from"]["id"].get<std::int64_t>()).second);
      offset = u["update_id"].get<std::int64_t>() + 1;
    }
  CHECK(started.size() == 900);
}

TEST_CASE_METHOD(crowd_fixture, "a crowd that does not start is silent") {
  world.crowd_comes({7000, 1000, 0, 0, false}, noon);
  CHECK(poll(0).empty());
}

TEST_CASE_METHOD(crowd_fixture,
                 "the last message of one of the crowd can be edited and deleted, others not") {
  world.crowd_comes({7000, 10, 0, 0, false}, noon);
  const auto id = send(7000, "news").body["result"]["message_id"].get<std::int64_t>();
  auto on = [&](const char* method, std::int64_t message) {
    return world.handle(
        {method, {{"chat_id", "7000"}, {"message_id", std::to_string(message)}, {"text", "mended"}}, {}},
        noon);
  };
  CHECK(on("editMessageText", id).status == 200);
  CHECK(on("editMessageText", id + 1).status == 400);
  CHECK(on("deleteMessage", id).status == 200);
  CHECK(on("deleteMessage", id + 1).status == 400);
  CHECK(world.events_after(0).empty()); // the page hears nothing of the crowd
}
