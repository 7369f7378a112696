#include "net/foreign_rule.hpp"

#include <algorithm>

namespace troupe {
namespace {

std::string key_of(const host_and_port& h) { return host_as_compared(h.host) + " " + h.port; }

/// As far as it can be seen without looking its name up.
bool is_known_private(const std::string& host) {
  const auto ip = ip_meant_by(host);
  return is_this_machine(host) || (!ip.empty() && !is_public(ip));
}

std::string key_of_setting(const std::string& text) {
  const auto where = split_url("https://" + text);
  const auto h = where && where->path == "/" ? host_of(where->origin) : host_and_port{};
  const auto colon = text.rfind(':');
  const bool has_port = colon != text.npos && colon + 1 < text.size() && text.find(']', colon) == text.npos;
  if (h.host.empty() || !has_port || text.back() == '/')
    throw foreign_rule_error{"network.private_hosts: \"" + text +
                             "\" is no host with a port: write \"host:port\", as \"files.internal:8443\" or "
                             "\"[fd00::1]:8443\""};
  return key_of(h);
}

} // namespace

foreign_rule::foreign_rule(const std::vector<std::string>& private_hosts,
                           const std::vector<std::string>& services) {
  for (const auto& text : private_hosts) excepted_.insert(key_of_setting(text));
  for (const auto& url : services)
    if (const auto a = split_url(url); a && !why_not(*a).empty())
      excepted_.insert(key_of(host_of(a->origin)));
}

bool foreign_rule::is_excepted(const http_address& to) const {
  return excepted_.count(key_of(host_of(to.origin))) != 0;
}

std::string foreign_rule::why_not(const http_address& to) const {
  if (is_excepted(to)) return {};
  const auto h = host_of(to.origin);
  if (!is_encrypted(to.origin)) return to.origin + " is not encrypted (https)";
  if (h.port != "443" && h.port != "8443")
    return "port " + h.port + " of " + h.host + " is neither 443 nor 8443";
  if (is_known_private(host_as_compared(h.host))) return h.host + " is no public address";
  return {};
}

bool foreign_rule::may_connect(const http_address& to, const address_bytes& ip) const {
  return is_excepted(to) || is_public(ip);
}

} // namespace troupe
