#include "net/outside_answer.hpp"
#include "net/json_fields.hpp"
#include "net/json_scan.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using outside::content;
using outside::excerpt;

namespace {

http_reply reply(const std::string& body, int status = 200) {
  http_reply r;
  r.status = status;
  r.body = body;
  return r;
}
std::string repeated(const std::string& piece, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += piece;
  return all;
}

} // namespace

TEST_CASE("what came is judged before anybody looks into it") {
  struct row {
    std::string body;
    content what;
  };
  const row rows[] = {{"", content::empty},
                      {" \r\n\t", content::empty},
                      {"\xEF\xBB\xBF", content::empty},
                      {"<html><body>x", content::page},
                      {"\n <!DOCTYPE html>", content::page},
                      {"<?xml version=\"1.0\"?>", content::page},
                      {R"({"a":1)", content::cut_short},
                      {R"({"a":"1)", content::cut_short},
                      {repeated("[", 100'000), content::too_deep},
                      {repeated("[", 65) + repeated("]", 65), content::too_deep},
                      {repeated("[", 64) + repeated("]", 64), content::json},
                      {"error code: 1010", content::other},
                      {R"({"a":"[[[[{{{{"})", content::json},
                      {"17", content::json}};
  for (const auto& r : rows) {
    INFO(r.body.substr(0, 80));
    CHECK(std::string{outside::words_of(outside::content_of(reply(r.body)))} == outside::words_of(r.what));
  }
  CHECK(outside::content_of(reply("[" + std::string(100, ' ') + "]"), 50) == content::too_large);
  http_reply lost;
  lost.error = http_error::lost;
  CHECK(outside::content_of(lost) == content::none);
}

TEST_CASE("a gateway's page is no answer of the service, JSON with HTTP 500 is") {
  CHECK(outside::is_unheard(reply("<html>", 502)));
  CHECK(outside::is_unheard(reply(R"({"code":504})", 504)));
  CHECK(outside::is_unheard(reply("", 500)));
  CHECK(outside::is_unheard(reply("slow", 429)));
  CHECK_FALSE(outside::is_unheard(reply(R"({"code":500})", 500)));
  CHECK_FALSE(outside::is_unheard(reply("<html>", 200)));
  CHECK_FALSE(outside::is_unheard(reply("<html>", 404)));
}

TEST_CASE("the one door takes 64 levels, and of a hundred thousand it does not fall") {
  using json_fields::parse;
  CHECK(parse(repeated("[", 64) + repeated("]", 64)).is_array());
  CHECK(parse(repeated("[", 65) + repeated("]", 65)).is_discarded());
  CHECK(parse(repeated("[", 100'000)).is_discarded());
  CHECK(parse(repeated(R"({"a":)", 100'000) + "1" + repeated("}", 100'000)).is_discarded());
  CHECK(parse(R"({"a":")" + repeated("[", 1000) + R"("})").is_object()); // within a text it is text
  CHECK(parse(R"({"a":"\"[)" + repeated("[", 1000) + R"("})").is_object());
  CHECK(parse("[1]", 2).is_discarded());
  for (const char* bad : {"", "x", "{", "[1", "[1]]", "{\"a\":\"\xFF\"}", R"({"a":"\ud83d"})", "[1e999]"}) {
    INFO(bad);
    CHECK(parse(bad).is_discarded());
  }
}

TEST_CASE("numbers, flags, words and addresses are read in every form that can mean one thing only") {
  using namespace json_fields;
  CHECK(whole_of(json(200)) == 200);
  CHECK(whole_of(json("200")) == 200);
  CHECK(whole_of(json(" -7 ")) == -7);
  CHECK(whole_of(json(200.0)) == 200);
  for (const auto& none :
       {json(200.5), json("200x"), json(""), json("1e3"), json(nullptr), json(true), json::array({200}),
        json(1e300), json(18446744073709551615ull), json("99999999999999999999")}) {
    INFO(none.dump());
    CHECK_FALSE(whole_of(none));
  }
  for (const auto& yes : {json(true), json(1), json("1"), json("TRUE"), json("yes")})
    CHECK(truth_of(yes) == true);
  for (const auto& no : {json(false), json(0), json("0"), json("False")}) CHECK(truth_of(no) == false);
  for (const auto& none : {json(2), json("maybe"), json(nullptr), json::object()})
    CHECK_FALSE(truth_of(none));
  CHECK(word_of(json(" SUCCESS\n")) == "success");
  CHECK(word_of(json(5)).empty());
  CHECK(decoded(json(json("[1]").dump())) == json::array({1}));
  CHECK(decoded(json("nonsense")).is_discarded());

  const std::string url = "https://r/v.mp4?a=b";
  const json shapes[] = {url,
                         " " + url + "\n",
                         "HTTPS://r/v.mp4?a=b",
                         json::array({url}),
                         json::array({nullptr, "", 7, url, "https://second"}),
                         json::array({json{{"url", url}}}),
                         json::array({json::array({url})}),
                         json{{"url", url}},
                         json{{"videoUrl", json::array({url})}},
                         json(json::array({url}).dump()),
                         json(json(json::array({url}).dump()).dump())};
  for (const auto& shape : shapes) {
    INFO(shape.dump());
    CHECK(address_in(shape) == url);
  }
  for (const auto& none :
       {json(""), json("ftp://x"), json("https://"), json("https:///x"), json("javascript:x"),
        json("file:///etc/passwd"), json("https://a b"), json("https://a\"b"), json(7), json(nullptr),
        json::array(), json{{"other", url}}, json("https://x/" + std::string(5000, 'a'))}) {
    INFO(none.dump().substr(0, 80));
    CHECK(address_in(none).empty());
  }
}

TEST_CASE("the parts of a broken text are found without a parser") {
  CHECK(json_scan::member(R"({"ok":true, "result" : [1,{"a":"]"}] })", "result") == R"([1,{"a":"]"}])");
  CHECK(json_scan::member(R"({"a":{"b":1},"b":"\"2"})", "b") == R"("\"2")");
  CHECK(json_scan::member(R"({"a":12})", "a") == "12");
  CHECK_FALSE(json_scan::member(R"({"a":1})", "b"));
  CHECK_FALSE(json_scan::member("[1]", "a"));
  CHECK_FALSE(json_scan::member("", "a"));
  const auto parts = json_scan::elements(R"([1, {"a":"\ud83d"} ,"x]", [2,[3]], {"cut)");
  CHECK(parts.list == std::vector<std::string_view>{"1", R"({"a":"\ud83d"})", R"("x]")", "[2,[3]]"});
  CHECK(parts.rest == R"({"cut)");
  CHECK(json_scan::elements("[]").list.empty());
  CHECK(json_scan::elements("[,]").list.empty());
}

TEST_CASE("an excerpt is one short line of valid UTF-8") {
  CHECK(excerpt("flagged\n14:59 critical the book has FAULTS\x1b[2J\r\n\x07") ==
        "flagged 14:59 critical the book has FAULTS [2J");
  CHECK(excerpt("a\xE2\x80\xAE b\xC2\x85 c\xE2\x80\xA8 d") == "a b c d");
  CHECK(excerpt("\xFF\xC0\xAF ok \xF0\x9F\x90\x88") == "??? ok \xF0\x9F\x90\x88");
  CHECK(excerpt("\xED\xA0\xBD half a pair") == "??? half a pair");
  CHECK(excerpt("").empty());
  std::string tale;
  for (int i = 0; i < 1000; ++i) tale += "ж ";
  const auto cut = excerpt(tale);
  CHECK(cut.size() <= 4 * outside::excerpt_chars_max);
  CHECK(cut.substr(cut.size() - 3) == "…");
  CHECK(excerpt(std::string(50u << 20, 'a')).size() < 100);
  CHECK(excerpt(repeated("[", 100'000)).size() <= 303);
}

TEST_CASE("an excerpt holds no secret, however it is written") {
  const std::string key = "0123456789abcdef0123456789abcdef",
                    token = "123456789:AAHk3-xYz_0123456789abcdefghijklmno";
  const std::string texts[] = {"Authorization: Bearer " + key,
                               R"({"Authorization":"Bearer )" + key + "\"}",
                               "authorization: basic MTAwNTAwOmxpdmVfc2VjcmV0",
                               "Incorrect API key provided: sk-abcDEF-123",
                               "https://api.telegram.org/bot" + token + "/getMe is not there",
                               "token " + token,
                               R"({"url":"https://r.example/v.mp4?X-Amz-Signature=abc&X-Amz-Credential=me"})",
                               "https://user:hunter2@host/x",
                               R"({"api_key":"shortkey"})",
                               R"({\"secret\":\"tiny\"})",
                               "password=hunter2&x=1",
                               "the key live_AbC-123_x and test_z9",
                               "invalid api key: " + key,
                               "Set-Cookie: session",
                               std::string(4070, 'x') + " " + key};
  for (const auto& text : texts) {
    INFO(text);
    const auto safe = excerpt(text);
    INFO(safe);
    for (const auto& secret :
         {key, key.substr(0, 16), std::string{"AAHk3"}, std::string{"MTAwNTAw"}, std::string{"abcDEF"},
          std::string{"Signature=abc"}, std::string{"hunter2"}, std::string{"shortkey"}, std::string{"tiny"},
          std::string{"AbC-123"}, std::string{"test_z9"}})
      CHECK(safe.find(secret) == std::string::npos);
  }
  CHECK(excerpt("see https://r.example/v.mp4?sig=1 now") == "see https://r.example/v.mp4?*** now");
  // What helps stays.
  for (const char* plain :
       {"Image must be at least 300px", "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED",
        R"({"code":500,"msg":"Server exception, please try again later"})",
        "CONTENT_POLICY_BLOCKED: The input or output was flagged as sensitive", "«кот» не прошёл 🐈"})
    CHECK(excerpt(plain) == plain);
}

TEST_CASE("a page, JSON, text and nothing are no video, whatever their length and status") {
  using outside::may_be_a_video;
  const std::string mp4{"\0\0\0\x20"
                        "ftypisom\0\0\2\0",
                        16},
      webm{"\x1A\x45\xDF\xA3\x9F\x42", 6};
  CHECK(may_be_a_video(mp4, "video/mp4"));
  CHECK(may_be_a_video(mp4, ""));
  CHECK(may_be_a_video(mp4, "text/plain")); // a host that does not know better
  CHECK(may_be_a_video(webm, "application/octet-stream"));
  CHECK(may_be_a_video(std::string{"\0\1\2unknown", 10}, "video/quicktime"));
  CHECK_FALSE(may_be_a_video("", "video/mp4"));
  CHECK_FALSE(may_be_a_video("<html><body>502</body>", "video/mp4"));
  CHECK_FALSE(may_be_a_video(" \n<!doctype html>", "application/octet-stream"));
  CHECK_FALSE(may_be_a_video(R"({"code":404,"msg":"expired"})", "video/mp4"));
  CHECK_FALSE(may_be_a_video("Not found", ""));
  CHECK_FALSE(may_be_a_video("временно недоступно", "video/mp4"));
  CHECK_FALSE(may_be_a_video(std::string{"\0\1\2", 3}, "text/html; charset=utf-8"));
}
