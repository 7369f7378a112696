#include "net/http_address.hpp"

namespace troupe {

std::optional<http_address> split_url(const std::string& url) {
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

} // namespace troupe
