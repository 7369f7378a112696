#include "net/http_client.hpp"
#include "net/outside_answer.hpp"
#include "net/transport.hpp"
#include "tests/net/http_servers.hpp"
#include "tests/net/own_certificate.hpp"
#include "tests/net/own_proxy.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
using mood = own_proxy::mood;

namespace {

/// The client, and its blocking face, by one call.
using client = std::function<http_reply(const http_request&)>;
struct named_client {
  const char* name;
  std::function<client(const proxies&)> make;
};
client over_transport(const proxies& by) {
  std::shared_ptr<transport> t = make_http_transport(by);
  return [t](const http_request& r) { return t->send(r); };
}
client over_loop(const proxies& by) {
  auto answer = std::make_shared<std::promise<http_reply>>();
  auto slot = std::make_shared<std::shared_ptr<std::promise<http_reply>>>(answer);
  auto loop = std::make_shared<http_client>(
      http_limits{}, [slot](http_answers a) { (*slot)->set_value(std::move(a.list.at(0).reply)); }, by);
  return [slot, loop](const http_request& r) {
    *slot = std::make_shared<std::promise<http_reply>>();
    auto future = (*slot)->get_future();
    loop->send(1, r);
    if (future.wait_for(20s) != std::future_status::ready) FAIL("no answer");
    return future.get();
  };
}
const named_client both[] = {{"transport", over_transport}, {"loop", over_loop}};

proxies through(const std::string& url, const std::string& except = {}) {
  return std::make_shared<const proxy_rules>(proxy_settings{.ours = url, .except = except});
}
http_request post(const std::string& url, const std::string& body = "{}") {
  auto r = get(url);
  r.method = "POST";
  r.body = body;
  r.connect_limit = 2s;
  r.time_limit = 2s;
  return r;
}

/// A service with a certificate for this name, whom everybody in the test trusts.
struct tls_service {
  own_certificate own;
  httplib::SSLServer server;
  std::thread thread;
  std::atomic<int> served{0};
  int port = 0;
  explicit tls_service(const std::string& name)
      : own{name}, server{own.certificate.c_str(), own.key.c_str()} {
    server.Post("/x", [this](const httplib::Request& q, httplib::Response& r) {
      ++served;
      r.set_content("re: " + q.body + q.get_header_value("Proxy-Authorization"), "text/plain");
    });
    server.Get("/go", [](const httplib::Request&, httplib::Response& r) {
      r.set_redirect("https://elsewhere.test/v");
    });
    server.Get("/v", [this](const httplib::Request&, httplib::Response& r) {
      ++served;
      r.set_content("film", "video/mp4");
    });
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread{[this] { server.listen_after_bind(); }};
    while (!server.is_running()) std::this_thread::yield();
    ::setenv("SSL_CERT_FILE", own.certificate.c_str(), 1);
  }
  ~tls_service() {
    ::unsetenv("SSL_CERT_FILE");
    server.stop();
    thread.join();
  }
};
bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

} // namespace

TEST_CASE("a proxy is written as people write it, and what is not spoken here is refused in words") {
  const auto shown = [](const std::string& url) { return proxy_rules{{.ours = url}}.for_https()->shown(); };
  CHECK(shown("http://proxy.example:3128") == "http://proxy.example:3128");
  CHECK(shown("proxy.example:3128") == "http://proxy.example:3128");
  CHECK(shown(" HTTP://Proxy.Example:3128/ ") == "http://proxy.example:3128");
  CHECK(shown("http://[::1]:8080") == "http://[::1]:8080");
  CHECK(shown("http://me:pass@proxy.example:3128") == "http://***@proxy.example:3128");
  const proxy_rules coded{{.ours = "http://me:p%40ss%3A@p:1"}};
  CHECK(coded.for_https()->password == "p@ss:");
  CHECK(coded.for_https()->authorization() == "Basic bWU6cEBzczo=");
  for (const std::string bad : {"socks5://me:hunter2@p:1080", "socks5h://p:1", "socks4://p:1",
                                "https://me:hunter2@p:1", "ftp://p:1", "http://", "http://p", "http://p:0",
                                "http://p:99999", "http://:3128", "http://p:x", "p", "http://a b:1"}) {
    INFO(bad);
    try {
      proxy_rules{{.https = bad}};
      FAIL("should be refused");
    } catch (const proxy_error& e) {
      CHECK(has(e.what(), "HTTPS_PROXY: "));
      CHECK_FALSE(has(e.what(), "hunter2"));
      if (bad.rfind("socks", 0) == 0) CHECK(has(e.what(), "SOCKS"));
    }
  }
}

TEST_CASE("which addresses go through a proxy: by scheme, except this machine and those that are excepted") {
  const proxy_rules r{{.https = "s:1",
                       .http = "p:1",
                       .except = "example.com,.suffix.org *.star.net 10.0.0.0/8, "
                                 "192.168.1.7 [fd00::1] port.example:8080, fd11::/16"}};
  const auto by = [&](const std::string& origin) {
    const auto* p = r.for_origin(origin);
    return p ? p->host : std::string{"-"};
  };
  CHECK(by("https://api.telegram.org") == "s");
  CHECK(by("http://api.telegram.org") == "p");
  for (const char* direct :
       {"https://example.com", "https://EXAMPLE.com.", "https://a.b.example.com:444", "http://suffix.org",
        "https://x.suffix.org", "https://x.star.net", "https://10.1.2.3", "http://192.168.1.7:9",
        "https://[fd00::1]", "http://port.example:8080", "https://a.port.example:8080", "https://[fd11::5]",
        "https://[::ffff:10.0.0.1]",
        // this machine itself
        "http://localhost:8081", "https://x.localhost", "http://127.0.0.1:8081", "http://127.9.9.9",
        "https://[::1]:1", "http://0.0.0.0:1", "https://[::ffff:127.0.0.1]", "http://LOCALHOST"}) {
    INFO(direct);
    CHECK(by(direct) == "-");
  }
  for (const char* far :
       {"https://notexample.com", "https://example.com.evil.org", "https://11.0.0.1", "https://port.example",
        "https://192.168.1.70", "https://[fd00::2]", "https://localhost.evil.org", "https://128.0.0.1"}) {
    INFO(far);
    CHECK(by(far) == "s");
  }
  CHECK(proxy_rules{{.ours = "a:1", .https = "b:1"}}.for_origin("https://x")->host == "a");
  CHECK(proxy_rules{{.https = "b:1", .otherwise = "c:1"}}.for_origin("https://x")->host == "b");
  CHECK(proxy_rules{{.https = "b:1", .otherwise = "c:1"}}.for_origin("http://x")->host == "c");
  CHECK_FALSE(proxy_rules{{.https = "b:1"}}.for_origin("http://x"));
  CHECK_FALSE(
      proxy_rules{{.ours = "direct", .https = "b:1", .otherwise = "socks5://c:1"}}.for_origin("https://x"));
  CHECK_FALSE(proxy_rules{{.ours = "a:1", .except = "*"}}.for_origin("https://x"));
  CHECK_FALSE(proxy_rules{}.for_origin("https://x"));
}

TEST_CASE("the proxy in force is told in one line, without credentials") {
  CHECK(proxy_in_force({}) == "no proxy: every address is asked directly");
  CHECK(proxy_in_force(proxy_rules{{.ours = "http://me:hunter2@p:1", .except = "a.b, c"}}) ==
        "all requests go through the proxy http://***@p:1; not to this machine, nor to a.b, c");
  CHECK(
      proxy_in_force(proxy_rules{{.https = "p:1"}}) ==
      "https addresses are asked through the proxy http://p:1, http addresses directly; not to this machine");
}

TEST_CASE("through a proxy TLS is spoken with the service itself, over a way that is used again") {
  tls_service service{"service.test"};
  own_proxy proxy{service.port};
  for (const auto& c : both) {
    INFO(c.name);
    const int ways = proxy.ways, served = service.served;
    const auto ask = c.make(through(proxy.url("me:p%40ss")));
    for (int i = 0; i < 3; ++i) {
      const auto r = ask(post("https://service.test/x"));
      INFO(r.body);
      CHECK(r.error == http_error::none);
      CHECK(r.body == "re: {}"); // the proxy's credentials do not reach the service
    }
    CHECK(service.served == served + 3);
    CHECK(proxy.ways > ways);
    CHECK(has(proxy.last_head(), "CONNECT service.test:443 HTTP/1.1\r\n"));
    CHECK(has(proxy.last_head(), "Proxy-Authorization: Basic bWU6cEBzcw==\r\n"));
  }
}

TEST_CASE(
    "behind a proxy a certificate of another name or of nobody's trust is refused, and nothing is sent") {
  tls_service service{"service.test"};
  own_proxy proxy{service.port};
  for (const auto& c : both) {
    INFO(c.name);
    const auto other = c.make(through(proxy.url()))(post("https://impostor.test/x"));
    CHECK(other.error == http_error::refused);
    CHECK(has(other.body, "impostor.test"));
    const auto file = std::string{std::getenv("SSL_CERT_FILE")};
    ::unsetenv("SSL_CERT_FILE");
    CHECK(c.make(through(proxy.url()))(post("https://service.test/x")).error == http_error::refused);
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  }
  CHECK(service.served == 0);
}

TEST_CASE("a redirect behind a proxy is verified as the first address was") {
  tls_service service{
      "service.test"}; // elsewhere.test is led to the same, whose certificate does not name it
  own_proxy proxy{service.port};
  const auto t = make_http_transport(through(proxy.url()));
  const auto file =
      (std::filesystem::temp_directory_path() / ("troupe-proxy-" + std::to_string(::getpid()))).string();
  auto q = get("https://service.test/v");
  q.save_to = file;
  CHECK(t->send(q).status == 200);
  q.url = "https://service.test/go";
  const auto r = t->send(q);
  CHECK(r.error == http_error::refused);
  CHECK(has(r.body, "elsewhere.test"));
  CHECK(service.served == 1);
  std::filesystem::remove(file);
}

TEST_CASE("plain http goes through a proxy by its whole address, and never to this machine") {
  local_server s;
  std::atomic<int> served{0};
  s.server.Post("/x", [&](const httplib::Request& q, httplib::Response& r) {
    ++served;
    r.set_content(q.get_header_value("Host") + q.get_header_value("Proxy-Authorization") + q.body,
                  "text/plain");
  });
  s.start();
  own_proxy proxy{s.port};
  for (const auto& c : both) {
    INFO(c.name);
    const int passed = proxy.passed;
    const auto ask = c.make(through(proxy.url("me:x"), "excepted.test"));
    CHECK(ask(post("http://service.test/x")).body == "service.test{}");
    CHECK(has(proxy.last_head(), "POST http://service.test"));
    CHECK(has(proxy.last_head(), "Proxy-Authorization: Basic "));
    CHECK(proxy.passed == passed + 1);
    CHECK(ask(post(s.url("/x"))).status == 200); // this machine
    CHECK(ask(post("http://excepted.test/x")).error ==
          http_error::refused); // a name that nobody knows but the proxy
    CHECK(proxy.passed == passed + 1);
  }
  CHECK(served == 4);
}

TEST_CASE("what a proxy does wrong is told of the proxy, proves that nothing was sent, and ends in time") {
  tls_service service{"service.test"};
  own_proxy proxy{service.port};
  for (const auto& c : both) {
    const auto failed = [&](mood is, const char* url = "https://service.test/x") {
      proxy.is = is;
      const auto start = std::chrono::steady_clock::now();
      auto r = c.make(through(proxy.url("me:hunter2")))(post(url));
      CHECK(std::chrono::steady_clock::now() - start < 15s);
      INFO(c.name << " " << static_cast<int>(is) << ": " << r.body);
      CHECK(r.error == http_error::refused);
      CHECK(has(r.body, "the proxy http://***@127.0.0.1:"));
      CHECK_FALSE(has(r.body, "hunter2"));
      CHECK(outside::described(r) == r.body);
      return r.body;
    };
    for (const int status : {403, 502, 503}) {
      proxy.refusal = status;
      failed(mood::refuses);
    }
    proxy.refusal = 407;
    CHECK(has(failed(mood::refuses), "407"));
    CHECK(has(failed(mood::refuses, "http://service.test/x"), "407"));
    failed(mood::silent);
    failed(mood::dies_before);
    failed(mood::chatters);
    failed(mood::drips);
    failed(mood::endless_header);
    // A way that breaks while the certificate is looked at: nothing was asked of the service either.
    proxy.is = mood::dies_within;
    CHECK(c.make(through(proxy.url()))(post("https://service.test/x")).error == http_error::refused);
    // Nobody listens where the proxy should be.
    const auto gone = c.make(through("http://127.0.0.1:" + std::to_string(silent_port(false).port)))(
        post("https://service.test/x"));
    CHECK(gone.error == http_error::refused);
    CHECK(has(gone.body, "the proxy http://127.0.0.1:"));
  }
  CHECK(service.served == 0);
}
