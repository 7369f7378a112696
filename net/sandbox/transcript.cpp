#include "net/sandbox/transcript.hpp"

namespace troupe::sandbox {
namespace {

using nlohmann::json;

/// A part that may be missing.
const json& part(const json& j, const char* name) {
  static const json nothing;
  const auto it = j.find(name);
  return j.is_object() && it != j.end() ? *it : nothing;
}

std::string amount(const json& invoice) {
  return std::to_string(invoice.value("total_amount", std::int64_t{0})) + " Stars";
}

/// "(video, 8 s)"; "" for plain text.
std::string media(const json& message) {
  if (const auto& i = part(message, "invoice"); i.is_object())
    return "(invoice: " + i.value("title", "") + ", " + amount(i) + ")\n" + i.value("description", "");
  for (const char* kind : {"animation", "video", "audio", "voice"})
    if (const auto& m = part(message, kind); m.is_object())
      return std::string("(") + kind + ", " + std::to_string(m.value("duration", 0)) + " s)";
  for (const char* kind : {"photo", "document", "sticker"})
    if (message.contains(kind)) return std::string("(") + kind + ")";
  return {};
}

void add_line(std::string& all, const std::string& line) {
  if (line.empty()) return;
  if (!all.empty()) all += '\n';
  all += line;
}

std::string keyboard(const json& message) {
  std::string rows;
  const auto& markup = part(part(message, "reply_markup"), "inline_keyboard");
  if (!markup.is_array()) return rows;
  for (const auto& row : markup) {
    std::string line;
    for (const auto& button : row) line += (line.empty() ? "[" : " [") + button.value("text", "") + "]";
    add_line(rows, line);
  }
  return rows;
}

} // namespace

std::string as_text(const json& message) {
  std::string all;
  for (const auto& piece :
       {media(message), message.value("text", ""), message.value("caption", ""), keyboard(message)})
    add_line(all, piece);
  return all;
}

void transcript::act(const std::string& line) {
  flush();
  out_ << line << std::endl;
}

void transcript::print(const std::string& head, const std::string& text) {
  const std::string indent = "    ";
  std::string lines = "  " + head + ": ";
  for (const char c : text) {
    lines += c;
    if (c == '\n') lines += indent;
  }
  out_ << lines << std::endl;
}

void transcript::flush() {
  if (held_message_ != 0) print(held_head_, held_text_);
  held_message_ = 0;
}

std::string transcript::show(const json& event) {
  const auto name = names_.find(event.value("user_id", std::int64_t{0}));
  const std::string type = event.value("type", "");
  const auto& message = part(event, "message");
  if (name == names_.end() || !message.is_object()) return {};
  const std::string bot = names_.size() > 1 ? "Bot to " + name->second : "Bot";
  auto say = [&](const std::string& head, const std::string& text) {
    flush();
    print(head, text);
    return text;
  };
  if (type == "message" || type == "edit") {
    if (const auto& paid = part(message, "successful_payment"); paid.is_object())
      return say(name->second + " paid", amount(paid)), std::string();
    if (const auto& back = part(message, "refunded_payment"); back.is_object())
      return say(name->second + " got back", amount(back));
    if (!part(message, "from").value("is_bot", false)) return {};
    const std::string text = as_text(message);
    if (type == "message") return say(bot, text);
    const auto id = message.value("message_id", std::int64_t{0});
    if (held_message_ != id) flush();
    held_message_ = id, held_head_ = bot + " edits", held_text_ = text;
    return text;
  }
  if (type == "toast" && !message.value("text", "").empty())
    return say(bot + (message.value("show_alert", false) ? " alerts" : " toasts"), message["text"]);
  if (type == "payment" &&
      (message.value("state", "") == "refused" || message.value("state", "") == "failed"))
    return say("Payment " + message.value("state", ""), message.value("error", ""));
  return {};
}

} // namespace troupe::sandbox
