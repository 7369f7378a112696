#include "net/sandbox/bot_schema.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "tests/catch.hpp"

using namespace troupe::sandbox;
using nlohmann::json;
using words = std::vector<std::string>;

namespace {

constexpr std::int64_t noon = 1'795'000'000'000;
constexpr std::int64_t anna = 515151515;

words faults(const std::string& method, std::map<std::string, std::string> values,
             std::map<std::string, uploaded_file> files = {}) {
  return bot_schema::shipped().faults({method, std::move(values), std::move(files)});
}
/// Of a message that is right but for these parameters.
words message_with(std::map<std::string, std::string> more) {
  more.insert({{"chat_id", "7"}, {"text", "hello"}});
  return faults("sendMessage", std::move(more));
}
words markup(const json& m) { return message_with({{"reply_markup", m.dump()}}); }
words button(const json& b) { return markup({{"inline_keyboard", json::array({json::array({b})})}}); }

const std::string in_button = "sendMessage.reply_markup.inline_keyboard.";

} // namespace

TEST_CASE("the shipped schema is a whole Bot API and refers to nothing it does not hold") {
  const auto& s = bot_schema::shipped();
  CHECK(s.version().find("Bot API") == 0);
  for (const char* method : {"getUpdates", "sendMessage", "SENDMESSAGE", "refundStarPayment"})
    CHECK(s.knows(method));
  CHECK_FALSE(s.knows("sendTelegram"));
  const auto all = json::parse(schema_file("bot_api.json"));
  auto base = [](std::string t) { return t.substr(t.rfind(' ') + 1); };
  auto held = [&](const std::string& t) {
    for (const char* plain : {"String", "Integer", "Float", "Boolean", "InputFile"})
      if (t == plain) return true;
    return all["types"].contains(t);
  };
  for (const char* part : {"methods", "types"})
    for (const auto& [name, entry] : all[part].items())
      for (const auto& f : entry) {
        if (f.is_string()) CHECK(held(base(f)));
        else
          for (const auto& t : f["types"]) CHECK(held(base(t)));
      }
}

TEST_CASE("a schema that is none is refused when it is read") {
  CHECK_THROWS(bot_schema{"{}"});
  CHECK_THROWS(bot_schema{"nonsense"});
}

TEST_CASE("a right call has no faults, in text as in JSON values") {
  CHECK(message_with({}).empty());
  CHECK(message_with({{"parse_mode", "html"}, {"disable_notification", "true"}, {"protect_content", "1"}})
            .empty());
  CHECK(faults("sendMessage", {{"chat_id", "@channel"}, {"text", "hello"}}).empty());
  CHECK(faults("getMe", {}).empty());
  CHECK(faults("getUpdates", {{"offset", "-5"}, {"timeout", "30"}, {"allowed_updates", R"(["message"])"}})
            .empty());
  CHECK(button({{"text", "Go"}, {"callback_data", "go"}, {"style", "primary"}}).empty());
}

TEST_CASE("a method that the Bot API does not have is a fault") {
  CHECK(faults("sendTelegram", {}) == words{"unknown method"});
}

TEST_CASE("a field that a method does not have is a fault, wherever it stands") {
  CHECK(message_with({{"colour", "red"}}) == words{"sendMessage.colour: unknown field"});
  CHECK(button({{"text", "Go"}, {"callback_data", "go"}, {"colour", "red"}}) ==
        words{in_button + "colour: unknown field"});
  CHECK(message_with({{std::string(500, 'x'), "1"}}) ==
        words{"sendMessage.a name of 500 bytes: unknown field"});
}

TEST_CASE("a required field that is missing is a fault, wherever it stands") {
  CHECK(faults("sendMessage", {{"chat_id", "7"}}) == words{"sendMessage.text: required, but missing"});
  CHECK(button({{"callback_data", "go"}}) == words{in_button + "text: required, but missing"});
}

TEST_CASE("a value of another type is a fault, wherever it stands") {
  CHECK(faults("deleteMessage", {{"chat_id", "7"}, {"message_id", "seven"}}) ==
        words{"deleteMessage.message_id: must be Integer"});
  CHECK(message_with({{"protect_content", "maybe"}}) ==
        words{"sendMessage.protect_content: must be Boolean"});
  CHECK(message_with({{"entities", "{}"}}) == words{"sendMessage.entities: must be Array of MessageEntity"});
  CHECK(message_with({{"entities", "[1"}}) == words{"sendMessage.entities: no JSON"});
  CHECK(message_with({{"reply_parameters", R"({"message_id":"7"})"}}) ==
        words{"sendMessage.reply_parameters.message_id: must be Integer"});
  CHECK(message_with({{"link_preview_options", R"({"is_disabled":1})"}}) ==
        words{"sendMessage.link_preview_options.is_disabled: must be Boolean"});
  CHECK(button({{"text", 7}, {"callback_data", "go"}}) == words{in_button + "text: must be String"});
  CHECK(faults("sendInvoice", {{"chat_id", "7"},
                               {"title", "t"},
                               {"description", "d"},
                               {"payload", "p"},
                               {"currency", "XTR"},
                               {"prices", R"([{"label":"a","amount":1.5}])"}}) ==
        words{"sendInvoice.prices.amount: must be Integer"});
  CHECK(faults("sendLocation", {{"chat_id", "7"}, {"latitude", "55.7"}, {"longitude", "37"}}).empty());
}

TEST_CASE("of several types the one that fits best tells what is wrong") {
  CHECK(markup({{"keyboard", {{{{"text", "Yes"}}}}}, {"resize_keyboard", true}}).empty());
  CHECK(markup({{"remove_keyboard", true}}).empty());
  CHECK(markup({{"force_reply", true}, {"selective", "no"}}) ==
        words{"sendMessage.reply_markup.selective: must be Boolean"});
  auto album = [](const json& item) {
    const json other{{"type", "photo"}, {"media", "AgAC"}};
    return faults("sendMediaGroup", {{"chat_id", "7"}, {"media", json{item, other}.dump()}});
  };
  CHECK(album({{"type", "video"}, {"media", "BAAC"}, {"supports_streaming", true}}).empty());
  CHECK(album({{"type", "photo"}, {"media", "AgAC"}, {"supports_streaming", true}}) ==
        words{"sendMediaGroup.media.supports_streaming: unknown field"});
  CHECK_FALSE(album({{"type", "painting"}, {"media", "AgAC"}}).empty());
}

TEST_CASE("what is none of the listed values is a fault") {
  CHECK(faults("sendChatAction", {{"chat_id", "7"}, {"action", "typing"}}).empty());
  CHECK(faults("sendChatAction", {{"chat_id", "7"}, {"action", "singing"}}) ==
        words{"sendChatAction.action: not one of its values"});
  CHECK(message_with({{"entities", R"([{"type":"loud","offset":0,"length":1}])"}}) ==
        words{"sendMessage.entities.type: not one of its values"});
}

TEST_CASE("lengths are counted as the documentation says, in bytes or in characters") {
  auto data = [](std::size_t n) { return button({{"text", "Go"}, {"callback_data", std::string(n, 'x')}}); };
  CHECK(data(64).empty());
  CHECK(data(65) == words{in_button + "callback_data: longer than 64 bytes"});
  CHECK(data(0) == words{in_button + "callback_data: shorter than 1 bytes"});
  auto toast = [](std::size_t n) {
    std::string text;
    while (n-- > 0) text += "ж";
    return faults("answerCallbackQuery", {{"callback_query_id", "1"}, {"text", text}});
  };
  CHECK(toast(200).empty());
  CHECK(toast(201) == words{"answerCallbackQuery.text: longer than 200 characters"});
  auto command = [](std::size_t n) {
    const json one{{"command", "start"}, {"description", std::string(n, 'd')}};
    return faults("setMyCommands", {{"commands", json::array({one}).dump()}});
  };
  CHECK(command(256).empty());
  CHECK(command(257) == words{"setMyCommands.commands.description: longer than 256 characters"});
}

TEST_CASE("lists and numbers stay within their limits") {
  auto commands = [](int n) {
    json list = json::array();
    for (int i = 0; i < n; ++i) list.push_back({{"command", "c" + std::to_string(i)}, {"description", "d"}});
    return faults("setMyCommands", {{"commands", list.dump()}});
  };
  CHECK(commands(100).empty());
  CHECK(commands(101) == words{"setMyCommands.commands: not 0-100 items"});
  CHECK(faults("getUpdates", {{"limit", "100"}}).empty());
  CHECK(faults("getUpdates", {{"limit", "101"}}) == words{"getUpdates.limit: outside 1-100"});
}

TEST_CASE("each file of a call is named by it, and each name has its file") {
  const uploaded_file picture{"a.jpg", "image/jpeg", "bytes"};
  CHECK(faults("sendPhoto", {{"chat_id", "7"}}, {{"photo", picture}}).empty());
  CHECK(faults("sendPhoto", {{"chat_id", "7"}, {"photo", "attach://one"}}, {{"one", picture}}).empty());
  CHECK(faults("sendPhoto", {{"chat_id", "7"}, {"photo", "attach://one"}}) ==
        words{"sendPhoto.photo: attaches no file of the call"});
  CHECK(faults("sendPhoto", {{"chat_id", "7"}, {"photo", "AgAC"}}, {{"two", picture}}) ==
        words{"sendPhoto.two: a file that nothing names"});
  const std::string media =
      R"([{"type":"photo","media":"attach://one"},{"type":"photo","media":"attach://two"}])";
  CHECK(faults("sendMediaGroup", {{"chat_id", "7"}, {"media", media}}, {{"one", picture}, {"two", picture}})
            .empty());
  CHECK(faults("sendMediaGroup", {{"chat_id", "7"}, {"media", media}}, {{"one", picture}}) ==
        words{"sendMediaGroup.media.media: attaches no file of the call"});
}

TEST_CASE("an object that holds itself a thousand times is told in bounded time") {
  json text = "core";
  for (int i = 0; i < 1000; ++i) text = json{{"type", "bold"}, {"text", text}};
  const json block{{"type", "paragraph"}, {"text", text}};
  const auto found =
      faults("sendRichMessage", {{"chat_id", "7"}, {"rich_message", json{{"blocks", {block}}}.dump()}});
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("nested too deep") != std::string::npos);
}

TEST_CASE("what the schema does not allow is counted, and answered as Telegram answers it") {
  telegram_world world{"1000001:sandbox"};
  world.add_user(anna, "Anna", "ru");
  std::map<std::string, std::string> values{{"chat_id", std::to_string(anna)}, {"text", "hello"}};
  CHECK(world.handle({"sendMessage", values, {}}, noon).status == 200);
  CHECK(world.violations().empty());
  values["colour"] = "red";
  for (int i = 0; i < 2; ++i) CHECK(world.handle({"sendMessage", values, {}}, noon).status == 200);
  CHECK(world.violations() == std::map<std::string, int>{{"schema: sendMessage.colour: unknown field", 2}});
  CHECK(world.all_violations()["total"] == 2);
}

TEST_CASE("a call that is refused for its fault counts once") {
  telegram_world world{"1000001:sandbox"};
  world.add_user(anna, "Anna", "ru");
  CHECK(world.handle({"sendMessage", {{"chat_id", std::to_string(anna)}}, {}}, noon).status == 400);
  CHECK(world.all_violations()["total"] == 1);
  CHECK(world.handle({"sendTelegram", {}, {}}, noon).status == 404);
  CHECK(world.handle({"sendDice", {{"chat_id", "7"}}, {}}, noon).status == 404);
  CHECK(world.violations().count("sendDice: not played by this sandbox") == 1);
  CHECK(world.all_violations()["total"] == 3);
}

TEST_CASE("invented names fill no memory with kinds of violations") {
  telegram_world world{"1000001:sandbox"};
  for (int i = 0; i < 2000; ++i) world.handle({"getMe", {{"x" + std::to_string(i), "1"}}, {}}, noon);
  CHECK(world.violations().size() <= 501);
  CHECK(world.violations().at("others") == 1500);
  CHECK(world.all_violations()["total"] == 2000);
}
