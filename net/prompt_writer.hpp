#pragma once
/// A language model that writes the final prompt of a video, by the chat completions protocol that OpenAI and
/// many others speak. Plain functions: a request out, an answer in.
#include "messages/http.hpp"
#include "net/outside_answer.hpp"
#include <cstddef>
#include <string>

namespace troupe::prompt_writer {

struct endpoint {
  std::string api_url; ///< Up to and with the version: "https://api.openai.com/v1"
  std::string api_key; ///< "": sent without one
  std::string model;
  std::chrono::milliseconds time_limit{20'000};
};

/// `preset` may be "", then the user's words are all there is. `language`: "ru", "en".
http_request ask(const endpoint& e, const std::string& instruction, const std::string& preset,
                 const std::string& users_text, const std::string& language);

/// failed: the model or the server has said no. pending: it was not heard; nobody waits for it, the user's
/// own words are taken.
struct answer {
  std::string text; ///< The prompt, "" when there is none.
  std::string why;  ///< Why there is none, for the log; holds no key and no words of the user.
  outside::end what = outside::end::failed;
};
/// Never throws. Reasoning, fences, quotes and control characters are taken off; a text of more than
/// `chars_max` characters is none.
answer read_answer(const http_reply& reply, std::size_t chars_max);

} // namespace troupe::prompt_writer
