#include "actors/cast_draft.hpp"
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

namespace troupe::office {
namespace {

using nlohmann::json;
using telegram::event_kind;

constexpr std::size_t text_max = 4096, caption_max = 1024, album_max = 10, label_max = 64;

/// What can be sent again by its file id, and how.
const std::map<std::string, std::string> methods{{"photo", "sendPhoto"},       {"video", "sendVideo"},
                                                 {"document", "sendDocument"}, {"animation", "sendAnimation"},
                                                 {"audio", "sendAudio"},       {"voice", "sendVoice"}};

std::size_t code_points(const std::string& s) {
  return static_cast<std::size_t>(std::count_if(
      s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string trimmed(const std::string& s) {
  const auto from = s.find_first_not_of(" \t\r\n");
  return from == s.npos ? "" : s.substr(from, s.find_last_not_of(" \t\r\n") - from + 1);
}

bool is_address(const std::string& s) {
  for (auto head : {"https://", "http://", "tg://"})
    if (s.rfind(head, 0) == 0 && s.size() > std::string{head}.size() && s.find_first_of(" \t") == s.npos)
      return true;
  return false;
}

json markup_of(const cast_draft& d) {
  auto rows = json::array();
  for (auto& [label, target] : d.buttons) {
    json button{{"text", label}};
    if (is_address(target)) button["url"] = target;
    else button["callback_data"] = target;
    rows.push_back(json::array({button}));
  }
  if (d.to.category != "service") // whoever wants none of these says so here
    rows.push_back(json::array({json{{"text", "🔕"}, {"callback_data", "mute:" + d.to.category}}}));
  return {{"inline_keyboard", rows}};
}

void put_words(json& p, const cast_draft& d, const char* text, const char* entities) {
  if (!d.text.empty()) p[text] = d.text;
  if (!d.entities.empty()) p[entities] = json::parse(d.entities, nullptr, false);
}

cast_call album_call(const cast_draft& d) {
  auto media = json::array();
  for (auto& [kind, file] : d.files) media.push_back({{"type", kind}, {"media", file}});
  if (!media.empty()) put_words(media.front(), d, "caption", "caption_entities");
  json p{{"media", media}};
  if (d.silent) p["disable_notification"] = true;
  return {"sendMediaGroup", p.dump()};
}

cast_call post_call(const cast_draft& d, std::int64_t admin_chat) {
  json p{{"from_chat_id", admin_chat}};
  if (d.silent) p["disable_notification"] = true;
  if (d.source.size() > 1) {
    p["message_ids"] = d.source;
    return {d.author ? "forwardMessages" : "copyMessages", p.dump()};
  }
  p["message_id"] = d.source.empty() ? 0 : d.source.front();
  if (!d.author && !markup_of(d)["inline_keyboard"].empty()) p["reply_markup"] = markup_of(d);
  return {d.author ? "forwardMessage" : "copyMessage", p.dump()};
}

} // namespace

cast_draft read_draft(const std::string& text) {
  cast_draft d;
  const auto j = json::parse(text, nullptr, false);
  if (!j.is_object()) return d;
  try {
    d.id = j.value("id", std::int64_t{0});
    d.kind = j.value("kind", "");
    d.text = j.value("text", ""), d.entities = j.value("entities", "");
    d.files = j.value("files", d.files), d.album = j.value("album", ""),
    d.source = j.value("source", d.source);
    d.buttons = j.value("buttons", d.buttons);
    d.to.kind = static_cast<audience_kind>(std::clamp(j.value("audience", 0), 0, 5));
    d.to.days = j.value("days", 0), d.to.language = j.value("language", "");
    d.to.category = j.value("category", "news");
    d.paid = j.value("paid", false), d.silent = j.value("silent", false);
    d.link_preview = j.value("link_preview", true), d.author = j.value("author", false);
    d.starts_at = j.value("starts_at", unix_ms{0}), d.edit_of = j.value("edit_of", std::int64_t{0});
  } catch (const json::exception&) {
    return {};
  }
  return d;
}

std::string write_draft(const cast_draft& d) {
  return json{{"id", d.id},
              {"kind", d.kind},
              {"text", d.text},
              {"entities", d.entities},
              {"files", d.files},
              {"album", d.album},
              {"source", d.source},
              {"buttons", d.buttons},
              {"audience", static_cast<int>(d.to.kind)},
              {"days", d.to.days},
              {"language", d.to.language},
              {"category", d.to.category},
              {"paid", d.paid},
              {"silent", d.silent},
              {"link_preview", d.link_preview},
              {"author", d.author},
              {"starts_at", d.starts_at},
              {"edit_of", d.edit_of}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string take_content(cast_draft& d, const telegram::event& e) {
  const bool media = !e.file_kind.empty();
  if (media && methods.count(e.file_kind) == 0) return "cast.wrong_kind";
  if (!media && e.kind != event_kind::text && e.kind != event_kind::command) return "cast.wrong_kind";
  if (!media && trimmed(e.text).empty()) return "cast.empty";
  if (code_points(e.text) > (media ? caption_max : text_max))
    return media ? "cast.long_caption" : "cast.long_text";
  const bool same_album = !e.album.empty() && e.album == d.album;
  if (same_album && (d.files.size() >= album_max || d.source.size() >= album_max)) return "";
  if (!same_album) d.files.clear(), d.source.clear(), d.text.clear(), d.entities.clear(), d.author = false;
  d.album = e.album;
  d.kind = e.forwarded ? "post" : !e.album.empty() ? "album" : media ? e.file_kind : "text";
  if (!e.text.empty() && (!same_album || d.text.empty())) d.text = e.text, d.entities = e.entities;
  if (media) d.files.emplace_back(e.file_kind, e.file_id);
  d.source.push_back(e.message_id);
  if (!d.may_have_buttons()) d.buttons.clear();
  return "";
}

std::optional<std::string> take_buttons(cast_draft& d, const std::string& lines) {
  std::vector<std::pair<std::string, std::string>> taken;
  std::istringstream in{lines};
  for (std::string line; std::getline(in, line);) {
    if (trimmed(line).empty()) continue;
    const auto dash = line.rfind(" - ");
    const auto label = trimmed(line.substr(0, std::min(dash, line.size())));
    const auto address = dash == line.npos ? "" : trimmed(line.substr(dash + 3));
    if (label.empty() || code_points(label) > label_max || !is_address(address)) return line;
    taken.emplace_back(label, address);
    if (d.buttons.size() + taken.size() > buttons_max) return line;
  }
  d.buttons.insert(d.buttons.end(), taken.begin(), taken.end());
  return {};
}

cast_call call_of(const cast_draft& d, std::int64_t admin_chat) {
  if (d.kind == "post") return post_call(d, admin_chat);
  if (d.kind == "album") return album_call(d);
  json p = json::object();
  std::string method = "sendMessage";
  if (d.kind == "text") {
    put_words(p, d, "text", "entities");
    if (!d.link_preview) p["link_preview_options"] = {{"is_disabled", true}};
  } else {
    method = methods.at(d.kind);
    p[d.kind] = d.files.empty() ? "" : d.files.front().second;
    put_words(p, d, "caption", "caption_entities");
  }
  if (d.silent) p["disable_notification"] = true;
  const auto markup = markup_of(d);
  if (!markup["inline_keyboard"].empty()) p["reply_markup"] = markup;
  return {method, p.dump()};
}

std::optional<cast_call> edit_call(const cast_draft& d, const broadcast& sent) {
  const bool text = sent.method == "sendMessage";
  const bool media =
      std::any_of(methods.begin(), methods.end(), [&](auto& m) { return m.second == sent.method; });
  if (!text && !media && sent.method != "sendMediaGroup") return {};
  if (code_points(d.text) > (text ? text_max : caption_max)) return {};
  json p = json::object();
  put_words(p, d, text ? "text" : "caption", text ? "entities" : "caption_entities");
  const auto before = json::parse(sent.params, nullptr, false);
  if (before.is_object() && before.contains("reply_markup")) p["reply_markup"] = before["reply_markup"];
  if (before.is_object() && text && before.contains("link_preview_options"))
    p["link_preview_options"] = before["link_preview_options"];
  return cast_call{text ? "editMessageText" : "editMessageCaption", p.dump()};
}

std::string title_of(const cast_draft& d) {
  const std::string mark = d.kind == "photo"   ? "🖼 "
                           : d.kind == "video" ? "🎬 "
                           : d.kind == "album" ? "🗂 "
                           : d.kind == "post"  ? "↩️ "
                           : d.kind == "text"  ? ""
                                               : "📎 ";
  auto line = d.text.substr(0, d.text.find('\n'));
  return mark + telegram::shorten(line.empty() ? "…" : line, 40);
}

} // namespace troupe::office
