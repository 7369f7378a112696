#include "net/http_client.hpp"
#include "tests/net/http_servers.hpp"
#include "tests/net/own_certificate.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// A loop and whoever waits for its answers.
struct caller {
  std::mutex mutex;
  std::condition_variable came;
  std::map<std::uint64_t, http_reply> answers;
  std::uint64_t asked = 0;
  http_client loop;

  explicit caller(http_limits limits = {}, ways_out ways = {})
      : loop{limits,
             [this](http_answers a) {
               const std::lock_guard lock(mutex);
               for (auto& one : a.list) CHECK(answers.emplace(one.ticket, std::move(one.reply)).second);
               came.notify_all();
             },
             std::move(ways)} {}

  std::uint64_t send(http_request r) {
    loop.send(++asked, std::move(r));
    return asked;
  }
  http_reply answer_to(std::uint64_t ticket) {
    std::unique_lock lock(mutex);
    if (!came.wait_for(lock, 20s, [&] { return answers.count(ticket) != 0; })) FAIL("no answer");
    return answers[ticket];
  }
  http_reply ask(http_request r) { return answer_to(send(std::move(r))); }
};

http_request post(const std::string& url, const std::string& body) {
  auto r = get(url);
  r.method = "POST";
  r.body = body;
  return r;
}

} // namespace

TEST_CASE(
    "a small request arrives as it is and its answer comes back, over connections that are used again") {
  local_server s;
  std::atomic<int> last_port{0}, changes{0};
  s.server.set_keep_alive_max_count(1000);
  s.server.Post("/echo", [&](const httplib::Request& q, httplib::Response& r) {
    changes += last_port.exchange(q.remote_port) != q.remote_port;
    r.status = 429;
    r.set_header("Retry-After", "7");
    r.set_content(q.get_header_value("User-Agent") + "|" + q.get_header_value("X-A") + "|" +
                      q.get_header_value("Content-Type") + "|" + q.get_header_value("Host").substr(0, 9) +
                      "|" + q.target + "|" + q.body,
                  "text/plain");
  });
  s.start();
  caller c;
  auto q = post(s.url("/echo?a=b%2Fc+d"), "{}");
  q.headers = {{"X-A", "1"}};
  for (int i = 0; i < 8; ++i) {
    const auto r = c.ask(q);
    CHECK(r.error == http_error::none);
    CHECK(r.status == 429);
    CHECK(r.body == "Troupe/0.1|1|application/json|127.0.0.1|/echo?a=b%2Fc+d|{}");
    CHECK(r.headers == http_fields{{"retry-after", "7"}, {"content-type", "text/plain"}});
  }
  CHECK(changes == 1);
}

TEST_CASE("a connection that the other side has closed meanwhile is not used for the next request") {
  local_server s; // it closes after five requests
  s.server.Get("/", [](const httplib::Request&, httplib::Response& r) { r.set_content("x", "text/plain"); });
  s.start();
  caller c;
  for (int i = 0; i < 23; ++i) CHECK(c.ask(get(s.url("/"))).body == "x");

  const rude_server rude({"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2 and what nobody asked for"});
  CHECK(c.ask(get(rude.url())).body == "1");
  rude.has_closed(1); // else the next request may be on its way before
  CHECK(c.ask(get(rude.url())).body == "2");
}

TEST_CASE("many requests are under way at once, no more than there are connections, and all are answered") {
  local_server s;
  std::atomic<int> inside{0}, most{0};
  s.server.new_task_queue = [] { return new httplib::ThreadPool(16); };
  s.server.Post("/", [&](const httplib::Request& q, httplib::Response& r) {
    const int now = ++inside;
    for (int m = most; m < now && !most.compare_exchange_weak(m, now);) {
    }
    std::this_thread::sleep_for(2ms); // so that they meet
    --inside;
    r.set_content("re: " + q.body, "text/plain");
  });
  s.start();
  caller c({.connections = 6});
  for (int i = 1; i <= 300; ++i) c.send(post(s.url("/"), std::to_string(i)));
  for (std::uint64_t i = 1; i <= 300; ++i) CHECK(c.answer_to(i).body == "re: " + std::to_string(i));
  CHECK(most > 1);
  CHECK(most <= 6);
}

TEST_CASE(
    "who finds the waiting line full hears that nothing was sent, and the others still get their turn") {
  const silent_port port(true);
  caller c({.connections = 1, .waiting = 2});
  auto q = get(port.url());
  q.time_limit = 50ms;
  const auto first = c.send(q), second = c.send(q), third = c.send(q), fourth = c.send(q);
  CHECK(c.answer_to(fourth).error == http_error::stopped);
  for (const auto ticket : {first, second, third}) CHECK(c.answer_to(ticket).error == http_error::lost);
}

TEST_CASE(
    "a refused port, a broken address and words that would break a header prove that nothing was sent") {
  caller c({.connections = 1});
  CHECK(c.ask(get(silent_port(false).url())).error == http_error::refused);
  for (const char* url : {"", "nonsense", "ftp://a/b", "http://", "http:///x", "http://127.0.0.1:none/x",
                          "http://no.such.host.invalid/x", "http://127.0.0.1/a\r\nX: y"})
    CHECK(c.ask(get(url)).error == http_error::refused);
  auto q = get("http://127.0.0.1:1/");
  q.headers = {{"X-A", "1\r\nX-B: 2"}};
  CHECK(c.ask(q).error == http_error::refused);
}

TEST_CASE("an answer that does not come, breaks off, or is no HTTP is lost") {
  const silent_port silent(true);
  caller c;
  auto q = get(silent.url());
  q.time_limit = 100ms;
  CHECK(c.ask(q).error == http_error::lost);
  const rude_server rude({"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "HTTP/1.1 200", "hello"});
  for (int i = 0; i < 4; ++i) CHECK(c.ask(get(rude.url())).error == http_error::lost);
}

TEST_CASE("an answer without a length ends with its connection") {
  const rude_server rude({"HTTP/1.1 200 OK\r\n\r\nwhole"});
  caller c;
  CHECK(c.ask(get(rude.url())).body == "whole");
}

TEST_CASE("a small request's answer that is too large ends, announced or not") {
  local_server s;
  s.server.Get("/known", [](const httplib::Request&, httplib::Response& r) {
    r.set_content(std::string(100'000, 'x'), "text/plain");
  });
  s.server.Get("/chunked", [](const httplib::Request&, httplib::Response& r) {
    r.set_chunked_content_provider("text/plain", [](std::size_t offset, httplib::DataSink& sink) {
      if (offset >= 100'000) return sink.done(), true;
      const std::string part(10'000, 'x');
      return sink.write(part.data(), part.size());
    });
  });
  s.start();
  caller c;
  for (const char* path : {"/known", "/chunked"}) {
    auto q = get(s.url(path));
    q.body_bytes_max = 99'999;
    CHECK(c.ask(q).error == http_error::too_large);
    q.body_bytes_max = 100'000;
    CHECK(c.ask(q).body.size() == 100'000);
  }
}

TEST_CASE("a loop that ends does not wait for those under way") {
  const silent_port silent(true);
  const auto start = std::chrono::steady_clock::now();
  {
    caller c;
    for (int i = 0; i < 20; ++i) c.send(get(silent.url()));
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s); // their limit is a minute
}

TEST_CASE("over TLS only who can prove his name is spoken to") {
  const own_certificate own;
  httplib::SSLServer server(own.certificate.c_str(), own.key.c_str());
  std::atomic<int> served{0};
  server.Post("/", [&](const httplib::Request& q, httplib::Response& r) {
    ++served;
    r.set_content("re: " + q.body, "text/plain");
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  const auto url = [&](const char* host) {
    return "https://" + std::string{host} + ":" + std::to_string(port) + "/";
  };
  {
    caller stranger;
    CHECK(stranger.ask(post(url("127.0.0.1"), "{}")).error == http_error::refused);
    CHECK(served == 0);
  }
  ::setenv("SSL_CERT_FILE", own.certificate.c_str(), 1);
  {
    caller friendly;
    for (int i = 0; i < 3; ++i) CHECK(friendly.ask(post(url("127.0.0.1"), "{}")).body == "re: {}");
    CHECK(friendly.ask(post(url("localhost"), "{}")).error == http_error::refused); // another name
  }
  ::unsetenv("SSL_CERT_FILE");
  CHECK(served == 3);
  server.stop();
  thread.join();
}
