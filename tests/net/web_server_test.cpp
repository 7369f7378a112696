#include "net/web_server.hpp"
#include "tests/catch.hpp"

#include <httplib.h>

#include <mutex>
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
