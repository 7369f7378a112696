/// Purchases of credits: each paid Star and kopeck is credited once, and taken back once.
#include "storage/parts.hpp"
#include <algorithm>

namespace troupe::storage {
namespace {

using enum payment_state;

template <class value> value from_name(const std::string& name, value last) {
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (name == name_of(static_cast<value>(i))) return static_cast<value>(i);
  throw store_error("unknown word '" + name + "' in a payment");
}

payment read_payment(const query& q) {
  payment p;
  p.payment_id = q.integer(0), p.key = q.text(1), p.user_id = q.integer(2);
  p.method = from_name(q.text(3), payment_method::sbp);
  p.amount = q.integer(4), p.credits = q.integer(5);
  p.state = from_name(q.text(6), unmatched);
  p.outside_id = q.text(7), p.url = q.text(8), p.request_key = q.text(9), p.request = q.text(10);
  p.refunded = q.integer(11), p.credits_back = q.integer(12), p.why = q.text(13);
  p.created_at = q.integer(14), p.paid_at = q.integer(15), p.updated_at = q.integer(16);
  return p;
}

void insert(database& db, payment& p) {
  run(db,
      "INSERT INTO payments(key, user_id, method, amount, credits, state, outside_id, request_key, request, "
      "why, "
      "created_at, paid_at, updated_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      p.key, p.user_id, name_of(p.method), p.amount, p.credits, name_of(p.state), p.outside_id, p.request_key,
      p.request, p.why, p.created_at, p.paid_at, p.updated_at);
  p.payment_id = db.last_id();
}

void save(database& db, const payment& p) {
  run(db,
      "UPDATE payments SET amount = ?13, credits = ?2, state = ?3, outside_id = ?4, url = ?5, request_key = "
      "?6, request = "
      "?7, "
      "refunded = ?8, credits_back = ?9, why = ?10, paid_at = ?11, updated_at = ?12 WHERE payment_id = ?1",
      p.payment_id, p.credits, name_of(p.state), p.outside_id, p.url, p.request_key, p.request, p.refunded,
      p.credits_back, p.why, p.paid_at, p.updated_at, p.amount);
}

/// What the cashier has to see to: the shop's purchases until they end, and refunds.
bool is_open(const payment& p) {
  return p.state == refunding || (p.state == pending && p.method != payment_method::stars);
}

payment_answer answer_of(writer& w, payment p, bool changed) {
  if (changed && is_open(p)) w.payments.push_back(p);
  auto who = load_account(w.db(), p.user_id);
  return {changed, std::move(p), std::move(who)};
}

void check_sane(const open_payment& o) {
  const bool sane = o.amount > 0 && o.amount <= 1'000'000'000 && o.credits > 0 && o.credits <= 1'000'000'000;
  if (!sane || o.key.empty() || o.user_id == 0)
    throw std::invalid_argument("payment '" + o.key + "' has no key or user, or an impossible amount");
}

void become_paid(database& db, payment& p, const std::string& outside_id, unix_ms at) {
  p.state = paid;
  p.outside_id = outside_id;
  p.paid_at = p.updated_at = at;
  p.why.clear();
  save(db, p);
  credit_payment(db, p, at);
}

/// Why a charge is not the payment it names; "" when it is.
std::string mismatch(const std::optional<payment>& named, const star_charge& c) {
  if (!named) return "no payment of ours has this payload";
  if (named->method != payment_method::stars || c.currency != currency_of(payment_method::stars))
    return "another currency was agreed";
  if (named->user_id != c.user_id) return "it was agreed with another user";
  if (named->amount != c.amount) return "another amount was agreed";
  return {};
}

/// A charge of its own: Telegram lets one invoice be paid twice.
payment charge_as_payment(const star_charge& c) {
  payment p;
  p.key = "charge:" + c.charge_id;
  p.user_id = c.user_id;
  p.amount = c.amount;
  p.outside_id = c.charge_id;
  p.created_at = p.updated_at = c.at;
  return p;
}

/// For its money; a purchase that was given up takes it all the same.
bool is_waiting(const payment& p) { return p.state == pending || p.state == cancelled; }

payment second_charge(database& db, const star_charge& c, std::int64_t credits) {
  auto p = charge_as_payment(c);
  p.credits = credits;
  p.state = pending;
  insert(db, p);
  become_paid(db, p, c.charge_id, c.at);
  return p;
}

payment unmatched_charge(database& db, const star_charge& c, const std::string& why) {
  auto p = charge_as_payment(c);
  p.state = unmatched;
  p.why = why + " (currency " + c.currency + ", payload " + c.key + ")";
  insert(db, p);
  return p;
}

bool is_arrow(const payment& p, const payment_step& s) {
  switch (s.to) {
  case pending: return p.state == pending && p.outside_id.empty() && !s.outside_id.empty();
  case paid:
    if (p.state == refunding) return !s.why.empty();
    return (is_waiting(p) || p.state == unmatched) && s.why.empty();
  case cancelled: return p.state == pending;
  case refunding: return p.state == paid;
  case refunded:
    if (p.state == unmatched) return s.refunded >= p.amount; // no credits were given for it
    return (p.state == paid || p.state == refunding) && s.refunded > p.refunded;
  case unmatched: return is_waiting(p);
  }
  return false;
}

/// The share of the credits that goes back with the share of the money; all with all.
std::int64_t credits_for(const payment& p, std::int64_t refunded_in_all) {
  return refunded_in_all >= p.amount ? p.credits : p.credits * refunded_in_all / p.amount;
}

void refund(database& db, payment& p, const payment_step& s) {
  if (p.state == unmatched) p.credits = 0;
  p.refunded = std::min(s.refunded, p.amount);
  const auto back = credits_for(p, p.refunded) - p.credits_back;
  p.credits_back += back;
  if (p.refunded >= p.amount) p.state = payment_state::refunded;
  p.updated_at = s.at;
  save(db, p);
  if (back > 0) take_back(db, p, back, s.at);
}

void come_otherwise(payment& p, const payment_step& s) {
  if (p.outside_id.empty()) p.outside_id = s.outside_id;
  if (s.amount <= 0) return;
  p.credits = p.credits * s.amount / p.amount;
  p.amount = s.amount;
}

void change(database& db, payment& p, const payment_step& s) {
  if (s.to == payment_state::refunded) return refund(db, p, s);
  if (p.credits == 0) p.credits = s.credits;
  if (s.to == paid && p.state != refunding) {
    become_paid(db, p, s.outside_id.empty() ? p.outside_id : s.outside_id, s.at);
    if (s.refunded > 0) refund(db, p, s); // heard of when it had gone back: one step, or a crash keeps half
    return;
  }
  if (s.to == pending) p.outside_id = s.outside_id, p.url = s.url;
  if (s.to == unmatched) come_otherwise(p, s);
  if (s.to == refunding) p.request_key = s.request_key, p.request = s.request;
  p.state = s.to;
  p.why = s.why;
  p.updated_at = s.at;
  save(db, p);
  if (!s.refused_contact.empty())
    run(db, "UPDATE users SET refused_contact = ? WHERE user_id = ?", s.refused_contact, p.user_id);
}

/// A refund that overtook its payment: remembered by its charge, or the payment would be credited when it
/// comes. It is in order without credits: none were given, none are taken.
payment_answer refund_unheard_of(writer& w, const payment_step& s) {
  star_charge c;
  c.charge_id = s.outside_id, c.user_id = s.user_id, c.amount = s.refunded, c.at = s.at;
  auto p = charge_as_payment(c);
  p.state = payment_state::refunded;
  p.why = "refunded before the payment was heard of";
  p.paid_at = s.at;
  insert(w.db(), p);
  p.refunded = p.amount;
  save(w.db(), p);
  announce(w, s.messages);
  return answer_of(w, std::move(p), true);
}

/// Money that goes back, and money whose owner is named, are somebody's doing.
bool may_take(writer& w, const payment& p, const payment_step& s) {
  if (s.to == refunding) return may_now(w, s.by, deed::refund);
  if (s.to == paid && p.state == unmatched) return may_now(w, s.by, deed::name_payment);
  return true;
}

} // namespace

std::optional<payment> find_payment(database& db, const payment_query& which) {
  const auto first = [](query& q) { return q.next() ? std::optional{read_payment(q)} : std::nullopt; };
  if (which.payment_id != 0) {
    query q(db, TROUPE_PAYMENT_SELECT "WHERE payment_id = ?", which.payment_id);
    return first(q);
  }
  if (!which.key.empty()) {
    query q(db, TROUPE_PAYMENT_SELECT "WHERE key = ?", which.key);
    return first(q);
  }
  query q(db, TROUPE_PAYMENT_SELECT "WHERE outside_id = ? AND outside_id <> ''", which.outside_id);
  return first(q);
}

std::vector<payment> collect_payments(query& q) {
  std::vector<payment> all;
  while (q.next()) all.push_back(read_payment(q));
  return all;
}

payment_answer start_payment(writer& w, const open_payment& o) {
  check_sane(o);
  if (auto known = find_payment(w.db(), {0, o.key, {}})) {
    if (known->user_id != o.user_id || known->amount != o.amount || known->credits != o.credits ||
        known->method != o.method)
      throw id_conflict("payment " + o.key + " exists with other content");
    return answer_of(w, std::move(*known), false);
  }
  payment p;
  p.key = o.key, p.user_id = o.user_id, p.method = o.method, p.amount = o.amount, p.credits = o.credits;
  p.request_key = o.request_key, p.request = o.request;
  p.created_at = p.updated_at = o.at;
  insert(w.db(), p);
  return answer_of(w, std::move(p), true);
}

payment_answer take_stars(writer& w, const star_charge& c) {
  auto& db = w.db();
  if (c.charge_id.empty() || c.user_id == 0 || c.amount <= 0)
    throw std::invalid_argument("a charge without its id, payer or amount");
  if (auto known = find_payment(db, {0, {}, c.charge_id})) return answer_of(w, std::move(*known), false);
  auto named = c.key.empty() ? std::nullopt : find_payment(db, {0, c.key, {}});
  if (const auto why = mismatch(named, c); !why.empty())
    return answer_of(w, unmatched_charge(db, c, why), true);
  if (!is_waiting(*named)) return answer_of(w, second_charge(db, c, named->credits), true);
  become_paid(db, *named, c.charge_id, c.at);
  return answer_of(w, std::move(*named), true);
}

payment_answer take_step(writer& w, const payment_step& step) {
  auto found = find_payment(w.db(), {step.payment_id, {}, step.outside_id});
  if (!found) {
    const bool overtook = step.to == payment_state::refunded && !step.outside_id.empty() &&
                          step.user_id != 0 && step.refunded > 0;
    return overtook ? refund_unheard_of(w, step) : payment_answer{};
  }
  if (!is_arrow(*found, step)) return answer_of(w, std::move(*found), false);
  if (!may_take(w, *found, step)) {
    auto no = answer_of(w, std::move(*found), false);
    no.refused = true;
    return no;
  }
  change(w.db(), *found, step);
  announce(w, step.messages);
  return answer_of(w, std::move(*found), true);
}

} // namespace troupe::storage
