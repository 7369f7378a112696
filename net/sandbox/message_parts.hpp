#pragma once
/// The parts of a message as the Bot API reads them from a call. All throw refusal in Telegram's words.
#include "net/sandbox/calls.hpp"
#include "net/sandbox/html_text.hpp"
#include <utility>

namespace troupe::sandbox {

std::string lower(std::string s);

/// `name` with its parse_mode, or with the ready entities under `entities_name`.
formatted_text read_text(const bot_call& c, const std::string& name, const std::string& entities_name);
/// 1-4096 code points.
formatted_text read_message_text(const bot_call& c);
void put_text(nlohmann::json& message, const formatted_text& t, const std::string& name);
/// 0-1024 code points.
void put_caption(nlohmann::json& message, const bot_call& c);

/// Ready entities: offsets and lengths in UTF-16 units, known types, within the text.
nlohmann::json checked_entities(const std::string& text, const std::string& given);

/// Of setMyCommands: 0-100 of name and description.
nlohmann::json checked_commands(const std::string& given);

/// The keyboards that stay at no message are read too: a wrong one is refused.
void check_reply_keyboard(const nlohmann::json& markup);
nlohmann::json checked_rows(const nlohmann::json& keyboard);

/// Width and height of a PNG or JPEG; a guess for anything else.
std::pair<int, int> picture_size(const std::string& bytes);
std::string picture_type(const std::string& bytes);

/// `attach://name`, the parameter's own part, or none.
const uploaded_file* attached(const bot_call& c, const std::string& name);

} // namespace troupe::sandbox
