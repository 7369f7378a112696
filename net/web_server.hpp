#pragma once
/// The engine's own small web server: health, Telegram's webhook, and notices of the providers as wake-ups.
/// Here stands what is allowed, and to whom; how it is served: http_server.
#include "net/http_server.hpp"
#include "net/signatures.hpp"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

const char* program_version(); ///< e.g. "0.1.0"

/// A genuine call of a job's address.
struct web_callback {
  std::int64_t job_id = 0, created_at = 0; ///< as the address says
  std::string task_id;                     ///< from the body, "" if absent
};

/// All are called on the port's one thread and must not wait: a post is answered by calling `told`, from any
/// thread, with the status of the answer. Without a hook its path is unknown.
struct web_hooks {
  /// 200: it is seen to. 404: there is no such address any more. 503: it shall be repeated, and so it is when
  /// nobody says anything.
  using told = std::function<void(int status)>;
  std::function<std::pair<int, std::string>()> health; ///< HTTP status and body of /health
  std::function<void(web_callback call, told)> on_callback;
  std::function<void(std::string body, told)> on_update; ///< of /telegram/webhook, with the right secret
  std::function<void(std::string body, told)> on_payment_notice; ///< of /yookassa/webhook
  /// Whether this address may send payment notices; without it everybody may.
  std::function<bool(std::string_view address)> may_notify;
};

/// What one path takes: bytes of a body, and posts that wait for the store. The next one gets 503, before its
/// body is read.
struct web_room {
  std::size_t body_bytes, waiting;
};
inline constexpr web_room room_for_updates{1u << 20, 256}, room_for_callbacks{256u << 10, 128},
    room_for_notices{64u << 10, 64};

struct web_settings {
  std::string host = "127.0.0.1";
  int port = 0;                ///< 0: any
  std::string callback_secret; ///< see callback_key(); "": nobody's
  /// kie's own key: its callbacks must carry X-Webhook-Signature then (kie.md, section 5). "": not asked for.
  std::string kie_webhook_key;
  std::string telegram_secret; ///< X-Telegram-Bot-Api-Secret-Token
  /// Header in which a proxy names the caller, "X-Real-IP"; "": the peer itself.
  std::string proxy_header;
  std::vector<std::string> proxies;     ///< whose word in it counts: addresses and networks
  std::string tls_certificate, tls_key; ///< PEM files; both set: https
  http_server_limits limits;
};

class web_server {
public:
  /// @throws std::runtime_error when `proxies` cannot be read
  web_server(web_settings settings, web_hooks hooks);
  ~web_server(); ///< stops
  /// @returns the port (useful with port 0). @throws std::runtime_error when it cannot listen.
  int start();
  void stop(); ///< Posts that wait end without an answer, and come again.

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
