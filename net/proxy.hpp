#pragma once
/// The proxies that requests go out through, where the outside is not reached directly. What is encrypted
/// stays so up to its own host: a proxy opens a way and sees names only.
#include "net/http_address.hpp"
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// As they are written by people: "http://[user[:password]@]host:port", "host:port"; "" : none.
struct proxy_settings {
  std::string ours;        ///< network.proxy: for all addresses; "direct": no proxy, whatever else is set.
  std::string https, http; ///< HTTPS_PROXY, HTTP_PROXY: by the scheme of the address that is asked
  std::string otherwise;   ///< ALL_PROXY: where these two say nothing
  std::string except;      ///< NO_PROXY: "example.com, .example.org, 10.0.0.0/8, host:8080, *"
};

struct proxy {
  std::string host, port;
  std::string user, password;
  std::string authorization() const; ///< Of the header Proxy-Authorization; "" without a user.
  std::string shown() const;         ///< "http://***@host:port": for logs
};

/// Names the setting and what is wrong with it, without its credentials.
struct proxy_error : std::runtime_error {
  using runtime_error::runtime_error;
};

class proxy_rules {
public:
  proxy_rules() = default;
  /// @throws proxy_error also for what is not spoken here: socks5://, https:// to the proxy itself.
  explicit proxy_rules(const proxy_settings& s);

  /// Nothing: directly. This machine itself is never asked for through a proxy.
  const proxy* for_origin(const std::string& origin) const;
  bool any() const { return https_ || http_; }
  const proxy* for_https() const { return https_.get(); }
  const proxy* for_http() const { return http_.get(); }
  const std::string& except() const { return except_text_; }

private:
  struct exception {
    std::string name, port; ///< name "" : an address with `bits`
    std::vector<unsigned char> address;
    int bits = 0;
  };
  static exception exception_of(std::string text);
  bool is_excepted(const host_and_port& to) const;

  std::shared_ptr<const proxy> https_, http_;
  std::vector<exception> exceptions_;
  bool all_excepted_ = false;
  std::string except_text_;
};
using proxies = std::shared_ptr<const proxy_rules>;

/// Of settings with fields so named; this room does not know whose.
template <class Settings> proxies proxies_named_by(const Settings& s) {
  return std::make_shared<const proxy_rules>(
      proxy_settings{s.proxy, s.https_proxy, s.http_proxy, s.all_proxy, s.no_proxy});
}

/// One line for the start and for `troupe check`; credentials are masked.
std::string proxy_in_force(const proxy_rules& rules);

} // namespace troupe
