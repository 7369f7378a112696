#include "net/http_address.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// What names and addresses are written with. Whoever allows more ("user@", a backslash) is understood in one
/// way here and in another elsewhere.
bool is_of_a_host(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}
bool is_a_port(const std::string& text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit) &&
         std::stoi(text) >= 1 && std::stoi(text) <= 65'535;
}
/// host, host:port, [IPv6] or [IPv6]:port
bool is_a_place(const std::string& text) {
  const auto end = text[0] == '[' ? text.find(']') : std::string::npos;
  if (end != std::string::npos) {
    const auto in_address = [](char c) { return is_of_a_host(c) || c == ':'; };
    return end > 1 &&
           std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(end), in_address) &&
           (end + 1 == text.size() || (text[end + 1] == ':' && is_a_port(text.substr(end + 2))));
  }
  const auto colon = std::min(text.find(':'), text.size());
  return colon > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_of_a_host) &&
         (colon == text.size() || is_a_port(text.substr(colon + 1)));
}

} // namespace

std::optional<http_address> split_url(const std::string& url) {
  const auto is_printed = [](unsigned char c) { return c > ' ' && c != 0x7f; };
  if (!std::all_of(url.begin(), url.end(), is_printed)) return std::nullopt;
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return std::nullopt;
  const auto name = url.substr(0, scheme);
  if (name != "http" && name != "https") return std::nullopt;
  const auto path = url.find_first_of("/?#", scheme + 3);
  http_address a{url.substr(0, path), path == std::string::npos ? "/" : url.substr(path)};
  a.path = a.path.substr(0, a.path.find('#'));
  if (a.path.empty() || a.path[0] != '/') a.path = "/" + a.path;
  if (a.origin.size() <= scheme + 3 || !is_a_place(a.origin.substr(scheme + 3))) return std::nullopt;
  return a;
}

bool is_encrypted(const std::string& origin) { return origin[4] == 's'; }

std::string host_as_compared(std::string host) {
  for (char& c : host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  while (!host.empty() && host.back() == '.') host.pop_back();
  return host;
}

host_and_port host_of(const std::string& origin) {
  auto host = origin.substr(origin.find("://") + 3);
  std::string port = is_encrypted(origin) ? "443" : "80";
  const auto colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    port = host.substr(colon + 1);
    host.resize(colon);
  }
  if (!host.empty() && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host, port};
}

std::string ca_file() {
  const char* own = std::getenv("SSL_CERT_FILE");
  return own && *own ? own : "/etc/ssl/certs/ca-certificates.crt";
}

} // namespace troupe
