#pragma once
/// A broadcast while it is written: what is collected, and the call of the Bot API that it becomes.
#include "messages/office.hpp"
#include "net/telegram.hpp"
#include <optional>
#include <string>
#include <vector>

namespace troupe::office {

inline constexpr std::size_t text_max = 4096, caption_max = 1024; ///< code points, Telegram's
inline constexpr std::size_t album_max = 10;                      ///< Telegram's
inline constexpr std::size_t links_max = 8;
inline constexpr std::size_t link_text_max = 64; ///< code points; longer labels are cut on a phone

/// A message of the administrator, or one item of an album.
struct piece {
  std::string kind; ///< "text", "photo", "video", ...; forwarded ones may be anything: "post"
  std::string file_id;
  std::string text;            ///< text or caption
  std::string entities;        ///< JSON; passed on as it came, so that its UTF-16 offsets stay right
  std::int64_t message_id = 0; ///< in the administrator's chat; what is forwarded is named by it
};

/// A button under the broadcast.
struct link {
  std::string text;
  std::string url;  ///< one of the two
  std::string data; ///< a screen of the bot
};

struct draft {
  std::int64_t id = 0; ///< The update that made it: 0 is none. Two presses on "send" are one broadcast.
  broadcast_kind kind = broadcast_kind::send;
  std::int64_t of_broadcast = 0, reached = 0; ///< erase, edit: whose messages, and how many they are
  std::string method;                         ///< erase, edit: the call
  std::string markup, previews_of;            ///< edit: JSON of the old buttons and link preview options
  std::string aside;         ///< erase, edit: the draft that was in hand; it comes back afterwards
  std::string offered;       ///< The same with other content, which takes its place when that is wanted
  std::vector<piece> pieces; ///< in the order of the chat
  std::string album;         ///< Telegram's name of the album that is arriving
  unix_ms album_at = 0;      ///< when its last item came
  bool forwarded = false;
  std::int64_t from_chat = 0; ///< forwarded: the chat of the administrator who has it
  bool with_author = false;   ///< forwarded as such, with the author's name
  std::vector<link> links;
  bool silent = false, previews = true;
  audience to{audience_kind::everyone, 0, "", "news"};
  bool paid = false;
  int per_second = 0; ///< 0: all that is permitted
  unix_ms starts_at = 0;
};

draft read_draft(const std::string& json); ///< Never throws: what is no draft is none.
std::string write_draft(const draft& d);

bool is_album(const draft& d);
bool can_have_buttons(const draft& d); ///< Albums cannot, nor what is forwarded as such.
bool can_be_paid(const draft& d); ///< Telegram sends only single, own or copied messages faster for money.
bool can_be_muted(const std::string& category);

struct call {
  std::string method;
  std::string params; ///< JSON, without chat_id
};
call call_of(const draft& d);
/// Of an edit: the new text as a message of its own, with the buttons that stay.
call edited_text_of(const draft& d);
/// A few words of it, for lists; begins with `text_mark` when it is a text.
std::string title_of(const draft& d);
inline constexpr const char* text_mark = "📝";

/// What is written becomes what is opened.
broadcast broadcast_of(const draft& d, std::int64_t admin_id, const std::string& admin_language);
/// The same once more. Nothing when it is none that sends.
std::optional<draft> repeat_of(const broadcast& b, std::int64_t id);
std::optional<draft> erase_of(const broadcast& b, std::int64_t id);
/// Nothing also when Telegram cannot edit it: what was forwarded as such, copied albums.
std::optional<draft> edit_of(const broadcast& b, std::int64_t id);
bool holds_text(const broadcast& b);

std::size_t code_points(const std::string& utf8);

/// "Text - https://..." as a button. Nothing when it is none.
std::optional<link> read_link(const std::string& line);
/// Of a text that is nothing but such lines. Nothing when one of them is none.
std::optional<std::vector<link>> links_in(const std::string& text);

} // namespace troupe::office
