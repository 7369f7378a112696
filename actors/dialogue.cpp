#include "actors/dialogue.hpp"
#include "actors/composer.hpp"
#include "actors/dialogue_words.hpp"
#include "actors/feedback.hpp"
#include "actors/whole.hpp"
#include "actors/preset_screens.hpp"
#include "actors/receipt_contact.hpp"
#include "actors/till.hpp"
#include "actors/typed_number.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

using nlohmann::json;
using talk::draft;
using talk::of_draft;
using talk::read_button;
using talk::whole;
using telegram::event;
using telegram::event_kind;

constexpr unix_ms minute = 60'000;
constexpr unix_ms ban_told_every = 10 * minute;
constexpr int burst_max = 10, burst_per_minute = 30; // messages of one person
constexpr unix_ms burst_told_every = 10'000;
constexpr int burst_pause_s = 10;
constexpr const char* mutable_categories[] = {"news", "offers"};

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

bool starts(const std::string& s, std::string_view head) { return s.rfind(head, 0) == 0; }

/// One event on its way through the dialogue.
class scene {
public:
  scene(const config::settings& set, const event& e, const account& who, unix_ms now)
      : set_{set}, opts_{set.opts}, models_{set.models}, presets_{set.presets}, e_{e}, who_{who}, now_{now},
        language_{config::texts::language_for(who.language.empty() ? e.from.language : who.language)},
        words_{set.words}, paint_{words_, language_}, voice_{words_, opts_}, m_{talk::read_memory(
                                                                                 who.state)} {
    // A question of the office is void once something else is done.
    if (is_action() && starts(m_.screen, "o.sure") && (!desk_concerned() || e_.letter_of != 0))
      m_.screen = "other";
    if (who_.rank == role::none) leave_office();
  }

  dialogue::decision decide(const screen_facts& f) {
    sales_ = f.sales;
    seats_ = f.seats.empty() ? office_board{}.seats(opts_, right::answer) : f.seats;
    looked_ = f.picture;
    if (e_.group_id != 0) return in_group(f.office);
    if (e_.kind == event_kind::edited && !is_about_request()) return {who_.state, {}, {}};
    if (is_action() && !may_act()) return finish();
    if (writes_to_user(f.office) || has_no_addressee()) return finish();
    if (e_.kind == event_kind::button || e_.kind == event_kind::command) m_.told = {};
    if (const auto o = at_office(f.office)) return finish(*o);
    switch (e_.kind) {
    case event_kind::text:
    case event_kind::photo: take_input(); break;
    case event_kind::command: take_command(f); break;
    case event_kind::button: take_button(f); break;
    case event_kind::other_media: take_media(); break;
    case event_kind::edited: take_edit(); break;
    case event_kind::payment: take_payment(); break;
    case event_kind::payment_refunded: take_refund(); break;
    default: return {who_.state, {}, {}};
    }
    return finish();
  }

  dialogue::decision written(const screen_facts& f, const writing_outcome& o) {
    outcome_ = o;
    return decide(f);
  }

  dialogue::decision settled(const payment_answer& a) {
    switch (e_.kind) {
    case event_kind::payment: thank(a); break;
    case event_kind::payment_refunded: note_refund(a); break;
    case event_kind::button: purchase_stored(a); break;
    default: break;
    }
    return finish();
  }

  /// What an administrator's event needs to know.
  std::optional<office_question> office_question_of() const {
    const office_facts none;
    if (const auto user = written_to()) return user_query{*user, {}};
    if (composer_concerned()) return composer().asks(visit(none));
    if (desk_concerned()) return desk().asks(visit(none));
    return {};
  }

  dialogue::decision acted(const office::answer& a) {
    const office_facts none;
    return finish(composer_concerned() ? composer().acted(visit(none), a) : desk().acted(visit(none), a));
  }

  dialogue::decision stepped(const step_answer& a) {
    const office_facts none;
    if (desk_concerned()) return finish(desk().stepped(visit(none), a));
    tell_cancelled(a);
    return finish();
  }

  dialogue::decision ordered(const order_answer& a, const sales_facts& sales) {
    sales_ = sales;
    count_press();
    if (a.outcome == order_outcome::accepted) celebrate(a);
    else refuse(a);
    return finish();
  }

private:
  // -- The office -----------------------------------------------------------------------------------

  bool can(right what) const { return may(who_.rank, what); }
  bool composer_concerned() const { return can(right::look) && office::composer::concerns(e_, m_); }
  bool desk_concerned() const { return can(right::look) && office::desk::concerns(e_, m_); }
  /// What was in hand there is void, and nothing that is typed or sent means it any more.
  void leave_office() {
    if (starts(m_.screen, "o.") || starts(m_.screen, "b:")) m_.screen = "other";
    m_.office.clear();
    m_.told = {};
  }
  office::composer composer() const { return {set_, language_}; }
  office::desk desk() const { return {set_, language_}; }
  office::visit visit(const office_facts& f) const { return {e_, who_, m_, sales_, f, now_}; }

  /// Nothing when it is a user's event, or an administrator's as a user.
  std::optional<office::outcome> at_office(const office_facts& f) const {
    if (composer_concerned()) return composer().decide(visit(f));
    if (desk_concerned()) return desk().decide(visit(f));
    return {};
  }

  dialogue::decision finish(const office::outcome& o) {
    if (o.op || o.step_of_job) {
      dialogue::decision d;
      d.state = who_.state;
      d.office = o.op;
      d.step = o.step_of_job;
      return d; // `acted` and `stepped` answer the press
    }
    if (!o.step.empty()) m_.screen = o.step;
    m_.office = o.draft;
    if (o.wrote_to != 0) remember_words(o.wrote_to, false);
    toast(o.toast);
    for (auto& m : o.before) messages_.push_back(m);
    if (o.screen) {
      const bool edit =
          e_.kind == event_kind::button && e_.message_id != 0 && !o.new_message && o.before.empty();
      messages_.push_back(talk::show(*o.screen, e_.from.user_id, edit ? e_.message_id : 0));
      messages_.back().slot = o.slot;
    }
    for (auto& m : o.messages) messages_.push_back(m);
    settings_ = o.settings;
    journal_ = o.journal;
    uses_.insert(uses_.end(), o.uses.begin(), o.uses.end());
    return finish();
  }

  // -- Who may act, and how fast --------------------------------------------------------------------

  /// What a person does, unlike money that comes or a chat that is blocked.
  bool is_action() const {
    return telegram::is_content(e_.kind) || e_.kind == event_kind::command || e_.kind == event_kind::button ||
           e_.kind == event_kind::edited;
  }

  /// False: all that is to be said has been said. People of the office may act always.
  bool may_act() {
    if (who_.rank != role::none) return true;
    if (who_.banned) return tell_ban(), false;
    if (floods()) return false;
    if (m_.actions.allows(now_, opts_.users.actions_per_minute)) return true;
    toast(say("limit.toast"));
    if (m_.actions.may_warn(now_)) messages_.push_back(talk::show({say("limit.text"), {}}, e_.from.user_id));
    return false;
  }

  /// Thirty messages in ten seconds are answered with one word, not with thirty screens. Pressing may be
  /// quick, and the photos of an album come at once.
  bool floods() {
    const bool album = !e_.album.empty() && m_.work && m_.work->album == e_.album;
    if (!telegram::is_content(e_.kind) || album || m_.messages.allows(now_, burst_max, burst_per_minute))
      return false;
    if (m_.messages.may_warn(now_, burst_told_every))
      messages_.push_back(
          talk::show({say("limit.burst", {{"n", std::to_string(burst_pause_s)}}), {}}, e_.from.user_id));
    return true;
  }

  void tell_ban() {
    if (e_.kind == event_kind::button) return toast(say("ban.toast"));
    if (m_.ban_told != 0 && now_ - m_.ban_told < ban_told_every) return;
    m_.ban_told = now_;
    const bool known = !who_.ban_reason.empty();
    const auto text =
        known ? say("ban.text_for", {{"why", telegram::escape_html(who_.ban_reason)}}) : say("ban.text");
    messages_.push_back(talk::show({text, {}}, e_.from.user_id));
  }

  // -- Feedback and broadcasts ----------------------------------------------------------------------

  /// Of a group count an administrator's answer to feedback, and what becomes of the group; neither leaves a
  /// trace in anybody's own dialogue. A press there, or under an inline message, is answered, or the button
  /// spins.
  dialogue::decision in_group(const office_facts& f) {
    if (e_.kind == event_kind::button) {
      toast(say("toast.elsewhere"));
      dialogue::decision pressed;
      pressed.state = who_.state;
      pressed.messages.push_back(answer());
      return pressed;
    }
    dialogue::decision d;
    d.state = who_.state;
    const auto ours = [&](auto& seat) { return seat.chat_id == e_.group_id; };
    if (std::none_of(seats_.begin(), seats_.end(), ours)) return d;
    if (e_.kind == event_kind::group_moved)
      d.settings.emplace_back("moved:" + std::to_string(e_.group_id), std::to_string(e_.moved_to));
    if (e_.kind == event_kind::unblocked) d.group_is_back = e_.group_id;
    if (!writes_to_user(f) && dialogue::may_be_answer(e_, who_))
      messages_.push_back(talk::show({say("feedback.whose"), {}}, e_.group_id));
    d.messages = std::move(messages_);
    d.journal = std::move(journal_);
    d.uses = std::move(uses_);
    return d;
  }

  /// What Telegram brings in several messages is said to the user as one. A group shows only what answers the
  /// bot there.
  bool words_go_on() const {
    if (m_.told.user_id == 0 || e_.group_id != 0 || !telegram::is_content(e_.kind)) return false;
    if (!e_.album.empty()) return e_.album == m_.told.album;
    return e_.kind == event_kind::text && m_.told.at != 0 &&
           words::said_at(e_, now_) - m_.told.at <= words::parts_apart_max_ms;
  }

  /// Whom an administrator's message is for: the writer of the letter that it answers, or of whom the words
  /// before were.
  std::optional<std::int64_t> written_to() const {
    if (words_go_on()) return m_.told.user_id;
    return e_.letter_of != 0 ? std::optional{e_.letter_of} : std::nullopt;
  }

  /// In one's own chat with the bot an answer to one of its screens is as any other message. Where no screen
  /// has asked for anything it is meant for somebody, and nobody knows for whom.
  bool has_no_addressee() {
    if (!dialogue::may_be_answer(e_, who_)) return false;
    for (auto idle : {"home", "other"})
      if (m_.screen == idle && !m_.work) {
        show(paint_.plain(say("feedback.whose")));
        return true;
      }
    return false;
  }

  void remember_words(std::int64_t user, bool more) {
    m_.told = {user, more ? m_.told.id : e_.update_id, e_.album,
               words::may_go_on(e_.text) ? words::said_at(e_, now_) : 0};
  }

  /// True: it was an answer to feedback, or more of the words before, and is on its way.
  bool writes_to_user(const office_facts& f) {
    const auto user = can(right::answer) ? written_to() : std::nullopt;
    if (!user || !telegram::is_content(e_.kind)) return false;
    if (!feedback::can_be_copied(e_)) {
      const auto text = say("feedback.cannot");
      messages_.push_back(e_.group_id != 0 ? talk::show({text, {}}, e_.group_id)
                                           : talk::show(paint_.plain(text), e_.from.user_id));
      return true;
    }
    const bool more = words_go_on();
    const auto* card = std::get_if<user_card>(&f);
    feedback::words_to whom;
    whom.user_id = *user;
    whom.language = config::texts::language_for(card ? card->who.language : "ru");
    whom.admin_language = language_;
    whom.slot = "to:" + std::to_string(more ? m_.told.id : e_.update_id);
    whom.banned = card && card->money.banned;
    whom.goes_on = more;
    for (auto& m : feedback::to_user(words_, e_, whom)) messages_.push_back(std::move(m));
    if (!more)
      journal_.push_back(
          {0, now_, e_.from.user_id, "feedback", *user, 0, 0, telegram::shorten(e_.text, 200)});
    uses_.push_back(right::answer);
    remember_words(*user, more);
    return true;
  }

  /// What invites to write to people leads to people. A request in hand waits on its card.
  void ask_feedback(const char* words = "feedback.ask") { go("feedback", paint_.plain(say(words))); }

  /// "/feedback the video did not come": the words are the letter.
  void take_letter(const char* words) {
    if (!words::visible(e_.argument)) return ask_feedback(words);
    auto letter = e_;
    letter.text = e_.argument;
    letter.entities.clear();
    take_feedback(letter);
  }

  /// What Telegram brings in several messages is one letter: an album, a text too long for one.
  bool letter_goes_on() const {
    if (!e_.album.empty() && e_.album == m_.letter_album) return true;
    return e_.kind == event_kind::text && m_.letter_at != 0 &&
           words::said_at(e_, now_) - m_.letter_at <= words::parts_apart_max_ms;
  }

  void take_feedback() { take_feedback(e_); }

  void take_feedback(const event& letter) {
    if (!feedback::can_be_copied(letter)) return show(paint_.plain(say("feedback.cannot")));
    const bool more = letter_goes_on();
    auto part = letter;
    if (more) part.update_id = m_.letter_id; // one letter, one word about its arrival
    m_.letter_id = part.update_id;
    m_.letter_album = letter.album;
    m_.letter_at = words::may_go_on(letter.text) ? words::said_at(letter, now_) : 0;
    auto& sent = m_.feedback;
    forget(sent, feedback::window_ms);
    if (!more && sent.size() >= feedback::messages_max) {
      m_.letter_refused = true;
      const auto wait = (sent.front() + feedback::window_ms - now_ + minute - 1) / minute;
      return go("other", paint_.plain(say("feedback.slow", {{"n", std::to_string(wait)}})));
    }
    if (seats_.empty()) return go("other", paint_.plain(say("feedback.nobody")));
    if (!more) {
      m_.letter_refused = false;
      sent.push_back(now_);
      m_.screen = "other";
      messages_.push_back(feedback::passing(set_, letter, language_));
    }
    if (m_.letter_refused) return; // the rest of what was refused
    for (auto& m : feedback::to_office(set_, part, seats_, language_)) messages_.push_back(std::move(m));
  }

  void mailing(const std::vector<std::string>& mutes) {
    talk::keyboard rows;
    for (const std::string category : mutable_categories) {
      const bool mute = std::find(mutes.begin(), mutes.end(), category) != mutes.end();
      rows.push_back({{say(mute ? "mailing.off" : "mailing.on", {{"what", say("category." + category)}}),
                       (mute ? "unmute:" : "mute:") + category + ":list"}});
    }
    rows.push_back(paint_.back_home("help"));
    go("other", {say("mailing.text"), rows});
  }

  /// "mute:news" stands under a broadcast, which is left alone; "mute:news:list" on the screen of /mailing.
  bool take_mute(std::vector<std::string> mutes) {
    for (const std::string category : mutable_categories)
      for (const bool mute : {true, false}) {
        const auto head = (mute ? "mute:" : "unmute:") + category;
        if (e_.data != head && e_.data != head + ":list") continue;
        mutes_.emplace_back(category, mute);
        toast(say(mute ? "mailing.muted" : "mailing.unmuted", {{"what", say("category." + category)}}));
        mutes.erase(std::remove(mutes.begin(), mutes.end(), category), mutes.end());
        if (mute) mutes.push_back(category);
        if (e_.data != head) mailing(mutes);
        return true;
      }
    return false;
  }

  // -- Saying ---------------------------------------------------------------------------------------

  std::string say(const std::string& key, const config::texts::args& a = {}) const {
    return paint_.say(key, a);
  }

  /// `topic`: a newer one says all that this one says, see outgoing::topic.
  void show(const talk::screen& s, const std::string& topic = "") {
    const bool edit = e_.kind == event_kind::button && e_.message_id != 0 && !starts(e_.data, talk::below);
    messages_.push_back(talk::show(s, e_.from.user_id, edit ? e_.message_id : 0));
    messages_.back().topic = edit ? "edit:" + std::to_string(e_.message_id) : topic;
  }

  /// Every press is answered once, or the button keeps spinning; a second call replaces the words.
  void toast(const std::string& text) { toast_ = text; }

  dialogue::decision finish() {
    if (picture_) return before_looking();
    if (writing_) return before_writing();
    dialogue::decision d;
    d.state = talk::write_memory(m_);
    d.order = std::move(order_);
    d.purchase = std::move(purchase_);
    d.step = std::move(step_);
    d.settings = std::move(settings_);
    d.journal = std::move(journal_);
    d.uses = std::move(uses_);
    d.mutes = std::move(mutes_);
    d.ask_about = ask_about_;
    if (d.order || d.purchase || d.step) return d; // `ordered`, `settled` and `stepped` answer the press
    if (e_.kind == event_kind::button && !outcome_) d.messages.push_back(answer());
    for (auto& message : messages_) d.messages.push_back(std::move(message));
    return d;
  }

  outgoing answer() const {
    json p{{"callback_query_id", e_.callback_id}};
    if (!toast_.empty()) p["text"] = telegram::shorten(toast_, 190);
    outgoing o;
    o.chat_id = e_.from.user_id;
    o.urgency = lane::answer;
    o.method = "answerCallbackQuery";
    o.params = dump(p);
    return o;
  }

  // -- Screens --------------------------------------------------------------------------------------

  /// Of a screen that shows where the dialogue stands the newest counts. "Other" ones are answers, and only
  /// the same question once more makes them old.
  void go(const char* screen, const talk::screen& s) {
    m_.screen = screen;
    if (m_.screen != "other") show(s, "screen:" + m_.screen);
    else show(s, e_.kind == event_kind::command ? "answer:" + e_.command + " " + e_.argument : "");
  }

  void home() {
    m_.work.reset();
    go("home", paint_.home(e_.from.first_name, who_));
  }

  /// True: it was said that nothing can be ordered now.
  bool maintained() {
    if (sales_.maintenance.empty()) return false;
    go("other", paint_.plain("🚧 " + telegram::escape_html(sales_.maintenance)));
    return true;
  }

  void kinds() {
    if (maintained()) return;
    m_.work.reset();
    go("kind", paint_.kinds(models_, sales_, shut()));
  }

  void wait_for(const char* kind) {
    m_.work = draft{};
    m_.work->id = e_.update_id;
    m_.work->kind = kind;
    go("wait", paint_.advice(*m_.work));
  }

  /// A screen of the request in hand: when its words are edited, the same message changes.
  void go_request(const char* screen, const talk::screen& s) {
    go(screen, s);
    if (m_.work && m_.work->shown != 0) messages_.back().slot = "card:" + std::to_string(m_.work->shown);
  }

  /// What can be ordered: the catalogue without what is paused; all of it when that leaves nothing.
  const std::vector<config::model>& on_sale() {
    if (sales_.paused.empty()) return models_;
    if (on_sale_.empty())
      for (auto& m : models_)
        if (sales_.paused.count(m.id) == 0) on_sale_.push_back(m);
    return on_sale_.empty() ? models_ : on_sale_;
  }

  /// Why nothing at all can be ordered now; "" when something can.
  std::string shut() {
    if (!sales_.maintenance.empty()) return "🚧 " + telegram::escape_html(sales_.maintenance);
    const bool none =
        std::all_of(models_.begin(), models_.end(), [&](auto& m) { return sales_.paused.count(m.id) > 0; });
    if (sales_.stopped || none) return say("card.stopped");
    return sales_.closed || sales_.full ? say("card.closed") : "";
  }

  std::string title_of(const std::string& id) const {
    const auto m = std::find_if(models_.begin(), models_.end(), [&](auto& x) { return x.id == id; });
    return m == models_.end() ? "" : telegram::escape_html(talk::title_of(*m, language_));
  }

  /// Another model stands on the card than was chosen: never without a word.
  std::string why_other(const std::string& wanted, const config::model& now) const {
    if (wanted.empty() || wanted == now.id) return "";
    const auto title = title_of(wanted);
    const auto key = title.empty()                     ? "card.other_gone"
                     : sales_.paused.count(wanted) > 0 ? "card.other_paused"
                                                       : "card.other_input";
    return say(key, {{"model", title}, {"other", telegram::escape_html(talk::title_of(now, language_))}});
  }

  void add_note(const std::string& text) {
    if (!text.empty()) note_ += (note_.empty() ? "" : "\n") + text;
  }

  void card(const std::string& note = "") {
    auto& d = *m_.work;
    const auto wanted = d.model;
    const auto model = talk::settle(on_sale(), d);
    if (!model) return no_model();
    d.price = talk::price_of(*model, d);
    if (!is_pack_size(d.count)) d.count = 1;
    const auto closed = shut();
    add_note(note);
    add_note(why_other(wanted, *model));
    add_note(closed);
    if (!closed.empty()) add_note(say("card.kept"));
    go_request("card",
               paint_.card(on_sale(), d, {who_.balance, opts_.users.active_jobs_max, closed.empty(), note_}));
  }

  /// The request stays, and may become one that a model takes.
  void no_model() { go_request("wait", without_model()); }

  talk::screen without_model() const {
    const auto& d = *m_.work;
    auto s = paint_.plain(say("hint.no_model"));
    if (!d.photo.empty())
      s.buttons.insert(s.buttons.begin(), {paint_.press("drop_photo", of_draft("drop", d))});
    return s;
  }

  bool is_pack_size(std::int64_t n) const {
    return n <= opts_.users.active_jobs_max &&
           std::find(std::begin(talk::pack_sizes), std::end(talk::pack_sizes), n) !=
               std::end(talk::pack_sizes);
  }

  // -- Text and photos ------------------------------------------------------------------------------

  bool draft_is_open() const {
    return m_.work && (m_.screen == "wait" || m_.screen == "edit" || m_.screen == "card" ||
                       m_.screen == "pick" || talk::photo_waits(m_));
  }

  void take_input() {
    if (m_.screen == "feedback" || letter_goes_on() || is_letter()) return take_feedback();
    const bool photo = e_.kind == event_kind::photo;
    const auto text = words::prompt_in(e_);
    if (!photo && !words::visible(text)) return show(paint_.plain(say("hint.empty")), "hint:blank");
    if (!photo && text == "/") return show(paint_.plain(say("hint.command")), "hint:command");
    if (!photo && buys(text)) return;
    if (album_goes_on()) return take_of_album(text);
    if (photo && !picture_is_good(text)) return;
    take_request(text);
  }

  /// A picture or a film whose caption is a command: "/feedback it looks like this".
  bool is_letter() const {
    const auto command = words::command_in(e_.text);
    return command == "feedback" || command == "paysupport";
  }

  /// A part of the request, with the words that are seen in it, if any.
  void take_request(const std::string& text) {
    const bool photo = e_.kind == event_kind::photo, says = words::visible(text);
    if (!draft_is_open()) m_.work = draft{};
    auto& d = *m_.work;
    const bool more =
        !photo && d.long_at != 0 && words::said_at(e_, now_) - d.long_at <= words::parts_apart_max_ms;
    if (!photo && !d.photo.empty() && m_.screen == "card") add_note(say("card.same_photo"));
    if (photo && !says && m_.screen == "card" && !d.photo.empty() && !presets_.empty())
      d.prompt.clear(), d.said = 0; // another thing, another video
    // A changed request is a new draft: the old card must not start what it does not show.
    if (d.id == 0 || m_.screen != "wait") d.id = e_.update_id;
    if (photo) take_photo();
    if (!more) d.long_chars = 0;
    if (says) take_words(text, more);
    if (!more) d.shown = d.said != 0 ? e_.update_id : 0;
    complete(m_.screen == "edit"); // there the user has the last word
  }

  void take_photo() {
    auto& d = *m_.work;
    d.photo = e_.photo_file_id;
    d.album = e_.album;
    d.album_told = false;
    d.photo_width = looked_ ? looked_->width : e_.photo_width;
    d.photo_height = looked_ ? looked_->height : e_.photo_height;
    d.aspect.clear(); // the card opens with the photo's own
  }

  /// Telegram cuts a long text into several messages: judged is the whole.
  void take_words(const std::string& text, bool more) {
    auto& d = *m_.work;
    if (more && d.long_chars > 0) d.long_chars += words::code_points(text);
    else if (more) d.prompt = words::joined(d.prompt, text);
    else d.prompt = text;
    d.said = more ? 0 : e_.message_id;
    d.long_at = words::may_go_on(text) ? words::said_at(e_, now_) : 0;
  }

  // An album comes as one message a picture; its words may stand under any of them.

  bool album_goes_on() const {
    return !e_.album.empty() && m_.work && m_.work->album == e_.album && !m_.work->photo.empty();
  }

  void take_of_album(const std::string& text) {
    auto& d = *m_.work;
    const auto told = std::exchange(d.album_told, true);
    if (d.prompt.empty() && d.preset.empty() && words::visible(text)) {
      if (!told) add_note(say("card.album"));
      d.id = d.shown = e_.update_id;
      take_words(text, false);
      return complete();
    }
    if (!told) show(paint_.plain(say("hint.album")));
  }

  /// False: it has to be looked at first, or no model can use it, which is said with the limit.
  bool picture_is_good(const std::string& text) {
    auto bad = picture_check::at_once(e_);
    if (!bad && e_.photo_is_file) {
      if (!looked_) {
        picture_ = picture_request{e_.photo_file_id, {}};
        return false;
      }
      bad = picture_check::seen(*looked_);
    }
    if (!bad)
      bad = picture_check::too_small(models_, looked_ ? looked_->width : e_.photo_width,
                                     looked_ ? looked_->height : e_.photo_height);
    if (!bad) return true;
    refuse_picture(*bad, text);
    return false;
  }

  void refuse_picture(const picture_check::trouble& bad, const std::string& text) {
    const auto why = say(bad.key, bad.args);
    if (m_.screen == "card" && m_.work) // it stands as it is
      return show(paint_.plain(why + "\n\n" + say("picture.card_stays")));
    if (!draft_is_open()) m_.work = draft{};
    auto& d = *m_.work;
    if (d.id == 0) d.id = e_.update_id;
    const bool says = words::visible(text);
    if (says) take_words(text, false);
    go("wait", {why + (says ? "\n\n" + say("picture.text_kept") : ""), {paint_.back_home("gen")}});
  }

  dialogue::decision before_looking() {
    dialogue::decision d;
    d.state = who_.state;
    d.messages.push_back(talk::typing(e_.from.user_id));
    d.picture = std::move(picture_);
    return d;
  }

  /// The words of the request in hand were changed where they stand: whatever is on the screen meanwhile, its
  /// card must not start the old ones.
  bool is_about_request() const {
    return m_.work && m_.work->said != 0 && m_.work->said == e_.message_id &&
           words::visible(words::prompt_in(e_)) && words::prompt_in(e_) != m_.work->prompt;
  }

  /// What is typed next answers a question that is not about the request.
  static bool asks_something_else(const std::string& screen) {
    for (auto other : {"feedback", "shop", "packages", "amount", "contact", "offer", "paying"})
      if (screen == other) return true;
    return starts(screen, "o.") || starts(screen, "b:");
  }

  void take_edit() {
    auto& d = *m_.work;
    d.id = e_.update_id;
    d.long_at = 0, d.long_chars = 0;
    d.prompt = words::prompt_in(e_);
    const auto before = m_.screen;
    complete();
    if (asks_something_else(before)) m_.screen = before;
  }

  void complete(bool as_it_is = false) {
    auto& d = *m_.work;
    const auto model = talk::chosen_of(on_sale(), d);
    const auto limit = static_cast<std::size_t>(model ? model->prompt_chars_max : 2000);
    if (d.long_chars + words::code_points(d.prompt) > limit) return ask_shorter(limit);
    if (talk::photo_waits(m_) && !presets_.empty()) return pick(false);
    if (d.prompt.empty()) return go("wait", {say("ask.text"), {paint_.back_home("gen")}});
    const bool needed = model && !model->text_input;
    if (d.photo.empty() && (d.kind == "photo" || needed)) return go_request("wait", paint_.ask_photo(needed));
    if (as_it_is || d.photo.empty()) return card();
    write(talk::preset_of(presets_, d));
  }

  std::string chars(const char* form, std::size_t n) const {
    return paint_.count(form, static_cast<std::int64_t>(n));
  }

  void ask_shorter(std::size_t limit) {
    auto& d = *m_.work;
    d.long_chars += words::code_points(d.prompt);
    d.prompt.clear();
    go_request("wait",
               {say("ask.shorter", {{"n", chars("chars_of", limit)}, {"have", chars("chars", d.long_chars)}}),
                {paint_.back_home("gen")}});
    if (d.long_at == 0) d.long_chars = 0; // nothing follows
  }

  void take_media() {
    if (m_.screen == "feedback" || letter_goes_on() || is_letter()) return take_feedback();
    const auto text = words::prompt_in(e_);
    if (album_goes_on() && words::visible(text)) return take_of_album(text);
    show(paint_.plain(say(talk::hint_of(e_.media))), talk::hint_of(e_.media));
  }

  // -- Commands -------------------------------------------------------------------------------------

  void take_command(const screen_facts& f) {
    const auto& c = e_.command;
    if (c == "start" && e_.argument == "buy") return shop();
    if (c == "start" && e_.argument == "gen") return kinds();
    if (c == "start" && e_.argument == "help") return go("other", paint_.help());
    if (c == "start" || c == "menu") return home();
    if (c == "feedback") return take_letter("feedback.ask");
    if (c == "mailing") return mailing(f.mutes);
    if (c == "help") return go("other", paint_.help());
    if (c == "balance") return go("other", paint_.balance(who_));
    if (c == "history") return go("other", paint_.operations(f.entries, 0));
    if (c == "generate") return generate();
    if (c == "jobs") return go("other", paint_.running(f.jobs, now_));
    if (c == "buy" || c == "pay") return shop_for(e_.argument);
    if (c == "terms") return go("other", paint_.plain(say("terms.text")));
    if (c == "paysupport") return take_letter("paysupport.text");
    if ((c == "pause" || c == "resume") && who_.rank != role::none)
      return can(right::close_shop) ? set_sales(c == "pause") : say_no_right(right::close_shop);
    if (c == "payments" && can(right::look)) return go("other", paint_.payments(f.payments));
    if (c == "payment" && can(right::look)) return payment_card(f.payments);
    if (c == "cancel") return cancel();
    show(paint_.plain(say("hint.command")), "hint:command");
  }

  /// "/generate a cat on the moon": the words are the prompt.
  void generate() {
    const auto text = words::prompt_in(e_);
    if (!words::visible(text)) return kinds();
    m_.work.reset();
    take_request(text);
  }

  /// Of what is asked for now; videos in work are another matter, and it is said where.
  void cancel() {
    const bool had = m_.work || m_.screen == "feedback" || m_.screen == "amount" || m_.screen == "contact";
    m_.work.reset();
    auto text = say(had ? "cancel.done" : "cancel.nothing");
    auto rows = paint_.menu();
    if (who_.open_jobs > 0) {
      text += "\n\n" + say("cancel.in_work", {{"videos", paint_.count("videos", who_.open_jobs)}});
      rows.insert(rows.begin(), {paint_.press("in_work", "jobs")});
    }
    rows.push_back({paint_.press("home", "home")});
    go("home", {text, rows});
  }

  // -- Buttons --------------------------------------------------------------------------------------

  void take_button(const screen_facts& f) {
    if (take_mute(f.mutes)) return;
    const auto p = read_button(e_.data);
    if (!p) return toast(say("toast.unknown"));
    const auto& a = p->action;
    if (a == "payments")
      return can(right::look) ? go("other", paint_.payments(f.payments)) : toast(say("toast.unknown"));
    if (a == "feedback") return ask_feedback();
    if (a == "mailing") return mailing(f.mutes);
    if (a == "home") return home();
    if (a == "jobs") return go("other", paint_.running(f.jobs, now_));
    if (a == "gen") return kinds();
    if (a == "text" || a == "photo") return wait_for(a.c_str());
    if (a == "nophoto") return without_photo();
    if (a == "same") return same_photo();
    if (a == "pick") return pick_again();
    if (a == "buy") return shop();
    if (starts(a, "ways:")) return packages(a.substr(5));
    if (starts(a, "terms:")) return accept_terms(a.substr(6));
    if (starts(a, "own:")) return own_amount(a.substr(4));
    if (a == "help") return go("other", paint_.help());
    if (a == "model") return of_model(p->id);
    const auto first = p->numbers.front();
    const auto page = static_cast<std::size_t>(first);
    if (a == "words" || a == "skip" || a == "p") return take_pick(a, first, p->id);
    if (a == "h:e") return go("other", paint_.operations(f.entries, page));
    if (a == "h:j") return go("other", paint_.generations(f.jobs, page));
    if (a == "cancel") return cancel_job(first, f.jobs);
    if (a == "redo") return redo(first, f.jobs);
    if (a == "other") return with_another_model(first, f.jobs);
    if (a == "again") return send_again(first, f.jobs);
    if (starts(a, "take:")) return take_offer(a.substr(5), first, p->numbers[1]);
    if (starts(a, "pay:"))
      return pay_shop(a == "pay:1" ? payment_method::card : payment_method::sbp, first, p->numbers[1]);
    if (a == "check") return check_payment(first);
    if (a == "contact") return ask_contact(first);
    if (a == "payment" || a == "refund" || a == "refund_yes" || a == "credit" || a == "credit_yes")
      return for_admin(a, f.payments);
    if (a == "run" && first == m_.done && first != 0) return toast(say("toast.already"));
    if (!m_.work || m_.work->id != first || m_.work->prompt.empty()) return toast(say("toast.outdated"));
    if (a == "run") return run();
    if (a == "models") return go("card", paint_.choose_model(models_, *m_.work, sales_));
    if (a == "card") return card();
    if (a == "edit") return go("edit", {say("ask.edit"), {paint_.back_home("gen")}});
    if (a == "drop") return drop_photo();
    choose(*p);
  }

  /// A new request for the model that was pressed. It takes what comes, unless it can do with one kind only.
  void of_model(const std::string& id) {
    const auto m = std::find_if(models_.begin(), models_.end(), [&](auto& x) { return x.id == id; });
    if (m == models_.end()) return toast(say("toast.model_gone")), kinds();
    if (sales_.paused.count(id) > 0) return toast(say("toast.paused"));
    if (maintained()) return;
    wait_for(!m->text_input ? "photo" : m->photo_input ? "" : "text");
    m_.work->model = id;
  }

  void drop_photo() {
    auto& d = *m_.work;
    d.photo.clear(), d.album.clear(), d.aspect.clear();
    d.photo_width = d.photo_height = 0;
    d.kind = "text";
    d.id = e_.update_id; // the old run button must not start what it does not show
    card();
  }

  void without_photo() {
    if (!draft_is_open() || m_.work->prompt.empty()) return toast(say("toast.outdated"));
    m_.work->kind = "text";
    complete();
  }

  /// Another video of what the last one was made of.
  void same_photo() {
    if (m_.last_photo.empty()) return kinds();
    m_.work = draft{};
    m_.work->id = e_.update_id;
    m_.work->kind = "photo";
    m_.work->photo = m_.last_photo;
    m_.work->photo_width = m_.last_width, m_.work->photo_height = m_.last_height;
    if (!presets_.empty()) return pick(true);
    go("wait", {say("ask.same"), {paint_.back_home("gen")}});
  }

  // -- Presets and the prompt writer ----------------------------------------------------------------

  void pick(bool same) {
    m_.work->preset.clear();
    go("pick", talk::pick(paint_, presets_, language_, *m_.work, same));
  }

  /// Back from a card: its run button must not start what is not seen any more.
  void pick_again() {
    if (!m_.work || m_.work->photo.empty()) return kinds();
    m_.work->id = e_.update_id;
    m_.work->prompt.clear();
    complete();
  }

  /// A button under a photo: a preset, the user's own text, or a preset without the words it asked for.
  void take_pick(const std::string& what, std::int64_t id, const std::string& preset) {
    if (m_.work && id != 0 && id == m_.work->picked) return toast(say("toast.picked")); // a double tap
    if (!m_.work || m_.work->id != id || m_.work->photo.empty()) return toast(say("toast.outdated"));
    auto& d = *m_.work;
    d.prompt.clear();
    if (what == "words") {
      d.preset.clear();
      return go("wait", talk::ask_own_text(paint_));
    }
    if (what == "p") d.preset = preset;
    const auto chosen = talk::preset_of(presets_, d);
    if (!chosen) return toast(say("toast.outdated"));
    if (what == "p" && chosen->wants_words()) return go("wait", talk::ask_words(paint_, d));
    write(chosen);
  }

  bool may_write() {
    forget_old();
    return m_.recent.size() < static_cast<std::size_t>(opts_.users.costly_actions_per_minute);
  }

  /// Makes the prompt of a photo out of the preset and the words that stand in its place so far. What was
  /// chosen serves as it is when there is no writer, when it fails, and when it is asked too often.
  void write(const config::preset* chosen) {
    auto& d = *m_.work;
    const auto model = talk::model_of(models_, d);
    const auto limit = static_cast<std::size_t>(model ? model->prompt_chars_max : 2000);
    const auto words = d.prompt, preset = chosen ? chosen->prompt : "";
    d.prompt = writing::plain_prompt(preset, words);
    if (words::code_points(d.prompt) > limit) return ask_shorter(limit);
    if (opts_.prompt_writer.on() && !outcome_ && may_write() && shut().empty()) {
      writing_ = writing_request{preset, words, language_};
      return;
    }
    d.preset.clear();
    if (d.id != e_.update_id) d.picked = std::exchange(d.id, e_.update_id);
    if (!opts_.prompt_writer.on()) return card();
    if (outcome_) count_press();
    const bool good = outcome_ && !outcome_->prompt.empty() && words::code_points(outcome_->prompt) <= limit;
    if (good) d.prompt = outcome_->prompt;
    card(good ? "" : say(chosen ? "card.as_preset" : "card.as_text"));
  }

  /// Nothing is stored before the writer has answered: after a crash the same update begins anew.
  dialogue::decision before_writing() {
    toast(say("toast.writing"));
    dialogue::decision d;
    d.state = who_.state;
    d.messages.push_back(e_.kind == event_kind::button ? answer() : talk::typing(e_.from.user_id));
    d.writing = std::move(writing_);
    return d;
  }

  /// What a button names and the catalogue no longer has was changed meanwhile: the card says how it is now.
  void choose(const talk::pressed& p) {
    auto& d = *m_.work;
    const auto model = talk::settle(on_sale(), d);
    if (!model) return card();
    if (!take_choice(p, *model)) toast(say("toast.changed"));
    card();
  }

  bool take_choice(const talk::pressed& p, const config::model& model) {
    auto& d = *m_.work;
    const auto among = [](const auto& list, const auto& x) {
      return std::find(list.begin(), list.end(), x) != list.end();
    };
    if (p.action == "m") return take_model(p.id);
    if (p.action == "a") return among(talk::aspects_of(model, d), p.id) ? (d.aspect = p.id, true) : false;
    const auto n = p.numbers[1];
    if (p.action == "c" && is_pack_size(n)) d.count = static_cast<int>(n);
    else if (p.action == "d" && among(model.durations_s, n)) d.duration = static_cast<int>(n);
    else if (p.action == "s" && n < 2 && !model.sound_prices.empty()) d.sound = n == 1;
    else return false;
    return true;
  }

  bool take_model(const std::string& id) {
    const auto m = std::find_if(models_.begin(), models_.end(), [&](auto& x) { return x.id == id; });
    if (m == models_.end() || !talk::fits(*m, *m_.work)) return false;
    const auto limit = static_cast<std::size_t>(m->prompt_chars_max);
    if (sales_.paused.count(id) > 0) toast(say("toast.paused"));
    else if (words::code_points(m_.work->prompt) > limit)
      toast(say("toast.too_long", {{"n", chars("chars_of", limit)}}));
    else m_.work->model = id;
    return true;
  }

  void send_again(std::int64_t id, const std::vector<job>& jobs) {
    const auto j = own_job(id, jobs);
    if (!j || j->file_id.empty()) return toast(say("toast.no_video"));
    const auto caption = talk::quote(j->spec.prompt);
    outgoing o;
    o.chat_id = e_.from.user_id;
    o.method = "sendVideo";
    o.params = dump({{"chat_id", o.chat_id},
                     {"video", j->file_id},
                     {"caption", caption},
                     {"parse_mode", "HTML"},
                     {"supports_streaming", true}});
    messages_.push_back(std::move(o));
    toast(say("toast.sending"));
  }

  const job* own_job(std::int64_t id, const std::vector<job>& jobs) const {
    const auto j = std::find_if(jobs.begin(), jobs.end(),
                                [&](auto& x) { return x.job_id == id && x.user_id == e_.from.user_id; });
    return j == jobs.end() ? nullptr : &*j;
  }

  /// The store decides: what is not submitted yet costs nothing.
  void cancel_job(std::int64_t id, const std::vector<job>& jobs) {
    const auto j = own_job(id, jobs);
    if (!j) return toast(say("toast.no_video"));
    step_ = cancelling(words_, *j, now_);
    step_->by = e_.from.user_id;
  }

  void tell_cancelled(const step_answer& a) {
    const bool gone = a.now.state == job_state::cancelled, over = is_final(a.now.state);
    toast(say(gone ? "toast.cancelled" : over ? "toast.over" : "toast.not_cancelled"));
    if (over && !gone) return;
    show({say(gone ? "cancel.gone" : "cancel.cannot"),
          {{paint_.press("in_work", "jobs")}, {paint_.press("home", "home")}}});
  }

  /// All that was chosen for it. How large its photo is the book does not know. False: it is looked at first.
  bool take_up(const job& j) {
    const auto& photo = j.spec.photo_file_id;
    const bool known = photo.empty() || (photo == m_.last_photo && m_.last_width > 0);
    if (!known && !looked_) {
      picture_ = picture_request{photo, {}};
      return false;
    }
    m_.work = draft{};
    auto& d = *m_.work;
    d.id = e_.update_id;
    d.prompt = j.spec.prompt;
    d.photo = photo;
    if (looked_) d.photo_width = looked_->width, d.photo_height = looked_->height;
    else if (!photo.empty()) d.photo_width = m_.last_width, d.photo_height = m_.last_height;
    d.model = j.spec.model_id;
    d.aspect = j.spec.aspect_ratio;
    d.duration = j.spec.duration_s;
    d.sound = j.spec.sound;
    return true;
  }

  /// The text and the photo of a job that failed, to be changed.
  void redo(std::int64_t id, const std::vector<job>& jobs) {
    const auto j = own_job(id, jobs);
    if (!j) return toast(say("toast.no_video"));
    if (!take_up(*j)) return;
    m_.screen = "edit";
    messages_.push_back(talk::show(
        {say("ask.redo", {{"prompt", telegram::escape_html(j->spec.prompt)}}), {paint_.back_home("gen")}},
        e_.from.user_id));
  }

  /// The same request, by another model than the one that could not.
  void with_another_model(std::int64_t id, const std::vector<job>& jobs) {
    const auto j = own_job(id, jobs);
    if (!j) return toast(say("toast.no_video"));
    if (!take_up(*j)) return;
    const bool taken = talk::settle(on_sale(), *m_.work) != nullptr;
    m_.screen = taken ? "card" : "wait";
    messages_.push_back(talk::show(taken ? paint_.choose_model(models_, *m_.work, sales_) : without_model(),
                                   e_.from.user_id));
  }

  // -- Buying ---------------------------------------------------------------------------------------

  /// `credits`: how many are wanted; 0: nobody has said it.
  void shop(std::int64_t credits = 0, const std::string& note = "") {
    m_.method.clear();
    m_.wanted = credits;
    go("shop", paint_.shop(who_, talk::cards_on(opts_), credits, note));
  }

  /// "/buy 50" keeps its word.
  void shop_for(const std::string& amount) {
    const auto wanted = talk::read_amount(amount);
    if (wanted.what == talk::typed_amount::kind::none) return shop();
    m_.method.clear();
    take_amount(wanted);
  }

  bool is_sold_by(const std::string& method) const { return method == "s" || talk::cards_on(opts_); }

  static std::int64_t price_of(const talk::offer& what, const std::string& method) {
    return method == "s" ? what.stars : what.kopecks;
  }
  /// Nothing when so many are not sold this way.
  std::optional<talk::offer> offered(const std::string& method, std::int64_t credits) const {
    auto what = talk::offer_for(opts_, credits);
    if (what && price_of(*what, method) == 0) what.reset();
    return what;
  }

  void packages(const std::string& method) {
    if (!is_sold_by(method)) return toast(say("toast.no_cards"));
    if (m_.terms == 0) return go("shop", paint_.terms(method));
    m_.method = method;
    if (m_.wanted > 0 && offered(method, m_.wanted)) return offer(m_.wanted);
    go("packages", paint_.packages(opts_, who_, method, e_.update_id));
  }

  void accept_terms(const std::string& method) {
    if (m_.terms == 0) m_.terms = now_;
    packages(method);
  }

  void own_amount(const std::string& method) {
    if (!is_sold_by(method)) return toast(say("toast.no_cards"));
    if (m_.terms == 0) return go("shop", paint_.terms(method));
    m_.method = method;
    go("amount", paint_.ask_amount(opts_, method));
  }

  /// What is asked for is shown once: the way back from it leads to the packages.
  void offer(std::int64_t credits) {
    m_.wanted = 0;
    const auto contact = opts_.yookassa.receipt && m_.method == "c" && contact_is_good() ? m_.contact : "";
    go("offer", paint_.offer(opts_, m_.method, credits, e_.update_id, contact));
  }

  /// True: the text belongs to the purchase. A number on any screen of the shop changes the amount, and what
  /// is typed where an amount or an address is asked for is never the prompt of a video.
  bool buys(const std::string& text) {
    if (m_.screen == "contact" || (m_.screen == "paying" && m_.method == "c" && contact_was_refused()))
      return take_contact(), true;
    const bool asked = m_.screen == "amount";
    if (!asked && m_.screen != "shop" && m_.screen != "packages" && m_.screen != "offer" &&
        m_.screen != "paying")
      return false;
    const auto amount = talk::read_amount(text);
    if (!asked && amount.what == talk::typed_amount::kind::none) return false;
    take_amount(amount);
    return true;
  }

  /// The key of the sentence that says why so many are not sold; "" when they are.
  std::string amount_problem(const talk::typed_amount& a, const std::string& method) const {
    using kind = talk::typed_amount::kind;
    switch (a.what) {
    case kind::none: return "amount.none";
    case kind::negative: return "amount.negative";
    case kind::fraction: return "amount.fraction";
    case kind::huge: return "amount.large";
    case kind::number: break;
    }
    if (const auto what = talk::offer_for(opts_, a.value))
      return method.empty() || price_of(*what, method) > 0 ? "" : "amount.packages";
    return a.value < opts_.shop.own_credits_min ? "amount.small" : "amount.large";
  }

  void take_amount(const talk::typed_amount& a) {
    auto method = m_.method;
    if (method.empty() && !talk::cards_on(opts_)) method = "s";
    if (const auto problem = amount_problem(a, method); !problem.empty()) {
      const auto words = say(problem, {{"min", paint_.count("credits", opts_.shop.own_credits_min)},
                                       {"max", paint_.count("credits", opts_.shop.own_credits_max)}});
      if (method.empty()) return shop(0, words);
      if (problem == "amount.packages") { // there is no price for one credit
        auto list = paint_.packages(opts_, who_, method, e_.update_id);
        list.text = words + "\n\n" + list.text;
        return go("packages", list);
      }
      m_.method = method;
      return go("amount", paint_.ask_amount(opts_, method, words));
    }
    if (method.empty()) return shop(a.value); // by card or with Stars?
    m_.wanted = a.value;
    packages(method);
  }

  /// Null and a word to the user when this cannot be bought, or was bought by the first of two presses.
  std::optional<talk::offer> for_sale(const std::string& method, std::int64_t id, std::int64_t credits) {
    if (id == m_.bought) return toast(say("toast.bought")), std::nullopt;
    if (!is_sold_by(method)) return toast(say("toast.no_cards")), std::nullopt;
    if (m_.terms == 0) return go("shop", paint_.terms(method)), std::nullopt;
    m_.method = method;
    auto what = offered(method, credits);
    if (what) return what;
    toast(say("toast.changed"));
    m_.wanted = 0;
    packages(method);
    return {};
  }

  void take_offer(const std::string& method, std::int64_t id, std::int64_t credits) {
    const auto what = for_sale(method, id, credits);
    if (!what) return;
    if (method == "c") return offer(credits);
    buy(payment_method::stars, id, *what);
  }

  void pay_shop(payment_method method, std::int64_t id, std::int64_t credits) {
    const auto what = for_sale("c", id, credits);
    if (!what) return;
    if (opts_.yookassa.receipt && !contact_is_good()) return ask_contact(credits);
    buy(method, id, *what);
  }

  // The address for the receipt: kept with the dialogue. Which one the shop has refused the book knows.
  bool contact_was_refused() const { return !m_.contact.empty() && m_.contact == who_.refused_contact; }
  bool contact_is_good() const {
    return !contact_was_refused() && talk::read_contact(m_.contact).problem.empty();
  }

  /// Says first what is wrong with the one there is, if anything.
  void ask_contact(std::int64_t credits) {
    std::string problem;
    if (contact_was_refused()) problem = refused_words(m_.contact);
    else if (!m_.contact.empty()) {
      const auto key = talk::read_contact(m_.contact).problem;
      problem = key.empty() ? say("contact.now", {{"contact", telegram::escape_html(m_.contact)}}) : say(key);
    }
    ask_contact_again(credits, problem);
  }
  std::string refused_words(const std::string& contact) const {
    return say("contact.refused", {{"contact", telegram::escape_html(contact)}});
  }
  void ask_contact_again(std::int64_t credits, const std::string& problem) {
    m_.wanted = credits;
    m_.method = "c";
    go("contact",
       {(problem.empty() ? "" : problem + "\n\n") + say("shop.contact"), {paint_.back_home("ways:c")}});
  }

  void take_contact() {
    const auto typed = talk::read_contact(e_.text);
    if (!typed.problem.empty()) return ask_contact_again(m_.wanted, say(typed.problem));
    if (typed.value == who_.refused_contact) return ask_contact_again(m_.wanted, refused_words(typed.value));
    m_.contact = typed.value;
    packages("c"); // to the offer that waited for it
  }

  /// The key names the screen it was bought from: pressed twice it is one purchase.
  void buy(payment_method method, std::int64_t id, const talk::offer& what) {
    open_payment o;
    o.key = "u" + std::to_string(e_.from.user_id) + "-p" + std::to_string(id) + "-" +
            std::to_string(what.credits) + "-" + name_of(method);
    o.user_id = e_.from.user_id;
    o.at = now_;
    o.method = method;
    o.amount = method == payment_method::stars ? what.stars : what.kopecks;
    o.credits = what.total();
    if (method != payment_method::stars) {
      o.request_key = o.key;
      o.request = shop_request(o);
    }
    purchase_ = std::move(o);
  }

  std::string shop_request(const open_payment& o) const {
    auto& y = opts_.yookassa;
    yookassa::payment_order order;
    order.kopecks = o.amount;
    order.description = say("pay.title", {{"credits", paint_.count("credits", o.credits)}});
    order.order_id = o.key;
    order.return_url = y.return_url;
    order.method = o.method == payment_method::card ? "bank_card" : "sbp";
    order.user_id = o.user_id;
    (m_.contact.find('@') != m_.contact.npos ? order.customer_email : order.customer_phone) = m_.contact;
    return yookassa::payment_body(
        order, {y.receipt, y.vat_code, y.tax_system_code, y.payment_subject, y.payment_mode});
  }

  void purchase_stored(const payment_answer& a) {
    const auto p = read_button(e_.data);
    if (!p) return;
    if (p->action == "refund_yes" || p->action == "credit_yes") return admin_step_stored(p->action, a);
    m_.bought = p->numbers.front();
    const bool stars = a.now.method == payment_method::stars;
    m_.method = stars ? "s" : "c";
    m_.wanted = stars || p->numbers.size() < 2 ? 0 : p->numbers[1]; // the shop may still refuse the address
    toast(say(stars ? "toast.invoice" : "toast.opening"));
    go("paying", paint_.plain(say(stars ? "shop.invoice_below" : "shop.link_comes")));
    messages_.back().urgency = lane::money; // or the invoice would pass it
    if (stars) messages_.push_back(voice_.invoice(a.now, a.who));
  } // the link comes from the cashier, in a message of its own

  void check_payment(std::int64_t id) {
    toast(say("toast.checking"));
    ask_about_ = id;
  }

  void take_payment() {
    star_charge c;
    c.charge_id = e_.payment.telegram_charge_id;
    c.key = e_.payment.payload;
    c.user_id = e_.from.user_id;
    c.amount = e_.payment.amount;
    c.currency = e_.payment.currency;
    c.at = now_;
    purchase_ = std::move(c);
  }

  void thank(const payment_answer& a) {
    if (a.now.state == payment_state::unmatched) {
      messages_.push_back(
          voice_.being_checked(a.now, a.who)); // and the office hears of it: `till::office_news`
      return;
    }
    if (a.now.state == payment_state::refunded && a.now.credits == 0) { // its refund was faster
      messages_.push_back(voice_.refunded_before(a.now, a.who));
      return;
    }
    if (a.now.state == payment_state::refunded) return; // told again after its end
    if (m_.screen == "paying" || m_.screen == "offer") m_.screen = "home";
    for (auto& m : voice_.paid(a.now, a.who, renewal_of(e_))) messages_.push_back(std::move(m));
  }

  /// When the period ends that a subscription's further charge is for; 0: it is an ordinary payment.
  static unix_ms renewal_of(const event& e) {
    return e.payment.recurring && !e.payment.first_recurring ? e.payment.subscription_until : 0;
  }

  void take_refund() {
    payment_step s;
    s.outside_id = e_.payment.telegram_charge_id;
    s.to = payment_state::refunded;
    s.refunded = e_.payment.amount;
    s.user_id = e_.from.user_id;
    s.at = now_;
    purchase_ = std::move(s);
  }

  void note_refund(const payment_answer& a) {
    const bool early = a.now.state == payment_state::refunded && a.now.credits == 0;
    if (!a.changed && !early) return; // the cashier asked for it and has told it, or it is none of ours
    if (early) {                      // also when it is told again: into the same places
      messages_.push_back(voice_.refunded_before(a.now, a.who));
      return;
    }
    messages_.push_back(voice_.refunded(a.now, a.who));
  }

  // -- Payments, for administrators -------------------------------------------------------------------

  void payment_card(const std::vector<payment>& found) {
    if (found.empty() || found.front().payment_id == 0) return show(paint_.plain(say("payments.unknown")));
    show(voice_.card(found.front(), language_, who_.rank));
  }

  void say_no_right(right what) {
    if (e_.kind == event_kind::button) toast(say("office.no_right"));
    show(paint_.plain(say(std::string{"office.only_"} + name_of(least_role_for(what)))));
  }

  void for_admin(const std::string& action, const std::vector<payment>& found) {
    if (!can(right::look)) return toast(say("toast.unknown")); // a forged button learns nothing
    if (found.empty() || found.front().payment_id == 0) return toast(say("payments.unknown"));
    const auto& p = found.front();
    if (action == "payment") return payment_card(found);
    if (!can(right::refund)) return say_no_right(right::refund);
    const auto id = std::to_string(p.payment_id);
    const bool credit = action == "credit" || action == "credit_yes";
    const auto wanted = credit ? payment_state::unmatched : payment_state::paid;
    const auto credits = std::max<std::int64_t>(1, p.amount / opts_.shop.stars_per_credit);
    if (p.state != wanted) {
      toast(say(std::string{"payment_state."} + name_of(p.state)));
      return payment_card(found);
    }
    if (action == "refund" || action == "credit") {
      auto card = voice_.card(p, language_, who_.rank);
      const auto yes = credit ? "credit_yes" : "refund_yes";
      card.text +=
          "\n\n" + (credit ? say("payment.sure_credit",
                                 {{"amount", paint_.count("credits", p.credits > 0 ? p.credits : credits)}})
                           : say("payment.sure"));
      card.buttons = {{paint_.press(yes, std::string{yes} + ":" + id)},
                      {paint_.press("back", "payment:" + id)}};
      return show(card);
    }
    payment_step s;
    s.payment_id = p.payment_id;
    s.at = now_;
    s.to = credit ? payment_state::paid : payment_state::refunding;
    s.by = e_.from.user_id;
    if (credit) s.credits = credits;
    else if (p.method != payment_method::stars) {
      s.request_key = "refund-" + id + "-u" + std::to_string(e_.update_id);
      s.request = yookassa::refund_body(p.outside_id, p.amount - p.refunded, "№" + id);
    }
    purchase_ = std::move(s);
  }

  void admin_step_stored(const std::string& action, const payment_answer& a) {
    if (a.refused) return say_no_right(right::refund);
    show(voice_.card(a.now, language_, who_.rank));
    if (action != "credit_yes" || !a.changed) return;
    for (auto& m : voice_.paid(a.now, a.who)) messages_.push_back(std::move(m));
  }

  /// "/pause" stops all, "/pause kling-2-6" one model; /resume the same.
  void set_sales(bool pause) {
    const auto& id = e_.argument;
    const bool known = std::any_of(models_.begin(), models_.end(), [&](auto& m) { return m.id == id; });
    if (!id.empty() && !known) {
      std::string ids;
      for (auto& m : models_) ids += "\n<code>" + m.id + "</code>";
      return show(paint_.plain(say("sales.unknown", {{"models", ids}})));
    }
    settings_.emplace_back(id.empty() ? "stopped" : "paused:" + id, pause ? "1" : "");
    journal_.push_back(
        {0, now_, e_.from.user_id, "setting", 0, 0, 0, settings_.back().first + (pause ? " = 1" : " = —")});
    const auto what = id.empty() ? say("sales.all") : id;
    show(paint_.plain(say(pause ? "sales.paused" : "sales.resumed", {{"what", what}})));
  }

  // -- Running --------------------------------------------------------------------------------------

  void run() {
    auto d = *m_.work;
    const auto model = talk::settle(models_, d);
    if (!model || d.model != m_.work->model || d.aspect != m_.work->aspect ||
        d.duration != m_.work->duration || d.sound != m_.work->sound ||
        talk::price_of(*model, d) != d.price) {
      toast(say("toast.changed"));
      return card();
    }
    if (!may_press()) return;
    // A hold may be this very order's, placed before a crash: then only the store knows the answer.
    const auto total = d.price * std::int64_t{d.count};
    if (who_.balance + who_.held < total) {
      toast(say("toast.missing", {{"credits", paint_.count("credits_of", total - who_.balance)}}));
      return card();
    }
    count_press();
    place(d, *model);
  }

  void place(const draft& d, const config::model& model) {
    order_request o;
    o.order_key = "u" + std::to_string(e_.from.user_id) + ":d" + std::to_string(d.id);
    o.user_id = e_.from.user_id;
    o.at = now_;
    const bool photo_model = !d.photo.empty() && !model.provider_photo_model.empty();
    o.spec = {model.id,         talk::title_of(model, language_),
              model.api,        photo_model ? model.provider_photo_model : model.provider_model,
              d.prompt,         d.photo,
              d.aspect,         d.duration,
              model.resolution, d.sound && !model.sound_prices.empty()};
    o.price = d.price;
    o.count = d.count;
    o.active_jobs_max = opts_.users.active_jobs_max;
    o.closed = !sales_.sells(model.id);
    order_ = std::move(o);
  }

  bool may_press() {
    forget_old();
    if (m_.recent.size() < static_cast<std::size_t>(opts_.users.costly_actions_per_minute)) return true;
    const auto wait_s = std::max<unix_ms>(1, (m_.recent.front() + minute - now_ + 999) / 1000);
    toast(say("toast.slow", {{"n", std::to_string(wait_s)}}));
    if (m_.warned == 0 || now_ - m_.warned >= minute) { // once per window, or the notices are the flood
      m_.warned = now_;
      messages_.push_back(
          talk::show(paint_.plain(say("hint.slow", {{"n", std::to_string(wait_s)}})), e_.from.user_id));
    }
    return false;
  }

  void forget(std::vector<unix_ms>& moments, unix_ms window) const {
    const auto old = [&](auto at) { return now_ - at >= window; };
    moments.erase(std::remove_if(moments.begin(), moments.end(), old), moments.end());
  }
  void forget_old() { forget(m_.recent, minute); }

  /// Both halves of a turn count the press, whichever state they are given; it counts once.
  void count_press() {
    if (m_.pressed == e_.update_id) return;
    forget_old();
    m_.pressed = e_.update_id;
    m_.recent.push_back(now_);
  }

  void celebrate(const order_answer& a) {
    const auto d = m_.work.value_or(draft{});
    if (d.id) m_.done = d.id;
    m_.last_photo = d.photo;
    m_.last_width = d.photo_width, m_.last_height = d.photo_height;
    m_.work.reset();
    toast(say("toast.accepted"));
    go("home", paint_.accepted(d));
    messages_.back().urgency = lane::status;
    messages_.back().slot = job_voice::slot_of(a.order_id); // the card becomes the status message
  }

  void refuse(const order_answer& a) {
    if (a.outcome == order_outcome::closed) return refuse_closed();
    const bool many = a.outcome == order_outcome::too_many_jobs;
    toast(many ? say(room() > 0 ? "toast.many_at_once" : "toast.many",
                     {{"n", std::to_string(who_.open_jobs)}, {"room", paint_.count("videos", room())}})
               : say("toast.missing", {{"credits", paint_.count("credits_of", a.missing)}}));
    who_.balance = a.balance;
    if (m_.work) return card(many ? how_many_more() : "");
    home();
  }

  /// The numbers that matter: how many are in work, and how many there is room for.
  std::string how_many_more() const {
    return say(room() > 0 ? "card.many_at_once" : "card.many",
               {{"running", std::to_string(who_.open_jobs)},
                {"max", std::to_string(opts_.users.active_jobs_max)},
                {"room", paint_.count("videos", room())}});
  }
  int room() const { return std::max(0, opts_.users.active_jobs_max - who_.open_jobs); }

  /// One model is no reason to close the shop: the others are offered at once.
  void refuse_closed() {
    if (!m_.work) return toast(say("toast.closed")), home();
    const auto closed = shut();
    const auto model = m_.work->model;
    if (closed.empty() && sales_.paused.count(model) > 0) {
      toast(say("toast.paused"));
      return go_request("card", paint_.choose_model(models_, *m_.work, sales_,
                                                    say("card.model_paused", {{"model", title_of(model)}})));
    }
    toast(sales_.maintenance.empty() ? say("toast.closed") : sales_.maintenance);
    card();
  }

  const config::settings& set_;
  const config::options& opts_;
  const std::vector<config::model>& models_;
  const std::vector<config::preset>& presets_;
  const event& e_;
  account who_;
  unix_ms now_;
  std::string language_;
  const config::texts& words_;
  talk::painter paint_;
  sales_facts sales_;
  std::vector<office_seat> seats_;
  till::voice voice_;
  talk::memory m_;
  std::string toast_;
  std::vector<outgoing> messages_;
  std::optional<order_request> order_;
  std::optional<std::variant<open_payment, star_charge, payment_step>> purchase_;
  std::optional<job_step> step_;
  std::vector<std::pair<std::string, std::string>> settings_;
  std::vector<journal_line> journal_;
  std::vector<right> uses_;
  std::vector<std::pair<std::string, bool>> mutes_;
  std::int64_t ask_about_ = 0;
  std::optional<writing_request> writing_;
  std::optional<writing_outcome> outcome_; ///< Of the writing that this turn asked for.
  std::optional<picture_request> picture_;
  std::optional<picture_facts> looked_; ///< What was seen of the picture that this turn asked about.
  std::vector<config::model> on_sale_;
  std::string note_; ///< For the card
};

} // namespace

dialogue::facts dialogue::wanted(const event& e) const {
  if (e.kind == event_kind::command) {
    if (e.command == "history") return facts::entries;
    if (e.command == "jobs") return facts::jobs;
    if (e.command == "payments") return facts::payments;
    if (e.command == "mailing") return facts::mutes;
    return e.command == "payment" ? facts::payment : facts::none;
  }
  if (e.kind != event_kind::button) return facts::none;
  for (auto action : {"payment:", "refund:", "refund_yes:", "credit:", "credit_yes:"})
    if (starts(e.data, action)) return facts::payment;
  if (e.data == "payments") return facts::payments;
  if (e.data == "mailing" || starts(e.data, "mute:") || starts(e.data, "unmute:")) return facts::mutes;
  if (starts(e.data, "h:e:")) return facts::entries;
  for (auto action : {"h:j:", "again:", "cancel:", "redo:", "other:"})
    if (starts(e.data, action)) return facts::jobs;
  return e.data == "jobs" ? facts::jobs : facts::none;
}

std::int64_t dialogue::payments_of(const event& e) const { return whole(e.argument).value_or(0); }

payment_query dialogue::payment_named(const event& e) const {
  const auto colon = e.data.find(':');
  const auto number =
      e.kind == event_kind::command ? e.argument : e.data.substr(std::min(colon, e.data.size() - 1) + 1);
  return {whole(number).value_or(0), {}, {}};
}

dialogue::decision dialogue::decide(const event& e, const account& who, const screen_facts& f,
                                    unix_ms now) const {
  return scene{set_, e, who, now}.decide(f);
}

dialogue::decision dialogue::ordered(const event& e, const account& who, const order_answer& answer,
                                     unix_ms now, const sales_facts& sales) const {
  return scene{set_, e, who, now}.ordered(answer, sales);
}

dialogue::decision dialogue::settled(const event& e, const account& who, const payment_answer& answer,
                                     unix_ms now) const {
  return scene{set_, e, who, now}.settled(answer);
}

dialogue::decision dialogue::written(const event& e, const account& who, const screen_facts& f,
                                     const writing_outcome& outcome, unix_ms now) const {
  return scene{set_, e, who, now}.written(f, outcome);
}

dialogue::decision dialogue::stepped(const event& e, const account& who, const step_answer& answer,
                                     unix_ms now) const {
  return scene{set_, e, who, now}.stepped(answer);
}

std::optional<office_question> dialogue::office_question_of(const event& e, const account& who,
                                                            unix_ms now) const {
  if (who.rank == role::none) return {};
  return scene{set_, e, who, now}.office_question_of();
}

dialogue::decision dialogue::acted(const event& e, const account& who, const admin_answer& answer,
                                   unix_ms now) const {
  return scene{set_, e, who, now}.acted(answer);
}

dialogue::decision dialogue::acted(const event& e, const account& who, const broadcast_answer& answer,
                                   unix_ms now) const {
  return scene{set_, e, who, now}.acted(answer);
}

} // namespace troupe
