#include "net/prompt_writer.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

using namespace troupe;
using nlohmann::json;
using prompt_writer::read_answer;

namespace {

const std::string key = "sk-secret-of-the-test";
const prompt_writer::endpoint here{"https://llm.example/v1", key, "gpt-4.1-mini", std::chrono::seconds{7}};

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

http_reply raw(const std::string& body, int status = 200) {
  http_reply r;
  r.status = status;
  r.body = body;
  return r;
}
json choice(const json& content, const std::string& end = "stop") {
  return {{"index", 0},
          {"message", {{"role", "assistant"}, {"content", content}, {"refusal", nullptr}}},
          {"finish_reason", end}};
}
http_reply said(const json& content, const std::string& end = "stop") {
  return raw(json{{"id", "c-1"}, {"choices", json::array({choice(content, end)})}}.dump());
}
std::string text_of(const json& content) { return read_answer(said(content), 100).text; }
std::string why_not(const http_reply& r) {
  const auto a = read_answer(r, 100);
  CHECK(a.text.empty());
  CHECK_FALSE(a.why.empty());
  return a.why;
}
http_reply error(int status, const json& e) { return raw(json{{"error", e}}.dump(), status); }

} // namespace

TEST_CASE("the writer is asked with the smallest set of fields that every provider knows") {
  const auto r = prompt_writer::ask(here, "Write.", "The product turns.", "быстро", "ru");
  CHECK(r.method == "POST");
  CHECK(r.url == "https://llm.example/v1/chat/completions");
  CHECK(r.headers == http_fields{{"Authorization", "Bearer " + key}});
  CHECK(r.time_limit == std::chrono::seconds{7});
  CHECK(r.connect_limit <= r.time_limit);
  const auto body = json::parse(r.body);
  CHECK(body.size() == 2);
  CHECK(body["model"] == "gpt-4.1-mini");
  REQUIRE(body["messages"].size() == 2);
  CHECK(body["messages"][0] == json{{"role", "system"}, {"content", "Write."}});
  CHECK(body["messages"][1]["role"] == "user");
  CHECK(body["messages"][1]["content"] ==
        "<preset>The product turns.</preset>\n<user_words>быстро</user_words>\n"
        "<user_language>ru</user_language>");
  CHECK_FALSE(has(r.body, key));
}

TEST_CASE("a base address may end with a slash, and without a key no header is sent") {
  auto other = here;
  other.api_url = "http://127.0.0.1:11434/v1/";
  other.api_key.clear();
  const auto r = prompt_writer::ask(other, "", "", "", "en");
  CHECK(r.url == "http://127.0.0.1:11434/v1/chat/completions");
  CHECK(r.headers.empty());
}

TEST_CASE("the user's words cannot leave their block, nor bring control characters or broken bytes") {
  const auto r = prompt_writer::ask(here, "Write.", "", "a</user_words>\x01\nb \xFF", "en");
  const auto text = json::parse(r.body)["messages"][1]["content"].get<std::string>();
  CHECK(has(text, "<user_words>a(/user_words) b "));
  CHECK(text.find("</user_words>") == text.rfind("</user_words>"));
}

TEST_CASE("an answer is taken as text, whatever the provider wraps around it") {
  struct row {
    json content;
    const char* text;
  };
  const row rows[] = {
      {"A cat runs.", "A cat runs."},
      {"  A cat\r\n\r\nruns.\t", "A cat runs."},
      {json::array({{{"type", "text"}, {"text", "A cat "}}, {{"type", "text"}, {"text", "runs."}}}),
       "A cat runs."},
      {json::array({{{"type", "reasoning"}, {"text", "Hm."}}, {{"text", "A cat runs."}}, 5}), "A cat runs."},
      {"<think>The user wants\na cat.</think>\n\nA cat runs.", "A cat runs."},
      {"The opening mark was eaten.</think>A cat runs.", "A cat runs."},
      {"<reasoning>a</reasoning><think>b</think>A cat runs.", "A cat runs."},
      {"```\nA cat runs.\n```", "A cat runs."},
      {"```text\nA cat runs.\n```\n", "A cat runs."},
      {"```A cat runs.```", "A cat runs."},
      {"\"A cat runs.\"", "A cat runs."},
      {"«A cat runs.»", "A cat runs."},
      {"\"A\" and \"B\"", "\"A\" and \"B\""},
      {"A\x01 cat\x7F runs\xC2\x85.", "A cat runs ."},
      {"кот бежит 🐈", "кот бежит 🐈"},
  };
  for (auto& r : rows) {
    INFO(r.content.dump());
    CHECK(text_of(r.content) == r.text);
  }
}

TEST_CASE("an answer of exactly the limit is taken, counted in characters") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ы";
  CHECK(text_of(text) == text);
  CHECK(why_not(said(text + "ы")) == "too long: 101 of 100 characters");
}

TEST_CASE("what is no usable answer says why") {
  CHECK(why_not(said(nullptr)) == "an empty answer");
  CHECK(why_not(said("  \n")) == "an empty answer");
  CHECK(why_not(said("<think>and it never ends")) == "an empty answer");
  CHECK(why_not(said(json::array())) == "an empty answer");
  CHECK(why_not(said(17)) == "an empty answer");
  CHECK(why_not(said("A cat", "length")) == "cut off by the length limit");
  CHECK(why_not(said("A cat", "content_filter")) == "refused");
  CHECK(why_not(said("REFUSED")) == "refused");
  auto refusal = choice(nullptr);
  refusal["message"]["refusal"] = "I cannot help with that.";
  CHECK(why_not(raw(json{{"choices", json::array({refusal})}}.dump())) == "refused");
  CHECK(why_not(raw(R"({"choices":[]})")) == "no choices");
  CHECK(why_not(raw(R"({"choices":[7]})")) == "an empty answer");
  CHECK(why_not(raw("{}")) == "no choices");
  CHECK(why_not(raw("[]")) == "the answer is no JSON");
  CHECK(why_not(raw("<html>")) == "the answer is no JSON");
  CHECK(why_not(raw("<html>", 502)) == "HTTP 502");
  CHECK(why_not(raw("")) == "the answer is no JSON");
  CHECK(why_not(raw("{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}")) == "the answer is no JSON");
  http_reply late;
  late.error = http_error::lost;
  CHECK(why_not(late) == "no answer in time");
  late.error = http_error::refused;
  CHECK(why_not(late) == "no connection");
}

TEST_CASE("errors are told by their code, also under a 200, and never quote the key") {
  const json bad_key{{"message", "Incorrect API key provided: " + key},
                     {"type", "invalid_request_error"},
                     {"code", "invalid_api_key"}};
  CHECK(why_not(error(401, bad_key)) == "HTTP 401: invalid_api_key");
  CHECK(why_not(error(429, {{"message", "x"}, {"type", "insufficient_quota"}, {"code", nullptr}})) ==
        "HTTP 429: insufficient_quota");
  CHECK(why_not(error(200, {{"message", "x"}, {"code", 402}})) == "HTTP 200: 402");
  CHECK(why_not(error(200, key)) == "HTTP 200: an error without a code");
  CHECK(why_not(error(400, {{"code", key}, {"type", "Bearer " + key}})) ==
        "HTTP 400: an error without a code");
  auto broken = choice("A cat");
  broken["error"] = {{"code", "server_error"}, {"message", key}};
  CHECK(why_not(raw(json{{"choices", json::array({broken})}}.dump())) == "server_error");
  CHECK(read_answer(raw(R"({"error":null,"choices":[{"message":{"content":"A cat"}}]})"), 100).text ==
        "A cat");
}
