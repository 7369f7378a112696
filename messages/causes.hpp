#pragma once
/// Everything that can go wrong for somebody: one cause, one name. The name is what the database keeps
/// (jobs.fail_class), so a published one is never changed; new ones are added. What is said about a cause, to
/// whom, and what comes next stands in one table: actors/causes.cpp.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace troupe {

enum class cause : std::uint8_t {
  none,
  // -- the model refuses what was asked --
  violation, ///< it does not say of which kind
  violation_person,
  violation_minor,
  violation_copyright,
  violation_sensitive,
  picture_too_small, ///< its words name the limit
  bad_picture,
  bad_input, ///< any other; its own words are passed on
  // -- the provider takes no order, or makes no video --
  billing, ///< our account there is empty
  rate_limit,
  temporary,
  configuration, ///< a key or a model name of ours
  unavailable,   ///< this model is switched off there
  not_understood,
  unknown, ///< it says something we have no name for, or nothing
  // -- time --
  timeout,       ///< the limit passed; what may still come is watched for, and is a gift
  too_long,      ///< the same, and nothing is watched for
  unheard,       ///< whether the order was taken was never heard; watched for all the same
  queue_timeout, ///< never submitted
  // -- the result --
  not_fetched,
  strange_address, ///< it is said to be at a place that we do not go to
  unplayable,
  not_delivered, ///< Telegram refuses the file
  file_lost,     ///< ours is gone, and the provider's too
  // -- the user's picture --
  photo_lost,    ///< Telegram does not give it
  photo_refused, ///< the provider's upload does not take it
  // -- ours --
  gave_up,  ///< a fault of this program
  no_tools, ///< ffmpeg is missing: administrators only, the video is sent as it is
  cancelled,
  // -- a purchase that was not paid (payments.why): ours, or the shop's --
  shop_silent,         ///< it did not answer in time
  shop_not_understood, ///< its answers make no sense; the payer has got no link
  shop_unclear,        ///< the same, and he may have paid
  shop_keys,           ///< it refuses our id or key
  shop_refused,
  receipt_refused, ///< it refuses something of the receipt, perhaps the address
  contact_refused, ///< it refuses the address for the receipt
  decline_unknown, ///< a reason that we have no name for
  // -- the same: what the shop calls it --
  general_decline,
  expired_on_confirmation,
  expired_on_capture,
  canceled_by_merchant,
  deal_expired,
  insufficient_funds,
  secure_failed,
  call_issuer,
  card_expired,
  country_forbidden,
  fraud_suspected,
  identification_required,
  invalid_card_number,
  invalid_csc,
  issuer_unavailable,
  payment_method_limit_exceeded,
  payment_method_restricted,
  permission_revoked,
  unsupported_mobile_operator,
  internal_timeout,
  // -- New causes go above this line, with a name below and a row in actors/causes.cpp. --
  end_of_causes
};
inline constexpr std::size_t cause_count = static_cast<std::size_t>(cause::end_of_causes);

/// "" for none, as it is stored.
constexpr const char* name_of(cause c) {
  constexpr const char* names[] = {"",
                                   "violation",
                                   "violation_person",
                                   "violation_minor",
                                   "violation_copyright",
                                   "violation_sensitive",
                                   "picture_too_small",
                                   "bad_picture",
                                   "bad_input",
                                   "billing",
                                   "rate_limit",
                                   "temporary",
                                   "configuration",
                                   "unavailable",
                                   "not_understood",
                                   "unknown",
                                   "timeout",
                                   "too_long",
                                   "unheard",
                                   "queue_timeout",
                                   "not_fetched",
                                   "strange_address",
                                   "unplayable",
                                   "not_delivered",
                                   "file_lost",
                                   "photo_lost",
                                   "photo_refused",
                                   "gave_up",
                                   "no_tools",
                                   "cancelled",
                                   "not_opened",
                                   "shop_not_understood",
                                   "shop_unclear",
                                   "shop_keys",
                                   "shop_refused",
                                   "receipt",
                                   "receipt_contact",
                                   "decline_unknown",
                                   "general_decline",
                                   "expired_on_confirmation",
                                   "expired_on_capture",
                                   "canceled_by_merchant",
                                   "deal_expired",
                                   "insufficient_funds",
                                   "3d_secure_failed",
                                   "call_issuer",
                                   "card_expired",
                                   "country_forbidden",
                                   "fraud_suspected",
                                   "identification_required",
                                   "invalid_card_number",
                                   "invalid_csc",
                                   "issuer_unavailable",
                                   "payment_method_limit_exceeded",
                                   "payment_method_restricted",
                                   "permission_revoked",
                                   "unsupported_mobile_operator",
                                   "internal_timeout"};
  static_assert(std::size(names) == cause_count);
  return names[static_cast<std::size_t>(c)];
}

/// Of a purchase.
constexpr bool is_of_payment(cause c) { return c >= cause::shop_silent && c < cause::end_of_causes; }

/// What a row says; a name of another version is `unknown`, none at all is `none`.
constexpr cause cause_named(std::string_view name) {
  for (std::size_t i = 0; i < cause_count; ++i)
    if (name == name_of(static_cast<cause>(i))) return static_cast<cause>(i);
  return cause::unknown;
}

} // namespace troupe
