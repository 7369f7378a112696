#pragma once
/// Whether the services outside take us: each is asked once, all at the same time.
#include "config/config.hpp"
#include "messages/http.hpp"
#include "readiness/finding.hpp"
#include <chrono>
#include <functional>

namespace troupe::readiness {

/// One request out, its reply in; may block for as long as the request's limits say. Called from several
/// threads at once. Never throws.
using asker = std::function<http_reply(const http_request&)>;

struct service_probe {
  std::string subject;
  std::function<finding(const asker&)> probe;
};
/// What is worth asking with these settings; of what is not set nothing.
std::vector<service_probe> service_probes(const config::settings& s);

/// Asks them all; who has not answered within `limit` is told as such.
findings ask_all(const std::vector<service_probe>& probes, const asker& ask, std::chrono::milliseconds limit);
/// `ask_all` over the network.
findings probe_services(const config::settings& s);
/// What --offline leaves open.
findings not_asked(const config::settings& s);

} // namespace troupe::readiness
