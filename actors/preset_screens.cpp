#include "actors/preset_screens.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe::talk {

screen pick(const painter& paint, const std::vector<config::preset>& presets, const std::string& language,
            const draft& d, bool same_photo) {
  keyboard rows;
  std::vector<button> row;
  for (auto& p : presets) {
    row.push_back({p.title.at(language), of_draft("p", d, p.id)});
    if (row.size() == 2) rows.push_back(std::exchange(row, {}));
  }
  if (!row.empty()) rows.push_back(std::move(row));
  rows.push_back({paint.press("own_text", of_draft("words", d))});
  rows.push_back(paint.back_home("gen"));
  return {paint.say(same_photo ? "pick.same" : "pick.text"), std::move(rows)};
}

screen ask_own_text(const painter& paint) { return {paint.say("pick.own_text"), {paint.back_home("pick")}}; }

screen ask_words(const painter& paint, const draft& d) {
  return {paint.say("pick.words"),
          {{paint.press("without_words", of_draft("skip", d))}, paint.back_home("pick")}};
}

const config::preset* preset_of(const std::vector<config::preset>& presets, const draft& d) {
  if (d.preset.empty()) return nullptr;
  const auto p = std::find_if(presets.begin(), presets.end(), [&](auto& x) { return x.id == d.preset; });
  return p == presets.end() ? nullptr : &*p;
}

std::string hint_of(const std::string& media) {
  for (auto known :
       {"sticker", "voice", "video", "video_note", "audio", "animation", "document", "story", "contact",
        "location", "poll", "dice", "game", "checklist", "paid_media", "giveaway", "gift"})
    if (media == known) return std::string{"hint."} + known;
  if (media == "venue") return "hint.location";
  if (media == "giveaway_winners") return "hint.giveaway";
  if (media == "unique_gift" || media == "gift_upgrade_sent") return "hint.gift";
  return "hint.media";
}

bool photo_waits(const memory& m) { return m.work && !m.work->photo.empty() && m.work->prompt.empty(); }

outgoing typing(std::int64_t chat_id) {
  outgoing o;
  o.chat_id = chat_id;
  o.urgency = lane::reply; // a call into the chat like any other: one at a time
  o.method = "sendChatAction";
  o.params = nlohmann::json{{"chat_id", chat_id}, {"action", "typing"}}.dump();
  return o;
}

} // namespace troupe::talk
