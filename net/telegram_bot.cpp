#include "net/telegram_bot.hpp"
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

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
  const auto body = nlohmann::json::parse(reply.body, nullptr, false);
  const auto result = body.is_object() ? body.find("result") : body.end();
  if (!body.is_object() || result == body.end() || !result->is_object())
    throw bad_answer("getWebhookInfo: HTTP " + std::to_string(reply.status) + " without an answer to it");
  const auto text = [&](const char* name) {
    const auto it = result->find(name);
    return it != result->end() && it->is_string() ? it->get<std::string>() : std::string{};
  };
  const auto number = [&](const char* name) {
    const auto it = result->find(name);
    return it != result->end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
  };
  return {text("url"), number("pending_update_count"), number("last_error_date") * 1000,
          shorten(text("last_error_message"), 200)};
}

} // namespace troupe::telegram
