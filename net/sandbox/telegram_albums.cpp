// Files of messages, and albums of them.
#include "net/sandbox/message_parts.hpp"
#include "net/sandbox/telegram_world.hpp"
#include <set>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t most_items = 10;

std::string type_name(std::string kind) {
  kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  return kind;
}

std::string type_of(const std::string& kind, const uploaded_file* part) {
  if (kind == "document" && part && !part->content_type.empty()) return part->content_type;
  if (kind == "video" || kind == "animation") return "video/mp4";
  if (kind == "audio") return "audio/mpeg";
  return kind == "voice" ? "audio/ogg" : "application/octet-stream";
}

json album_items(const bot_call& c) {
  const auto list = json::parse(required(c, "media"), nullptr, false);
  if (list.is_discarded()) refuse("can't parse media JSON object");
  if (!list.is_array()) refuse("expected an Array of InputMedia");
  if (list.empty()) refuse("there are no messages to send");
  if (list.size() > most_items) refuse("too many messages to send as an album");
  return list;
}

/// Photos and videos go together; documents and audio only with their like.
void check_items(const json& items) {
  static const std::set<std::string> allowed{"photo", "video", "document", "audio"};
  std::set<std::string> kinds;
  for (const auto& one : items) {
    if (!one.is_object()) refuse("can't parse InputMedia: expected an Object");
    const std::string kind = one.contains("type") && one["type"].is_string() ? one["type"] : "";
    if (kind == "animation")
      refuse("can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup");
    if (!allowed.count(kind)) refuse("can't parse InputMedia: type \"" + kind + "\" is unsupported");
    if (!one.contains("media") || !one["media"].is_string() || one["media"] == "")
      refuse("can't parse InputMedia: media not found");
    kinds.insert(kind);
  }
  for (const char* alone : {"document", "audio"})
    if (kinds.count(alone) && kinds.size() > 1)
      refuse(std::string(alone) + " can't be mixed with other media types");
}

/// An item read as if it were a call of its own.
bot_call call_of(const json& item, const bot_call& album) {
  bot_call one{album.method, {}, album.files};
  for (const auto& [name, v] : item.items())
    one.values[name] = v.is_string() ? v.get<std::string>() : v.dump();
  return one;
}

} // namespace

/// The file of a call: uploaded with it, or one that Telegram has. @param field where the call names it.
json telegram_world::media_of(const bot_call& c, const std::string& kind, const std::string& field) {
  const uploaded_file* part = attached(c, field);
  std::string id = value(c, field);
  if (!part && id.empty()) refuse("there is no " + kind + " in the request");
  if (!part) {
    const auto it = files_.find(id);
    if (id.rfind("attach://", 0) == 0) refuse("can't parse InputMedia: media not found");
    if (id.rfind("http", 0) == 0) refuse("wrong file identifier/HTTP URL specified");
    if (it == files_.end()) refuse("wrong remote file identifier specified: Wrong string length");
    if (it->second.kind != kind)
      refuse("can't use file of type " + type_name(it->second.kind) + " as " + type_name(kind));
  }
  if (part && part->bytes.empty()) refuse("file must be non-empty");
  if (kind == "photo") {
    if (part) return photo_sizes(part->bytes);
    if (const auto known = sizes_.find(id); known != sizes_.end()) return known->second;
    return sizes_[id] = photo_sizes(*files_.at(id).bytes);
  }
  const std::string mime = part ? type_of(kind, part) : files_.at(id).content_type;
  if (part) id = store(kind, mime, std::make_shared<const std::string>(part->bytes));
  json media{{"file_id", id},
             {"file_unique_id", "AgAD" + id.substr(11)},
             {"file_size", files_.at(id).bytes->size()},
             {"mime_type", mime}};
  if (part) media["file_name"] = part->file_name;
  if (kind == "video" || kind == "animation")
    for (const char* n : {"duration", "width", "height"}) media[n] = number(value(c, n), 0, 100000);
  if (kind == "audio" || kind == "voice") media["duration"] = number(value(c, "duration"), 0, 100000);
  if (const auto* thumb = attached(c, "thumbnail")) media["thumbnail"] = photo_sizes(thumb->bytes).back();
  return media;
}

json telegram_world::send_album(const bot_call& c, std::int64_t now) {
  auto& p = recipient(c);
  const json items = album_items(c);
  check_items(items);
  std::vector<json> messages; // all are read before one is sent
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bot_call one = call_of(items[i], c);
    json message = json::object();
    try {
      put_caption(message, one);
      message[items[i]["type"].get<std::string>()] = media_of(one, items[i]["type"], "media");
    } catch (const refusal& r) {
      const std::string prefix = "Bad Request: ";
      const std::string why = r.text.rfind(prefix, 0) == 0 ? r.text.substr(prefix.size()) : r.text;
      if (why.rfind("can't parse", 0) == 0) throw;
      refuse("failed to send message #" + std::to_string(i + 1) + " with the error message \"" + why + "\"");
    }
    put_reply(message, c, p);
    messages.push_back(std::move(message));
  }
  const std::string album = std::to_string(next_album_++);
  json sent = json::array();
  for (auto& message : messages) {
    if (messages.size() > 1) message["media_group_id"] = album;
    sent.push_back(deliver(p, std::move(message), now));
  }
  return sent;
}

} // namespace troupe::sandbox
