#include "net/connection_watch.hpp"
#include "net/web_crew.hpp"
#include "net/web_server.hpp"
#include "tests/net/own_certificate.hpp"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace troupe;

static web_settings settings(const char* secret) {
  web_settings s;
  s.callback_secret = secret;
  return s;
}

TEST_CASE("hmac_sha256 gives the published vectors") {
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST_CASE("secrets are compared whole") {
  CHECK(same_secret("abc", "abc"));
  CHECK(same_secret("", ""));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "ab"));
}

TEST_CASE("the web server answers health and passes on genuine callbacks only") {
  std::mutex mutex;
  std::vector<std::pair<std::int64_t, std::string>> calls;
  web_hooks hooks;
  hooks.health = [] { return std::pair<int, std::string>(503, R"({"ok":false})"); };
  hooks.on_callback = [&](std::int64_t job, const std::string& task) {
    if (job == 13) throw std::runtime_error("secret words");
    const std::lock_guard lock(mutex);
    calls.emplace_back(job, task);
  };
  web_server server(settings("s3"), hooks);
  const int port = server.start();
  const auto path = [](std::int64_t job) { return callback_url("", "s3", job); };
  httplib::Client client("127.0.0.1", port);
  const auto post = [&](const std::string& to, const std::string& body,
                        const char* type = "application/json") {
    auto r = client.Post(to, body, type);
    REQUIRE(r);
    return r;
  };

  const auto health = client.Get("/health");
  REQUIRE(health);
  CHECK(health->status == 503);
  CHECK(health->body == R"({"ok":false})");

  const auto good = post(path(42), R"({"data":{"taskId":"t1"}})");
  CHECK(good->status == 200);
  CHECK(good->body == R"({"code":200,"msg":"success"})");
  CHECK(post(path(43), "nonsense")->status == 200);
  const auto chunked = client.Post(
      path(44),
      [](std::size_t, httplib::DataSink& sink) {
        sink.write(R"({"taskId":"t2"})", 15);
        sink.done();
        return true;
      },
      "application/json");
  REQUIRE(chunked);
  CHECK(chunked->status == 200);

  auto forged = path(42);
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (const auto& to :
       {forged, std::string("/kie/callback/42/"), std::string("/kie/callback/42/abc"),
        "/kie/callback/43" + path(42).substr(16), std::string("/else"), std::string("/health")}) {
    INFO(to);
    const auto bad = post(to, "{}");
    CHECK(bad->status == 404);
    CHECK(bad->body.empty());
  }
  const auto unknown = client.Get("/admin");
  REQUIRE(unknown);
  CHECK(unknown->status == 404);
  CHECK(unknown->body.empty());

  const auto broken = post(path(13), "{}");
  CHECK(broken->status == 500);
  for (const auto& [name, value] : broken->headers) CHECK(value.find("secret") == std::string::npos);

  const auto large = client.Post(path(42), std::string((1 << 20) + 1, 'x'), "application/json");
  CHECK((!large || large->status == 413));

  server.stop();
  server.stop();
  CHECK(calls == std::vector<std::pair<std::int64_t, std::string>>{{42, "t1"}, {43, ""}, {44, "t2"}});
}

TEST_CASE("two web servers do not share a port") {
  web_server one(settings("s"), {});
  const int port = one.start();
  auto taken = settings("s");
  taken.port = port;
  web_server two(taken, {});
  CHECK_THROWS_AS(two.start(), std::runtime_error);
}

namespace {

int connected(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  return fd;
}

bool is_ended(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

} // namespace

TEST_CASE("two hundred clients that send a byte a second keep nobody else waiting, and are ended") {
  web_hooks hooks;
  hooks.health = [] { return std::pair<int, std::string>(200, "{}"); };
  hooks.on_update = [](const std::string&) { return true; };
  auto set = settings("s");
  set.telegram_secret = "t";
  web_server server(set, hooks);
  const int port = server.start();
  std::vector<int> slow;
  const std::string beginnings[] = {"GET /health HTTP/1.1\r\nX-Slow: ", "GET /he",
                                    "POST /telegram/webhook HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token: "
                                    "t\r\nContent-Length: 1000000\r\n\r\n"};
  for (int i = 0; i < 200; ++i) {
    slow.push_back(connected(port));
    const auto& begin = beginnings[i % 3];
    REQUIRE(::send(slow.back(), begin.data(), begin.size(), MSG_NOSIGNAL) > 0);
  }
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(2);
  const auto deadline = std::chrono::steady_clock::now() + web_connection_limit + std::chrono::seconds{4};
  std::size_t ended = 0;
  while (ended < slow.size() && std::chrono::steady_clock::now() < deadline) {
    const auto r = client.Get("/health");
    REQUIRE(r);
    CHECK(r->status == 200);
    for (const int fd : slow) ::send(fd, "a", 1, MSG_NOSIGNAL);
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
    ended = static_cast<std::size_t>(std::count_if(slow.begin(), slow.end(), is_ended));
  }
  CHECK(ended == slow.size());
  for (const int fd : slow) ::close(fd);
}

TEST_CASE("headers without end are cut off before they fill the memory, and a large body is not") {
  const auto resident_mb = [] {
    std::ifstream in{"/proc/self/statm"};
    long all = 0, resident = 0;
    in >> all >> resident;
    return resident * ::sysconf(_SC_PAGESIZE) / (1 << 20);
  };
  web_hooks hooks;
  std::atomic<std::size_t> taken{0};
  hooks.on_update = [&](const std::string& body) { return taken = body.size(), true; };
  auto set = settings("s");
  set.telegram_secret = "t";
  web_server server(set, hooks);
  const int port = server.start();
  std::string headers;
  for (int i = 0; i < 4000; ++i) headers += "a:b\r\n";
  for (const std::string begin : {"GET /health HTTP/1.1\r\n", "GET /"}) { // endless headers, an endless line
    INFO(begin);
    const auto& more = begin.back() == '/' ? std::string(20'000, 'x') : headers;
    const auto before = resident_mb();
    const int fd = connected(port);
    const timeval patience{3, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    REQUIRE(::send(fd, begin.data(), begin.size(), MSG_NOSIGNAL) > 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    while (::send(fd, more.data(), more.size(), MSG_NOSIGNAL) > 0)
      if (std::chrono::steady_clock::now() > deadline) break;
    CHECK(std::chrono::steady_clock::now() < deadline);
    CHECK(resident_mb() - before < 300); // sanitizers keep much of what is freed
    ::close(fd);
  }
  httplib::Client client("127.0.0.1", port);
  const auto slowly = [&](std::size_t at, std::size_t size, httplib::DataSink& sink) { // several looks long
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    const std::string piece(std::min<std::size_t>(size, 200'000), ' ');
    return sink.write(piece.data(), piece.size()), at < (1u << 20);
  };
  const auto r = client.Post("/telegram/webhook", {{"X-Telegram-Bot-Api-Secret-Token", "t"}}, 1'000'000,
                             slowly, "application/json");
  REQUIRE(r);
  CHECK(r->status == 200);
  CHECK(taken == 1'000'000);
}

TEST_CASE("health is answered while 256 posts wait for the store") {
  std::mutex mutex;
  std::condition_variable changed;
  bool go = false;
  std::size_t waiting = 0;
  web_hooks hooks;
  hooks.health = [] { return std::pair<int, std::string>(200, "{}"); };
  hooks.on_update = [&](const std::string&) {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    return changed.wait_for(lock, std::chrono::seconds{10}, [&] { return go; });
  };
  auto set = settings("s");
  set.telegram_secret = "t";
  web_server server(set, hooks);
  const int port = server.start();
  const std::string post = "POST /telegram/webhook HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token: t\r\n"
                           "Content-Length: 2\r\n\r\n{}";
  std::vector<int> posts;
  for (int i = 0; i < 256; ++i) {
    posts.push_back(connected(port));
    REQUIRE(::send(posts.back(), post.data(), post.size(), MSG_NOSIGNAL) > 0);
  }
  {
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds{5}, [&] { return waiting == posts.size(); }));
  }
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(2);
  const auto r = client.Get("/health");
  REQUIRE(r);
  CHECK(r->status == 200);
  {
    const std::lock_guard lock(mutex);
    go = true;
  }
  changed.notify_all();
  for (const int fd : posts) ::close(fd);
}

TEST_CASE("the crew makes its caller wait when too many wait, and does all it was given") {
  web_crew crew;
  std::mutex mutex;
  std::condition_variable changed;
  bool go = false;
  std::atomic<std::size_t> given{0}, finished{0};
  const auto all = web_threads_max + web_waiting_max + 20;
  std::thread giver{[&] {
    for (std::size_t i = 0; i < all; ++i) {
      crew.enqueue([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return go; });
        ++finished;
      });
      ++given;
    }
  }};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  const auto held = web_threads_max + web_waiting_max;
  while (given < held && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(given == held);
  {
    const std::lock_guard lock(mutex);
    go = true;
  }
  changed.notify_all();
  giver.join();
  crew.shutdown();
  CHECK(finished == all);
}

TEST_CASE("with a certificate the server speaks TLS, also while others never finish a handshake") {
  test::own_certificate own;
  web_hooks hooks;
  hooks.on_update = [](const std::string& body) { return body == "{1}"; };
  auto set = settings("s");
  set.telegram_secret = "t";
  set.tls_certificate = own.certificate;
  set.tls_key = own.key;
  web_server server(set, hooks);
  const int port = server.start();
  std::vector<int> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(connected(port));
  httplib::SSLClient client("127.0.0.1", port);
  client.enable_server_certificate_verification(false);
  client.set_read_timeout(2);
  const auto health = client.Get("/health");
  REQUIRE(health);
  CHECK(health->status == 200);
  const auto r =
      client.Post("/telegram/webhook", {{"X-Telegram-Bot-Api-Secret-Token", "t"}}, "{1}", "application/json");
  REQUIRE(r);
  CHECK(r->status == 200);
  for (const int fd : silent) ::close(fd);
}

TEST_CASE("the front page is plain and whole, and wrong methods are as unknown as wrong paths") {
  web_hooks hooks;
  bool well = true;
  hooks.health = [&] { return std::pair<int, std::string>(well ? 200 : 503, "{}"); };
  hooks.on_update = [](const std::string&) { return true; };
  web_server server(settings("s"), hooks);
  httplib::Client client("127.0.0.1", server.start());
  const auto page = client.Get("/");
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->body.find("Troupe") != std::string::npos);
  CHECK(page->body.find("Version ") != std::string::npos);
  CHECK(page->body.find("is running") != std::string::npos);
  for (auto outside : {"src=", "href=", "http:", "https:", "<script"})
    CHECK(page->body.find(outside) == std::string::npos);
  CHECK_FALSE(page->has_header("Server"));
  well = false;
  CHECK(client.Get("/")->body.find("has a problem") != std::string::npos);
  const auto is_unknown = [](const httplib::Result& r) {
    REQUIRE(r);
    CHECK(r->status == 404);
    CHECK(r->body.empty());
    CHECK_FALSE(r->has_header("Server"));
  };
  is_unknown(client.Get("/telegram/webhook"));
  is_unknown(client.Get(callback_url("", "s", 1)));
  is_unknown(client.Put("/telegram/webhook", "{}", "application/json"));
  is_unknown(client.Delete("/health"));
  is_unknown(client.Post("/", "{}", "application/json"));
  is_unknown(client.Post("/yookassa/webhook", "{}", "application/json")); // no hook for it
}

TEST_CASE("without a proxy a header names nobody, and an IPv4 peer is one on any socket") {
  web_hooks hooks;
  std::string asked;
  hooks.on_payment_notice = [](const std::string&) { return true; };
  hooks.may_notify = [&](const std::string& address) { return asked = address, false; };
  auto set = settings("s");
  set.host = "::";
  web_server server(set, hooks);
  httplib::Client client("127.0.0.1", server.start());
  const auto r = client.Post("/yookassa/webhook", {{"X-Real-IP", "185.71.76.1"}}, "{}", "application/json");
  REQUIRE(r);
  CHECK(r->status == 403);
  CHECK(r->body.empty());
  CHECK(asked == "127.0.0.1");
}

TEST_CASE("Telegram's posts need the secret, payment notices the right sender, and a false hook is a 503") {
  web_hooks hooks;
  std::string update, notice, asked;
  bool stored = true;
  hooks.on_update = [&](const std::string& body) { return update = body, stored; };
  hooks.on_payment_notice = [&](const std::string& body) { return notice = body, stored; };
  hooks.may_notify = [&](const std::string& address) { return asked = address, address == "185.71.76.1"; };
  auto set = settings("s");
  set.telegram_secret = "right";
  set.proxy_header = "X-Real-IP";
  web_server server(set, hooks);
  httplib::Client client("127.0.0.1", server.start());
  const auto post = [&](const char* path, const httplib::Headers& headers) {
    const auto r = client.Post(path, headers, "{1}", "application/json");
    REQUIRE(r);
    CHECK(r->body.empty());
    return r->status;
  };
  CHECK(post("/telegram/webhook", {}) == 403);
  CHECK(post("/telegram/webhook", {{"X-Telegram-Bot-Api-Secret-Token", "wrong"}}) == 403);
  CHECK(update.empty());
  CHECK(post("/telegram/webhook", {{"X-Telegram-Bot-Api-Secret-Token", "right"}}) == 200);
  CHECK(update == "{1}");
  CHECK(post("/yookassa/webhook", {{"X-Real-IP", "1.2.3.4"}}) == 403);
  CHECK(notice.empty());
  CHECK(post("/yookassa/webhook", {{"X-Real-IP", "185.71.76.1"}}) == 200);
  CHECK(notice == "{1}");
  stored = false;
  CHECK(post("/yookassa/webhook", {{"X-Real-IP", "185.71.76.1"}}) == 503);
  CHECK(post("/telegram/webhook", {{"X-Telegram-Bot-Api-Secret-Token", "right"}}) == 503);
}

TEST_CASE("kie's own signature is asked for when its key is known") {
  CHECK(hmac_sha256_base64("test_hmac_key", "ee9c2715375b7837f8bb51d641ff5863.1769670760") ==
        "1uHa3GW0YtgPJCuFX1XxqzQd/Y5F0oPuUVBk2BWjZcI=");
  web_hooks hooks;
  int calls = 0;
  hooks.on_callback = [&](std::int64_t, const std::string&) { ++calls; };
  auto set = settings("s");
  set.kie_webhook_key = "k";
  web_server server(set, hooks);
  httplib::Client client("127.0.0.1", server.start());
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const auto call = [&](std::int64_t at, const std::string& key) {
    const auto stamp = std::to_string(at);
    const auto r = client.Post(
        callback_url("", "s", 7),
        {{"X-Webhook-Timestamp", stamp}, {"X-Webhook-Signature", hmac_sha256_base64(key, "task_1." + stamp)}},
        R"({"data":{"taskId":"task_1"}})", "application/json");
    REQUIRE(r);
    return r->status;
  };
  CHECK(call(now, "k") == 200);
  CHECK(call(now, "other") == 401);
  CHECK(call(now - 1000, "k") == 401);
  CHECK(call(now + 1000, "k") == 401);
  CHECK(calls == 1);
}
