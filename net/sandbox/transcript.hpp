#pragma once
/// A chat as text for people: what the bot shows, its buttons as [Button].
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

namespace troupe::sandbox {

/// A message's text, media and keyboard, without markup; lines end with \n but the last.
std::string as_text(const nlohmann::json& message);

/// Prints as it goes. Edits that replace each other are printed once, with the last: a progress bar is no
/// news.
class transcript {
public:
  explicit transcript(std::ostream& out) : out_(out) {}
  ~transcript() { flush(); }
  transcript(const transcript&) = delete;
  transcript& operator=(const transcript&) = delete;

  void name(std::int64_t user_id, const std::string& name) { names_[user_id] = name; }
  void act(const std::string& line);
  /// One of /sandbox/events. @returns what the person sees now; "" when nothing of the bot's is new.
  std::string show(const nlohmann::json& event);
  void flush();

private:
  void print(const std::string& head, const std::string& text);

  std::ostream& out_;
  std::map<std::int64_t, std::string> names_; ///< Others' chats are not shown.
  std::string held_head_, held_text_;         ///< An edit that the next one may replace.
  std::int64_t held_message_ = 0;
};

} // namespace troupe::sandbox
