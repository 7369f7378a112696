#include "actors/office.hpp"
#include "actors/feedback.hpp"
#include "actors/office_screens.hpp"
#include "actors/whole.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe::office {
namespace {

using nlohmann::json;
using talk::whole;
using telegram::event_kind;

constexpr int log_page_size = 15, activity_page_size = 20, list_page_size = 16;

bool starts(const std::string& s, const std::string& head) { return s.rfind(head, 0) == 0; }

std::vector<std::string> split(const std::string& s, char by) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= s.size();) {
    const auto at = std::min(s.find(by, from), s.size());
    if (by != ' ' || at > from) parts.push_back(s.substr(from, at - from));
    from = at + 1;
  }
  return parts;
}

/// What waits for an administrator's "yes".
struct intent {
  std::int64_t id = 0; ///< The update that showed the question: two presses are one act.
  std::string what;    ///< name_of(admin_act), "setting"
  std::int64_t user_id = 0, job_id = 0;
  std::int64_t amount = 0; ///< credits that move
  std::string reason, name;
  std::string value;      ///< of a setting; of an act, who it concerns
  std::int64_t seen = -1; ///< the balance that the question showed; -1: none
  bool twice = false;     ///< asked a second time already
  bool of_job() const { return job_id != 0; }
};

intent read_intent(const std::string& text) {
  intent i;
  const auto j = own_json::try_read(text);
  if (!j.is_object()) return i;
  try {
    i.id = j.value("act", std::int64_t{0}), i.what = j.value("what", ""),
    i.user_id = j.value("user", std::int64_t{0});
    i.job_id = j.value("job", std::int64_t{0}), i.amount = j.value("amount", std::int64_t{0});
    i.reason = j.value("reason", ""), i.name = j.value("name", ""), i.value = j.value("value", "");
    i.seen = j.value("seen", std::int64_t{-1}), i.twice = j.value("twice", false);
  } catch (const json::exception&) {
    return {};
  }
  return i;
}
/// Beside it a broadcast may be in hand, which is not ours to forget.
std::string write_intent(const std::string& memory, const intent& i) {
  auto j = own_json::try_read(memory);
  if (!j.is_object()) j = json::object();
  j.update({{"act", i.id},
            {"what", i.what},
            {"user", i.user_id},
            {"job", i.job_id},
            {"amount", i.amount},
            {"reason", i.reason},
            {"name", i.name},
            {"value", i.value},
            {"seen", i.seen},
            {"twice", i.twice}});
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<admin_act> act_named(const std::string& name) {
  for (std::size_t i = 0; i < admin_acts; ++i)
    if (name == name_of(static_cast<admin_act>(i))) return static_cast<admin_act>(i);
  return {};
}

/// A question for a "yes" is on the screen; what is typed there is no prompt for a video.
constexpr const char* at_question = "o.sure";
constexpr std::int64_t amount_most = 1'000'000; // in one act, asked as often as you like
constexpr const char* cancel_job = "cancel_job";

/// The number that a text like "50 thanks for the report" begins with, in digits; "": it begins with none.
std::string digits_of(const std::string& text) {
  const auto from = std::min(text.find_first_not_of(" \t\r\n+"), text.size());
  const auto blank = std::min(text.find_first_of(" \t\r\n", from), text.size());
  const auto word = text.substr(from, blank - from);
  return word.find_first_not_of("0123456789") == word.npos ? word : "";
}

/// More than may be moved at once, with however many digits.
bool is_too_much(const std::string& text) {
  const auto digits = digits_of(text);
  const auto n = whole(digits);
  return digits.empty() ? false : n ? *n > amount_most : digits.find_first_not_of('0') != digits.npos;
}

/// "50 thanks for the report" -> 50 and the rest
bool read_amount(const std::string& text, std::int64_t& amount, std::string& reason) {
  const auto from = text.find_first_not_of(" \t\r\n+");
  if (from == text.npos) return false;
  const auto blank = std::min(text.find_first_of(" \t\r\n", from), text.size());
  const auto n = whole(digits_of(text));
  if (!n || *n <= 0 || *n > amount_most) return false;
  amount = *n;
  const auto rest = text.find_first_not_of(" \t\r\n", blank);
  reason = rest == text.npos ? "" : telegram::shorten(text.substr(rest), 200);
  return true;
}

/// One event on its way through the office.
class sitting {
public:
  sitting(const config::settings& set, const talk::painter& paint, const std::string& language,
          const visit& v)
      : set_{set}, screens_{set, paint, language, v.who.rank}, paint_{paint}, language_{language}, v_{v},
        intent_{read_intent(v.memory.office)} {
    if (v.e.kind == event_kind::button) parts_ = split(v.e.data.substr(2), ':');
    if (v.e.kind == event_kind::command) words_ = split(v.e.argument, ' ');
  }

  std::optional<office_question> asks() const {
    const auto& c = v_.e.command;
    if (v_.e.kind == event_kind::command) {
      if (c == "stats") return statistics_of(7);
      if (c == "user") return named_user(v_.e.argument);
      if (c == "log")
        return journal_query{words_.empty() ? 0 : whole(words_[0]).value_or(0), 0, log_page_size + 1};
      if (c == "job") return job_card_query{words_.empty() ? 0 : whole(words_[0]).value_or(0)};
      if (c == "queue") return queue_query{};
      if (const auto i = by_command()) return user_query{i->user_id, {}};
      return {};
    }
    if (v_.e.kind != event_kind::button) {
      for (auto at : {"o.msg", "o.give", "o.take", "o.ban", at_question})
        if (v_.memory.screen == at && !intent_.of_job() && intent_.user_id > 0)
          return user_query{intent_.user_id, {}};
      if (v_.memory.screen != "o.user") return {};
      return v_.e.forwarded ? user_query{v_.e.forwarded_from, {}} : named_user(v_.e.text);
    }
    if (is("stats")) return statistics_of(static_cast<int>(std::clamp<std::int64_t>(number(1), 0, 366)));
    if (is("u")) return user_query{number(1), {}};
    if (is("ue") || is("up") || is("uj"))
      return user_lists_query{number(1), page(2) * list_page_size, list_page_size + 1, list_asked()};
    if (is("ua")) return activity_query{number(1), page(2) * activity_page_size, activity_page_size + 1};
    if (is("log")) return journal_query{number(1), page(2) * log_page_size, log_page_size + 1};
    for (auto action : {"give", "take", "ban", "unban", "promote", "make_support", "demote", "msg"})
      if (is(action)) return user_query{number(1), {}};
    for (auto action : {"j", "jc", "jr", "jt"})
      if (is(action)) return job_card_query{number(1)};
    if (is("yes") && intent_.what == cancel_job) return job_card_query{intent_.job_id};
    if (is("queue") || (is("sell") && part(1) == "all")) return queue_query{};
    return {};
  }

  outcome decide() {
    if (const auto needed = needed_right(); needed && !can(*needed)) return no_right(*needed);
    if (v_.e.kind == event_kind::command) return command();
    if (v_.e.kind == event_kind::button) return pressed();
    return answered();
  }

  outcome acted(const admin_answer& a) {
    auto i = intent_;
    const auto what = act_named(i.what).value_or(admin_act::give);
    const auto user = std::to_string(a.profile.user_id);
    const auto back = i.of_job()          ? "o:j:" + std::to_string(i.job_id)
                      : a.profile.user_id ? "o:u:" + user
                                          : "o:menu";
    const config::texts::args facts{{"id", code(a.profile.user_id)},
                                    {"name", name_of(a.profile)},
                                    {"amount", paint_.count("credits", i.amount)},
                                    {"balance", paint_.count("credits", a.now.balance)},
                                    {"job", std::to_string(a.what.job_id)}};
    if (a.outcome == admin_outcome::changed) { // what was shown is not true any more
      i.twice = false;
      return ask(i, a.profile, a.now.balance, say("office.balance_changed"));
    }
    outcome o;
    o.step = "other";
    o.draft = write_intent(v_.memory.office, {}); // a second press is answered "outdated"
    if (a.outcome != admin_outcome::done) {
      o.screen = screens_.word(say(refusal(a.outcome, what), facts), back);
      return o;
    }
    o.screen = screens_.word(say(std::string{"office_done."} + name_of(what), facts), back);
    o.toast = say("office.toast_done");
    tell_user(o, what, i, a);
    return o;
  }

  outcome stepped(const step_answer& a) {
    outcome o;
    if (a.refused) return no_right(right::make_good);
    const bool gone = a.now.state == job_state::cancelled;
    const auto id = std::to_string(a.now.job_id);
    o.draft = write_intent(v_.memory.office, {});
    o.step = "other";
    o.screen =
        screens_.word(say(gone ? "office.job_cancelled" : "office.impossible", {{"job", id}}), "o:j:" + id);
    if (gone && a.changed) o.journal.push_back(line("cancel_job", a.now.user_id, a.now.job_id, ""));
    return o;
  }

private:
  // -- Rights ---------------------------------------------------------------------------------------

  bool can(right what) const { return may(v_.who.rank, what); }

  /// Says it in words to whoever typed it, and to whoever pressed a card of before. Nothing is asked any
  /// more.
  outcome no_right(right what) const {
    const auto text = say(std::string{"office.only_"} + troupe::name_of(least_role_for(what)));
    outcome o = v_.e.kind == event_kind::button ? only_toast("office.no_right") : outcome{};
    o.screen = screens_.word(text);
    o.step = "other";
    o.draft = write_intent(v_.memory.office, {});
    return o;
  }

  /// Of an act on somebody or something. None: it needs no more than the office itself.
  std::optional<right> right_for(const std::string& what) const {
    if (what == "give" || what == "take") return right::give;
    if (what == "ban" || what == "unban") return right::ban;
    if (what == "promote" || what == "demote" || what == "make_support") return right::name_roles;
    if (what == "msg") return right::answer;
    if (what == "return_credits" || what == "retry_job" || what == cancel_job) return right::make_good;
    if (what == "setting") return right::settings;
    return {};
  }
  std::optional<right> right_for_command() const {
    const std::pair<const char*, right> all[] = {{"add", right::give},
                                                 {"sub", right::give},
                                                 {"ban", right::ban},
                                                 {"unban", right::ban},
                                                 {"maintenance", right::close_shop}};
    for (const auto& [name, what] : all)
      if (v_.e.command == name) return what;
    return right::look;
  }
  std::optional<right> right_for_press() const {
    if (is("yes")) return right_for(intent_.what);
    if (is("jr") || is("jt") || is("jc")) return right::make_good;
    if (is("price") || is("sprice") || is("opt") || is("opts")) return right::settings;
    for (auto action : {"prices", "m", "maint", "maint_off", "sell"})
      if (is(action)) return right::close_shop;
    const auto act = right_for(part(0));
    return act ? act : right::look;
  }
  std::optional<right> needed_right() const {
    if (v_.e.kind == event_kind::command) return right_for_command();
    if (v_.e.kind == event_kind::button) return right_for_press();
    if (v_.memory.screen == "o.maint") return right::close_shop;
    if (v_.memory.screen == "o.user") return right::look;
    return right_for(v_.memory.screen == "o.msg" ? "msg" : intent_.what);
  }

  static const char* refusal(admin_outcome o, admin_act what) {
    const bool about_role =
        what == admin_act::promote || what == admin_act::demote || what == admin_act::make_support;
    switch (o) {
    case admin_outcome::unknown_user: return "office.no_user";
    case admin_outcome::unknown_job: return "office.no_job";
    case admin_outcome::too_few_credits: return "office.too_few";
    case admin_outcome::already: return "office.already";
    case admin_outcome::not_permitted: return "office.not_permitted";
    case admin_outcome::impossible:
      return about_role               ? "office.demote_listed"
             : what == admin_act::ban ? "office.ban_admin"
                                      : "office.impossible";
    case admin_outcome::done:
    case admin_outcome::changed: break;
    }
    return "office.impossible";
  }

  std::string say(const std::string& key, const config::texts::args& a = {}) const {
    return paint_.say(key, a);
  }
  bool is(const char* action) const { return !parts_.empty() && parts_[0] == action; }
  std::string part(std::size_t i) const { return i < parts_.size() ? parts_[i] : ""; }
  /// -1: none. No index and no id is that.
  std::int64_t number(std::size_t i) const { return whole(part(i)).value_or(-1); }
  int page(std::size_t i) const { return static_cast<int>(std::clamp<std::int64_t>(number(i), 0, 10'000)); }

  office_question statistics_of(int days) const {
    return stats_query{days ? v_.now - days * day_ms : 0, v_.now};
  }
  static user_query named_user(const std::string& text) {
    const auto parts = split(text, ' ');
    if (parts.empty()) return {};
    const auto& word = parts[0];
    if (const auto id = whole(word)) return {*id, {}};
    return {0, word[0] == '@' ? word.substr(1) : word};
  }
  user_lists_query::what list_asked() const {
    return is("ue")   ? user_lists_query::what::entries
           : is("up") ? user_lists_query::what::payments
                      : user_lists_query::what::jobs;
  }
  static std::string code(std::int64_t id) { return "<code>" + std::to_string(id) + "</code>"; }
  static std::string name_of(const user_profile& p) {
    return telegram::escape_html(telegram::shorten(p.first_name.empty() ? "—" : p.first_name, 40)) +
           (p.username.empty() ? "" : " @" + telegram::escape_html(p.username));
  }
  static std::string name_of(admin_act a) { return troupe::name_of(a); }
  template <class T> const T* facts() const { return std::get_if<T>(&v_.facts); }

  outcome show(talk::screen s, const std::string& step = "other") const {
    outcome o;
    o.screen = std::move(s);
    o.step = step;
    o.draft = v_.memory.office;
    return o;
  }
  outcome word(const std::string& key, const std::string& back = "o:menu") const {
    return show(screens_.word(say(key), back));
  }
  outcome only_toast(const std::string& key) const {
    outcome o;
    o.toast = say(key);
    o.draft = v_.memory.office;
    return o;
  }
  journal_line line(const std::string& action, std::int64_t user, std::int64_t job,
                    const std::string& detail) const {
    return {0, v_.now, v_.e.from.user_id, action, user, job, 0, detail};
  }

  // -- Commands -------------------------------------------------------------------------------------

  /// /add, /sub, /ban, /unban as what they ask for; nothing when the words are wrong or it is another one.
  std::optional<intent> by_command() const {
    if (v_.e.kind != event_kind::command) return {};
    const std::pair<const char*, admin_act> all[] = {{"add", admin_act::give},
                                                     {"sub", admin_act::take},
                                                     {"ban", admin_act::ban},
                                                     {"unban", admin_act::unban}};
    for (auto [name, what] : all) {
      if (v_.e.command != name) continue;
      const auto user = words_.empty() ? std::nullopt : whole(words_[0]);
      if (!user || *user == 0) return {};
      intent i;
      i.id = v_.e.update_id, i.what = name_of(what), i.user_id = *user;
      const auto rest = v_.e.argument.substr(std::min(v_.e.argument.size(), words_[0].size()));
      if (what == admin_act::give || what == admin_act::take)
        return read_amount(rest, i.amount, i.reason) ? std::optional{i} : std::nullopt;
      const auto from = rest.find_first_not_of(' ');
      i.reason = from == rest.npos ? "" : telegram::shorten(rest.substr(from), 200);
      return i;
    }
    return {};
  }

  outcome command() {
    const auto& c = v_.e.command;
    if (c == "admin") return show(screens_.menu());
    if (c == "stats") return statistics(7);
    if (c == "user") return v_.e.argument.empty() ? word("office.usage_user") : user();
    if (c == "log") return log(words_.empty() ? 0 : whole(words_[0]).value_or(0), 0);
    if (c == "job") return words_.empty() ? word("office.usage_job") : job();
    if (c == "queue") return queue();
    if (c == "maintenance")
      return v_.e.argument.empty() ? show(screens_.maintenance(v_.sales), "o.maint")
                                   : set_maintenance(v_.e.argument);
    const auto i = by_command();
    if (i) return ask_sure(*i);
    const bool credits = words_.size() > 1 && (c == "add" || c == "sub");
    return credits && is_too_much(words_[1]) ? show(screens_.word(too_much(), "o:menu"))
                                             : word("office.usage_" + c);
  }

  std::string too_much() const {
    return say("office.amount_most", {{"max", paint_.count("credits_of", amount_most)}});
  }

  outcome perform(const intent& i) const {
    const auto what = act_named(i.what);
    if (!what) return only_toast("office.outdated");
    admin_action a;
    a.key = "a" + std::to_string(i.id);
    a.admin_id = v_.e.from.user_id;
    a.at = v_.now;
    a.what = *what;
    a.user_id = i.of_job() ? 0 : i.user_id, a.job_id = i.job_id, a.amount = i.of_job() ? 0 : i.amount;
    a.reason = i.reason, a.balance_seen = i.seen;
    outcome o;
    o.op = a;
    return o;
  }

  // -- Buttons --------------------------------------------------------------------------------------

  outcome pressed() {
    if (is("menu")) return show(screens_.menu());
    if (is("stats")) return statistics(static_cast<int>(number(1)));
    if (is("ask")) return show(screens_.word(say("office.ask_user")), "o.user");
    if (is("u")) return user();
    if (is("ue") || is("up") || is("uj")) return list();
    if (is("ua"))
      return facts<activity_page>()
                 ? show(screens_.activity(*facts<activity_page>(), page(2), activity_page_size))
                 : word("office.nothing");
    if (is("log")) return log(number(1), page(2));
    if (is("j")) return job();
    if (is("queue")) return queue();
    if (is("prices")) return show(screens_.prices(v_.sales));
    if (is("m")) return show(screens_.model(screens_.tagged(part(1)), v_.sales));
    if (is("opts")) return show(screens_.options());
    if (is("maint")) return show(screens_.maintenance(v_.sales), "o.maint");
    if (is("maint_off")) return set_maintenance("");
    if (is("sell")) return sell();
    for (auto action : {"give", "take", "ban", "msg"})
      if (is(action)) return ask_more(action);
    for (auto action : {"unban", "promote", "make_support", "demote"})
      if (is(action)) {
        intent i;
        i.id = v_.e.update_id, i.what = action, i.user_id = number(1);
        return ask_sure(i);
      }
    if (is("jr")) return confirm_job(troupe::name_of(admin_act::return_credits));
    if (is("jt")) return confirm_job(troupe::name_of(admin_act::retry_job));
    if (is("jc")) return confirm_job(cancel_job);
    if (is("price") || is("sprice") || is("opt")) return ask_value();
    if (is("yes")) return yes();
    return only_toast("toast.unknown");
  }

  outcome statistics(int days) const {
    const auto* s = facts<stats>();
    const bool known = days == 0 || days == 1 || days == 7 || days == 30;
    return s && known ? show(screens_.statistics(*s, days, v_.now)) : only_toast("toast.unknown");
  }
  outcome user() const {
    const auto* c = facts<user_card>();
    return show(screens_.user(c ? *c : user_card{}, v_.e.from.user_id));
  }
  outcome list() const {
    const auto* l = facts<user_lists>();
    return l ? show(screens_.user_list(*l, list_asked(), page(2), list_page_size)) : word("office.nothing");
  }
  outcome log(std::int64_t user_id, int page_number) const {
    const auto* p = facts<journal_page>();
    return show(screens_.log(p ? *p : journal_page{}, user_id, page_number, log_page_size));
  }
  outcome job() const {
    const auto* c = facts<job_card>();
    return show(screens_.job(c ? *c : job_card{}));
  }
  outcome queue() const {
    const auto* q = facts<queue_page>();
    return show(screens_.queue(q ? *q : queue_page{}, v_.sales, v_.now));
  }

  /// What is said next belongs to it.
  outcome ask_more(const std::string& action) const {
    intent i;
    i.id = v_.e.update_id;
    i.what = action;
    i.user_id = number(1);
    const auto* c = facts<user_card>();
    if (!c || c->who.user_id == 0) return word("office.no_user");
    if (const auto why = why_not(i, *c); !why.empty()) return word(why, "o:u:" + std::to_string(i.user_id));
    const auto question =
        say("office.ask_" + action, {{"id", code(i.user_id)},
                                     {"name", name_of(c->who)},
                                     {"balance", paint_.count("credits", c->money.balance)}});
    auto s = screens_.word(question, "o:u:" + std::to_string(i.user_id));
    if (action == "ban") s.buttons.insert(s.buttons.begin(), {yes_button(i)});
    auto o = show(s, "o." + action);
    o.draft = write_intent(v_.memory.office, i);
    return o;
  }

  talk::button yes_button(const intent& i) const {
    return screens_.press("yes", "o:yes:" + std::to_string(i.id));
  }

  /// Holds for one press, and until anything else is done.
  outcome confirm(const intent& i, const talk::button& yes, const std::string& question,
                  const std::string& back) const {
    auto s = screens_.word(question, back);
    s.buttons.insert(s.buttons.begin(), {yes});
    auto o = show(s, at_question);
    o.draft = write_intent(v_.memory.office, i);
    return o;
  }

  /// "": it can be done. Else the sentence; a question whose "yes" does nothing is not asked.
  std::string why_not(const intent& i, const user_card& c) const {
    const auto theirs = screens_.rank_of(c);
    if (i.what == "ban" && theirs != role::none) return "office.ban_admin";
    if (i.what == "ban" && c.money.banned) return "office.already";
    if (i.what == "unban" && !c.money.banned) return "office.already";
    const std::pair<const char*, role> roles[] = {
        {"promote", role::admin}, {"make_support", role::support}, {"demote", role::none}};
    for (const auto& [what, becomes] : roles) {
      if (i.what != what) continue;
      if (theirs == role::owner || c.who.user_id == v_.e.from.user_id) return "office.demote_listed";
      if (theirs == becomes) return "office.already";
    }
    return "";
  }

  /// One question for the button and for the typed command.
  outcome ask_sure(const intent& i) const {
    const auto* c = facts<user_card>();
    if (!c || c->who.user_id == 0) return word("office.no_user");
    const auto back = "o:u:" + std::to_string(c->who.user_id);
    if (const auto why = why_not(i, *c); !why.empty()) return word(why, back);
    if (is_too_much_for_me(i)) return show(screens_.word(too_much_for_me(), back));
    if (i.what == "take" && i.amount > c->money.balance)
      return show(
          screens_.word(say("office.too_few", {{"id", code(c->who.user_id)},
                                               {"balance", paint_.count("credits", c->money.balance)}}),
                        back));
    return ask(i, c->who, c->money.balance);
  }

  /// Beyond `office.give_max` only owners move credits.
  bool is_too_much_for_me(const intent& i) const {
    return (i.what == "give" || i.what == "take") && i.amount > set_.opts.office.give_max &&
           !can(right::give_more);
  }
  std::string too_much_for_me() const {
    return say("office.only_owner_more", {{"max", paint_.count("credits_of", set_.opts.office.give_max)}});
  }

  /// By how much his balance changes when it is done.
  static std::int64_t change_by(const intent& i) {
    if (i.what == "take") return -i.amount;
    return i.what == "give" || i.what == troupe::name_of(admin_act::return_credits) || i.what == cancel_job
               ? i.amount
               : 0; // what is made again is given and taken at once
  }

  /// With whom, how much, and the balance before and after.
  outcome ask(intent i, const user_profile& who, std::int64_t balance, const std::string& note = "") const {
    i.id = v_.e.update_id;
    if (i.amount > 0) i.seen = balance;
    if (!i.twice) // for the second question
      i.value = telegram::shorten(who.first_name, 40) + (who.username.empty() ? "" : " @" + who.username);
    const config::texts::args args{{"id", code(who.user_id)},
                                   {"name", name_of(who)},
                                   {"job", std::to_string(i.job_id)},
                                   {"amount", paint_.count("credits", i.amount)},
                                   {"why", telegram::escape_html(i.reason.empty() ? "—" : i.reason)},
                                   {"before", paint_.count("credits", balance)},
                                   {"after", paint_.count("credits", balance + change_by(i))},
                                   {"max", paint_.count("credits", set_.opts.office.give_max)},
                                   {"most", paint_.count("credits_of", set_.opts.office.give_max)}};
    auto text = say(i.twice ? "office.sure_much" : "office.sure_" + i.what, args);
    if (i.amount > 0 && !i.twice) text += "\n" + say("office.balance_line", args);
    const auto yes = i.twice
                         ? talk::button{say("office_button.yes_much", args), "o:yes:" + std::to_string(i.id)}
                         : yes_button(i);
    return confirm(i, yes, note.empty() ? text : note + "\n\n" + text,
                   i.of_job() ? "o:j:" + std::to_string(i.job_id) : "o:u:" + std::to_string(who.user_id));
  }

  static std::string why_not(const std::string& what, const job_card& c) {
    const auto state = c.what.state;
    if (what == cancel_job) return state == job_state::pending ? "" : "office.impossible";
    if (what == troupe::name_of(admin_act::retry_job)) {
      if (c.retried) return "office.already";
      return may_be_made_again(c.what) ? "" : "office.impossible";
    }
    if (c.returned) return "office.already";
    return state == job_state::completed && c.what.fail_text.empty() ? "" : "office.impossible";
  }

  outcome confirm_job(const std::string& what) const {
    const auto* c = facts<job_card>();
    if (!c || c->what.job_id == 0) return only_toast("toast.unknown");
    if (const auto why = why_not(what, *c); !why.empty())
      return word(why, "o:j:" + std::to_string(c->what.job_id));
    intent i;
    i.what = what, i.job_id = c->what.job_id, i.user_id = c->what.user_id, i.amount = c->what.price;
    return ask(i, c->who, c->balance);
  }

  outcome cancel() const {
    const auto* c = facts<job_card>();
    if (!c || c->what.job_id == 0) return only_toast("toast.unknown");
    if (c->what.state == job_state::pending && c->balance != intent_.seen)
      return ask(intent_, c->who, c->balance, say("office.balance_changed"));
    outcome o;
    o.step_of_job = cancelling(set_.words, c->what, v_.now);
    o.step_of_job->by = v_.e.from.user_id;
    return o;
  }

  outcome yes() const {
    const auto& at = v_.memory.screen;
    const bool credits = intent_.what == "give" || intent_.what == "take";
    const bool asked = at == at_question || (at == "o.ban" && intent_.what == "ban");
    const bool whole_intent =
        asked && intent_.id != 0 && intent_.id == number(1) && (!credits || intent_.amount > 0);
    if (!whole_intent) return only_toast("office.outdated");
    if (intent_.what == cancel_job) return cancel();
    if (is_too_much_for_me(intent_)) return show(screens_.word(too_much_for_me(), "o:menu"));
    if (intent_.what != "setting") {
      if (intent_.amount > set_.opts.office.give_max && !intent_.twice) return ask_twice();
      return perform(intent_);
    }
    return store_setting(intent_.name, intent_.value,
                         say("office.setting_done", {{"name", telegram::escape_html(intent_.name)},
                                                     {"value", telegram::escape_html(intent_.value)}}),
                         starts(intent_.name, "model:") ? "o:prices" : "o:opts");
  }

  /// Another question than the first, so that it is read.
  outcome ask_twice() const {
    auto i = intent_;
    i.twice = true;
    user_profile who;
    who.user_id = i.user_id, who.first_name = i.value;
    return ask(i, who, i.seen);
  }

  outcome store_setting(const std::string& name, const std::string& value, const std::string& words,
                        const std::string& back) const {
    auto o = show(screens_.word(words, back));
    o.draft = write_intent(v_.memory.office, {});
    o.settings.emplace_back(name, value);
    o.journal.push_back(
        line("setting", 0, 0, name + " = " + (value.empty() ? "—" : telegram::shorten(value, 200))));
    o.toast = say("office.toast_done");
    return o;
  }

  outcome sell() const {
    if (part(2) != "0" && part(2) != "1") return only_toast("toast.unknown");
    const bool on = part(2) == "1";
    const bool all = part(1) == "all";
    const auto* m = all ? nullptr : screens_.tagged(part(1));
    if (!all && !m) return only_toast("office.model_gone");
    const auto name = all ? std::string{"stopped"} : "paused:" + m->id;
    const auto what = all ? say("sales.all") : talk::title_of(*m, paint_language());
    return store_setting(name, on ? "" : "1",
                         say(on ? "sales.resumed" : "sales.paused", {{"what", telegram::escape_html(what)}}),
                         all ? "o:queue" : "o:prices");
  }
  std::string paint_language() const { return config::texts::language_for(v_.e.from.language); }

  outcome set_maintenance(const std::string& text) const {
    return store_setting("maintenance", telegram::shorten(text, 500),
                         text.empty() ? say("office.maintenance_ended")
                                      : say("office.maintenance_set",
                                            {{"text", telegram::escape_html(telegram::shorten(text, 500))}}),
                         "o:maint");
  }

  outcome ask_value() const {
    intent i;
    i.id = v_.e.update_id, i.what = "setting";
    std::string question, back = "o:prices";
    if (is("opt")) {
      const auto& keys = config::changeable_options();
      const auto& key = part(1);
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) return only_toast("toast.outdated");
      i.name = "option:" + key;
      back = "o:opts";
      question = say("office.ask_option", {{"name", say("option." + key.substr(key.find('.') + 1))},
                                           {"value", screens_.option_value(key)}});
    } else {
      const auto* found = screens_.tagged(part(1));
      if (!found) return only_toast("office.model_gone");
      auto& m = *found;
      const bool sound = is("sprice");
      i.name = "model:" + m.id + (sound ? ":sound_prices" : m.prices.empty() ? ":price" : ":prices");
      std::string lengths;
      for (auto s : m.durations_s)
        lengths += (lengths.empty() ? "" : ", ") + std::to_string(s) + " " + say("office.s");
      question = say(!sound && m.prices.empty() ? "office.ask_price" : "office.ask_prices",
                     {{"title", telegram::escape_html(talk::title_of(m, paint_language()))},
                      {"prices", screens_.price_list(m)},
                      {"lengths", lengths}});
    }
    auto o = show(screens_.word(question, back), "o.value");
    o.draft = write_intent(v_.memory.office, i);
    return o;
  }

  // -- What was asked for ---------------------------------------------------------------------------

  outcome answered() {
    const auto& at = v_.memory.screen;
    if (at == "o.user") {
      if (v_.e.forwarded && v_.e.forwarded_from == 0)
        return show(screens_.word(say("office.hidden")), "o.user");
      auto o = user();
      const auto* c = facts<user_card>();
      if (!c || c->who.user_id == 0) o.step = "o.user"; // another try
      return o;
    }
    if (at == "o.msg" && intent_.user_id != 0) return message();
    if (v_.e.kind != event_kind::text) return keep(at, say("office.text_only"));
    if (at == "o.maint") return set_maintenance(v_.e.text);
    if (at == "o.value") return value();
    auto i = intent_;
    const bool asked = at == at_question;
    const bool amounts = i.what == "give" || i.what == "take";
    if (i.user_id == 0 && !asked) return word("office.outdated");
    if (at == "o.ban") {
      i.reason = telegram::shorten(v_.e.text, 200);
      return ask_sure(i);
    }
    i.twice = false;
    if (amounts && !i.of_job() && read_amount(v_.e.text, i.amount, i.reason)) return ask_sure(i);
    if (!asked) return keep(at, is_too_much(v_.e.text) ? too_much() : say("office.wrong_amount"));
    auto o = keep(at, say("office.press_yes")); // it still waits for its "yes"
    if (i.id != 0) o.screen->buttons.insert(o.screen->buttons.begin(), {yes_button(i)});
    return o;
  }

  /// The question stands.
  outcome keep(const std::string& step, const std::string& words) const {
    auto o = show(screens_.word(words), step);
    o.draft = v_.memory.office;
    return o;
  }

  /// Of "option:shop.stars_per_credit", "model:veo3_fast:prices".
  std::string in_force(const std::string& name) const {
    const auto parts = split(name, ':');
    if (parts[0] == "option") return screens_.option_value(name.substr(parts[0].size() + 1));
    for (auto& m : set_.models)
      if (parts.size() == 3 && m.id == parts[1])
        return parts[2] == "sound_prices" ? screens_.sound_price_list(m) : screens_.price_list(m);
    return "—";
  }

  outcome value() const {
    auto i = intent_;
    std::string list; // "4, 6 8" as well as "4,6,8"
    for (auto& w : split(v_.e.text, ' '))
      for (auto& n : split(w, ','))
        if (!n.empty()) list += (list.empty() ? "" : ",") + n;
    if (const auto why = config::why_not(set_, i.name, list); !why.empty())
      return keep("o.value", say("office.wrong_value", {{"why", telegram::escape_html(why)}}));
    i.id = v_.e.update_id;
    i.value = list;
    auto text = say("office.sure_setting", {{"name", telegram::escape_html(i.name)},
                                            {"value", telegram::escape_html(list)},
                                            {"now", in_force(i.name)}});
    if (is_price(i.name)) text += "\n" + say("office.new_price");
    return confirm(i, yes_button(i), text, starts(i.name, "model:") ? "o:prices" : "o:opts");
  }

  /// Of a model, or of a credit; the other settings are limits.
  static bool is_price(const std::string& name) {
    return starts(name, "model:") || name.find("_per_credit") != name.npos;
  }

  outcome message() const {
    const auto* c = facts<user_card>();
    if (!c || c->who.user_id == 0) return word("office.no_user");
    if (!feedback::can_be_copied(v_.e)) return keep("o.msg", say("feedback.cannot"));
    const auto user = intent_.user_id;
    auto o = show(
        screens_.word(say("office.message_passing", {{"id", code(user)}}), "o:u:" + std::to_string(user)));
    o.slot = "to:" + std::to_string(v_.e.update_id); // it becomes what was done
    o.wrote_to = user;
    const feedback::words_to whom{user, config::texts::language_for(c->who.language), language_, o.slot,
                                  c->money.banned};
    o.messages = feedback::to_user(set_.words, v_.e, whom);
    o.journal.push_back(line("message", user, 0, telegram::shorten(v_.e.text, 200)));
    o.uses = {right::answer};
    return o;
  }

  /// In his own language.
  void tell_user(outcome& o, admin_act what, const intent& i, const admin_answer& a) const {
    const talk::painter theirs{set_.words, config::texts::language_for(a.profile.language)};
    std::string key;
    if (what == admin_act::give) key = i.reason.empty() ? "gift.given" : "gift.given_for";
    if (what == admin_act::ban) key = i.reason.empty() ? "gift.banned" : "gift.banned_for";
    if (what == admin_act::unban) key = "gift.unbanned";
    if (what == admin_act::return_credits) key = "gift.returned";
    if (what == admin_act::retry_job) key = "gift.retried";
    if (key.empty()) return;
    auto text = theirs.say(
        key,
        {{"amount", theirs.count("credits", what == admin_act::return_credits ? a.what.price : i.amount)},
         {"balance", theirs.count("credits", a.now.balance)},
         {"why", telegram::escape_html(i.reason)},
         {"prompt", talk::quote(a.what.spec.prompt)}});
    // A banned person cannot press anything.
    auto m = talk::show(a.now.banned ? talk::screen{text, {}} : theirs.plain(text), a.profile.user_id);
    m.urgency = lane::money;
    o.messages.push_back(std::move(m));
  }

  const config::settings& set_;
  screens screens_;
  const talk::painter& paint_;
  const std::string& language_;
  const visit& v_;
  intent intent_;
  std::vector<std::string> parts_, words_;
};

} // namespace

bool desk::concerns(const telegram::event& e, const talk::memory& m) {
  if (e.group_id != 0) return false;
  if (e.kind == event_kind::button) return starts(e.data, "o:");
  if (e.kind == event_kind::command)
    for (auto name :
         {"admin", "stats", "user", "add", "sub", "ban", "unban", "log", "job", "queue", "maintenance"})
      if (e.command == name) return true;
  return telegram::is_content(e.kind) && starts(m.screen, "o.");
}

std::optional<office_question> desk::asks(const visit& v) const {
  return sitting{set_, paint_, language_, v}.asks();
}
outcome desk::decide(const visit& v) const { return sitting{set_, paint_, language_, v}.decide(); }
outcome desk::acted(const visit& v, const answer& a) const {
  const auto* done = std::get_if<admin_answer>(&a);
  return sitting{set_, paint_, language_, v}.acted(done ? *done : admin_answer{});
}
outcome desk::stepped(const visit& v, const step_answer& a) const {
  return sitting{set_, paint_, language_, v}.stepped(a);
}

} // namespace troupe::office
