#pragma once
/// The proxies that the settings name.
#include "config/config.hpp"
#include "net/proxy.hpp"

namespace troupe {

/// @throws proxy_error in words for the operator
inline proxies proxies_of(const config::options& o) {
  auto& n = o.network;
  return std::make_shared<const proxy_rules>(
      proxy_settings{n.proxy, n.https_proxy, n.http_proxy, n.all_proxy, n.no_proxy});
}

} // namespace troupe
