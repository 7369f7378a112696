#include "net/prompt_writer.hpp"
#include "net/sandbox/writer_world.hpp"
#include "tests/catch.hpp"

using namespace troupe;
using sandbox::write_prompt;

namespace {

const prompt_writer::endpoint here{"http://x/v1", "any", "m"};

/// The answer as the engine reads it.
prompt_writer::answer asked(const std::string& words) {
  const auto q = prompt_writer::ask(here, "Write.", "The product turns.", words, "ru");
  const auto a = write_prompt(q.headers.at(0).second, q.body);
  http_reply r;
  r.status = a.status;
  r.body = a.body.dump();
  return prompt_writer::read_answer(r, 1500);
}

} // namespace

TEST_CASE("the played writer makes the same prompt of the same question") {
  const auto a = asked("красиво");
  CHECK(a.text == "The product turns. The user wants: красиво. Cinematic light, smooth motion, rich detail.");
  CHECK(asked("красиво").text == a.text);
  CHECK(asked("").text == "The product turns. Cinematic light, smooth motion, rich detail.");
}

TEST_CASE("the played writer fails, refuses and dawdles by marks in the user's words") {
  CHECK(asked("x [[writer:fail]]").why == "HTTP 503: server_is_overloaded");
  CHECK(asked("x [[writer:refuse]]").why == "refused");
  const auto slow = prompt_writer::ask(here, "", "", "[[writer:slow]]", "en");
  CHECK(write_prompt("Bearer any", slow.body).wait_ms > 20'000);
}

TEST_CASE("the played writer checks what the real one checks") {
  CHECK(write_prompt("", "{}").status == 401);
  CHECK(write_prompt("Bearer any", "{").status == 400);
  CHECK(write_prompt("Bearer any", "{}").body["error"]["param"] == "model");
  CHECK(write_prompt("Bearer any", R"({"model":"m"})").body["error"]["param"] == "messages");
}
