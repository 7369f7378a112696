#include "actors/till.hpp"
#include "actors/causes.hpp"
#include "actors/whole.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe::till {
namespace {

using nlohmann::json;
using yookassa::result;

constexpr const char* group_language = "ru"; // as the office board has it

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

payment_step to(const payment& p, payment_state state, unix_ms now) {
  payment_step s;
  s.payment_id = p.payment_id;
  s.to = state;
  s.at = now;
  return s;
}

std::optional<payment_step> after_success(const payment& p, const yookassa::payment_status& s, unix_ms now) {
  const bool waited_for = p.state == payment_state::pending || p.state == payment_state::cancelled;
  if (waited_for) {
    const bool as_agreed =
        s.kopecks == p.amount && s.currency == currency_of(p.method) && s.order_id == p.key;
    auto step = to(p, as_agreed ? payment_state::paid : payment_state::unmatched, now);
    step.outside_id = s.id;
    if (as_agreed) step.refunded = std::min(s.refunded_kopecks, p.amount); // the news of both came late
    if (!as_agreed) {
      if (s.currency == currency_of(p.method)) step.amount = s.kopecks;
      step.why = "the shop says " + yookassa::amount_text(s.kopecks) + " " + s.currency + " for order " +
                 s.order_id + ", agreed were " + yookassa::amount_text(p.amount) + " RUB for order " + p.key;
    }
    return step;
  }
  const bool may_go_back = p.state == payment_state::paid || p.state == payment_state::refunding ||
                           (p.state == payment_state::unmatched && s.refunded_kopecks >= p.amount);
  if (!may_go_back || s.refunded_kopecks <= p.refunded) return {};
  auto step = to(p, payment_state::refunded, now);
  step.refunded = s.refunded_kopecks;
  return step;
}

/// What was stored as the reason.
cause cause_of(const payment& p) {
  const auto c = cause_named(p.why);
  return is_of_payment(c) ? c : cause::decline_unknown;
}

} // namespace

std::string checkout_refusal(const payment& named, const telegram::event& e, unix_ms now) {
  if (named.payment_id == 0 || named.method != payment_method::stars) return "checkout.unknown";
  if (named.user_id != e.from.user_id) return "checkout.other_user";
  if (e.payment.currency != currency_of(named.method) || e.payment.amount != named.amount)
    return "checkout.other_amount";
  if (named.state != payment_state::pending) return "checkout.paid_before";
  if (now - named.created_at > invoice_valid_ms) return "checkout.outdated";
  return {};
}

std::optional<payment_step> step_after(const payment& p, const yookassa::payment_status& s, unix_ms now) {
  switch (s.what) {
  case result::succeeded: return after_success(p, s, now);
  case result::canceled: {
    if (p.state != payment_state::pending) return {};
    auto step = to(p, payment_state::cancelled, now);
    step.why = s.cancel_reason.empty() ? "general_decline" : s.cancel_reason;
    return step;
  }
  case result::pending:
  case result::waiting_for_capture: {
    if (p.state != payment_state::pending || !p.outside_id.empty() || s.id.empty()) return {};
    auto step = to(p, payment_state::pending, now);
    step.outside_id = s.id;
    step.url = s.confirmation_url;
    return step;
  }
  default: return {};
  }
}

unix_ms look_wait(unix_ms age, unix_ms regular) {
  constexpr unix_ms seldom = 3'600'000;
  return std::max(regular, std::min(age / 60, seldom));
}

bool is_about_receipt(const yookassa::payment_status& s) {
  return s.what == result::refused && s.of.parameter.rfind("receipt", 0) == 0;
}
std::string contact_of(const payment& p) {
  const auto body = own_json::try_read(p.request);
  const auto receipt = body.is_object() ? body.value("receipt", json::object()) : json::object();
  const auto customer = receipt.is_object() ? receipt.value("customer", json::object()) : json::object();
  if (!customer.is_object()) return {};
  for (const char* kind : {"email", "phone"})
    if (const auto it = customer.find(kind); it != customer.end() && it->is_string()) return *it;
  return {};
}

/// The dialogue's key: "u<user>-p<screen>-<credits>-<method>".
std::int64_t named_credits(const payment& p) {
  const auto screen = p.key.find("-p");
  const auto from = screen == p.key.npos ? screen : p.key.find('-', screen + 2);
  if (from == p.key.npos) return 0;
  const auto to = p.key.find('-', from + 1);
  return talk::whole(p.key.substr(from + 1, to == p.key.npos ? to : to - from - 1)).value_or(0);
}

account credited(account who, const payment& p) {
  const auto repaid = std::min(who.debt, p.credits);
  who.debt -= repaid;
  who.balance += p.credits - repaid;
  return who;
}

std::string price_of(payment_method m, std::int64_t amount) { return talk::money_text(m, amount); }
std::string price_of(const payment& p) { return price_of(p.method, p.amount); }

talk::painter voice::painter_for(const account& who) const {
  return {words_, config::texts::language_for(who.language)};
}

config::texts::args voice::facts_of(const payment& p, const talk::painter& paint) const {
  return {{"n", std::to_string(p.payment_id)},
          {"credits", paint.count("credits", p.credits)},
          {"price", price_of(p)}};
}

outgoing voice::into_slot(const payment& p, const talk::screen& s, const std::string& link_label) const {
  auto o = talk::show(s, p.user_id);
  o.urgency = lane::money;
  o.slot = slot_of(p);
  if (!link_label.empty()) {
    auto params = own_json::read(o.params);
    auto& rows = params["reply_markup"]["inline_keyboard"];
    rows.insert(rows.begin(), json::array({{{"text", link_label}, {"url", p.url}}}));
    o.params = dump(params);
  }
  return o;
}

outgoing voice::invoice(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  const auto facts = facts_of(p, paint);
  outgoing o;
  o.chat_id = p.user_id;
  o.urgency = lane::money;
  o.method = "sendInvoice";
  o.slot = slot_of(p);
  o.params =
      telegram::invoice_params(p.user_id, paint.say("pay.title", facts), paint.say("pay.description", facts),
                               p.key, p.amount, paint.say("pay.title", facts));
  return o;
}

outgoing voice::link(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  return into_slot(p,
                   {paint.say("pay.link", facts_of(p, paint)),
                    {{paint.press("check_payment", "check:" + std::to_string(p.payment_id))},
                     {paint.press("home", "home")}}},
                   paint.say("button.pay", facts_of(p, paint)));
}

outgoing voice::with_note(const payment& p, const account& who, const char* note) const {
  auto o = link(p, who);
  auto params = own_json::read(o.params);
  params["text"] = params.value("text", "") + "\n\n" + painter_for(who).say(note);
  o.params = dump(params);
  o.urgency = lane::progress;
  return o;
}
outgoing voice::not_yet(const payment& p, const account& who) const {
  return with_note(p, who, "pay.not_yet");
}
outgoing voice::no_answer(const payment& p, const account& who) const {
  return with_note(p, who, "pay.no_answer");
}

outgoing voice::opening_is_slow(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  auto facts = facts_of(p, paint);
  facts.push_back({"time", talk::clock_text(p.created_at + opening_max_ms).substr(11)});
  return into_slot(p, {paint.say("pay.slow", facts),
                       {{paint.press("by_stars", "ways:s")}, {paint.press("home", "home")}}});
}

std::vector<outgoing> voice::paid(const payment& p, const account& who, unix_ms renewed_until) const {
  const auto paint = painter_for(who);
  std::vector<outgoing> all;
  if (p.method == payment_method::stars) { // an invoice cannot become a text
    outgoing o;
    o.chat_id = p.user_id;
    o.urgency = lane::money;
    o.method = "deleteMessage";
    o.slot = slot_of(p);
    o.params = dump({{"chat_id", p.user_id}});
    all.push_back(std::move(o));
  }
  auto text = paint.say("pay.paid", facts_of(p, paint)) + "\n" + paint.balance_line(who);
  if (renewed_until > 0)
    text += "\n" + paint.say("pay.renewed", {{"date", talk::clock_text(renewed_until).substr(0, 10)}});
  talk::keyboard rows;
  const auto waiting = talk::read_memory(who.state).work;
  if (waiting && !waiting->prompt.empty() && waiting->price > 0 &&
      waiting->price * waiting->count <= who.balance) {
    text += "\n\n" + paint.say("pay.waiting", {{"prompt", talk::quote(waiting->prompt)}});
    rows.push_back({paint.press("run", "run:" + std::to_string(waiting->id))});
  } else rows.push_back({paint.press("generate", "gen")});
  rows.push_back({paint.press("home", "home")});
  auto news = into_slot(p, {text, rows});
  if (p.method == payment_method::stars) news.slot = "paid:" + std::to_string(p.payment_id); // told once
  all.push_back(std::move(news));
  return all;
}

outgoing voice::cancelled(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  const auto why = cause_of(p);
  const bool of_contact = causes::row_of(why).button == causes::next::contact;
  auto facts = facts_of(p, paint);
  facts.push_back({"why", causes::why(paint, why)});
  // Whoever may have paid is not told that nothing was charged.
  auto text = paint.say(why == cause::shop_unclear ? "pay.closed" : "pay.cancelled", facts);
  if (of_contact)
    text += "\n\n" + paint.say("contact.refused", {{"contact", telegram::escape_html(contact_of(p))}});
  talk::keyboard rows;
  if (const auto next = causes::button_of(paint, why, named_credits(p))) rows.push_back({*next});
  if (of_contact) rows.push_back({paint.press("by_stars", "ways:s")});
  rows.push_back({paint.press("home", "home")});
  return into_slot(p, {text, rows});
}

outgoing voice::refunded(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  auto facts = facts_of(p, paint);
  facts.push_back({"back", price_of(p.method, p.refunded)});
  facts.push_back({"taken", paint.count("credits", p.credits_back)});
  auto o =
      talk::show(paint.plain(paint.say("pay.refunded", facts) + "\n" + paint.balance_line(who)), p.user_id);
  o.urgency = lane::money;
  o.slot = "refund:" + std::to_string(p.payment_id);
  return o;
}

outgoing voice::refunded_before(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  auto facts = facts_of(p, paint);
  facts.push_back({"back", price_of(p.method, p.refunded)});
  auto o = talk::show(paint.plain(paint.say("pay.refunded_before", facts) + "\n" + paint.balance_line(who)),
                      p.user_id);
  o.urgency = lane::money;
  o.slot = "refund:" + std::to_string(p.payment_id);
  return o;
}

outgoing voice::being_checked(const payment& p, const account& who) const {
  const auto paint = painter_for(who);
  auto o = talk::show(paint.plain(paint.say("pay.being_checked", facts_of(p, paint))), p.user_id);
  o.urgency = lane::money;
  o.slot = "paid:" + std::to_string(p.payment_id);
  return o;
}

talk::screen voice::card(const payment& p, const std::string& language, role rank) const {
  const talk::painter paint{words_, language};
  auto facts = facts_of(p, paint);
  facts.push_back({"user", std::to_string(p.user_id)});
  facts.push_back({"method", paint.say(std::string{"method."} + name_of(p.method))});
  facts.push_back({"state", paint.say(std::string{"payment_state."} + name_of(p.state))});
  facts.push_back({"outside", telegram::escape_html(telegram::shorten(p.outside_id, 200))});
  facts.push_back({"key", telegram::escape_html(p.key)});
  facts.push_back({"created", talk::clock_text(p.created_at)});
  facts.push_back({"paid", p.paid_at ? talk::clock_text(p.paid_at) : "—"});
  facts.push_back({"refunded", price_of(p.method, p.refunded)});
  auto text = paint.say("payment.card", facts);
  if (!p.why.empty()) text += "\n\n" + telegram::escape_html(telegram::shorten(p.why, 400));
  const auto id = std::to_string(p.payment_id);
  talk::keyboard rows;
  const bool money = may(rank, right::refund);
  if (money && p.state == payment_state::paid) rows.push_back({paint.press("refund", "refund:" + id)});
  if (money && p.state == payment_state::unmatched) rows.push_back({paint.press("credit", "credit:" + id)});
  rows.push_back({paint.press("home", "home")});
  return {text, rows};
}

std::vector<outgoing> voice::tell_admins(const payment& p, const std::string& key,
                                         const office_chats& to) const {
  const auto news = [&](const std::string& language) {
    auto s = card(p, language, role::admin); // whoever hears of money may do it
    s.text = words_.get(language, key) + "\n\n" + s.text;
    return s;
  };
  std::vector<outgoing> all;
  for (const auto& admin : to.people) { // each alone: the buttons are an administrator's
    auto o = talk::show(news(admin.language), admin.chat_id);
    o.slot = "payment:" + std::to_string(p.payment_id) + ":" + name_of(p.state);
    all.push_back(std::move(o));
  }
  // To be read there: in a group the buttons would be anybody's.
  if (to.group != 0) all.push_back(talk::show({news(group_language).text, {}}, to.group));
  return all;
}

std::vector<outgoing> voice::office_news(telegram::event_kind what, const payment_answer& a,
                                         const office_chats& to) const {
  using telegram::event_kind;
  if (what == event_kind::payment && a.now.state == payment_state::unmatched)
    return tell_admins(a.now, "admin.unmatched", to);
  if (what != event_kind::payment_refunded) return {};
  // Also when it is told again: into the same places.
  if (a.now.state == payment_state::refunded && a.now.credits == 0)
    return tell_admins(a.now, "admin.refunded_before", to);
  return a.changed ? tell_admins(a.now, "admin.refunded", to) : std::vector<outgoing>{};
}

} // namespace troupe::till
