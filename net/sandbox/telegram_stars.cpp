// Telegram's part that sells for Stars: invoices in chats, and what paying and refunding puts there.
#include "net/sandbox/telegram_world.hpp"
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

json as_invoice(const star_invoice& i) {
  return {{"title", i.title},
          {"description", i.description},
          {"start_parameter", i.start_parameter},
          {"currency", "XTR"},
          {"total_amount", i.amount}};
}

json paid_facts(const star_payment& p) {
  return {{"currency", "XTR"},
          {"total_amount", p.invoice.amount},
          {"invoice_payload", p.invoice.payload},
          {"telegram_payment_charge_id", p.charge_id},
          {"provider_payment_charge_id", p.provider_charge_id}};
}

json as_seen(const star_payment& p) {
  return {{"query_id", p.query_id},   {"state", name_of(p.state)},    {"error", p.error},
          {"charge_id", p.charge_id}, {"amount", p.invoice.amount},   {"title", p.invoice.title},
          {"refunded", p.refunded},   {"renewal_off", p.renewal_off}, {"subscription_until", p.until_s}};
}

/// Only the app of the person names the goods here; the bot knows them by the payload.
json with_title(json message, const std::string& what, const star_payment& p) {
  message[what]["title"] = p.invoice.title;
  return message;
}

} // namespace

void check_pay_buttons(const json& message) {
  const bool keyed = message.contains("reply_markup"), invoice = message.contains("invoice");
  if (!keyed) return;
  bool first = true, pays = false;
  for (const auto& row : message["reply_markup"]["inline_keyboard"])
    for (const auto& button : row) {
      const bool pay = button.contains("pay");
      if (pay && !invoice) refuse("BUTTON_TYPE_INVALID");
      if (pay && !first) refuse("BUTTON_POS_INVALID");
      pays = pays || pay;
      first = false;
    }
  if (invoice && !pays) refuse("REPLY_MARKUP_BUY_EMPTY");
}

json telegram_world::send_invoice(const bot_call& c, std::int64_t now) {
  auto& p = recipient(c);
  auto invoice = read_invoice(c);
  invoice.period_s = 0; // subscriptions are sold by links only
  json message{{"invoice", as_invoice(invoice)}};
  put_markup(message, c);
  auto sent = deliver(p, std::move(message), now);
  desk_.put_on_sale(sent["message_id"], std::move(invoice));
  return sent;
}

json telegram_world::answer_pre_checkout(const bot_call& c, std::int64_t now) {
  const auto& p = desk_.answer(c, now);
  if (p.state == payment_state::paid && refund_first_) show_refunded(desk_.refund(p.charge_id, now), now);
  if (p.state == payment_state::paid) show_paid(p, now);
  event("payment", p.user_id, as_seen(p));
  return true;
}

void telegram_world::renew_subscription(std::int64_t user_id, std::int64_t now) {
  show_paid(desk_.renew(user_id, now), now, false);
}

void telegram_world::show_paid(const star_payment& paid, std::int64_t now, bool first) {
  auto& p = known(paid.user_id);
  const std::int64_t id = next_message_++;
  json facts = paid_facts(paid);
  if (paid.until_s > 0) {
    facts["is_recurring"] = true;
    if (first) facts["is_first_recurring"] = true;
    facts["subscription_expiration_date"] = paid.until_s;
  }
  const json message{{"message_id", id},
                     {"from", p.user},
                     {"chat", chat_of(p)},
                     {"date", now / 1000},
                     {"successful_payment", std::move(facts)}};
  p.messages[id] = with_title(message, "successful_payment", paid);
  event("stars", paid.user_id, {{"balance", desk_.balance(paid.user_id)}});
  event("message", paid.user_id, p.messages[id]);
  for (int i = 0; i < (payments_twice_ ? 2 : 1); ++i) queue("message", message, now);
}

/// The bot hears of its own refund: it is one of the few service messages that come back.
json telegram_world::refund_payment(const bot_call& c, std::int64_t now) {
  show_refunded(desk_.refund(c, now), now);
  return true;
}

void telegram_world::show_refunded(const star_payment& back, std::int64_t now) {
  auto& p = known(back.user_id);
  json facts = paid_facts(back);
  facts.erase("provider_payment_charge_id");
  const std::int64_t id = next_message_++;
  const json message{{"message_id", id},
                     {"from", bot_user()},
                     {"chat", chat_of(p)},
                     {"date", now / 1000},
                     {"refunded_payment", std::move(facts)}};
  p.messages[id] = with_title(message, "refunded_payment", back);
  event("stars", back.user_id, {{"balance", desk_.balance(back.user_id)}});
  event("message", back.user_id, p.messages[id]);
  queue("message", message, now);
}

std::string telegram_world::pay(std::int64_t user_id, std::int64_t message_id, std::int64_t now) {
  const auto* invoice = desk_.of_message(message_id);
  if (!invoice || !known(user_id).messages.count(message_id)) throw std::runtime_error("no such invoice");
  return begin_payment(user_id, *invoice, now);
}

std::string telegram_world::pay_link(std::int64_t user_id, const std::string& link, std::int64_t now) {
  const auto* invoice = desk_.of_link(link);
  if (!invoice) throw std::runtime_error("no such invoice");
  return begin_payment(user_id, *invoice, now);
}

std::string telegram_world::begin_payment(std::int64_t user_id, const star_invoice& invoice,
                                          std::int64_t now) {
  auto& p = known(user_id);
  if (p.blocked) throw std::runtime_error("the bot is blocked");
  expire_payments(now);
  const auto& begun = desk_.begin(user_id, invoice, now);
  queue("pre_checkout_query",
        {{"id", begun.query_id},
         {"from", p.user},
         {"currency", "XTR"},
         {"total_amount", invoice.amount},
         {"invoice_payload", invoice.payload}},
        now);
  event("payment", user_id, as_seen(begun));
  return begun.query_id;
}

std::optional<json> telegram_world::payment_of(const std::string& query_id, std::int64_t now) {
  expire_payments(now);
  const auto* p = desk_.payment(query_id);
  return p ? std::optional<json>(as_seen(*p)) : std::nullopt;
}

std::optional<json> telegram_world::invoice_of(const std::string& link) const {
  const auto* invoice = desk_.of_link(link);
  return invoice ? std::optional<json>(as_invoice(*invoice)) : std::nullopt;
}

void telegram_world::set_stars(std::int64_t user_id, std::int64_t stars) {
  desk_.set_balance(user_id, stars);
  event("stars", user_id, {{"balance", stars}});
}

void telegram_world::expire_payments(std::int64_t now) {
  for (const auto& p : desk_.expire(now)) event("payment", p.user_id, as_seen(p));
}

} // namespace troupe::sandbox
