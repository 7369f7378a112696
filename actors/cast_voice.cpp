/// What a broadcast says of itself while it runs and when it ends.
#include "actors/cast_words.hpp"
#include "actors/composer.hpp"

namespace troupe::office {

using enum broadcast_state;

namespace {

talk::button of(const talk::painter& paint, const char* key, const broadcast& b) {
  return {paint.say(std::string{"cast_button."} + key),
          std::string{"b:"} + key + ":" + std::to_string(b.broadcast_id)};
}

} // namespace

talk::keyboard controls_of(const talk::painter& paint, const broadcast& b) {
  switch (b.state) {
  case running: return {{of(paint, "pause", b), of(paint, "stop", b)}};
  case paused:
  case asking: return {{of(paint, "resume", b), of(paint, "stop", b)}};
  case scheduled:
  case gathering: return {{of(paint, "stop", b)}};
  default: break;
  }
  talk::keyboard rows;
  std::vector<talk::button> lists;
  if (b.unknown > 0) lists.push_back(of(paint, "unknown", b));
  if (b.failed > 0) lists.push_back(of(paint, "failed", b));
  if (!lists.empty()) rows.push_back(lists);
  if (b.kind == broadcast_kind::send && b.sent > 0)
    rows.push_back({of(paint, "edit", b), of(paint, "erase", b)});
  return rows;
}

std::string counts_of(const talk::painter& paint, const broadcast& b) {
  return paint.say("cast.counts", {{"sent", grouped(b.sent)},
                                   {"blocked", grouped(b.blocked)},
                                   {"failed", grouped(b.failed)},
                                   {"unknown", grouped(b.unknown)}});
}

std::string head_of(const talk::painter& paint, const broadcast& b) {
  return paint.say(std::string{"cast.head_"} + name_of(b.kind), {{"id", std::to_string(b.broadcast_id)}}) +
         "\n<i>" + telegram::escape_html(b.title) + "</i>";
}

talk::screen progress_screen(const talk::painter& paint, const broadcast& b, double per_second) {
  const auto done = b.total - b.waiting();
  const auto share = b.total > 0 ? done * 100 / b.total : 0;
  auto text = head_of(paint, b) + "\n\n";
  if (b.state == gathering || b.state == scheduled)
    text += paint.say(std::string{"cast_state."} + name_of(b.state));
  else
    text +=
        paint.say("cast.progress", {{"done", grouped(done)},
                                    {"total", grouped(b.total)},
                                    {"bar", bar(share)},
                                    {"percent", std::to_string(share)},
                                    {"state", paint.say(std::string{"cast_state."} + name_of(b.state))}}) +
        "\n\n" + counts_of(paint, b);
  if (b.state == running && per_second > 0)
    text +=
        "\n\n" + paint.say("cast.speed",
                           {{"speed", std::to_string(static_cast<int>(per_second + 0.5))},
                            {"left", duration_text(paint, static_cast<double>(b.waiting()) / per_second)}});
  return {text, controls_of(paint, b)};
}

outgoing cast_voice::progress(const broadcast& b, const std::string& language, double per_second) const {
  const talk::painter paint{set_.words, language.empty() ? "ru" : language};
  auto o = talk::show(progress_screen(paint, b, per_second), b.admin_id);
  o.urgency = lane::progress;
  o.slot = slot_of(b.broadcast_id);
  return o;
}

std::vector<outgoing> cast_voice::turned(const broadcast& b, const std::string& language) const {
  const talk::painter paint{set_.words, language.empty() ? "ru" : language};
  if (b.state == asking) {
    talk::screen question{head_of(paint, b) + "\n\n" + paint.say("cast.asking", {{"why", b.why}}),
                          controls_of(paint, b)};
    return {talk::show(question, b.admin_id)};
  }
  auto last = talk::show(progress_screen(paint, b, 0), b.admin_id);
  last.slot = slot_of(b.broadcast_id);
  talk::screen report{
      head_of(paint, b) + "\n\n" +
          paint.say(b.state == done ? "cast.done" : "cast.stopped",
                    {{"done", grouped(b.total - b.waiting())},
                     {"total", grouped(b.total)},
                     {"time", duration_text(paint, static_cast<double>(b.ended_at - b.began_at) / 1000)}}) +
          "\n\n" + counts_of(paint, b),
      controls_of(paint, b)};
  return {last, talk::show(report, b.admin_id)};
}

} // namespace troupe::office
