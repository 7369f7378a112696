#include "net/sandbox/star_routes.hpp"
#include "net/sandbox/replies.hpp"
#include <algorithm>
#include <chrono>
#include <httplib.h>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

/// Waits for the bot as the app does: a little longer than the bot has for its answer.
json pay(const star_till& till, const json& q) {
  const int wait = std::clamp(q.value("wait_ms", 10'500), 0, 30'000);
  const auto user_id = q.at("user_id").get<std::int64_t>();
  std::unique_lock lock(till.mutex);
  const auto id = q.contains("link")
                      ? till.telegram.pay_link(user_id, q["link"].get<std::string>(), now_ms())
                      : till.telegram.pay(user_id, q.at("message_id").get<std::int64_t>(), now_ms());
  till.updates_changed.notify_all();
  till.events_changed.notify_all();
  till.events_changed.wait_for(lock, std::chrono::milliseconds(wait), [&] {
    return till.stopping() || (*till.telegram.payment_of(id, now_ms()))["state"] != "waiting";
  });
  return *till.telegram.payment_of(id, now_ms());
}

/// Reads one person's Stars, and sets them and the faults when asked.
json stars(const star_till& till, const json& q) {
  std::lock_guard lock(till.mutex);
  if (q.contains("payments_twice")) till.telegram.deliver_payments_twice(q["payments_twice"].get<bool>());
  if (q.contains("refund_first")) till.telegram.refund_before_payment(q["refund_first"].get<bool>());
  if (q.value("renew", false))
    till.telegram.renew_subscription(q.at("user_id").get<std::int64_t>(), now_ms());
  json out{{"bot", till.telegram.bot_stars()}};
  if (!q.contains("user_id")) return out;
  const auto user_id = q["user_id"].get<std::int64_t>();
  if (q.contains("balance")) till.telegram.set_stars(user_id, q["balance"].get<std::int64_t>());
  out["balance"] = till.telegram.stars_of(user_id);
  return out;
}

json invoice(const star_till& till, const json& q) {
  std::lock_guard lock(till.mutex);
  auto found = till.telegram.invoice_of(q.at("link").get<std::string>());
  if (!found) throw std::runtime_error("no such invoice");
  return *found;
}

} // namespace

void add_star_routes(httplib::Server& http, star_till till) {
  auto route = [&](const char* path, json (*body)(const star_till&, const json&)) {
    http.Post(path, control([till, body](const httplib::Request&, const json& q) { return body(till, q); },
                            [till] {
                              till.updates_changed.notify_all();
                              till.events_changed.notify_all();
                            }));
  };
  route("/sandbox/pay", pay);
  route("/sandbox/stars", stars);
  route("/sandbox/invoice", invoice);
}

} // namespace troupe::sandbox
