/// The client and other sides that wish it harm.
#include "net/transport.hpp"
#include "tests/hostile/hostile_host.hpp"
#include "tests/net/http_servers.hpp"
#include "tests/net/own_certificate.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

std::mutex tried_mutex;
std::vector<std::string> tried; ///< addresses outside of this machine that were connected to
bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

long resident_kb() {
  std::ifstream in{"/proc/self/status"};
  for (std::string line; std::getline(in, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
  return 0;
}

/// With these hosts of this machine excepted.
ways_out ways_to(const std::vector<int>& ports) {
  std::vector<std::string> hosts;
  for (const int p : ports) hosts.push_back("127.0.0.1:" + std::to_string(p));
  return {nullptr, std::make_shared<const foreign_rule>(hosts)};
}

struct saved_film {
  std::string path =
      (std::filesystem::temp_directory_path() / ("troupe-wire-" + std::to_string(::getpid()))).string();
  ~saved_film() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
  http_request from(const std::string& url) const {
    auto r = get(url);
    r.is_foreign = true;
    r.save_to = path;
    r.body_bytes_max = 1u << 20;
    r.time_limit = 1'500ms;
    return r;
  }
  bool is_there() const { return std::filesystem::exists(path) || std::filesystem::exists(path + ".part"); }
};

} // namespace

/// The system's look-up and connecting, as the client calls them: "two.test" has a private and a public
/// address, "inside.test" two private ones, and nobody outside is really bothered.
extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* hints, addrinfo** found) {
  static const auto real = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string name = host ? host : "";
  if (name != "two.test" && name != "inside.test") return real(host, port, hints, found);
  addrinfo* second = nullptr;
  if (const int e = real("127.0.0.1", port, hints, found)) return e;
  if (const int e = real(name == "two.test" ? "8.8.4.4" : "192.168.7.7", port, hints, &second)) return e;
  auto* last = *found;
  while (last->ai_next) last = last->ai_next;
  last->ai_next = second;
  return 0;
}
extern "C" int connect(int fd, const sockaddr* to, socklen_t size) {
  static const auto real = reinterpret_cast<decltype(&::connect)>(::dlsym(RTLD_NEXT, "connect"));
  if (to->sa_family == AF_INET) {
    const auto& a = reinterpret_cast<const sockaddr_in*>(to)->sin_addr;
    if ((ntohl(a.s_addr) >> 24) != 127) {
      char text[INET_ADDRSTRLEN];
      const std::lock_guard lock(tried_mutex);
      tried.emplace_back(::inet_ntop(AF_INET, &a, text, sizeof text));
      errno = ECONNREFUSED;
      return -1;
    }
  }
  return real(fd, to, size);
}

TEST_CASE(
    "whatever a hostile host says ends within the limit, takes no memory, and is told by its own reason") {
  hostile_host host;
  const auto t = make_http_transport(ways_to({host.port}));
  const saved_film film;
  CHECK(t->send(film.from(host.url("/good"))).status == 200);
  std::filesystem::remove(film.path);
  const auto before = resident_kb();
  struct {
    const char *path, *reason;
  } const table[] = {{"/headers", "headers are larger than 64 KiB"},
                     {"/line", "headers are larger than 64 KiB"},
                     {"/fields", "more than 100 headers"},
                     {"/extension", "extensions or trailers without an end"},
                     {"/extensions", "extensions or trailers without an end"},
                     {"/trailers", "extensions or trailers without an end"},
                     {"/continue", "more than 3 interim answers (100)"},
                     {"/slow_headers", "no whole answer of 127.0.0.1 within 1500 ms"},
                     {"/slow_body", "no whole answer of 127.0.0.1 within 1500 ms"},
                     {"/silent", "no whole answer of 127.0.0.1 within 1500 ms"},
                     {"/packed", "packed"}};
  for (const auto& row : table) {
    INFO(row.path);
    const auto start = std::chrono::steady_clock::now();
    const auto r = t->send(film.from(host.url(row.path)));
    INFO(r.body);
    CHECK(std::chrono::steady_clock::now() - start < 2'500ms);
    CHECK(r.error == http_error::lost);
    CHECK(has(r.body, row.reason));
    CHECK_FALSE(film.is_there());
  }
  for (const char* path : {"/huge", "/endless"}) {
    INFO(path);
    CHECK(t->send(film.from(host.url(path))).error == http_error::too_large);
    CHECK_FALSE(film.is_there());
  }
  const auto page = t->send(film.from(host.url("/page"))); // for a log, no more
  CHECK(page.status == 404);
  CHECK(page.body.size() == 65'536);
  CHECK(resident_kb() - before < 8'000);
  CHECK(t->send(film.from(host.url("/good"))).status == 200);
}

TEST_CASE("a redirect is followed to public hosts only, and never for ever") {
  hostile_host inside{"secret"};
  hostile_host host{"x", inside.url("/good")};
  const auto t = make_http_transport(ways_to({host.port}));
  const saved_film film;
  const auto led = t->send(film.from(host.url("/inside")));
  CHECK(led.error == http_error::forbidden);
  CHECK(has(led.body, "http://127.0.0.1:" + std::to_string(inside.port)));
  CHECK(inside.asked_for("/good") == 0);
  CHECK(t->send(film.from(host.url("/loop"))).status == 302);
  CHECK(host.asked_for("/loop") == 6);
  // A service that we trust leads away: what it leads to is as foreign.
  auto own = film.from(host.url("/inside"));
  own.is_foreign = false;
  CHECK(t->send(own).error == http_error::forbidden);
  CHECK(inside.asked_for("/good") == 0);
  CHECK_FALSE(film.is_there());
  // Excepted, it is the same as any other.
  const auto friendly = make_http_transport(ways_to({host.port, inside.port}));
  CHECK(friendly->send(film.from(host.url("/inside"))).status == 200);
}

TEST_CASE("of a name with two addresses the public one is asked only, and of one that is private nobody") {
  hostile_host here;
  const auto t = make_http_transport();
  const saved_film film;
  tried.clear();
  CHECK(t->send(film.from("https://two.test:8443/good")).error == http_error::refused); // nobody is there
  CHECK(tried == std::vector<std::string>{"8.8.4.4"});
  tried.clear();
  const auto r = t->send(film.from("https://inside.test:8443/good"));
  CHECK(r.error == http_error::forbidden);
  CHECK(has(r.body, "127.0.0.1"));
  CHECK(has(r.body, "192.168.7.7"));
  CHECK(tried.empty());
  CHECK(here.now == 0);
  for (const auto& url :
       {here.url("/good"), std::string{"file:///etc/passwd"}, std::string{"https://localhost/x"},
        std::string{"https://u@a.example/"}, std::string{}}) {
    INFO(url);
    CHECK(t->send(film.from(url)).error == http_error::forbidden);
  }
}

TEST_CASE("a refusal that comes before all of a film is there is heard") {
  silent_port port{true};
  std::thread server{[&] {
    const int c = ::accept(port.fd, nullptr, nullptr);
    char part[1024];
    (void)::recv(c, part, sizeof part, 0);
    const std::string no = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    (void)::send(c, no.data(), no.size(), MSG_NOSIGNAL);
    while (::recv(c, part, sizeof part, 0) > 0) {
    }
    ::close(c);
  }};
  const saved_film film;
  std::ofstream{film.path} << std::string(20'000'000, 'v');
  auto q = get(port.url());
  q.method = "POST";
  q.files = {{"video", "v.mp4", "video/mp4", film.path}};
  const auto r = make_http_transport()->send(q);
  CHECK(r.status == 413);
  CHECK(r.body == "no");
  server.join();
}

TEST_CASE("a host's connections are kept while others are asked") {
  local_server a, b;
  std::atomic<int> last_port{0}, changes{0};
  a.server.set_keep_alive_max_count(100);
  a.server.Get("/", [&](const httplib::Request& q, httplib::Response& r) {
    changes += last_port.exchange(q.remote_port) != q.remote_port;
    r.set_content("a", "text/plain");
  });
  b.server.Get("/", [](const httplib::Request&, httplib::Response& r) { r.set_content("b", "text/plain"); });
  a.start(), b.start();
  http_answers none;
  std::promise<void> all;
  std::atomic<int> answered{0};
  std::promise<http_reply>* now = nullptr;
  http_client c{{.connections = 4}, [&](http_answers got) {
                  for (auto& one : got.list) now->set_value(std::move(one.reply));
                }};
  const auto ask = [&](const std::string& url) {
    std::promise<http_reply> answer;
    now = &answer;
    c.send(1, get(url));
    return answer.get_future().get().body;
  };
  for (int i = 0; i < 4; ++i) {
    CHECK(ask(a.url("/")) == "a");
    CHECK(ask(b.url("/")) == "b");
  }
  CHECK(changes == 1);
}

TEST_CASE("a large file that is looked at and sent delays nobody's small answer") {
  local_server s;
  s.server.Get("/", [](const httplib::Request&, httplib::Response& r) { r.set_content("x", "text/plain"); });
  s.start();
  silent_port slow{true};
  const saved_film film;
  {
    std::ofstream out{film.path};
    const std::string part(1u << 20, 'v');
    for (int i = 0; i < 300; ++i) out << part;
  }
  std::promise<http_reply> small;
  http_client c{{.connections = 4}, [&](http_answers got) {
                  for (auto& one : got.list)
                    if (one.ticket == 2) small.set_value(std::move(one.reply));
                }};
  auto q = get(slow.url());
  q.method = "POST";
  q.files = {{"video", "v.mp4", "video/mp4", film.path, std::string(64, '0')}};
  c.send(1, q);
  const auto start = std::chrono::steady_clock::now();
  c.send(2, get(s.url("/")));
  CHECK(small.get_future().get().body == "x");
  CHECK(std::chrono::steady_clock::now() - start < 200ms); // all of it takes a second or so
}

TEST_CASE("six certificates: only the right one is spoken to") {
  struct {
    const char* what;
    const char* host; ///< whose it is, by its subject
    certificate_oddity odd;
    bool trusted, good;
  } const table[] = {{"right", "localhost", {}, true, true},
                     {"wrong host, right subject", "localhost", {.names = "DNS:other.test"}, true, false},
                     {"nothing but a subject", "localhost", {.only_subject = true}, true, false},
                     {"everybody's", "localhost", {.names = "DNS:*"}, true, false},
                     {"a part of a name", "localhost", {.names = "DNS:local*,DNS:l*t"}, true, false},
                     {"over", "localhost", {.is_over = true}, true, false},
                     {"nobody's trust", "localhost", {}, false, false},
                     {"an address as a name", "127.0.0.1", {.names = "DNS:127.0.0.1"}, true, false}};
  for (const auto& row : table) {
    INFO(row.what);
    const own_certificate own{row.host, row.odd};
    httplib::SSLServer server(own.certificate.c_str(), own.key.c_str());
    std::atomic<int> served{0};
    server.Get("/", [&](const httplib::Request&, httplib::Response& r) {
      ++served;
      r.set_content("x", "text/plain");
    });
    const int port = server.bind_to_any_port("127.0.0.1");
    std::thread thread([&] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
    if (row.trusted) ::setenv("SSL_CERT_FILE", own.certificate.c_str(), 1);
    const auto r = make_http_transport()->send(
        get("https://" + std::string{row.host} + ":" + std::to_string(port) + "/"));
    ::unsetenv("SSL_CERT_FILE");
    INFO(r.body);
    CHECK(r.status == (row.good ? 200 : 0));
    CHECK(r.error == (row.good ? http_error::none : http_error::refused));
    CHECK((row.good || has(r.body, "the certificate of")));
    CHECK(served == (row.good ? 1 : 0));
    server.stop();
    thread.join();
  }
}

TEST_CASE("stop ends what waits for a connection as unsent") {
  silent_port port{true};
  const auto t = make_http_transport();
  auto q = get("https://127.0.0.1:" + std::to_string(port.port) + "/");
  q.connect_limit = 20s;
  auto running = std::async(std::launch::async, [&] { return t->send(q); });
  ::close(::accept(port.fd, nullptr, nullptr) + 1000); // it is in its greeting
  t->stop();
  CHECK(running.get().error == http_error::stopped);
}
