#include "net/web_server.hpp"

#include "net/base64.hpp"

#include "net/connection_watch.hpp"
#include "net/kie.hpp"
#include "net/web_crew.hpp"

#include <httplib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace troupe {

const char* program_version() { return TROUPE_VERSION; }

namespace {

constexpr std::size_t body_bytes_max = 1u << 20;
constexpr std::int64_t signature_age_max_s = 300, signature_ahead_max_s = 30; // the docs name none (kie.md 5)

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto got = std::from_chars(text.data(), end, value);
  if (got.ec != std::errc() || got.ptr != end) return std::nullopt;
  return value;
}

std::unique_ptr<httplib::Server> make_server(const std::string& certificate, const std::string& key) {
  if (certificate.empty() || key.empty()) return std::make_unique<httplib::Server>();
  return std::make_unique<httplib::SSLServer>(certificate.c_str(), key.c_str());
}

/// Loopback and the private networks.
bool is_near(const std::string& address) {
  if (address == "::1" || address.rfind("127.", 0) == 0 || address.rfind("10.", 0) == 0) return true;
  if (address.rfind("192.168.", 0) == 0 || address.rfind("fd", 0) == 0) return true;
  if (address.rfind("172.", 0) != 0) return false;
  const int second = std::atoi(address.c_str() + 4);
  return second >= 16 && second <= 31;
}

/// On a socket for both families IPv4 comes dressed as IPv6.
std::string plain(const std::string& address) {
  return address.rfind("::ffff:", 0) == 0 && address.find('.') != address.npos ? address.substr(7) : address;
}

std::string front_page(bool well) {
  return std::string{"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width\"><title>Troupe</title><body style=\"font:18px/1.5 "
                     "system-ui;margin:4em auto;max-width:30em;padding:0 1em\"><h1>Troupe</h1><p>"} +
         "Version " TROUPE_VERSION ". " +
         (well ? "The bot is running." : "The bot has a problem; see /health.") + "</p></body></html>\n";
}

/// @returns false when it is too large or cut off. Counts itself: the server's own limit ignores
/// chunked bodies.
bool read_body(const httplib::ContentReader& reader, std::string& body) {
  return reader([&](const char* data, std::size_t size) {
    const bool fits = body.size() + size <= body_bytes_max;
    if (fits) body.append(data, size);
    return fits;
  });
}

} // namespace

struct web_server::impl {
  web_settings set;
  web_hooks hooks;
  std::unique_ptr<httplib::Server> server;
  connection_watch watch;
  std::thread thread;
  int listening = -1;

  impl(web_settings s, web_hooks k)
      : set(std::move(s)), hooks(std::move(k)), server(make_server(set.tls_certificate, set.tls_key)) {
    tune();
    add_routes();
  }

  void tune() {
    auto& s = *server;
    s.new_task_queue = [this] { return new web_crew{[this] { watch.wake(); }}; };
    s.set_tcp_nodelay(true);
    // One request per connection: an idle connection would own one of the threads, and what is left
    // of a refused body could be taken for the next request.
    s.set_keep_alive_max_count(1);
    s.set_keep_alive_timeout(2);
    s.set_read_timeout(5);
    s.set_write_timeout(5);
    s.set_payload_max_length(body_bytes_max);
    s.set_pre_routing_handler([this](const httplib::Request& q, httplib::Response& r) {
      watch.headers_read(q.remote_port);
      const bool unbounded = q.has_header("Transfer-Encoding") && q.method != "POST";
      if (!unbounded && !q.is_multipart_form_data()) return httplib::Server::HandlerResponse::Unhandled;
      r.status = 404;
      return httplib::Server::HandlerResponse::Handled;
    });
    // The default one writes what() into a header.
    s.set_exception_handler(
        [](const httplib::Request&, httplib::Response& r, std::exception_ptr) { r.status = 500; });
    // Replaces the default SO_REUSEPORT, with which two engines could share a port without an error.
    s.set_socket_options([this](socket_t fd) {
      listening = static_cast<int>(fd);
      int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
  }

  using reader = httplib::ContentReader;

  void add_routes() {
    server->Get("/health", [this](const httplib::Request&, httplib::Response& r) {
      const auto [status, body] = health();
      r.status = status;
      r.set_content(body, "application/json");
    });
    server->Get("/", [this](const httplib::Request&, httplib::Response& r) {
      r.set_content(front_page(health().first == 200), "text/html; charset=utf-8");
    });
    post(R"(/kie/callback/([0-9]{1,19})/([0-9a-f]{64}))",
         [this](const httplib::Request& q, httplib::Response& r, const reader& body) {
           on_callback(q, r, body);
         });
    if (hooks.on_update)
      post("/telegram/webhook", [this](const httplib::Request& q, httplib::Response& r, const reader& body) {
        on_update(q, r, body);
      });
    if (hooks.on_payment_notice)
      post("/yookassa/webhook", [this](const httplib::Request& q, httplib::Response& r, const reader& body) {
        on_notice(q, r, body);
      });
    // Any other POST ends without its body being read.
    post(".*", [](const httplib::Request&, httplib::Response& r, const reader&) { r.status = 404; });
  }

  void post(const char* path, httplib::Server::HandlerWithContentReader handler) {
    server->Post(path, std::move(handler));
  }

  std::pair<int, std::string> health() const {
    return hooks.health ? hooks.health() : std::pair<int, std::string>(200, "{}");
  }

  bool signed_by_kie(const httplib::Request& q, const std::string& task_id) const {
    if (set.kie_webhook_key.empty()) return true;
    const auto stamp = q.get_header_value("X-Webhook-Timestamp");
    const auto at = number_of(stamp);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    if (!at || now - *at > signature_age_max_s || *at - now > signature_ahead_max_s) return false;
    return same_secret(q.get_header_value("X-Webhook-Signature"),
                       hmac_sha256_base64(set.kie_webhook_key, task_id + "." + stamp));
  }

  void on_callback(const httplib::Request& q, httplib::Response& r, const reader& in) {
    const auto job = q.matches[1].str();
    r.status = 404;
    const auto id = number_of(job);
    if (!id || !same_secret(q.matches[2].str(), hmac_sha256_hex(set.callback_secret, job))) return;
    std::string body;
    if (!read_body(in, body)) {
      r.status = 413;
      return;
    }
    const auto task_id = kie::callback_task_id(body);
    r.status = 401;
    if (!signed_by_kie(q, task_id)) return;
    if (hooks.on_callback) hooks.on_callback(*id, task_id);
    r.status = 200;
    r.set_content(R"({"code":200,"msg":"success"})", "application/json");
  }

  void on_update(const httplib::Request& q, httplib::Response& r, const reader& in) {
    r.status = 403;
    const auto secret = q.get_header_value("X-Telegram-Bot-Api-Secret-Token");
    if (set.telegram_secret.empty() || !same_secret(secret, set.telegram_secret)) return;
    pass_on(hooks.on_update, r, in);
  }

  /// A proxy's word counts only when the proxy is on this machine or in its private network.
  std::string sender_of(const httplib::Request& q) const {
    const auto peer = plain(q.remote_addr);
    if (set.proxy_header.empty() || !is_near(peer)) return peer;
    return q.get_header_value(set.proxy_header.c_str());
  }

  void on_notice(const httplib::Request& q, httplib::Response& r, const reader& in) {
    r.status = 403;
    if (hooks.may_notify && !hooks.may_notify(sender_of(q))) return;
    pass_on(hooks.on_payment_notice, r, in);
  }

  static void pass_on(const std::function<bool(const std::string&)>& hook, httplib::Response& r,
                      const reader& in) {
    std::string body;
    r.status = 413;
    if (read_body(in, body)) r.status = hook(body) ? 200 : 503;
  }

  int start() {
    if (thread.joinable()) return set.port;
    if (!server->is_valid())
      throw std::runtime_error("cannot use the certificate " + set.tls_certificate + " with the key " +
                               set.tls_key);
    const int bound = set.port == 0                              ? server->bind_to_any_port(set.host)
                      : server->bind_to_port(set.host, set.port) ? set.port
                                                                 : -1;
    // Listening again raises the library's backlog of 5.
    if (bound <= 0 || ::listen(listening, 1024) != 0)
      throw std::runtime_error("cannot listen on " + set.host + ":" + std::to_string(set.port));
    set.port = bound;
    thread = std::thread([this] { server->listen_after_bind(); });
    // stop() has no effect on a server that does not run yet.
    for (int i = 0; i < 5000 && !server->is_running(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    watch.start(bound);
    return bound;
  }

  void stop() {
    if (!thread.joinable()) return;
    server->stop();
    thread.join();
    watch.stop();
  }
};

web_server::web_server(web_settings settings, web_hooks hooks)
    : impl_(std::make_unique<impl>(std::move(settings), std::move(hooks))) {}
web_server::~web_server() { stop(); }
int web_server::start() { return impl_->start(); }
void web_server::stop() { impl_->stop(); }

static std::string hmac_sha256(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size))
    throw std::runtime_error("HMAC failed");
  return {reinterpret_cast<const char*>(digest), size};
}

std::string hmac_sha256_hex(const std::string& key, const std::string& text) {
  constexpr const char* hex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : hmac_sha256(key, text)) out += {hex[byte >> 4], hex[byte & 15]};
  return out;
}

std::string hmac_sha256_base64(const std::string& key, const std::string& text) {
  return base64(hmac_sha256(key, text));
}

std::string callback_url(const std::string& base, const std::string& secret, std::int64_t job_id) {
  const auto job = std::to_string(job_id);
  return base + "/kie/callback/" + job + "/" + hmac_sha256_hex(secret, job);
}

bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace troupe
