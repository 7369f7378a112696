#include "net/sandbox/script_runner.hpp"
#include "tests/catch.hpp"
#include <sstream>

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t anna = 515151515;

/// A sandbox whose bot answers what the test says; a look at nothing costs a second of its clock.
struct little_world {
  std::vector<std::pair<std::string, json>> posts;
  std::map<std::string, std::vector<std::pair<std::string, json>>> answers; ///< Text or data -> events.
  json events = json::array(), chat = json::array(), violations{{"total", 0}, {"kinds", json::object()}};
  std::int64_t now = 0;
  std::ostringstream out;

  void bot(const std::string& type, std::int64_t id, const std::string& text,
           const std::string& button = "") {
    json m{{"message_id", id}, {"from", {{"is_bot", true}}}, {"text", text}};
    if (!button.empty())
      m["reply_markup"]["inline_keyboard"] = {{{{"text", button}, {"callback_data", "data of " + button}}}};
    if (type == "message") chat.push_back(m);
    events.push_back({{"seq", events.size() + 1}, {"type", type}, {"user_id", anna}, {"message", m}});
  }
  json get(const std::string& path) {
    if (path == "/sandbox/bot") return {{"last_seq", 0}};
    if (path == "/sandbox/users") return json::array({json{{"id", anna}, {"first_name", "Anna"}}});
    if (path == "/sandbox/violations") return violations;
    if (path.rfind("/sandbox/chat", 0) == 0) return chat;
    const auto after = std::stoul(path.substr(path.find('=') + 1));
    json fresh = json::array();
    for (std::size_t i = after; i < events.size(); ++i) fresh.push_back(events[i]);
    if (fresh.empty()) now += 1000;
    return fresh;
  }
  std::function<void(const std::string& path, const json& body)> on_post = [](auto&, auto&) {};
  json post(const std::string& path, const json& body) {
    posts.emplace_back(path, body);
    on_post(path, body);
    return {{"id", 600000001}};
  }
  script_result play(const std::string& script) {
    script_world w{[this](auto& path) { return get(path); },
                   [this](auto& path, auto& body) { return post(path, body); },
                   [](auto& file) { return file == "cat.jpg" ? std::string("\xFF\xD8") : std::string(); },
                   [this] { return now; }, [this](auto ms) { now += ms; }};
    return script_runner{std::move(w), out, 30'000}.run(parse_script(script));
  }
  bool posted(const std::string& path, const json& body) const {
    for (const auto& [p, b] : posts)
      if (p == path && b == body) return true;
    return false;
  }
};

} // namespace

TEST_CASE_METHOD(little_world, "a script that holds prints the conversation") {
  on_post = [this](auto& path, auto& body) {
    if (path == "/sandbox/send") bot("message", 1, "Hello", "Go");
    if (path == "/sandbox/press") bot("edit", 1, "Going");
    (void)body;
  };
  const auto r = play("Anna: /start\nwait for \"Hello\"\nexpect \"[Go]\"\nAnna presses \"Go\"\nwait for "
                      "\"Going\"\nexpect no violations");
  INFO(r.why);
  CHECK(r.held);
  CHECK(out.str() == "Anna: /start\n  Bot: Hello\n    [Go]\nAnna presses \"Go\"\n  Bot edits: Going\n");
  CHECK(posted("/sandbox/send", {{"user_id", anna}, {"text", "/start"}}));
  CHECK(posted("/sandbox/press",
               {{"user_id", anna}, {"message_id", 1}, {"data", "data of Go"}, {"wait_ms", 0}}));
}

TEST_CASE_METHOD(little_world, "a wait that ends in vain names its line, its limit and what was seen") {
  on_post = [this](auto&, auto&) { bot("message", 1, "Busy"); };
  const auto r = play("# a remark\nAnna: hi\nwait 5 s for \"Hello\"");
  CHECK_FALSE(r.held);
  CHECK(r.line == 3);
  CHECK(r.why == "waited 5 s for \"Hello\", but the bot showed last:\nBusy");
  CHECK(now >= 5000);
  CHECK(play("Anna: hi\nwait for \"x\"").why.find("waited 30 s") == 0);
}

TEST_CASE_METHOD(little_world, "what the bot showed before an act is no answer to it") {
  bot("message", 1, "Hello");
  on_post = [this](auto&, auto& body) {
    if (body.value("text", "") == "one") bot("message", 2, "First");
  };
  const auto r = play("Anna: one\nwait for \"First\"\nAnna: two\nexpect no \"First\"\nexpect \"First\"");
  CHECK(r.line == 5);
  CHECK(r.why == "expected \"First\", but the bot has shown nothing since");
}

TEST_CASE_METHOD(little_world, "an expectation is judged at once, both ways") {
  on_post = [this](auto&, auto&) { bot("message", 1, "Hello"); };
  CHECK(play("Anna: hi\nexpect \"Hello\"").held);
  const auto r = play("Anna: hi\nexpect no \"Hell\"");
  CHECK(r.why == "did not expect \"Hell\", but the bot has shown it");
}

TEST_CASE_METHOD(little_world,
                 "the newest button with exactly that label is pressed, else one that holds it") {
  bot("message", 1, "old", "Buy");
  bot("message", 2, "newer", "Buy");
  bot("message", 3, "newest", "Buy more");
  CHECK(play("Anna presses \"Buy\"").held);
  CHECK(posts.back().second["message_id"] == 2);
  CHECK(play("Anna presses \"more\"").held);
  CHECK(posts.back().second["message_id"] == 3);
  const auto r = play("Anna presses \"Sell\"");
  CHECK(r.why.find("waited 30 s for a button \"Sell\"") == 0);
}

TEST_CASE_METHOD(little_world, "a button that is a link or pays is not pressed, and it is said why") {
  chat = json::parse(
      R"([{"message_id":1,"reply_markup":{"inline_keyboard":[[{"text":"Site","url":"https://a.b"},{"text":"Pay","pay":true}]]}}])");
  CHECK(play("Anna presses \"Site\"").why.find("https://a.b") != std::string::npos);
  CHECK(play("Anna presses \"Pay\"").why.find("Anna pays") != std::string::npos);
}

TEST_CASE_METHOD(little_world, "photos, payments, people and the world reach the sandbox") {
  chat = json::parse(R"([{"message_id":4,"invoice":{}},{"message_id":5,"invoice":{}}])");
  const auto r = play(
      "Bob speaks en\nAnna sends photo cat.jpg \"dance\"\nAnna has 5 Stars\nAnna pays\nAnna blocks the bot\n"
      "Anna unblocks the bot\nfault kie refuse 500\nfaults off\ngenerations take 2 s\ngenerations fail 100 "
      "%\n"
      "speed 10\nkill engine\nwait 3 s");
  INFO(r.why);
  CHECK(r.held);
  CHECK(posted("/sandbox/users", {{"first_name", "Bob"}, {"language_code", "ru"}}));
  CHECK(posted("/sandbox/users", {{"id", 600000001}, {"first_name", "Bob"}, {"language_code", "en"}}));
  CHECK(posted("/sandbox/send", {{"user_id", anna}, {"photo_base64", "/9g="}, {"caption", "dance"}}));
  CHECK(posted("/sandbox/stars", {{"user_id", anna}, {"balance", 5}}));
  CHECK(posted("/sandbox/pay", {{"user_id", anna}, {"message_id", 5}, {"wait_ms", 12'000}}));
  CHECK(posted("/sandbox/block", {{"user_id", anna}, {"blocked", true}}));
  CHECK(posted("/sandbox/block", {{"user_id", anna}, {"blocked", false}}));
  CHECK(posted("/sandbox/services",
               {{"services", {{"kie", {{"refuse_status", 500}, {"refuse_percent", 100}}}}}}));
  CHECK(posted("/sandbox/services", {{"reset", true}}));
  CHECK(posted("/sandbox/settings", {{"generation_ms", 2000}}));
  CHECK(posted("/sandbox/settings", {{"fail_percent", 100}}));
  CHECK(posted("/sandbox/speed", {{"times", 10}}));
  CHECK(posted("/sandbox/engine", {{"do", "kill"}}));
  CHECK(now >= 3000);
}

TEST_CASE_METHOD(little_world, "a photo that is not there fails its line") {
  CHECK(play("Anna sends photo dog.jpg").why.find("there is no photo \"dog.jpg\"") == 0);
}

TEST_CASE_METHOD(little_world, "violations fail the script that expects none, and are named") {
  violations = {{"total", 2}, {"kinds", {{"schema: sendMessage.colour: unknown field", 2}}}};
  const auto r = play("expect no violations");
  CHECK(r.line == 1);
  CHECK(r.why.find("sendMessage.colour: unknown field: 2") != std::string::npos);
}

TEST_CASE_METHOD(little_world, "what the sandbox refuses fails the line with its words") {
  on_post = [](auto& path, auto&) {
    if (path == "/sandbox/engine") throw std::runtime_error("the engine is not controlled");
  };
  const auto r = play("Anna: hi\nkill engine");
  CHECK(r.line == 2);
  CHECK(r.why == "the engine is not controlled");
}
