#include "actors/composer_screens.hpp"
#include <algorithm>
#include <set>

namespace troupe::office {

using talk::keyboard;
using talk::screen;
using talk::spaced;
using telegram::escape_html;

int rate_of(const config::options& o, bool paid, int per_second) {
  const int all = paid && o.telegram.paid_messages_per_second > 0 ? o.telegram.paid_messages_per_second
                                                                  : o.telegram.bulk_messages_per_second;
  return std::max(1, per_second > 0 ? std::min(per_second, all) : all);
}

std::int64_t stars_for(std::int64_t messages) { return (messages + 9) / 10; }

std::string broadcast_screens::count(const std::string& key, std::int64_t n) const {
  return paint_.count("cast." + key, n);
}

std::string broadcast_screens::span(std::int64_t s) const {
  if (s < 60) return say("span.moment");
  const auto minutes = (s + 59) / 60;
  if (minutes < 60) return say("span.minutes", {{"m", std::to_string(minutes)}});
  const auto hours = minutes / 60;
  return say("span.hours", {{"h", spaced(hours)}, {"m", std::to_string(minutes % 60)}});
}

// -- Writing one ----------------------------------------------------------------------------------------

namespace {

std::string noted(const std::string& text, const std::string& note) {
  return note.empty() ? text : note + "\n\n" + text;
}

std::string data(const char* action, const draft& d, const std::string& more = "") {
  return "b:" + std::string{action} + ":" + std::to_string(d.id) + (more.empty() ? "" : ":" + more);
}

} // namespace

screen broadcast_screens::ask_content(const std::string& note) const {
  return {noted(say("ask_content"), note), {{key("list", "b:list")}, {paint_.press("home", "home")}}};
}

screen broadcast_screens::dropped() const {
  return {say("dropped"), {{key("new", "b:new")}, {paint_.press("home", "home")}}};
}

std::string broadcast_screens::content(const draft& d) const {
  static const std::set<std::string> known{"text",      "photo", "video", "document",
                                           "animation", "audio", "voice"};
  if (d.pieces.empty()) return "";
  const auto& kind = d.pieces.front().kind;
  auto line = is_album(d) || !d.album.empty()
                  ? say("kind.album", {{"n", std::to_string(d.pieces.size())}})
                  : say("kind." + (known.count(kind) ? kind : std::string{"post"}));
  if (d.forwarded) line += ", " + say(d.with_author ? "kind.with_author" : "kind.copied");
  for (auto& x : d.pieces)
    if (!x.text.empty()) return line + "\n<i>" + escape_html(telegram::shorten(x.text, 200)) + "</i>";
  return line;
}

std::string broadcast_screens::audience_line(const audience& to) const {
  auto line = say(std::string{"audience."} + name_of(to.kind), {{"days", count("days", to.days)}});
  if (!to.language.empty()) line += ", " + say("language." + to.language);
  return line;
}

std::string broadcast_screens::pace_line(bool paid, int per_second) const {
  return count("per_second", rate_of(set_.opts, paid, per_second));
}

screen broadcast_screens::draft_card(const draft& d, const std::string& note) const {
  const bool buttons = can_have_buttons(d);
  std::string links;
  for (auto& l : d.links) links += (links.empty() ? "" : ", ") + escape_html(l.text);
  if (links.empty()) links = say("none");
  if (!buttons) links = say(is_album(d) ? "no_buttons_album" : "no_buttons_forward");
  const auto text = say(
      "draft", {{"what", content(d)},
                {"buttons", links},
                {"to", audience_line(d.to)},
                {"category", say("category." + d.to.category)},
                {"when", d.starts_at ? say("at", {{"time", talk::clock_text(d.starts_at)}}) : say("at_once")},
                {"pace", pace_line(d.paid, d.per_second)}});
  keyboard rows{{key("show", data("show", d))}};
  if (buttons) rows.push_back({key("links", data("btn", d)), key("audience", data("aud", d))});
  else rows.push_back({key("audience", data("aud", d))});
  rows.push_back({key("when", data("when", d)), key("speed", data("spd", d))});
  rows.push_back({key(d.silent ? "silent" : "loud", data("snd", d))});
  if (!d.forwarded && !d.pieces.empty() && d.pieces.front().kind == "text")
    rows.back().push_back(key(d.previews ? "previews" : "no_previews", data("lnk", d)));
  if (d.forwarded) rows.push_back({key(d.with_author ? "author" : "no_author", data("fwd", d))});
  rows.push_back({key("category_" + d.to.category, data("cat", d))});
  if (set_.opts.telegram.paid_messages_per_second > 0 && can_be_paid(d))
    rows.push_back({key(d.paid ? "paid" : "unpaid", data("paid", d))});
  rows.push_back({key("count", data("sum", d))});
  rows.push_back({key("swap", data("swap", d)), key("drop", data("drop", d))});
  rows.push_back({paint_.press("home", "home")});
  return {noted(text, note), rows};
}

screen broadcast_screens::ask_replace(const draft& d, const draft& other) const {
  const auto which = std::to_string(other.id);
  return {say("ask_replace", {{"old", content(d)}, {"new", content(other)}}),
          {{key("replace", data("rep", d, which)), key("keep", data("keep", d, which))}}};
}

screen broadcast_screens::ask_links(const draft& d, const std::string& note) const {
  std::string now;
  for (auto& l : d.links)
    now += "\n• " + escape_html(l.text) + " → " +
           (l.url.empty() ? say("a_screen") : escape_html(telegram::shorten(l.url, 80)));
  keyboard rows;
  for (int i = 0; i < 4; ++i) {
    if (i % 2 == 0) rows.push_back({});
    rows.back().push_back(key(std::string{"screen_"} + bot_screens[i], data("scr", d, std::to_string(i))));
  }
  if (!d.links.empty()) rows.push_back({key("clear_links", data("btnx", d))});
  rows.push_back({key("back", data("back", d))});
  return {noted(say("ask_links", {{"n", std::to_string(links_max)}}) + (now.empty() ? "" : "\n" + now), note),
          rows};
}

screen broadcast_screens::ask_time(const draft& d, unix_ms now, const std::string& note) const {
  keyboard rows;
  if (d.starts_at) rows.push_back({key("now", data("now", d))});
  rows.push_back({key("back", data("back", d))});
  return {noted(say("ask_time", {{"now", talk::clock_text(now)}}), note), rows};
}

screen broadcast_screens::choose_audience(const draft& d) const {
  const auto chosen = [&](const audience& to) {
    return to.kind == d.to.kind && to.days == d.to.days ? "✅ " : "";
  };
  const auto choice = [&](audience_kind kind, int days) {
    const audience to{kind, days, "", ""};
    return talk::button{chosen(to) + audience_line(to),
                        data("ak", d, std::to_string(static_cast<int>(kind)) + ":" + std::to_string(days))};
  };
  keyboard rows{{choice(audience_kind::everyone, 0)}};
  for (const auto kind : {audience_kind::active, audience_kind::fresh})
    for (const int days : audience_days) {
      if (days == audience_days[0] || days == audience_days[2]) rows.push_back({});
      rows.back().push_back(choice(kind, days));
    }
  rows.push_back({choice(audience_kind::paid, 0), choice(audience_kind::never_paid, 0)});
  rows.push_back({choice(audience_kind::with_balance, 0)});
  rows.push_back({});
  for (const std::string language : {"any", "ru", "en"})
    rows.back().push_back(
        {(d.to.language == (language == "any" ? "" : language) ? "✅ " : "") + say("language." + language),
         data("al", d,
              language == "any"  ? "0"
              : language == "ru" ? "1"
                                 : "2")});
  rows.push_back({key("back", data("back", d))});
  return {say("choose_audience"), rows};
}

screen broadcast_screens::summary(const draft& d, std::int64_t users) const {
  if (users == 0)
    return {say("nobody", {{"to", audience_line(d.to)}}),
            {{key("audience", data("aud", d))}, {key("back", data("back", d))}}};
  const auto rate = rate_of(set_.opts, d.paid, d.per_second);
  auto text = say("summary", {{"what", content(d)},
                              {"to", audience_line(d.to)},
                              {"category", say("category." + d.to.category)},
                              {"n", spaced(users)},
                              {"span", span((users + rate - 1) / rate)},
                              {"pace", pace_line(d.paid, d.per_second)}});
  if (d.paid) text += "\n" + say("cost", {{"stars", count("stars", stars_for(users))}});
  if (d.starts_at) text += "\n" + say("later", {{"time", talk::clock_text(d.starts_at)}});
  return {text, {{key(d.starts_at ? "plan" : "send", data("go", d))}, {key("back", data("back", d))}}};
}

screen broadcast_screens::ask_edit(const draft& d, const std::string& note) const {
  const auto id = std::to_string(d.of_broadcast);
  return {
      noted(say(d.method == "editMessageText" ? "ask_edit_text" : "ask_edit_caption", {{"id", id}}), note),
      {{key("back", "b:c:" + id)}}};
}

screen broadcast_screens::confirm_edit(const draft& d) const {
  const auto id = std::to_string(d.of_broadcast);
  return {say("confirm_edit", {{"id", id},
                               {"people", count("people_of", d.reached)},
                               {"span", span(d.reached / rate_of(set_.opts, false, 0))}}),
          {{key("edit_go", data("go", d))}, {key("back", "b:c:" + id)}}};
}

screen broadcast_screens::confirm_erase(const draft& d) const {
  const auto id = std::to_string(d.of_broadcast);
  return {say("confirm_erase", {{"id", id},
                                {"people", count("people_of", d.reached)},
                                {"span", span(d.reached / rate_of(set_.opts, false, 0))}}),
          {{key("erase_go", data("go", d))}, {key("back", "b:c:" + id)}}};
}

} // namespace troupe::office
