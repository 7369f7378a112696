#include "net/sandbox/script_words.hpp"
#include "net/sandbox/message_parts.hpp"
#include <charconv>

namespace troupe::sandbox {
namespace {

constexpr std::int64_t longest_ms = 3'600'000;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// As written: \n is a new line.
std::string unescaped(const std::string& s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool escape = s[i] == '\\' && i + 1 < s.size();
    if (escape && s[i + 1] == 'n') out += '\n', ++i;
    else if (escape && (s[i + 1] == '"' || s[i + 1] == '\\')) out += s[++i];
    else out += s[i];
  }
  return out;
}

} // namespace

script_words::script_words(int line, std::string text) : line_(line), text_(std::move(text)) {
  while (!text_.empty() && is_space(text_.back())) text_.pop_back();
}

void script_words::fail(const std::string& remedy) const { throw bad_script(line_, remedy); }

void script_words::skip() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool script_words::done() {
  skip();
  return at_ >= text_.size();
}

bool script_words::take(const std::string& words) {
  skip();
  const std::size_t end = at_ + words.size();
  if (lower(text_.substr(at_, words.size())) != words) return false;
  if (end < text_.size() && !is_space(text_[end])) return false;
  at_ = end;
  return true;
}

std::string script_words::word(const std::string& what) {
  if (done()) fail("write " + what + " at the end of the line");
  const std::size_t from = at_;
  while (at_ < text_.size() && !is_space(text_[at_])) ++at_;
  return text_.substr(from, at_ - from);
}

bool script_words::quote_comes() {
  skip();
  return text_.compare(at_, 1, "\"") == 0 || text_.compare(at_, 2, "«") == 0;
}

std::string script_words::quoted(const std::string& what) {
  if (!quote_comes()) fail("write " + what + " in quotes: \"…\"");
  const bool plain = text_[at_] == '"';
  const std::string close = plain ? "\"" : "»";
  const std::size_t from = at_ + (plain ? 1 : 2); // « has two bytes
  std::size_t end = text_.find(close, from);
  while (plain && end != std::string::npos && text_[end - 1] == '\\') end = text_.find(close, end + 1);
  if (end == std::string::npos) fail("close the quote: " + close);
  at_ = end + close.size();
  std::string inside = unescaped(text_.substr(from, end - from));
  if (inside.empty()) fail("write " + what + " between the quotes");
  return inside;
}

bool script_words::number_comes() {
  skip();
  return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9';
}

std::int64_t script_words::whole(const std::string& what, std::int64_t least, std::int64_t most) {
  skip();
  std::int64_t n = 0;
  const char* begin = text_.data() + at_;
  const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), n);
  if (error != std::errc{} || n < least || n > most)
    fail("write " + what + " as a whole number from " + std::to_string(least) + " to " +
         std::to_string(most));
  at_ += static_cast<std::size_t>(end - begin);
  return n;
}

std::int64_t script_words::duration(const std::string& what) {
  const auto n = whole(what, 0, longest_ms);
  const auto ms = take("ms") ? n : take("min") ? n * 60'000 : take("s") ? n * 1000 : -1;
  if (ms < 0 || ms > longest_ms)
    fail("write " + what + " with its unit, at most an hour: 500 ms, 2 s, 1 min");
  return ms;
}

std::int64_t script_words::percent(const std::string& what) {
  const auto n = whole(what, 0, 100);
  take("%");
  return n;
}

std::string script_words::rest() {
  skip();
  auto all = unescaped(text_.substr(at_));
  at_ = text_.size();
  return all;
}

void script_words::end() {
  if (!done()) fail("remove what stands behind the act: " + text_.substr(at_));
}

} // namespace troupe::sandbox
