#include "net/sandbox/telegram_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t anna = 515151515, team = -1001234567890;
constexpr std::int64_t noon = 1'795'000'000'000;

struct group_fixture {
  telegram_world world{"1000001:sandbox"};

  group_fixture() {
    world.add_user(anna, "Anna", "ru");
    world.add_group(team, "Team");
  }
  json say(const std::string& text, std::int64_t reply_to = 0) {
    said what{text, "", "", ""};
    what.chat_id = team;
    what.reply_to = reply_to;
    return world.say(anna, what, noon);
  }
  json heard() { return world.updates({"getUpdates", {}, {}}, noon).body["result"]; }
  std::int64_t bot_says(const std::string& text) {
    return world.handle({"sendMessage", {{"chat_id", std::to_string(team)}, {"text", text}}, {}}, noon)
        .body["result"]["message_id"];
  }
};

} // namespace

TEST_CASE_METHOD(group_fixture, "in a group the bot hears replies to itself and commands, no other talk") {
  const auto id = bot_says("A question of a user");
  const auto talk = say("who takes it?")["message_id"].get<std::int64_t>();
  say("I do", talk);
  say("/help@other_bot");
  CHECK(heard().empty());
  say("Dear user, ...", id);
  say("/help@sandbox_bot");
  const auto list = heard();
  REQUIRE(list.size() == 2);
  CHECK(list[0]["message"]["chat"]["id"] == team);
  CHECK(list[0]["message"]["from"]["id"] == anna);
  CHECK(list[0]["message"]["reply_to_message"]["message_id"] == id);
}

TEST_CASE_METHOD(group_fixture, "a button in a group is pressed by a person in the group's chat") {
  const auto id = bot_says("Take it?");
  world.press(anna, id, "take", noon, team);
  const auto query = heard()[0]["callback_query"];
  CHECK(query["from"]["id"] == anna);
  CHECK(query["message"]["chat"]["id"] == team);
  CHECK(query["message"]["text"] == "Take it?");
}

TEST_CASE_METHOD(group_fixture, "the bot replies in a group to a message that is there, and to no other") {
  const auto talk = say("hello")["message_id"].get<std::int64_t>();
  auto reply = [&](std::int64_t id) {
    return world.handle({"sendMessage",
                         {{"chat_id", std::to_string(team)},
                          {"text", "yes"},
                          {"reply_parameters", json{{"message_id", id}}.dump()}},
                         {}},
                        noon);
  };
  CHECK(reply(talk).body["result"]["reply_to_message"]["text"] == "hello");
  CHECK(reply(9999).body["description"] == "Bad Request: message to be replied not found");
}

TEST_CASE_METHOD(
    group_fixture,
    "a group becomes a supergroup: its old number answers with the new one, the bot hears both") {
  constexpr std::int64_t basic = -4711;
  world.add_group(basic, "Team");
  const auto to = world.move_group(basic, true, noon)["id"].get<std::int64_t>();
  CHECK(to == -1'000'000'004'711);
  const auto a = world.handle({"sendMessage", {{"chat_id", "-4711"}, {"text", "hi"}}, {}}, noon);
  CHECK(a.status == 400);
  CHECK(a.body["description"] == "Bad Request: group chat was upgraded to a supergroup chat");
  CHECK(a.body["parameters"]["migrate_to_chat_id"] == to);
  CHECK(world.handle({"sendMessage", {{"chat_id", std::to_string(to)}, {"text", "hi"}}, {}}, noon).status ==
        200);
  const auto list = heard();
  REQUIRE(list.size() == 2);
  CHECK(list[0]["message"]["migrate_to_chat_id"] == to);
  CHECK(list[1]["message"]["migrate_from_chat_id"] == basic);
  CHECK_THROWS(world.move_group(basic, true, noon));
}

TEST_CASE_METHOD(
    group_fixture,
    "a group refuses in Telegram's words until it is told otherwise, and the bot hears of both") {
  world.refuse_in_group(team, "Forbidden: bot was kicked from the supergroup chat", noon);
  const bot_call call{"sendMessage", {{"chat_id", std::to_string(team)}, {"text", "hi"}}, {}};
  const auto a = world.handle(call, noon);
  CHECK(a.status == 403);
  CHECK(a.body["description"] == "Forbidden: bot was kicked from the supergroup chat");
  world.refuse_in_group(team, "", noon);
  CHECK(world.handle(call, noon).status == 200);
  const auto list = heard();
  REQUIRE(list.size() == 2);
  CHECK(list[0]["my_chat_member"]["new_chat_member"]["status"] == "left");
  CHECK(list[1]["my_chat_member"]["new_chat_member"]["status"] == "member");
}
