// Telegram's webhook: told the time, it says what is to be posted when; the server posts.
#include "net/sandbox/telegram_world.hpp"
#include <algorithm>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::int64_t longest_pause_ms = 60'000;

/// The sandbox calls nobody but this machine, so plain http does.
void check_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) refuse("invalid webhook URL specified");
  const auto protocol = url.substr(0, scheme);
  if (protocol != "http" && protocol != "https")
    refuse("bad webhook: An HTTPS URL must be provided for webhook");
  const auto host = url.substr(scheme + 3, url.find_first_of(":/?", scheme + 3) - scheme - 3);
  if (host == "127.0.0.1" || host == "localhost") return;
  if (protocol == "http") refuse("bad webhook: An HTTPS URL must be provided for webhook");
  refuse("bad webhook: Failed to resolve host: Name or service not known");
}

void check_secret(const std::string& secret) {
  if (secret.size() > 256) refuse("secret token is too long");
  if (secret.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") !=
      std::string::npos)
    refuse("secret token contains unallowed characters");
}

/// The first repeat at once, then after 2, 4, 8 … s.
std::int64_t pause_ms(int failures) {
  if (failures <= 1) return 0;
  return std::min<std::int64_t>(1000LL << std::min(failures - 1, 10), longest_pause_ms);
}

} // namespace

json telegram_world::set_webhook(const bot_call& c) {
  const std::string url = value(c, "url");
  if (url.empty()) return delete_webhook(c);
  check_url(url);
  check_secret(value(c, "secret_token"));
  remember_allowed(c);
  if (flag(c, "drop_pending_updates")) updates_.clear();
  hook_ = {};
  hook_.url = url;
  hook_.secret = value(c, "secret_token");
  const std::string most = value(c, "max_connections");
  hook_.max_connections = most.empty() ? 40 : number(most, 1, 100);
  ++poll_ticket_; // whoever polls is out
  return true;
}

json telegram_world::delete_webhook(const bot_call& c) {
  if (flag(c, "drop_pending_updates")) updates_.clear();
  hook_ = {};
  return true;
}

json telegram_world::webhook_info() const {
  json info{{"url", hook_.url}, {"has_custom_certificate", false}, {"pending_update_count", updates_.size()}};
  if (!hook_.url.empty()) info["max_connections"] = hook_.max_connections;
  if (hook_.last_error_at > 0) {
    info["last_error_date"] = hook_.last_error_at / 1000;
    info["last_error_message"] = hook_.last_error;
  }
  if (!allowed_.empty()) info["allowed_updates"] = allowed_;
  return info;
}

std::optional<bot_answer> telegram_world::poll_refused(bool was_polling) const {
  if (hook_.url.empty()) return std::nullopt;
  const std::string text = was_polling ? "Conflict: terminated by setWebhook request"
                                       : "Conflict: can't use getUpdates method while webhook is active; use "
                                         "deleteWebhook to delete the webhook first";
  return bot_answer{409, {{"ok", false}, {"error_code", 409}, {"description", text}}};
}

std::optional<webhook_post> telegram_world::next_post(std::int64_t now) {
  if (hook_.url.empty()) return std::nullopt;
  expire_payments(now);
  forget_expired(now);
  crowd_starts(now);
  if (updates_.empty() || now < hook_.due) return std::nullopt;
  const json& update = updates_.front().update;
  return webhook_post{hook_.url, hook_.secret, update.dump(-1, ' ', false, json::error_handler_t::replace),
                      update["update_id"]};
}

void telegram_world::posted(const webhook_post& post, int status, std::int64_t now) {
  if (post.url != hook_.url) return; // it was changed meanwhile
  if (status >= 200 && status < 300) {
    hook_.failures = 0;
    hook_.due = 0;
    if (!updates_.empty() && updates_.front().update["update_id"] == post.update_id) confirm_first();
    return;
  }
  hook_.due = now + pause_ms(++hook_.failures);
  hook_.last_error_at = now;
  hook_.last_error = status == 0 ? "Connection refused or closed"
                                 : "Wrong response from the webhook: " + std::to_string(status);
}

} // namespace troupe::sandbox
