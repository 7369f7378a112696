#include "net/telegram.hpp"

#include "net/json_fields.hpp"
#include "net/json_scan.hpp"

#include <algorithm>
#include <filesystem>

namespace troupe::telegram {
namespace {

using namespace json_fields;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

// -- Updates -------------------------------------------------------------------------------------

bool is_private(const json& chat) { return text_of(chat, "type") == "private"; }

/// A foreign number that becomes an int, and is multiplied by another.
std::int64_t side_of(const json& size, const char* name) {
  return std::clamp<std::int64_t>(number_of(size, name), 0, 1'000'000);
}

bool read_user(const json& from, user_profile& user) {
  if (flag_of(from, "is_bot")) return false;
  user.user_id = number_of(from, "id");
  user.first_name = text_of(from, "first_name");
  user.username = text_of(from, "username");
  user.language = text_of(from, "language_code");
  return user.user_id > 0;
}

/// Null when there is none.
const json& largest_photo(const json& sizes) {
  static const json nothing;
  const json* best = &nothing;
  std::int64_t best_area = -1;
  if (!sizes.is_array()) return nothing;
  for (const auto& size : sizes) {
    const auto area = side_of(size, "width") * side_of(size, "height");
    if (text_of(size, "file_id").empty() || area < best_area) continue;
    best_area = area;
    best = &size;
  }
  return *best;
}

/// By its type, or, where a client names none, by its name: what is in it is seen later.
bool may_be_picture(const json& document) {
  const auto type = text_of(document, "mime_type");
  if (type.rfind("image/", 0) == 0) return true;
  if (!type.empty() && type != "application/octet-stream") return false;
  const auto name = lower(text_of(document, "file_name"));
  const auto dot = name.rfind('.');
  if (dot == name.npos) return false;
  for (const char* ending : {"jpg", "jpeg", "jpe", "jfif", "png", "webp", "heic", "heif", "avif", "gif",
                             "bmp", "tif", "tiff", "svg"})
    if (name.compare(dot + 1, name.npos, ending) == 0) return true;
  return false;
}

/// A picture that can become a video's first frame, as photo or as file.
void read_picture(const json& message, event& e) {
  const auto& photo = largest_photo(member(message, "photo"));
  e.photo_file_id = text_of(photo, "file_id");
  if (!e.photo_file_id.empty()) {
    e.photo_width = static_cast<int>(side_of(photo, "width"));
    e.photo_height = static_cast<int>(side_of(photo, "height"));
    e.file_bytes = number_of(photo, "file_size");
    return;
  }
  const auto& document = member(message, "document");
  e.file_bytes = number_of(document, "file_size");
  // A GIF comes as animation and document at once; it is no still image.
  if (member(message, "animation").is_object() || !may_be_picture(document)) return;
  e.photo_file_id = text_of(document, "file_id");
  e.photo_is_file = !e.photo_file_id.empty();
}

void read_command(event& e) {
  const auto space = e.text.find_first_of(" \t\r\n");
  const auto word = e.text.substr(1, space == std::string::npos ? space : space - 1);
  const auto name = word.substr(0, word.find('@'));
  if (name.empty()) return; // a lone slash is text
  e.kind = event_kind::command;
  e.command = lower(name);
  if (space == std::string::npos) return;
  const auto first = e.text.find_first_not_of(" \t\r\n", space);
  if (first == std::string::npos) return;
  e.argument = e.text.substr(first, e.text.find_last_not_of(" \t\r\n") - first + 1);
}

payment_facts payment_of(const json& body) {
  payment_facts p;
  p.currency = text_of(body, "currency");
  p.amount = number_of(body, "total_amount");
  p.payload = text_of(body, "invoice_payload");
  p.telegram_charge_id = text_of(body, "telegram_payment_charge_id");
  p.provider_charge_id = text_of(body, "provider_payment_charge_id");
  p.recurring = flag_of(body, "is_recurring");
  p.first_recurring = flag_of(body, "is_first_recurring");
  constexpr std::int64_t far = 1'000'000'000'000; // seconds; what is later is no date and would overflow
  p.subscription_until =
      std::clamp<std::int64_t>(number_of(body, "subscription_expiration_date"), 0, far) * 1000;
  return p;
}

/// Without its charge id money cannot be told from the same money again.
void read_payment(const json& body, event_kind kind, event& e) {
  e.payment = payment_of(body);
  if (!e.payment.telegram_charge_id.empty()) e.kind = kind;
}

/// May be `from` the bot itself: the person is the chat.
void read_refund(const json& message, event& e) {
  if (!read_user(member(message, "chat"), e.from)) return;
  e.message_id = number_of(message, "message_id");
  e.from.language = text_of(member(message, "from"), "language_code");
  read_payment(member(message, "refunded_payment"), event_kind::payment_refunded, e);
}

void read_pre_checkout(const json& query, event& e) {
  if (!read_user(member(query, "from"), e.from)) return;
  e.payment = payment_of(query);
  e.payment.query_id = text_of(query, "id");
  if (!e.payment.query_id.empty()) e.kind = event_kind::pre_checkout;
}

/// What it answers, where it is from, and the file in it as it can be sent again.
void read_surroundings(const json& message, event& e) {
  const auto& replied = member(message, "reply_to_message");
  if (flag_of(member(replied, "from"), "is_bot")) {
    e.answered_chat = number_of(member(replied, "chat"), "id");
    e.answered_id = number_of(replied, "message_id");
  }
  e.album = text_of(message, "media_group_id");
  const auto& marks = member(message, message.contains("text") ? "entities" : "caption_entities");
  if (marks.is_array() && !marks.empty()) e.entities = dump(marks);
  const auto& origin = member(message, "forward_origin");
  e.forwarded = origin.is_object();
  e.forwarded_from = number_of(member(origin, "sender_user"), "id");
  for (const char* kind : {"animation", "video", "document", "audio", "voice", "video_note", "sticker"})
    if (e.file_id.empty() && member(message, kind).is_object()) {
      e.file_kind = kind;
      e.file_id = text_of(member(message, kind), "file_id");
    }
  if (!e.file_id.empty()) return;
  e.file_id = text_of(largest_photo(member(message, "photo")), "file_id");
  if (!e.file_id.empty()) e.file_kind = "photo";
}

/// What a group does belongs to nobody: who did it may be anonymous.
void concerns_group(const json& chat, event_kind kind, event& e) {
  e.group_id = number_of(chat, "id");
  if (e.group_id >= 0) return;
  e.kind = kind;
  e.from = {e.group_id, text_of(chat, "title"), "", ""};
}

/// In no private chat, whatever else it may be.
void is_in_group(const json& chat, event& e) {
  const auto id = number_of(chat, "id");
  e.group_id = id < 0 ? id : -1;
}

/// Told twice: in the group that was, and in the supergroup that it has become.
bool read_move(const json& message, event& e) {
  const auto id = number_of(member(message, "chat"), "id");
  const auto to = number_of(message, "migrate_to_chat_id"), from = number_of(message, "migrate_from_chat_id");
  if (to == 0 && from == 0) return false;
  concerns_group({{"id", to != 0 ? id : from}}, event_kind::group_moved, e);
  e.moved_to = to != 0 ? to : id;
  if (e.moved_to >= 0) e.kind = event_kind::ignored;
  return true;
}

/// What Telegram itself puts into a chat: nobody waits for an answer.
bool is_service(const json& message) {
  for (const char* sign : {"new_chat_members",
                           "left_chat_member",
                           "chat_owner_left",
                           "chat_owner_changed",
                           "new_chat_title",
                           "new_chat_photo",
                           "delete_chat_photo",
                           "group_chat_created",
                           "supergroup_chat_created",
                           "channel_chat_created",
                           "message_auto_delete_timer_changed",
                           "migrate_to_chat_id",
                           "migrate_from_chat_id",
                           "pinned_message",
                           "invoice",
                           "successful_payment",
                           "refunded_payment",
                           "users_shared",
                           "chat_shared",
                           "connected_website",
                           "write_access_allowed",
                           "passport_data",
                           "proximity_alert_triggered",
                           "boost_added",
                           "chat_background_set",
                           "checklist_tasks_done",
                           "checklist_tasks_added",
                           "community_chat_added",
                           "community_chat_joined",
                           "community_chat_removed",
                           "direct_message_price_changed",
                           "forum_topic_created",
                           "forum_topic_edited",
                           "forum_topic_closed",
                           "forum_topic_reopened",
                           "general_forum_topic_hidden",
                           "general_forum_topic_unhidden",
                           "giveaway_created",
                           "giveaway_completed",
                           "managed_bot_created",
                           "paid_message_price_changed",
                           "poll_option_added",
                           "poll_option_deleted",
                           "suggested_post_approved",
                           "suggested_post_approval_failed",
                           "suggested_post_declined",
                           "suggested_post_paid",
                           "suggested_post_refunded",
                           "video_chat_scheduled",
                           "video_chat_started",
                           "video_chat_ended",
                           "video_chat_participants_invited",
                           "web_app_data"})
    if (message.contains(sign)) return true;
  return false;
}

/// Neither text nor picture. What we have no name for, also what Telegram may invent yet, is "unknown": it
/// gets an answer like all else that a person sends.
void read_other(const json& message, event& e) {
  for (const char* media : {"animation", "sticker",     "voice",
                            "video",     "video_note",  "audio",
                            "document",  "photo",       "story",
                            "contact",   "venue",       "location",
                            "poll",      "dice",        "game",
                            "checklist", "paid_media",  "giveaway_winners",
                            "giveaway",  "unique_gift", "gift_upgrade_sent",
                            "gift"}) {
    if (!member(message, media).is_structured()) continue;
    e.kind = event_kind::other_media;
    e.media = media;
    return;
  }
  if (e.group_id != 0 || is_service(message)) return;
  e.kind = event_kind::other_media;
  e.media = "unknown";
}

void read_message(const json& message, event& e) {
  const auto& chat = member(message, "chat");
  if (!is_private(chat)) {
    if (read_move(message, e)) return;
    is_in_group(chat, e);
    if (!flag_of(member(member(message, "reply_to_message"), "from"), "is_bot")) return;
  }
  if (member(message, "refunded_payment").is_object()) return read_refund(message, e);
  if (!read_user(member(message, "from"), e.from)) return;
  e.message_id = number_of(message, "message_id");
  e.date_s = number_of(message, "date");
  if (member(message, "successful_payment").is_object())
    return read_payment(member(message, "successful_payment"), event_kind::payment, e);
  e.text = text_of(message, "text");
  if (e.text.empty()) e.text = text_of(message, "caption");
  read_surroundings(message, e);
  read_picture(message, e);
  if (!e.photo_file_id.empty()) {
    e.kind = event_kind::photo;
    return;
  }
  if (member(message, "text").is_string() && !e.text.empty()) {
    e.kind = event_kind::text;
    if (e.text[0] == '/') read_command(e);
    return;
  }
  read_other(message, e);
}

/// Of a message that was changed only its words count.
void read_edit(const json& message, event& e) {
  if (!is_private(member(message, "chat"))) return is_in_group(member(message, "chat"), e);
  if (!read_user(member(message, "from"), e.from)) return;
  e.message_id = number_of(message, "message_id");
  e.date_s = number_of(message, "edit_date");
  e.text = text_of(message, "text");
  if (e.text.empty()) e.text = text_of(message, "caption");
  if (e.message_id != 0 && !e.text.empty()) e.kind = event_kind::edited;
}

void read_button(const json& query, event& e) {
  const auto& message = member(query, "message");
  const auto& chat = member(message, "chat");
  if (!read_user(member(query, "from"), e.from)) return;
  e.callback_id = text_of(query, "id");
  if (e.callback_id.empty()) return;
  if (!message.is_object() || !is_private(chat)) is_in_group(chat, e); // also under an inline message
  e.kind = event_kind::button;
  e.message_id = number_of(message, "message_id");
  e.data = text_of(query, "data");
}

void read_membership(const json& change, event& e) {
  const auto status = text_of(member(change, "new_chat_member"), "status");
  const auto type = text_of(member(change, "chat"), "type");
  if (type == "group" || type == "supergroup")
    if (status == "member" || status == "administrator")
      return concerns_group(member(change, "chat"), event_kind::unblocked, e);
  if (!is_private(member(change, "chat"))) return is_in_group(member(change, "chat"), e);
  if (!read_user(member(change, "from"), e.from)) return;
  if (status == "kicked") e.kind = event_kind::blocked;
  if (status == "member") e.kind = event_kind::unblocked;
}

event event_of(const json& update) {
  event e;
  e.update_id = number_of(update, "update_id");
  if (member(update, "message").is_object()) read_message(member(update, "message"), e);
  else if (member(update, "edited_message").is_object()) read_edit(member(update, "edited_message"), e);
  else if (member(update, "callback_query").is_object()) read_button(member(update, "callback_query"), e);
  else if (member(update, "my_chat_member").is_object()) read_membership(member(update, "my_chat_member"), e);
  else if (member(update, "pre_checkout_query").is_object())
    read_pre_checkout(member(update, "pre_checkout_query"), e);
  else
    for (const char* kind : {"channel_post", "edited_channel_post"})
      if (member(update, kind).is_object()) is_in_group(member(member(update, kind), "chat"), e);
  return e;
}

// -- Requests ------------------------------------------------------------------------------------

http_request post(const bot& b, const std::string& method) {
  http_request request;
  request.method = "POST";
  request.url = b.api_url + "/bot" + b.token + "/" + method;
  request.time_limit = std::chrono::seconds(60); // near its limits Telegram sleeps inside the call
  return request;
}

std::string escape_path(const std::string& path) {
  constexpr const char* hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       std::string_view("/-_.~").find(c) != std::string_view::npos;
    if (plain) out += c;
    else out += {'%', hex[u >> 4], hex[u & 15]};
  }
  return out;
}

// -- Answers -------------------------------------------------------------------------------------

/// To the toast of every button; to read it costs more than all else in it.
constexpr std::string_view plain_yes = R"({"ok":true,"result":true})";
constexpr std::int64_t short_wait_ms = 1'000, file_wait_ms = 5'000;

struct rule {
  const char* part;
  outcome what;
};

/// 400 and 403, in order; parts are lower case.
constexpr rule rules[] = {
    {"message is not modified", outcome::delivered},
    {"message to delete not found", outcome::delivered}, // it is gone, as wanted
    {"message can't be deleted", outcome::delivered},
    {"query is too old", outcome::delivered}, // nobody waits for this answer any more
    {"charge_already_refunded", outcome::delivered},
    {"message to edit not found", outcome::message_gone},
    {"message_id_invalid", outcome::message_gone},
    {"message can't be edited", outcome::message_gone},
    {"chat not found", outcome::chat_gone},
    {"user not found", outcome::chat_gone},
    {"invalid user_id", outcome::chat_gone},
    {"peer_id_invalid", outcome::chat_gone},
    {"user is deactivated", outcome::chat_gone},
    {"bot was blocked", outcome::chat_gone},
    {"input_user_deactivated", outcome::chat_gone},
    {"upgraded to a supergroup", outcome::chat_gone},
    {"have no rights to send", outcome::chat_gone},
    {"not enough rights to send", outcome::chat_gone},
    {"have no write access", outcome::chat_gone},
    {"need administrator rights", outcome::chat_gone},
    {"chat_write_forbidden", outcome::chat_gone},
    {"chat_admin_required", outcome::chat_gone},
    {"chat_restricted", outcome::chat_gone},
    {"channel_private", outcome::chat_gone},
    {"user_banned_in_channel", outcome::chat_gone},
    {"allow_payment_required", outcome::chat_gone},
    {"privacy_premium_required", outcome::chat_gone},
    {"file is temporarily unavailable", outcome::wait_and_retry},
    {"failed to get http url content", outcome::wait_and_retry},
    {"group send failed", outcome::wait_and_retry},
    {"message send failed", outcome::wait_and_retry},
    {"frozen_method_invalid", outcome::give_up},
    {"logged out", outcome::give_up},
};

outcome by_words(int code, const std::string& description) {
  const auto words = lower(description);
  for (const auto& r : rules)
    if (words.find(r.part) != std::string::npos) return r.what;
  return code == 403 ? outcome::chat_gone : outcome::our_mistake;
}

std::int64_t retry_after_ms(const http_reply& reply, const json& body) {
  auto seconds = whole_of(member(member(body, "parameters"), "retry_after")).value_or(0);
  for (const auto& [name, value] : reply.headers)
    if (seconds <= 0 && lower(name) == "retry-after" && !value.empty() && value.size() < 10 &&
        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }))
      seconds = std::stoll(value);
  return seconds > 0 ? std::min<std::int64_t>(seconds, 1'000'000) * 1000 : short_wait_ms;
}

answer without_reply(http_error e) {
  answer a;
  const bool sent = e == http_error::lost || e == http_error::too_large;
  a.what = e == http_error::no_file ? outcome::our_mistake : sent ? outcome::unsure : outcome::wait_and_retry;
  a.retry_after_ms = a.what == outcome::wait_and_retry ? short_wait_ms : 0;
  http_reply none;
  none.error = e;
  a.description = outside::described(none);
  return a;
}

answer success(const json& result) {
  answer a;
  a.what = outcome::delivered;
  if (result.is_array()) { // an album
    for (const auto& message : result) a.more.push_back(number_of(message, "message_id"));
    if (a.more.empty()) return a;
    a.message_id = a.more.front();
    a.more.erase(a.more.begin());
    return a;
  }
  a.message_id = number_of(result, "message_id");
  a.file_path = text_of(result, "file_path");
  // Telegram turns a silent video into an animation.
  for (const char* kind : {"video", "animation", "document"})
    if (a.file_id.empty()) a.file_id = text_of(member(result, kind), "file_id");
  return a;
}

outcome by_code(int code, const std::string& description) {
  if (code == 429 || code >= 500) return outcome::wait_and_retry;
  if (code == 401 || code == 421) return outcome::give_up;
  if (code == 409) return outcome::conflict;
  // The proxy answers a malformed token with a bare "Not Found", as JSON.
  if (code == 404)
    return lower(description).find("method") == std::string::npos ? outcome::give_up : outcome::our_mistake;
  return by_words(code, description);
}

/// A page or nothing, with the status of a refusal: a proxy between us and Telegram, an address that is not
/// Telegram's. The token is not refused and no chat is gone; the request has not been read by who could do
/// it.
outcome without_words(int status) {
  if (status == 401 || status == 404 || status == 421) return outcome::give_up;
  if (status == 409) return outcome::conflict;
  const bool about_the_request = status == 400 || status == 413 || status == 414 || status == 431;
  return about_the_request ? outcome::our_mistake : outcome::wait_and_retry;
}

} // namespace

event parse_update(const std::string& text) {
  try {
    return event_of(parse(text));
  } catch (const std::exception&) {
    return {};
  }
}

event event_in(const incoming_update& u) { return u.event ? *u.event : parse_update(u.json); }

namespace {

constexpr std::size_t updates_bytes_max = 32u << 20; // Telegram stops at about 4 MiB

incoming_update incoming(const json& update) {
  auto e = std::make_shared<const event>(event_of(update));
  incoming_update u{e->update_id, e->kind == event_kind::ignored ? 0 : e->from.user_id, dump(update)};
  u.event = std::move(e);
  return u;
}

void set_aside(update_batch& batch, std::int64_t id, std::string_view text) {
  if (id != 0) batch.last_id = id;
  batch.unreadable.push_back({id, outside::excerpt(text)});
}

void add(update_batch& batch, const json& update, std::string_view text) {
  const auto id = whole_of(member(update, "update_id")).value_or(0);
  if (id <= 0 || !member(update, "update_id").is_number_integer())
    return set_aside(batch, std::max<std::int64_t>(id, 0), text.empty() ? dump(update) : text);
  batch.last_id = id;
  batch.updates.push_back(incoming(update));
}

/// What stands behind "update_id" in a text that is no JSON as a whole.
std::int64_t id_in(std::string_view text) {
  auto value = json_scan::member(text, "update_id");
  if (!value) { // its object is broken before: the field's name cannot be in a person's words, quotes are
                // escaped there
    constexpr std::string_view name = "\"update_id\":";
    const auto at = text.find(name);
    if (at != text.npos) value = text.substr(at + name.size(), 24);
  }
  if (!value) return 0;
  const auto from = value->find_first_not_of(" \t\r\n\"");
  if (from == value->npos) return 0;
  std::int64_t id = 0;
  for (auto c : value->substr(from)) {
    if (c < '0' || c > '9') break;
    if (id > (INT64_MAX - 9) / 10) return 0;
    id = id * 10 + (c - '0');
  }
  return id;
}

/// One by one: what one of them has wrong does not concern the others.
void add_piece(update_batch& batch, std::string_view text) {
  const auto update = parse(text, updates_bytes_max);
  if (update.is_discarded()) set_aside(batch, id_in(text), text);
  else add(batch, update, text);
}

update_batch read_in_pieces(const std::string& body) {
  update_batch batch;
  const auto all = json_scan::elements(*json_scan::member(body, "result"));
  for (const auto piece : all.list) add_piece(batch, piece);
  if (!all.rest.empty()) set_aside(batch, id_in(all.rest), all.rest);
  return batch;
}

bool holds_updates(std::string_view body) {
  const auto ok = json_scan::member(body, "ok");
  const auto list = json_scan::member(body, "result");
  return ok && ok->substr(0, 4) == "true" && list && !list->empty() && list->front() == '[';
}

} // namespace

update_batch read_updates(const http_reply& reply, bool in_pieces) {
  if (reply.error != http_error::none) throw bad_answer("getUpdates: no answer");
  const auto body = parse(reply.body, updates_bytes_max);
  const auto no_list = [&] {
    return bad_answer("getUpdates: HTTP " + std::to_string(reply.status) + " without a list of updates");
  };
  if (body.is_discarded() && reply.status == 200 && holds_updates(reply.body)) {
    // What was lost on the way comes whole the next time; to set its last update aside would lose that.
    const bool cut_short = outside::content_of(reply, updates_bytes_max) == outside::content::cut_short;
    if (cut_short && !in_pieces) throw bad_answer("getUpdates: an answer that stops in its middle");
    return read_in_pieces(reply.body);
  }
  if (!body.is_object() || !flag_of(body, "ok") || !member(body, "result").is_array()) throw no_list();
  update_batch batch;
  for (const auto& update : member(body, "result")) add(batch, update, {});
  return batch;
}

update_batch read_update(const std::string& body) {
  update_batch batch;
  add_piece(batch, body);
  return batch;
}

static json kinds_of_updates() {
  return {"message", "edited_message", "callback_query", "my_chat_member", "pre_checkout_query"};
}

http_request set_webhook(const bot& b, const std::string& url, const std::string& secret) {
  return call(b, "setWebhook",
              dump({{"url", url},
                    {"secret_token", secret},
                    {"allowed_updates", kinds_of_updates()},
                    {"max_connections", 40}}));
}

http_request delete_webhook(const bot& b) {
  return call(b, "deleteWebhook", R"({"drop_pending_updates":false})");
}

http_request get_updates(const bot& b, std::int64_t offset, int timeout_s, int limit) {
  auto request = post(b, "getUpdates");
  request.body = dump({{"offset", offset},
                       {"timeout", timeout_s},
                       {"limit", limit},
                       {"allowed_updates", kinds_of_updates()}});
  request.time_limit = std::chrono::seconds(timeout_s + 15);
  request.body_bytes_max = updates_bytes_max;
  return request;
}

http_request call(const bot& b, const std::string& method, const std::string& params_json) {
  auto request = post(b, method);
  request.body = params_json.empty() ? "{}" : params_json;
  return request;
}

http_request call(const bot& b, const outgoing& message) {
  auto request = call(b, message.method, message.params);
  if (message.uploads.empty()) return request;
  request.body.clear();
  request.content_type.clear();
  const auto params = parse(message.params);
  if (params.is_object())
    for (const auto& [name, value] : params.items())
      request.form.emplace_back(name, value.is_string() ? value.get<std::string>() : dump(value));
  for (const auto& u : message.uploads) {
    std::error_code unknown; // then it will not be sent either
    const auto bytes = std::filesystem::file_size(u.path, unknown);
    if (!unknown) request.time_limit += time_for(bytes);
    request.files.push_back(
        {u.field, u.path.substr(u.path.rfind('/') + 1), u.content_type, u.path, u.sha256});
  }
  return request;
}

bool is_pre_checkout(const std::string& json) { return json.find("\"pre_checkout_query\":") != json.npos; }

http_request download(const bot& b, const std::string& file_path, const std::string& save_to) {
  http_request request;
  request.url = b.api_url + "/file/bot" + b.token + "/" + escape_path(file_path);
  request.save_to = save_to;
  request.body_bytes_max = 21u << 20; // getFile ends at 20 MB
  return request;
}

std::string invoice_params(std::int64_t chat_id, const std::string& title, const std::string& description,
                           const std::string& payload, std::int64_t stars, const std::string& label) {
  const json price{{"label", label}, {"amount", stars}};
  return dump({{"chat_id", chat_id},
               {"title", shorten(title, 32)},
               {"description", shorten(description, 255)},
               {"payload", payload},
               {"provider_token", ""}, // empty: Stars
               {"currency", "XTR"},
               {"prices", json::array({price})}});
}

answer read_answer(const http_reply& reply) {
  if (reply.error != http_error::none) return without_reply(reply.error);
  if (reply.body == plain_yes) return {.what = outcome::delivered};
  const auto body = parse(reply.body);
  if (truth_of(member(body, "ok")).value_or(false) && reply.status < 400)
    return success(member(body, "result"));
  answer a;
  a.description = outside::excerpt(text_of(body, "description"));
  const auto code =
      static_cast<int>(std::clamp<std::int64_t>(whole_of(member(body, "error_code")).value_or(0), 0, 999));
  a.understood = code >= 400 || reply.status == 429 || reply.status >= 500;
  const auto judged = code >= 400 ? code : reply.status;
  if (!a.understood) a.description = outside::described(reply);
  if (judged < 400) {
    a.what = outcome::unsure; // a success we cannot read
    return a;
  }
  if (a.description.empty()) a.description = "HTTP " + std::to_string(judged);
  a.what = a.understood ? by_code(judged, a.description) : without_words(judged);
  a.undone = judged < 500;
  a.migrated_to = whole_of(member(member(body, "parameters"), "migrate_to_chat_id")).value_or(0);
  if (a.what == outcome::wait_and_retry)
    a.retry_after_ms = judged < 429 ? file_wait_ms : retry_after_ms(reply, body);
  return a;
}

outside::end end_of(const answer& a) {
  if (!a.understood) return outside::end::not_understood;
  switch (a.what) {
  case outcome::delivered: return outside::end::done;
  case outcome::wait_and_retry:
  case outcome::unsure:
  case outcome::conflict: return outside::end::pending;
  default: return outside::end::failed;
  }
}

std::string escape_html(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string shorten(const std::string& utf8, std::size_t max) {
  std::size_t points = 0, cut = 0; // cut: where the last code point that must go begins
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if ((static_cast<unsigned char>(utf8[i]) & 0xC0) == 0x80) continue;
    if (++points == max) cut = i;
  }
  if (points <= max) return utf8;
  return max == 0 ? std::string() : utf8.substr(0, cut) + "…";
}

} // namespace troupe::telegram
