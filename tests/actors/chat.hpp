#pragma once
/// A user in front of the rules, without presets and writer, who checks at each step what holds for all
/// screens.
#include "actors/dialogue.hpp"
#include "actors/dialogue_buttons.hpp"
#include "tests/actors/person.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe::test {

using nlohmann::json;
using telegram::event;
using telegram::event_kind;

inline const config::settings& real() {
  static const auto s = config::load(TROUPE_SOURCE_DIR "/config", {});
  return s;
}

inline config::settings without_presets() {
  auto s = real();
  s.presets.clear();
  return s;
}

/// Every press is counted, whatever it does.
inline json but_for_counts(const std::string& state) {
  auto j = json::parse(state);
  j.erase("acts"), j.erase("acts_at");
  return j;
}

struct chat : person {
  config::settings set = without_presets();
  config::options& opts = set.opts;
  std::vector<config::model>& models = set.models;
  dialogue d{set};
  account who;
  screen_facts facts;
  unix_ms now = 1'700'000'000'000;
  std::int64_t update = 100;
  std::string language = "ru";
  order_answer answer{order_outcome::accepted, 77, 9, 0};

  picture_facts picture{picture_state::good, "jpeg", 1280, 720, ""}; ///< what is seen of a file
  std::optional<picture_request> asked_to_look;
  std::optional<order_request> order;
  std::optional<job_step> step;
  step_answer stepped;
  std::vector<std::pair<std::string, std::string>> settings;

  explicit chat(std::int64_t balance = 10, std::string lang = "ru") : language{std::move(lang)} {
    who.registered = true;
    who.balance = balance;
  }

  event make(event_kind kind) override {
    event e;
    e.kind = kind;
    e.update_id = update++;
    e.from = {5, "Иван <b>", "ivan", language};
    e.message_id = 900;
    return e;
  }

  void happens(const event& e) override {
    auto r = d.decide(e, who, facts, now);
    asked_to_look = r.picture;
    if (r.picture) {
      CHECK(r.state == who.state); // nothing is stored before it was looked at
      auto seen = facts;
      seen.picture = picture;
      r = d.decide(e, who, seen, now);
      REQUIRE_FALSE(r.picture);
    }
    order = r.order;
    step = r.step;
    settings = r.settings;
    who.state = r.state;
    if (r.step) {
      r = d.stepped(e, who, stepped, now);
      who.state = r.state;
    }
    if (r.order) {
      CHECK(r.messages.empty());
      r = d.ordered(e, who, answer, now, facts.sales);
      who.state = r.state;
      who.balance = answer.balance;
    }
    sent = r.messages;
    check_rules(e);
  }

  void sends_file(const std::string& id, const std::string& caption = "", std::int64_t bytes = 1000) {
    auto e = make(event_kind::photo);
    e.photo_file_id = id, e.text = caption, e.photo_is_file = true, e.file_bytes = bytes;
    happens(e);
  }
  event photo_of(const std::string& id, int w, int h, const std::string& caption = "",
                 const std::string& album = "") {
    auto e = make(event_kind::photo);
    e.photo_file_id = id, e.text = caption, e.photo_width = w, e.photo_height = h, e.album = album;
    e.file_kind = "photo", e.file_id = id;
    return e;
  }
  /// The message with this id has these words now.
  void edits(std::int64_t message_id, const std::string& words) {
    auto e = make(event_kind::edited);
    e.message_id = message_id, e.text = words;
    may_be_silent = true;
    happens(e);
    may_be_silent = false;
  }
  void sends_media(const std::string& media) {
    auto e = make(event_kind::other_media);
    e.media = media;
    happens(e);
  }
  std::string data_of(const std::string& label) const override {
    for (auto& [l, data] : last_buttons)
      if (has(l, label)) return data;
    return "";
  }
  std::string text() const { return last_text; }

  bool may_be_silent = false;
  std::string last_text;
  std::vector<std::pair<std::string, std::string>> last_buttons;

  void check_rules(const event& e) {
    const auto answers =
        std::count_if(sent.begin(), sent.end(), [](auto& m) { return m.method == "answerCallbackQuery"; });
    CHECK(answers == (e.kind == event_kind::button ? 1 : 0));
    CHECK((!sent.empty() || may_be_silent));
    for (auto& m : sent) {
      const auto p = json::parse(m.params);
      CHECK(m.chat_id == 5);
      if (m.method == "answerCallbackQuery") {
        CHECK(m.urgency == lane::answer);
        CHECK(p.at("callback_query_id") == "cb");
        continue;
      }
      CHECK(p.at("chat_id") == 5);
      if (m.method == "sendVideo" || m.office != office_mail{}) continue;
      CHECK(p.at("parse_mode") == "HTML");
      CHECK(p.at("link_preview_options").at("is_disabled") == true);
      CHECK(p.at("text").get<std::string>().size() <= 4096);
      CHECK((m.method == "editMessageText") == p.contains("message_id"));
      if (m.slot.rfind("order:", 0) != 0) read_screen(p);
      else last_buttons.clear(); // the running status: nothing to press, commands lead home
    }
    CHECK(who.state.size() < 9000);
  }

  void read_screen(const json& p) {
    last_text = p.at("text");
    last_buttons.clear();
    bool home = false;
    for (auto& row : p.at("reply_markup").at("inline_keyboard"))
      for (auto& b : row) {
        last_buttons.emplace_back(b.at("text"), b.at("callback_data"));
        CHECK(last_buttons.back().second.size() <= 64);
        home = home || last_buttons.back().second == "home" || last_buttons.back().second == "gen";
      }
    INFO(last_text);
    CHECK(home);
  }
};

inline job finished_job(std::int64_t id) {
  job j;
  j.job_id = id;
  j.order_id = 77;
  j.user_id = 5;
  j.language = "ru";
  j.spec.prompt = "кот & пёс";
  j.spec.model_title = "Veo 3 Fast";
  j.price = 2;
  j.state = job_state::completed;
  j.file_id = "VIDEO" + std::to_string(id);
  j.created_at = 1'700'000'000'000;
  return j;
}

} // namespace troupe::test
