#include "net/http_address.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe {

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
  if (a.origin.size() <= scheme + 3) return std::nullopt;
  return a;
}

host_and_port host_of(const std::string& origin) {
  auto host = origin.substr(origin.find("://") + 3);
  std::string port = origin[4] == 's' ? "443" : "80";
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
