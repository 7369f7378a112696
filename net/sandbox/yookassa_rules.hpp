#pragma once
/// What YooKassa accepts: bodies in, checked values out, refusals in its manner.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace troupe::sandbox {

/// HTTP 400 invalid_request.
struct yookassa_refusal {
  std::string description, parameter;
};

struct checked_payment {
  std::int64_t kopecks = 0;
  std::string description, return_url, method;
  nlohmann::json metadata = nlohmann::json::object();
  nlohmann::json customer_id; ///< null when absent
  bool receipt = false;
  std::string contact, contact_field; ///< The receipt's customer: "email" or "phone"
};

struct checked_refund {
  std::string payment_id, description;
  std::int64_t kopecks = 0;
  nlohmann::json metadata = nlohmann::json::object();
  bool receipt = false;
};

/// @throws yookassa_refusal
checked_payment check_payment(const std::string& body, bool receipt_required);
/// Of the body alone; what the payment allows is the world's business. @throws yookassa_refusal
checked_refund check_refund(const std::string& body);
/// The documented alphabet: 0-9 a-z and all from '+' to '_'.
void check_key(const std::string& key);
std::int64_t most_for(const std::string& method); ///< kopecks

} // namespace troupe::sandbox
