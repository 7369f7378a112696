#include "net/http_head.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Who sends two of these hopes that two readers believe different ones.
constexpr std::string_view single[] = {"Host", "Content-Length", "Transfer-Encoding", "Content-Type"};

bool has_parts(const http_head& head) {
  constexpr std::string_view parts = "multipart/";
  const auto type = head.only("Content-Type").value_or("");
  return same_word(type.substr(0, parts.size()), parts);
}

} // namespace

std::size_t http_head::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const auto& line) { return same_word(line.first, name); }));
}

std::optional<std::string_view> http_head::only(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& [its, value] : headers) {
    if (!same_word(its, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

int refusal_of(const http_head& head) {
  for (const auto name : single)
    if (head.count(name) > 1) return 400;
  if (head.count("Content-Encoding") > 0 || has_parts(head)) return 415;
  if (head.count("Expect") > 0) return 417;
  const bool posts = head.method == "POST";
  const auto length = length_of(head);
  if (!length || (!posts && *length > 0)) return 400;
  if (head.count("Transfer-Encoding") == 0) return 0;
  const bool plain = same_word(*head.only("Transfer-Encoding"), "chunked");
  return posts && plain && head.count("Content-Length") == 0 ? 0 : 400;
}

std::optional<std::uint64_t> length_of(const http_head& head) {
  const auto text = head.only("Content-Length");
  if (!text) return 0;
  std::uint64_t value = 0;
  const auto got = std::from_chars(text->data(), text->data() + text->size(), value);
  if (got.ec != std::errc() || got.ptr != text->data() + text->size()) return std::nullopt;
  return value;
}

bool is_chunked(const http_head& head) { return head.count("Transfer-Encoding") > 0; }

const char* reason_of(int status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 413: return "Payload Too Large";
  case 415: return "Unsupported Media Type";
  case 417: return "Expectation Failed";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 503: return "Service Unavailable";
  default: return "Answer";
  }
}

} // namespace troupe
