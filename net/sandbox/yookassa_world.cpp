#include "net/sandbox/yookassa_world.hpp"
#include "net/sandbox/kie_world.hpp"
#include "net/yookassa.hpp"
#include <algorithm>
#include <cstdio>
#include <ctime>

namespace troupe::sandbox {
namespace {

using nlohmann::json;
using yookassa::amount_text;
using yookassa::iso_time;

constexpr std::int64_t minute = 60'000, hour = 60 * minute, day = 24 * hour;
constexpr std::int64_t refundable_for = 3 * 365 * day;

/// The true times are not published.
std::int64_t pause_after(int attempt) {
  constexpr std::int64_t first[] = {minute, 5 * minute, 15 * minute};
  return attempt <= 3 ? first[attempt - 1] : hour;
}

/// None: no time.
std::optional<std::int64_t> ms_of(const std::string& iso) {
  std::tm tm{};
  int ms = 0;
  const int read = std::sscanf(iso.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &tm.tm_year, &tm.tm_mon,
                               &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms);
  if (read < 6 || iso.back() != 'Z') return std::nullopt;
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return static_cast<std::int64_t>(timegm(&tm)) * 1000 + ms;
}

json amount(std::int64_t kopecks) { return {{"value", amount_text(kopecks)}, {"currency", "RUB"}}; }

std::string value_of(const std::map<std::string, std::string>& query, const std::string& name,
                     const std::string& otherwise = "") {
  const auto it = query.find(name);
  return it == query.end() ? otherwise : it->second;
}

/// @throws yookassa_refusal
bool within(const std::map<std::string, std::string>& query, const std::string& field, std::int64_t at) {
  for (const char* comparison : {"gte", "gt", "lte", "lt"}) {
    const auto text = value_of(query, field + "." + comparison);
    if (text.empty()) continue;
    const auto limit = ms_of(text);
    if (!limit) throw yookassa_refusal{"Invalid time", field + "." + comparison};
    const std::string kind = comparison;
    const bool good = kind == "gte"   ? at >= *limit
                      : kind == "gt"  ? at > *limit
                      : kind == "lte" ? at <= *limit
                                      : at < *limit;
    if (!good) return false;
  }
  return true;
}

/// @throws yookassa_refusal
std::size_t limit_in(const std::map<std::string, std::string>& query) {
  const auto text = value_of(query, "limit", "10");
  const bool digits = !text.empty() && text.size() <= 3 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int limit = digits ? std::stoi(text) : 0;
  if (limit < 1 || limit > 100) throw yookassa_refusal{"Invalid limit", "limit"};
  return static_cast<std::size_t>(limit);
}

bool use(int& count) { return count > 0 && count-- > 0; }

/// "x" of "/payments/x"; "" when the path is another.
std::string id_in(const std::string& path, const std::string& folder) {
  if (path.rfind(folder + "/", 0) != 0) return {};
  auto id = path.substr(folder.size() + 1);
  return id.find('/') == std::string::npos ? id : std::string();
}

json method_shown(const std::string& id, const std::string& method) {
  json m{{"type", method}, {"id", id}, {"saved", false}, {"status", "inactive"}};
  if (method == "sbp") {
    m["title"] = "SBP";
    m["sbp_operation_id"] = "1027088AE4CB48CB81287833347A8777";
    m["payer_bank_details"] = {{"bank_id", "100000000111"}, {"bic", "044525225"}};
    return m;
  }
  m["title"] = "Bank card *4477";
  m["card"] = {{"first6", "555555"},     {"last4", "4477"},           {"expiry_month", "12"},
               {"expiry_year", "2030"},  {"card_type", "MasterCard"}, {"card_product", {{"code", "E"}}},
               {"issuer_country", "RU"}, {"issuer_name", "Sberbank"}};
  return m;
}

} // namespace

yookassa_world::yookassa_world(yookassa_settings s, std::uint64_t seed)
    : settings(std::move(s)), random_(seed) {}

std::string yookassa_world::new_id(const char* middle) {
  char text[40];
  const auto a = random_(), b = random_();
  std::snprintf(text, sizeof text, "%08llx-%s-%012llx", static_cast<unsigned long long>(a & 0xFFFFFFFF),
                middle, static_cast<unsigned long long>(b & 0xFFFFFFFFFFFF));
  return text;
}

yookassa_answer yookassa_world::error(int status, const std::string& code, const std::string& description,
                                      const std::string& parameter) {
  ++counters_["errors_" + std::to_string(status)];
  json body{
      {"type", "error"}, {"id", new_id("cce8-4f15-8fc2")}, {"code", code}, {"description", description}};
  if (!parameter.empty()) body["parameter"] = parameter;
  if (status == 429) body["retry_after"] = 1000;
  return {status, body};
}

bool yookassa_world::authorized(const yookassa_call& call) const {
  const std::string scheme = "Basic ";
  if (call.authorization.rfind(scheme, 0) != 0) return false;
  return from_base64(call.authorization.substr(scheme.size())) ==
         settings.shop_id + ":" + settings.secret_key;
}

yookassa_answer yookassa_world::handle(const yookassa_call& call, std::int64_t now) {
  expire(now);
  ++counters_["calls"];
  if (faults.reject_keys || !authorized(call))
    return error(401, "invalid_credentials",
                 "Error by shopId or secret key. Check the values of your shopId and secret key");
  if (use(faults.too_many)) return error(429, "too_many_requests", "Too many requests");
  if (use(faults.fail_before)) return error(500, "internal_server_error", "Internal server error");
  try {
    if (call.method == "GET") return read(call);
    if (call.method == "POST") return write(call, now);
  } catch (const yookassa_refusal& no) {
    return error(400, "invalid_request", no.description, no.parameter);
  }
  return error(405, "not_supported", "Method not allowed");
}

yookassa_answer yookassa_world::read(const yookassa_call& call) {
  if (call.path == "/me") return {200, me()};
  if (call.path == "/payments") return {200, list_payments(call.query)};
  if (call.path == "/refunds") return {200, list_refunds(call.query)};
  const auto p = payments_.find(id_in(call.path, "/payments"));
  if (p != payments_.end()) {
    json shown = show(p->second);
    if (faults.shown_kopecks > 0) shown["amount"] = amount(faults.shown_kopecks);
    return {200, shown};
  }
  const auto r = refunds_.find(id_in(call.path, "/refunds"));
  if (r != refunds_.end()) return {200, show(r->second)};
  return error(404, "not_found", "Object doesn't exist or access denied");
}

yookassa_answer yookassa_world::write(const yookassa_call& call, std::int64_t now) {
  if (call.content_type.rfind("application/json", 0) != 0)
    return error(415, "invalid_request", "Content-Type must be application/json");
  check_key(call.key);
  auto answer = once_per_key(call, now);
  if (answer.status != 200) return answer;
  if (use(faults.lose_answers)) answer.lost = true;
  else if (use(faults.fail_after)) return error(500, "internal_server_error", "Internal server error");
  return answer;
}

/// The answer of the first call, a refusal included, is what all repetitions get.
yookassa_answer yookassa_world::once_per_key(const yookassa_call& call, std::int64_t now) {
  const std::string request = call.method + " " + call.path + "\n" + call.body;
  const auto known = keys_.find(call.key);
  if (known != keys_.end() && now - known->second.at < day) {
    if (known->second.request != request) {
      ++counters_["key_clashes"];
      throw yookassa_refusal{"Idempotence key duplicated", "Idempotence-Key"};
    }
    ++counters_["repeats"];
    return known->second.answer;
  }
  auto answer = perform(call, now);
  keys_[call.key] = {request, answer, now};
  return answer;
}

yookassa_answer yookassa_world::perform(const yookassa_call& call, std::int64_t now) {
  try {
    if (call.path == "/payments") return create(call, now);
    if (call.path == "/refunds") return give_back(call, now);
    if (call.path.rfind("/payments/", 0) == 0)
      return error(400, "invalid_request", "The payment holds no money: the sandbox knows no holds");
  } catch (const yookassa_refusal& no) {
    return error(400, "invalid_request", no.description, no.parameter);
  }
  return error(404, "not_found", "No such method");
}

yookassa_answer yookassa_world::create(const yookassa_call& call, std::int64_t now) {
  payment p;
  p.order = check_payment(call.body, settings.receipts_required);
  if (!p.order.contact.empty() && p.order.contact == faults.refused_contact)
    throw yookassa_refusal{"Incorrect value of " + p.order.contact_field,
                           "receipt.customer." + p.order.contact_field};
  p.id = new_id("000f-5000-8000");
  p.base = call.base;
  p.created = now;
  order_.push_back(p.id);
  unpaid_.push_back(p.id);
  return {200, show(payments_.emplace(p.id, p).first->second)};
}

yookassa_answer yookassa_world::give_back(const yookassa_call& call, std::int64_t now) {
  refund r;
  r.order = check_refund(call.body);
  r.created = now;
  const auto found = payments_.find(r.order.payment_id);
  if (found == payments_.end()) throw yookassa_refusal{"Payment doesn't exist", "payment_id"};
  auto& p = found->second;
  if (p.status != "succeeded" || now - p.captured > refundable_for)
    throw yookassa_refusal{"Payment is not refundable", "payment_id"};
  if (r.order.kopecks > p.order.kopecks - p.refunded)
    throw yookassa_refusal{"Refund amount exceeds the rest of the payment", "amount.value"};
  if (p.order.receipt && !r.order.receipt && r.order.kopecks != p.order.kopecks)
    throw yookassa_refusal{"Receipt is missing or illegal", "receipt"};
  r.id = new_id("0016-50be-b000");
  r.canceled = use(faults.cancel_refunds);
  if (!r.canceled) p.refunded += r.order.kopecks;
  refund_order_.push_back(r.id);
  const auto& kept = refunds_.emplace(r.id, r).first->second;
  if (!kept.canceled) tell("refund.succeeded", show(kept), now); // there is no refund.canceled
  return {200, show(kept)};
}

// --- what is shown ---

json yookassa_world::show(const payment& p) const {
  const bool paid = p.status == "succeeded";
  json confirmation{{"type", "redirect"},
                    {"return_url", p.order.return_url},
                    {"confirmation_url", p.base + "/yookassa/pay/" + p.id}};
  json j{{"id", p.id},
         {"status", p.status},
         {"paid", paid},
         {"amount", amount(p.order.kopecks)},
         {"created_at", iso_time(p.created)},
         {"metadata", p.order.metadata},
         {"recipient", {{"account_id", settings.shop_id}, {"gateway_id", "100700"}}},
         {"refundable", paid && p.refunded < p.order.kopecks},
         {"test", true}};
  if (!p.order.description.empty()) j["description"] = p.order.description;
  if (!p.order.customer_id.is_null()) j["merchant_customer_id"] = p.order.customer_id;
  if (p.order.receipt) j["receipt_registration"] = paid ? "succeeded" : "pending";
  if (p.status == "pending") j["confirmation"] = confirmation;
  if (p.status == "canceled") j["cancellation_details"] = {{"party", p.party}, {"reason", p.reason}};
  if (!paid) return j;
  j["captured_at"] = iso_time(p.captured);
  j["income_amount"] = amount(p.order.kopecks * 965 / 1000);
  j["refunded_amount"] = amount(p.refunded);
  j["payment_method"] = method_shown(p.id, p.method_used);
  j["authorization_details"] = {
      {"rrn", "10000000000"}, {"auth_code", "000000"}, {"three_d_secure", {{"applied", true}}}};
  return j;
}

json yookassa_world::show(const refund& r) const {
  json j{{"id", r.id},
         {"payment_id", r.order.payment_id},
         {"status", r.canceled ? "canceled" : "succeeded"},
         {"created_at", iso_time(r.created)},
         {"amount", amount(r.order.kopecks)}};
  if (!r.order.description.empty()) j["description"] = r.order.description;
  if (!r.order.metadata.empty()) j["metadata"] = r.order.metadata;
  if (r.order.receipt) j["receipt_registration"] = "pending";
  if (r.canceled) j["cancellation_details"] = {{"party", "yoo_money"}, {"reason", "insufficient_funds"}};
  return j;
}

json yookassa_world::me() const {
  return {{"account_id", settings.shop_id},
          {"status", "enabled"},
          {"test", true},
          {"fiscalization", {{"enabled", settings.receipts_required}, {"provider", "fns"}}},
          {"payment_methods", {"bank_card", "sbp"}},
          {"itn", "7700000000"}};
}

/// Newest first; the cursor is the last id of the page before.
json yookassa_world::list_payments(const std::map<std::string, std::string>& query) const {
  const auto limit = limit_in(query);
  const auto cursor = value_of(query, "cursor");
  const auto status = value_of(query, "status");
  json items = json::array();
  auto at = order_.rbegin();
  if (!cursor.empty()) {
    at = std::find(order_.rbegin(), order_.rend(), cursor);
    if (at == order_.rend()) throw yookassa_refusal{"Invalid cursor", "cursor"};
    ++at;
  }
  for (; at != order_.rend(); ++at) {
    const auto& p = payments_.at(*at);
    if (!status.empty() && status != p.status) continue;
    if (!within(query, "created_at", p.created) || !within(query, "captured_at", p.captured)) continue;
    if (items.size() == limit)
      return {{"type", "list"}, {"next_cursor", items.back()["id"]}, {"items", items}};
    items.push_back(show(p));
  }
  return {{"type", "list"}, {"items", items}};
}

/// One page only.
json yookassa_world::list_refunds(const std::map<std::string, std::string>& query) const {
  const auto limit = limit_in(query);
  const auto payment_id = value_of(query, "payment_id");
  json items = json::array();
  for (auto at = refund_order_.rbegin(); at != refund_order_.rend() && items.size() < limit; ++at) {
    const auto& r = refunds_.at(*at);
    if (payment_id.empty() || payment_id == r.order.payment_id) items.push_back(show(r));
  }
  return {{"type", "list"}, {"items", items}};
}

// --- the payer ---

yookassa_world::payment* yookassa_world::pending(const std::string& id, std::int64_t now) {
  expire(now);
  const auto found = payments_.find(id);
  return found != payments_.end() && found->second.status == "pending" ? &found->second : nullptr;
}

bool yookassa_world::pay(const std::string& id, const std::string& method, std::int64_t now) {
  auto* p = pending(id, now);
  const bool known = method == "bank_card" || method == "sbp";
  if (!p || !known || (!p->order.method.empty() && p->order.method != method) ||
      p->order.kopecks > most_for(method))
    return false;
  p->status = "succeeded";
  p->method_used = method;
  p->captured = now;
  tell("payment.succeeded", show(*p), now);
  return true;
}

bool yookassa_world::decline(const std::string& id, const std::string& reason, std::int64_t now) {
  auto* p = pending(id, now);
  if (p) cancel(*p, "payment_network", reason, now);
  return p != nullptr;
}

std::optional<yookassa_bill> yookassa_world::bill(const std::string& id, std::int64_t now) {
  expire(now);
  const auto found = payments_.find(id);
  if (found == payments_.end()) return std::nullopt;
  const auto& p = found->second;
  return yookassa_bill{p.status, p.order.description, p.order.return_url, p.order.method,
                       p.reason, p.order.kopecks};
}

void yookassa_world::cancel(payment& p, const std::string& party, const std::string& reason,
                            std::int64_t at) {
  p.status = "canceled";
  p.party = party;
  p.reason = reason;
  tell("payment.canceled", show(p), at);
}

/// Who made his payment first loses it first: all have the same time.
void yookassa_world::expire(std::int64_t now) {
  while (!unpaid_.empty()) {
    auto& p = payments_.at(unpaid_.front());
    const auto end = p.created + settings.confirm_ms;
    if (p.status == "pending" && end > now) return;
    unpaid_.pop_front();
    if (p.status == "pending") cancel(p, "yoo_money", "expired_on_confirmation", end);
  }
}

// --- notices ---

void yookassa_world::tell(const std::string& event, const json& object, std::int64_t at) {
  ++counters_["events"];
  if (settings.notice_url.empty()) return;
  if (faults.drop_notices) {
    ++counters_["notices_dropped"];
    return;
  }
  yookassa_notice n;
  n.url = settings.notice_url;
  const json body{{"type", "notification"}, {"event", event}, {"object", object}};
  n.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  n.from_ip = faults.foreign_sender ? "203.0.113.7" : "185.71.76.5";
  n.event_at = at;
  n.due_at = at + faults.notice_delay_ms;
  for (int i = 0; i <= faults.duplicates; ++i) notices_.emplace(n.due_at, n);
}

std::optional<yookassa_notice> yookassa_world::take_notice(std::int64_t now) {
  expire(now);
  if (notices_.empty() || notices_.begin()->first > now) return std::nullopt;
  auto n = notices_.begin()->second;
  notices_.erase(notices_.begin());
  ++counters_["notices_sent"];
  return n;
}

void yookassa_world::notice_answered(yookassa_notice n, int status, std::int64_t now) {
  if (status == 200) {
    ++counters_["notices_delivered"];
    return;
  }
  n.due_at = now + pause_after(n.attempt++);
  if (n.due_at > n.event_at + day) ++counters_["notices_given_up"];
  else notices_.emplace(n.due_at, n);
}

std::optional<std::int64_t> yookassa_world::next_due() const {
  std::optional<std::int64_t> next;
  if (!notices_.empty()) next = notices_.begin()->first;
  if (unpaid_.empty()) return next;
  const auto end = payments_.at(unpaid_.front()).created + settings.confirm_ms;
  return next ? std::min(*next, end) : end;
}

json yookassa_world::report(std::int64_t now) {
  expire(now);
  json out{{"payments", json::array()}, {"refunds", json::array()}, {"counters", counters_}};
  std::int64_t paid = 0, refunded = 0;
  for (const auto& id : order_) {
    const auto& p = payments_.at(id);
    out["payments"].push_back(show(p));
    if (p.status == "succeeded") paid += p.order.kopecks;
    refunded += p.refunded;
  }
  for (const auto& id : refund_order_) out["refunds"].push_back(show(refunds_.at(id)));
  out["paid_kopecks"] = paid;
  out["refunded_kopecks"] = refunded;
  out["notices_waiting"] = notices_.size();
  return out;
}

} // namespace troupe::sandbox
