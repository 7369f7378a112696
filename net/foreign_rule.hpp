#pragma once
/// Where a request may go whose address somebody else has told: a provider's result, a redirect. Else he
/// could have us ask services that only this machine, or its network, reaches.
#include "net/http_address.hpp"
#include "net/ip_address.hpp"
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe {

/// Names the setting and what is wrong with it.
struct foreign_rule_error : std::runtime_error {
  using runtime_error::runtime_error;
};

class foreign_rule {
public:
  foreign_rule() = default;
  /// Excepted are `private_hosts` ("host:port", "[::1]:port"), each exactly as an address names it; and of
  /// `services`, the addresses that the configuration names itself, those that a stranger might not be sent
  /// to. @throws foreign_rule_error
  explicit foreign_rule(const std::vector<std::string>& private_hosts,
                        const std::vector<std::string>& services = {});

  /// Before anything is looked up; "" : nothing is against it so far. Through a proxy this is all: then names
  /// are looked up there, and the proxy has to guard its own network.
  std::string why_not(const http_address& to) const;
  /// One of the addresses that its name has.
  bool may_connect(const http_address& to, const address_bytes& ip) const;
  bool is_excepted(const http_address& to) const;

private:
  std::set<std::string> excepted_; ///< "host:port" in small letters, IPv6 without brackets
};

/// Of settings with fields so named; this room does not know whose.
template <class Network, class Provider>
foreign_rule foreign_rule_named_by(const Network& network, const Provider& provider) {
  return foreign_rule{network.private_hosts, {provider.api_url, provider.upload_url}};
}

} // namespace troupe
