#include "net/sandbox/transcript.hpp"
#include "tests/catch.hpp"
#include <sstream>

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

constexpr std::int64_t anna = 7, bob = 8;

struct printed {
  std::ostringstream out;
  transcript t{out};
  printed() { t.name(anna, "Anna"); }
  std::string text() {
    t.flush();
    return out.str();
  }
};

json shown(const char* type, std::int64_t id, const std::string& text, std::int64_t user = anna) {
  return {{"seq", id},
          {"type", type},
          {"user_id", user},
          {"message", {{"message_id", id}, {"from", {{"is_bot", true}}}, {"text", text}}}};
}

} // namespace

TEST_CASE_METHOD(printed, "the bot's messages stand indented below what people do, buttons in brackets") {
  json hello = shown("message", 1, "Hello\nAnna");
  hello["message"]["reply_markup"] = json::parse(
      R"({"inline_keyboard":[[{"text":"Go","callback_data":"g"},{"text":"Help","callback_data":"h"}],[{"text":"Buy"}]]})");
  t.act("Anna: /start");
  CHECK(t.show(hello) == "Hello\nAnna\n[Go] [Help]\n[Buy]");
  CHECK(text() == "Anna: /start\n  Bot: Hello\n    Anna\n    [Go] [Help]\n    [Buy]\n");
}

TEST_CASE_METHOD(printed, "media are named, with length, price and caption") {
  CHECK(as_text({{"video", {{"duration", 8}}}, {"caption", "ready"}}) == "(video, 8 s)\nready");
  CHECK(as_text({{"photo", json::array()}}) == "(photo)");
  CHECK(as_text({{"invoice", {{"title", "10 credits"}, {"description", "soon"}, {"total_amount", 50}}}}) ==
        "(invoice: 10 credits, 50 Stars)\nsoon");
}

TEST_CASE_METHOD(printed, "edits of one message that follow each other are printed once, with the last") {
  t.show(shown("message", 1, "0 %"));
  CHECK(t.show(shown("edit", 1, "10 %")) == "10 %");
  t.show(shown("edit", 1, "90 %"));
  t.show(shown("message", 2, "ready"));
  t.show(shown("edit", 1, "done"));
  CHECK(text() == "  Bot: 0 %\n  Bot edits: 90 %\n  Bot: ready\n  Bot edits: done\n");
}

TEST_CASE_METHOD(printed, "what people see besides messages is printed: toasts, payments, refusals") {
  auto event = [](const char* type, json message) {
    return json{{"type", type}, {"user_id", anna}, {"message", std::move(message)}};
  };
  CHECK(t.show(event("toast", {{"text", "Saved"}, {"show_alert", false}})) == "Saved");
  CHECK(t.show(event("toast", {{"text", ""}, {"show_alert", false}})).empty());
  t.show(event("message", {{"successful_payment", {{"total_amount", 50}}}}));
  CHECK(t.show(event("message", {{"refunded_payment", {{"total_amount", 50}}}})) == "50 Stars");
  CHECK(t.show(event("payment", {{"state", "refused"}, {"error", "too late"}})) == "too late");
  CHECK(
      text() ==
      "  Bot toasts: Saved\n  Anna paid: 50 Stars\n  Anna got back: 50 Stars\n  Payment refused: too late\n");
}

TEST_CASE_METHOD(printed, "what a person says himself and what happens in other chats is left out") {
  json own = shown("message", 1, "hi");
  own["message"]["from"]["is_bot"] = false;
  CHECK(t.show(own).empty());
  CHECK(t.show(shown("message", 2, "to somebody else", 99)).empty());
  CHECK(t.show({{"type", "commands"}, {"user_id", 0}, {"message", json::array()}}).empty());
  CHECK(text().empty());
}

TEST_CASE_METHOD(printed, "with several people it is said to whom the bot speaks") {
  t.name(bob, "Bob");
  t.show(shown("message", 1, "hi", bob));
  CHECK(text() == "  Bot to Bob: hi\n");
}
