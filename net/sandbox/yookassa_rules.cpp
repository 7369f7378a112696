#include "net/sandbox/yookassa_rules.hpp"
#include "net/sandbox/html_text.hpp"
#include "net/json_fields.hpp"
#include "net/yookassa.hpp"
#include <algorithm>
#include <cmath>

namespace troupe::sandbox {
namespace {

using namespace json_fields;

[[noreturn]] void refuse(const std::string& description, const std::string& parameter) {
  throw yookassa_refusal{description, parameter};
}
void demand(bool good, const std::string& description, const std::string& parameter) {
  if (!good) refuse(description, parameter);
}

json object_in(const std::string& body) {
  auto q = json::parse(body, nullptr, false);
  demand(q.is_object(), "Invalid request: the body is no JSON object", "");
  return q;
}

std::int64_t amount_in(const json& amount, const std::string& parameter) {
  demand(amount.is_object(), "Amount is missing", parameter);
  const auto kopecks = yookassa::kopecks_of(text_of(amount, "value"));
  demand(kopecks.has_value(), "Invalid amount value", parameter + ".value");
  demand(text_of(amount, "currency") == "RUB", "Incorrect currency", parameter + ".currency");
  return *kopecks;
}

std::string description_in(const json& q, std::size_t max) {
  const auto& description = member(q, "description");
  if (description.is_null()) return {};
  demand(description.is_string() && code_points(description.get_ref<const std::string&>()) <= max,
         "Description is too long", "description");
  return description.get<std::string>();
}

json metadata_in(const json& q) {
  const auto& metadata = member(q, "metadata");
  if (metadata.is_null()) return json::object();
  demand(metadata.is_object() && metadata.size() <= 16, "Invalid metadata", "metadata");
  for (const auto& [key, value] : metadata.items())
    demand(code_points(key) <= 32 && value.is_string() &&
               code_points(value.get_ref<const std::string&>()) <= 512,
           "Invalid metadata", "metadata");
  return metadata;
}

/// One-stage redirect payments are all that the sandbox plays; the rest it refuses aloud.
std::string return_url_in(const json& q) {
  const auto& confirmation = member(q, "confirmation");
  demand(text_of(confirmation, "type") == "redirect", "The sandbox knows the confirmation redirect only",
         "confirmation.type");
  auto url = text_of(confirmation, "return_url");
  demand(!url.empty() && url.size() <= 2048, "Return URL is missing or too long", "confirmation.return_url");
  return url;
}

std::string method_in(const json& q) {
  const auto& data = member(q, "payment_method_data");
  if (data.is_null()) return {};
  auto method = text_of(data, "type");
  demand(method == "bank_card" || method == "sbp", "The sandbox knows bank_card and sbp only",
         "payment_method_data.type");
  return method;
}

// --- receipts ---

[[noreturn]] void bad_receipt() { refuse("Receipt is missing or illegal", "receipt"); }

bool is_between(const json& number, int low, int high) {
  return number.is_number_integer() && number.get<std::int64_t>() >= low &&
         number.get<std::int64_t>() <= high;
}
bool is_phone(const std::string& text) {
  return text.size() >= 10 && text.size() <= 15 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
bool is_email(const std::string& text) {
  const auto at = text.find('@');
  const auto dot = text.rfind('.');
  return at != std::string::npos && at > 0 && text.find('@', at + 1) == std::string::npos &&
         text.find(' ') == std::string::npos && dot != std::string::npos && dot > at + 1 &&
         dot + 2 < text.size();
}
/// What is wrong with it is named to the field.
void check_customer(const json& customer) {
  const bool has_email = customer.is_object() && customer.contains("email");
  const bool has_phone = customer.is_object() && customer.contains("phone");
  if (!has_email && !has_phone) bad_receipt();
  demand(!has_email || is_email(text_of(customer, "email")), "Incorrect value of email",
         "receipt.customer.email");
  demand(!has_phone || is_phone(text_of(customer, "phone")), "Incorrect value of phone",
         "receipt.customer.phone");
}

/// The sum in thousandths of a kopeck, for quantities have three digits.
std::int64_t sum_of(const json& item) {
  const auto description = text_of(item, "description");
  const auto mode = text_of(item, "payment_mode");
  const auto& quantity = member(item, "quantity");
  const auto kopecks = yookassa::kopecks_of(text_of(member(item, "amount"), "value"));
  const bool good = !description.empty() && code_points(description) <= 128 && quantity.is_number() &&
                    quantity.get<double>() > 0 && quantity.get<double>() <= 99999.999 && kopecks &&
                    *kopecks <= most_for("") && text_of(member(item, "amount"), "currency") == "RUB" &&
                    is_between(member(item, "vat_code"), 1, 12) &&
                    (mode == "full_payment" || mode == "full_prepayment") &&
                    !text_of(item, "payment_subject").empty() && !text_of(item, "measure").empty();
  if (!good) bad_receipt();
  return *kopecks * std::llround(quantity.get<double>() * 1000);
}

bool receipt_in(const json& q, std::int64_t kopecks) {
  const auto& receipt = member(q, "receipt");
  if (receipt.is_null()) return false;
  const auto& items = member(receipt, "items");
  const auto& tax = member(receipt, "tax_system_code");
  check_customer(member(receipt, "customer"));
  if (!items.is_array() || items.empty() || items.size() > 80 || !(tax.is_null() || is_between(tax, 1, 6)))
    bad_receipt();
  std::int64_t sum = 0;
  for (const auto& item : items) sum += sum_of(item);
  if (sum != kopecks * 1000) bad_receipt();
  return true;
}

} // namespace

std::int64_t most_for(const std::string& method) { return method == "bank_card" ? 350'000'00 : 700'000'00; }

checked_payment check_payment(const std::string& body, bool receipt_required) {
  const json q = object_in(body);
  checked_payment p;
  p.kopecks = amount_in(member(q, "amount"), "amount");
  p.method = method_in(q);
  demand(p.kopecks >= 100 && p.kopecks <= most_for(p.method), "Amount is out of the method's limits",
         "amount.value");
  // The real default is false: a hold. The sandbox plays no holds, and one made by mistake would not pass.
  demand(member(q, "capture") == json(true), "The sandbox knows one-stage payments only: send capture true",
         "capture");
  p.description = description_in(q, 128);
  p.return_url = return_url_in(q);
  p.metadata = metadata_in(q);
  p.customer_id = member(q, "merchant_customer_id");
  demand(p.customer_id.is_null() ||
             (p.customer_id.is_string() && p.customer_id.get_ref<const std::string&>().size() <= 200),
         "Invalid merchant_customer_id", "merchant_customer_id");
  p.receipt = receipt_in(q, p.kopecks);
  const auto& customer = member(member(q, "receipt"), "customer");
  p.contact_field = customer.contains("email") ? "email" : "phone";
  p.contact = text_of(customer, p.contact_field.c_str());
  if (receipt_required && !p.receipt) bad_receipt();
  return p;
}

checked_refund check_refund(const std::string& body) {
  const json q = object_in(body);
  checked_refund r;
  r.payment_id = text_of(q, "payment_id");
  demand(!r.payment_id.empty(), "Payment id is missing", "payment_id");
  r.kopecks = amount_in(member(q, "amount"), "amount");
  demand(r.kopecks > 0, "Invalid amount value", "amount.value");
  r.description = description_in(q, 250);
  r.metadata = metadata_in(q);
  r.receipt = receipt_in(q, r.kopecks);
  return r;
}

void check_key(const std::string& key) {
  demand(!key.empty(), "Idempotence key is missing", "Idempotence-Key");
  const bool good = key.size() <= 64 && std::all_of(key.begin(), key.end(), [](char c) {
                      return (c >= '+' && c <= '_') || (c >= 'a' && c <= 'z');
                    });
  demand(good, "Invalid idempotence key", "Idempotence-Key");
}

} // namespace troupe::sandbox
