#include "net/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace troupe {
namespace {

struct network {
  const char* begin;
  int bits;
};
// What may be behind them is nobody's business but their own network's.
constexpr network not_public_4[] = {
    {"0.0.0.0", 8},       // this host
    {"10.0.0.0", 8},      // private
    {"100.64.0.0", 10},   // a provider's own (CGNAT)
    {"127.0.0.0", 8},     // loopback
    {"169.254.0.0", 16},  // link; clouds tell their machines secrets there
    {"172.16.0.0", 12},   // private
    {"192.0.0.0", 24},    // protocols
    {"192.0.2.0", 24},    // documentation
    {"192.88.99.0", 24},  // 6to4 relays
    {"192.168.0.0", 16},  // private
    {"198.18.0.0", 15},   // benchmarks
    {"198.51.100.0", 24}, // documentation
    {"203.0.113.0", 24},  // documentation
    {"224.0.0.0", 4},     // groups
    {"240.0.0.0", 4},     // reserved, broadcast
};
constexpr network public_6{"2000::", 3}; // all others are of a host, a link, a group, or nobody's
constexpr network not_public_6[] = {
    {"2001::", 23},     // protocols: Teredo, benchmarks, ORCHID
    {"2001:db8::", 32}, // documentation
    {"2002::", 16},     // 6to4
    {"3fff::", 20},     // documentation
};
constexpr network nat64{"64:ff9b::", 96};

bool is_in(const address_bytes& ip, const network& n) {
  return same_network(address_named(n.begin), ip, n.bits);
}
template <std::size_t N> bool is_in_any(const address_bytes& ip, const network (&list)[N]) {
  return std::any_of(std::begin(list), std::end(list), [&](const network& n) { return is_in(ip, n); });
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

} // namespace

address_bytes address_named(const std::string& text) {
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) return {bytes, bytes + 4};
  if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) return {bytes, bytes + 16};
  return {};
}

address_bytes ip_meant_by(const std::string& host) {
  if (auto ip = address_named(host); !ip.empty()) return ip;
  in_addr old{};
  if (host.empty() || ::inet_aton(host.c_str(), &old) == 0) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(&old.s_addr);
  return {bytes, bytes + 4};
}

std::string text_of(const address_bytes& ip) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(ip.size() == 4 ? AF_INET : AF_INET6, ip.data(), text, sizeof text);
  return text;
}

bool same_network(const address_bytes& a, const address_bytes& b, int bits) {
  if (a.size() != b.size() || a.empty()) return false;
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

bool is_public(const address_bytes& ip) {
  if (ip.size() == 4) return !is_in_any(ip, not_public_4);
  if (ip.size() != 16) return false;
  if (is_in(ip, nat64)) return is_public({ip.begin() + 12, ip.end()});
  return is_in(ip, public_6) && !is_in_any(ip, not_public_6);
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

bool is_this_machine(const std::string& host) {
  if (host == "localhost" || ends_with(host, ".localhost")) return true;
  auto a = address_named(host);
  if (a.size() == 16 && is_in(a, {"::ffff:0:0", 96})) a.erase(a.begin(), a.begin() + 12);
  if (a.size() == 4) return a[0] == 127 || a == address_bytes(4, 0);
  return a.size() == 16 && std::all_of(a.begin(), a.end() - 1, [](unsigned char b) { return b == 0; }) &&
         a[15] <= 1;
}

} // namespace troupe
