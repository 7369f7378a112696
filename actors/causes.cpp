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
    {.what = timeout, .sentence = "fail.timeout", .alarm = "alarm.timeout"},
    {.what = too_long, .sentence = "fail.too_long", .alarm = "alarm.too_long"},
    {.what = unheard, .sentence = "fail.unheard", .alarm = "alarm.unheard"},
    {.what = queue_timeout, .sentence = "fail.queue_timeout"},
    {.what = not_fetched,
     .sentence = "fail.not_fetched",
     .retried = "fail.not_fetched_retried",
     .alarm = "alarm.not_fetched"},
    {.what = strange_address, .sentence = "fail.strange_address", .alarm = "alarm.strange_address"},
    {.what = unplayable,
     .sentence = "fail.unplayable",
     .retried = "fail.unplayable_retried",
     .alarm = "alarm.unplayable"},
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

bool is_about_a_picture(const std::string& words) {
  return says(words, {"image", "picture", "photo", "file type"});
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The number at `at`, which moves behind it; 0: none, or one that no side of a picture has.
int number_at(const std::string& words, std::size_t& at) {
  int n = 0;
  const auto from = at;
  for (; at < words.size() && is_digit(words[at]); ++at)
    if (at - from < 5) n = n * 10 + (words[at] - '0');
  return at - from <= 5 ? n : 0;
}

std::size_t behind_blanks(const std::string& words, std::size_t at) {
  while (at < words.size() && words[at] == ' ') ++at;
  return at;
}

/// The side in "300px", "300 pixels", "300x300", "300 * 300" at `at`; 0: it is another number, or the sides
/// have limits of their own.
int side_at(const std::string& words, std::size_t at) {
  const auto first = number_at(words, at);
  at = behind_blanks(words, at);
  if (words.compare(at, 2, "px") == 0 || words.compare(at, 5, "pixel") == 0) return first;
  if (words.compare(at, 1, "x") != 0 && words.compare(at, 1, "*") != 0) return 0;
  at = behind_blanks(words, at + 1);
  return number_at(words, at) == first ? first : 0;
}

/// Of the words between "at least" and its number: "minimum size of 300px". With any other word between
/// them, such as "got", the number may be the user's own.
bool belongs_to_the_limit(const std::string& between) {
  constexpr const char* known[] = {"",           "is",         "of",       "be",     "a",    "side",
                                   "size",       "width",      "height",   "sides",  "both", "dimension",
                                   "dimensions", "resolution", "required", "allowed"};
  std::string word;
  for (const char c : between + " ") {
    const bool letter = c >= 'a' && c <= 'z';
    if (letter) word += c;
    else if (c != ' ' && c != ':' && c != '(' && c != '=') return false;
    else if (std::find(std::begin(known), std::end(known), word) == std::end(known)) return false;
    else word.clear();
  }
  return true;
}

bool is_too_small(const std::string& words) {
  return says(words, {"image", "picture", "photo"}) && least_side_in(words) > 0;
}

} // namespace

const row& row_of(cause c) { return table[std::min(static_cast<std::size_t>(c), cause_count - 1)]; }

int least_side_in(const std::string& text) {
  const auto words = lower(text);
  for (const std::string limit :
       {"at least", "minimum", "no less than", "no smaller than", "not be less than", "not be smaller than",
        "not less than", "not smaller than"})
    for (auto at = words.find(limit); at != words.npos; at = words.find(limit, at + 1)) {
      const auto from = at + limit.size();
      const auto digit =
          std::find_if(words.begin() + static_cast<std::ptrdiff_t>(from), words.end(), is_digit);
      const auto number = static_cast<std::size_t>(digit - words.begin());
      if (!belongs_to_the_limit(words.substr(from, number - from))) continue;
      if (const auto side = side_at(words, number); side > 0) return side;
    }
  return 0;
}

cause precise(cause c, const std::string& text) {
  const auto words = lower(text);
  if (c == violation) return kind_of_violation(words);
  if ((c == bad_input || c == unknown || c == bad_picture) && is_too_small(words)) return picture_too_small;
  if (c == picture_too_small && !is_too_small(words)) return bad_picture; // its limit is not known
  if (c == bad_input && is_about_a_picture(words)) return bad_picture;
  return c;
}

std::string why(const talk::painter& paint, cause c, const happened& h) {
  const auto& r = row_of(c);
  if (*r.sentence == 0) return {};
  auto args = h.args;
  if (c == picture_too_small) args.emplace_back("pixels", paint.count("pixels_of", least_side_in(h.text)));
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
