/// What is said of broadcasts that were opened: cards, lists, progress and the report.
#include "actors/composer.hpp"
#include "actors/composer_screens.hpp"
#include <algorithm>

namespace troupe::office {

using talk::keyboard;
using talk::screen;
using talk::spaced;
using telegram::escape_html;

namespace {

constexpr int cells = 10;

std::int64_t told(const broadcast& b) { return b.total - b.waiting(); }

/// Nobody has got anything of it, and there is nothing to count.
bool never_began(const broadcast& b) {
  return b.state == broadcast_state::stopped && b.began_at == 0 && told(b) == 0;
}

std::string bar(const broadcast& b) {
  const auto full = b.total > 0 ? told(b) * cells / b.total : 0;
  return talk::bar(static_cast<int>(full), cells) + " " +
         std::to_string(b.total > 0 ? told(b) * 100 / b.total : 0) + "%";
}

} // namespace

std::string broadcast_screens::head(const broadcast& b) const {
  auto text = say(never_began(b) ? "head.cancelled" : std::string{"head."} + name_of(b.state),
                  {{"id", std::to_string(b.broadcast_id)}, {"time", talk::clock_text(b.starts_at)}});
  if (b.kind != broadcast_kind::send)
    text += "\n" + say(std::string{"of_"} + name_of(b.kind), {{"id", std::to_string(b.of_broadcast)}});
  return text + "\n<i>" + escape_html(b.title) + "</i>";
}

std::string broadcast_screens::counts(const broadcast& b) const {
  const char* sent = b.kind == broadcast_kind::send    ? "sent"
                     : b.kind == broadcast_kind::erase ? "erased"
                                                       : "edited";
  auto text = say(sent, {{"n", spaced(b.sent)}, {"total", spaced(b.total)}});
  text += "\n" + say("blocked", {{"n", spaced(b.blocked)}});
  text += "\n" + say("failed", {{"n", spaced(b.failed)}});
  text += "\n" + say("unknown", {{"n", spaced(b.unknown)}});
  if (is_final(b.state) && b.waiting() > 0) text += "\n" + say("left_out", {{"n", spaced(b.waiting())}});
  return text;
}

keyboard broadcast_screens::keys(const broadcast& b) const {
  const auto id = std::to_string(b.broadcast_id);
  keyboard rows;
  switch (b.state) {
  case broadcast_state::scheduled: rows.push_back({key("unplan", "b:x:" + id)}); break;
  case broadcast_state::gathering: rows.push_back({key("stop", "b:x:" + id)}); break;
  case broadcast_state::running: rows.push_back({key("pause", "b:p:" + id), key("stop", "b:x:" + id)}); break;
  case broadcast_state::paused: rows.push_back({key("resume", "b:r:" + id), key("stop", "b:x:" + id)}); break;
  case broadcast_state::asking: rows.push_back({key("go_on", "b:r:" + id), key("stop", "b:x:" + id)}); break;
  case broadcast_state::done:
  case broadcast_state::stopped: break;
  }
  if (!is_final(b.state)) rows.push_back({key("refresh", "b:c:" + id)});
  if (b.unknown > 0) rows.push_back({key("unknown", "b:u:" + id + ":0")});
  if (b.failed > 0) rows.push_back({key("failed", "b:f:" + id + ":0")});
  if (is_final(b.state) && b.kind == broadcast_kind::send) {
    if (b.sent > 0) {
      rows.push_back({key("erase", "b:d:" + id)});
      if (edit_of(b, 1)) rows.back().insert(rows.back().begin(), key("edit", "b:e:" + id));
    }
    rows.push_back({key("again", "b:again:" + id)});
  }
  rows.push_back({key("list", "b:list"), paint_.press("home", "home")});
  return rows;
}

screen broadcast_screens::card(const broadcast& b, double per_second) const {
  auto text = head(b);
  if (b.state == broadcast_state::scheduled || never_began(b)) return {text, keys(b)};
  if (b.state == broadcast_state::gathering) return {text + "\n\n" + say("gathering"), keys(b)};
  text += "\n\n";
  if (!is_final(b.state)) text += bar(b) + "\n";
  text += counts(b);
  if (b.state == broadcast_state::running && per_second > 0) {
    const auto shown = std::max<std::int64_t>(1, static_cast<std::int64_t>(per_second + 0.5));
    text += "\n" +
            say("speed",
                {{"pace", count("live_speed", shown)},
                 {"span", span(static_cast<std::int64_t>(static_cast<double>(b.waiting()) / per_second))}});
  }
  if (is_final(b.state) && b.began_at > 0 && b.ended_at > b.began_at)
    text += "\n" + say("took", {{"span", span((b.ended_at - b.began_at) / 1000)}});
  if (b.paid && is_final(b.state))
    text += "\n" + say("spent", {{"stars", count("stars", stars_for(b.sent))}});
  if (b.unknown > 0) text += "\n\n" + say("unknown_hint");
  if (is_held(b.state, b.why)) text += "\n\n" + say("held");
  return {text, keys(b)};
}

screen broadcast_screens::question(const broadcast& b) const {
  auto s = card(b, 0);
  s.text += "\n\n" + say("asking");
  return s;
}

screen broadcast_screens::sure_to_stop(const broadcast& b) const {
  const auto id = std::to_string(b.broadcast_id);
  const bool planned = b.state == broadcast_state::scheduled;
  return {say(planned ? "sure_unplan" : "sure_stop",
              {{"id", id}, {"n", spaced(told(b))}, {"left", spaced(b.waiting())}}),
          {{key(planned ? "unplan_yes" : "stop_yes", "b:xx:" + id), key("stop_no", "b:c:" + id)}}};
}

screen broadcast_screens::list(const std::vector<broadcast>& all, int offset) const {
  if (all.empty() && offset == 0)
    return {say("list_empty"), {{key("new", "b:new")}, {paint_.press("home", "home")}}};
  auto text = say("list");
  keyboard rows{{}};
  const auto shown = std::min<std::size_t>(all.size(), list_page);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& b = all[i];
    const auto id = std::to_string(b.broadcast_id);
    const auto when = b.state == broadcast_state::scheduled ? b.starts_at : b.created_at;
    text += "\n\n" + say("line", {{"id", id},
                                  {"state", say(std::string{"state."} + name_of(b.state))},
                                  {"title", escape_html(b.title)},
                                  {"n", spaced(b.sent)},
                                  {"total", spaced(b.total)},
                                  {"time", talk::clock_text(when)}});
    if (rows.back().size() == 4) rows.push_back({});
    rows.back().push_back({"№" + id, "b:c:" + id});
  }
  if (rows.back().empty()) rows.pop_back();
  std::vector<talk::button> turn;
  if (offset > 0) turn.push_back({"‹", "b:list:" + std::to_string(std::max(0, offset - list_page))});
  if (all.size() > shown) turn.push_back({"›", "b:list:" + std::to_string(offset + list_page)});
  if (!turn.empty()) rows.push_back(turn);
  rows.push_back({key("new", "b:new"), paint_.press("home", "home")});
  return {text, rows};
}

screen broadcast_screens::recipients(const recipients_page& p, recipient_state state, int offset) const {
  const auto id = std::to_string(p.of.broadcast_id);
  const bool unknown = state == recipient_state::unknown;
  const auto n = unknown ? p.of.unknown : p.of.failed;
  auto text = say(unknown ? "unknown_list" : "failed_list", {{"id", id}, {"n", spaced(n)}});
  const auto shown = std::min<std::size_t>(p.all.size(), recipients_page_size);
  for (std::size_t i = 0; i < shown; ++i)
    text += "\n<code>" + std::to_string(p.all[i].user_id) + "</code> " +
            escape_html(telegram::shorten(p.all[i].why, 80));
  const std::string there = std::string{"b:"} + (unknown ? "u:" : "f:") + id + ":";
  keyboard rows;
  std::vector<talk::button> turn;
  if (offset > 0) turn.push_back({"‹", there + std::to_string(std::max(0, offset - recipients_page_size))});
  if (p.all.size() > shown) turn.push_back({"›", there + std::to_string(offset + recipients_page_size)});
  if (!turn.empty()) rows.push_back(turn);
  rows.push_back({key("back", "b:c:" + id)});
  return {text, rows};
}

// -- What the broadcaster says --------------------------------------------------------------------------

outgoing cast_voice::progress(const broadcast& b, const std::string& language, double per_second) const {
  const broadcast_screens screens{set_, config::texts::language_for(language)};
  auto o = talk::show(screens.card(b, per_second), b.admin_id);
  o.slot = slot_of(b.broadcast_id);
  o.urgency = lane::progress;
  return o;
}

std::vector<outgoing> cast_voice::turned(const broadcast& b, const std::string& language) const {
  const broadcast_screens screens{set_, config::texts::language_for(language)};
  auto last = progress(b, language, 0);
  last.urgency = lane::reply; // stored: the bar must not stand still for ever
  // Whoever has cancelled it before it began has read so.
  if (never_began(b) || (!is_final(b.state) && b.state != broadcast_state::asking)) return {std::move(last)};
  // An edit rings no bell: what an administrator must know comes as a message of its own.
  auto news = talk::show(is_final(b.state) ? screens.card(b, 0) : screens.question(b), b.admin_id);
  return {std::move(last), std::move(news)};
}

} // namespace troupe::office
