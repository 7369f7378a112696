#include "readiness/addresses.hpp"
#include <arpa/inet.h>
#include <charconv>

namespace troupe::readiness {
namespace {

bool starts(const std::string& s, const std::string& with) { return s.rfind(with, 0) == 0; }

reach reach_of_v4(std::uint32_t a) {
  if (a >> 24 == 127 || a == 0) return reach::here;
  const bool own = a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe ||
                   (a >> 22) == (0x64400000u >> 22); // 10/8, 172.16/12, 192.168/16, 169.254/16, 100.64/10
  return own ? reach::own : reach::everywhere;
}

reach reach_of_v6(const in6_addr& a) {
  if (IN6_IS_ADDR_LOOPBACK(&a) || IN6_IS_ADDR_UNSPECIFIED(&a)) return reach::here;
  const bool own = IN6_IS_ADDR_LINKLOCAL(&a) || (a.s6_addr[0] & 0xfe) == 0xfc;
  return own ? reach::own : reach::everywhere;
}

reach reach_of(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return reach_of_v4(ntohl(v4.s_addr));
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return reach_of_v6(v6);
  const bool local =
      host == "localhost" || (host.size() > 10 && host.compare(host.size() - 10, 10, ".localhost") == 0);
  if (local) return reach::here;
  return host.find('.') == host.npos ? reach::own : reach::everywhere;
}

} // namespace

plain_address read_address(const std::string& url) {
  plain_address a;
  a.encrypted = starts(url, "https://");
  auto rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != rest.npos) rest = rest.substr(at + 1);
  const bool bracket = starts(rest, "[");
  const auto end = bracket ? rest.find(']') : rest.find(':');
  a.host = bracket ? rest.substr(1, end == rest.npos ? end : end - 1) : rest.substr(0, end);
  a.port = a.encrypted ? 443 : 80;
  const auto colon = rest.find(':', bracket && end != rest.npos ? end : 0);
  if (colon != rest.npos) std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), a.port);
  a.where = reach_of(a.host);
  return a;
}

} // namespace troupe::readiness
