#include "net/web_server.hpp"

#include "net/kie.hpp"
#include "net/networks.hpp"

#include <atomic>
#include <charconv>
#include <chrono>
#include <optional>

namespace troupe {

const char* program_version() { return TROUPE_VERSION; }

namespace {

constexpr std::int64_t signature_age_max_s = 300, signature_ahead_max_s = 30; // the docs name none (kie.md 5)
constexpr std::string_view callbacks = "/kie/callback/";
constexpr const char* json_type = "application/json";

/// As std::to_string writes it: of two spellings one would be signed by nobody.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto got = std::from_chars(text.data(), end, value);
  if (got.ec != std::errc() || got.ptr != end || value < 0 || std::to_string(value) != text)
    return std::nullopt;
  return value;
}

std::string front_page(bool well) {
  return std::string{"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width\"><title>Troupe</title><body style=\"font:18px/1.5 "
                     "system-ui;margin:4em auto;max-width:30em;padding:0 1em\"><h1>Troupe</h1><p>"} +
         "Version " TROUPE_VERSION ". " +
         (well ? "The bot is running." : "The bot has a problem; see /health.") + "</p></body></html>\n";
}

http_verdict refused(int status) { return {{status, {}, {}}, 0, {}, {}}; }

/// Posts of one path that are under way.
class waiting_room {
public:
  explicit waiting_room(const web_room& r) : room_{r} {}
  /// The body to `then`; 503 when too many wait already.
  http_verdict take(std::function<void(std::string, http_responder)> then) const {
    if (*taken_ >= room_.waiting) return refused(503);
    ++*taken_;
    std::shared_ptr<void> lease{nullptr, [taken = taken_](void*) { --*taken; }};
    return {{}, room_.body_bytes, std::move(then), std::move(lease)};
  }

private:
  web_room room_;
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// The last word in a list: the one that the proxy itself has written.
std::string_view last_of(std::string_view list) {
  list = list.substr(list.rfind(',') + 1); // npos + 1 is 0
  const auto from = list.find_first_not_of(" \t"), to = list.find_last_not_of(" \t");
  return from == list.npos ? std::string_view{} : list.substr(from, to - from + 1);
}

web_hooks::told telling(http_responder answer) {
  return [answer = std::move(answer)](int status) { answer({status, {}, {}}); };
}

} // namespace

struct web_server::impl {
  web_settings set;
  web_hooks hooks;
  networks proxies;
  waiting_room updates{room_for_updates}, callback_room{room_for_callbacks}, notices{room_for_notices};
  http_server server;

  impl(web_settings s, web_hooks k)
      : set{std::move(s)}, hooks{std::move(k)}, proxies{set.proxies},
        server{{set.host, set.port, set.tls_certificate, set.tls_key, set.limits},
               [this](const http_head& head) { return judge(head); }} {}

  /// All that is allowed.
  http_verdict judge(const http_head& head) const {
    if (head.method == "GET" || head.method == "HEAD") return shown(head.path);
    if (head.method != "POST") return refused(404);
    if (hooks.on_update && head.path == "/telegram/webhook") return update(head);
    if (hooks.on_payment_notice && head.path == "/yookassa/webhook") return notice(head);
    if (hooks.on_callback && head.path.substr(0, callbacks.size()) == callbacks) return callback(head);
    return refused(404);
  }

  std::pair<int, std::string> health() const {
    return hooks.health ? hooks.health() : std::pair<int, std::string>(200, "{}");
  }

  http_verdict shown(std::string_view path) const {
    if (path == "/health") {
      auto [status, body] = health();
      return {{status, std::move(body), json_type}, 0, {}, {}};
    }
    if (path == "/") return {{200, front_page(health().first == 200), "text/html; charset=utf-8"}, 0, {}, {}};
    return refused(404);
  }

  http_verdict update(const http_head& head) const {
    const auto secret = head.only("X-Telegram-Bot-Api-Secret-Token");
    if (!secret || set.telegram_secret.empty() || !same_secret(*secret, set.telegram_secret))
      return refused(403);
    return updates.take([this](std::string body, http_responder to) {
      hooks.on_update(std::move(body), telling(std::move(to)));
    });
  }

  /// Who it is that sends. A proxy's word counts when we know the proxy, and it has said one word; whatever
  /// its client wrote stands before the proxy's own.
  std::optional<std::string_view> sender_of(const http_head& head) const {
    if (set.proxy_header.empty() || !proxies.hold(head.peer)) return head.peer;
    const auto line = head.only(set.proxy_header);
    if (!line || !ip_of(last_of(*line))) return std::nullopt;
    return last_of(*line);
  }

  http_verdict notice(const http_head& head) const {
    const auto sender = sender_of(head);
    if (hooks.may_notify && !(sender && hooks.may_notify(*sender))) return refused(403);
    return notices.take([this](std::string body, http_responder to) {
      hooks.on_payment_notice(std::move(body), telling(std::move(to)));
    });
  }

  /// When kie signs its calls: what it says of the signature, as far as the head goes.
  struct kie_proof {
    std::string stamp, signature;
  };
  std::optional<kie_proof> proof_in(const http_head& head) const {
    const auto stamp = head.only("X-Webhook-Timestamp"), signature = head.only("X-Webhook-Signature");
    const auto at = stamp ? number_of(*stamp) : std::nullopt;
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    if (!signature || !at || now - *at > signature_age_max_s || *at - now > signature_ahead_max_s)
      return std::nullopt;
    return kie_proof{std::string{*stamp}, std::string{*signature}};
  }
  bool is_proved(const kie_proof& p, const std::string& task_id) const {
    return set.kie_webhook_key.empty() ||
           same_secret(p.signature, hmac_sha256_base64(set.kie_webhook_key, task_id + "." + p.stamp));
  }

  /// {job}/{when it was made}/{signature} behind the path.
  std::optional<web_callback> address_in(std::string_view path) const {
    const auto words = path.substr(callbacks.size());
    const auto first = words.find('/'), second = words.find('/', first + 1);
    if (first == words.npos || second == words.npos || set.callback_secret.empty()) return std::nullopt;
    const auto job = words.substr(0, first), made = words.substr(first + 1, second - first - 1);
    const auto id = number_of(job), at = number_of(made);
    if (!id || !at) return std::nullopt;
    if (!same_secret(words.substr(second + 1), callback_signature(set.callback_secret, job, made)))
      return std::nullopt;
    return web_callback{*id, *at, {}};
  }

  http_verdict callback(const http_head& head) const {
    const auto call = address_in(head.path);
    if (!call) return refused(404);
    const auto proof = set.kie_webhook_key.empty() ? kie_proof{} : proof_in(head);
    if (!proof) return refused(401);
    return callback_room.take(
        [this, call = *call, proof = *proof](const std::string& body, const http_responder& to) mutable {
          call.task_id = kie::callback_task_id(body);
          if (!is_proved(proof, call.task_id)) return to({401, {}, {}});
          hooks.on_callback(std::move(call), [to](int status) {
            if (status == 200) to({200, R"({"code":200,"msg":"success"})", json_type});
            else to({status, {}, {}});
          });
        });
  }
};

web_server::web_server(web_settings settings, web_hooks hooks)
    : impl_(std::make_unique<impl>(std::move(settings), std::move(hooks))) {}
web_server::~web_server() { stop(); }
int web_server::start() { return impl_->server.start(); }
void web_server::stop() { impl_->server.stop(); }

} // namespace troupe
