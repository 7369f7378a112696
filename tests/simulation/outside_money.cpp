/// Stars and YooKassa: who pays, who is told, and what their own books say.
#include "net/yookassa.hpp"
#include "tests/simulation/outside.hpp"

namespace troupe::simulation {
namespace {

using nlohmann::json;

std::string header(const http_request& r, const std::string& wanted) {
  for (const auto& [name, value] : r.headers)
    if (name == wanted) return value;
  return {};
}

sandbox::bot_call method(const std::string& name, std::map<std::string, std::string> values) {
  sandbox::bot_call call;
  call.method = name;
  call.values = std::move(values);
  return call;
}

} // namespace

http_reply outside::shop_call(const call& c) {
  sandbox::yookassa_call q;
  q.method = c.request.method;
  q.path = c.path.substr(3);
  q.authorization = header(c.request, "Authorization");
  q.key = header(c.request, "Idempotence-Key");
  q.content_type = c.request.content_type;
  q.body = c.request.body;
  q.base = shop_url;
  const auto a = shop.handle(q, now_());
  coming_.at(now_(), [this] { send_notices(); });
  http_reply r;
  r.status = a.status;
  r.body = a.body.dump();
  return r;
}

void outside::send_notices() {
  while (const auto n = shop.take_notice(now_())) send_notice(*n);
  if (const auto due = shop.next_due()) coming_.at(std::max(*due, now_() + 1), [this] { send_notices(); });
}

void outside::send_notice(const sandbox::yookassa_notice& n) {
  const auto what = yookassa::read_notice(n.body);
  if (!what || !link_ || roll(fault::callback_lost)) return shop.notice_answered(n, 0, now_());
  auto id = what->payment_id.empty() ? what->object_id : what->payment_id;
  if (roll(fault::callback_forged)) link_->tell("23d93cac-000f-5000-8000-126628f15141", [] {});
  if (roll(fault::callback_twice)) link_->tell(id, [] {});
  const auto acknowledged = std::make_shared<bool>(false);
  log_.line(now_(), "notice " + what->event);
  link_->tell(id, [acknowledged] { *acknowledged = true; });
  coming_.at(now_() + 15'000, [=, this] {
    shop.notice_answered(n, *acknowledged ? 200 : 503, now_());
    send_notices();
  });
}

std::optional<std::string> outside::open_shop_payment(std::int64_t user) {
  const auto mine = "u" + std::to_string(user) + "-";
  std::optional<std::string> found;
  const auto book = shop.report(now_());
  for (const auto& p : book["payments"])
    if (p["status"] == "pending" && p["metadata"]["order_id"].get<std::string>().rfind(mine, 0) == 0)
      found = p["id"].get<std::string>();
  return found;
}

bool outside::pay_shop(std::int64_t user) {
  const auto id = open_shop_payment(user);
  if (!id) return false;
  const bool paid = shop.pay(*id, "bank_card", now_()) || shop.pay(*id, "sbp", now_());
  send_notices();
  return paid;
}

bool outside::decline_shop(std::int64_t user) {
  const auto id = open_shop_payment(user);
  const bool done = id && shop.decline(*id, "insufficient_funds", now_());
  send_notices();
  return done;
}

bool outside::pay_stars(std::int64_t user) {
  const auto it = invoices_.find(user);
  if (it == invoices_.end()) return false;
  try {
    telegram.pay(user, it->second, now_());
  } catch (const std::exception&) { // the invoice has gone
    return false;
  }
  answer_polls();
  return true;
}

void outside::refund_by_telegram(std::int64_t user, const std::string& charge_id) {
  telegram.handle(method("refundStarPayment",
                         {{"user_id", std::to_string(user)}, {"telegram_payment_charge_id", charge_id}}),
                  now_());
  answer_polls();
}

void outside::refund_by_shop(const std::string& payment_id, const std::string& amount) {
  sandbox::yookassa_call q;
  q.method = "POST", q.path = "/refunds", q.key = "cabinet-" + std::to_string(now_());
  q.authorization = "Basic MTAwNTAwOnRlc3Rfc2FuZGJveA==", q.content_type = "application/json";
  q.body = json{{"payment_id", payment_id}, {"amount", {{"value", amount}, {"currency", "RUB"}}}}.dump();
  shop.handle(q, now_());
  send_notices();
}

std::map<std::string, outside::charge> outside::star_charges(std::int64_t user) {
  std::map<std::string, charge> all;
  for (int offset = 0;; offset += 100) {
    const auto a = telegram.handle(
        method("getStarTransactions", {{"offset", std::to_string(offset)}, {"limit", "100"}}), now_());
    const auto& list = a.body["result"]["transactions"];
    if (!list.is_array() || list.empty()) return all;
    for (const auto& t : list) {
      const bool came = t.contains("source");
      const auto& partner = t[came ? "source" : "receiver"];
      const auto who = partner["user"]["id"].get<std::int64_t>();
      if (user != 0 && who != user) continue;
      auto& c = all[t["id"].get<std::string>()];
      c.user = who;
      if (came) c.stars = t["amount"].get<std::int64_t>();
      else c.refunded = true;
    }
  }
}

} // namespace troupe::simulation
