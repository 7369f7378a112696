#include "net/web_server.hpp"
#include "tests/net/own_certificate.hpp"
#include "tests/net/stranger.hpp"

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

static constexpr std::int64_t made = 1'700'000'000'000;

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
  hooks.on_callback = [&](const web_callback& c, const web_hooks::told& told) {
    if (c.job_id == 13) throw std::runtime_error("secret words");
    if (c.job_id == 14) return told(404); // void
    const std::lock_guard lock(mutex);
    calls.emplace_back(c.job_id, c.task_id);
    CHECK(c.created_at == made);
    told(200);
  };
  web_server server(settings("s3"), hooks);
  const int port = server.start();
  const auto path = [](std::int64_t job) { return callback_url("", "s3", job, made); };
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
        "/kie/callback/43" + path(42).substr(16), std::string("/else"), std::string("/health"),
        callback_url("", "s3", 42, made + 1).substr(0, 31) + path(42).substr(31), // another moment
        "/kie/callback/42/" + hmac_sha256_hex("s3", "42"),                        // as it was before
        callback_url("", "", 42, made), callback_url("", "s4", 42, made), path(14), path(42) + "/",
        path(-42)}) {
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
  hooks.on_update = [](const std::string&, const web_hooks::told& told) { told(200); };
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
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{18}; // 15 for the whole
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
  hooks.on_update = [&](const std::string& body, const web_hooks::told& told) {
    taken = body.size();
    told(200);
  };
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

TEST_CASE(
    "so many posts wait for the store, then the next is told to come again and health is answered still") {
  std::mutex mutex;
  std::vector<web_hooks::told> waiting;
  web_hooks hooks;
  hooks.health = [] { return std::pair<int, std::string>(200, "{}"); };
  hooks.on_update = [&](const std::string&, web_hooks::told told) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(told));
  };
  auto set = settings("s");
  set.telegram_secret = "t";
  web_server server(set, hooks);
  const int port = server.start();
  const std::string post = "POST /telegram/webhook HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token: t\r\n"
                           "Content-Length: 2\r\n\r\n{}";
  std::vector<test::stranger> posts;
  for (std::size_t i = 0; i < room_for_updates.waiting; ++i) {
    posts.emplace_back(port);
    posts.back().say(post);
  }
  const auto arrived = [&] {
    const std::lock_guard lock(mutex);
    return waiting.size();
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (arrived() < room_for_updates.waiting && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  REQUIRE(arrived() == room_for_updates.waiting);
  test::stranger one_more{port}, neighbour{port};
  one_more.say(post.substr(0, post.size() - 2)); // before its body is read
  CHECK(one_more.status_within(std::chrono::seconds{1}) == 503);
  neighbour.say("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(neighbour.status_within(std::chrono::seconds{1}) == 200);
  for (auto& told : waiting) told(200);
  for (auto& p : posts) CHECK(p.status_within(std::chrono::seconds{2}) == 200);
  test::stranger again{port};
  again.say(post);
  while (arrived() == room_for_updates.waiting && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  waiting.back()(200);
  CHECK(again.status_within(std::chrono::seconds{1}) == 200);
}

TEST_CASE("of the sender of a notice one line is believed, of a proxy that we know, its last word") {
  web_hooks hooks;
  std::atomic<int> notices{0};
  hooks.on_payment_notice = [&](const std::string&, const web_hooks::told& told) {
    ++notices;
    told(200);
  };
  hooks.may_notify = [](std::string_view address) { return address == "185.71.76.1"; };
  auto set = settings("s");
  set.proxy_header = "X-Forwarded-For";
  set.proxies = {"10.0.0.0/8", "127.0.0.1"};
  const auto status = [&](const web_settings& with, const std::string& lines) {
    web_server server(with, hooks);
    test::stranger s{server.start()};
    s.say("POST /yookassa/webhook HTTP/1.1\r\nHost: a\r\n" + lines + "Content-Length: 2\r\n\r\n{}");
    return s.status_within(std::chrono::seconds{1});
  };
  const std::string shop = "X-Forwarded-For: 185.71.76.1\r\n", other = "X-Forwarded-For: 6.6.6.6\r\n";
  CHECK(status(set, shop) == 200);
  CHECK(status(set, "x-forwarded-for:6.6.6.6,\t185.71.76.1 \r\n") == 200);
  CHECK(notices == 2);
  CHECK(status(set, "") == 403);
  CHECK(status(set, other) == 403);
  CHECK(status(set, shop + other) == 403);
  CHECK(status(set, other + shop) == 403);
  CHECK(status(set, shop + shop) == 403);
  CHECK(status(set, "X-Forwarded-For: 185.71.76.1, 6.6.6.6\r\n") == 403);
  for (const std::string bad :
       {"185.71.76.1,", "", " ", "185.71.76.1:443", "shop", "185.71.76.1 6.6.6.6", "%31"})
    CHECK(status(set, "X-Forwarded-For: " + bad + "\r\n") == 403);
  set.proxies = {"10.0.0.0/8"}; // near us, but none that we know
  CHECK(status(set, shop) == 403);
  set.proxies = {};
  CHECK(status(set, shop) == 403);
  CHECK(notices == 2);
  set.proxies = {"10.0.0.0/33"};
  CHECK_THROWS_AS(web_server(set, hooks), std::runtime_error);
}

TEST_CASE("two lines of a secret, or of kie's signature, prove nothing") {
  web_hooks hooks;
  std::atomic<int> taken{0};
  hooks.on_update = [&](const std::string&, const web_hooks::told& told) { ++taken, told(200); };
  hooks.on_callback = [&](const web_callback&, const web_hooks::told& told) { ++taken, told(200); };
  auto set = settings("s");
  set.telegram_secret = "t", set.kie_webhook_key = "k";
  web_server server(set, hooks);
  const int port = server.start();
  const auto status = [&](const std::string& path, const std::string& lines) {
    test::stranger s{port}; // the body never comes: it is the head that is judged
    s.say("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + lines + "Content-Length: 2\r\n\r\n");
    return s.status_within(std::chrono::milliseconds{500});
  };
  const std::string secret = "X-Telegram-Bot-Api-Secret-Token: t\r\n";
  CHECK(status("/telegram/webhook", secret + secret) == 403);
  CHECK(status("/telegram/webhook", secret + "X-Telegram-Bot-Api-Secret-Token: u\r\n") == 403);
  CHECK(status("/telegram/webhook", "X-Telegram-Bot-Api-Secret-Token: %74\r\n") == 403);
  CHECK(status("/telegram/webhook", secret) == 0); // it waits for the body
  const auto now = std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  const auto stamp = "X-Webhook-Timestamp: " + now + "\r\n", sign = std::string{"X-Webhook-Signature: x\r\n"};
  const auto path = callback_url("", "s", 7, made);
  CHECK(status(path, "") == 401);
  CHECK(status(path, stamp) == 401);
  CHECK(status(path, stamp + stamp + sign) == 401);
  CHECK(status(path, stamp + sign + sign) == 401);
  CHECK(status(path, "X-Webhook-Timestamp: 1\r\n" + sign) == 401);
  CHECK(status(path, stamp + sign) == 0);
  CHECK(taken == 0);
}

TEST_CASE("addresses of two bots, or two databases, with one secret are not each other's") {
  const auto key = callback_key("secret", 7, "d1");
  CHECK(key == callback_key("secret", 7, "d1"));
  for (const auto& other :
       {callback_key("secret", 7, "d2"), callback_key("secret", 8, "d1"), callback_key("Secret", 7, "d1")}) {
    CHECK(other != key);
    CHECK(callback_url("", other, 1, made) != callback_url("", key, 1, made));
  }
  CHECK(callback_url("", key, 1, made) != callback_url("", key, 1, made + 1));
  CHECK(callback_url("", key, 1, 11) != callback_url("", key, 11, 1));
}

TEST_CASE("with a certificate the server speaks TLS, also while others never finish a handshake") {
  test::own_certificate own;
  web_hooks hooks;
  hooks.on_update = [](const std::string& body, const web_hooks::told& told) {
    told(body == "{1}" ? 200 : 503);
  };
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
  hooks.on_update = [](const std::string&, const web_hooks::told& told) { told(200); };
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
  is_unknown(client.Get(callback_url("", "s", 1, made)));
  const auto put = client.Put("/telegram/webhook", "{}", "application/json");
  REQUIRE(put);
  CHECK(put->status == 400); // a body where none is
  is_unknown(client.Delete("/health"));
  is_unknown(client.Post("/", "{}", "application/json"));
  is_unknown(client.Post("/yookassa/webhook", "{}", "application/json")); // no hook for it
}

TEST_CASE("without a proxy a header names nobody, and an IPv4 peer is one on any socket") {
  web_hooks hooks;
  std::string asked;
  hooks.on_payment_notice = [](const std::string&, const web_hooks::told& told) { told(200); };
  hooks.may_notify = [&](std::string_view address) { return asked = address, false; };
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
  hooks.on_update = [&](const std::string& body, const web_hooks::told& told) {
    update = body;
    told(stored ? 200 : 503);
  };
  hooks.on_payment_notice = [&](const std::string& body, const web_hooks::told& told) {
    notice = body;
    told(stored ? 200 : 503);
  };
  hooks.may_notify = [&](std::string_view address) { return asked = address, address == "185.71.76.1"; };
  auto set = settings("s");
  set.telegram_secret = "right";
  set.proxy_header = "X-Real-IP";
  set.proxies = {"127.0.0.0/8"};
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
  hooks.on_callback = [&](const web_callback&, const web_hooks::told& told) {
    ++calls;
    told(200);
  };
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
        callback_url("", "s", 7, made),
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
