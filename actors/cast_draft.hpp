#pragma once
/// A broadcast as it is being written, and the call it becomes.
#include "messages/office.hpp"
#include "net/telegram.hpp"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::office {

struct cast_draft {
  std::int64_t id = 0; ///< The update that made it: a second press on "send" is the same broadcast.
  /// "text", "photo", "video", "document", "animation", "audio", "voice", "album", "post" (forwarded); "" is
  /// none yet
  std::string kind;
  std::string text, entities; ///< Text or caption with its formatting (JSON of Telegram's entities)
  std::vector<std::pair<std::string, std::string>> files; ///< kind and file_id; several of an album
  std::string album;
  std::vector<std::int64_t> source; ///< post: ids of the messages in the administrator's chat
  std::vector<std::pair<std::string, std::string>> buttons; ///< label, and an address or a screen of the bot
  audience to;
  bool paid = false, silent = false, link_preview = true;
  bool author = false; ///< post: forwarded, with its author's name
  unix_ms starts_at = 0;
  std::int64_t edit_of = 0; ///< Not a new one: the new words of this broadcast

  bool empty() const { return kind.empty(); }
  bool may_have_buttons() const {
    return kind != "album" && !(kind == "post" && (author || source.size() > 1));
  }
};

cast_draft read_draft(const std::string& json); ///< Never throws: broken is empty.
std::string write_draft(const cast_draft& d);

/// Takes what an administrator has sent. @returns why it cannot be sent on, as a key of the texts; "": it
/// can.
std::string take_content(cast_draft& d, const telegram::event& e);

/// "Text - https://..." a line. @returns the line that is wrong; nothing when all are taken.
std::optional<std::string> take_buttons(cast_draft& d, const std::string& lines);
inline constexpr std::size_t buttons_max = 8;

/// The call for one recipient, without chat_id.
struct cast_call {
  std::string method, params;
};
cast_call call_of(const cast_draft& d, std::int64_t admin_chat);
/// The same words put into messages that are there already. Nothing when Telegram cannot.
std::optional<cast_call> edit_call(const cast_draft& d, const broadcast& sent);
std::string title_of(const cast_draft& d); ///< a few words, plain

} // namespace troupe::office
