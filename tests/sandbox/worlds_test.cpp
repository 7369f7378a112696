#include "net/sandbox/html_text.hpp"
#include "net/sandbox/kie_world.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t anna = 515151515;
constexpr std::int64_t noon = 1'795'000'000'000;

struct chat_fixture {
  telegram_world world{"1000001:sandbox"};
  std::int64_t now = noon;

  chat_fixture() { world.add_user(anna, "Anna", "ru"); }

  bot_answer call(const std::string& method, std::map<std::string, std::string> values) {
    return world.handle({method, std::move(values), {}}, now);
  }
  std::string refusal(const std::string& method, std::map<std::string, std::string> values) {
    const auto a = call(method, std::move(values));
    return a.status == 200 ? "" : a.body["description"].get<std::string>();
  }
  json poll(const std::string& offset) {
    const bot_call c{"getUpdates", {{"offset", offset}}, {}};
    world.begin_poll(c, now);
    return world.updates(c, now).body["result"];
  }
  std::string chat_id = std::to_string(anna);
};

std::string keyboard(std::size_t data_size) {
  return json{{"inline_keyboard", {{{{"text", "Go"}, {"callback_data", std::string(data_size, 'x')}}}}}}
      .dump();
}

json record(const kie_world& k, const std::string& id, std::int64_t at) {
  return k.record_info(id, at)["data"];
}

} // namespace

TEST_CASE_METHOD(chat_fixture, "an update is delivered until an offset confirms it") {
  world.say(anna, {"/start abc", "", "", ""}, now);
  const auto first = poll("0");
  REQUIRE(first.size() == 1);
  CHECK(first[0]["message"]["text"] == "/start abc");
  CHECK(first[0]["message"]["entities"][0]["length"] == 6);
  CHECK(poll("0").size() == 1);
  CHECK(poll(std::to_string(first[0]["update_id"].get<std::int64_t>() + 1)).empty());
  CHECK(poll("0").empty());
}

TEST_CASE("a later sandbox gives no id that an earlier one has given") {
  telegram_world earlier{"1000001:sandbox", 1'795'000'000}, later{"1000001:sandbox", 1'795'000'060};
  auto update = [](telegram_world& w) {
    w.say(anna, {"hello", "", "", ""}, noon);
    w.press(anna, 1, "go", noon);
    return w.updates({"getUpdates", {}, {}}, noon).body["result"];
  };
  const auto old = update(earlier), fresh = update(later);
  CHECK(old[1]["update_id"] < fresh[0]["update_id"]);
  CHECK(old[0]["message"]["message_id"] < fresh[0]["message"]["message_id"]);
  CHECK(old[1]["callback_query"]["id"] != fresh[1]["callback_query"]["id"]);
}

TEST_CASE_METHOD(chat_fixture, "a message is read once the bot's offset has passed it") {
  const auto said = world.say(anna, {"hello", "", "", ""}, now);
  const auto update = poll("0")[0]["update_id"].get<std::int64_t>();
  CHECK(world.users()[0]["read_to"] == 0);
  poll(std::to_string(update + 1));
  CHECK(world.users()[0]["read_to"] == said["message_id"]);
  CHECK(world.events_after(0).back()["type"] == "read");
}

TEST_CASE_METHOD(chat_fixture, "a voice message has a length and no text") {
  world.say(anna, {"", "", "", "", 3}, now);
  const auto message = poll("0")[0]["message"];
  CHECK(message["voice"]["duration"] == 3);
  CHECK_FALSE(message.contains("text"));
}

TEST_CASE_METHOD(chat_fixture, "the newest poll supersedes the older one") {
  const auto older = world.begin_poll({"getUpdates", {}, {}}, now);
  const auto newer = world.begin_poll({"getUpdates", {}, {}}, now);
  CHECK(world.superseded(older));
  CHECK_FALSE(world.superseded(newer));
  CHECK(telegram_world::conflict().status == 409);
}

TEST_CASE_METHOD(chat_fixture, "an edit that changes nothing is refused as not modified") {
  const auto sent = call("sendMessage", {{"chat_id", chat_id}, {"text", "one"}}).body["result"];
  const auto id = sent["message_id"].dump();
  CHECK(refusal("editMessageText", {{"chat_id", chat_id}, {"message_id", id}, {"text", "one"}})
            .find("Bad Request: message is not modified") == 0);
  CHECK(refusal("editMessageText", {{"chat_id", chat_id}, {"message_id", id}, {"text", "two"}}).empty());
  CHECK(refusal("editMessageText", {{"chat_id", chat_id}, {"message_id", "9999"}, {"text", "two"}}) ==
        "Bad Request: message to edit not found");
  CHECK(world.violations().empty());
}

TEST_CASE_METHOD(chat_fixture, "bad HTML is refused in Telegram's words") {
  auto html = [&](const std::string& text) {
    return refusal("sendMessage", {{"chat_id", chat_id}, {"text", text}, {"parse_mode", "HTML"}});
  };
  const std::string prefix = "Bad Request: can't parse entities: ";
  CHECK(html("line<br>") == prefix + "Unsupported start tag \"br\" at byte offset 4");
  CHECK(html("<b>x</i>") == prefix + "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"");
  CHECK(html("<b>x") == prefix + "Can't find end tag corresponding to start tag \"b\"");
  CHECK(html("x</b>") == prefix + "Unexpected end tag at byte offset 1");
  CHECK(html("a <b") == prefix + "Unclosed start tag at byte offset 2");
  CHECK(html("<i =aba>x") == prefix + "Empty attribute name in the tag \"i\" at byte offset 0");
  CHECK(html("<i aba = ") == prefix + "Unclosed start tag \"i\" at byte offset 0");
  CHECK(html("<i aba = 190azAz-.,") == prefix + "Unexpected end of name token at byte offset 9");
  CHECK(html("<i aba = \"&lt;>") == prefix + "Unclosed start tag at byte offset 0");
  CHECK(html("x</") == prefix + "Unexpected end tag at byte offset 1");
  CHECK(html("<i>a</i ") == prefix + "Unclosed end tag at byte offset 4");
  CHECK(html("&#xDFDF;").find("check for unmatched surrogate code units") != std::string::npos);
  CHECK(html("<b>bold <i>both</i></b> &lt;3").empty());
  CHECK(html("<span class=tg-spoiler>secret</span>").empty());
  CHECK(world.violations().size() == 11); // by wording
}

TEST_CASE("entities count UTF-16 units and survive trimming") {
  auto t = parse_html("  \xF0\x9F\x8D\x8F <b>ok</b> <a href=\"https://ex.org?a=1&amp;b=2\">link</a> ");
  trim(t);
  CHECK(t.text == "\xF0\x9F\x8D\x8F ok link");
  REQUIRE(t.entities.size() == 2);
  CHECK(t.entities[0] == json{{"offset", 3}, {"length", 2}, {"type", "bold"}});
  CHECK(t.entities[1]["url"] == "https://ex.org?a=1&b=2");
}

TEST_CASE_METHOD(chat_fixture, "button data of 65 bytes is invalid, of 64 fine") {
  CHECK(refusal("sendMessage", {{"chat_id", chat_id}, {"text", "x"}, {"reply_markup", keyboard(65)}}) ==
        "Bad Request: BUTTON_DATA_INVALID");
  CHECK(
      refusal("sendMessage", {{"chat_id", chat_id}, {"text", "x"}, {"reply_markup", keyboard(64)}}).empty());
}

TEST_CASE_METHOD(chat_fixture, "commands that Telegram does not take are refused in its words") {
  auto set = [&](const json& list) { return refusal("setMyCommands", {{"commands", list.dump()}}); };
  auto named = [](const std::string& name, const std::string& about) {
    return json::array({json{{"command", name}, {"description", about}}});
  };
  CHECK(set(named("start", "Begin")).empty());
  CHECK(call("getMyCommands", {}).body["result"] == named("start", "Begin"));
  CHECK(set(json::array()).empty());
  CHECK(refusal("setMyCommands", {{"commands", "["}}) == "Bad Request: can't parse commands JSON object");
  CHECK(set(json::object()) == "Bad Request: expected an Array of BotCommand");
  CHECK(set({nullptr}) == "Bad Request: can't parse BotCommand: expected an Object");
  CHECK(set(json::array({json{{"command", "start"}}})) ==
        "Bad Request: can't parse BotCommand: Can't find field \"description\"");
  CHECK(set(named("Start", "Begin")) == "Bad Request: BOT_COMMAND_INVALID");
  CHECK(set(named("start", std::string(257, 'd'))) == "Bad Request: BOT_COMMAND_INVALID");
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back(named("c" + std::to_string(i), "d")[0]);
  CHECK(set(many) == "Bad Request: BOT_COMMANDS_TOO_MUCH");
}

TEST_CASE_METHOD(chat_fixture, "a reply keyboard is shown nowhere, but a wrong one is refused") {
  auto send = [&](const json& markup) {
    return refusal("sendMessage", {{"chat_id", chat_id}, {"text", "x"}, {"reply_markup", markup.dump()}});
  };
  CHECK(send({{"keyboard", json::array({json::array({json{{"text", "Yes"}}, "No"})})}}).empty());
  CHECK(send({{"keyboard", "Yes"}}) ==
        "Bad Request: field \"keyboard\" of the ReplyKeyboardMarkup must be an Array of Arrays");
  CHECK(send({{"remove_keyboard", "yes"}}) ==
        "Bad Request: field \"remove_keyboard\" must be of type Boolean");
}

TEST_CASE_METHOD(chat_fixture, "wrong recipients and empty texts are told apart") {
  CHECK(refusal("sendMessage", {{"chat_id", "77"}, {"text", "x"}}) == "Bad Request: chat not found");
  CHECK(refusal("sendMessage", {{"chat_id", chat_id}}) == "Bad Request: message text is empty");
  CHECK(refusal("sendMessage", {{"text", "x"}}) == "Bad Request: chat_id is empty");
  CHECK(call("noSuchThing", {}).status == 404);
  world.block(anna, true, now);
  const auto a = call("sendMessage", {{"chat_id", chat_id}, {"text", "x"}});
  CHECK(a.status == 403);
  CHECK(a.body["description"] == "Forbidden: bot was blocked by the user");
  CHECK(poll("0")[0]["my_chat_member"]["new_chat_member"]["status"] == "kicked");
}

TEST_CASE_METHOD(chat_fixture, "a button press can be answered once, and not too late") {
  const auto id = world.press(anna, 1, "go", now);
  CHECK_FALSE(world.toast_of(id));
  CHECK(refusal("answerCallbackQuery", {{"callback_query_id", id}, {"text", "hi"}}).empty());
  CHECK((*world.toast_of(id))["text"] == "hi");
  const std::string old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
  CHECK(refusal("answerCallbackQuery", {{"callback_query_id", id}}) == old);
  const auto late = world.press(anna, 1, "go", now);
  now += 151'000;
  CHECK(refusal("answerCallbackQuery", {{"callback_query_id", late}}) == old);
  CHECK(poll("0").empty());
}

TEST_CASE_METHOD(chat_fixture, "a video is uploaded once and sent again by file_id") {
  bot_call c{"sendVideo", {{"chat_id", chat_id}, {"video", "attach://v"}, {"width", "320"}}, {}};
  c.files["v"] = {"clip.mp4", "video/mp4", "bytes"};
  const auto video = world.handle(c, now).body["result"]["video"];
  CHECK(video["width"] == 320);
  const auto id = video["file_id"].get<std::string>();
  CHECK(refusal("sendVideo", {{"chat_id", chat_id}, {"video", id}}).empty());
  CHECK(refusal("sendPhoto", {{"chat_id", chat_id}, {"photo", id}}) ==
        "Bad Request: can't use file of type Video as Photo");
  const auto file = call("getFile", {{"file_id", id}}).body["result"];
  CHECK(*world.file_by_path(file["file_path"])->bytes == "bytes");
}

TEST_CASE("a job lives from waiting to success in virtual time") {
  kie_world kie{8000, 0, 1};
  const auto made = kie.create_job(
      R"({"model":"veo-3-1","callBackUrl":"http://x/cb","input":{"prompt":"cat","aspect_ratio":"9:16"}})",
      "http://h", 0);
  REQUIRE(made.task_id.size() == 32);
  CHECK(made.ready_at == 8000);
  CHECK(record(kie, made.task_id, 0)["state"] == "waiting");
  CHECK(record(kie, made.task_id, 1000)["state"] == "queuing");
  CHECK(record(kie, made.task_id, 7999)["state"] == "generating");
  CHECK_FALSE(kie.callback_of(made.task_id, 7999));
  const auto done = record(kie, made.task_id, 8000);
  CHECK(done["state"] == "success");
  CHECK(json::parse(done["resultJson"].get<std::string>())["resultUrls"][0] ==
        "http://h/results/" + made.task_id + ".mp4");
  const auto param = json::parse(done["param"].get<std::string>());
  CHECK(json::parse(param["input"].get<std::string>())["prompt"] == "cat");
  CHECK(json::parse(kie.callback_of(made.task_id, 8000)->body)["code"] == 200);
  CHECK(kie.clip_of(made.task_id, 8000)->portrait);
  CHECK(kie.credit(8000)["data"] == 999'940);
  CHECK(kie.creates().at("http://x/cb") == 1);
}

TEST_CASE("prompt markers decide how a job ends") {
  kie_world kie{1000, 0, 1};
  auto end = [&](const std::string& mark) {
    const auto made = kie.create_job(json{{"model", "veo-3-1"}, {"input", {{"prompt", mark}}}}.dump(), "", 0);
    return record(kie, made.task_id, 2000);
  };
  CHECK(end("a [[fail:violation]]")["failCode"] == "422");
  CHECK(end("a [[fail:temporary]]")["failMsg"] == "Internal Error, Please try again later.");
  CHECK(end("a [[fail:unknown]]")["state"] == "fail");
  CHECK(end("a [[hang]]")["state"] == "generating");
  CHECK(kie.record_info("none", 0) == json{{"code", 422}, {"msg", "recordInfo is null"}, {"data", nullptr}});
}

TEST_CASE("the older Veo interface has flags instead of states") {
  kie_world kie{1000, 0, 1};
  const auto made = kie.create_veo(R"({"prompt":"dog","model":"veo3_lite"})", "http://h", 0);
  CHECK(kie.veo_record_info(made.task_id, 10)["data"]["successFlag"] == 0);
  CHECK(kie.veo_record_info(made.task_id, 1000)["data"]["response"]["resultUrls"].size() == 1);
  CHECK(kie.record_info(made.task_id, 10)["code"] == 422);
  const auto bad = kie.create_veo(R"({"prompt":"dog [[fail:violation]]"})", "http://h", 0);
  CHECK(kie.veo_record_info(bad.task_id, 1000)["data"]["successFlag"] == 3);
  CHECK(kie.create_veo("{}", "", 0).body["code"] == 422);
}

TEST_CASE("creates above 20 in 10 s are counted") {
  kie_world kie{1000, 0, 1};
  for (int i = 0; i < 21; ++i) kie.create_veo(R"({"prompt":"dog"})", "", 100 * i);
  CHECK(kie.too_fast() == 1);
}

TEST_CASE("an upload answers with an address") {
  kie_world kie{1000, 0, 1};
  const auto a = kie.upload_base64(
      R"({"base64Data":"data:image/png;base64,aGk=","uploadPath":"a/b","fileName":"c.png"})", "http://h", 0);
  CHECK(a["data"]["downloadUrl"] == "http://h/uploads/a/b/c.png");
  CHECK(kie.uploaded("a/b/c.png")->bytes == "hi");
  CHECK(kie.upload("", "c.png", "", "x", "", 0)["code"] == 400);
}
