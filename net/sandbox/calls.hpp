#pragma once
/// A call of the Bot API as Telegram reads it, and its refusals in Telegram's words.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace troupe::sandbox {

struct uploaded_file {
  std::string file_name, content_type, bytes;
};

struct bot_call {
  std::string method;
  std::map<std::string, std::string> values; ///< Objects and arrays as JSON text.
  std::map<std::string, uploaded_file> files;
};

struct bot_answer {
  int status = 200;
  nlohmann::json body;
};

/// Thrown by whatever handles a call; becomes its answer.
struct refusal {
  int code;
  std::string text;
  std::int64_t moved_to = 0; ///< parameters.migrate_to_chat_id
};

[[noreturn]] void refuse(const std::string& text); ///< 400

std::string value(const bot_call& c, const std::string& name);
/// @throws refusal when it is missing or empty.
std::string required(const bot_call& c, const std::string& name);
bool flag(const bot_call& c, const std::string& name);
/// Garbage is 0 and everything is clamped, as Telegram reads numbers.
std::int64_t number(const std::string& text, std::int64_t low, std::int64_t high);
std::int64_t number(const bot_call& c, const std::string& name);
bool valid_utf8(const std::string& s);

} // namespace troupe::sandbox
