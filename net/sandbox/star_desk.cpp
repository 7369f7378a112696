#include "net/sandbox/star_desk.hpp"
#include "net/sandbox/html_text.hpp"
#include <algorithm>
#include <random>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::int64_t answer_limit_ms = 10'000;
constexpr std::int64_t first_balance = 100'000;
constexpr std::int64_t month_s = 2'592'000, subscription_stars_max = 10'000;
constexpr const char* too_late = "query is too old and response timeout expired or query ID is invalid";

std::string limited(const bot_call& c, const std::string& name, std::size_t points) {
  auto text = required(c, name);
  if (!valid_utf8(text)) refuse("strings must be encoded in UTF-8");
  if (code_points(text) > points) refuse("MESSAGE_TOO_LONG");
  return text;
}

/// @returns the sum; Stars have exactly one price.
std::int64_t read_price(const bot_call& c) {
  const auto prices = json::parse(required(c, "prices"), nullptr, false);
  if (!prices.is_array()) refuse("can't parse prices JSON object");
  if (prices.empty()) refuse("there must be at least one price");
  for (const auto& p : prices) {
    if (!p.is_object() || !p.value("label", json()).is_string() ||
        !p.value("amount", json()).is_number_integer())
      refuse("can't parse labeled price: LabeledPrice must be an Object with a label and an amount");
    if (p["label"].get_ref<const std::string&>().empty()) refuse("STARS_INVOICE_INVALID");
  }
  if (prices.size() != 1) refuse("STARS_INVOICE_INVALID");
  const auto amount = prices[0]["amount"].get<std::int64_t>();
  if (amount < 1) refuse("CURRENCY_TOTAL_AMOUNT_INVALID");
  return amount;
}

} // namespace

const char* name_of(payment_state s) {
  constexpr const char* names[] = {"waiting", "paid", "refused", "failed"};
  return names[static_cast<int>(s)];
}

star_invoice read_invoice(const bot_call& c) {
  star_invoice i;
  i.title = limited(c, "title", 32);
  i.description = limited(c, "description", 255);
  i.payload = required(c, "payload");
  if (!valid_utf8(i.payload)) refuse("the payload must be encoded in UTF-8");
  if (i.payload.size() > 128) refuse("INVOICE_PAYLOAD_INVALID");
  if (required(c, "currency") != "XTR") refuse("PAYMENT_PROVIDER_INVALID"); // no provider is connected here
  if (!value(c, "provider_token").empty()) refuse("STARS_INVOICE_INVALID");
  i.amount = read_price(c);
  i.start_parameter = value(c, "start_parameter");
  i.period_s = number(c, "subscription_period");
  if (i.period_s != 0 && i.period_s != month_s) refuse("SUBSCRIPTION_PERIOD_INVALID");
  if (i.period_s != 0 && i.amount > subscription_stars_max) refuse("STARS_INVOICE_INVALID");
  return i;
}

star_desk::star_desk(std::int64_t first_id)
    : next_query_(2214812345678900001 + first_id * 1000), next_name_(first_id) {}

void star_desk::put_on_sale(std::int64_t message_id, star_invoice invoice) {
  invoices_[message_id] = std::move(invoice);
}

std::string star_desk::make_link(star_invoice invoice) {
  const std::string link = "https://t.me/$" + fresh_name(24);
  links_[link] = std::move(invoice);
  return link;
}

const star_invoice* star_desk::of_message(std::int64_t message_id) const {
  const auto it = invoices_.find(message_id);
  return it == invoices_.end() ? nullptr : &it->second;
}

const star_invoice* star_desk::of_link(const std::string& link) const {
  const auto it = links_.find(link);
  return it == links_.end() ? nullptr : &it->second;
}

std::int64_t star_desk::balance(std::int64_t user_id) const {
  const auto it = balances_.find(user_id);
  return it == balances_.end() ? first_balance : it->second;
}

star_payment& star_desk::begin(std::int64_t user_id, const star_invoice& invoice, std::int64_t now) {
  if (balance(user_id) < invoice.amount) throw std::runtime_error("not enough Stars");
  const std::string id = std::to_string(next_query_++);
  star_payment p;
  p.query_id = id;
  p.user_id = user_id;
  p.asked = now;
  p.invoice = invoice;
  waiting_.push_back(id);
  return payments_[id] = std::move(p);
}

star_payment& star_desk::answer(const bot_call& c, std::int64_t now) {
  const auto it = payments_.find(value(c, "pre_checkout_query_id"));
  const bool ok = flag(c, "ok");
  const std::string error = ok ? "" : required(c, "error_message");
  if (it == payments_.end() || it->second.state != payment_state::waiting ||
      now - it->second.asked > answer_limit_ms)
    refuse(too_late);
  auto& p = it->second;
  if (!ok) {
    p.state = payment_state::refused;
    p.error = error;
    return p;
  }
  if (balance(p.user_id) < p.invoice.amount) { // spent on another invoice meanwhile
    p.state = payment_state::failed;
    return p;
  }
  charge(p, now);
  return p;
}

void star_desk::charge(star_payment& p, std::int64_t now) {
  p.state = payment_state::paid;
  p.charge_id = "stx" + fresh_name(150);
  p.provider_charge_id = std::to_string(p.user_id) + "_" + p.query_id;
  if (p.invoice.period_s > 0) p.until_s = std::max(p.until_s, now / 1000) + p.invoice.period_s;
  balances_[p.user_id] = balance(p.user_id) - p.invoice.amount;
  bot_balance_ += p.invoice.amount;
  charges_[p.charge_id] = p.query_id;
  transactions_.push_back({p.query_id, false, now});
}

star_payment& star_desk::renew(std::int64_t user_id, std::int64_t now) {
  const star_payment* last = nullptr;
  for (const auto& [id, p] : payments_)
    if (p.user_id == user_id && p.until_s > 0 && !p.renewal_off && (!last || p.until_s >= last->until_s))
      last = &p;
  if (!last) throw std::runtime_error("no subscription");
  if (balance(user_id) < last->invoice.amount) throw std::runtime_error("not enough Stars");
  star_payment next;
  next.query_id = std::to_string(next_query_++);
  next.user_id = user_id;
  next.asked = now;
  next.invoice = last->invoice;
  next.until_s = last->until_s;
  auto& p = payments_[next.query_id] = std::move(next);
  charge(p, now);
  return p;
}

std::vector<star_payment> star_desk::expire(std::int64_t now) {
  std::vector<star_payment> out;
  while (!waiting_.empty()) {
    auto& p = payments_.at(waiting_.front());
    if (p.state == payment_state::waiting) {
      if (now - p.asked <= answer_limit_ms) break;
      p.state = payment_state::failed;
      out.push_back(p);
    }
    waiting_.pop_front();
  }
  return out;
}

star_payment& star_desk::charged(const bot_call& c) {
  const auto user_id = number(c, "user_id");
  if (user_id <= 0) refuse("invalid user_id specified");
  const auto it = charges_.find(value(c, "telegram_payment_charge_id"));
  if (value(c, "telegram_payment_charge_id").empty()) refuse("CHARGE_ID_INVALID");
  if (it == charges_.end() || payments_.at(it->second).user_id != user_id) refuse("CHARGE_NOT_FOUND");
  return payments_.at(it->second);
}

star_payment& star_desk::refund(const std::string& charge_id, std::int64_t now) {
  return give_back(payments_.at(charges_.at(charge_id)), now);
}

star_payment& star_desk::refund(const bot_call& c, std::int64_t now) { return give_back(charged(c), now); }

star_payment& star_desk::give_back(star_payment& p, std::int64_t now) {
  if (p.refunded) refuse("CHARGE_ALREADY_REFUNDED");
  p.refunded = true;
  balances_[p.user_id] = balance(p.user_id) + p.invoice.amount;
  bot_balance_ -= p.invoice.amount;
  transactions_.push_back({p.query_id, true, now});
  return p;
}

void star_desk::edit_subscription(const bot_call& c) {
  auto& p = charged(c);
  if (p.until_s == 0) refuse("CHARGE_NOT_FOUND");
  p.renewal_off = flag(c, "is_canceled");
}

const star_payment* star_desk::payment(const std::string& query_id) const {
  const auto it = payments_.find(query_id);
  return it == payments_.end() ? nullptr : &it->second;
}

json star_desk::transactions(const bot_call& c) const {
  const auto offset = number(value(c, "offset"), 0, static_cast<std::int64_t>(transactions_.size()));
  const auto limit = value(c, "limit").empty() ? 100 : number(value(c, "limit"), 1, 100);
  json list = json::array();
  for (auto i = static_cast<std::size_t>(offset);
       i < transactions_.size() && list.size() < static_cast<std::size_t>(limit); ++i) {
    const auto& t = transactions_[i];
    const auto& p = payments_.at(t.query_id);
    json partner{{"type", "user"},
                 {"transaction_type", "invoice_payment"},
                 {"user", {{"id", p.user_id}}},
                 {"invoice_payload", p.invoice.payload}};
    if (p.invoice.period_s > 0) partner["subscription_period"] = p.invoice.period_s;
    list.push_back({{"id", p.charge_id},
                    {"amount", p.invoice.amount},
                    {"date", t.at / 1000},
                    {t.refund ? "receiver" : "source", std::move(partner)}});
  }
  return list;
}

/// Never given twice: it ends with a number that grows.
std::string star_desk::fresh_name(std::size_t length) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const std::string tail = std::to_string(next_name_++);
  std::mt19937_64 random(static_cast<std::uint64_t>(next_name_));
  std::string out;
  while (out.size() + tail.size() + 1 < length) out += letters[random() % letters.size()];
  return out + "_" + tail;
}

} // namespace troupe::sandbox
