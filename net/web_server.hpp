#pragma once
/// The engine's own small web server: health, Telegram's webhook, and notices of the providers as wake-ups.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

const char* program_version(); ///< e.g. "0.1.0"

struct web_hooks {
  /// HTTP status and body of /health. Called from web threads, as all of these.
  std::function<std::pair<int, std::string>()> health;
  /// A genuine call of /kie/callback/{job}/{signature}; the task id comes from the body, "" if absent.
  std::function<void(std::int64_t job_id, const std::string& task_id)> on_callback;
  /// The body of /telegram/webhook with the right secret. False: not stored, Telegram shall repeat it.
  /// Without this hook the path is unknown.
  std::function<bool(const std::string& body)> on_update;
  /// The body of /yookassa/webhook from a sender that may send it. False: not seen to, shall be repeated.
  std::function<bool(const std::string& body)> on_payment_notice;
  /// Whether this address may send payment notices; without it everybody may.
  std::function<bool(const std::string& address)> may_notify;
};

struct web_settings {
  std::string host = "127.0.0.1";
  int port = 0; ///< 0: any
  std::string callback_secret;
  /// kie's own key: its callbacks must carry X-Webhook-Signature then (kie.md, section 5). "": not asked for.
  std::string kie_webhook_key;
  std::string telegram_secret; ///< X-Telegram-Bot-Api-Secret-Token
  /// Header in which a proxy on this machine names the caller, "X-Real-IP"; "": the peer itself.
  std::string proxy_header;
  std::string tls_certificate, tls_key; ///< PEM files; both set: https
};

class web_server {
public:
  web_server(web_settings settings, web_hooks hooks);
  ~web_server(); ///< stops
  /// @returns the port (useful with port 0). @throws std::runtime_error when it cannot listen.
  int start();
  void stop();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

std::string hmac_sha256_hex(const std::string& key, const std::string& text);
std::string hmac_sha256_base64(const std::string& key, const std::string& text);
/// {base}/kie/callback/{job}/{hmac}
std::string callback_url(const std::string& base, const std::string& secret, std::int64_t job_id);
bool same_secret(const std::string& a, const std::string& b); ///< constant time

} // namespace troupe
