#pragma once
/// Where a request goes, taken from its absolute URL.
#include <optional>
#include <string>

namespace troupe {

struct http_address {
  std::string origin; ///< scheme://host[:port]
  std::string path;   ///< With the query, starts with '/'
};

/// Nothing when it is neither http nor https, names no host and port as they are written ("user@host" is
/// none), or is not one word: a line end in what a service gave us as an address would begin a header, or a
/// request, of its own.
std::optional<http_address> split_url(const std::string& url);

bool is_encrypted(const std::string& origin);

struct host_and_port {
  std::string host, port;
};
/// Of "scheme://host[:port]"; an IPv6 address loses its brackets.
host_and_port host_of(const std::string& origin);
/// One host has one spelling then: small letters, and no dot at its end.
std::string host_as_compared(std::string host);

/// Roots of trust: of Debian's ca-certificates, or the file that OpenSSL's variable SSL_CERT_FILE names.
std::string ca_file();
/// kie.ai's proxy refuses clients without one.
constexpr const char* user_agent = "Troupe/0.1";

} // namespace troupe
