// What people say: alone with the bot, in a group, forwarded, as an album.
#include "net/sandbox/message_parts.hpp"
#include "net/sandbox/telegram_world.hpp"
#include <stdexcept>

namespace troupe::sandbox {

using nlohmann::json;

/// Privacy mode: commands, and replies to the bot itself.
bool telegram_world::bot_hears(const person& chat, const json& message) const {
  if (!chat.group) return true;
  if (message.contains("reply_to_message") && message["reply_to_message"]["from"]["id"] == bot_id_)
    return true;
  const std::string text = message.value("text", "");
  if (text.empty() || text[0] != '/') return false;
  const std::string word = text.substr(0, text.find_first_of(" \n"));
  const auto at = word.find('@');
  return at == std::string::npos || word.substr(at) == "@sandbox_bot";
}

json telegram_world::said_message(person& chat, const person& from, const said& what, std::int64_t now) {
  const std::int64_t id = next_message_++;
  json message{{"message_id", id}, {"from", from.user}, {"chat", chat_of(chat)}, {"date", now / 1000}};
  if (what.reply_to != 0) {
    const auto it = chat.messages.find(what.reply_to);
    if (it == chat.messages.end()) throw std::runtime_error("there is no such message to reply to");
    message["reply_to_message"] = it->second;
    message["reply_to_message"].erase("reply_to_message"); // one level, as Telegram does
  }
  if (!what.album.empty()) message["media_group_id"] = what.album;
  put_said(message, what);
  if (what.origin.is_object()) {
    message["forward_origin"] = what.origin;
    if (!what.origin.contains("date")) message["forward_origin"]["date"] = now / 1000;
    json source = message;
    const json sent_on = forwarded(source);
    for (const char* part : {"forward_origin", "forward_date", "forward_from", "forward_sender_name",
                             "forward_from_chat", "forward_from_message_id"})
      if (sent_on.contains(part)) message[part] = sent_on[part];
  }
  return message;
}

void telegram_world::put_said(json& message, const said& what) {
  const std::string& caption = what.caption.empty() ? what.text : what.caption;
  auto caption_it = [&] {
    if (caption.empty()) return;
    message["caption"] = caption;
    if (what.entities.is_array() && !what.entities.empty()) message["caption_entities"] = what.entities;
  };
  const std::string number_of = std::to_string(message["message_id"].get<std::int64_t>());
  if (!what.photo.empty()) {
    message["photo"] = photo_sizes(what.photo);
    caption_it();
  } else if (!what.bytes.empty()) {
    const bot_call call{"",
                        {{"duration", "5"}, {"width", "640"}, {"height", "360"}},
                        {{what.kind, {what.file_name, what.content_type, what.bytes}}}};
    message[what.kind] = media_of(call, what.kind, what.kind);
    if (what.kind == "animation") message["document"] = message[what.kind];
    caption_it();
  } else if (!what.sticker.empty()) {
    message["sticker"] = {{"file_id", "CAACAgIAAxk" + number_of},
                          {"file_unique_id", "AgAD" + number_of},
                          {"width", 512},
                          {"height", 512},
                          {"is_animated", false},
                          {"is_video", false},
                          {"type", "regular"},
                          {"emoji", what.sticker}};
  } else if (what.voice_s > 0) {
    message["voice"] = {{"file_id", "AwACAgIAAxk" + number_of},
                        {"file_unique_id", "AgAD" + number_of},
                        {"duration", what.voice_s},
                        {"mime_type", "audio/ogg"},
                        {"file_size", 4000 * what.voice_s}};
  } else {
    message["text"] = what.text;
    if (what.entities.is_array() && !what.entities.empty()) message["entities"] = what.entities;
    else if (!what.text.empty() && what.text[0] == '/') {
      const auto end = std::min(what.text.find_first_of(" \n"), what.text.size());
      message["entities"] = {
          {{"offset", 0}, {"length", utf16_units(what.text.substr(0, end))}, {"type", "bot_command"}}};
    }
  }
}

json telegram_world::say(std::int64_t user_id, const said& what, std::int64_t now) {
  auto& from = known(user_id);
  if (from.group) throw std::runtime_error("a group says nothing: name one of its people, and chat_id");
  const auto group = people_.find(what.chat_id);
  if (what.chat_id < 0 && group == people_.end()) throw std::runtime_error("there is no such group");
  auto& chat = what.chat_id < 0 ? group->second : from;
  if (chat.blocked) block(user_id, false, now); // The app asks to restart the bot first.
  floods_.wrote(chat.user["id"], now);
  json message = said_message(chat, from, what, now);
  chat.messages[message["message_id"]] = message;
  event("message", chat.user["id"], message);
  if (bot_hears(chat, message)) queue("message", message, now);
  return message;
}

json telegram_world::forward_to_bot(std::int64_t user_id, std::int64_t from_chat, std::int64_t message_id,
                                    std::int64_t now) {
  const auto source = people_.find(from_chat);
  if (source == people_.end() || !source->second.messages.count(message_id))
    throw std::runtime_error("there is no such message to forward");
  json message = forwarded(source->second.messages.at(message_id));
  auto& p = known(user_id);
  floods_.wrote(user_id, now);
  message["message_id"] = next_message_++;
  message["from"] = p.user;
  message["chat"] = chat_of(p);
  message["date"] = now / 1000;
  p.messages[message["message_id"]] = message;
  event("message", user_id, message);
  queue("message", message, now);
  return message;
}

json telegram_world::say_album(std::int64_t user_id, std::vector<said> items, std::int64_t now) {
  if (items.size() < 2 || items.size() > 10) throw std::runtime_error("an album has 2 to 10 items");
  const std::string album = std::to_string(next_album_++);
  json sent = json::array();
  for (auto& one : items) {
    one.album = album;
    sent.push_back(say(user_id, one, now));
  }
  return sent;
}

/// reply_parameters, or the old reply_to_message_id.
void telegram_world::put_reply(json& message, const bot_call& c, const person& p) const {
  const auto given = json::parse(value(c, "reply_parameters"), nullptr, false);
  const bool formed =
      given.is_object() && given.contains("message_id") && given["message_id"].is_number_integer();
  const std::int64_t id = formed ? given["message_id"].get<std::int64_t>() : number(c, "reply_to_message_id");
  if (id == 0 || p.of_crowd) return;
  const auto it = p.messages.find(id);
  if (it != p.messages.end()) {
    message["reply_to_message"] = it->second;
    message["reply_to_message"].erase("reply_to_message");
  } else if (!flag(c, "allow_sending_without_reply") &&
             !(formed && given.value("allow_sending_without_reply", false))) {
    refuse("message to be replied not found");
  }
}

} // namespace troupe::sandbox
