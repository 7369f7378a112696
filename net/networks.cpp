#include "net/networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace troupe {

std::optional<ip_bytes> ip_of(std::string_view text) {
  const std::string word{text};
  ip_bytes ip{};
  if (::inet_pton(AF_INET6, word.c_str(), ip.data()) == 1) return ip;
  if (::inet_pton(AF_INET, word.c_str(), ip.data() + 12) != 1) return std::nullopt;
  ip[10] = ip[11] = 0xFF;
  return ip;
}

bool network::holds(const ip_bytes& ip) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(base.data(), ip.data(), whole) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || (base[whole] >> (8 - rest)) == (ip[whole] >> (8 - rest));
}

std::optional<network> network_of(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = ip_of(text.substr(0, slash));
  if (!base) return std::nullopt;
  if (slash == text.npos) return network{*base, 128};
  const int most = text.find(':') == text.npos ? 32 : 128;
  const auto written = text.substr(slash + 1);
  int bits = -1;
  const auto got = std::from_chars(written.data(), written.data() + written.size(), bits);
  if (got.ec != std::errc() || got.ptr != written.data() + written.size() || bits < 0 || bits > most)
    return std::nullopt;
  return network{*base, 128 - most + bits};
}

networks::networks(const std::vector<std::string>& written) {
  for (const auto& one : written) {
    const auto n = network_of(one);
    if (!n) throw std::runtime_error("\"" + one + "\" is no address and no network");
    all_.push_back(*n);
  }
}

bool networks::hold(std::string_view address) const {
  const auto ip = ip_of(address);
  return ip && std::any_of(all_.begin(), all_.end(), [&](const network& n) { return n.holds(*ip); });
}

} // namespace troupe
