#pragma once
/// Where a request goes, taken from its absolute URL.
#include <optional>
#include <string>

namespace troupe {

struct http_address {
  std::string origin; ///< scheme://host[:port]
  std::string path;   ///< With the query, starts with '/'
};

/// Nothing when it is neither http nor https, or names no host.
std::optional<http_address> split_url(const std::string& url);

/// Roots of trust of Debian's ca-certificates.
constexpr const char* ca_file = "/etc/ssl/certs/ca-certificates.crt";
/// kie.ai's proxy refuses clients without one.
constexpr const char* user_agent = "Troupe/0.1";

} // namespace troupe
