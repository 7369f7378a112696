#include "net/yookassa.hpp"

#include "net/base64.hpp"

#include "net/json_fields.hpp"
#include "net/networks.hpp"

#include "net/telegram.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace troupe::yookassa {
namespace {

using namespace json_fields;

constexpr std::size_t description_max = 128, refund_description_max = 250;
constexpr std::int64_t retry_after_max = 3'600'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

/// Ids become parts of addresses and of database keys.
std::string id_of(const json& j, const char* name) {
  auto id = text_of(j, name);
  const bool good = id.size() <= 64 && std::all_of(id.begin(), id.end(), is_plain);
  return good ? id : std::string();
}

std::string escape(const std::string& text) {
  constexpr const char* hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (is_plain(c) || c == '.' || c == '~') out += c;
    else out += {'%', hex[u >> 4], hex[u & 15]};
  }
  return out;
}

// --- requests ---

json amount(std::int64_t kopecks) { return {{"value", amount_text(kopecks)}, {"currency", "RUB"}}; }

/// Digits with the country first; people write the Russian one as 8.
std::string phone_digits(const std::string& typed) {
  std::string digits;
  std::copy_if(typed.begin(), typed.end(), std::back_inserter(digits), is_digit);
  if (digits.size() == 11 && digits[0] == '8') digits[0] = '7';
  return digits;
}

json receipt_of(const receipt_settings& r, std::int64_t kopecks, const std::string& description,
                const std::string& email, const std::string& phone) {
  json customer = json::object();
  if (!email.empty()) customer["email"] = email;
  if (const auto digits = phone_digits(phone); !digits.empty()) customer["phone"] = digits;
  json receipt{{"customer", customer},
               {"items", json::array({{{"description", telegram::shorten(description, description_max)},
                                       {"quantity", 1.0},
                                       {"amount", amount(kopecks)},
                                       {"vat_code", r.vat_code},
                                       {"payment_mode", r.payment_mode},
                                       {"payment_subject", r.payment_subject},
                                       {"measure", "piece"}}})},
               {"internet", true}};
  if (r.tax_system_code > 0) receipt["tax_system_code"] = r.tax_system_code;
  return receipt;
}

http_request call(const shop& s, const std::string& method, const std::string& path) {
  http_request request;
  request.method = method;
  request.url = s.api_url + "/v3/" + path;
  request.headers = {{"Authorization", "Basic " + base64(s.shop_id + ":" + s.secret_key)},
                     {"Accept", "application/json"}};
  request.connect_limit = std::chrono::seconds(10);
  request.time_limit = std::chrono::seconds(35); // their own limit is 30
  request.body_bytes_max = 4u << 20;
  return request;
}

http_request post(const shop& s, const std::string& path, const std::string& key, const std::string& body) {
  auto request = call(s, "POST", path);
  request.headers.emplace_back("Idempotence-Key", key);
  request.body = body;
  return request;
}

// --- answers ---

std::string safe(const std::string& text) { return outside::excerpt(text); }

/// The key was used before with other bytes: what those have done is not known here, so a new key might do
/// it a second time.
bool is_key_clash(const json& body) {
  return text_of(body, "parameter") == "Idempotence-Key" &&
         text_of(body, "description").find("duplicate") != std::string::npos;
}

/// An error as YooKassa writes it. A page with the same status is a gateway's, and says nothing of keys and
/// payments.
bool is_error(const json& body) {
  return body.is_object() && (text_of(body, "type") == "error" || !text_of(body, "code").empty());
}

result meaning(const http_reply& reply, const json& body) {
  const int status = reply.status;
  if (status == 429) return result::too_many;
  if (status == 202 || status == 408 || status >= 500)
    return result::unsure; // 408: a proxy's word, not YooKassa's
  const bool wordless = outside::content_of(reply) == outside::content::empty;
  if (status < 400 || (!is_error(body) && !wordless)) return result::not_understood;
  if (status == 401 || status == 403) return result::unauthorized;
  if (status == 404) return result::not_found;
  return is_key_clash(body) ? result::unsure : result::refused;
}

std::int64_t retry_after(const http_reply& reply, const json& body) {
  const auto& ms = member(body, "retry_after");
  if (ms.is_number()) return static_cast<std::int64_t>(std::clamp(ms.get<double>(), 0.0, 3.6e6));
  for (const auto& [name, value] : reply.headers)
    if (name == "retry-after" && !value.empty() && value.size() <= 6 &&
        std::all_of(value.begin(), value.end(), is_digit))
      return std::min<std::int64_t>(std::stoll(value) * 1000, retry_after_max);
  return 0;
}

/// What is common to all answers that are no object.
struct failure {
  result what = result::unsure;
  std::string text;
  std::int64_t retry_after_ms = 0;
  blame of;
};
/// None: the body is the object that was asked for.
std::optional<failure> failed(const http_reply& reply, const json& body) {
  if (reply.error != http_error::none) return failure{result::unsure, outside::described(reply), 0, {}};
  if (reply.status == 200 && body.is_object()) return std::nullopt;
  failure f{meaning(reply, body), {}, retry_after(reply, body), {}};
  auto text = safe(text_of(body, "description"));
  const blame of{safe(text_of(body, "code")), safe(text_of(body, "parameter"))};
  if (!of.parameter.empty()) text += " (" + of.parameter + ")";
  if (f.what == result::refused || f.what == result::unauthorized) f.of = of;
  f.text = text.empty() ? outside::described(reply) : "HTTP " + std::to_string(reply.status) + ": " + text;
  return f;
}

template <class Status> Status from(const failure& f) {
  Status s;
  s.what = f.what;
  s.text = f.text;
  s.retry_after_ms = f.retry_after_ms;
  s.of = f.of;
  return s;
}

std::optional<result> state_of(const json& object) {
  const auto word = word_of(member(object, "status"));
  for (const auto r : {result::pending, result::waiting_for_capture, result::succeeded, result::canceled})
    if (word == name_of(r)) return r;
  return std::nullopt;
}

/// An amount is written in one way only: {"value": "490.00", "currency": "RUB"}.
struct money {
  std::int64_t kopecks = 0;
  std::string currency;
};
std::optional<money> money_in(const json& amount) {
  const auto kopecks = kopecks_of(text_of(amount, "value"));
  const auto currency = text_of(amount, "currency");
  const bool known = currency.size() == 3 && std::all_of(currency.begin(), currency.end(),
                                                         [](char c) { return c >= 'A' && c <= 'Z'; });
  return kopecks && known ? std::optional{money{*kopecks, currency}} : std::nullopt;
}

template <class Status> void cannot_be_read(Status& s, const json& object, const std::string& what) {
  s.what = result::not_understood;
  s.text = what + ": " + outside::excerpt(dump(object), 200);
}

/// What payments and refunds share. An object that is not understood whole is not understood at all.
template <class Status> Status read_object(const json& object) {
  Status s;
  s.id = id_of(object, "id");
  s.cancel_reason = safe(text_of(member(object, "cancellation_details"), "reason"));
  const auto state = state_of(object);
  const auto amount = money_in(member(object, "amount"));
  if (amount) s.kopecks = amount->kopecks, s.currency = amount->currency;
  if (s.id.empty()) cannot_be_read(s, object, "an object without an id");
  else if (!state) cannot_be_read(s, object, "an unknown status");
  else if (!amount) cannot_be_read(s, object, "an unreadable amount");
  else s.what = *state;
  return s;
}

/// `paid` is true when money has come, and false while nobody has paid.
bool fits(result state, const json& paid) {
  if (!paid.is_boolean()) return false;
  if (state == result::pending) return !paid.get<bool>();
  return state != result::succeeded || paid.get<bool>();
}

payment_status payment_of(const json& object) {
  auto s = read_object<payment_status>(object);
  s.order_id = text_of(member(object, "metadata"), "order_id");
  s.confirmation_url = web_address(text_of(member(object, "confirmation"), "confirmation_url"));
  s.test = flag_of(object, "test");
  if (s.what == result::not_understood) return s;
  if (!fits(s.what, member(object, "paid"))) {
    cannot_be_read(s, object, "a status that its flag `paid` contradicts");
    return s;
  }
  const auto& back = member(object, "refunded_amount");
  if (back.is_null()) return s;
  const auto refunded = money_in(back);
  if (refunded && refunded->currency == s.currency && refunded->kopecks <= s.kopecks)
    s.refunded_kopecks = refunded->kopecks;
  else cannot_be_read(s, object, "an unreadable refunded amount");
  return s;
}

} // namespace

std::string payment_body(const payment_order& order, const receipt_settings& receipt) {
  const auto description = telegram::shorten(order.description, description_max);
  json body{{"amount", amount(order.kopecks)},
            {"capture", true}, // the default is a hold that expires
            {"description", description},
            {"confirmation", {{"type", "redirect"}, {"return_url", order.return_url}}},
            {"metadata", {{"order_id", order.order_id}}}};
  if (!order.method.empty()) body["payment_method_data"] = {{"type", order.method}};
  if (order.user_id != 0) body["merchant_customer_id"] = "tg:" + std::to_string(order.user_id);
  if (receipt.enabled)
    body["receipt"] =
        receipt_of(receipt, order.kopecks, description, order.customer_email, order.customer_phone);
  return dump(body);
}

std::string refund_body(const std::string& payment_id, std::int64_t kopecks, const std::string& description,
                        const receipt_settings& receipt, const std::string& email, const std::string& phone) {
  json body{{"payment_id", payment_id}, {"amount", amount(kopecks)}};
  if (!description.empty()) body["description"] = telegram::shorten(description, refund_description_max);
  if (receipt.enabled) body["receipt"] = receipt_of(receipt, kopecks, description, email, phone);
  return dump(body);
}

http_request create_payment(const shop& s, const std::string& idempotence_key, const std::string& body) {
  return post(s, "payments", idempotence_key, body);
}
http_request get_payment(const shop& s, const std::string& id) {
  return call(s, "GET", "payments/" + escape(id));
}
http_request list_payments(const shop& s, std::int64_t created_from, const std::string& cursor) {
  auto path = "payments?limit=100&created_at.gte=" + escape(iso_time(created_from));
  if (!cursor.empty()) path += "&cursor=" + escape(cursor);
  return call(s, "GET", path);
}
http_request create_refund(const shop& s, const std::string& idempotence_key, const std::string& body) {
  return post(s, "refunds", idempotence_key, body);
}
http_request get_refund(const shop& s, const std::string& id) {
  return call(s, "GET", "refunds/" + escape(id));
}
http_request get_me(const shop& s) { return call(s, "GET", "me"); }

std::string iso_time(std::int64_t ms) {
  const auto s = static_cast<std::time_t>(ms / 1000);
  std::tm tm{};
  gmtime_r(&s, &tm);
  char text[40], out[48];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  std::snprintf(out, sizeof out, "%s.%03dZ", text, static_cast<int>(ms % 1000));
  return out;
}

std::optional<std::int64_t> kopecks_of(const std::string& value) {
  const auto size = value.size();
  // 15 digits of roubles fit into 64 bits of kopecks.
  if (size < 4 || size > 18 || value[size - 3] != '.') return std::nullopt;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (i == size - 3) continue;
    if (!is_digit(value[i])) return std::nullopt;
    sum = sum * 10 + (value[i] - '0');
  }
  return sum;
}

std::string amount_text(std::int64_t kopecks) {
  char text[40];
  const auto size = kopecks < 0 ? -kopecks : kopecks;
  std::snprintf(text, sizeof text, "%s%lld.%02lld", kopecks < 0 ? "-" : "",
                static_cast<long long>(size / 100), static_cast<long long>(size % 100));
  return text;
}

const char* name_of(result r) {
  constexpr const char* names[] = {
      "pending",  "waiting_for_capture", "succeeded",    "canceled",      "refused", "unsure",
      "too_many", "not_found",           "unauthorized", "not_understood"};
  return names[static_cast<int>(r)];
}

bool blame::is_about_the_contact() const {
  return parameter.find("customer.email") != std::string::npos ||
         parameter.find("customer.phone") != std::string::npos;
}

payment_status read_payment(const http_reply& reply) {
  const auto body = parse(reply.body);
  if (const auto f = failed(reply, body)) return from<payment_status>(*f);
  return payment_of(body);
}

refund_status read_refund(const http_reply& reply) {
  const auto body = parse(reply.body);
  if (const auto f = failed(reply, body)) return from<refund_status>(*f);
  auto s = read_object<refund_status>(body);
  s.payment_id = id_of(body, "payment_id");
  if (s.payment_id.empty() || s.what == result::waiting_for_capture)
    cannot_be_read(s, body, "a refund without its payment, or in a state that refunds have not");
  return s;
}

payment_list read_payments(const http_reply& reply) {
  const auto body = parse(reply.body);
  payment_list list;
  if (const auto f = failed(reply, body)) {
    list.what = f->what, list.text = f->text, list.retry_after_ms = f->retry_after_ms;
    return list;
  }
  const auto& items = member(body, "items");
  if (!items.is_array()) {
    cannot_be_read(list, body, "a list without items");
    return list;
  }
  list.what = result::succeeded;
  list.next_cursor = text_of(body, "next_cursor");
  for (const auto& item : items) list.items.push_back(payment_of(item));
  return list;
}

shop_status read_me(const http_reply& reply) {
  const auto body = parse(reply.body);
  shop_status s;
  if (const auto f = failed(reply, body)) {
    s.what = f->what;
    s.text = f->text;
    return s;
  }
  s.account_id = id_of(body, "account_id");
  if (s.account_id.empty()) {
    cannot_be_read(s, body, "a shop without its number");
    return s;
  }
  s.what = result::succeeded;
  s.enabled = text_of(body, "status") == "enabled";
  s.test = flag_of(body, "test");
  s.receipts = flag_of(member(body, "fiscalization"), "enabled");
  for (const auto& method : member(body, "payment_methods"))
    if (method.is_string()) s.methods.push_back(method.get<std::string>());
  return s;
}

std::optional<notice> read_notice(const std::string& text) {
  const auto body = parse(text);
  const auto& object = member(body, "object");
  notice n{text_of(body, "event"), id_of(object, "id"), {}};
  if (text_of(body, "type") != "notification" || n.event.empty() || n.event.size() > 64 ||
      n.object_id.empty())
    return std::nullopt;
  if (n.event.rfind("refund.", 0) == 0) n.payment_id = id_of(object, "payment_id");
  return n;
}

bool is_yookassa_address(std::string_view text) {
  static const networks published{{"185.71.76.0/27", "185.71.77.0/27", "77.75.153.0/25", "77.75.156.11",
                                   "77.75.156.35", "77.75.154.128/25", "2a02:5180::/32"}};
  return published.hold(text);
}

} // namespace troupe::yookassa
