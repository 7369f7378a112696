#include "tests/fuzz/bot_rules.hpp"
#include "net/sandbox/html_text.hpp"
#include "tests/fuzz/edge.hpp"
#include <nlohmann/json.hpp>

namespace troupe::fuzz {
namespace {

using nlohmann::json;

void check_text(const std::string& text, std::size_t most, bool html) {
  must(is_utf8(text), "what the bot says is UTF-8");
  if (!html) return must(characters(text) <= most, "what the bot says is not too long");
  try {
    auto shown = sandbox::parse_html(text);
    sandbox::trim(shown);
    must(!shown.text.empty(), "the bot says something");
    must(characters(shown.text) <= most, "what the bot says is not too long");
  } catch (const sandbox::bad_markup& e) {
    must(false, std::string{"the bot's HTML is right: "} + e.what() + " in " + text);
  }
}

std::vector<std::string> check_keyboard(const json& rows) {
  std::vector<std::string> all;
  for (const auto& row : rows) {
    must(row.is_array() && !row.empty() && row.size() <= 8, "a row has one to eight buttons: " + rows.dump());
    for (const auto& b : row) {
      must(!b.at("text").get<std::string>().empty(), "a button has a label");
      if (!b.contains("callback_data")) continue;
      all.push_back(b.at("callback_data"));
      must(!all.back().empty() && all.back().size() <= 64, "a button's data has one to 64 bytes");
    }
  }
  must(all.size() <= 100, "a keyboard has at most a hundred buttons");
  return all;
}

} // namespace

std::vector<std::string> check_call(const outgoing& o) {
  const auto p = json::parse(o.params, nullptr, false);
  must(p.is_object() && !o.method.empty(), "a call has a method and parameters");
  must(o.chat_id != 0, "a call is for somebody");
  if (o.method == "answerCallbackQuery") {
    must(!p.at("callback_query_id").get<std::string>().empty(), "an answer to a press names it");
    check_text(p.value("text", ""), 200, false);
    return {};
  }
  const bool html = p.value("parse_mode", "") == "HTML";
  if (o.method == "sendMessage" || o.method == "editMessageText") check_text(p.at("text"), 4096, html);
  if (p.contains("caption")) check_text(p.at("caption"), 1024, html);
  must((o.method.rfind("edit", 0) == 0) == (p.contains("message_id") && o.method != "copyMessage"),
       "an edit names its message");
  if (!p.contains("reply_markup")) return {};
  return check_keyboard(p.at("reply_markup").value("inline_keyboard", json::array()));
}

} // namespace troupe::fuzz
