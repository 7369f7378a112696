#pragma once
/// What concerns the bot itself: its number, and how Telegram does with its webhook.
#include "net/telegram.hpp"

namespace troupe::telegram {

/// Telegram's number of the bot, which its token begins with; 0: that is no token.
std::int64_t bot_id_of(const std::string& token);

struct webhook_facts {
  std::string url;           ///< "": none is set
  std::int64_t pending = 0;  ///< Updates that wait to be delivered
  unix_ms last_error_at = 0; ///< 0: there was none
  std::string last_error;    ///< Telegram's words, shortened
};

http_request get_webhook_info(const bot& b);
webhook_facts read_webhook_info(const http_reply& reply); ///< @throws bad_answer

} // namespace troupe::telegram
