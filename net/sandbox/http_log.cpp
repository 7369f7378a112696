#include "net/sandbox/http_log.hpp"
#include <algorithm>
#include <cctype>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr const char* mask = "***";

bool of_a_token(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == ':';
}

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

/// Where what begins at `from` and consists of such characters ends.
template <class Fits> std::size_t end_of(const std::string& text, std::size_t from, Fits fits) {
  while (from < text.size() && fits(text[from])) ++from;
  return from;
}

/// "/bot1000001:secret/" and the same at the end of a cut text.
void mask_tokens(std::string& text) {
  constexpr std::size_t length = 4;
  for (auto at = text.find("/bot"); at != text.npos; at = text.find("/bot", at + length)) {
    const auto from = at + length, to = end_of(text, from, of_a_token);
    if (to == from || !std::isdigit(static_cast<unsigned char>(text[from]))) continue;
    text.replace(from, to - from, mask);
  }
}

/// "/kie/callback/17/<signature>"
void mask_signatures(std::string& text) {
  const std::string mark = "/callback/";
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + mark.size())) {
    auto from = end_of(text, at + mark.size(), [](char c) { return c >= '0' && c <= '9'; });
    if (from >= text.size() || text[from] != '/') continue;
    const auto to = end_of(text, ++from, is_hex);
    text.replace(from, to - from, mask);
  }
}

/// In JSON `"name":"value"`, in a form `name=value` or `name: value`.
void mask_field(std::string& text, const std::string& name) {
  for (auto at = text.find(name); at != text.npos; at = text.find(name, at + name.size())) {
    auto from = at + name.size();
    if (from >= text.size()) return;
    const bool in_json = text[from] == '"';
    if (in_json) from = text.find('"', from + 1);
    if (from == text.npos) return;
    const auto to = in_json ? text.find('"', ++from) : text.find_first_of("&\n", ++from);
    text.replace(from, std::min(to, text.size()) - from, mask);
  }
}

json shown(const http_call& c, std::int64_t seq, const std::vector<std::string>& secrets) {
  const auto masked = [&](const std::string& text) { return without_secrets(text, secrets); };
  json out{{"seq", seq},
           {"at", c.at},
           {"took_ms", c.took_ms},
           {"service", c.service},
           {"method", c.method},
           {"path", masked(c.path)},
           {"request", masked(c.request)},
           {"status", c.status},
           {"response", masked(c.response)},
           {"fault", c.fault}};
  if (c.out) out["out"] = true;
  return out;
}

} // namespace

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
  mask_tokens(text);
  mask_signatures(text);
  for (const char* name : {"secret_token", "provider_token"}) mask_field(text, name);
  for (const auto& s : secrets)
    for (auto at = s.empty() ? text.npos : text.find(s); at != text.npos; at = text.find(s, at))
      text.replace(at, s.size(), mask);
  return text;
}

std::string cut(const std::string& text) {
  if (text.size() <= http_log::text_max) return text;
  auto end = http_log::text_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

void http_log::add(http_call c) {
  c.path = cut(c.path);
  c.request = cut(c.request);
  c.response = cut(c.response);
  calls_.push_back(std::move(c));
  if (calls_.size() > calls_max) calls_.pop_front();
  ++last_seq_;
}

json http_log::after(std::int64_t seq) const {
  const auto oldest = last_seq_ - static_cast<std::int64_t>(calls_.size()) + 1;
  json list = json::array();
  for (auto n = std::max(seq + 1, oldest); n <= last_seq_; ++n)
    list.push_back(shown(calls_[static_cast<std::size_t>(n - oldest)], n, secrets_));
  return {{"last_seq", last_seq_}, {"calls", std::move(list)}};
}

} // namespace troupe::sandbox
