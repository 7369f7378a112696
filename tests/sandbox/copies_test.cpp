#include "net/sandbox/telegram_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t anna = 515151515, bob = 424242424;
constexpr std::int64_t noon = 1'795'000'000'000;
const std::string to_anna = std::to_string(anna), to_bob = std::to_string(bob);

struct copies_fixture {
  telegram_world world{"1000001:sandbox"};

  copies_fixture() {
    world.add_user(anna, "Anna", "ru");
    world.add_user(bob, "Bob", "en");
  }
  bot_answer call(const std::string& method, std::map<std::string, std::string> values,
                  std::map<std::string, uploaded_file> files = {}) {
    return world.handle({method, std::move(values), std::move(files)}, noon);
  }
  std::string refusal(const std::string& method, std::map<std::string, std::string> values) {
    const auto a = call(method, std::move(values));
    return a.status == 200 ? "" : a.body["description"].get<std::string>();
  }
  json last_of(std::int64_t user) const { return world.chat(user).back(); }
  std::string say(const std::string& text) {
    return world.say(anna, {text, "", "", ""}, noon)["message_id"].dump();
  }
  std::string upload(const std::string& kind) {
    const std::string method = kind == "photo" ? "sendPhoto" : kind == "video" ? "sendVideo" : "sendDocument";
    const auto m = call(method, {{"chat_id", to_bob}}, {{kind, {"a", "", "bytes"}}}).body["result"];
    return kind == "photo" ? m["photo"].back()["file_id"] : m[kind]["file_id"];
  }
};

json item(const std::string& kind, const std::string& id) { return {{"type", kind}, {"media", id}}; }

} // namespace

TEST_CASE_METHOD(copies_fixture, "a copy has the formatting and no author, its answer is an id only") {
  said bold{"hello", "", "", ""};
  bold.entities = {{{"type", "bold"}, {"offset", 0}, {"length", 5}}};
  const auto id = world.say(anna, bold, noon)["message_id"].dump();
  const auto a = call("copyMessage", {{"chat_id", to_bob}, {"from_chat_id", to_anna}, {"message_id", id}});
  CHECK(a.body["result"].size() == 1);
  CHECK(last_of(bob)["message_id"] == a.body["result"]["message_id"]);
  CHECK(last_of(bob)["entities"][0]["type"] == "bold");
  CHECK(!last_of(bob).contains("forward_origin"));
  CHECK(refusal("copyMessage", {{"chat_id", to_bob}, {"from_chat_id", to_anna}, {"message_id", "9999"}}) ==
        "Bad Request: message to copy not found");
}

TEST_CASE_METHOD(copies_fixture, "a copy's caption is kept, replaced or removed") {
  upload("video");
  const auto id = last_of(bob)["message_id"].dump();
  call("editMessageCaption", {{"chat_id", to_bob}, {"message_id", id}, {"caption", "first"}});
  std::map<std::string, std::string> copy{{"chat_id", to_anna}, {"from_chat_id", to_bob}, {"message_id", id}};
  call("copyMessage", copy);
  CHECK(last_of(anna)["caption"] == "first");
  copy["caption"] = "second";
  call("copyMessage", copy);
  CHECK(last_of(anna)["caption"] == "second");
  copy["caption"] = "";
  call("copyMessage", copy);
  CHECK(!last_of(anna).contains("caption"));
}

TEST_CASE_METHOD(copies_fixture, "a forward names its first author") {
  const auto id = say("hello");
  call("forwardMessage", {{"chat_id", to_bob}, {"from_chat_id", to_anna}, {"message_id", id}});
  const auto once = last_of(bob);
  CHECK(once["forward_origin"]["type"] == "user");
  CHECK(once["forward_from"]["id"] == anna);
  call("forwardMessage",
       {{"chat_id", to_anna}, {"from_chat_id", to_bob}, {"message_id", once["message_id"].dump()}});
  CHECK(last_of(anna)["forward_origin"]["sender_user"]["id"] == anna);
}

TEST_CASE_METHOD(copies_fixture, "many are copied in order, and the missing are skipped") {
  const auto one = say("one"), two = say("two");
  auto copy = [&](const std::string& ids) {
    return call("copyMessages", {{"chat_id", to_bob}, {"from_chat_id", to_anna}, {"message_ids", ids}});
  };
  CHECK(copy("[" + one + "," + two + ",99999]").body["result"].size() == 2);
  CHECK(copy("[" + two + "," + one + "]").body["description"] ==
        "Bad Request: message identifiers must be in a strictly increasing order");
  CHECK(copy("[]").status == 400);
}

TEST_CASE_METHOD(copies_fixture, "deleting many skips what is gone") {
  const auto one = say("one"), two = say("two");
  CHECK(call("deleteMessages", {{"chat_id", to_anna}, {"message_ids", "[" + two + "," + one + ",7]"}})
            .body["result"] == true);
  CHECK(world.chat(anna).empty());
}

TEST_CASE_METHOD(copies_fixture, "an album is an array of messages with one group id") {
  const json media{item("photo", upload("photo")), item("video", upload("video"))};
  const auto sent = call("sendMediaGroup", {{"chat_id", to_anna}, {"media", media.dump()}}).body["result"];
  REQUIRE(sent.size() == 2);
  CHECK(sent[0]["media_group_id"] == sent[1]["media_group_id"]);
  CHECK(sent[0].contains("photo"));
  CHECK(sent[1].contains("video"));
  const json ids{sent[0]["message_id"], sent[1]["message_id"]};
  call("forwardMessages", {{"chat_id", to_bob}, {"from_chat_id", to_anna}, {"message_ids", ids.dump()}});
  CHECK(last_of(bob)["media_group_id"] != sent[0]["media_group_id"]);
}

TEST_CASE_METHOD(copies_fixture, "an album is refused in Telegram's words, and then nothing is sent") {
  const auto photo = upload("photo"), document = upload("document");
  auto album = [&](const json& media) {
    return refusal("sendMediaGroup", {{"chat_id", to_anna}, {"media", media.dump()}});
  };
  CHECK(album(json::array()) == "Bad Request: there are no messages to send");
  CHECK(album(json(11, item("photo", photo))) == "Bad Request: too many messages to send as an album");
  CHECK(album({item("photo", photo), item("document", document)}) ==
        "Bad Request: document can't be mixed with other media types");
  CHECK(album({item("photo", photo), item("photo", "nonsense")}) ==
        "Bad Request: failed to send message #2 with the error message \"wrong remote file identifier "
        "specified: Wrong string length\"");
  CHECK(world.chat(anna).empty());
}

TEST_CASE_METHOD(copies_fixture, "ready entities are counted in UTF-16 units and must lie within the text") {
  auto send = [&](const json& entity) {
    return call("sendMessage",
                {{"chat_id", to_anna}, {"text", "🎬 film"}, {"entities", json::array({entity}).dump()}});
  };
  CHECK(send({{"type", "bold"}, {"offset", 3}, {"length", 4}}).status == 200);
  CHECK(last_of(anna)["entities"][0]["offset"] == 3);
  CHECK(send({{"type", "bold"}, {"offset", 3}, {"length", 5}}).body["description"] ==
        "Bad Request: entity beginning at UTF-16 offset 3 ends after the end of the text at UTF-16 offset 8");
  CHECK(send({{"type", "bold"}, {"offset", 8}, {"length", 1}}).body["description"] ==
        "Bad Request: entity begins after the end of the text at UTF-16 offset 8");
  CHECK(send({{"type", "bald"}, {"offset", 0}, {"length", 1}}).body["description"] ==
        "Bad Request: can't parse MessageEntity: Unsupported type specified");
}

TEST_CASE_METHOD(copies_fixture, "a person sends on a channel's post, a hidden person's and another chat's") {
  said what{"news", "", "", ""};
  what.origin = {{"type", "channel"},
                 {"chat", {{"id", -1009}, {"title", "News"}, {"type", "channel"}}},
                 {"message_id", 4}};
  const auto post = world.say(anna, what, noon);
  CHECK(post["forward_from_chat"]["title"] == "News");
  CHECK(post["forward_origin"]["date"] == noon / 1000);
  what.origin = {{"type", "hidden_user"}, {"sender_user_name", "Somebody"}};
  CHECK(world.say(anna, what, noon)["forward_sender_name"] == "Somebody");
  const auto hello = world.say(bob, {"hello", "", "", ""}, noon)["message_id"].get<std::int64_t>();
  CHECK(world.forward_to_bot(anna, bob, hello, noon)["forward_from"]["id"] == bob);
  CHECK_THROWS(world.forward_to_bot(anna, bob, 9999, noon));
}
