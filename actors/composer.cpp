#include "actors/composer.hpp"
#include "actors/cast_draft.hpp"
#include "actors/cast_words.hpp"
#include "actors/when.hpp"
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace troupe::office {
namespace {

using nlohmann::json;
using telegram::event_kind;

constexpr int list_page = 8, recipients_page_size = 20;

bool starts(const std::string& s, const std::string& head) { return s.rfind(head, 0) == 0; }

bool is_content(event_kind k) {
  return k == event_kind::text || k == event_kind::photo || k == event_kind::other_media;
}

/// "b:erase:17:2" -> "erase", "17", "2"; the client's word.
std::vector<std::string> parts_of(const std::string& data) {
  std::vector<std::string> parts;
  for (std::size_t from = 2; from <= data.size();) {
    const auto colon = std::min(data.find(':', from), data.size());
    parts.push_back(data.substr(from, colon - from));
    from = colon + 1;
  }
  return parts;
}

std::int64_t number(const std::vector<std::string>& parts, std::size_t i) {
  std::int64_t n = 0;
  if (i >= parts.size()) return 0;
  const auto& s = parts[i];
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  return error == std::errc{} && end == s.data() + s.size() && n > 0 ? n : 0;
}

/// One event on its way through the composer.
class composing {
public:
  composing(const config::settings& set, const talk::painter& paint, const std::string& language,
            const visit& v)
      : set_{set}, paint_{paint}, language_{language}, v_{v}, d_{read_draft(v.memory.office)},
        parts_{v.e.kind == event_kind::button ? parts_of(v.e.data) : std::vector<std::string>{}} {}

  std::optional<office_question> asks() {
    if (is_command("broadcasts") || is("list")) return broadcasts_query{0, page() * list_page, list_page + 1};
    for (auto action :
         {"card", "pause", "resume", "stop", "stop_yes", "erase", "erase_yes", "edit", "edit_yes"})
      if (is(action)) return broadcasts_query{number(parts_, 1), 0, 1};
    if (is("unknown") || is("failed"))
      return recipients_query{
          number(parts_, 1), is("unknown") ? recipient_state::unknown : recipient_state::failed,
          static_cast<int>(number(parts_, 2)) * recipients_page_size, recipients_page_size + 1};
    if (d_.edit_of != 0 && is_content(v_.e.kind)) return broadcasts_query{d_.edit_of, 0, 1};
    if (shows_draft()) {
      change();
      return audience_query{d_.to, v_.now, 0};
    }
    return {};
  }

  outcome decide() {
    if (is_command("broadcast") || is("new")) return begin();
    if (is_command("broadcasts") || is("list")) return list();
    if (v_.e.kind == event_kind::button) return pressed();
    if (v_.memory.screen == "b.edit") return edited();
    if (v_.memory.screen == "b.buttons") return take_lines();
    if (v_.memory.screen == "b.time") return take_time();
    return take_new_content();
  }

  outcome acted(const broadcast_answer& a) {
    if (a.now.broadcast_id == 0) return out("", nothing("cast.gone"));
    outcome o;
    o.screen = progress_screen(paint_, a.now, 0);
    o.slot = cast_voice::slot_of(a.now.broadcast_id);
    o.step = "other";
    const bool sent = is("sure") || is("edit_sure");
    o.draft = sent ? "" : v_.memory.office;
    o.toast = paint_.say(a.changed ? "cast_toast.done" : "cast_toast.already");
    return o;
  }

private:
  bool is(const std::string& action) const { return !parts_.empty() && parts_[0] == action; }
  bool is_command(const char* name) const { return v_.e.kind == event_kind::command && v_.e.command == name; }
  int page() const { return static_cast<int>(std::min<std::int64_t>(number(parts_, 1), 1000)); }
  std::string say(const std::string& key, const config::texts::args& a = {}) const {
    return paint_.say(key, a);
  }
  talk::button press(const std::string& key, const std::string& data) const {
    return {say("cast_button." + key), "b:" + data};
  }
  std::vector<talk::button> back(const std::string& data) const {
    return {{say("button.back"), data}, {say("button.home"), "home"}};
  }
  talk::screen nothing(const std::string& key) const { return {say(key), {back("b:list")}}; }

  outcome out(const std::string& step, talk::screen s, const std::string& toast = "") const {
    outcome o;
    o.screen = std::move(s);
    o.step = step.empty() ? v_.memory.screen : step;
    o.draft = d_.id != 0 ? write_draft(d_) : "";
    o.toast = toast;
    return o;
  }
  outcome only_toast(const std::string& key) const {
    outcome o;
    o.toast = say(key);
    o.draft = v_.memory.office;
    return o;
  }

  // -- Writing --------------------------------------------------------------------------------------

  outcome begin() {
    d_ = {};
    d_.id = v_.e.update_id;
    d_.to.category = "news";
    return out("b.content", {say("cast.ask"), {back("o:menu")}});
  }

  outcome take_new_content() {
    if (d_.id == 0) d_.id = v_.e.update_id;
    const bool more = !v_.e.album.empty() && v_.e.album == d_.album;
    if (const auto why = take_content(d_, v_.e); !why.empty())
      return out("b.content", {say(why), {back(d_.empty() ? "o:menu" : "b:draft")}});
    auto o = out("b.draft", draft_screen(), "");
    o.slot = "compose:" + std::to_string(d_.id); // further pictures of an album change the same message
    if (!more && d_.kind != "album") o.slot.clear();
    return o;
  }

  outcome take_lines() {
    if (const auto wrong = take_buttons(d_, v_.e.text))
      return out("b.buttons",
                 {say("cast.wrong_button", {{"line", telegram::escape_html(telegram::shorten(*wrong, 100))}}),
                  {back("b:draft")}});
    return out("b.draft", draft_screen());
  }

  outcome take_time() {
    const auto at = read_moment(v_.e.text, v_.now);
    if (!at)
      return out("b.time", {say("cast.wrong_time", {{"now", talk::clock_text(v_.now)}}), {back("b:draft")}});
    d_.starts_at = *at;
    return out("b.draft", draft_screen());
  }

  /// Does this event end on the draft's screen? Then its audience is counted.
  bool shows_draft() const {
    if (d_.edit_of != 0) return false;
    if (v_.e.kind == event_kind::button) {
      for (auto a : {"draft", "lang", "cat", "sound", "link", "author", "paid", "now", "to", "button",
                     "nobuttons", "go", "sure"})
        if (is(a)) return d_.id != 0;
      return false;
    }
    return starts(v_.memory.screen, "b.") && v_.e.kind != event_kind::command;
  }

  /// What a button of the draft changes.
  void change() {
    if (is("lang")) d_.to.language = d_.to.language.empty() ? "ru" : d_.to.language == "ru" ? "en" : "";
    if (is("cat"))
      d_.to.category = d_.to.category == "news" ? "offers" : d_.to.category == "offers" ? "service" : "news";
    if (is("sound")) d_.silent = !d_.silent;
    if (is("link")) d_.link_preview = !d_.link_preview;
    if (is("author")) {
      d_.author = !d_.author;
      if (!d_.may_have_buttons()) d_.buttons.clear();
    }
    if (is("paid")) d_.paid = !d_.paid && set_.opts.telegram.paid_messages_per_second > 0;
    if (is("now")) d_.starts_at = 0;
    if (is("nobuttons")) d_.buttons.clear();
    if (is("to") && parts_.size() > 2) {
      d_.to.kind = static_cast<audience_kind>(std::clamp<std::int64_t>(number(parts_, 1) - 1, 0, 5));
      d_.to.days = static_cast<int>(std::min<std::int64_t>(number(parts_, 2), 3650));
    }
    if (is("button") && parts_.size() > 1 && d_.may_have_buttons() && d_.buttons.size() < buttons_max)
      for (auto [screen, key] : {std::pair{"gen", "generate"}, {"buy", "buy"}, {"help", "help"}})
        if (parts_[1] == screen) d_.buttons.emplace_back(say(std::string{"button."} + key), screen);
  }

  outcome pressed() {
    if (d_.edit_of == 0 && shows_draft()) {
      change();
      if (is("go")) return d_.id == number(parts_, 1) ? confirm() : only_toast("toast.outdated");
      if (is("sure")) return send();
      return out("b.draft", draft_screen());
    }
    if (is("drop")) {
      d_ = {};
      return out("other", {say("cast.dropped"), {back("o:menu")}});
    }
    if (is("view")) return preview();
    if (is("buttons")) return out("b.buttons", buttons_screen());
    if (is("who")) return out("b.draft", audience_screen());
    if (is("when"))
      return out("b.time", {say("cast.ask_time", {{"now", talk::clock_text(v_.now)}}), {back("b:draft")}});
    if (is("content")) return out("b.content", {say("cast.ask"), {back("b:draft")}});
    if (is("edit_sure")) return send_edit();
    return with_broadcast();
  }

  std::int64_t audience() const {
    const auto* n = std::get_if<audience_size>(&v_.facts);
    return n ? n->users : 0;
  }
  int rate() const {
    auto& t = set_.opts.telegram;
    return std::max(1, d_.paid ? t.paid_messages_per_second : t.bulk_messages_per_second);
  }
  std::string audience_text() const {
    auto text = say(std::string{"audience."} + name_of(d_.to.kind), {{"n", std::to_string(d_.to.days)}});
    if (!d_.to.language.empty()) text += ", " + say("cast.only_" + d_.to.language);
    return text;
  }

  talk::screen draft_screen() const {
    const auto n = audience();
    std::string text =
        say("cast.draft", {{"kind", say("cast_kind." + (d_.empty() ? std::string{"text"} : d_.kind))},
                           {"title", telegram::escape_html(title_of(d_))},
                           {"audience", audience_text()},
                           {"n", paint_.count("people", n)},
                           {"category", say("category." + d_.to.category)},
                           {"when", d_.starts_at ? talk::clock_text(d_.starts_at) : say("cast.at_once")},
                           {"time", duration_text(paint_, static_cast<double>(n) / rate())},
                           {"rate", std::to_string(rate())}});
    if (d_.kind == "album") text += "\n" + say("cast.album_has", {{"n", std::to_string(d_.files.size())}});
    for (auto& [label, target] : d_.buttons)
      text += "\n[ " + telegram::escape_html(label) + " ] " + telegram::escape_html(target);
    if (d_.paid) text += "\n" + say("cast.paid_cost", {{"stars", grouped((n + 9) / 10)}});
    talk::keyboard rows{{press("view", "view"), press("content", "content")},
                        {press("who", "who"), press("when", "when")}};
    if (d_.may_have_buttons()) rows.push_back({press("buttons", "buttons")});
    rows.push_back({press(d_.to.language.empty() ? "lang_all" : "lang_" + d_.to.language, "lang"),
                    press("cat_" + d_.to.category, "cat")});
    std::vector<talk::button> options{press(d_.silent ? "silent" : "loud", "sound")};
    if (d_.kind == "text") options.push_back(press(d_.link_preview ? "link_on" : "link_off", "link"));
    if (d_.kind == "post") options.push_back(press(d_.author ? "author_on" : "author_off", "author"));
    rows.push_back(options);
    if (set_.opts.telegram.paid_messages_per_second > 0)
      rows.push_back({press(d_.paid ? "paid_on" : "paid_off", "paid")});
    if (d_.starts_at) rows.push_back({press("now", "now")});
    rows.push_back({press("go", "go:" + std::to_string(d_.id)), press("drop", "drop")});
    return {text, rows};
  }

  talk::screen audience_screen() const {
    talk::keyboard rows;
    const auto row = [&](audience_kind k, int days) {
      rows.push_back({{say(std::string{"audience."} + name_of(k), {{"n", std::to_string(days)}}),
                       "b:to:" + std::to_string(static_cast<int>(k) + 1) + ":" + std::to_string(days)}});
    };
    row(audience_kind::everyone, 0), row(audience_kind::active, 7), row(audience_kind::active, 30);
    row(audience_kind::fresh, 7), row(audience_kind::paid, 0), row(audience_kind::never_paid, 0);
    row(audience_kind::with_balance, 0);
    rows.push_back(back("b:draft"));
    return {say("cast.ask_who"), rows};
  }

  talk::screen buttons_screen() const {
    talk::keyboard rows;
    for (auto [screen, key] : {std::pair{"gen", "generate"}, {"buy", "buy"}, {"help", "help"}})
      rows.push_back({{"＋ " + say(std::string{"button."} + key), std::string{"b:button:"} + screen}});
    if (!d_.buttons.empty()) rows.push_back({press("nobuttons", "nobuttons")});
    rows.push_back(back("b:draft"));
    return {say("cast.ask_buttons"), rows};
  }

  /// The very call that everybody gets, to oneself.
  outcome preview() {
    if (d_.empty()) return only_toast("toast.outdated");
    const auto call = call_of(d_, v_.e.from.user_id);
    outgoing m;
    m.chat_id = v_.e.from.user_id;
    m.method = call.method;
    auto p = json::parse(call.params);
    p["chat_id"] = m.chat_id;
    m.params = p.dump();
    outcome o;
    o.draft = write_draft(d_);
    o.messages.push_back(std::move(m));
    o.toast = say("cast_toast.preview");
    return o;
  }

  outcome confirm() {
    if (d_.empty()) return only_toast("toast.outdated");
    if (audience() == 0) return out("b.draft", draft_screen(), say("cast_toast.nobody"));
    auto text =
        say("cast.sure", {{"n", paint_.count("people_dative", audience())},
                          {"time", duration_text(paint_, static_cast<double>(audience()) / rate())},
                          {"when", d_.starts_at ? talk::clock_text(d_.starts_at) : say("cast.at_once")}});
    if (d_.paid) text += "\n" + say("cast.paid_cost", {{"stars", grouped((audience() + 9) / 10)}});
    return out("b.draft", {text, {{press("sure", "sure:" + std::to_string(d_.id))}, back("b:draft")}});
  }

  outcome send() {
    if (d_.empty() || d_.id != number(parts_, 1)) return only_toast("toast.outdated");
    open_broadcast o;
    o.at = v_.now;
    o.what = basis("c" + std::to_string(d_.id));
    const auto call = call_of(d_, v_.e.from.user_id);
    o.what.method = call.method, o.what.params = call.params;
    o.what.title = title_of(d_);
    o.what.to = d_.to;
    // Telegram has no paid way for several copies at once.
    o.what.paid = d_.paid && call.method != "copyMessages" && call.method != "forwardMessages";
    o.what.starts_at = d_.starts_at;
    outcome result;
    result.op = std::move(o);
    return result;
  }

  broadcast basis(const std::string& key) const {
    broadcast b;
    b.key = key;
    b.admin_id = v_.e.from.user_id;
    b.admin_language = language_;
    return b;
  }

  // -- Of those that run or have run ----------------------------------------------------------------

  const broadcast* found() const {
    const auto* page = std::get_if<broadcasts_page>(&v_.facts);
    return page && !page->all.empty() ? &page->all.front() : nullptr;
  }

  outcome list() {
    const auto* p = std::get_if<broadcasts_page>(&v_.facts);
    auto all = p ? p->all : std::vector<broadcast>{};
    const bool more = all.size() > list_page;
    if (more) all.resize(list_page);
    talk::keyboard rows;
    for (auto& b : all)
      rows.push_back({{say(std::string{"cast_mark."} + name_of(b.state)) + " №" +
                           std::to_string(b.broadcast_id) + " " + telegram::shorten(b.title, 30),
                       "b:card:" + std::to_string(b.broadcast_id)}});
    std::vector<talk::button> turn;
    if (page() > 0) turn.push_back({"◀", "b:list:" + std::to_string(page() - 1)});
    if (more) turn.push_back({"▶", "b:list:" + std::to_string(page() + 1)});
    if (!turn.empty()) rows.push_back(turn);
    rows.push_back({press("new", "new")});
    rows.push_back(back("o:menu"));
    return out("other", {say(all.empty() ? "cast.none" : "cast.list"), rows});
  }

  talk::screen card(const broadcast& b) const {
    auto s = progress_screen(paint_, b, 0);
    if (b.starts_at > v_.now) s.text += "\n" + talk::clock_text(b.starts_at);
    s.buttons.push_back({press("refresh", "card:" + std::to_string(b.broadcast_id))});
    s.buttons.push_back(back("b:list"));
    return s;
  }

  outcome with_broadcast() {
    if (is("unknown") || is("failed")) return recipients();
    const auto* b = found();
    if (!b) return only_toast("toast.unknown");
    const auto id = std::to_string(b->broadcast_id);
    if (is("card")) return out("other", card(*b));
    if (is("pause")) return step(*b, broadcast_state::paused);
    if (is("resume")) return step(*b, broadcast_state::running);
    if (is("stop_yes")) return step(*b, broadcast_state::stopped);
    if (is("stop"))
      return out("other", {head_of(paint_, *b) + "\n\n" + say("cast.stop_sure"),
                           {{press("stop_yes", "stop_yes:" + id)}, back("b:card:" + id)}});
    if (b->kind != broadcast_kind::send) return only_toast("toast.unknown");
    if (is("erase"))
      return out("other", {head_of(paint_, *b) + "\n\n" +
                               say("cast.erase_sure", {{"n", paint_.count("messages", b->sent)}}),
                           {{press("erase_yes", "erase_yes:" + id + ":" + std::to_string(v_.e.update_id))},
                            back("b:card:" + id)}});
    if (is("erase_yes")) return erase(*b);
    if (is("edit")) return ask_edit(*b);
    return only_toast("toast.unknown");
  }

  outcome step(const broadcast& b, broadcast_state to) {
    broadcast_step s;
    s.broadcast_id = b.broadcast_id;
    s.at = v_.now;
    s.to = to;
    s.admin_id = v_.e.from.user_id;
    outcome o;
    o.op = std::move(s);
    return o;
  }

  outcome erase(const broadcast& b) {
    open_broadcast o;
    o.at = v_.now;
    o.what = basis("e" + std::to_string(b.broadcast_id) + "-" + std::to_string(number(parts_, 2)));
    o.what.kind = broadcast_kind::erase;
    o.what.of_broadcast = b.broadcast_id;
    o.what.method = "deleteMessage", o.what.params = "{}";
    o.what.title = b.title;
    outcome result;
    result.op = std::move(o);
    return result;
  }

  outcome ask_edit(const broadcast& b) {
    cast_draft probe;
    probe.kind = "text";
    if (!edit_call(probe, b))
      return out("other", {say("cast.no_edit"), {back("b:card:" + std::to_string(b.broadcast_id))}});
    d_ = {};
    d_.id = v_.e.update_id;
    d_.edit_of = b.broadcast_id;
    return out("b.edit", {head_of(paint_, b) + "\n\n" + say("cast.ask_edit"),
                          {back("b:card:" + std::to_string(b.broadcast_id))}});
  }

  outcome edited() {
    const auto* b = found();
    if (!b || v_.e.kind != event_kind::text)
      return out("b.edit", nothing(b ? "cast.edit_text_only" : "cast.gone"));
    const auto id = d_.id, of = d_.edit_of;
    d_ = {};
    d_.id = id, d_.edit_of = of, d_.kind = "text", d_.text = v_.e.text, d_.entities = v_.e.entities;
    const auto call = edit_call(d_, *b);
    if (!call) return out("b.edit", {say("cast.long_caption"), {back("b:card:" + std::to_string(of))}});
    d_.source.clear();
    d_.files = {{call->method, call->params}}; // ready for the press on "sure"
    return out(
        "b.edit",
        {head_of(paint_, *b) + "\n\n" + say("cast.edit_sure", {{"n", paint_.count("messages", b->sent)}}),
         {{press("edit_sure", "edit_sure:" + std::to_string(d_.id))}, back("b:card:" + std::to_string(of))}});
  }

  outcome send_edit() {
    if (d_.edit_of == 0 || d_.id != number(parts_, 1) || d_.files.empty())
      return only_toast("toast.outdated");
    open_broadcast o;
    o.at = v_.now;
    o.what = basis("d" + std::to_string(d_.id));
    o.what.kind = broadcast_kind::edit;
    o.what.of_broadcast = d_.edit_of;
    o.what.method = d_.files.front().first, o.what.params = d_.files.front().second;
    o.what.title = title_of(d_);
    outcome result;
    result.op = std::move(o);
    return result;
  }

  outcome recipients() {
    const auto* p = std::get_if<recipients_page>(&v_.facts);
    if (!p || p->of.broadcast_id == 0) return only_toast("toast.unknown");
    auto all = p->all;
    const bool more = all.size() > recipients_page_size;
    if (more) all.resize(recipients_page_size);
    auto text =
        head_of(paint_, p->of) + "\n\n" + say(is("unknown") ? "cast.unknown_list" : "cast.failed_list");
    for (auto& r : all)
      text += "\n<code>" + std::to_string(r.user_id) + "</code>" +
              (r.why.empty() ? "" : " " + telegram::escape_html(telegram::shorten(r.why, 60)));
    const auto id = std::to_string(p->of.broadcast_id);
    const auto at = number(parts_, 2);
    std::vector<talk::button> turn;
    if (at > 0) turn.push_back({"◀", "b:" + parts_[0] + ":" + id + ":" + std::to_string(at - 1)});
    if (more) turn.push_back({"▶", "b:" + parts_[0] + ":" + id + ":" + std::to_string(at + 1)});
    talk::keyboard rows;
    if (!turn.empty()) rows.push_back(turn);
    rows.push_back(back("b:card:" + id));
    return out("other", {text, rows});
  }

  const config::settings& set_;
  const talk::painter& paint_;
  const std::string& language_;
  const visit& v_;
  cast_draft d_;
  std::vector<std::string> parts_;
};

} // namespace

bool composer::concerns(const telegram::event& e, const talk::memory& m) {
  if (e.group_id != 0) return false;
  if (e.kind == event_kind::command) return e.command == "broadcast" || e.command == "broadcasts";
  if (e.kind == event_kind::button) return starts(e.data, "b:");
  return is_content(e.kind) && starts(m.screen, "b.");
}

std::optional<office_question> composer::asks(const visit& v) const {
  return composing{set_, paint_, language_, v}.asks();
}
outcome composer::decide(const visit& v) const { return composing{set_, paint_, language_, v}.decide(); }
outcome composer::acted(const visit& v, const answer& a) const {
  const auto* b = std::get_if<broadcast_answer>(&a);
  return composing{set_, paint_, language_, v}.acted(b ? *b : broadcast_answer{});
}

} // namespace troupe::office
