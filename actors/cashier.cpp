#include "actors/backoff.hpp"
#include "actors/causes.hpp"
#include "actors/log.hpp"
#include "actors/notice_desk.hpp"
#include "actors/spawn.hpp"
#include "actors/till.hpp"
#include <algorithm>
#include <deque>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

namespace troupe {
namespace {

using notice_promise = caf::typed_response_promise<done>;
using till::voice;
using yookassa::result;

constexpr auto store_limit = std::chrono::seconds{30}; // for the ledger and the reader
constexpr auto retry_wait_max = std::chrono::seconds{60};
constexpr std::size_t in_work_max = 4; // calls at once: the shop's rate limit is not published
constexpr int checkout_tries_max = 3;  // Telegram waits 10 s in all
constexpr auto checkout_limit = std::chrono::seconds{3};
constexpr auto checkout_again = std::chrono::milliseconds{300};
constexpr auto note_again = std::chrono::seconds{2}; // that a checkout was answered
constexpr std::size_t refused_unstored_max = 10'000;
constexpr wake notices_wake{~std::uint64_t{0}}; // the agenda's count from one on
constexpr int tries_before_a_word = 3;          // of opening: then the user hears that it takes longer

struct cashier_state {
  cashier_state() {}
  static inline const char* name = "cashier";
  context_ptr ctx;
  till_desk desk;

  struct matter {
    payment what;
    unix_ms due = 0;
    int tries = 0;
    std::uint64_t call = 0; ///< the one that is under way for it; 0: none
    bool asked = false;     ///< somebody waits for a word even if nothing has changed
  };
  std::unordered_map<std::int64_t, matter> open;
  std::set<std::pair<unix_ms, std::int64_t>> agenda; ///< of those not in work
  std::size_t calls = 0; ///< under way, also those whose payment has changed meanwhile
  std::uint64_t last_call = 0;
  std::uint64_t round = 0;
  unix_ms alarm = 0;                                   ///< 0: none
  std::unordered_map<std::string, int> checkout_tries; ///< by query; more than one is rare
  std::set<std::int64_t> answered_checkouts;           ///< updates that the inbox shall forget
  std::deque<std::string> refused_unstored;            ///< queries; they come again when they can be stored
  notice_desk notices;
  /// Notices that wait for the next question about a payment; how many at once, the web server says.
  std::unordered_map<std::string, std::vector<notice_promise>> noticed_by;
  unix_ms notice_alarm = 0; ///< 0: none

  voice words() const { return {ctx->settings->words, ctx->opts()}; }
  till::office_chats office() const {
    return {ctx->office->people(ctx->opts(), right::refund), ctx->office->group_now(ctx->opts())};
  }
  telegram::bot bot() const { return {ctx->opts().telegram.api_url, ctx->opts().telegram.bot_token}; }
  yookassa::shop shop() const {
    auto& y = ctx->opts().yookassa;
    return {y.api_url, y.shop_id, y.secret_key};
  }

  void schedule(matter& m, unix_ms due) {
    agenda.erase({m.due, m.what.payment_id});
    m.due = due;
    if (m.call == 0) agenda.insert({due, m.what.payment_id});
  }
  void forget(std::int64_t id) {
    const auto it = open.find(id);
    if (it == open.end()) return;
    agenda.erase({it->second.due, id});
    open.erase(it);
  }
};
using self_ptr = cashier_actor::stateful_pointer<cashier_state>;
using after_step = std::function<void(bool stored)>;

/// A payment as it was when its call began.
struct errand {
  payment p;
  std::uint64_t call = 0;
};

void pump(self_ptr self);

/// Each call ends here, once. Null: its payment has ended or changed meanwhile, and others see to it.
cashier_state::matter* over(self_ptr self, const errand& e) {
  auto& s = self->state;
  --s.calls;
  const auto it = s.open.find(e.p.payment_id);
  if (it == s.open.end() || it->second.call != e.call) return nullptr;
  it->second.call = 0;
  return &it->second;
}

/// Nothing came of it this time.
void later(self_ptr self, const errand& e, std::chrono::milliseconds wait) {
  if (auto* m = over(self, e)) self->state.schedule(*m, self->state.ctx->now() + wait.count());
  pump(self);
}

std::chrono::milliseconds regular_wait(const cashier_state& s) {
  return std::chrono::seconds{s.ctx->opts().yookassa.check_every_s};
}

unix_ms age_of(const cashier_state& s, const payment& p) {
  return s.ctx->now() - (p.state == payment_state::pending ? p.created_at : p.updated_at);
}

/// Until nothing could be stored is tried again.
std::chrono::milliseconds backoff_of(self_ptr self, const errand& e) {
  const auto it = self->state.open.find(e.p.payment_id);
  return backoff(it == self->state.open.end() ? 0 : it->second.tries++, retry_wait_max);
}

/// Until somebody outside who gave no clear answer is asked again: of what is old more and more seldom, over
/// restarts too.
std::chrono::milliseconds asking_wait(self_ptr self, const errand& e, std::int64_t retry_after_ms = 0) {
  const auto least = std::max(retry_after_ms, till::look_wait(age_of(self->state, e.p), 0));
  return std::max(backoff_of(self, e), std::chrono::milliseconds{least});
}

/// As the step leaves it, for the words; the store decides.
payment foretell(payment p, const payment_step& step) {
  p.state = step.to;
  if (!step.url.empty()) p.url = step.url;
  if (!step.outside_id.empty()) p.outside_id = step.outside_id;
  if (step.to == payment_state::refunded) {
    p.refunded = step.refunded;
    p.credits_back = step.refunded >= p.amount ? p.credits : p.credits * step.refunded / p.amount;
  }
  p.why = step.why;
  return p;
}

account after_refund(account who, const payment& before, const payment& after) {
  const auto credits = after.credits_back - before.credits_back;
  const auto there = std::min(credits, who.balance);
  who.balance -= there;
  who.debt += credits - there;
  return who;
}

std::vector<outgoing> words_for(const voice& v, const till::office_chats& office, const payment& before,
                                const payment_step& step, const account& who) {
  const auto after = foretell(before, step);
  std::vector<outgoing> all;
  switch (step.to) {
  case payment_state::pending: return {v.link(after, who)};
  case payment_state::paid:
    if (before.state == payment_state::refunding) return v.tell_admins(after, "admin.refund_refused", office);
    all = v.paid(after, till::credited(who, after));
    if (step.refunded > 0) { // it had gone back before we heard of it
      auto back = step;
      back.to = payment_state::refunded;
      for (auto& m : words_for(v, office, after, back, till::credited(who, after)))
        all.push_back(std::move(m));
    }
    return all;
  case payment_state::cancelled: return {v.cancelled(after, who)};
  case payment_state::refunded:
    all = v.tell_admins(after, "admin.refunded", office);
    all.push_back(v.refunded(after, after_refund(who, before, after)));
    return all;
  case payment_state::unmatched:
    all = v.tell_admins(after, "admin.unmatched", office);
    all.push_back(v.being_checked(after, who));
    return all;
  case payment_state::refunding: break;
  }
  return all;
}

/// The one way a payment changes here: account, words, store.
void take(self_ptr self, const payment& p, payment_step step, const after_step& then) {
  const auto failed = [=](caf::error& e) {
    log("cashier")->warn("payment {}: nothing could be stored ({})", p.payment_id, self->system().render(e));
    then(false);
  };
  self->request(self->state.desk.reader, store_limit, account_query{p.user_id})
      .then(
          [=, step = std::move(step)](const account& who) mutable {
            step.messages = words_for(self->state.words(), self->state.office(), p, step, who);
            self->request(self->state.desk.ledger, store_limit, std::move(step))
                .then(
                    [=](const payment_answer& a) {
                      if (a.changed)
                        log("cashier")->info("payment {}: {} -> {}{}", p.payment_id, name_of(p.state),
                                             name_of(a.now.state),
                                             a.now.why.empty() ? "" : " (" + a.now.why + ")");
                      then(true);
                    },
                    failed);
          },
          failed);
}

/// A step for a payment in work.
void conclude(self_ptr self, const errand& e, payment_step step) {
  step.payment_id = e.p.payment_id;
  take(self, e.p, std::move(step), [=](bool stored) {
    if (!stored) return later(self, e, backoff_of(self, e));
    // The ledger's announcement brings it back when there is more to do; if it was faster, that one stays.
    if (over(self, e)) self->state.forget(e.p.payment_id);
    pump(self);
  });
}

payment_step step_of(self_ptr self, payment_state to, const std::string& why = "") {
  payment_step step;
  step.to = to;
  step.at = self->state.ctx->now();
  step.why = why;
  return step;
}

// -- The shop ---------------------------------------------------------------------------------------

/// What is said beside the book: late, it is worth nothing.
void tell(self_ptr self, const payment& p, outgoing (voice::*words)(const payment&, const account&) const) {
  self->request(self->state.desk.reader, store_limit, account_query{p.user_id})
      .then(
          [=](const account& who) {
            self->send(self->state.desk.courier, (self->state.words().*words)(p, who));
          },
          [](caf::error&) {});
}

bool was_asked(self_ptr self, const errand& e) {
  const auto it = self->state.open.find(e.p.payment_id);
  return it != self->state.open.end() && std::exchange(it->second.asked, false);
}

std::string alarm_of(cause c) { return std::string{"shop: "} + name_of(c); }

void alert(self_ptr self, const std::string& kind, const char* sentence, const payment& p,
           const std::string& what, bool stays = false) {
  auto& s = self->state;
  if (!s.desk.watchman) return;
  self->send(s.desk.watchman, alarm{kind,
                                    sentence,
                                    {{"n", std::to_string(p.payment_id)},
                                     {"text", telegram::escape_html(telegram::shorten(what, 300))}},
                                    stays});
}
/// For administrators, who hear of a cause at once and then of its like as a count; of wrong keys once, until
/// they are right again.
void alert(self_ptr self, cause c, const payment& p, const std::string& what) {
  alert(self, alarm_of(c), causes::row_of(c).alarm, p, what, c == cause::shop_keys);
}
/// The shop has answered to our name.
void keys_are_good(self_ptr self) {
  if (self->state.desk.watchman)
    self->send(self->state.desk.watchman, alarm_over{alarm_of(cause::shop_keys), "", {}});
}

void give_up_opening(self_ptr self, const errand& e, cause why, const std::string& refused_contact = "") {
  auto step = step_of(self, payment_state::cancelled, name_of(why));
  step.refused_contact = refused_contact;
  conclude(self, e, std::move(step));
}

/// The shop has said that it makes no such payment.
void opening_refused(self_ptr self, const errand& e, const yookassa::payment_status& status) {
  if (status.of.is_about_the_contact()) {
    log("cashier")->info("payment {}: the shop does not take the receipt's address: {}", e.p.payment_id,
                         status.text);
    return give_up_opening(self, e, cause::contact_refused, till::contact_of(e.p));
  }
  log("cashier")->warn("payment {}: the shop refuses it: {}", e.p.payment_id, status.text); // and the alarm
  alert(self, cause::shop_refused, e.p, status.text);
  give_up_opening(self, e, till::is_about_receipt(status) ? cause::receipt_refused : cause::shop_refused);
}

/// It may have been paid, and nobody says so. Whatever comes of it after that a notice brings.
void give_up_looking(self_ptr self, const errand& e, const std::string& what) {
  log("cashier")->warn("payment {}: closed, for the shop has not said what became of it: {}", e.p.payment_id,
                       what);
  alert(self, "shop: closed", "alarm.shop_closed", e.p, what);
  conclude(self, e, step_of(self, payment_state::cancelled, name_of(cause::shop_unclear)));
}

/// Words that nobody can read are none: told at once, asked again for a while, and then given up.
bool opening_ends(self_ptr self, const errand& e, const yookassa::payment_status& status) {
  const bool odd = status.what == result::not_understood;
  if (odd) alert(self, cause::shop_not_understood, e.p, status.text);
  if (age_of(self->state, e.p) <= till::opening_max_ms) return false;
  if (!odd) alert(self, cause::shop_silent, e.p, status.text);
  give_up_opening(self, e, odd ? cause::shop_not_understood : cause::shop_silent);
  return true;
}

/// The same of a purchase that has its link. That the shop does not know it, is told once: another shop's
/// keys were put in the place of the first ones', perhaps.
bool looking_ends(self_ptr self, const errand& e, const yookassa::payment_status& status) {
  auto& s = self->state;
  const bool odd = status.what == result::not_understood, unknown = status.what == result::not_found;
  if (age_of(s, e.p) > (odd || unknown ? till::odd_max_ms : till::silent_max_ms)) {
    give_up_looking(self, e, status.text);
    return true;
  }
  if (odd) alert(self, cause::shop_not_understood, e.p, status.text);
  const auto it = s.open.find(e.p.payment_id);
  if (unknown && it != s.open.end() && it->second.tries == 0)
    alert(self, "shop: unknown there", "alarm.shop_unknown", e.p, status.text);
  return false;
}

/// Not paid so far. The shop's own limits end it within days; when they do not, ours does.
void no_word_yet(self_ptr self, const errand& e) {
  auto& s = self->state;
  const auto age = age_of(s, e.p);
  if (age > till::open_max_ms) return give_up_looking(self, e, "pending");
  if (was_asked(self, e)) tell(self, e.p, &voice::not_yet);
  later(self, e, std::chrono::milliseconds{till::look_wait(age, regular_wait(s).count())});
}

/// Nothing is known: asked again, and said to whom it concerns.
void no_clear_answer(self_ptr self, const errand& e, const yookassa::payment_status& status) {
  auto& s = self->state;
  log("cashier")->warn("payment {}: no clear answer from the shop: {}", e.p.payment_id, status.text);
  const bool opening = e.p.outside_id.empty();
  if (opening ? opening_ends(self, e, status) : looking_ends(self, e, status)) return;
  const auto wait = asking_wait(self, e, status.retry_after_ms);
  const auto it = s.open.find(e.p.payment_id);
  const bool slow = opening && it != s.open.end() && it->second.tries == tries_before_a_word;
  if (was_asked(self, e) || slow) tell(self, e.p, opening ? &voice::opening_is_slow : &voice::no_answer);
  later(self, e, wait);
}

void understand(self_ptr self, const errand& e, const yookassa::payment_status& status) {
  auto& s = self->state;
  if (!status.id.empty()) keys_are_good(self);
  if (auto step = till::step_after(e.p, status, s.ctx->now())) return conclude(self, e, std::move(*step));
  const bool opening = e.p.outside_id.empty();
  switch (status.what) {
  case result::pending:
  case result::waiting_for_capture: return no_word_yet(self, e);
  case result::refused:
    if (opening) return opening_refused(self, e, status);
    break;
  case result::unauthorized:
    log("cashier")->warn("the shop refuses YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY: {}", status.text);
    alert(self, cause::shop_keys, e.p, status.text);
    if (opening) return give_up_opening(self, e, cause::shop_keys); // nothing was made
    break;
  default: break;
  }
  no_clear_answer(self, e, status);
}

/// The keys were taken out of the settings while it was under way. Without them nobody can be asked: what has
/// no link yet ends, what may be paid waits for their return, or for its limit.
void without_keys(self_ptr self, const errand& e) {
  yookassa::payment_status nothing;
  nothing.what = result::unauthorized;
  nothing.text = "YOOKASSA_SECRET_KEY is not set";
  if (!e.p.outside_id.empty()) return no_clear_answer(self, e, nothing);
  alert(self, "shop: no keys", "alarm.shop_no_keys", e.p, nothing.text);
  give_up_opening(self, e, cause::shop_keys);
}

void ask_shop(self_ptr self, const errand& e) {
  auto& s = self->state;
  if (s.shop().secret_key.empty()) return without_keys(self, e);
  auto request = e.p.outside_id.empty() ? yookassa::create_payment(s.shop(), e.p.request_key, e.p.request)
                                        : yookassa::get_payment(s.shop(), e.p.outside_id);
  self->request(s.desk.shop, caf::infinite, std::move(request))
      .then([=](const http_reply& r) { understand(self, e, yookassa::read_payment(r)); },
            [=](caf::error&) { later(self, e, asking_wait(self, e)); });
}

// -- Refunds ----------------------------------------------------------------------------------------

void refund_done(self_ptr self, const errand& e) {
  auto step = step_of(self, payment_state::refunded);
  step.refunded = e.p.amount;
  conclude(self, e, std::move(step));
}

void refund_refused(self_ptr self, const errand& e, const std::string& why) {
  auto step = step_of(self, payment_state::paid, why.empty() ? "refused" : why);
  conclude(self, e, std::move(step));
}

void return_stars(self_ptr self, const errand& e) {
  auto& s = self->state;
  const nlohmann::json params{{"user_id", e.p.user_id}, {"telegram_payment_charge_id", e.p.outside_id}};
  self->request(s.desk.telegram, caf::infinite, telegram::call(s.bot(), "refundStarPayment", params.dump()))
      .then(
          [=](const http_reply& r) {
            const auto a = telegram::read_answer(r);
            using telegram::outcome;
            if (a.what == outcome::delivered) return refund_done(self, e);
            if (a.what == outcome::our_mistake || a.what == outcome::chat_gone ||
                a.what == outcome::message_gone)
              return refund_refused(self, e, a.description);
            later(self, e, asking_wait(self, e, a.retry_after_ms)); // again does no harm
          },
          [=](caf::error&) { later(self, e, asking_wait(self, e)); });
}

void return_roubles(self_ptr self, const errand& e) {
  auto& s = self->state;
  self->request(s.desk.shop, caf::infinite, yookassa::create_refund(s.shop(), e.p.request_key, e.p.request))
      .then(
          [=](const http_reply& r) {
            const auto a = yookassa::read_refund(r);
            if (a.what == result::succeeded) return refund_done(self, e);
            if (a.what == result::canceled) return refund_refused(self, e, a.cancel_reason);
            if (a.what == result::refused || a.what == result::not_found)
              return refund_refused(self, e, a.text);
            if (a.what == result::unauthorized) alert(self, cause::shop_keys, e.p, a.text);
            if (a.what == result::not_understood) alert(self, cause::shop_not_understood, e.p, a.text);
            later(self, e, asking_wait(self, e, a.retry_after_ms));
          },
          [=](caf::error&) { later(self, e, asking_wait(self, e)); });
}

// -- The agenda -------------------------------------------------------------------------------------

void begin(self_ptr self, cashier_state::matter& m) {
  auto& s = self->state;
  m.call = ++s.last_call;
  ++s.calls;
  const errand e{m.what, m.call};
  if (e.p.state == payment_state::pending) return ask_shop(self, e);
  if (e.p.method == payment_method::stars) return_stars(self, e);
  else return_roubles(self, e);
}

/// Works off what is due, then arms at most one timer.
void pump(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  while (s.calls < in_work_max && !s.agenda.empty() && s.agenda.begin()->first <= now) {
    const auto id = s.agenda.begin()->second;
    s.agenda.erase(s.agenda.begin());
    begin(self, s.open.at(id));
  }
  if (s.agenda.empty() || s.calls >= in_work_max) return; // an answer will pump again
  const auto at = s.agenda.begin()->first;
  if (s.alarm != 0 && s.alarm <= at && s.alarm > now) return;
  s.alarm = at;
  self->delayed_send(self, std::chrono::milliseconds{std::max<unix_ms>(1, at - now)}, wake{++s.round});
}

void take_up(self_ptr self, payment& p) {
  auto& s = self->state;
  const bool keyless = p.method != payment_method::stars && s.shop().secret_key.empty();
  if (keyless)
    log("cashier")->warn("payment {} waits for the shop, but YOOKASSA_SECRET_KEY is not set", p.payment_id);
  if (keyless && p.state == payment_state::refunding)
    return alert(self, "shop: no keys", "alarm.shop_no_keys", p, "refund");
  const bool linked = p.state == payment_state::pending && !p.outside_id.empty();
  const auto due = !linked   ? 0
                   : keyless ? p.created_at + till::silent_max_ms + 1
                             : p.updated_at + regular_wait(s).count();
  auto& m = s.open[p.payment_id];
  s.agenda.erase({m.due, p.payment_id});
  m = {std::move(p), 0, 0, 0, false}; // a call that is under way for the older state ends by itself
  s.schedule(m, due);
}

void asked(self_ptr self, const payment_asked& a) {
  const auto it = self->state.open.find(a.payment_id);
  if (it == self->state.open.end()) return;
  it->second.asked = true;
  if (it->second.call == 0) self->state.schedule(it->second, 0);
  pump(self);
}

// -- Notices ----------------------------------------------------------------------------------------

using notice_promises = std::vector<notice_promise>;

void acknowledge(notice_promises all) {
  for (auto& rp : all) rp.deliver(done{});
}
/// The shop will tell it again.
void refuse(notice_promises all, const char* why) {
  for (auto& rp : all) rp.deliver(caf::make_error(caf::sec::runtime_error, why));
}

void follow_notice(self_ptr self, const yookassa::payment_status& status, const payment& p,
                   const notice_promises& all) {
  if (p.payment_id == 0) {
    log("cashier")->error("the shop has payment {} for order '{}' of {} kopecks, which is none of ours",
                          status.id, status.order_id, status.kopecks);
    return acknowledge(all);
  }
  auto step = till::step_after(p, status, self->state.ctx->now());
  if (!step) return acknowledge(all);
  take(self, p, std::move(*step), [=](bool stored) {
    if (stored) return acknowledge(all);
    refuse(all, "not stored");
  });
}

void heard_of_notice(self_ptr self, const yookassa::payment_status& status, const notice_promises& all) {
  if (status.what == result::not_found) return acknowledge(all); // forged, or another shop's
  if (status.id.empty()) return refuse(all, "the shop does not answer");
  self->request(self->state.desk.reader, store_limit, payment_query{0, status.order_id, status.id})
      .then([=](const payment& p) { follow_notice(self, status, p, all); },
            [=](caf::error&) { refuse(all, "the book does not answer"); });
}

/// The notice itself is believed in nothing: the shop is asked.
void ask_of_notices(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  while (const auto id = s.notices.next(now)) {
    const auto all = std::exchange(s.noticed_by[*id], {});
    s.noticed_by.erase(*id);
    const auto over = [=](const yookassa::payment_status& status) {
      self->state.notices.answered(*id, status.what != result::not_found, self->state.ctx->now());
      heard_of_notice(self, status, all);
      ask_of_notices(self);
    };
    self->request(s.desk.shop, caf::infinite, yookassa::get_payment(s.shop(), *id))
        .then([=](const http_reply& r) { over(yookassa::read_payment(r)); }, [=](caf::error&) { over({}); });
  }
  const auto due = s.notices.due();
  if (!due || (s.notice_alarm != 0 && s.notice_alarm <= *due && s.notice_alarm > now)) return;
  s.notice_alarm = *due;
  self->delayed_send(self, std::chrono::milliseconds{std::max<unix_ms>(1, *due - now)}, notices_wake);
}

/// Of our book or not: that decides how long it may wait.
caf::result<done> noticed(self_ptr self, const payment_noticed& n) {
  auto& s = self->state;
  auto rp = self->make_response_promise<done>();
  if (n.outside_id.empty() || s.shop().secret_key.empty() || s.notices.is_unknown(n.outside_id))
    return acknowledge({rp}), rp;
  self->request(s.desk.reader, store_limit, payment_query{0, {}, n.outside_id})
      .then(
          [self, rp, id = n.outside_id](const payment& p) {
            auto& st = self->state;
            if (!st.notices.note(id, p.payment_id != 0, st.ctx->now()))
              return refuse({rp}, "too many notices wait");
            st.noticed_by[id].push_back(rp);
            ask_of_notices(self);
          },
          [rp](caf::error&) { refuse({rp}, "the book does not answer"); });
  return rp;
}

// -- Pre-checkout -----------------------------------------------------------------------------------

/// Only the inbox is told that it is done: the user's own turns go on beside it.
void mark_done(self_ptr self, const incoming_update& u) {
  self->state.answered_checkouts.insert(u.update_id);
  turn t;
  t.update_id = u.update_id;
  t.at = self->state.ctx->now();
  self->request(self->state.desk.ledger, store_limit, std::move(t))
      .then([=](done) { self->state.answered_checkouts.erase(u.update_id); },
            [=](caf::error&) { self->delayed_send(self, note_again, u); });
}

void answer_checkout(self_ptr self, const incoming_update& u, const telegram::event& e,
                     const std::string& refusal) {
  auto& s = self->state;
  nlohmann::json params{{"pre_checkout_query_id", e.payment.query_id}, {"ok", refusal.empty()}};
  if (!refusal.empty()) params["error_message"] = refusal;
  auto request = telegram::call(s.bot(), "answerPreCheckoutQuery", params.dump());
  request.connect_limit = request.time_limit = checkout_limit;
  self->request(s.desk.telegram, caf::infinite, std::move(request))
      .then(
          [=](const http_reply& r) {
            const auto a = telegram::read_answer(r);
            const bool unsaid =
                a.what == telegram::outcome::wait_and_retry || a.what == telegram::outcome::unsure;
            auto& tries = self->state.checkout_tries;
            if (unsaid && ++tries[e.payment.query_id] < checkout_tries_max) {
              self->delayed_send(self, checkout_again, u);
              return;
            }
            tries.erase(e.payment.query_id);
            if (!u.unstored) mark_done(self, u); // not before: a new engine would have to answer it
            if (a.what != telegram::outcome::delivered)
              log("cashier")->warn("pre-checkout of user {} was not answered: {}", e.from.user_id,
                                   a.description);
          },
          [](caf::error&) {});
}

/// Nobody may pay for what could not be looked up; administrators hear of it from the log.
const char* unread_checkout(self_ptr self, const telegram::event& e, const caf::error& why) {
  log("cashier")->error("the pre-checkout of user {} was refused, for it could not be looked up: {}",
                        e.from.user_id, self->system().render(why));
  return "checkout.try_again";
}

/// Who is banned buys nothing.
void check_buyer(self_ptr self, const telegram::event& e, const std::string& refusal,
                 const std::function<void(const std::string&)>& say) {
  if (!refusal.empty()) return say(refusal);
  self->request(self->state.desk.reader, checkout_limit, account_query{e.from.user_id})
      .then(
          [=](const account& who) {
            const auto rank = role_of(who.user_id, self->state.ctx->opts().users.admin_ids, who.rank);
            say(who.banned && rank == role::none ? "ban.checkout" : "");
          },
          [=](caf::error& why) { say(unread_checkout(self, e, why)); });
}

/// What cannot be stored is refused from memory: the money could not be booked either. It is polled again
/// until it is stored, and answered once.
bool is_refused_unstored(cashier_state& s, const incoming_update& u, const telegram::event& e) {
  auto& all = s.refused_unstored;
  if (std::find(all.begin(), all.end(), e.payment.query_id) != all.end()) return true;
  if (!u.unstored) return false;
  all.push_back(e.payment.query_id);
  if (all.size() > refused_unstored_max) all.pop_front();
  return false;
}

void check_out(self_ptr self, const incoming_update& u) {
  auto& s = self->state;
  const auto e = telegram::event_in(u);
  const bool again = s.checkout_tries.count(e.payment.query_id) > 0;
  if (!u.unstored && s.answered_checkouts.count(u.update_id) > 0) return mark_done(self, u);
  if (!again && is_refused_unstored(s, u, e)) {
    if (!u.unstored) mark_done(self, u);
    return;
  }
  const auto say = [=](const std::string& key) {
    const auto& words = self->state.ctx->settings->words;
    answer_checkout(self, u, e,
                    key.empty() ? "" : words.get(config::texts::language_for(e.from.language), key));
  };
  if (u.unstored || s.ctx->health->storage_failed) return say("checkout.halted");
  self->request(s.desk.reader, checkout_limit, payment_query{0, e.payment.payload, {}})
      .then(
          [=](const payment& p) {
            check_buyer(self, e, till::checkout_refusal(p, e, self->state.ctx->now()), say);
          },
          [=](caf::error& why) { say(unread_checkout(self, e, why)); });
}

cashier_actor::behavior_type cashier(self_ptr self, const context_ptr& ctx, const till_desk& desk) {
  self->set_error_handler([](caf::error&) {});
  self->state.ctx = ctx;
  self->state.desk = desk;
  return {
      [self](committed_payments& x) {
        for (auto& p : x.payments) take_up(self, p);
        pump(self);
      },
      [self](const incoming_update& u) { check_out(self, u); },
      [self](const payment_asked& a) { asked(self, a); },
      [self](const payment_noticed& n) { return noticed(self, n); },
      [self](const wake& w) {
        if (w.round == notices_wake.round) {
          self->state.notice_alarm = 0;
          return ask_of_notices(self);
        }
        if (w.round == self->state.round) self->state.alarm = 0;
        pump(self);
      },
  };
}

} // namespace

cashier_actor spawn_cashier(caf::actor_system& sys, context_ptr ctx, till_desk desk) {
  return sys.spawn(cashier, std::move(ctx), std::move(desk));
}

} // namespace troupe
