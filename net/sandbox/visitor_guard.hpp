#pragma once
/// Who may speak with the sandbox. A helper on this machine's loopback is reached by every page that the
/// browser on this machine shows: such a page must neither make it do something nor read what it says.
#include <optional>
#include <string>

namespace troupe::sandbox {

/// What a request says of where it comes from; "" where it says nothing.
struct visit {
  std::string method, path;
  std::string host, origin;
  std::string fetch_site,
      fetch_mode; ///< Sec-Fetch-Site and -Mode: a browser's own word, no page can change it.
  std::string content_type;
  bool has_body = false;
  std::string key; ///< of the address or the cookie
};

class visitor_guard {
public:
  /// With `key` ("": none) everything but the services' own paths asks for it.
  visitor_guard(std::string host, int port, std::string key);
  /// Why it is not answered; nothing when it is.
  std::optional<std::string> refusal(const visit& v) const;
  const std::string& key() const { return key_; }

private:
  bool is_our_name(const std::string& host) const;
  std::string host_;
  int port_;
  std::string key_;
};

} // namespace troupe::sandbox
