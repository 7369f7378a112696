#pragma once
/// Addresses as bytes: which network one is of, and whether the whole world may reach it.
#include <string>
#include <vector>

namespace troupe {

using address_bytes = std::vector<unsigned char>; ///< 4 or 16 of them

/// Of "10.0.0.1" or "fd00::1"; empty when it is a name.
address_bytes address_named(const std::string& text);
/// The same, and what the system's look-up takes for an IPv4 address as well: "2130706433", "0x7f.1",
/// "127.1".
address_bytes ip_meant_by(const std::string& host);
std::string text_of(const address_bytes& ip);

bool same_network(const address_bytes& a, const address_bytes& b, int bits);
/// Everybody's, by IANA's registries of special addresses: none of this machine, of a private network, of a
/// link, of a group, of documentation, or reserved; nor one of these within another kind of address. An IPv4
/// address within IPv6 is public only as NAT64 writes it: nobody else's network needs one.
bool is_public(const address_bytes& ip);

/// What listens there is reached by this machine alone: "localhost", "127.0.0.1", "::1".
bool is_loopback(const std::string& host);
/// "localhost" and the names below it, and addresses of this machine.
bool is_this_machine(const std::string& host);

} // namespace troupe
