#include "net/telegram_bot.hpp"
#include "net/json_fields.hpp"
#include <algorithm>
#include <charconv>

namespace troupe::telegram {

std::int64_t bot_id_of(const std::string& token) {
  std::int64_t id = 0;
  const auto* end = token.data() + std::min(token.find(':'), token.size());
  const auto read = std::from_chars(token.data(), end, id);
  return read.ec == std::errc{} && read.ptr == end && id > 0 ? id : 0;
}

http_request get_webhook_info(const bot& b) { return call(b, "getWebhookInfo", "{}"); }

webhook_facts read_webhook_info(const http_reply& reply) {
  if (reply.error != http_error::none) throw bad_answer("getWebhookInfo: no answer");
  using namespace json_fields;
  const auto body = parse(reply.body);
  const auto& result = member(body, "result");
  if (!result.is_object())
    throw bad_answer("getWebhookInfo: HTTP " + std::to_string(reply.status) + " without an answer to it");
  return {text_of(result, "url"), number_of(result, "pending_update_count"),
          number_of(result, "last_error_date") * 1000, shorten(text_of(result, "last_error_message"), 200)};
}

} // namespace troupe::telegram
