// Copies, forwards and mass deletion.
#include "net/sandbox/message_parts.hpp"
#include "net/sandbox/telegram_world.hpp"

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t most_ids = 100;

std::vector<std::int64_t> message_ids(const bot_call& c, bool increasing) {
  const auto list = json::parse(value(c, "message_ids"), nullptr, false);
  if (value(c, "message_ids").empty()) refuse("message identifiers are not specified");
  if (!list.is_array()) refuse("expected an Array of message identifiers");
  if (list.empty()) refuse("message identifiers are not specified");
  if (list.size() > most_ids) refuse("too many message identifiers specified");
  std::vector<std::int64_t> ids;
  for (const auto& one : list) {
    const auto id = number(one.is_string() ? one.get<std::string>() : one.dump(), INT64_MIN, INT64_MAX);
    if (increasing && !ids.empty() && id <= ids.back())
      refuse("message identifiers must be in a strictly increasing order");
    ids.push_back(id);
  }
  return ids;
}

bool has_media(const json& message) {
  for (const char* kind : {"photo", "video", "document", "animation", "audio", "voice"})
    if (message.contains(kind)) return true;
  return false;
}

bool copyable(const json& message) {
  return message.contains("text") || message.contains("sticker") || has_media(message);
}

/// What a copy takes along: content and formatting, neither author nor keyboard.
json content(const json& source) {
  json copy = json::object();
  for (const char* part : {"text", "entities", "caption", "caption_entities", "photo", "video", "document",
                           "animation", "audio", "voice", "sticker", "link_preview_options"})
    if (source.contains(part)) copy[part] = source[part];
  return copy;
}

} // namespace

std::optional<json> telegram_world::copies_dispatch(const std::string& m, const bot_call& c,
                                                    std::int64_t now) {
  if (m == "copymessage") return copy_one(c, now);
  if (m == "forwardmessage") return forward_one(c, now);
  if (m == "copymessages") return copy_many(c, false, now);
  if (m == "forwardmessages") return copy_many(c, true, now);
  if (m == "deletemessages") return delete_many(c);
  if (m == "sendmediagroup") return send_album(c, now);
  return std::nullopt;
}

/// @param what "copy" or "forward", as in "message to copy not found".
const json& telegram_world::source_message(const bot_call& c, std::int64_t id, const char* what) const {
  if (value(c, "from_chat_id").empty()) refuse("chat_id is empty");
  const auto chat = people_.find(number(c, "from_chat_id"));
  if (chat == people_.end()) refuse("chat not found");
  const auto it = chat->second.messages.find(id);
  if (it == chat->second.messages.end()) refuse(std::string("message to ") + what + " not found");
  return it->second;
}

json telegram_world::copy_one(const bot_call& c, std::int64_t now) {
  auto& p = recipient(c);
  const json& source = source_message(c, number(c, "message_id"), "copy");
  if (!copyable(source)) refuse("message can't be copied");
  json copy = content(source);
  if (c.values.count("caption") && has_media(source)) put_caption(copy, c);
  put_markup(copy, c);
  put_reply(copy, c, p);
  return {{"message_id", deliver(p, std::move(copy), now)["message_id"]}};
}

/// The first author stays the author however often a message is sent on.
json telegram_world::forwarded(const json& source) const {
  json copy = content(source);
  json origin{{"type", "user"}, {"sender_user", source["from"]}, {"date", source["date"]}};
  if (source.contains("forward_origin")) origin = source["forward_origin"];
  copy["forward_date"] = origin["date"];
  if (origin["type"] == "user") copy["forward_from"] = origin["sender_user"];
  if (origin["type"] == "hidden_user") copy["forward_sender_name"] = origin["sender_user_name"];
  if (origin["type"] == "channel") {
    copy["forward_from_chat"] = origin["chat"];
    copy["forward_from_message_id"] = origin["message_id"];
  }
  copy["forward_origin"] = std::move(origin);
  return copy;
}

json telegram_world::forward_one(const bot_call& c, std::int64_t now) {
  auto& p = recipient(c);
  const json& source = source_message(c, number(c, "message_id"), "forward");
  if (source.value("has_protected_content", false))
    refuse("message has protected content and can't be forwarded");
  if (!copyable(source)) refuse("message can't be forwarded");
  return deliver(p, forwarded(source), now);
}

/// Messages that are gone are skipped, and an album stays one.
json telegram_world::copy_many(const bot_call& c, bool forward, std::int64_t now) {
  auto& p = recipient(c);
  std::map<std::string, std::string> albums;
  json sent = json::array();
  const char* what = forward ? "forward" : "copy";
  for (const auto id : message_ids(c, true)) {
    const auto chat = people_.find(number(c, "from_chat_id"));
    if (chat == people_.end()) refuse("chat not found");
    const auto it = chat->second.messages.find(id);
    if (it == chat->second.messages.end() || !copyable(it->second)) continue;
    json message = forward ? forwarded(it->second) : content(it->second);
    if (flag(c, "remove_caption") && !forward)
      for (const char* part : {"caption", "caption_entities"}) message.erase(part);
    if (it->second.contains("media_group_id")) {
      auto& album = albums[it->second["media_group_id"].get<std::string>()];
      if (album.empty()) album = std::to_string(next_album_++);
      message["media_group_id"] = album;
    }
    sent.push_back({{"message_id", deliver(p, std::move(message), now)["message_id"]}});
  }
  if (sent.empty()) refuse(std::string("there are no messages to ") + what);
  return sent;
}

json telegram_world::delete_many(const bot_call& c) {
  auto& p = recipient(c);
  for (const auto id : message_ids(c, false)) erase(p, id);
  return true;
}

} // namespace troupe::sandbox
