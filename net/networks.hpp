#pragma once
/// Addresses and networks: "10.0.0.0/8", "::1", "185.71.76.0/27".
#include "net/ip_address.hpp"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// IPv4 as IPv6 carries it, so that one comparison does for both.
std::optional<address_bytes> ip_of(std::string_view text);

struct network {
  address_bytes base; ///< as ip_of() has it
  int bits = 128;     ///< of the 128
};
/// An address is a network of one.
std::optional<network> network_of(std::string_view text);

class networks {
public:
  networks() = default;
  /// @throws std::runtime_error that names the first which is no address and no network
  explicit networks(const std::vector<std::string>& written);
  bool hold(std::string_view address) const;

private:
  std::vector<network> all_;
};

} // namespace troupe
