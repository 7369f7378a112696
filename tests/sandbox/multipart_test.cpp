#include "net/sandbox/multipart.hpp"
#include "net/sandbox/sandbox.hpp"
#include "tests/catch.hpp"
#include <nlohmann/json.hpp>

using namespace troupe::sandbox;

namespace {

std::string part(const std::string& head, const std::string& content) {
  return "--b\r\n" + head + "\r\n\r\n" + content + "\r\n";
}

} // namespace

TEST_CASE("parts are read with names in quotes and without, in any case of the headers") {
  const auto parts = read_multipart(
      part("content-disposition:form-data;name=\"one\";filename=a.png\r\ncontent-type:image/png", "\r\n--a") +
          part("Content-Disposition: form-data; name=two; filename=\"a;b \\\"c\\\".txt\"", "") + "--b--\r\n",
      "b");
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].name == "one");
  CHECK(parts[0].filename == "a.png");
  CHECK(parts[0].content_type == "image/png");
  CHECK(parts[0].content == "\r\n--a");
  CHECK(parts[1].name == "two");
  CHECK(parts[1].filename == "a;b \"c\".txt");
  CHECK(parts[1].content.empty());
}

TEST_CASE("a boundary is found with quotes and without, and only of many parts") {
  CHECK(boundary_of("multipart/form-data; boundary=abc") == "abc");
  CHECK(boundary_of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"") == "a b");
  CHECK_FALSE(boundary_of("multipart/form-data"));
  CHECK_FALSE(boundary_of("multipart/form-data; boundary="));
  CHECK_FALSE(boundary_of("application/json; boundary=abc"));
}

TEST_CASE("a body that is cut off, empty or nonsense gives what is whole in it") {
  const auto whole = part("Content-Disposition: form-data; name=\"one\"", "1") +
                     part("Content-Disposition: form-data; name=\"two\"", "2") + "--b--\r\n";
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    const auto parts = read_multipart(whole.substr(0, n), "b");
    CHECK(parts.size() <= 2);
    for (const auto& p : parts) CHECK((p.content == "1" || p.content == "2"));
  }
  CHECK(read_multipart(whole, "b").size() == 2);
  CHECK(read_multipart("nonsense", "b").empty());
  CHECK(read_multipart("--b\r\n\r\n\r\n--b--", "b").empty());
  CHECK(read_multipart(part("Content-Disposition: form-data", "x") + "--b--", "b").empty());
  CHECK(read_multipart(part("=;=;name", "x") + "--b--", "b").empty());
}

TEST_CASE("parts beyond the most are left out") {
  std::string body;
  for (std::size_t i = 0; i < multipart_parts_max + 5; ++i)
    body += part("Content-Disposition: form-data; name=x", "1");
  CHECK(read_multipart(body + "--b--", "b").size() == multipart_parts_max);
}

TEST_CASE("the sandbox's Telegram takes a file whose name has no quotes") {
  server s{{.port = 0, .clips = false}};
  httplib::Client http("127.0.0.1", s.start());
  const std::string body = part("content-disposition:form-data;name=\"chat_id\"", "515151515") +
                           part("content-disposition:form-data;name=\"photo\"", "attach://x") +
                           part("content-disposition:form-data;name=\"x\";filename=a.png", "picture") +
                           "--b--\r\n";
  const auto r = http.Post("/bot1000001:sandbox/sendPhoto", body, "multipart/form-data; boundary=b");
  REQUIRE(r);
  INFO(r->body);
  CHECK(r->status == 200);
  const auto seen = http.Get("/sandbox/violations");
  REQUIRE(seen);
  CHECK(nlohmann::json::parse(seen->body)["total"] == 0);
}
