#include "net/prompt_writer.hpp"
#include "tests/fuzz/edge.hpp"

// What a language model writes: the prompt of a paid video.

using namespace troupe;
using namespace troupe::fuzz;

EDGE(writer_answers) {
  const std::size_t most = 1 + in.byte();
  const auto reply = reply_of(in);
  const auto a = prompt_writer::read_answer(reply, most);
  must(a.text.empty() != a.why.empty(), "a prompt, or why there is none");
  must(is_utf8(a.text) && characters(a.text) <= most, "a prompt has the permitted length");
  must((a.what == outside::end::done) == !a.text.empty(), "done is a prompt");
  must(characters(a.why) <= 400 && is_utf8(a.why), "the reason is short");
  for (const unsigned char c : a.text) must(c >= 0x20 && c != 0x7F, "a prompt is one line of plain text");
  const auto asked =
      prompt_writer::ask({"http://w/v1", "sk-secret", "m", {}}, "", reply.body, reply.body, "ru");
  must(is_utf8(asked.body), "what the model is asked is UTF-8");
}
