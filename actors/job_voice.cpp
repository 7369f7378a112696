#include "actors/causes.hpp"
#include "actors/job_voice.hpp"
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

using nlohmann::json;

constexpr unix_ms typical_ms = 120'000;
constexpr int cells = 10;

talk::painter painter_for(const config::texts& words, const job& j) {
  return {words, config::texts::language_for(j.language)};
}

/// A pack has one status message and one clock, whichever of its videos speaks.
bool is_pack(const job& j) { return j.of_order > 1; }

unix_ms elapsed(const job& j, unix_ms now) {
  if (is_pack(j)) return std::max<unix_ms>(0, now - j.created_at);
  return std::max<unix_ms>(0, now - (j.submitted_at ? j.submitted_at : j.created_at));
}

/// Never full: only the video itself is the end.
std::string bar(unix_ms passed) {
  const auto full = static_cast<int>(std::min<unix_ms>(cells - 1, passed * cells / typical_ms));
  return talk::bar(full, cells);
}

std::string minutes_seconds(unix_ms passed) {
  char text[48];
  std::snprintf(text, sizeof text, "%02lld:%02lld", static_cast<long long>(passed / 60'000),
                static_cast<long long>(passed / 1000 % 60));
  return text;
}

outgoing status(const job& j, const talk::screen& s, lane urgency) {
  auto o = talk::show(s, j.user_id);
  o.slot = job_voice::slot_of(j.order_id);
  o.urgency = urgency;
  return o;
}

outgoing video(const job& j, const std::string& thumbnail_sha256, const std::string& caption) {
  json p{{"chat_id", j.user_id}, {"caption", caption}, {"parse_mode", "HTML"}, {"supports_streaming", true}};
  if (j.media.width > 0 && j.media.height > 0) p["width"] = j.media.width, p["height"] = j.media.height;
  if (j.media.duration_ms > 0) p["duration"] = (j.media.duration_ms + 500) / 1000;
  outgoing o;
  o.chat_id = j.user_id;
  o.urgency = lane::result;
  o.method = "sendVideo";
  o.params = p.dump(-1, ' ', false, json::error_handler_t::replace);
  o.job_id = j.job_id;
  o.uploads.push_back({"video", j.file_path, "video/mp4", j.sha256});
  if (!j.thumbnail_path.empty())
    o.uploads.push_back({"thumbnail", j.thumbnail_path, "image/jpeg", thumbnail_sha256});
  return o;
}

/// What ended it. A row of an older version names the kind of a violation in its text alone.
cause cause_of(const job& j) {
  const auto named = cause_named(j.fail_class);
  return causes::precise(named == cause::none ? cause::unknown : named, j.fail_text);
}

/// Whether what failed was tried more than once: the fetch of a result, or the task.
bool was_retried(const job& j, cause why) {
  const bool of_fetch = why == cause::not_fetched || why == cause::unplayable;
  return of_fetch ? j.tries > 0 : j.attempt > 0;
}

/// Of a pack each video speaks for itself in the same message: nothing is said of what only the others do.
const char* pack_key(job_state s) {
  switch (s) {
  case job_state::pending:
  case job_state::submitting: return "pack.queued";
  case job_state::unknown: return "pack.checking";
  case job_state::fetching: return "pack.fetching";
  default: return "pack.progress";
  }
}

const char* progress_key(job_state s) {
  switch (s) {
  case job_state::pending: return "job.queued";
  case job_state::unknown: return "job.checking";
  case job_state::fetching: return "job.fetching";
  default: return "job.progress";
  }
}

std::string refund(const talk::painter& paint, const job& j) {
  return j.price == 1 ? paint.say("refund.single") : paint.count("refund", j.price);
}

} // namespace

outgoing job_voice::progress(const job& j, unix_ms now) const {
  const auto paint = painter_for(words_, j);
  const auto passed = elapsed(j, now);
  const bool waits = j.state == job_state::pending || (is_pack(j) && j.state == job_state::submitting);
  const auto text = paint.say(is_pack(j) ? pack_key(j.state) : progress_key(j.state),
                              {{"n", std::to_string(j.of_order)},
                               {"bar", bar(waits ? 0 : passed)},
                               {"time", minutes_seconds(passed)},
                               {"prompt", talk::quote(j.spec.prompt)}});
  return status(j, {text, {}}, lane::progress);
}

outgoing job_voice::again(const job& j) const {
  return status(j, {painter_for(words_, j).say("job.again", {{"prompt", talk::quote(j.spec.prompt)}}), {}},
                lane::progress);
}

outgoing job_voice::waiting(const job& j, wait_for what, std::size_t place, unix_ms wait) const {
  constexpr const char* keys[] = {"wait.turn", "wait.longer", "wait.stopped", "wait.service", "wait.answer"};
  const auto paint = painter_for(words_, j);
  const auto minutes = std::to_string(std::max<unix_ms>(1, (wait + 30'000) / 60'000));
  const auto line = paint.say(keys[static_cast<std::size_t>(what)],
                              {{"place", std::to_string(place)}, {"minutes", minutes}});
  const auto way_out = is_pack(j) ? paint.press("in_work", "jobs")
                                  : paint.press("cancel_order", "cancel:" + std::to_string(j.job_id));
  return status(
      j,
      {paint.say(is_pack(j) ? "pack.waiting" : "job.waiting",
                 {{"n", std::to_string(j.of_order)}, {"prompt", talk::quote(j.spec.prompt)}, {"line", line}}),
       {{way_out}}},
      lane::progress);
}

outgoing job_voice::uploading(const job& j) const {
  const auto text =
      painter_for(words_, j).say(is_pack(j) ? "pack.uploading" : "job.uploading",
                                 {{"n", std::to_string(j.of_order)}, {"prompt", talk::quote(j.spec.prompt)}});
  return status(j, {text, {}}, lane::progress);
}

namespace {

/// What one may do next: with a photo, another video of the same. Of a pack some may have failed.
outgoing next_step(const talk::painter& paint, const job& j) {
  const bool photo = !j.spec.photo_file_id.empty();
  auto next = talk::show({paint.say(is_pack(j) ? "pack.next" : "job.next"),
                          {{photo ? paint.press("same_photo", "same") : paint.press("once_more", "gen")},
                           {paint.press("menu", "home")}}},
                         j.user_id);
  next.urgency = lane::result;
  return next;
}

} // namespace

std::vector<outgoing> job_voice::finale(const job& j) const {
  const auto paint = painter_for(words_, j);
  return {status(j,
                 {paint.say("pack.ready",
                            {{"n", std::to_string(j.of_order)}, {"prompt", talk::quote(j.spec.prompt)}}),
                  {}},
                 lane::result),
          next_step(paint, j)};
}

job_voice::speech job_voice::ready(const job& j, const std::string& thumbnail_sha256) const {
  const auto paint = painter_for(words_, j);
  auto film = video(j, thumbnail_sha256,
                    paint.say("job.caption", {{"prompt", talk::quote(j.spec.prompt)},
                                              {"model", telegram::escape_html(j.spec.model_title)}}) +
                        (j.media.shrunk ? "\n" + paint.say("job.shrunk") : ""));
  const bool late = j.state == job_state::overdue;
  if (is_pack(j) && !late) return {{std::move(film)}, {}, finale(j)};
  auto news =
      status(j, {paint.say(late ? "job.gift" : "job.ready", {{"prompt", talk::quote(j.spec.prompt)}}), {}},
             lane::result);
  if (is_pack(j)) news.slot.clear(); // the status message speaks of the others too
  return {{std::move(film)}, {std::move(news), next_step(paint, j)}, {}};
}

job_voice::speech job_voice::failed(const job& j) const {
  const auto paint = painter_for(words_, j);
  const auto why = cause_of(j);
  const auto& row = causes::row_of(why);
  const auto next_button = causes::button_of(paint, why, j.job_id);
  const auto text =
      paint.say(row.refused ? "job.refused" : "job.failed",
                {{"why", causes::why(paint, why, {.text = j.fail_text, .retried = was_retried(j, why)})},
                 {"prompt", talk::quote(j.spec.prompt)},
                 {"refund", refund(paint, j)}});
  talk::keyboard buttons;
  if (next_button) buttons.push_back({*next_button});
  if (!is_pack(j)) {
    buttons.push_back({paint.press("menu", "home")});
    return {{status(j, {text, buttons}, lane::money)}, {}, {}};
  }
  auto news = status(j, {text, row.button == causes::next::redo ? buttons : talk::keyboard{}}, lane::money);
  news.slot.clear();
  return {{std::move(news)}, {}, finale(j)};
}

job_voice::speech job_voice::cancelled(const job& j) const {
  const auto paint = painter_for(words_, j);
  const auto text =
      paint.say("job.cancelled", {{"prompt", talk::quote(j.spec.prompt)}, {"refund", refund(paint, j)}});
  auto news =
      status(j, {text, {{paint.press("once_more", "gen")}, {paint.press("menu", "home")}}}, lane::money);
  if (!is_pack(j)) return {{std::move(news)}, {}, {}};
  news = status(j, {text, {}}, lane::money);
  news.slot.clear(); // the others go on
  return {{std::move(news)}, {}, finale(j)};
}

job_step cancelling(const config::texts& words, const job& j, unix_ms now) {
  job_step s;
  s.job_id = j.job_id;
  s.at = now;
  s.to = job_state::cancelled;
  s.fail_class = "cancelled";
  auto said = job_voice{words}.cancelled(j);
  s.messages = std::move(said.messages), s.finale = std::move(said.finale);
  return s;
}

} // namespace troupe
