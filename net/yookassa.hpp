#pragma once
/// YooKassa's API v3 as plain functions: requests out, answers and notices in.
#include "messages/http.hpp"
#include "net/outside_answer.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::yookassa {

struct shop {
  std::string api_url = "https://api.yookassa.ru";
  std::string shop_id, secret_key;
};

/// The fiscal receipt (54-FZ) that goes with a payment.
struct receipt_settings {
  bool enabled = false;
  int vat_code = 1;
  int tax_system_code = 0; ///< 0: not sent
  std::string payment_subject = "service", payment_mode = "full_payment";
};

struct payment_order {
  std::int64_t kopecks = 0;
  std::string description, order_id, return_url;
  std::string method; ///< "bank_card", "sbp", or "": the payer chooses on YooKassa's page.
  std::int64_t user_id = 0;
  std::string customer_email, customer_phone; ///< For the receipt: one of them is needed.
};

/// The exact bytes: they are stored before the first of them is sent, and repeated exactly. A body that was
/// built anew might differ, and under the same key YooKassa would refuse it.
std::string payment_body(const payment_order& order, const receipt_settings& receipt);
/// A partial refund of a payment with a receipt needs a receipt of its own.
std::string refund_body(const std::string& payment_id, std::int64_t kopecks, const std::string& description,
                        const receipt_settings& receipt = {}, const std::string& email = "",
                        const std::string& phone = "");

http_request create_payment(const shop& s, const std::string& idempotence_key, const std::string& body);
http_request get_payment(const shop& s, const std::string& id);
/// A page of up to 100; `created_from` in Unix ms, the cursor "" for the first page.
http_request list_payments(const shop& s, std::int64_t created_from, const std::string& cursor);
http_request create_refund(const shop& s, const std::string& idempotence_key, const std::string& body);
http_request get_refund(const shop& s, const std::string& id);
http_request get_me(const shop& s);

/// Exact: digits, a point, two digits; anything else is none.
std::optional<std::int64_t> kopecks_of(const std::string& value);
std::string amount_text(std::int64_t kopecks);
/// Milliseconds as the shop writes times: "2026-01-31T10:00:00.000Z".
std::string iso_time(std::int64_t ms);

enum class result : std::uint8_t {
  pending,
  waiting_for_capture,
  succeeded,
  canceled,
  refused,      ///< 4xx: nothing was done, and the same again will not help.
  unsure,       ///< 5xx, 202, time-out, reset: not answered. Repeat with the same key and bytes.
  too_many,     ///< 429: nothing was done; later, with the same key.
  not_found,    ///< 404: wrong id or wrong shop.
  unauthorized, ///< 401 and 403: wrong shop id or key; nothing was done; the operator must know.
  /// An answer came, and it is none: a page, a status, amount, currency or flag that is not exactly as
  /// documented. Money is never guessed; repeat as after `unsure`, and tell the operator (`text` has a piece
  /// of it).
  not_understood,
};
const char* name_of(result r);
constexpr outside::end end_of(result r) {
  switch (r) {
  case result::pending:
  case result::waiting_for_capture:
  case result::unsure:
  case result::too_many: return outside::end::pending;
  case result::succeeded: return outside::end::done;
  case result::not_understood: return outside::end::not_understood;
  default: return outside::end::failed;
  }
}

/// Of a refusal, in YooKassa's own words: what was wrong, and where. `parameter` is a path into what was
/// sent: "receipt.customer.email", "payment_method_data.type", "amount.value"; "" when it names none.
struct blame {
  std::string code; ///< "invalid_request", "invalid_credentials", "forbidden", ...
  std::string parameter;
  /// The receipt's e-mail or phone: the payer's to mend, nobody else's.
  bool is_about_the_contact() const;
};

struct payment_status {
  using outcome = result;
  outcome what = outcome::unsure;
  std::string id;
  std::string order_id; ///< metadata.order_id
  std::string confirmation_url, currency;
  std::string cancel_reason;
  std::string text; ///< For the log; holds no secrets.
  std::int64_t kopecks = 0, refunded_kopecks = 0;
  std::int64_t retry_after_ms = 0; ///< 0: not said
  bool test = false;
  blame of; ///< refused, unauthorized
};
payment_status read_payment(const http_reply& reply);

struct refund_status {
  using outcome = result; ///< Never waiting_for_capture.
  outcome what = outcome::unsure;
  std::string id, payment_id, currency;
  std::string cancel_reason;
  std::string text;
  std::int64_t kopecks = 0;
  std::int64_t retry_after_ms = 0;
  blame of; ///< refused, unauthorized
};
refund_status read_refund(const http_reply& reply);

struct payment_list {
  result what = result::unsure; ///< succeeded: the page was read.
  std::vector<payment_status> items;
  std::string next_cursor; ///< "" on the last page.
  std::string text;
  std::int64_t retry_after_ms = 0;
};
payment_list read_payments(const http_reply& reply);

struct shop_status {
  result what = result::unsure; ///< succeeded: the rest was read.
  std::string account_id;
  bool enabled = false, test = false, receipts = false;
  std::vector<std::string> methods;
  std::string text;
};
shop_status read_me(const http_reply& reply);

/// A notice is a hint and no proof: it says which object to GET.
struct notice {
  std::string event; ///< "payment.succeeded"
  std::string object_id;
  std::string payment_id; ///< Of a refund: its payment.
};
std::optional<notice> read_notice(const std::string& body);

/// One of the published networks; also written as IPv4 within IPv6.
bool is_yookassa_address(std::string_view ip);

} // namespace troupe::yookassa
