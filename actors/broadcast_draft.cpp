#include "actors/broadcast_draft.hpp"
#include "actors/sane_json.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace troupe::office {
namespace {

using nlohmann::json;

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

json parsed(const std::string& text) { return own_json::try_read(text); }

json array_of(const std::string& text) {
  auto j = parsed(text);
  return j.is_array() ? j : json::array();
}

/// Rows of one button. Spelt out: what {x} makes of one value is left to the compiler.
json keyboard_of(const draft& d) {
  json rows = json::array();
  for (auto& l : d.links)
    rows.push_back(json::array({l.url.empty() ? json{{"text", l.text}, {"callback_data", l.data}}
                                              : json{{"text", l.text}, {"url", l.url}}}));
  if (can_be_muted(d.to.category))
    rows.push_back(json::array({json{{"text", "🔕"}, {"callback_data", "mute:" + d.to.category}}}));
  return rows;
}

/// Text and formatting under the names the method has for them.
void put_text(json& p, const piece& x, const char* text, const char* entities) {
  if (x.text.empty()) return;
  p[text] = x.text;
  if (auto marks = array_of(x.entities); !marks.empty()) p[entities] = std::move(marks);
}

call forwarded_call(const draft& d) {
  json p{{"from_chat_id", d.from_chat}};
  if (!is_album(d)) {
    p["message_id"] = d.pieces.front().message_id;
    return {d.with_author ? "forwardMessage" : "copyMessage", dump(p)};
  }
  json ids = json::array();
  for (auto& x : d.pieces) ids.push_back(x.message_id);
  p["message_ids"] = std::move(ids);
  return {d.with_author ? "forwardMessages" : "copyMessages", dump(p)};
}

call own_call(const draft& d) {
  json p = json::object();
  if (is_album(d)) {
    json media = json::array();
    for (auto& x : d.pieces) {
      json item{{"type", x.kind}, {"media", x.file_id}};
      put_text(item, x, "caption", "caption_entities");
      media.push_back(std::move(item));
    }
    p["media"] = std::move(media);
    return {"sendMediaGroup", dump(p)};
  }
  const auto& x = d.pieces.front();
  if (x.kind == "text") {
    put_text(p, x, "text", "entities");
    if (!d.previews) p["link_preview_options"] = {{"is_disabled", true}};
    return {"sendMessage", dump(p)};
  }
  p[x.kind] = x.file_id;
  put_text(p, x, "caption", "caption_entities");
  auto method = "send" + x.kind;
  method[4] = static_cast<char>(method[4] - 'a' + 'A');
  return {method, dump(p)};
}

call edit_call(const draft& d) {
  json p = json::object();
  const bool text = d.method == "editMessageText";
  put_text(p, d.pieces.front(), text ? "text" : "caption", text ? "entities" : "caption_entities");
  if (auto markup = parsed(d.markup); markup.is_object()) p["reply_markup"] = std::move(markup);
  if (auto previews = parsed(d.previews_of); text && previews.is_object())
    p["link_preview_options"] = std::move(previews);
  return {d.method, dump(p)};
}

/// "sendPhoto" -> "photo"
std::string kind_of(const std::string& method) {
  for (const char* kind : {"photo", "video", "document", "animation", "audio", "voice"})
    if (method.size() == 4 + std::string{kind}.size() && method.substr(5) == std::string{kind}.substr(1))
      return kind;
  return "";
}

std::string text_in(const json& p, const char* key) {
  const auto found = p.find(key);
  return found != p.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string marks_in(const json& p, const char* key) {
  const auto found = p.find(key);
  return found != p.end() && found->is_array() ? dump(*found) : "";
}

void take_keyboard(draft& d, const json& p) {
  const auto markup = p.value("reply_markup", json::object());
  for (auto& row : markup.value("inline_keyboard", json::array()))
    for (auto& b : row)
      if (const auto data = text_in(b, "callback_data"); data.rfind("mute:", 0) != 0)
        d.links.push_back({text_in(b, "text"), text_in(b, "url"), data});
}

void take_forwarded(draft& d, const json& p, const broadcast& b) {
  d.forwarded = true;
  d.with_author = b.method.rfind("forward", 0) == 0;
  d.from_chat = p.value("from_chat_id", std::int64_t{0});
  const char* kind = holds_text(b) ? "text" : "post";
  if (p.contains("message_id")) d.pieces.push_back({kind, "", "", "", p["message_id"]});
  for (auto& id : p.value("message_ids", json::array())) d.pieces.push_back({kind, "", "", "", id});
}

void take_own(draft& d, const json& p, const broadcast& b) {
  if (b.method == "sendMessage") {
    d.pieces.push_back({"text", "", text_in(p, "text"), marks_in(p, "entities"), 0});
    d.previews = !p.contains("link_preview_options");
    return;
  }
  for (auto& m : p.value("media", json::array()))
    d.pieces.push_back(
        {text_in(m, "type"), text_in(m, "media"), text_in(m, "caption"), marks_in(m, "caption_entities"), 0});
  if (const auto kind = kind_of(b.method); !kind.empty())
    d.pieces.push_back(
        {kind, text_in(p, kind.c_str()), text_in(p, "caption"), marks_in(p, "caption_entities"), 0});
}

bool is_album_method(const std::string& m) {
  return m == "sendMediaGroup" || m == "copyMessages" || m == "forwardMessages";
}

draft on_top_of(const broadcast& b, std::int64_t id, broadcast_kind kind) {
  draft d;
  d.id = id;
  d.kind = kind;
  d.of_broadcast = b.broadcast_id;
  d.reached = b.sent;
  d.to = b.to;
  return d;
}

} // namespace

bool is_album(const draft& d) { return d.pieces.size() > 1; }
bool can_have_buttons(const draft& d) { return !is_album(d) && !(d.forwarded && d.with_author); }
bool can_be_paid(const draft& d) {
  return d.kind == broadcast_kind::send && (!d.forwarded || can_have_buttons(d));
}
bool can_be_muted(const std::string& category) { return category == "news" || category == "offers"; }

std::size_t code_points(const std::string& s) {
  return static_cast<std::size_t>(std::count_if(
      s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

call call_of(const draft& d) {
  if (d.kind == broadcast_kind::erase) return {d.method, "{}"};
  if (d.pieces.empty()) return {};
  if (d.kind == broadcast_kind::edit) return edit_call(d);
  auto c = d.forwarded ? forwarded_call(d) : own_call(d);
  auto p = own_json::read(c.params);
  if (d.silent) p["disable_notification"] = true;
  if (d.paid && can_be_paid(d)) p["allow_paid_broadcast"] = true;
  if (auto rows = keyboard_of(d); can_have_buttons(d) && !rows.empty())
    p["reply_markup"] = {{"inline_keyboard", std::move(rows)}};
  c.params = dump(p);
  return c;
}

call edited_text_of(const draft& d) {
  json p = json::object();
  put_text(p, d.pieces.front(), "text", "entities");
  if (auto markup = parsed(d.markup); markup.is_object()) p["reply_markup"] = std::move(markup);
  if (auto previews = parsed(d.previews_of); previews.is_object())
    p["link_preview_options"] = std::move(previews);
  return {"sendMessage", dump(p)};
}

std::string title_of(const draft& d) {
  if (d.pieces.empty()) return "№" + std::to_string(d.of_broadcast);
  std::string words;
  for (auto& x : d.pieces)
    if (words.empty()) words = x.text;
  std::replace(words.begin(), words.end(), '\n', ' ');
  const char* mark = is_album(d)                        ? "🗂"
                     : d.pieces.front().kind == "text"  ? text_mark
                     : d.pieces.front().kind == "photo" ? "🖼"
                     : d.pieces.front().kind == "video" ? "🎬"
                                                        : "📎";
  return std::string{mark} + (words.empty() ? "" : " " + telegram::shorten(words, 40));
}

bool holds_text(const broadcast& b) {
  return b.method == "sendMessage" || (b.method == "copyMessage" && b.title.rfind(text_mark, 0) == 0);
}

broadcast broadcast_of(const draft& d, std::int64_t admin_id, const std::string& admin_language) {
  broadcast b;
  b.key = "u" + std::to_string(admin_id) + ":b" + std::to_string(d.id);
  b.admin_id = admin_id;
  b.admin_language = admin_language;
  b.kind = d.kind;
  b.of_broadcast = d.of_broadcast;
  const auto c = call_of(d);
  b.method = c.method, b.params = c.params;
  b.title = title_of(d);
  b.to = d.to;
  b.paid = d.paid && can_be_paid(d);
  b.per_second = d.per_second;
  b.starts_at = d.starts_at;
  return b;
}

std::optional<draft> repeat_of(const broadcast& b, std::int64_t id) {
  const auto p = parsed(b.params);
  if (b.kind != broadcast_kind::send || !p.is_object()) return {};
  draft d;
  d.id = id;
  if (p.contains("from_chat_id")) take_forwarded(d, p, b);
  else take_own(d, p, b);
  take_keyboard(d, p);
  d.silent = p.value("disable_notification", false);
  d.to = b.to;
  d.paid = b.paid;
  d.per_second = b.per_second;
  if (d.pieces.empty()) return {};
  return d;
}

std::optional<draft> erase_of(const broadcast& b, std::int64_t id) {
  if (b.kind != broadcast_kind::send) return {};
  auto d = on_top_of(b, id, broadcast_kind::erase);
  d.method = is_album_method(b.method) ? "deleteMessages" : "deleteMessage";
  return d;
}

std::optional<draft> edit_of(const broadcast& b, std::int64_t id) {
  const bool forwarded = b.method.rfind("forward", 0) == 0 || b.method == "copyMessages";
  if (b.kind != broadcast_kind::send || forwarded) return {};
  auto d = on_top_of(b, id, broadcast_kind::edit);
  d.method = holds_text(b) ? "editMessageText" : "editMessageCaption";
  const auto p = parsed(b.params);
  if (!p.is_object()) return {};
  if (p.contains("reply_markup")) d.markup = dump(p["reply_markup"]);
  if (p.contains("link_preview_options")) d.previews_of = dump(p["link_preview_options"]);
  return d;
}

draft read_draft(const std::string& text) {
  const auto j = parsed(text);
  if (!j.is_object() || !j.contains("broadcast") || talk::has_wild_number(j)) return {};
  draft d;
  try {
    d.id = j.at("broadcast");
    d.kind = static_cast<broadcast_kind>(j.at("kind").get<int>());
    d.of_broadcast = j.at("of"), d.reached = j.at("reached");
    d.method = j.at("method"), d.markup = j.at("markup"), d.previews_of = j.at("previews_of");
    d.aside = j.at("aside"), d.offered = j.value("offered", "");
    for (auto& x : j.at("pieces"))
      d.pieces.push_back({x.at(0), x.at(1), x.at(2), x.at(3), x.at(4).get<std::int64_t>()});
    d.album = j.at("album"), d.album_at = j.at("album_at");
    d.forwarded = j.at("forwarded"), d.from_chat = j.at("from"), d.with_author = j.at("author");
    for (auto& l : j.at("links")) d.links.push_back({l.at(0), l.at(1), l.at(2)});
    d.silent = j.at("silent"), d.previews = j.at("previews");
    d.to = {static_cast<audience_kind>(j.at("to").at(0).get<int>()), j.at("to").at(1), j.at("to").at(2),
            j.at("to").at(3)};
    d.paid = j.at("paid"), d.per_second = j.at("rate"), d.starts_at = j.at("at");
  } catch (const json::exception&) {
    return {};
  }
  const auto nameless = [](const piece& x) { return x.kind.empty(); };
  const bool known = d.kind <= broadcast_kind::edit && d.to.kind <= audience_kind::with_balance &&
                     std::none_of(d.pieces.begin(), d.pieces.end(), nameless);
  return known ? d : draft{};
}

std::string write_draft(const draft& d) {
  if (d.id == 0) return "";
  json pieces = json::array(), links = json::array();
  for (auto& x : d.pieces) pieces.push_back({x.kind, x.file_id, x.text, x.entities, x.message_id});
  for (auto& l : d.links) links.push_back({l.text, l.url, l.data});
  return dump({{"broadcast", d.id},
               {"kind", static_cast<int>(d.kind)},
               {"of", d.of_broadcast},
               {"reached", d.reached},
               {"method", d.method},
               {"markup", d.markup},
               {"previews_of", d.previews_of},
               {"aside", d.aside},
               {"offered", d.offered},
               {"pieces", pieces},
               {"album", d.album},
               {"album_at", d.album_at},
               {"forwarded", d.forwarded},
               {"from", d.from_chat},
               {"author", d.with_author},
               {"links", links},
               {"silent", d.silent},
               {"previews", d.previews},
               {"to", {static_cast<int>(d.to.kind), d.to.days, d.to.language, d.to.category}},
               {"paid", d.paid},
               {"rate", d.per_second},
               {"at", d.starts_at}});
}

namespace {

bool good_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos || url.size() > 2048) return false;
  const auto head = url.substr(0, scheme), rest = url.substr(scheme + 3);
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '<' || c == '>';
  };
  if (rest.empty() || std::any_of(rest.begin(), rest.end(), odd)) return false;
  if (head == "tg") return true;
  const auto host = rest.substr(0, rest.find_first_of("/?#"));
  const auto dot = host.find('.');
  return (head == "http" || head == "https") && dot != host.npos && dot > 0 && host.back() != '.';
}

/// Spaces and what people put between a label and its address.
std::string without_tail(std::string s) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string tail : {" ", "\t", "-", "–", "—", "|", ":"})
      if (s.size() >= tail.size() && s.compare(s.size() - tail.size(), tail.size(), tail) == 0) {
        s.resize(s.size() - tail.size());
        again = true;
      }
  }
  const auto first = s.find_first_not_of(" \t");
  return first == s.npos ? "" : s.substr(first);
}

} // namespace

std::optional<link> read_link(const std::string& line) {
  const auto last = line.find_last_not_of(" \t\r");
  if (last == line.npos) return {};
  const auto whole = line.substr(0, last + 1);
  const auto gap = whole.find_last_of(" \t");
  if (gap == whole.npos) return {};
  link l{without_tail(whole.substr(0, gap)), whole.substr(gap + 1), ""};
  if (l.text.empty() || code_points(l.text) > link_text_max || !good_url(l.url)) return {};
  return l;
}

std::optional<std::vector<link>> links_in(const std::string& text) {
  std::vector<link> all;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    auto l = read_link(line);
    if (!l) return {};
    all.push_back(std::move(*l));
  }
  if (all.empty()) return {};
  return all;
}

} // namespace troupe::office
