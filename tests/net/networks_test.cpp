#include "net/networks.hpp"
#include "tests/catch.hpp"
#include <stdexcept>

using namespace troupe;

TEST_CASE("a network holds its addresses, of either family and however IPv4 is dressed") {
  const networks some{{"10.0.0.0/8", "192.168.7.9", "fd00::/8", "::1", "172.16.0.0/12"}};
  for (const auto* in :
       {"10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3", "192.168.7.9", "fd12::1", "::1", "172.31.0.1"})
    CHECK(some.hold(in));
  for (const auto* out : {"11.0.0.1", "192.168.7.8", "fe80::1", "::2", "172.32.0.1", "127.0.0.1", "",
                          "10.0.0.1 ", "10.0.0", "name"})
    CHECK_FALSE(some.hold(out));
  CHECK(networks{{"0.0.0.0/0"}}.hold("1.2.3.4"));
  CHECK_FALSE(networks{{"0.0.0.0/0"}}.hold("::1"));
  CHECK_FALSE(networks{}.hold("127.0.0.1"));
}

TEST_CASE("what is no network is named") {
  for (const std::string bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0/8",
                                "fd00::/129", "", "localhost", "/8"}) {
    CHECK_FALSE(network_of(bad));
    CHECK_THROWS_WITH(networks{{bad}}, "\"" + bad + "\" is no address and no network");
  }
}
