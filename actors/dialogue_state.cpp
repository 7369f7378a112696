#include "actors/dialogue_state.hpp"
#include "actors/sane_json.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace troupe::talk {
namespace {

using nlohmann::json;

draft read_draft(const json& j) {
  draft d;
  d.id = j.at("id").get<std::int64_t>();
  d.kind = j.value("kind", "");
  d.prompt = j.value("prompt", "");
  d.photo = j.value("photo", "");
  d.model = j.value("model", "");
  d.aspect = j.value("aspect", "");
  d.duration = j.value("duration", 0);
  d.sound = j.value("sound", false);
  d.price = std::max(0, j.value("price", 0)); // of a damaged row too nobody orders less than nothing
  d.count = std::max(1, j.value("count", 1));
  d.preset = j.value("preset", "");
  d.album = j.value("album", "");
  d.album_told = j.value("album_told", false);
  d.picked = j.value("picked", std::int64_t{0});
  d.photo_width = j.value("photo_w", 0);
  d.photo_height = j.value("photo_h", 0);
  d.said = j.value("said", std::int64_t{0});
  d.shown = j.value("shown", std::int64_t{0});
  d.long_at = j.value("long_at", unix_ms{0});
  d.long_chars = j.value("long_chars", std::size_t{0});
  return d;
}

json write_draft(const draft& d) {
  json j{{"id", d.id},       {"kind", d.kind},     {"prompt", d.prompt},     {"photo", d.photo},
         {"model", d.model}, {"aspect", d.aspect}, {"duration", d.duration}, {"price", d.price},
         {"count", d.count}, {"sound", d.sound}};
  if (!d.preset.empty()) j["preset"] = d.preset;
  if (!d.album.empty()) j["album"] = d.album;
  if (d.album_told) j["album_told"] = true;
  if (d.picked) j["picked"] = d.picked;
  if (d.photo_width) j["photo_w"] = d.photo_width, j["photo_h"] = d.photo_height;
  if (d.said) j["said"] = d.said;
  if (d.shown) j["shown"] = d.shown;
  if (d.long_at) j["long_at"] = d.long_at;
  if (d.long_chars) j["long_chars"] = d.long_chars;
  return j;
}

memory read_strictly(const json& j) {
  memory m;
  m.screen = j.at("screen").get<std::string>();
  if (const auto d = j.find("draft"); d != j.end()) m.work = read_draft(*d);
  m.recent = j.value("recent", std::vector<unix_ms>{});
  m.warned = j.value("warned", unix_ms{0});
  m.pressed = j.value("pressed", std::int64_t{0});
  m.done = j.value("done", std::int64_t{0});
  m.last_photo = j.value("last_photo", "");
  m.last_width = j.value("last_w", 0), m.last_height = j.value("last_h", 0);
  m.terms = j.value("terms", unix_ms{0});
  m.method = j.value("method", "");
  m.bought = j.value("bought", std::int64_t{0});
  m.contact = j.value("contact", "");
  m.wanted = j.value("wanted", std::int64_t{0});
  m.office = j.value("office", "");
  m.actions = {j.value("acts", 0.0), j.value("acts_at", unix_ms{0}), j.value("acts_warned", unix_ms{0})};
  m.messages = {j.value("sent", 0.0), j.value("sent_at", unix_ms{0}), j.value("sent_warned", unix_ms{0})};
  m.feedback = j.value("feedback", std::vector<unix_ms>{});
  m.letter_album = j.value("letter_album", "");
  m.letter_id = j.value("letter_id", std::int64_t{0});
  m.letter_at = j.value("letter_at", unix_ms{0});
  m.letter_refused = j.value("letter_refused", false);
  m.ban_told = j.value("ban_told", unix_ms{0});
  m.told = {j.value("told", std::int64_t{0}), j.value("told_id", std::int64_t{0}), j.value("told_album", ""),
            j.value("told_at", unix_ms{0})};
  const bool needs_draft = std::set<std::string>{"pick", "wait", "edit", "card"}.count(m.screen) > 0;
  if (needs_draft && !m.work) m.screen = "home";
  return m;
}

} // namespace

memory read_memory(const std::string& text) {
  try {
    const auto j = own_json::try_read(text);
    return j.is_object() && !has_wild_number(j) ? read_strictly(j) : memory{};
  } catch (const json::exception&) {
    return {};
  }
}

std::string write_memory(const memory& m) {
  json j{{"screen", m.screen}};
  if (m.work) j["draft"] = write_draft(*m.work);
  if (!m.recent.empty()) j["recent"] = m.recent;
  if (m.warned) j["warned"] = m.warned;
  if (m.pressed) j["pressed"] = m.pressed;
  if (m.done) j["done"] = m.done;
  if (!m.last_photo.empty()) j["last_photo"] = m.last_photo;
  if (m.last_width) j["last_w"] = m.last_width, j["last_h"] = m.last_height;
  if (m.terms) j["terms"] = m.terms;
  if (!m.method.empty()) j["method"] = m.method;
  if (m.bought) j["bought"] = m.bought;
  if (!m.contact.empty()) j["contact"] = m.contact;
  if (m.wanted) j["wanted"] = m.wanted;
  if (!m.office.empty()) j["office"] = m.office;
  if (m.actions.at) j["acts"] = m.actions.spent, j["acts_at"] = m.actions.at;
  if (m.actions.warned) j["acts_warned"] = m.actions.warned;
  if (m.messages.at) j["sent"] = m.messages.spent, j["sent_at"] = m.messages.at;
  if (m.messages.warned) j["sent_warned"] = m.messages.warned;
  if (!m.feedback.empty()) j["feedback"] = m.feedback;
  if (!m.letter_album.empty()) j["letter_album"] = m.letter_album;
  if (m.letter_id) j["letter_id"] = m.letter_id;
  if (m.letter_at) j["letter_at"] = m.letter_at;
  if (m.letter_refused) j["letter_refused"] = true;
  if (m.ban_told) j["ban_told"] = m.ban_told;
  if (m.told.user_id) {
    j["told"] = m.told.user_id, j["told_id"] = m.told.id, j["told_at"] = m.told.at;
    if (!m.told.album.empty()) j["told_album"] = m.told.album;
  }
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string without_work(const std::string& state) {
  const auto m = read_memory(state);
  memory kept;
  kept.recent = m.recent, kept.warned = m.warned, kept.pressed = m.pressed, kept.actions = m.actions;
  kept.feedback = m.feedback, kept.ban_told = m.ban_told;
  kept.terms = m.terms, kept.contact = m.contact;
  kept.done = m.done, kept.bought = m.bought; // what was ordered or bought is not so once more
  kept.last_photo = m.last_photo, kept.last_width = m.last_width, kept.last_height = m.last_height;
  return write_memory(kept);
}

} // namespace troupe::talk
