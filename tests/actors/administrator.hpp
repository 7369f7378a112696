#pragma once
/// An administrator who writes broadcasts in front of the rules; store and analyst are played.
#include "actors/composer.hpp"
#include "actors/dialogue.hpp"
#include "tests/actors/person.hpp"
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace troupe::test {

using nlohmann::json;
using telegram::event;
using telegram::event_kind;

struct administrator : person {
  static constexpr std::int64_t id = 77;
  config::settings set = config::load(TROUPE_SOURCE_DIR "/config", {});
  account who;
  unix_ms now = 1'764'151'200'000; // 26.11.2025 13:00 in Moscow
  std::int64_t update = 100, message = 500;
  std::vector<broadcast> opened; ///< the store's
  std::int64_t users = 40'120;   ///< in any audience
  std::vector<recipient> lost;   ///< unknown or failed ones
  std::optional<office_question> asked;
  std::string text, slot;
  std::vector<std::pair<std::string, std::string>> buttons;

  administrator() { who.user_id = id, who.registered = true, who.rank = role::owner, who.language = "ru"; }

  event make(event_kind kind) override {
    event e;
    e.kind = kind;
    e.update_id = update++;
    e.from = {id, "Ира", "", "ru"};
    e.message_id = message++;
    return e;
  }

  office_facts known() const {
    if (!asked) return {};
    if (std::get_if<audience_query>(&*asked)) return audience_size{users};
    if (const auto q = std::get_if<broadcasts_query>(&*asked)) {
      broadcasts_page page;
      for (auto b = opened.rbegin(); b != opened.rend(); ++b)
        if (q->broadcast_id == 0 || q->broadcast_id == b->broadcast_id) page.all.push_back(*b);
      const auto from = std::min<std::size_t>(page.all.size(), static_cast<std::size_t>(q->offset));
      page.all.erase(page.all.begin(), page.all.begin() + static_cast<std::ptrdiff_t>(from));
      if (page.all.size() > static_cast<std::size_t>(q->limit))
        page.all.resize(static_cast<std::size_t>(q->limit));
      return page;
    }
    if (const auto q = std::get_if<recipients_query>(&*asked)) {
      recipients_page page;
      for (auto& b : opened)
        if (b.broadcast_id == q->broadcast_id) page.of = b;
      for (auto i = static_cast<std::size_t>(q->offset);
           i < lost.size() && page.all.size() < static_cast<std::size_t>(q->limit); ++i)
        page.all.push_back(lost[i]);
      return page;
    }
    return {};
  }

  broadcast* number(std::int64_t n) {
    for (auto& b : opened)
      if (b.broadcast_id == n) return &b;
    return nullptr;
  }
  /// As the store: the same key is the same broadcast, an impossible step changes nothing.
  broadcast_answer stored(const open_broadcast& o) {
    for (auto& b : opened)
      if (b.key == o.what.key) return {false, b};
    opened.push_back(o.what);
    auto& b = opened.back();
    b.broadcast_id = static_cast<std::int64_t>(opened.size()) + 11;
    b.state = b.starts_at > o.at ? broadcast_state::scheduled : broadcast_state::gathering;
    b.created_at = o.at;
    return {true, b};
  }
  broadcast_answer stored(const broadcast_step& s) {
    auto b = number(s.broadcast_id);
    if (!b) return {};
    if (is_final(b->state) || b->state == s.to) return {false, *b};
    b->state = s.to;
    return {true, *b};
  }

  dialogue::decision decided(const event& e) {
    asked = dialogue{set}.office_question_of(e, who, now);
    screen_facts f;
    f.office = known();
    return dialogue{set}.decide(e, who, f, now);
  }
  void happens(const event& e) override {
    auto d = decided(e);
    if (d.office) {
      CHECK(d.messages.empty());
      broadcast_answer a;
      if (const auto o = std::get_if<open_broadcast>(&*d.office)) a = stored(*o);
      if (const auto s = std::get_if<broadcast_step>(&*d.office)) a = stored(*s);
      d = dialogue{set}.acted(e, who, a, now);
    }
    who.state = d.state;
    look(d.messages);
  }
  void look(const std::vector<outgoing>& all) {
    sent = all;
    for (auto& m : sent) {
      const auto p = json::parse(m.params);
      if (!p.contains("text") || m.method == "answerCallbackQuery" || !p.contains("parse_mode")) continue;
      text = p["text"], slot = m.slot;
      CHECK_FALSE(has(text, "{")); // a place nobody filled
      buttons.clear();
      if (!p.contains("reply_markup")) continue;
      for (auto& row : p["reply_markup"]["inline_keyboard"])
        for (auto& b : row) {
          buttons.emplace_back(b["text"], b.value("callback_data", ""));
          CHECK(b.value("callback_data", "").size() <= 64);
        }
    }
  }
  event file(const std::string& kind, const std::string& file_id, const std::string& caption = "") {
    auto e = make(kind == "photo" ? event_kind::photo : event_kind::other_media);
    e.file_kind = kind, e.file_id = file_id, e.text = caption;
    if (kind == "photo") e.photo_file_id = file_id;
    else e.media = kind;
    return e;
  }
  void sends(const std::string& kind, const std::string& file_id, const std::string& caption = "") {
    happens(file(kind, file_id, caption));
  }
  void sends_of_album(const std::string& album, const std::string& kind, const std::string& file_id,
                      const std::string& caption = "") {
    auto e = file(kind, file_id, caption);
    e.album = album;
    happens(e);
  }
  void forwards(const std::string& words) {
    auto e = make(event_kind::text);
    e.text = words, e.forwarded = true;
    happens(e);
  }
  std::string data_of(const std::string& label) const override {
    for (auto& [l, data] : buttons)
      if (has(l, label)) return data;
    return "";
  }
  void waits(unix_ms ms) { now += ms; }
  void writes(const std::string& words) {
    types("broadcast");
    says(words);
  }
  /// From the draft on the screen to the broadcast that it became.
  broadcast confirms() {
    presses("Посчитать");
    presses(offers("Запланировать") ? "Запланировать" : "Отправить");
    REQUIRE_FALSE(opened.empty());
    return opened.back();
  }
  /// One that ran and ended.
  broadcast& ended(std::int64_t sent_to = 100) {
    auto& b = opened.back();
    b.state = broadcast_state::done;
    b.began_at = now, b.ended_at = now + 60'000;
    b.total = b.sent = sent_to;
    return b;
  }
};

/// Is it a call that Telegram knows: nothing unknown in it, nothing lacking? (Bot API 9.)
inline void check_call(const std::string& method, const json& params) {
  struct shape {
    std::set<std::string> needs, may;
  };
  static const std::map<std::string, shape> known{
      {"sendMessage", {{"text"}, {"entities", "link_preview_options"}}},
      {"sendPhoto", {{"photo"}, {"caption", "caption_entities"}}},
      {"sendVideo", {{"video"}, {"caption", "caption_entities"}}},
      {"sendDocument", {{"document"}, {"caption", "caption_entities"}}},
      {"sendAnimation", {{"animation"}, {"caption", "caption_entities"}}},
      {"sendAudio", {{"audio"}, {"caption", "caption_entities"}}},
      {"sendVoice", {{"voice"}, {"caption", "caption_entities"}}},
      {"sendMediaGroup", {{"media"}, {}}},
      {"copyMessage", {{"from_chat_id", "message_id"}, {}}},
      {"forwardMessage", {{"from_chat_id", "message_id"}, {}}},
      {"copyMessages", {{"from_chat_id", "message_ids"}, {}}},
      {"forwardMessages", {{"from_chat_id", "message_ids"}, {}}},
      {"editMessageText", {{"text"}, {"entities", "link_preview_options"}}},
      {"editMessageCaption", {{}, {"caption", "caption_entities"}}},
      {"deleteMessage", {{}, {}}},
      {"deleteMessages", {{}, {}}}};
  INFO(method << " " << params.dump());
  REQUIRE(known.count(method) == 1);
  auto s = known.at(method);
  const bool changes = has(method, "edit") || has(method, "delete");
  if (!changes) s.may.insert("disable_notification");
  const bool many = has(method, "Messages") || method == "sendMediaGroup";
  if (!changes && method != "forwardMessage" && !has(method, "Messages"))
    s.may.insert("allow_paid_broadcast");
  if (!many && method != "forwardMessage" && !has(method, "delete")) s.may.insert("reply_markup");
  for (auto& name : s.needs) CHECK(params.contains(name));
  for (auto& [name, value] : params.items()) {
    INFO(name);
    CHECK((s.needs.count(name) == 1 || s.may.count(name) == 1));
  }
}

inline json params_of(const broadcast& b) {
  auto p = json::parse(b.params);
  check_call(b.method, p);
  return p;
}

} // namespace troupe::test
