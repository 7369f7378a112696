#pragma once
/// Which addresses may be used without encryption. Plain rules.
#include <cstdint>
#include <string>

namespace troupe::readiness {

enum class reach : std::uint8_t {
  here,      ///< this machine itself
  own,       ///< a network of one's own: a private address, or a name without a dot
  everywhere ///< the Internet
};

struct plain_address {
  bool encrypted = false;
  std::string host;
  int port = 0;
  reach where = reach::everywhere;
};
/// Of an http or https address.
plain_address read_address(const std::string& url);

} // namespace troupe::readiness
