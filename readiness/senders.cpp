/// Whether it can be known who sends what comes to the web port.
#include "net/ip_address.hpp"
#include "readiness/addresses.hpp"
#include "readiness/local.hpp"
#include <algorithm>

namespace troupe::readiness {
namespace {

std::string small(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

/// Notices of the shop are taken by the sender's address, and nothing but a proxy reaches us.
bool hides_the_shop(const config::options& o) {
  const auto& y = o.yookassa;
  const bool asked = !y.secret_key.empty() && y.check_sender && !o.web.public_url.empty();
  return asked && o.web.proxy_header.empty() && is_loopback(o.web.host) &&
         read_address(o.web.public_url).where != reach::here;
}

} // namespace

findings probe_senders(const config::settings& s) {
  findings all;
  const auto& o = s.opts;
  const auto& header = o.web.proxy_header;
  const auto look = [&](const std::string& words) {
    all.push_back({grade::look, "web.proxy_header", words});
  };
  const std::string better = "Let the proxy set X-Real-IP (docs/PROXY.md) and write web.proxy_header = "
                             "\"X-Real-IP\"";
  if (small(header) == "x-forwarded-for")
    look(header +
         " is a list that any caller may begin: only its last entry is believed, and a request with "
         "two such lines is refused. " +
         better);
  else if (small(header) == "forwarded")
    look(header + " holds no bare address, so nobody's notices would be taken. " + better);
  if (!header.empty() && o.web.proxies.empty())
    look("web.proxies is empty, so nobody's word in " + header + " counts: name the proxy's address there");
  if (hides_the_shop(o))
    look("it is empty, and on " + o.web.host +
         " only a proxy reaches us: notices of YooKassa would all seem to come from it and be refused (403). "
         "Payments are then seen only when we ask the shop, every " +
         std::to_string(o.yookassa.check_every_s) + " s. " + better);
  return all;
}

} // namespace troupe::readiness
