#include "actors/dialogue.hpp"
#include "actors/dialogue_state.hpp"
#include "tests/fuzz/bot_rules.hpp"
#include "tests/fuzz/edge.hpp"
#include "storage/authority.hpp"
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

// A whole conversation with the rules, one act a line, and a small store that answers as the real one does:
//
//   ! admin en poor banned cards writer   who it is; the first line
//   t TEXT    c COMMAND WORDS    p CAPTION    f SIDE (a picture as a file)    m KIND    b DATA (any button)
//   # N (a button that was shown) s STATE (what the disk says)    $ STARS PAYLOAD    r STARS    w PROMPT (the
//   writer's next)    + SECONDS x (sales are closed)    ~ N (the next answers of the store are refusals)
//
// Whatever is said: nothing is thrown, nobody orders what he cannot pay, and Telegram would take every word.

using namespace troupe;
using namespace troupe::fuzz;
using telegram::event;
using telegram::event_kind;

namespace {

constexpr std::int64_t me = 5, boss = 77;
constexpr std::size_t acts_max = 60, state_max = 200'000;

const config::settings& product() {
  static const auto all = config::load(
      TROUPE_SOURCE_DIR "/config",
      {{"YOOKASSA_SHOP_ID", "100500"}, {"YOOKASSA_SECRET_KEY", "test_key"}, {"ADMIN_IDS", "77"}});
  return all;
}
config::settings with(bool writer) {
  auto s = product();
  if (writer) s.opts.prompt_writer.api_url = "http://writer/v1";
  return s;
}
const config::settings& product(bool writer) {
  static const config::settings with_it = with(true), without = with(false);
  return writer ? with_it : without;
}

/// Telegram takes no longer texts, and tells no broken ones.
std::string as_telegram_tells(std::string text, std::size_t most) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n') lines += '\n', ++i;
    else lines += text[i];
  const auto shorter = characters(lines) > most ? lines.substr(0, most) : lines;
  return is_utf8(shorter) ? shorter : "broken";
}

class conversation {
public:
  explicit conversation(const std::string& first)
      : set_{product(holds(first, "writer"))}, rules_{set_}, language_{holds(first, "en") ? "en" : "ru"} {
    who_.user_id = holds(first, "admin") ? boss : me;
    who_.rank = who_.user_id == boss ? role::owner : holds(first, "support") ? role::support : role::none;
    who_.banned = holds(first, "banned");
    who_.registered = true;
    who_.balance = holds(first, "poor") ? 1 : 50;
    who_.language = language_;
    jobs_ = {a_job(1, job_state::completed), a_job(2, job_state::pending), a_job(3, job_state::failed)};
    payments_ = {a_payment(1, payment_state::paid), a_payment(2, payment_state::unmatched)};
  }

  void act(const std::string& line) {
    if (line.size() < 2) return line == "x" ? void(facts_.sales.closed = true) : void();
    const auto words = line.substr(2);
    switch (line[0]) {
    case 't': return says(event_kind::text, words);
    case 'p': return says(event_kind::photo, words);
    case 'f': return picture_file(words);
    case 'm': return media(words);
    case 'c': return command(words);
    case 'b': return press(as_telegram_tells(words, 64));
    case '#': return press_shown(words);
    case 's': who_.state = words; return;
    case '$': return pays(words);
    case 'r': return refunds(words);
    case 'w': writer_ = words; return;
    case '+': now_ += std::min<std::int64_t>(number(words), 10'000'000) * 1000; return;
    case '~': refusals_ = static_cast<int>(number(words) % 100); return;
    default: return;
    }
  }

private:
  // -- What a person does ---------------------------------------------------------------------------

  event make(event_kind kind) {
    event e;
    e.kind = kind;
    e.update_id = update_++;
    e.from = {who_.user_id, "Аня <b>&", "anya", language_};
    e.message_id = 900 + update_;
    return e;
  }
  static std::int64_t number(const std::string& s) {
    std::int64_t n = 0;
    for (const char c : s.substr(0, 15))
      if (c >= '0' && c <= '9') n = n * 10 + (c - '0');
    return n;
  }
  void says(event_kind kind, const std::string& words) {
    auto e = make(kind);
    e.text = as_telegram_tells(words, kind == event_kind::photo ? 1024 : 4096);
    if (kind == event_kind::text && e.text.empty()) return;
    if (kind == event_kind::photo) e.photo_file_id = e.file_id = "PHOTO", e.file_kind = "photo";
    happens(e);
  }
  /// What is in it is looked at by others; they have seen a square.
  void picture_file(const std::string& side) {
    auto e = make(event_kind::photo);
    e.photo_file_id = e.file_id = "PICTURE", e.file_kind = "document", e.photo_is_file = true;
    seen_ = {};
    seen_.state = picture_state::good;
    seen_.width = seen_.height = static_cast<int>(number(side) % 20'000);
    happens(e);
  }
  void media(const std::string& kind) {
    auto e = make(event_kind::other_media);
    e.media = as_telegram_tells(kind, 20);
    e.file_kind = e.media, e.file_id = "FILE";
    happens(e);
  }
  void command(const std::string& words) {
    auto e = make(event_kind::command);
    const auto all = as_telegram_tells(words, 4000);
    const auto space = std::min(all.find(' '), all.size());
    e.text = "/" + all;
    e.command = all.substr(0, space);
    e.argument = space < all.size() ? all.substr(space + 1) : "";
    if (!e.command.empty()) happens(e);
  }
  void press(const std::string& data) {
    auto e = make(event_kind::button);
    e.callback_id = "cb", e.data = data;
    happens(e);
  }
  void press_shown(const std::string& which) {
    if (!shown_.empty()) press(shown_[static_cast<std::size_t>(number(which)) % shown_.size()]);
  }
  void pays(const std::string& words) {
    auto e = make(event_kind::payment);
    const auto space = std::min(words.find(' '), words.size());
    e.payment.currency = "XTR", e.payment.amount = number(words.substr(0, space));
    e.payment.payload = space < words.size() ? as_telegram_tells(words.substr(space + 1), 128) : last_key_;
    e.payment.telegram_charge_id = "charge-" + std::to_string(update_);
    happens(e);
  }
  void refunds(const std::string& words) {
    auto e = make(event_kind::payment_refunded);
    e.payment.amount = number(words), e.payment.telegram_charge_id = "charge-1";
    happens(e);
  }

  // -- The turn, as a session takes it --------------------------------------------------------------

  void happens(const event& e) {
    look_up(e);
    facts_.picture.reset();
    auto d = rules_.decide(e, who_, facts_, now_);
    if (d.picture) {
      must(who_.state == d.state, "nothing is remembered before the picture was looked at");
      for (const auto& m : d.messages) check_call(m);
      facts_.picture = seen_;
      d = rules_.decide(e, who_, facts_, now_);
      must(!d.picture, "a picture is looked at once");
    }
    if (d.writing) {
      must(who_.state == d.state, "nothing is remembered before the writer has answered");
      for (const auto& m : d.messages) check_call(m);
      d = rules_.written(e, who_, facts_, {std::exchange(writer_, "")}, now_);
      answered_ = true;
    }
    must(!d.writing, "the writer is asked once");
    check_rights(d);
    const bool two_halves = d.order || d.purchase || d.step || d.office;
    if (two_halves) {
      must(d.messages.empty(), "nothing is said before it is stored");
      d = second_half(e, d);
    }
    who_.state = d.state;
    check_messages(e, d.messages, two_halves);
    check_state();
  }

  dialogue::decision second_half(const event& e, const dialogue::decision& d) {
    if (d.order) return rules_.ordered(e, who_, store(*d.order), now_);
    if (d.step) return rules_.stepped(e, who_, store(*d.step), now_);
    if (d.purchase) {
      const auto a = std::visit([this](const auto& p) { return store(p); }, *d.purchase);
      return rules_.settled(e, who_, a, now_);
    }
    if (const auto* act = std::get_if<admin_action>(&*d.office))
      return rules_.acted(e, who_, store(*act), now_);
    if (const auto* b = std::get_if<open_broadcast>(&*d.office))
      return rules_.acted(e, who_, store(*b), now_);
    return rules_.acted(e, who_, store(std::get<broadcast_step>(*d.office)), now_);
  }

  void look_up(const event& e) {
    facts_.jobs = jobs_;
    facts_.payments = payments_;
    facts_.entries = {{1, 50, "credit", "bonus", "1", "a <gift>", now_},
                      {2, -1, "debit", "job", "1", "", now_}};
    rules_.wanted(e), rules_.payments_of(e), rules_.payment_named(e);
    const auto asked = rules_.office_question_of(e, who_, now_);
    must(!asked || who_.rank != role::none, "only people of the office ask the analyst");
    facts_.office = asked ? std::visit([this](const auto& q) { return known(q); }, *asked) : office_facts{};
  }

  // -- What must hold -------------------------------------------------------------------------------

  void check_rights(const dialogue::decision& d) {
    if (who_.rank == role::support) {
      for (auto& l : d.journal)
        must(l.action == "message" || l.action == "feedback" || l.action == "cancel_job",
             "support does no more");
      must(d.settings.empty(), "support sets nothing");
    }
    if (who_.rank != role::none) return;
    must(d.settings.empty() && d.journal.empty() && !d.office, "who is no administrator changes nothing");
    if (const auto* p = d.purchase ? std::get_if<payment_step>(&*d.purchase) : nullptr)
      must(p->payment_id == 0 && p->to == payment_state::refunded, "a user refunds nothing by himself");
    must(!who_.banned || !d.order, "who is banned orders nothing");
  }

  void check_order(const order_request& o) {
    must(o.user_id == who_.user_id, "nobody orders for another");
    must(o.order_key.rfind("u" + std::to_string(who_.user_id) + ":d", 0) == 0,
         "an order is known by its user and draft");
    must(o.price > 0 && o.count >= 1 && o.count <= set_.opts.users.active_jobs_max,
         "an order is one to five paid videos");
    must(o.price * o.count <= who_.balance + who_.held, "nobody orders what he cannot pay");
    const auto m = std::find_if(set_.models.begin(), set_.models.end(),
                                [&](auto& x) { return x.id == o.spec.model_id; });
    must(m != set_.models.end(), "a model of the catalogue is ordered");
    must(o.price == config::price_of(*m, o.spec.duration_s, o.spec.sound), "the price is the catalogue's");
    must(std::count(m->durations_s.begin(), m->durations_s.end(), o.spec.duration_s) == 1,
         "the length is the catalogue's");
    must(o.spec.photo_file_id.empty() ? m->text_input : m->photo_input, "the model takes what it is given");
    must(!o.spec.prompt.empty() && characters(o.spec.prompt) <= static_cast<std::size_t>(m->prompt_chars_max),
         "the prompt is one that the model takes");
  }

  void check_messages(const event& e, const std::vector<outgoing>& all, bool two_halves) {
    std::size_t answers = 0;
    std::vector<std::string> buttons;
    for (const auto& m : all) {
      const auto data = check_call(m);
      if (m.method == "answerCallbackQuery") ++answers;
      else if (m.chat_id == who_.user_id && !data.empty()) buttons = data;
      must(who_.rank != role::none || m.chat_id == who_.user_id || m.chat_id == boss,
           "a user's words reach nobody else");
    }
    if (!buttons.empty()) shown_ = buttons;
    const bool pressed = e.kind == event_kind::button;
    must(answers <= 1 && (pressed || answers == 0), "a press is answered once");
    must(!pressed || answers == 1 || answered_ || two_halves, "a press is answered");
    answered_ = false;
  }

  void check_state() {
    must(who_.state.size() < state_max, "the memory stays small");
    must(who_.balance >= 0 && who_.held >= 0, "no account falls below nothing");
  }

  // -- The store ------------------------------------------------------------------------------------

  bool refuses() { return refusals_ > 0 && refusals_-- > 0; }

  order_answer store(const order_request& o) {
    check_order(o);
    if (const auto known = orders_.find(o.order_key); known != orders_.end()) return known->second;
    const auto total = o.price * o.count;
    order_answer a{order_outcome::accepted, 0, who_.balance, 0};
    if (o.closed) a.outcome = order_outcome::closed;
    else if (refuses()) a.outcome = order_outcome::too_many_jobs;
    else if (total > who_.balance)
      a.outcome = order_outcome::too_few_credits, a.missing = total - who_.balance;
    if (a.outcome != order_outcome::accepted) return a;
    who_.balance -= total, who_.held += total;
    a.order_id = 100 + static_cast<std::int64_t>(orders_.size());
    a.balance = who_.balance;
    return orders_[o.order_key] = a;
  }

  payment_answer store(const open_payment& o) {
    must(o.user_id == who_.user_id && o.amount > 0 && o.credits > 0,
         "a purchase costs money and brings credits");
    must(o.key.size() <= 128 && !o.key.empty(), "a purchase has a key that fits into an invoice");
    must(o.method == payment_method::stars || nlohmann::json::accept(o.request), "the shop is asked in JSON");
    auto p = a_payment(10, payment_state::pending);
    p.key = last_key_ = o.key, p.method = o.method, p.amount = o.amount, p.credits = o.credits;
    return {true, p, who_};
  }
  payment_answer store(const star_charge& c) {
    auto p =
        a_payment(10, c.key == last_key_ && !c.key.empty() ? payment_state::paid : payment_state::unmatched);
    p.amount = c.amount;
    if (p.state == payment_state::paid) who_.balance += p.credits;
    return {true, p, who_};
  }
  payment_answer store(const payment_step& s) {
    auto p = a_payment(1, s.to);
    p.refunded = std::min(s.refunded, p.amount);
    return {!refuses(), p, who_};
  }
  step_answer store(const job_step& s) {
    for (const auto& m : s.messages) check_call(m);
    auto j = a_job(s.job_id, refuses() ? job_state::processing : job_state::cancelled);
    return {j.state == job_state::cancelled, j};
  }
  admin_answer store(const admin_action& a) {
    must(a.admin_id == who_.user_id && !a.key.empty(), "an act is an administrator's own");
    must(may(who_.rank, storage::right_for(storage::deed_of(a, {{}, set_.opts.office.give_max}))),
         "nobody asks for what he may not do");
    const bool credits = a.what == admin_act::give || a.what == admin_act::take;
    must(!credits || (a.amount > 0 && a.amount <= 1'000'000), "credits are given and taken in bounds");
    must(a.user_id > 0 || a.job_id > 0, "an act is on somebody");
    if (refuses()) return {static_cast<admin_outcome>(1 + now_ / 1000 % 7), who_, {}, {}};
    return {admin_outcome::done, who_, {me, "Аня <b>", "anya", "ru"}, a_job(1, job_state::completed)};
  }
  broadcast_answer store(const open_broadcast& o) {
    must(!o.what.key.empty() && !o.what.method.empty(), "a broadcast says something");
    must(nlohmann::json::accept(o.what.params), "a broadcast's parameters are JSON");
    must(o.what.admin_id == who_.user_id, "a broadcast is its administrator's");
    broadcasts_.push_back(o.what);
    broadcasts_.back().broadcast_id = static_cast<std::int64_t>(broadcasts_.size());
    return {true, broadcasts_.back()};
  }
  broadcast_answer store(const broadcast_step& s) {
    for (auto& b : broadcasts_)
      if (b.broadcast_id == s.broadcast_id) return b.state = s.to, broadcast_answer{!refuses(), b};
    return {};
  }

  // -- The analyst ----------------------------------------------------------------------------------

  office_facts known(const stats_query& q) { return stats{q.from, q.now, 3, 2, 2, 3}; }
  office_facts known(const user_query& q) {
    user_card c;
    if (q.user_id == 0 && q.username.empty()) return c;
    c.who = {me, "Аня <b>&", "anya_<nick>", "ru"};
    c.money = who_;
    return c;
  }
  office_facts known(const journal_query&) {
    return journal_page{{{1, now_, boss, "give", me, 0, 50, "за <отзыв> & \"ошибку\""}}};
  }
  office_facts known(const activity_query& q) { return activity_page{q.user_id, {{now_, "pressed <run>"}}}; }
  office_facts known(const job_card_query& q) {
    job_card c;
    if (q.job_id >= 1 && q.job_id <= 3) c.what = jobs_[static_cast<std::size_t>(q.job_id) - 1];
    return c;
  }
  office_facts known(const queue_query&) {
    return queue_page{{{"veo-3-fast", 3, 2, 1, now_ - 60'000}}, jobs_};
  }
  office_facts known(const audience_query&) { return audience_size{1234}; }
  office_facts known(const broadcasts_query& q) {
    broadcasts_page page;
    for (const auto& b : broadcasts_)
      if (q.broadcast_id == 0 || q.broadcast_id == b.broadcast_id) page.all.push_back(b);
    return page;
  }
  office_facts known(const recipients_query&) {
    recipients_page page;
    if (!broadcasts_.empty()) page.of = broadcasts_.front();
    page.all = {{me, recipient_state::failed, 0, "", "Forbidden: <reason>"}};
    return page;
  }
  office_facts known(const user_lists_query& q) {
    return user_lists{q.user_id, facts_.entries, payments_, jobs_};
  }

  job a_job(std::int64_t id, job_state state) const {
    job j;
    j.job_id = id, j.order_id = id, j.user_id = who_.user_id, j.language = language_;
    j.spec = {"veo-3-fast",  "Veo 3 <Fast>",
              "kie-unified", "veo3_fast",
              "кот & <пёс>", id == 1 ? "PHOTO" : "",
              "16:9",        8,
              "720p",        false};
    j.price = 1, j.state = state;
    if (state == job_state::completed) j.file_id = "VIDEO";
    if (state == job_state::failed) j.fail_class = "violation", j.fail_text = "flagged <b>";
    j.created_at = j.updated_at = now_ - 100'000;
    return j;
  }
  payment a_payment(std::int64_t id, payment_state state) const {
    payment p;
    p.payment_id = id, p.key = "k" + std::to_string(id), p.user_id = who_.user_id;
    p.amount = 500, p.credits = 5, p.state = state, p.outside_id = "charge-<1>";
    p.created_at = p.paid_at = p.updated_at = now_ - 50'000;
    return p;
  }

  const config::settings& set_;
  const dialogue rules_;
  const std::string language_;
  account who_;
  screen_facts facts_;
  unix_ms now_ = 1'764'151'200'000;
  std::int64_t update_ = 1000;
  std::vector<std::string> shown_;
  std::map<std::string, order_answer> orders_;
  std::vector<job> jobs_;
  std::vector<payment> payments_;
  std::vector<broadcast> broadcasts_;
  picture_facts seen_;
  std::string last_key_, writer_;
  int refusals_ = 0;
  bool answered_ = false;
};

} // namespace

EDGE(dialogues) {
  conversation c{in.line()};
  for (std::size_t i = 0; i < acts_max && !in.empty(); ++i) c.act(in.line());
}
