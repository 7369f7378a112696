#include "net/web_server.hpp"

#include "net/kie.hpp"

#include <httplib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

namespace troupe {
namespace {

constexpr std::size_t threads = 8;
constexpr std::size_t body_bytes_max = 1u << 20;

std::optional<std::int64_t> job_number(const std::string& text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto got = std::from_chars(text.data(), end, value);
  if (got.ec != std::errc() || got.ptr != end) return std::nullopt;
  return value;
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
  std::string host;
  int port;
  std::string secret;
  web_hooks hooks;
  httplib::Server server;
  std::thread thread;
  int listening = -1;

  impl(std::string h, int p, std::string s, web_hooks k)
      : host(std::move(h)), port(p), secret(std::move(s)), hooks(std::move(k)) {
    tune();
    add_routes();
  }

  void tune() {
    server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
    server.set_tcp_nodelay(true);
    // One request per connection: an idle connection would own one of the threads, and what is left
    // of a refused body could be taken for the next request.
    server.set_keep_alive_max_count(1);
    server.set_keep_alive_timeout(2);
    server.set_read_timeout(5);
    server.set_write_timeout(5);
    server.set_payload_max_length(body_bytes_max);
    server.set_pre_routing_handler([](const httplib::Request& q, httplib::Response& r) {
      const bool unbounded = q.has_header("Transfer-Encoding") && q.method != "POST";
      if (!unbounded && !q.is_multipart_form_data()) return httplib::Server::HandlerResponse::Unhandled;
      r.status = 404;
      return httplib::Server::HandlerResponse::Handled;
    });
    // The default one writes what() into a header.
    server.set_exception_handler(
        [](const httplib::Request&, httplib::Response& r, std::exception_ptr) { r.status = 500; });
    // Replaces the default SO_REUSEPORT, with which two engines could share a port without an error.
    server.set_socket_options([this](socket_t fd) {
      listening = static_cast<int>(fd);
      int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
  }

  void add_routes() {
    server.Get("/health", [this](const httplib::Request&, httplib::Response& r) {
      const auto [status, body] = hooks.health ? hooks.health() : std::pair<int, std::string>(200, "{}");
      r.status = status;
      r.set_content(body, "application/json");
    });
    const httplib::Server::HandlerWithContentReader callback =
        [this](const httplib::Request& q, httplib::Response& r, const httplib::ContentReader& reader) {
          on_callback(q.matches[1].str(), q.matches[2].str(), reader, r);
        };
    server.Post(R"(/kie/callback/([0-9]{1,19})/([0-9a-f]{64}))", callback);
    // Any other POST ends without its body being read.
    const httplib::Server::HandlerWithContentReader unknown =
        [](const httplib::Request&, httplib::Response& r, const httplib::ContentReader&) { r.status = 404; };
    server.Post(".*", unknown);
  }

  void on_callback(const std::string& job, const std::string& signature, const httplib::ContentReader& reader,
                   httplib::Response& r) {
    r.status = 404;
    const auto id = job_number(job);
    if (!id || !same_secret(signature, hmac_sha256_hex(secret, job))) return;
    std::string body;
    if (!read_body(reader, body)) {
      r.status = 413;
      return;
    }
    if (hooks.on_callback) hooks.on_callback(*id, kie::callback_task_id(body));
    r.status = 200;
    r.set_content(R"({"code":200,"msg":"success"})", "application/json");
  }

  int start() {
    if (thread.joinable()) return port;
    const int bound = port == 0 ? server.bind_to_any_port(host) : server.bind_to_port(host, port) ? port : -1;
    // Listening again raises the library's backlog of 5.
    if (bound <= 0 || ::listen(listening, 1024) != 0)
      throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port));
    port = bound;
    thread = std::thread([this] { server.listen_after_bind(); });
    // stop() has no effect on a server that does not run yet.
    for (int i = 0; i < 5000 && !server.is_running(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return port;
  }

  void stop() {
    if (!thread.joinable()) return;
    server.stop();
    thread.join();
  }
};

web_server::web_server(std::string host, int port, std::string callback_secret, web_hooks hooks)
    : impl_(std::make_unique<impl>(std::move(host), port, std::move(callback_secret), std::move(hooks))) {}
web_server::~web_server() { stop(); }
int web_server::start() { return impl_->start(); }
void web_server::stop() { impl_->stop(); }

std::string hmac_sha256_hex(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size))
    throw std::runtime_error("HMAC failed");
  constexpr const char* hex = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) out += {hex[digest[i] >> 4], hex[digest[i] & 15]};
  return out;
}

std::string callback_url(const std::string& base, const std::string& secret, std::int64_t job_id) {
  const auto job = std::to_string(job_id);
  return base + "/kie/callback/" + job + "/" + hmac_sha256_hex(secret, job);
}

bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace troupe
