#include "net/networks.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace troupe {

std::optional<address_bytes> ip_of(std::string_view text) {
  auto ip = address_named(std::string{text});
  if (ip.empty()) return std::nullopt;
  if (ip.size() == 4) {
    const auto carrier = address_named("::ffff:0:0");
    ip.insert(ip.begin(), carrier.begin(), carrier.end() - 4);
  }
  return ip;
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
  return ip && std::any_of(all_.begin(), all_.end(),
                           [&](const network& n) { return same_network(n.base, *ip, n.bits); });
}

} // namespace troupe
