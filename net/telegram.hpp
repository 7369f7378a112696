#pragma once
/// Telegram's Bot API as plain functions: requests out, updates and answers in.
#include "messages/http.hpp"
#include "messages/work.hpp"
#include "net/outside_answer.hpp"
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::telegram {

struct bot {
  std::string api_url = "https://api.telegram.org"; ///< scheme://host[:port]
  std::string token;
};

/// A body that is not what Telegram sends. `what()` holds no body and no token.
struct bad_answer : std::runtime_error {
  using runtime_error::runtime_error;
};

enum class event_kind : std::uint8_t {
  text,
  command,
  photo,
  button,
  other_media,
  edited, ///< A message of before has other words now (`message_id`, `text`).
  blocked,
  unblocked,
  pre_checkout,     ///< The person has confirmed an invoice: answer within 10 s, deliver nothing yet.
  payment,          ///< Paid; may come twice: credit by `telegram_charge_id`.
  payment_refunded, ///< The Stars went back, whoever asked for it.
  group_moved,      ///< `group_id` has become the supergroup `moved_to`.
  ignored
};

/// What a person sends to be read: no command, no press.
constexpr bool is_content(event_kind k) {
  return k == event_kind::text || k == event_kind::photo || k == event_kind::other_media;
}

struct payment_facts {
  std::string query_id; ///< Of a pre-checkout query; all below is from the invoice we sent.
  std::string currency; ///< "XTR" for Stars.
  std::int64_t amount = 0;
  std::string payload;
  std::string telegram_charge_id, provider_charge_id; ///< Of any length; unique.
  bool recurring = false, first_recurring = false;
  unix_ms subscription_until = 0; ///< 0: no subscription.
};

/// An update as the dialogue sees it. Only private chats; all else is `ignored`.
struct event {
  event_kind kind = event_kind::ignored;
  std::int64_t update_id = 0;
  user_profile from;
  std::int64_t message_id = 0; ///< Of the message, or of the message under the button.
  std::string text;            ///< Text or caption.
  std::string command;         ///< "start" for "/start@bot x"
  std::string argument;        ///< "x"
  std::string photo_file_id;   ///< Largest size; also for a document that is, or may be, an image.
  bool photo_is_file = false;  ///< Such a document: what is in it is not known before it is looked at.
  int photo_width = 0, photo_height = 0; ///< As Telegram says; 0: it does not
  std::int64_t file_bytes = 0;           ///< The same, of the photo or document
  std::int64_t date_s = 0;               ///< When it was said, seconds since 1970; 0: not told
  std::string album;                     ///< What was sent together shares it
  std::string media;                     ///< other_media: "sticker", "voice", "video", ..., "unknown"
  std::string callback_id;
  std::string data; ///< Button's data: client-controlled, validate.
  /// Where it was said, when that is no private chat; 0: it is one. Of a group only answers to a bot's
  /// messages are told, and presses; -1: in no chat we know, as a press under an inline message.
  std::int64_t group_id = 0;
  std::int64_t moved_to = 0; ///< group_moved
  /// The bot's message that this one answers: its chat and number there. Whose it is, its text does not say.
  std::int64_t answered_chat = 0, answered_id = 0;
  /// The user whose letter to the office that message is part of. No update says it: the store alone knows.
  std::int64_t letter_of = 0;
  std::string entities;           ///< JSON: the formatting of `text`; may be empty
  std::string file_kind, file_id; ///< "photo", "video", "document", "animation", "audio", "voice", ...
  bool forwarded = false;
  std::int64_t forwarded_from = 0; ///< The person who wrote it; 0: hidden, or not a person
  payment_facts payment;
};

/// Cheap: does not parse. Fields of an update are never named so by a user's text: quotes are escaped there.
bool is_pre_checkout(const std::string& json);
/// Never throws: an unknown or broken update is `ignored`.
event parse_update(const std::string& json);
/// The one that came with it; after a restart read from its JSON.
event event_in(const incoming_update& u);

/// An update that nobody can read: a broken escape, a number too large, a thing of another type. It is set
/// aside, so that it holds up neither its batch nor the queue behind it.
struct unreadable_update {
  std::int64_t update_id = 0; ///< 0: not to be found in it.
  std::string excerpt;        ///< For the log; see outside::excerpt().
};
struct update_batch {
  std::vector<incoming_update> updates;
  std::vector<unreadable_update> unreadable;
  /// Of the last one in the answer, read or not: the next offset is this + 1. 0: no id was found in the whole
  /// answer, then one more than the offset that was asked for confirms the first.
  std::int64_t last_id = 0;
  bool empty() const { return updates.empty() && unreadable.empty(); }
};
/// Splits the answer of getUpdates: also one that no parser takes as a whole; one that stops in its middle
/// only `in_pieces`, for it may come whole when it is asked for again. @throws bad_answer when it is no
/// answer of getUpdates at all.
update_batch read_updates(const http_reply& reply, bool in_pieces = false);
/// One update, as a webhook brings it: a batch of one.
update_batch read_update(const std::string& body);

http_request get_updates(const bot& b, std::int64_t offset, int timeout_s, int limit);
/// Telegram posts the same kinds of updates to `url`, with `secret` in a header.
http_request set_webhook(const bot& b, const std::string& url, const std::string& secret);
http_request delete_webhook(const bot& b); ///< Keeps what waits.
http_request call(const bot& b, const std::string& method, const std::string& params_json);
http_request call(const bot& b, const outgoing& message); ///< multipart when it has uploads
http_request download(const bot& b, const std::string& file_path, const std::string& save_to);

/// The parameters of sendInvoice for Telegram Stars. Title and description are shortened to Telegram's limits
/// and must not be empty; `payload` is 1-128 bytes.
std::string invoice_params(std::int64_t chat_id, const std::string& title, const std::string& description,
                           const std::string& payload, std::int64_t stars, const std::string& label);

enum class outcome : std::uint8_t {
  delivered,      ///< Done (also "message is not modified", "CHARGE_ALREADY_REFUNDED").
  wait_and_retry, ///< 429, 5xx, refused connection: honour `retry_after_ms`.
  unsure,         ///< The answer was lost: it may have been sent.
  chat_gone,      ///< Blocked, deactivated, chat not found.
  message_gone,   ///< The message to edit is not there: send a new one.
  our_mistake,    ///< Malformed request; log it, never repeat.
  give_up,        ///< Bad token (401) .
  conflict,       ///< 409: another poller or a webhook.
};

struct answer {
  outcome what = outcome::our_mistake;
  std::int64_t retry_after_ms = 0;
  bool undone = true; ///< wait_and_retry: it was certainly not done. A 5xx leaves that open.
  std::int64_t message_id = 0;
  std::vector<std::int64_t> more; ///< Of an album: the other messages
  std::string file_id;            ///< Of a sent video
  std::string file_path;          ///< getFile
  std::string description;        ///< Telegram's words; never holds the token.
  bool understood = true; ///< False: something came that is no answer; `description` has a piece of it.
  /// The group has become a supergroup: its id now. 0: it has not.
  std::int64_t migrated_to = 0;
};
answer read_answer(const http_reply& reply);
outside::end end_of(const answer& a);

/// For parse_mode=HTML: & < > "
std::string escape_html(const std::string& text);
/// At most `max` code points, cut with "…"; never splits a UTF-8 sequence.
std::string shorten(const std::string& utf8, std::size_t max);

} // namespace troupe::telegram
