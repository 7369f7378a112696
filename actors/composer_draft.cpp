#include "actors/composer_parts.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace troupe::office {
namespace {

using nlohmann::json;
using telegram::event;
using telegram::event_kind;

bool blank(const std::string& s) { return s.find_first_not_of(" \t\r\n") == s.npos; }

bool sendable(const std::string& kind) {
  for (const char* known : {"photo", "video", "document", "animation", "audio", "voice"})
    if (kind == known) return true;
  return false;
}

/// What Telegram lets stand together in one album.
bool go_together(const std::string& a, const std::string& b) {
  const auto seen = [](const std::string& k) { return k == "photo" || k == "video"; };
  return seen(a) ? seen(b) : a == b && (a == "document" || a == "audio");
}

} // namespace

drafting::drafting(const config::settings& set, const std::string& language, const visit& v)
    : set_{set}, v_{v}, language_{language}, screens_{set, language}, d_{read_draft(v.memory.office)} {}

outcome drafting::result(std::optional<talk::screen> s, const char* step, const std::string& toast) {
  outcome o;
  o.screen = std::move(s);
  o.step = step;
  o.toast = toast;
  const bool mine = v_.memory.office.empty() || read_draft(v_.memory.office).id != 0;
  o.draft = d_.id ? write_draft(d_) : mine ? "" : v_.memory.office;
  return o;
}

/// Of two drafts the one that is to be sent is not lost.
void drafting::put_aside(draft next) {
  next.aside = d_.kind != broadcast_kind::send ? d_.aside : d_.pieces.empty() ? "" : write_draft(d_);
  d_ = std::move(next);
}

outcome drafting::begin() {
  if (d_.kind != broadcast_kind::send) d_ = read_draft(d_.aside);
  if (d_.id && d_.kind == broadcast_kind::send && !d_.pieces.empty())
    return result(screens_.draft_card(d_, screens_.say("kept")), step::draft);
  d_ = {};
  return result(screens_.ask_content(), step::content);
}

outcome drafting::ask_again(const std::string& why) {
  return result(screens_.ask_content(why), step::content);
}

outcome drafting::draft_screen(const std::string& toast) {
  return result(screens_.draft_card(d_), step::draft, toast);
}

/// Another broadcast from now on: what was counted and shown before cannot be confirmed any more.
outcome drafting::changed(const std::string& toast) {
  d_.id = v_.e.update_id;
  return draft_screen(toast);
}

// -- Messages -------------------------------------------------------------------------------------------

outcome drafting::take_message() {
  const auto& e = v_.e;
  const auto& at = v_.memory.screen;
  const bool in_hand = d_.id != 0;
  if (in_hand && d_.kind == broadcast_kind::send && !e.album.empty() && e.album == d_.album)
    return add_to_album();
  const auto offered = read_draft(d_.offered);
  if (in_hand && !e.album.empty() && e.album == offered.album) return add_to_offered();
  const bool words = e.kind == event_kind::text && !e.forwarded;
  if (at == step::edit && in_hand && d_.kind == broadcast_kind::edit) return take_edit();
  if (words && in_hand && !d_.pieces.empty()) {
    if (at == step::links) return take_links();
    if (at == step::time) return take_time();
  }
  if (at == step::content || !in_hand || d_.pieces.empty() || d_.kind != broadcast_kind::send)
    return take_content();
  // A draft is on the screen, and nobody has asked for another content.
  if (words)
    if (auto o = take_setting()) return *o;
  return offer();
}

/// A time or lines of buttons, sent without pressing the button for them.
std::optional<outcome> drafting::take_setting() {
  if (const auto m = read_moment(v_.e.text, v_.now); m.what != moment::is::unclear) {
    if (m.what != moment::is::good)
      return result(
          screens_.draft_card(d_, screens_.say(m.what == moment::is::past ? "time_past" : "time_far")),
          step::draft);
    d_.starts_at = m.at;
    d_.id = v_.e.update_id;
    return result(screens_.draft_card(d_, screens_.say("took_time", {{"time", talk::clock_text(m.at)}})),
                  step::draft);
  }
  const auto links = links_in(v_.e.text);
  if (!links) return {};
  const auto note = !can_have_buttons(d_) ? screens_.say("took_no_links")
                    : d_.links.size() + links->size() > links_max
                        ? screens_.say("many_links", {{"n", std::to_string(links_max)}})
                        : screens_.say("took_links", {{"n", std::to_string(links->size())}});
  if (can_have_buttons(d_) && d_.links.size() + links->size() <= links_max) {
    d_.links.insert(d_.links.end(), links->begin(), links->end());
    d_.id = v_.e.update_id;
  }
  return result(screens_.draft_card(d_, note), step::draft);
}

/// What is there stays until the administrator has said that it goes.
outcome drafting::offer() {
  if (const auto why = refusal(); !why.empty())
    return result(screens_.draft_card(d_, why + "\n" + screens_.say("content_stays")), step::draft);
  auto other = d_;
  other.offered.clear();
  put_content(other);
  d_.offered = write_draft(other);
  auto o = result(screens_.ask_replace(d_, other), step::draft);
  if (!other.album.empty()) o.slot = "compose:" + other.album;
  return o;
}

piece drafting::piece_of_event() const {
  const auto& e = v_.e;
  const auto plain = e.text.empty() ? "post" : "text";
  return {e.file_id.empty() ? plain : e.file_kind, e.file_id, e.text, e.entities, e.message_id};
}

std::string drafting::refusal() const {
  const auto& e = v_.e;
  if (e.forwarded) return ""; // copied as it is: Telegram took it before
  if (e.file_kind == "sticker" || e.file_kind == "video_note") return screens_.say("cannot." + e.file_kind);
  if (e.file_id.empty() && e.kind == event_kind::other_media) return screens_.say("cannot.other");
  if (e.file_id.empty() && blank(e.text)) return screens_.say("cannot.empty");
  if (!e.file_id.empty() && !sendable(e.file_kind)) return screens_.say("cannot.other");
  const auto limit = e.file_id.empty() ? text_max : caption_max;
  return too_long(limit);
}

std::string drafting::too_long(std::size_t limit) const {
  const auto n = code_points(v_.e.text);
  if (n <= limit) return "";
  return screens_.say(limit == text_max ? "cannot.long_text" : "cannot.long_caption",
                      {{"n", screens_.chars(static_cast<std::int64_t>(n))},
                       {"max", talk::spaced(static_cast<std::int64_t>(limit))}});
}

void drafting::put_content(draft& d) const {
  d.id = v_.e.update_id;
  d.album = v_.e.album;
  d.album_at = v_.now;
  d.pieces = {piece_of_event()};
  d.forwarded = v_.e.forwarded;
  d.from_chat = d.forwarded ? v_.e.from.user_id : 0;
  d.with_author = false;
  if (!can_be_paid(d)) d.paid = false;
}

outcome drafting::take_content() {
  const auto why = refusal();
  auto old = d_.kind == broadcast_kind::send ? d_ : draft{};
  if (!why.empty()) { // an album is refused as a whole: its other items find no place
    if (old.pieces.empty() || !v_.e.album.empty()) {
      old.pieces.clear();
      old.id = v_.e.update_id;
      old.album = v_.e.album;
    }
    d_ = old;
    return ask_again(why);
  }
  d_ = old;
  d_.offered.clear();
  put_content(d_);
  auto o = draft_screen();
  if (!d_.album.empty()) o.slot = "compose:" + d_.album; // the others of it change this very screen
  return o;
}

/// Another item of the album. False: nothing changes; with a reason the album has no items any more.
bool drafting::join(draft& d, std::string& why) const {
  const auto item = piece_of_event();
  const bool there =
      std::any_of(d.pieces.begin(), d.pieces.end(), [&](auto& x) { return x.message_id == item.message_id; });
  if (d.pieces.empty() || there || d.pieces.size() >= album_max) return false;
  why = refusal();
  if (why.empty() && !d.forwarded && !go_together(d.pieces.front().kind, item.kind))
    why = screens_.say("cannot.mixed");
  d.id = v_.e.update_id;
  d.album_at = v_.now;
  if (!why.empty()) return d.pieces.clear(), true;
  d.pieces.push_back(item);
  std::sort(d.pieces.begin(), d.pieces.end(), [](auto& x, auto& y) { return x.message_id < y.message_id; });
  if (!can_be_paid(d)) d.paid = false;
  return true;
}

outcome drafting::add_to_album() {
  std::string why;
  if (!join(d_, why)) return result({});
  if (!why.empty()) return ask_again(why);
  auto screen = talk::show(screens_.draft_card(d_), v_.e.from.user_id);
  screen.slot = "compose:" + d_.album;
  screen.urgency = lane::progress; // of ten edits in a row the last is enough
  auto o = result({}, step::draft);
  o.messages.push_back(std::move(screen));
  return o;
}

outcome drafting::add_to_offered() {
  auto other = read_draft(d_.offered);
  std::string why;
  if (!join(other, why)) return result({});
  d_.offered = write_draft(other);
  if (!why.empty())
    return result(screens_.draft_card(d_, why + "\n" + screens_.say("content_stays")), step::draft);
  auto screen = talk::show(screens_.ask_replace(d_, other), v_.e.from.user_id);
  screen.slot = "compose:" + other.album;
  screen.urgency = lane::progress;
  auto o = result({}, step::draft);
  o.messages.push_back(std::move(screen));
  return o;
}

outcome drafting::take_links() {
  auto links = d_.links;
  std::istringstream lines{v_.e.text};
  for (std::string line; std::getline(lines, line);) {
    if (blank(line)) continue;
    const auto l = read_link(line);
    if (!l)
      return result(screens_.ask_links(
          d_, screens_.say("bad_link", {{"line", telegram::escape_html(telegram::shorten(line, 100))}})));
    links.push_back(*l);
  }
  if (links.size() > links_max)
    return result(screens_.ask_links(d_, screens_.say("many_links", {{"n", std::to_string(links_max)}})));
  d_.links = std::move(links);
  return changed();
}

outcome drafting::take_time() {
  const auto m = read_moment(v_.e.text, v_.now);
  if (m.what != moment::is::good) {
    const char* why = m.what == moment::is::past      ? "time_past"
                      : m.what == moment::is::too_far ? "time_far"
                                                      : "time_unclear";
    return result(screens_.ask_time(d_, v_.now, screens_.say(why)));
  }
  d_.starts_at = m.at;
  return changed();
}

outcome drafting::take_edit() {
  const auto& e = v_.e;
  const auto limit = d_.method == "editMessageText" ? text_max : caption_max;
  const bool words = e.file_id.empty() && e.kind == event_kind::text && !blank(e.text);
  const auto why = words ? too_long(limit) : screens_.say("edit_text_only");
  if (!why.empty()) return result(screens_.ask_edit(d_, why));
  d_.pieces = {{"text", "", e.text, e.entities, e.message_id}};
  d_.id = e.update_id;
  auto o = result(screens_.confirm_edit(d_));
  o.before.push_back(shown_to_me(edited_text_of(d_)));
  return o;
}

// -- Buttons --------------------------------------------------------------------------------------------

bool drafting::arriving() const { return !d_.album.empty() && v_.now - d_.album_at < album_wait; }

outcome drafting::take_press(const press& p) {
  if (d_.id == 0) return result({}, "", screens_.say("toast.gone"));
  const bool sends = d_.kind == broadcast_kind::send;
  if (sends && d_.pieces.empty()) return ask_again("");
  if (p.numbers.empty() || p.numbers[0] != d_.id)
    return sends ? draft_screen(screens_.say("toast.changed")) : result({}, "", screens_.say("toast.gone"));
  if (p.action == "go") return confirm();
  if (p.action == "rep" || p.action == "keep") return answer_offer(p);
  if (!sends) return result({}, "", screens_.say("toast.gone"));
  if (arriving()) return draft_screen(screens_.say("toast.arriving"));
  if (p.action == "back") return draft_screen();
  if (p.action == "show") return preview();
  if (p.action == "sum") return summary();
  if (p.action == "aud") return result(screens_.choose_audience(d_), step::draft);
  if (p.action == "btn" && can_have_buttons(d_)) return result(screens_.ask_links(d_), step::links);
  if (p.action == "when") return result(screens_.ask_time(d_, v_.now), step::time);
  if (p.action == "swap") return result(screens_.ask_content(), step::content);
  if (p.action == "drop") {
    d_ = {};
    return result(screens_.dropped(), "home");
  }
  if (const auto o = set_option(p)) return *o;
  return draft_screen();
}

std::optional<outcome> drafting::set_option(const press& p) {
  const auto first = p.numbers.size() > 1 ? p.numbers[1] : 0;
  if (p.action == "scr") return add_screen(first);
  if (p.action == "btnx") d_.links.clear();
  else if (p.action == "now") d_.starts_at = 0;
  else if (p.action == "snd") d_.silent = !d_.silent;
  else if (p.action == "lnk") d_.previews = !d_.previews;
  else if (p.action == "fwd" && d_.forwarded) d_.with_author = !d_.with_author;
  else if (p.action == "paid")
    d_.paid = !d_.paid && set_.opts.telegram.paid_messages_per_second > 0 && can_be_paid(d_);
  else if (p.action == "cat")
    d_.to.category = d_.to.category == "news" ? "offers" : d_.to.category == "offers" ? "service" : "news";
  else if (p.action == "spd") {
    const auto all = rate_of(set_.opts, d_.paid, 0);
    auto next = std::find(std::begin(speeds), std::end(speeds), d_.per_second);
    if (next != std::end(speeds)) ++next;
    while (next != std::end(speeds) && *next >= all) ++next;
    d_.per_second = next == std::end(speeds) ? 0 : *next;
  } else if (p.action == "ak" && p.numbers.size() == 3) {
    const auto days = p.numbers[2];
    const bool known = days == 0 || std::find(std::begin(audience_days), std::end(audience_days), days) !=
                                        std::end(audience_days);
    const auto kind = static_cast<audience_kind>(std::min<std::int64_t>(first, 5));
    const bool needs_days = kind == audience_kind::active || kind == audience_kind::fresh;
    if (!known || first > 5 || needs_days != (days > 0)) return {};
    d_.to.kind = kind, d_.to.days = static_cast<int>(days);
  } else if (p.action == "al") d_.to.language = first == 1 ? "ru" : first == 2 ? "en" : "";
  else return {};
  if (!can_be_paid(d_)) d_.paid = false;
  if (p.action != "ak" && p.action != "al") return changed();
  d_.id = v_.e.update_id; // who and in which language are chosen on one screen
  return result(screens_.choose_audience(d_), step::draft);
}

outcome drafting::add_screen(std::int64_t which) {
  if (which >= static_cast<std::int64_t>(std::size(bot_screens)) || !can_have_buttons(d_))
    return draft_screen();
  if (d_.links.size() >= links_max)
    return result(screens_.ask_links(d_, screens_.say("many_links", {{"n", std::to_string(links_max)}})));
  const std::string name = bot_screens[which];
  const auto language = d_.to.language.empty() ? language_ : d_.to.language;
  d_.links.push_back({set_.words.get(language, "cast_button.screen_" + name), "", "new:" + name});
  return changed();
}

/// "Replace it?" was answered.
outcome drafting::answer_offer(const press& p) {
  const auto other = read_draft(d_.offered);
  if (other.pieces.empty() || p.numbers.size() != 2 || p.numbers[1] != other.id)
    return draft_screen(screens_.say("toast.changed"));
  if (p.action == "keep") {
    d_.offered.clear();
    return draft_screen(screens_.say("toast.kept"));
  }
  if (!other.album.empty() && v_.now - other.album_at < album_wait)
    return result(screens_.ask_replace(d_, other), step::draft, screens_.say("toast.arriving"));
  d_ = other;
  return changed(screens_.say("toast.replaced"));
}

/// To the administrator himself. Should Telegram refuse it, nobody else will get it either.
outgoing drafting::shown_to_me(const call& c) const {
  const auto me = v_.e.from.user_id;
  auto p = own_json::read(c.params);
  p["chat_id"] = me;
  outgoing m;
  m.chat_id = me;
  m.method = c.method;
  m.params = p.dump(-1, ' ', false, json::error_handler_t::replace);
  receipt told;
  told.chat_id = me;
  told.refused = talk::show({screens_.say("preview_refused"), {}}, me).params;
  m.told = std::make_shared<const receipt>(std::move(told));
  return m;
}

/// The very call that goes to all, but for the payment: one message needs no hurry.
static call free_call_of(draft d) {
  d.paid = false;
  return call_of(d);
}

outcome drafting::preview() {
  auto o = result({}, step::draft, screens_.say("toast.preview"));
  o.messages.push_back(shown_to_me(free_call_of(d_)));
  o.messages.push_back(talk::show(screens_.draft_card(d_), v_.e.from.user_id)); // at hand, below it
  return o;
}

/// The question stands under the message itself.
outcome drafting::summary() {
  const auto size = std::get_if<audience_size>(&v_.facts);
  const auto users = size ? size->users : 0;
  auto o = result(screens_.summary(d_, users), step::draft);
  if (users > 0) o.before.push_back(shown_to_me(free_call_of(d_)));
  return o;
}

outcome drafting::confirm() {
  if (d_.kind == broadcast_kind::send && arriving()) return draft_screen(screens_.say("toast.arriving"));
  if (d_.kind == broadcast_kind::edit && d_.pieces.empty()) return result({}, "", screens_.say("toast.gone"));
  if (d_.starts_at && d_.starts_at + grace < v_.now)
    return result(screens_.ask_time(d_, v_.now, screens_.say("time_past")), step::time);
  if (d_.paid && set_.opts.telegram.paid_messages_per_second == 0) {
    d_.paid = false;
    return changed(screens_.say("toast.changed"));
  }
  auto o = result({});
  o.op = open_broadcast{broadcast_of(d_, v_.e.from.user_id, language_), v_.now};
  return o;
}

outcome drafting::opened(const broadcast& b) {
  d_ = read_draft(d_.aside);
  if (b.broadcast_id == 0) return result({}, "home", screens_.say("toast.gone"));
  auto o = result(screens_.card(b, 0), "home",
                  screens_.say(b.starts_at > v_.now ? "toast.planned" : "toast.begun"));
  o.slot = cast_voice::slot_of(b.broadcast_id); // the confirmation becomes the progress message
  return o;
}

outcome drafting::begin_edit(const broadcast& b) {
  const auto d = edit_of(b, v_.e.update_id);
  if (!d || b.sent == 0) return result({}, "", screens_.say("toast.cannot_edit"));
  put_aside(*d);
  return result(screens_.ask_edit(d_), step::edit);
}

outcome drafting::begin_erase(const broadcast& b) {
  const auto d = erase_of(b, v_.e.update_id);
  if (!d || b.sent == 0) return result({}, "", screens_.say("toast.cannot_erase"));
  put_aside(*d);
  return result(screens_.confirm_erase(d_), "home");
}

outcome drafting::repeat(const broadcast& b) {
  const auto d = repeat_of(b, v_.e.update_id);
  if (!d) return result({}, "", screens_.say("toast.cannot_repeat"));
  d_ = *d;
  if (set_.opts.telegram.paid_messages_per_second == 0) d_.paid = false;
  auto o = draft_screen();
  o.new_message = true;
  return o;
}

} // namespace troupe::office
