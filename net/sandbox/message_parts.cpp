#include "net/sandbox/message_parts.hpp"
#include <algorithm>
#include <set>

namespace troupe::sandbox {

using nlohmann::json;

std::string lower(std::string s) {
  for (char& c : s)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return s;
}

json checked_entities(const std::string& text, const std::string& given) {
  static const std::set<std::string> kinds{"mention",       "hashtag",
                                           "cashtag",       "bot_command",
                                           "url",           "email",
                                           "phone_number",  "bold",
                                           "italic",        "underline",
                                           "strikethrough", "spoiler",
                                           "blockquote",    "expandable_blockquote",
                                           "code",          "pre",
                                           "text_link",     "text_mention",
                                           "custom_emoji",  "date_time"};
  constexpr std::size_t most_entities = 100;
  if (given.empty()) return json::array();
  const auto list = json::parse(given, nullptr, false);
  if (list.is_discarded()) refuse("can't parse entities: Can't parse entities JSON object");
  if (!list.is_array()) refuse("can't parse entities: expected an Array of MessageEntity");
  const auto size = static_cast<std::int64_t>(utf16_units(text));
  json out = json::array();
  for (const auto& e : list) {
    if (!e.is_object()) refuse("can't parse entities: MessageEntity must be an Object");
    for (const char* n : {"offset", "length"})
      if (!e.contains(n) || !e[n].is_number_integer())
        refuse(std::string("can't parse MessageEntity: Field \"") + n + "\" must be of type Number");
    if (!e.contains("type") || !e["type"].is_string())
      refuse("can't parse MessageEntity: Field \"type\" must be of type String");
    if (!kinds.count(e["type"].get_ref<const std::string&>()))
      refuse("can't parse MessageEntity: Unsupported type specified");
    const auto at = e["offset"].get<std::int64_t>(), length = e["length"].get<std::int64_t>();
    if (at < 0) refuse("receive an entity with incorrect offset " + std::to_string(at));
    if (length < 0) refuse("receive an entity with incorrect length " + std::to_string(length));
    if (at > size) refuse("entity begins after the end of the text at UTF-16 offset " + std::to_string(at));
    if (length > size - at)
      refuse("entity beginning at UTF-16 offset " + std::to_string(at) +
             " ends after the end of the text at UTF-16 offset " + std::to_string(at + length));
    if (length > 0 && out.size() < most_entities) out.push_back(e);
  }
  return out;
}

formatted_text read_text(const bot_call& c, const std::string& name, const std::string& entities_name) {
  const std::string raw = value(c, name);
  if (!valid_utf8(raw)) refuse("strings must be encoded in UTF-8");
  if (raw.size() > 32768) refuse("text is too long");
  const std::string mode = lower(value(c, "parse_mode"));
  formatted_text out;
  if (mode == "html") {
    try {
      out = parse_html(raw);
    } catch (const bad_markup& e) {
      refuse(std::string("can't parse entities: ") + e.what());
    }
  } else {
    if (!mode.empty() && mode != "markdown" && mode != "markdownv2") refuse("unsupported parse_mode");
    out.text = raw;
    out.entities = checked_entities(out.text, value(c, entities_name));
  }
  trim(out);
  return out;
}

formatted_text read_message_text(const bot_call& c) {
  if (value(c, "text").empty()) refuse("message text is empty");
  auto t = read_text(c, "text", "entities");
  if (t.text.empty()) refuse("text must be non-empty");
  if (code_points(t.text) > 4096) refuse("message is too long");
  return t;
}

void put_text(json& message, const formatted_text& t, const std::string& name) {
  const std::string entities = name == "text" ? "entities" : "caption_entities";
  message.erase(name);
  message.erase(entities);
  if (t.text.empty()) return;
  message[name] = t.text;
  if (!t.entities.empty()) message[entities] = t.entities;
}

void put_caption(json& message, const bot_call& c) {
  const auto t = read_text(c, "caption", "caption_entities");
  if (code_points(t.text) > 1024) refuse("message caption is too long");
  put_text(message, t, "caption");
}

/// Telegram takes nothing else, and a page that opened "javascript:" would run it.
void check_address(const json& url) {
  if (!url.is_string()) refuse("can't parse inline keyboard button: Field \"url\" must be of type String");
  const auto& text = url.get_ref<const std::string&>();
  for (const char* scheme : {"http://", "https://", "tg://"})
    if (text.starts_with(scheme)) return;
  refuse("BUTTON_URL_INVALID");
}

void check_button(const json& button) {
  if (!button.is_object())
    refuse("can't parse inline keyboard button: InlineKeyboardButton must be an Object");
  if (!button.contains("text") || !button["text"].is_string())
    refuse("can't parse inline keyboard button: Field \"text\" must be of type String");
  if (button.contains("url")) check_address(button["url"]);
  for (const char* action : {"url", "web_app", "switch_inline_query", "switch_inline_query_current_chat",
                             "copy_text", "pay", "login_url", "disabled"})
    if (button.contains(action)) return;
  if (!button.contains("callback_data"))
    refuse("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
  if (!button["callback_data"].is_string())
    refuse("can't parse inline keyboard button: Field \"callback_data\" must be of type String");
  const auto size = button["callback_data"].get_ref<const std::string&>().size();
  if (size == 0 || size > 64) refuse("BUTTON_DATA_INVALID");
}

json checked_rows(const json& keyboard) {
  if (!keyboard.is_array())
    refuse("field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays");
  json rows = json::array();
  for (const auto& row : keyboard) {
    if (!row.is_array())
      refuse("field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays");
    json kept = json::array();
    for (const auto& button : row) {
      check_button(button);
      if (!button["text"].get_ref<const std::string&>().empty() && kept.size() < 12) kept.push_back(button);
    }
    if (!kept.empty()) rows.push_back(std::move(kept));
  }
  return rows;
}

void check_reply_keyboard(const json& markup) {
  for (const char* name : {"remove_keyboard", "force_reply", "resize_keyboard", "one_time_keyboard",
                           "is_persistent", "selective"})
    if (markup.contains(name) && !markup[name].is_boolean())
      refuse(std::string("field \"") + name + "\" must be of type Boolean");
  if (!markup.contains("keyboard")) return;
  const std::string shape = "field \"keyboard\" of the ReplyKeyboardMarkup must be an Array of Arrays";
  if (!markup["keyboard"].is_array()) refuse(shape);
  for (const auto& row : markup["keyboard"]) {
    if (!row.is_array()) refuse(shape);
    for (const auto& button : row)
      if (!button.is_string() && !(button.is_object() && button.value("text", json()).is_string()))
        refuse("can't parse keyboard button: KeyboardButton must be a String or an Object with a text");
  }
}

json checked_commands(const std::string& given) {
  constexpr std::size_t most_commands = 100;
  const auto list = json::parse(given, nullptr, false);
  if (list.is_discarded()) refuse("can't parse commands JSON object");
  if (!list.is_array()) refuse("expected an Array of BotCommand");
  if (list.size() > most_commands) refuse("BOT_COMMANDS_TOO_MUCH");
  for (const auto& one : list) {
    if (!one.is_object()) refuse("can't parse BotCommand: expected an Object");
    for (const char* name : {"command", "description"}) {
      const std::string field = std::string("ield \"") + name + "\"";
      if (!one.contains(name)) refuse("can't parse BotCommand: Can't find f" + field);
      if (!one[name].is_string()) refuse("can't parse BotCommand: F" + field + " must be of type String");
    }
    const auto name = one["command"].get<std::string>();
    const auto length = code_points(one["description"].get<std::string>());
    if (name.empty() || name.size() > 32 || length == 0 || length > 256 ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
      refuse("BOT_COMMAND_INVALID");
  }
  return list;
}

/// Width and height of a PNG or JPEG; a guess for anything else.
std::pair<int, int> picture_size(const std::string& b) {
  auto byte = [&b](std::size_t i) { return static_cast<int>(static_cast<unsigned char>(b[i])); };
  auto pair = [&](std::size_t i) { return byte(i) * 256 + byte(i + 1); };
  if (b.size() > 24 && b.compare(1, 3, "PNG") == 0) return {pair(18), pair(22)};
  if (b.size() > 4 && byte(0) == 0xFF && byte(1) == 0xD8)
    for (std::size_t i = 2; i + 9 < b.size() && byte(i) == 0xFF;
         i += 2 + static_cast<std::size_t>(pair(i + 2)))
      if (byte(i + 1) >= 0xC0 && byte(i + 1) <= 0xC3) return {pair(i + 7), pair(i + 5)};
  return {800, 600};
}

std::string picture_type(const std::string& b) {
  if (b.compare(0, 4, "\x89PNG") == 0) return "image/png";
  if (b.compare(0, 4, "RIFF") == 0) return "image/webp";
  return "image/jpeg";
}

/// `attach://name`, the parameter's own part, or none.
const uploaded_file* attached(const bot_call& c, const std::string& name) {
  const std::string v = value(c, name);
  const auto it = c.files.find(v.rfind("attach://", 0) == 0 ? v.substr(9) : name);
  return it == c.files.end() ? nullptr : &it->second;
}

} // namespace troupe::sandbox
