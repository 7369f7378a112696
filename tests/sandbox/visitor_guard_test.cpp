#include "net/sandbox/sandbox.hpp"
#include "net/sandbox/visitor_guard.hpp"
#include "net/transport.hpp"
#include "tests/catch.hpp"
#include <httplib.h>

using namespace troupe;
using namespace troupe::sandbox;

namespace {

visit from_our_page(const std::string& method, const std::string& path) {
  visit v;
  v.method = method, v.path = path, v.host = "127.0.0.1:8081";
  v.fetch_site = "same-origin", v.fetch_mode = "cors";
  if (method == "POST")
    v.origin = "http://127.0.0.1:8081", v.content_type = "application/json", v.has_body = true;
  return v;
}
bool passes(const visit& v, const std::string& host = "127.0.0.1", const std::string& key = "") {
  return !visitor_guard{host, 8081, key}.refusal(v).has_value();
}

} // namespace

TEST_CASE("our own page, a program and a person who opens an address are let in") {
  CHECK(passes(from_our_page("GET", "/sandbox/users")));
  CHECK(passes(from_our_page("POST", "/sandbox/engine")));
  visit program;
  program.method = "POST", program.path = "/sandbox/send", program.host = "127.0.0.1:8081";
  program.content_type = "application/json", program.has_body = true;
  CHECK(passes(program));
  program.path = "/bot1000001:sandbox/sendMessage", program.content_type = "multipart/form-data; boundary=x";
  CHECK(passes(program));
  visit opened;
  opened.method = "GET", opened.path = "/", opened.host = "localhost:8081", opened.fetch_site = "none",
  opened.fetch_mode = "navigate";
  CHECK(passes(opened));
  opened.fetch_site = "cross-site"; // a link in a mail
  CHECK(passes(opened));
}

TEST_CASE("a page from elsewhere makes the sandbox do nothing and reads nothing") {
  auto forged = from_our_page("POST", "/sandbox/engine"); // as a form or fetch() of another page sends it
  forged.origin = "https://evil.example", forged.fetch_site = "cross-site",
  forged.content_type = "text/plain";
  CHECK_FALSE(passes(forged));
  forged.fetch_site.clear(); // a browser that says less
  CHECK_FALSE(passes(forged));
  forged.origin = "null";
  CHECK_FALSE(passes(forged));
  forged.origin.clear(); // and nothing of where it comes from
  CHECK_FALSE(passes(forged));

  auto rebound = from_our_page("GET", "/sandbox/http"); // a name of theirs that leads to this machine
  for (const char* host :
       {"evil.example", "evil.example:8081", "127.0.0.1.evil.example:8081", "localhost:9", ""}) {
    CAPTURE(host);
    rebound.host = host;
    CHECK_FALSE(passes(rebound));
  }

  visit picture; // <img src="http://127.0.0.1:8081/bot.../sendMessage?...">
  picture.method = "GET", picture.path = "/bot1000001:sandbox/sendMessage", picture.host = "127.0.0.1:8081";
  picture.fetch_site = "cross-site", picture.fetch_mode = "no-cors";
  CHECK_FALSE(passes(picture));
  picture.fetch_mode = "navigate"; // a link that does something is no page to open
  CHECK_FALSE(passes(picture));
}

TEST_CASE("on a host that others reach a key is asked for, except by the bot") {
  auto v = from_our_page("GET", "/sandbox/users");
  v.host = "sandbox.internal:8081";
  CHECK_FALSE(passes(v, "0.0.0.0", "secret-key"));
  v.key = "secret-kez";
  CHECK_FALSE(passes(v, "0.0.0.0", "secret-key"));
  v.key = "secret-key";
  CHECK(passes(v, "0.0.0.0", "secret-key"));
  v.key.clear();
  v.path = "/bot1000001:sandbox/getMe";
  CHECK(passes(v, "0.0.0.0", "secret-key"));
}

TEST_CASE("the running sandbox refuses what no page of its own asks, and shows files as files") {
  settings s;
  s.port = 0, s.clips = false;
  server running{s};
  httplib::Client http{"127.0.0.1", running.start()};
  const httplib::Headers forged{{"Origin", "https://evil.example"}};
  CHECK(http.Post("/sandbox/engine", forged, R"({"do":"kill"})", "text/plain")->status == 403);
  CHECK(http.Post("/sandbox/users", R"({"id":1})", "text/plain")->status == 403);
  CHECK(http.Post("/sandbox/users", R"({"id":1})", "application/json")->status == 200);
  for (const char* path : {"/sandbox/http", "/sandbox/operator", "/sandbox/users"}) {
    CAPTURE(path);
    CHECK(http.Get(path, {{"Host", "evil.example"}})->status == 403);
    CHECK(http.Get(path)->status == 200);
  }
  const auto page = http.Get("/");
  CHECK(page->get_header_value("Content-Security-Policy").find("frame-ancestors 'none'") !=
        std::string::npos);

  const auto sent = http.Post(
      "/sandbox/send",
      R"({"user_id":515151515,"document_base64":"PHNjcmlwdD4=","file_name":"a.html","content_type":"text/html"})",
      "application/json");
  REQUIRE(sent->status == 200);
  const auto message = nlohmann::json::parse(sent->body);
  const auto file = http.Get("/sandbox/file/" + message.at("document").at("file_id").get<std::string>());
  REQUIRE(file->status == 200);
  CHECK(file->get_header_value("Content-Disposition") == "attachment");
  CHECK(file->get_header_value("X-Content-Type-Options") == "nosniff");
  CHECK(file->get_header_value("Content-Security-Policy").starts_with("sandbox"));

  const auto button = [&](const std::string& url) {
    return http
        .Post("/bot1000001:sandbox/sendMessage",
              nlohmann::json{{"chat_id", 515151515},
                             {"text", "x"},
                             {"reply_markup", {{"inline_keyboard", {{{{"text", "b"}, {"url", url}}}}}}}}
                  .dump(),
              "application/json")
        ->status;
  };
  CHECK(button("https://example.org") == 200);
  CHECK(button("javascript:alert(1)") == 400);
}
