#pragma once
/// What the services outside answer, judged the same way for all of them. The clients (kie, telegram,
/// yookassa, prompt_writer) are built on it; how their JSON is read is in json_fields.hpp.
#include "messages/http.hpp"
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::outside {

/// Every question to the outside ends in one of these. `pending` is only what says so itself, or no answer at
/// all; what nobody can read is no "not yet": it is told at once, tried a few times, and then ends for its
/// own reason.
enum class end : std::uint8_t { pending, done, failed, not_understood };
constexpr const char* name_of(end e) {
  constexpr const char* names[] = {"pending", "done", "failed", "not understood"};
  return names[static_cast<int>(e)];
}

/// Deeper JSON is none: to copy or to write it takes a stack that no thread has.
inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::size_t json_bytes_max = 8u << 20;
inline constexpr std::size_t excerpt_chars_max = 300;

/// What came, before anybody looks into it.
enum class content : std::uint8_t {
  none,      ///< No answer: see http_reply::error.
  empty,     ///< An answer without a word.
  page,      ///< HTML or XML: a proxy's or a host's own page, whatever the status says.
  cut_short, ///< JSON that stops before its end.
  too_deep,
  too_large,
  other, ///< Any other text or bytes.
  json
};
const char* words_of(content c);
content content_of(const http_reply& reply, std::size_t bytes_max = json_bytes_max);

/// The service was not heard: no connection, no answer in time, or a gateway or a limiter that spoke in its
/// place (429, 5xx without JSON). It says nothing of what was asked.
bool is_unheard(const http_reply& reply);

/// described() of http_error::no_file: it is not there, or is not what was fetched.
inline constexpr auto file_missing = "the file to send is missing";

/// One line for the log: "HTTP 200, a page instead of an answer: <html>...". Safe, as `excerpt()` is.
std::string described(const http_reply& reply);

/// A piece of a foreign text for logs and operators: one line of valid UTF-8, at most `chars_max` characters,
/// and without what could be a secret: authorisations, tokens, keys, and the queries of addresses.
std::string excerpt(std::string_view text, std::size_t chars_max = excerpt_chars_max);

/// By the first bytes of a file, and what the host called it: a video that a player might know. An error
/// page, JSON, text and nothing at all are none. Whether it can be played is for ffprobe to say.
bool may_be_a_video(std::string_view first_bytes, const std::string& content_type);

/// "" when the answer had no such header; `name` in lower case.
std::string header_of(const http_reply& reply, std::string_view name);

} // namespace troupe::outside
