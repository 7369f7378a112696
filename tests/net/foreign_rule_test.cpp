#include "net/foreign_rule.hpp"
#include "tests/catch.hpp"

using namespace troupe;

namespace {

std::string why_not(const std::string& url, const foreign_rule& rule = {}) {
  const auto a = split_url(url);
  return a ? rule.why_not(*a) : "no address";
}
bool connects(const std::string& url, const std::string& ip, const foreign_rule& rule = {}) {
  return rule.may_connect(*split_url(url), address_named(ip));
}

} // namespace

TEST_CASE("an address is public only when the whole world may reach it") {
  for (const char* ip : {"1.1.1.1",         "8.8.8.8",           "93.184.216.34",   "9.255.255.255",
                         "11.0.0.0",        "100.63.255.255",    "100.128.0.0",     "126.255.255.255",
                         "128.0.0.1",       "169.253.255.255",   "169.255.0.0",     "172.15.255.255",
                         "172.32.0.0",      "192.0.1.0",         "192.167.255.255", "192.169.0.0",
                         "198.17.255.255",  "198.20.0.0",        "203.0.112.255",   "223.255.255.255",
                         "2606:4700::1111", "2a00:1450:4001::1", "2400::1",         "2001:4860:4860::8888",
                         "64:ff9b::808:808"}) {
    INFO(ip);
    CHECK(is_public(address_named(ip)));
  }
  for (const char* ip :
       {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1",
        "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        // IPv6: unspecified, loopback, link, site, private, groups, documentation, nobody's
        "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
        "3fff::1", "4000::1", "100::1", "5f00::1",
        // IPv4 within: mapped, compatible, 6to4, Teredo, NAT64 of private ones and of a network's own
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::1",
        "2002:a00:1::1", "2001:0:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808"}) {
    INFO(ip);
    CHECK_FALSE(is_public(address_named(ip)));
  }
  CHECK_FALSE(is_public({}));
}

TEST_CASE("a foreign address is https on a usual port, and none that is known to be private") {
  for (const char* url : {"https://a.example/x", "https://a.example:443/x", "https://a.example:8443/x",
                          "https://8.8.8.8/", "https://[2606:4700::1111]:8443/"})
    CHECK(why_not(url) == "");
  for (const char* url : {"http://a.example/",
                          "http://a.example:443/",
                          "https://a.example:80/",
                          "https://a.example:22/",
                          "https://127.0.0.1/",
                          "https://127.0.0.1:8443/",
                          "https://localhost/",
                          "https://LOCALHOST./",
                          "https://x.localhost/",
                          "https://[::1]/",
                          "https://[::ffff:10.0.0.1]/",
                          "https://169.254.169.254/",
                          "https://[fe80::1]/",
                          "https://0/",
                          "https://127.1/",
                          "https://2130706433/",
                          "https://0x7f000001/",
                          "https://0177.0.0.1/",
                          "https://10.1/",
                          "https://[64:ff9b::7f00:1]/"}) {
    INFO(url);
    CHECK(why_not(url) != "");
  }
  // Understood in one way here and in another elsewhere: no address at all.
  for (const char* url :
       {"https://a.example@127.0.0.1/", "https://u:p@a.example/", "https://a.example\\@127.0.0.1/",
        "https://a.example:443:1/", "https://a.example:0/", "https://a.example:99999/", "https://a.example:/",
        "https://:443/", "https://[::1/", "https://[]/", "https://[::1]x/", "https://a%2eexample/",
        "file:///etc/passwd", "gopher://a.example/"}) {
    INFO(url);
    CHECK(why_not(url) == "no address");
  }
}

TEST_CASE("what a name turns out to be is judged for each of its addresses, at each hop") {
  struct {
    const char *name, *ip;
    bool may;
  } const table[] = {
      {"https://two.example/", "93.184.216.34", true},   {"https://two.example/", "127.0.0.1", false},
      {"https://two.example/", "10.0.0.7", false},       {"https://two.example/", "::1", false},
      {"https://two.example/", "2606:4700::1", true},    {"https://two.example/", "fd00::1", false},
      {"https://two.example/", "::ffff:8.8.8.8", false},
  };
  for (const auto& row : table) {
    INFO(row.name << " " << row.ip);
    CHECK(connects(row.name, row.ip) == row.may);
  }
}

TEST_CASE(
    "a private host is excepted exactly as it is written, and a service of ours that is none of the web's") {
  const foreign_rule rule{
      {"files.internal:9000", "[fd00::1]:8443", "127.0.0.1:8081"},
      {"http://127.0.0.1:7000", "https://api.kie.ai", "https://localhost", "http://kie.test"}};
  for (const char* url :
       {"http://files.internal:9000/x", "https://files.internal:9000/x", "https://FILES.internal.:9000/",
        "https://[fd00::1]:8443/", "http://127.0.0.1:8081/", "http://127.0.0.1:7000/v.mp4",
        "https://localhost/", "http://kie.test/"}) {
    INFO(url);
    CHECK(why_not(url, rule) == "");
    CHECK(connects(url, "10.0.0.1", rule));
  }
  for (const char* url :
       {"http://files.internal/x", "http://files.internal:9001/x", "http://x.files.internal:9000/x",
        "https://[fd00::2]:8443/", "http://127.0.0.1:8082/", "http://localhost:8081/",
        "http://127.0.0.2:8081/", "http://api.kie.ai/", "http://localhost/"}) {
    INFO(url);
    CHECK(why_not(url, rule) != "");
  }
  CHECK_FALSE(
      connects("https://api.kie.ai/", "10.0.0.1", rule)); // it is public: its name has no business inside
}

TEST_CASE("a private host that is none is refused in words") {
  for (const char* bad : {"", "files.internal", "files.internal:", "http://files.internal:80", "a:0",
                          "a:99999", "a b:1", ":80", "[::1]", "a:80/", "a:80/x", "u@a:80"}) {
    INFO(bad);
    try {
      const foreign_rule rule{{bad}};
      FAIL_CHECK("should be refused");
    } catch (const foreign_rule_error& e) {
      CHECK(std::string{e.what()}.find("network.private_hosts") != std::string::npos);
    }
  }
}
