#include "actors/writing.hpp"
#include "actors/log.hpp"
#include "net/prompt_writer.hpp"

namespace troupe::writing {
namespace {

/// One pass: words that look like {text} stay as the user wrote them.
std::string filled(const std::string& preset, const std::string& words) {
  const std::string place = "{text}";
  std::string out;
  std::size_t from = 0;
  for (auto at = preset.find(place); at != preset.npos; at = preset.find(place, from)) {
    out += preset.substr(from, at - from) + words;
    from = at + place.size();
  }
  return out + preset.substr(from);
}

constexpr auto no_words = "free choice";

} // namespace

std::string plain_prompt(const std::string& preset, const std::string& words) {
  return preset.empty() ? words : filled(preset, words.empty() ? no_words : words);
}

http_request question(const config::settings& s, const writing_request& r) {
  auto& w = s.opts.prompt_writer;
  const prompt_writer::endpoint to{w.api_url, w.api_key, w.model, std::chrono::seconds{w.time_limit_s}};
  // The words themselves go into a block of their own, where they are no orders.
  const auto preset = filled(r.preset, r.words.empty() ? no_words : "see the user's words");
  return prompt_writer::ask(to, s.instruction, preset, r.words, r.language);
}

writing_outcome outcome(const config::settings& s, const http_reply& reply) {
  auto a = prompt_writer::read_answer(reply, static_cast<std::size_t>(s.opts.prompt_writer.answer_chars_max));
  if (!a.why.empty()) log("writer")->warn("no prompt was written: {}", a.why);
  return {std::move(a.text)};
}

} // namespace troupe::writing
