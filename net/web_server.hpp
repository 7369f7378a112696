#pragma once
/// The engine's own small web server: health, and provider callbacks as wake-ups.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct web_hooks {
  /// HTTP status and body of /health. Called from web threads.
  std::function<std::pair<int, std::string>()> health;
  /// A genuine call of /kie/callback/{job}/{signature}; the task id comes from the body, "" if absent.
  std::function<void(std::int64_t job_id, const std::string& task_id)> on_callback;
};

class web_server {
public:
  web_server(std::string host, int port, std::string callback_secret, web_hooks hooks);
  ~web_server(); ///< stops
  /// @returns the port (useful with port 0). @throws std::runtime_error when it cannot listen.
  int start();
  void stop();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

std::string hmac_sha256_hex(const std::string& key, const std::string& text);
/// {base}/kie/callback/{job}/{hmac}
std::string callback_url(const std::string& base, const std::string& secret, std::int64_t job_id);
bool same_secret(const std::string& a, const std::string& b); ///< constant time

} // namespace troupe
