#include "actors/causes.hpp"
#include <algorithm>
#include <array>

namespace troupe::causes {
namespace {

using enum cause;

constexpr std::size_t quoted_chars_max = 200;

/// In the order of the enumeration; the test finds what is missing.
constexpr std::array<row, cause_count> table{{
    {none},
    {.what = violation, .sentence = "fail.violation", .button = next::redo, .refused = true},
    {.what = violation_person, .sentence = "fail.violation_person", .button = next::redo, .refused = true},
    {.what = violation_minor, .sentence = "fail.violation_minor", .button = next::redo, .refused = true},
    {.what = violation_copyright,
     .sentence = "fail.violation_copyright",
     .button = next::redo,
     .refused = true},
    {.what = violation_sensitive,
     .sentence = "fail.violation_sensitive",
     .button = next::redo,
     .refused = true},
    {.what = picture_too_small, .sentence = "fail.picture_too_small", .button = next::redo, .refused = true},
    {.what = bad_picture,
     .sentence = "fail.bad_picture",
     .button = next::redo,
     .refused = true,
     .quotes = true},
    {.what = bad_input, .sentence = "fail.bad_input", .button = next::redo, .refused = true, .quotes = true},
    {.what = billing, .sentence = "fail.billing", .alarm = "alarm.job_billing"},
    {.what = rate_limit, .sentence = "fail.rate_limit"},
    {.what = temporary, .sentence = "fail.temporary", .retried = "fail.temporary_retried"},
    {.what = configuration, .sentence = "fail.configuration", .alarm = "alarm.job_configuration"},
    {.what = unavailable, .sentence = "fail.unavailable", .button = next::other_model},
    {.what = not_understood, .sentence = "fail.not_understood", .alarm = "alarm.not_understood"},
    {.what = unknown, .sentence = "fail.unknown", .quotes = true},
    {.what = timeout, .sentence = "fail.timeout"},
    {.what = too_long, .sentence = "fail.too_long"},
    {.what = unheard, .sentence = "fail.unheard", .alarm = "alarm.unheard"},
    {.what = queue_timeout, .sentence = "fail.queue_timeout"},
    {.what = not_fetched, .sentence = "fail.not_fetched", .retried = "fail.not_fetched_retried"},
    {.what = unplayable, .sentence = "fail.unplayable", .retried = "fail.unplayable_retried"},
    {.what = not_delivered, .sentence = "fail.not_delivered", .alarm = "alarm.not_delivered"},
    {.what = file_lost, .sentence = "fail.file_lost", .alarm = "alarm.file_lost"},
    {.what = photo_lost, .sentence = "fail.photo_lost", .button = next::redo},
    {.what = photo_refused, .sentence = "fail.photo_refused", .alarm = "alarm.photo_refused"},
    {.what = gave_up, .sentence = "fail.gave_up", .alarm = "alarm.gave_up"},
    {.what = no_tools, .alarm = "alarm.no_tools", .button = next::none},
    {.what = cancelled, .sentence = "job.cancelled_why"},
    {.what = shop_silent,
     .sentence = "decline.not_opened",
     .alarm = "alarm.shop_silent",
     .button = next::stars},
    {.what = shop_not_understood,
     .sentence = "decline.not_understood",
     .alarm = "alarm.shop_odd",
     .button = next::stars},
    {.what = shop_unclear, .sentence = "decline.unclear", .alarm = "alarm.shop_odd", .button = next::stars},
    {.what = shop_keys, .sentence = "decline.shop_keys", .alarm = "alarm.shop_keys", .button = next::stars},
    {.what = shop_refused,
     .sentence = "decline.shop_refused",
     .alarm = "alarm.shop_refused",
     .button = next::stars},
    {.what = receipt_refused,
     .sentence = "decline.receipt",
     .alarm = "alarm.shop_refused",
     .button = next::contact},
    {.what = contact_refused, .sentence = "decline.receipt_contact", .button = next::contact},
    {.what = decline_unknown, .sentence = "decline.unknown", .button = next::buy},
    {.what = general_decline, .sentence = "decline.general_decline", .button = next::buy},
    {.what = expired_on_confirmation, .sentence = "decline.expired_on_confirmation", .button = next::buy},
    {.what = expired_on_capture, .sentence = "decline.expired_on_capture", .button = next::buy},
    {.what = canceled_by_merchant, .sentence = "decline.canceled_by_merchant", .button = next::buy},
    {.what = deal_expired, .sentence = "decline.deal_expired", .button = next::buy},
    {.what = insufficient_funds, .sentence = "decline.insufficient_funds", .button = next::buy},
    {.what = secure_failed, .sentence = "decline.3d_secure_failed", .button = next::buy},
    {.what = call_issuer, .sentence = "decline.call_issuer", .button = next::buy},
    {.what = card_expired, .sentence = "decline.card_expired", .button = next::buy},
    {.what = country_forbidden, .sentence = "decline.country_forbidden", .button = next::stars},
    {.what = fraud_suspected, .sentence = "decline.fraud_suspected", .button = next::buy},
    {.what = identification_required, .sentence = "decline.identification_required", .button = next::buy},
    {.what = invalid_card_number, .sentence = "decline.invalid_card_number", .button = next::buy},
    {.what = invalid_csc, .sentence = "decline.invalid_csc", .button = next::buy},
    {.what = issuer_unavailable, .sentence = "decline.issuer_unavailable", .button = next::buy},
    {.what = payment_method_limit_exceeded,
     .sentence = "decline.payment_method_limit_exceeded",
     .button = next::buy},
    {.what = payment_method_restricted, .sentence = "decline.payment_method_restricted", .button = next::buy},
    {.what = permission_revoked, .sentence = "decline.permission_revoked", .button = next::buy},
    {.what = unsupported_mobile_operator,
     .sentence = "decline.unsupported_mobile_operator",
     .button = next::stars},
    {.what = internal_timeout, .sentence = "decline.internal_timeout", .button = next::buy},
}};

std::string lower(const std::string& text) {
  std::string words;
  for (const char c : text) words += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return words;
}

bool says(const std::string& words, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](const char* p) { return words.find(p) != words.npos; });
}

cause kind_of_violation(const std::string& words) {
  if (says(words, {"prominent people", "prominent_people", "photorealistic people"})) return violation_person;
  if (says(words, {"minor"})) return violation_minor;
  if (says(words, {"copyright"})) return violation_copyright;
  if (says(words, {"sensitive", "nsfw", "unsafe"})) return violation_sensitive;
  return violation;
}

/// "Image must be at least 300px", "image size too small, minimum 300*300 pixels".
bool is_too_small(const std::string& words) {
  return says(words, {"image", "picture", "photo"}) &&
         says(words, {"at least", "too small", "minimum", "smaller than", "less than", "no less"}) &&
         pixels_in(words) > 0;
}

bool is_about_a_picture(const std::string& words) {
  return says(words, {"image", "picture", "photo", "file type"});
}

} // namespace

const row& row_of(cause c) { return table[std::min(static_cast<std::size_t>(c), cause_count - 1)]; }

int pixels_in(const std::string& text) {
  const auto words = lower(text);
  for (std::size_t at = 0; at < words.size();) {
    if (words[at] < '0' || words[at] > '9') {
      ++at;
      continue;
    }
    auto end = at;
    while (end < words.size() && words[end] >= '0' && words[end] <= '9') ++end;
    auto unit = end;
    while (unit < words.size() && words[unit] == ' ') ++unit;
    const bool pixels = words.compare(unit, 2, "px") == 0 || words.compare(unit, 5, "pixel") == 0 ||
                        words.compare(unit, 1, "x") == 0 || words.compare(unit, 1, "*") == 0;
    if (pixels && end - at <= 5) return std::stoi(words.substr(at, end - at));
    at = end;
  }
  return 0;
}

cause precise(cause c, const std::string& text) {
  const auto words = lower(text);
  if (c == violation) return kind_of_violation(words);
  if ((c == bad_input || c == unknown || c == bad_picture) && is_too_small(words)) return picture_too_small;
  if (c == bad_input && is_about_a_picture(words)) return bad_picture;
  return c;
}

std::string why(const talk::painter& paint, cause c, const happened& h) {
  const auto& r = row_of(c);
  if (*r.sentence == 0) return {};
  auto args = h.args;
  if (c == picture_too_small) args.emplace_back("n", std::to_string(pixels_in(h.text)));
  auto text = paint.say(h.retried && *r.retried != 0 ? r.retried : r.sentence, args);
  if (r.quotes && !h.text.empty())
    text += "\n" + paint.say("fail.words",
                             {{"text", telegram::escape_html(telegram::shorten(h.text, quoted_chars_max))}});
  return text;
}

std::optional<talk::button> button_of(const talk::painter& paint, cause c, std::int64_t id) {
  switch (row_of(c).button) {
  case next::redo: return paint.press("redo", "redo:" + std::to_string(id));
  case next::again: return paint.press("once_more", "gen");
  case next::other_model: return paint.press("other_model", "other:" + std::to_string(id));
  case next::buy: return paint.press("buy_again", "buy");
  case next::stars: return paint.press("by_stars", "ways:s");
  case next::contact: return paint.press("change_contact", "contact:" + std::to_string(id));
  case next::none: break;
  }
  return {};
}

} // namespace troupe::causes
