#pragma once
/// The final prompt of a photo: a preset and the user's words, put together plainly or by the prompt writer.
#include "config/config.hpp"
#include "messages/http.hpp"
#include <string>

namespace troupe {

/// What the writer shall write.
struct writing_request {
  std::string preset; ///< Its template; "": the user's words are all there is.
  std::string words;
  std::string language;
};

struct writing_outcome {
  std::string prompt; ///< "": it has not worked.
};

namespace writing {

/// Without a writer: the template with the words in their place, or the words alone.
std::string plain_prompt(const std::string& preset, const std::string& words);

http_request question(const config::settings& s, const writing_request& r);
/// Logs why there is no prompt.
writing_outcome outcome(const config::settings& s, const http_reply& reply);

} // namespace writing
} // namespace troupe
