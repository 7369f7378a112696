#include "net/sandbox/telegram_world.hpp"
#include "net/sandbox/bot_schema.hpp"
#include "net/sandbox/message_parts.hpp"
#include <algorithm>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t callback_life_ms = 150'000;
constexpr std::size_t events_kept = 20'000;
constexpr std::size_t violation_kinds_max = 500; ///< Whoever calls chooses some of the words.

/// A fault of the bot's program, not of the world around it.
bool is_bug(const std::string& text) {
  for (const char* part : {"can't parse",
                           "BUTTON_",
                           "is empty",
                           "must be non-empty",
                           "too long",
                           "method not found",
                           "unsupported parse_mode",
                           "expected as reply",
                           "must be an Array",
                           "wrong remote file",
                           "wrong parameter",
                           "UTF-8",
                           "BOT_COMMAND",
                           "expected an Array",
                           "must be of type",
                           "there is no",
                           "is required",
                           "TOO_LONG",
                           "INVOICE_",
                           "TOTAL_AMOUNT_",
                           "PAYMENT_PROVIDER_",
                           "at least one price",
                           "BUY_EMPTY",
                           "CHARGE_ID_INVALID",
                           "PERIOD_INVALID",
                           "webhook URL",
                           "bad webhook",
                           "secret token",
                           "entity begin",
                           "receive an entity",
                           "be mixed with",
                           "no messages to send",
                           "messages to send as an album",
                           "message identifiers"})
    if (text.find(part) != std::string::npos) return true;
  return false;
}

bot_answer failure(int code, const std::string& text) {
  return {code, {{"ok", false}, {"error_code", code}, {"description", text}}};
}

bot_answer too_many(std::int64_t seconds) {
  auto a = failure(429, "Too Many Requests: retry after " + std::to_string(seconds));
  a.body["parameters"] = {{"retry_after", seconds}};
  return a;
}

/// Setting and deleting a webhook says whether there was one.
std::string webhook_words(const std::string& method, const std::string& before, const std::string& after) {
  if (method != "setwebhook" && method != "deletewebhook") return {};
  if (after.empty()) return before.empty() ? "Webhook is already deleted" : "Webhook was deleted";
  return before == after ? "Webhook is already set" : "Webhook was set";
}

/// What tells one text from another in the crowd's count.
std::string content_of(const json& message) {
  for (const char* text : {"text", "caption"})
    if (message.contains(text)) return message[text];
  for (const char* kind : {"video", "document", "animation", "audio", "voice"})
    if (message.contains(kind)) return message[kind]["file_id"];
  return message.contains("photo") ? message["photo"].back()["file_id"].get<std::string>() : "";
}

} // namespace

telegram_world::telegram_world(std::string token, std::int64_t first_id)
    : token_(std::move(token)), next_update_(first_id), next_message_(first_id), next_file_(first_id),
      desk_(first_id) {
  next_callback_ += first_id * 1000;
  bot_id_ = number(token_, 1, INT64_MAX);
}

std::optional<bot_answer> telegram_world::check_token(const std::string& token) const {
  if (token == token_) return std::nullopt;
  const auto colon = token.find(':');
  const bool formed = colon != std::string::npos && colon > 0 && token[0] != '0' && token.size() <= 80;
  return failure(401, formed ? "Unauthorized" : "Unauthorized: invalid token specified");
}

bot_answer telegram_world::handle(const bot_call& call, std::int64_t now) {
  ++calls_[call.method];
  expire_payments(now);
  const std::string before = hook_.url;
  const std::string method = lower(call.method);
  const auto verdict = ask_flood(method, call, now);
  if (verdict.retry_after_s > 0) {
    check_schema(call);
    return too_many(verdict.retry_after_s);
  }
  try {
    bot_answer a{200, {{"ok", true}, {"result", dispatch(call, now)}}};
    check_schema(call);
    if (verdict.costs) charge_paid(messages_in(method, call));
    const auto words = webhook_words(method, before, hook_.url);
    if (!words.empty()) a.body["description"] = words;
    return a;
  } catch (const refusal& r) {
    // Refused for a bug, the refusal says it all; else the call may have others.
    if (r.code == 404 && bot_schema::shipped().knows(call.method))
      count_violation(call.method + ": not played by this sandbox");
    else if (is_bug(r.text)) count_violation(call.method + ": " + r.text);
    else check_schema(call);
    auto a = failure(r.code, r.text);
    if (r.moved_to != 0) a.body["parameters"] = {{"migrate_to_chat_id", r.moved_to}};
    return a;
  }
}

void telegram_world::count_violation(const std::string& words) {
  const bool room = violations_.size() < violation_kinds_max || violations_.count(words) > 0;
  ++violations_[room ? words : "others"];
}

void telegram_world::check_schema(const bot_call& call) {
  for (const auto& fault : bot_schema::shipped().faults(call)) count_violation("schema: " + fault);
}

json telegram_world::dispatch(const bot_call& c, std::int64_t now) {
  const std::string m = lower(c.method);
  if (m == "sendmessage") return send_text(c, now);
  if (m == "editmessagetext") return edit_text(c, now);
  if (m == "editmessagecaption") return edit_caption(c, now);
  if (m == "editmessagereplymarkup") return edit_markup(c, now);
  if (m == "answercallbackquery") return answer_callback(c, now);
  for (const char* kind : {"photo", "video", "document", "animation", "audio", "voice"})
    if (m.compare(0, 4, "send") == 0 && m.compare(4, std::string::npos, kind) == 0)
      return send_media(c, kind, now);
  if (auto done = copies_dispatch(m, c, now)) return std::move(*done);
  if (m == "sendchataction") return chat_action(c);
  if (m == "deletemessage") return delete_message(c);
  if (m == "getfile") return get_file(c);
  if (m == "setmycommands") return set_commands(c);
  if (m == "getmycommands") {
    const auto it = commands_by_scope_.find(value(c, "scope") + '|' + value(c, "language_code"));
    return it == commands_by_scope_.end() ? json::array() : it->second;
  }
  if (m == "getme") return get_me();
  if (m == "setwebhook") return set_webhook(c);
  if (m == "deletewebhook") return delete_webhook(c);
  if (m == "getwebhookinfo") return webhook_info();
  return money_dispatch(m, c, now);
}

json telegram_world::money_dispatch(const std::string& m, const bot_call& c, std::int64_t now) {
  if (m == "sendinvoice") return send_invoice(c, now);
  if (m == "createinvoicelink") return desk_.make_link(read_invoice(c));
  if (m == "answerprecheckoutquery") return answer_pre_checkout(c, now);
  if (m == "refundstarpayment") return refund_payment(c, now);
  if (m == "edituserstarsubscription") {
    desk_.edit_subscription(c);
    return true;
  }
  if (m == "getstartransactions") return {{"transactions", desk_.transactions(c)}};
  if (m == "getmystarbalance") return {{"amount", desk_.bot_balance()}};
  throw refusal{404, "Not Found: method not found"};
}

json telegram_world::bot_user() const {
  return {{"id", bot_id_}, {"is_bot", true}, {"first_name", "Sandbox bot"}, {"username", "sandbox_bot"}};
}

json telegram_world::get_me() const {
  json me = bot_user();
  me["can_join_groups"] = true;
  for (const char* no : {"can_read_all_group_messages", "supports_inline_queries", "supports_guest_queries",
                         "can_connect_to_business", "has_main_web_app", "has_topics_enabled",
                         "allows_users_to_create_topics", "can_manage_bots", "supports_join_request_queries"})
    me[no] = false;
  return me;
}

/// Only inline keyboards stay with a message.
void telegram_world::put_markup(json& message, const bot_call& c) {
  message.erase("reply_markup");
  const std::string raw = value(c, "reply_markup");
  if (raw.empty()) return;
  const auto markup = json::parse(raw, nullptr, false);
  if (markup.is_discarded()) refuse("can't parse reply keyboard markup JSON object");
  if (!markup.is_object()) refuse("object expected as reply markup");
  if (!markup.contains("inline_keyboard")) return check_reply_keyboard(markup);
  auto rows = checked_rows(markup["inline_keyboard"]);
  if (rows.empty()) return;
  message["reply_markup"] = {{"inline_keyboard", std::move(rows)}};
  check_pay_buttons(message);
}

telegram_world::person& telegram_world::known(std::int64_t user_id) {
  auto it = people_.find(user_id);
  if (it == people_.end()) {
    add_user(user_id, "User " + std::to_string(user_id), "en");
    it = people_.find(user_id);
  }
  return it->second;
}

/// Everybody known may be written to, as if all had pressed Start once.
telegram_world::person& telegram_world::recipient(const bot_call& c) {
  if (value(c, "chat_id").empty()) refuse("chat_id is empty");
  const std::int64_t id = number(c, "chat_id");
  const auto it = people_.find(id);
  if (it == people_.end()) {
    if (crowd_.has(id)) crowd_.called(c.method);
    return crowd_recipient(id);
  }
  if (it->second.blocked) throw refusal{403, "Forbidden: bot was blocked by the user"};
  if (it->second.moved_to != 0)
    throw refusal{400, "Bad Request: group chat was upgraded to a supergroup chat", it->second.moved_to};
  if (!it->second.refuses.empty())
    throw refusal{it->second.refuses.rfind("Forbidden", 0) == 0 ? 403 : 400, it->second.refuses};
  return it->second;
}

json telegram_world::chat_of(const person& p) const {
  if (p.group)
    return {{"id", p.user["id"]},
            {"title", p.user["first_name"]},
            {"type", is_basic(p.user["id"]) ? "group" : "supergroup"}};
  return {{"id", p.user["id"]}, {"first_name", p.user["first_name"]}, {"type", "private"}};
}

json telegram_world::deliver(person& p, json message, std::int64_t now) {
  const std::int64_t id = next_message_++;
  message["message_id"] = id;
  message["from"] = bot_user();
  message["chat"] = chat_of(p);
  message["date"] = now / 1000;
  if (p.of_crowd) {
    crowd_.got(p.user["id"], id, content_of(message), now);
    return message;
  }
  p.messages[id] = message;
  event("message", p.user["id"], message);
  return message;
}

json telegram_world::send_text(const bot_call& c, std::int64_t now) {
  json message = json::object();
  put_text(message, read_message_text(c), "text");
  put_markup(message, c);
  auto& p = recipient(c);
  put_reply(message, c, p);
  return deliver(p, std::move(message), now);
}

std::string telegram_world::store(const std::string& kind, const std::string& content_type,
                                  std::shared_ptr<const std::string> bytes) {
  const std::int64_t n = next_file_++;
  static const std::map<std::string, const char*> prefixes{
      {"photo", "AgACAgIAAxk"}, {"video", "BAACAgIAAxk"}, {"animation", "CgACAgIAAxk"},
      {"audio", "CQACAgIAAxk"}, {"voice", "AwACAgIAAxk"}, {"document", "BQACAgIAAxk"}};
  const std::string prefix = prefixes.at(kind);
  const std::string id = prefix + std::to_string(1000000 + n);
  const std::string ending = content_type == "image/png"              ? ".png"
                             : kind == "video" || kind == "animation" ? ".mp4"
                             : kind == "audio"                        ? ".mp3"
                             : kind == "voice"                        ? ".ogg"
                             : kind == "document"                     ? ".bin"
                                                                      : ".jpg";
  const std::string path = kind + "s/file_" + std::to_string(n) + ending;
  files_[id] = {kind, path, content_type, std::move(bytes)};
  file_paths_[path] = id;
  return id;
}

json telegram_world::photo_sizes(const std::string& bytes) {
  const auto [w, h] = picture_size(bytes);
  const auto shared = std::make_shared<const std::string>(bytes);
  json sizes = json::array();
  for (int side : {90, 320, std::max(w, h)}) {
    if (side > std::max(w, h) || (!sizes.empty() && sizes.back()["side"] == side)) continue;
    const std::string id = store("photo", picture_type(bytes), shared);
    sizes.push_back({{"file_id", id},
                     {"file_unique_id", "AQAD" + id.substr(11)},
                     {"file_size", bytes.size()},
                     {"width", std::max(1, w * side / std::max({w, h, 1}))},
                     {"height", std::max(1, h * side / std::max({w, h, 1}))},
                     {"side", side}});
  }
  for (auto& s : sizes) s.erase("side");
  return sizes;
}

json telegram_world::send_media(const bot_call& c, const std::string& kind, std::int64_t now) {
  auto& p = recipient(c);
  json message = json::object();
  put_caption(message, c);
  put_markup(message, c);
  put_reply(message, c, p);
  message[kind] = media_of(c, kind, kind);
  if (kind == "animation") message["document"] = message[kind];
  return deliver(p, std::move(message), now);
}

json& telegram_world::own_message(const bot_call& c, person& p) {
  // Of the crowd's messages only the last id is known; what it was is taken from the call.
  if (p.of_crowd && number(c, "message_id") == crowd_.last_message(p.user["id"])) {
    json& m = p.messages[number(c, "message_id")];
    m = {{"message_id", number(c, "message_id")}, {"from", bot_user()}, {"chat", chat_of(p)}, {"date", 0}};
    if (lower(c.method) == "editmessagetext") m["text"] = "";
    return m;
  }
  const auto it = p.messages.find(number(c, "message_id"));
  if (it == p.messages.end()) refuse("message to edit not found");
  if (!it->second["from"]["is_bot"].get<bool>() || it->second.contains("refunded_payment"))
    refuse("message can't be edited");
  return it->second;
}

json telegram_world::replace(json& old, json changed, std::int64_t now) {
  json before = old;
  before.erase("edit_date");
  json after = changed;
  after.erase("edit_date");
  if (before == after)
    refuse(
        "message is not modified: specified new message content and reply markup are exactly the same as a "
        "current content and reply markup of the message");
  changed["edit_date"] = now / 1000;
  old = std::move(changed);
  if (!passer_by_.of_crowd || old["chat"]["id"] != passer_by_.user["id"])
    event("edit", old["chat"]["id"], old);
  return old;
}

json telegram_world::edit_text(const bot_call& c, std::int64_t now) {
  auto& p = recipient(c);
  const auto text = read_message_text(c);
  auto& old = own_message(c, p);
  if (!old.contains("text")) refuse("there is no text in the message to edit");
  json changed = old;
  put_text(changed, text, "text");
  put_markup(changed, c);
  return replace(old, std::move(changed), now);
}

json telegram_world::edit_caption(const bot_call& c, std::int64_t now) {
  auto& old = own_message(c, recipient(c));
  if (old.contains("text") || old.contains("invoice")) refuse("there is no caption in the message to edit");
  json changed = old;
  put_caption(changed, c);
  put_markup(changed, c);
  return replace(old, std::move(changed), now);
}

json telegram_world::edit_markup(const bot_call& c, std::int64_t now) {
  auto& old = own_message(c, recipient(c));
  json changed = old;
  put_markup(changed, c);
  return replace(old, std::move(changed), now);
}

json telegram_world::delete_message(const bot_call& c) {
  auto& p = recipient(c);
  if (!erase(p, number(c, "message_id"))) refuse("message to delete not found");
  return true;
}

bool telegram_world::erase(person& p, std::int64_t id) {
  if (p.of_crowd) return id > 0 && id <= crowd_.last_message(p.user["id"]);
  if (!p.messages.erase(id)) return false;
  desk_.withdraw(id);
  event("delete", p.user["id"], {{"message_id", id}});
  return true;
}

json telegram_world::answer_callback(const bot_call& c, std::int64_t now) {
  const auto it = callbacks_.find(value(c, "callback_query_id"));
  if (it == callbacks_.end() || it->second.toast || now - it->second.asked > callback_life_ms)
    refuse("query is too old and response timeout expired or query ID is invalid");
  if (code_points(value(c, "text")) > 200) refuse("MESSAGE_TOO_LONG");
  it->second.toast = json{
      {"callback_query_id", it->first}, {"text", value(c, "text")}, {"show_alert", flag(c, "show_alert")}};
  event("toast", it->second.user_id, *it->second.toast);
  return true;
}

json telegram_world::chat_action(const bot_call& c) {
  auto& p = recipient(c);
  static const std::set<std::string> actions{
      "typing",        "upload_photo",      "record_video",     "upload_video",
      "record_voice",  "upload_voice",      "choose_sticker",   "upload_document",
      "find_location", "record_video_note", "upload_video_note"};
  if (!actions.count(value(c, "action"))) refuse("wrong parameter action in request");
  if (!p.of_crowd) event("action", p.user["id"], {{"action", value(c, "action")}});
  return true;
}

json telegram_world::set_commands(const bot_call& c) {
  const json list = checked_commands(value(c, "commands"));
  commands_by_scope_[value(c, "scope") + '|' + value(c, "language_code")] = list;
  commands_ = json::array();
  for (const auto& [key, commands] : commands_by_scope_)
    commands_.push_back({{"scope", json::parse(key.substr(0, key.rfind('|')), nullptr, false)},
                         {"language_code", key.substr(key.rfind('|') + 1)},
                         {"commands", commands}});
  for (auto& one : commands_)
    if (!one["scope"].is_object()) one["scope"] = {{"type", "default"}};
  event("commands", 0, commands_);
  return true;
}

json telegram_world::get_file(const bot_call& c) const {
  const auto it = files_.find(value(c, "file_id"));
  if (it == files_.end()) refuse("invalid file_id");
  if (it->second.bytes->size() > 20'000'000) refuse("file is too big");
  return {{"file_id", it->first},
          {"file_unique_id", "AQAD" + it->first.substr(11)},
          {"file_size", it->second.bytes->size()},
          {"file_path", it->second.path}};
}

const stored_file* telegram_world::file(const std::string& id) const {
  const auto it = files_.find(id);
  return it == files_.end() ? nullptr : &it->second;
}

const stored_file* telegram_world::file_by_path(const std::string& path) const {
  const auto it = file_paths_.find(path);
  return it == file_paths_.end() ? nullptr : file(it->second);
}

// --- updates -------------------------------------------------------------------------------------------

int telegram_world::poll_seconds(const bot_call& c) {
  return static_cast<int>(number(value(c, "timeout"), 0, 50));
}

void telegram_world::remember_allowed(const bot_call& c) {
  const auto allowed = json::parse(value(c, "allowed_updates"), nullptr, false);
  if (allowed.is_array()) {
    allowed_.clear();
    for (const auto& kind : allowed)
      if (kind.is_string()) allowed_.insert(kind.get<std::string>());
  }
}

std::int64_t telegram_world::begin_poll(const bot_call& c, std::int64_t now) {
  ++calls_["getUpdates"];
  check_schema(c);
  remember_allowed(c);
  expire_payments(now);
  const std::int64_t offset = number(c, "offset");
  if (offset < 0) {
    while (static_cast<std::int64_t>(updates_.size()) > -offset) updates_.pop_front();
  } else if (offset > 0) {
    confirm_before(offset);
  }
  forget_expired(now);
  crowd_starts(now);
  return ++poll_ticket_;
}

/// Its numbers may have begun anew in the middle of the queue. An offset that none of them leads to confirms
/// nothing: the oldest is given again.
void telegram_world::confirm_before(std::int64_t offset) {
  const auto is_last = [&](const queued& q) { return q.update["update_id"] == offset - 1; };
  if (std::any_of(updates_.begin(), updates_.end(), is_last)) {
    while (!is_last(updates_.front())) confirm_first();
    return confirm_first();
  }
  if (offset > next_update_) return;
  while (!updates_.empty() && updates_.front().update["update_id"] < offset) confirm_first();
}

/// The person sees the second tick.
void telegram_world::confirm_first() {
  const json& update = updates_.front().update;
  if (update.contains("message")) {
    const std::int64_t user_id = update["message"]["chat"]["id"];     // a refund is from the bot
    if (const auto it = people_.find(user_id); it != people_.end()) { // else one of the crowd
      it->second.read_to = update["message"]["message_id"];
      event("read", user_id, {{"message_id", it->second.read_to}});
    }
  }
  updates_.pop_front();
}

void telegram_world::forget_expired(std::int64_t now) {
  if (now < next_prune_) return;
  next_prune_ = now + 1000;
  auto expired = [now](const queued& q) { return q.expires < now; };
  updates_.erase(std::remove_if(updates_.begin(), updates_.end(), expired), updates_.end());
  // Ids grow with time, so the oldest come first.
  while (!callbacks_.empty() && now - callbacks_.begin()->second.asked > 2 * callback_life_ms)
    callbacks_.erase(callbacks_.begin());
}

bot_answer telegram_world::updates(const bot_call& c, std::int64_t now) {
  forget_expired(now);
  const std::string wanted = value(c, "limit");
  std::size_t limit = wanted.empty() ? 100 : static_cast<std::size_t>(number(wanted, 0, 100));
  if (limit == 0) limit = 100;
  json list = json::array();
  for (std::size_t i = 0; i < std::min(limit, updates_.size()); ++i) list.push_back(updates_[i].update);
  return {200, {{"ok", true}, {"result", std::move(list)}}};
}

bot_answer telegram_world::conflict() {
  return failure(409,
                 "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
                 "running");
}

void telegram_world::queue(const std::string& kind, json body, std::int64_t now) {
  if (!allowed_.empty() && !allowed_.count(kind)) return;
  const std::int64_t life =
      kind == "callback_query" || kind == "pre_checkout_query" ? callback_life_ms : day_ms;
  updates_.push_back({now + life, {{"update_id", next_update_++}, {kind, std::move(body)}}});
}

// --- people --------------------------------------------------------------------------------------------

json telegram_world::add_user(std::int64_t id, const std::string& first_name, const std::string& language) {
  if (id <= 0) {
    while (people_.count(next_user_)) ++next_user_;
    id = next_user_++;
  }
  auto [it, fresh] = people_.try_emplace(id);
  it->second.user = {{"id", id}, {"is_bot", false}, {"first_name", first_name}, {"language_code", language}};
  if (fresh) order_.push_back(id);
  event("user", id, it->second.user);
  return it->second.user;
}

json telegram_world::users() const {
  json list = json::array();
  for (std::int64_t id : order_) {
    const auto& p = people_.at(id);
    json u = p.user;
    u["blocked"] = p.blocked;
    if (p.group) u["is_group"] = true;
    u["read_to"] = p.read_to;
    u["stars"] = desk_.balance(id);
    if (!p.messages.empty()) u["last_message"] = p.messages.rbegin()->second;
    list.push_back(std::move(u));
  }
  return list;
}

std::string telegram_world::press(std::int64_t user_id, std::int64_t message_id, const std::string& data,
                                  std::int64_t now, std::int64_t chat_id) {
  auto& p = known(user_id);
  const auto group = people_.find(chat_id);
  auto& chat = group == people_.end() ? p : group->second;
  floods_.wrote(chat.user["id"], now);
  const std::string id = std::to_string(next_callback_++);
  callbacks_[id] = {user_id, now, std::nullopt};
  const auto it = chat.messages.find(message_id);
  json message{{"chat", chat_of(chat)}, {"message_id", message_id}, {"date", 0}}; // An old message looks so.
  if (it != chat.messages.end()) message = it->second;
  queue("callback_query",
        {{"id", id},
         {"from", p.user},
         {"message", std::move(message)},
         {"chat_instance", std::to_string(-4611686018427387904 + user_id)},
         {"data", data}},
        now);
  return id;
}

std::optional<json> telegram_world::toast_of(const std::string& callback_id) const {
  const auto it = callbacks_.find(callback_id);
  return it == callbacks_.end() ? std::nullopt : it->second.toast;
}

void telegram_world::block(std::int64_t user_id, bool blocked, std::int64_t now) {
  auto& p = known(user_id);
  if (p.blocked == blocked) return;
  p.blocked = blocked;
  json member{{"user", bot_user()}, {"status", "member"}};
  json kicked{{"user", bot_user()}, {"status", "kicked"}, {"until_date", 0}};
  queue("my_chat_member",
        {{"chat", chat_of(p)},
         {"from", p.user},
         {"date", now / 1000},
         {"old_chat_member", blocked ? member : kicked},
         {"new_chat_member", blocked ? kicked : member}},
        now);
  event("blocked", user_id, {{"blocked", blocked}});
}

json telegram_world::chat(std::int64_t user_id) const {
  json list = json::array();
  const auto it = people_.find(user_id);
  if (it == people_.end()) return list;
  for (const auto& entry : it->second.messages) list.push_back(entry.second);
  return list;
}

void telegram_world::event(const std::string& type, std::int64_t user_id, json message) {
  events_.push_back({{"seq", ++seq_}, {"type", type}, {"user_id", user_id}, {"message", std::move(message)}});
  if (events_.size() > events_kept) events_.pop_front();
}

json telegram_world::events_after(std::int64_t seq) const {
  json list = json::array();
  // Sequence numbers have no gaps: the first wanted one is found by counting.
  const std::int64_t first = seq_ - static_cast<std::int64_t>(events_.size()) + 1;
  for (std::int64_t n = std::max(seq + 1, first); n <= seq_ && list.size() < 1000; ++n)
    list.push_back(events_[static_cast<std::size_t>(n - first)]);
  return list;
}

} // namespace troupe::sandbox
