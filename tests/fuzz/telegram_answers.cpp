#include "net/telegram.hpp"
#include "tests/fuzz/edge.hpp"

// What Telegram says to what we send.

using namespace troupe;
using namespace troupe::fuzz;
using telegram::outcome;

EDGE(telegram_answers) {
  const auto reply = reply_of(in);
  const auto a = telegram::read_answer(reply);
  must(characters(a.description) <= 400, "Telegram's words are shortened");
  must(is_utf8(a.description), "Telegram's words are UTF-8");
  must(a.retry_after_ms >= 0 && a.retry_after_ms <= 1'000'000'000, "no wait of more than twelve days");
  must(a.what != outcome::wait_and_retry || a.retry_after_ms > 0, "a repeat waits before it");
  if (reply.error == http_error::lost)
    must(a.what == outcome::unsure, "a lost answer may have been a sent message");
  if (reply.error == http_error::refused)
    must(a.what == outcome::wait_and_retry, "what was not sent is sent again");
  if (reply.error == http_error::none && reply.status >= 500 && a.what == outcome::wait_and_retry &&
      !holds(reply.body, "error_code"))
    must(!a.undone, "a 5xx leaves open whether it was done");
  if (a.what != outcome::delivered)
    must(a.message_id == 0 && a.file_id.empty(), "only what was delivered has an id");
}
