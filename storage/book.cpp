/// The book of credits: double entry, append-only.
#include "storage/parts.hpp"
#include <algorithm>

namespace troupe::storage {
namespace {

std::string fingerprint_of(const transfer& t) {
  return fingerprint{}
      .add(t.from)
      .add(t.to)
      .add(t.user_id)
      .add(t.amount)
      .add(t.type)
      .add(t.ref_type)
      .add(t.ref_id)
      .text();
}

void write_row(database& db, const transfer& t, const std::string& account, std::int64_t amount) {
  run(db,
      "INSERT INTO ledger(transfer_id, account, user_id, type, amount, ref_type, ref_id, description, "
      "created_at) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
      t.id, account, t.user_id, t.type, amount, t.ref_type, t.ref_id, t.description, t.at);
  // Not one INSERT ... ON CONFLICT: its CHECK would see the debit itself before it is added to the balance.
  if (run(db, "UPDATE balances SET amount = amount + ?3 WHERE account = ?1 AND user_id = ?2", account,
          t.user_id, amount) == 0)
    run(db, "INSERT INTO balances(account, user_id, amount) VALUES(?, ?, ?)", account, t.user_id, amount);
}

transfer of_job(const job& j, const char* verb, const char* from, const char* to, const char* type,
                unix_ms at) {
  const auto id = std::to_string(j.job_id);
  return {std::string(verb) + ":" + id, from, to, j.user_id, j.price, type, "job", id,
          j.spec.model_title,           at};
}

} // namespace

fingerprint& fingerprint::add(std::string_view field) {
  const auto mix = [this](unsigned char byte) { hash_ = (hash_ ^ byte) * 1099511628211u; };
  for (auto size = field.size(); size != 0; size >>= 8) mix(static_cast<unsigned char>(size));
  mix(0); // Size and field are told apart: "ab","c" differs from "a","bc".
  for (const char c : field) mix(static_cast<unsigned char>(c));
  return *this;
}

std::string fingerprint::text() const {
  std::string digits(16, '0');
  for (int i = 0; i < 16; ++i) digits[i] = "0123456789abcdef"[hash_ >> (60 - 4 * i) & 15];
  return digits;
}

void post(database& db, const transfer& t) {
  if (t.amount <= 0) throw std::invalid_argument("transfer " + t.id + " must move at least one credit");
  const auto content = fingerprint_of(t);
  if (run(db,
          "INSERT INTO transfers(transfer_id, fingerprint, created_at) VALUES(?, ?, ?) ON CONFLICT DO "
          "NOTHING",
          t.id, content, t.at) == 0) {
    query known(db, "SELECT fingerprint FROM transfers WHERE transfer_id = ?", t.id);
    if (known.next() && known.text(0) == content) return;
    throw id_conflict("transfer " + t.id + " exists with other content");
  }
  write_row(db, t, t.from, -t.amount);
  write_row(db, t, t.to, t.amount);
}

std::int64_t balance_of(database& db, const char* account, std::int64_t user_id) {
  return number(db, "SELECT amount FROM balances WHERE account = ? AND user_id = ?", account, user_id);
}

void hold(database& db, const job& j, unix_ms at) {
  post(db, of_job(j, "hold", "user", "held", "reservation", at));
}
void post_hold(database& db, const job& j, unix_ms at) {
  post(db, of_job(j, "post", "held", "spent", "debit", at));
}
void void_hold(database& db, const job& j, unix_ms at) {
  post(db, of_job(j, "void", "held", "user", "refund", at));
}
void book_gift(database& db, const job& j, unix_ms at) {
  post(db, of_job(j, "gift", "bonus", "spent", "debit", at));
}
void return_spent(database& db, const job& j, unix_ms at) {
  post(db, of_job(j, "return", "spent", "user", "refund", at));
}

void credit_payment(database& db, const payment& p, unix_ms at) {
  const auto id = std::to_string(p.payment_id);
  const auto what = std::to_string(p.amount) + " " + currency_of(p.method);
  post(db, {"pay:" + id, "sold", "user", p.user_id, p.credits, "credit", "payment", id, what, at});
  const auto owed = -balance_of(db, "debt", p.user_id);
  if (owed > 0)
    post(db, {"repay:" + id, "user", "debt", p.user_id, std::min(owed, p.credits), "debit", "debt", id, what,
              at});
}

void take_back(database& db, const payment& p, std::int64_t credits, unix_ms at) {
  const auto id = std::to_string(p.payment_id);
  const auto mark = id + ":" + std::to_string(p.credits_back); // a payment may be refunded in parts
  const auto what = std::to_string(p.refunded) + " " + currency_of(p.method);
  const auto there = std::min(credits, balance_of(db, "user", p.user_id));
  if (there > 0)
    post(db, {"back:" + mark, "user", "sold", p.user_id, there, "debit", "payment", id, what, at});
  if (there < credits)
    post(db, {"owe:" + mark, "debt", "sold", p.user_id, credits - there, "debit", "debt", id, what, at});
}

} // namespace troupe::storage
