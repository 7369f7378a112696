#include "net/yookassa.hpp"
#include "tests/fuzz/edge.hpp"
#include <algorithm>

// What YooKassa answers about payments, refunds and the shop, and what anybody may post as its notice.

using namespace troupe;
using namespace troupe::fuzz;
using yookassa::result;

namespace {

bool is_id(const std::string& id) {
  return id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_';
         });
}

void check_words(const std::string& text) {
  must(is_utf8(text) && characters(text) <= 700, "the shop's words are short and UTF-8");
  const auto at = text.find("live_Planted"); // of the corpus; behind a letter it is no key
  const bool word = at != text.npos && (at == 0 || !std::isalnum(static_cast<unsigned char>(text[at - 1])));
  must(!word || (at > 0 && (text[at - 1] == '_' || text[at - 1] == '-' || text[at - 1] == '+')),
       "no key is quoted");
}

template <class Status> void check_object(const http_reply* reply, const Status& s) {
  check_words(s.text);
  check_words(s.cancel_reason);
  must(is_id(s.id), "an id fits into an address");
  must(s.kopecks >= 0 && s.retry_after_ms >= 0 && s.retry_after_ms <= 3'600'000,
       "amounts and waits are bounded");
  const bool known = s.what == result::succeeded || s.what == result::canceled || s.what == result::pending;
  if (known) must(!s.id.empty(), "what has a state has an id");
  if (known && reply)
    must(reply->error == http_error::none && reply->status == 200, "only a whole answer tells a state");
}

} // namespace

EDGE(yookassa_answers) {
  const auto reply = reply_of(in);
  const auto payment = yookassa::read_payment(reply);
  check_object(&reply, payment);
  must(payment.refunded_kopecks >= 0, "nobody refunds less than nothing");
  const auto refund = yookassa::read_refund(reply);
  check_object(&reply, refund);
  must(refund.what != result::waiting_for_capture, "a refund is not captured");
  if (refund.what == result::succeeded) must(!refund.payment_id.empty(), "a refund is of a payment");
  const auto list = yookassa::read_payments(reply);
  check_words(list.text);
  for (const auto& p : list.items) check_object(nullptr, p);
  check_words(yookassa::read_me(reply).text);
  if (const auto n = yookassa::read_notice(reply.body)) {
    must(!n->object_id.empty() && is_id(n->object_id) && is_id(n->payment_id),
         "a notice names what is asked for");
    must(!n->event.empty() && n->event.size() <= 64, "a notice says what happened");
  }
  if (const auto kopecks = yookassa::kopecks_of(reply.body)) {
    const auto again = yookassa::amount_text(*kopecks);
    must(yookassa::kopecks_of(again) == kopecks, "an amount is written as it is read");
  }
  yookassa::is_yookassa_address(reply.body);
}
