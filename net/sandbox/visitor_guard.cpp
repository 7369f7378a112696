#include "net/sandbox/visitor_guard.hpp"
#include "net/ip_address.hpp"

namespace troupe::sandbox {
namespace {

/// A bot and its services speak with these by what they hold: a token, an API key, a shop's password.
bool is_of_a_service(const std::string& path) {
  for (const char* head : {"/bot", "/file/bot", "/api/", "/v1/", "/v3/", "/results/", "/uploads/"})
    if (path.starts_with(head)) return true;
  return false;
}

bool is_safe(const std::string& method) { return method == "GET" || method == "HEAD"; }

} // namespace

visitor_guard::visitor_guard(std::string host, int port, std::string key)
    : host_{std::move(host)}, port_{port}, key_{std::move(key)} {}

/// A name that somebody else's DNS has led here is none of ours: behind it stands a page that would read our
/// answers. Whoever listens to the outside is known by names that we do not know, and asks for a key instead.
bool visitor_guard::is_our_name(const std::string& host) const {
  if (!is_loopback(host_)) return true;
  const auto port = ":" + std::to_string(port_);
  const auto name = host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]" || name == host_;
}

std::optional<std::string> visitor_guard::refusal(const visit& v) const {
  if (!is_our_name(v.host)) return "this is no name of the sandbox: " + v.host;
  if (!v.origin.empty() && v.origin != "http://" + v.host) return "another page's request";
  // Opening our page from a link elsewhere is harmless: nothing of it can be read there.
  const bool opened = is_safe(v.method) && v.fetch_mode == "navigate" && !is_of_a_service(v.path);
  const bool ours = v.fetch_site.empty() || v.fetch_site == "same-origin" || v.fetch_site == "none";
  if (!ours && !opened) return "another page's request";
  if (is_of_a_service(v.path)) return {};
  if (!key_.empty() && v.key != key_)
    return "the address that was printed at the start is needed, with its key";
  const bool control = v.path.starts_with("/sandbox/") && !is_safe(v.method);
  if (control && v.has_body && !v.content_type.starts_with("application/json"))
    return "Content-Type must be application/json";
  return {};
}

} // namespace troupe::sandbox
