#include "net/outside_answer.hpp"

#include "net/json_scan.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace troupe::outside {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}
bool begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

bool looks_like_a_page(std::string_view text) {
  const auto head = lower(trimmed(text.substr(0, 1024)));
  return begins(head, "<!doctype") || begins(head, "<html") || begins(head, "<?xml") ||
         begins(head, "<head") || begins(head, "<body") || begins(head, "<title") ||
         begins(head, "<center") || begins(head, "<!--") || begins(head, "<error");
}

// -- One line of valid UTF-8 --

/// The length of the sequence at `at` when it is a whole and lawful one, else 0.
std::size_t sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool lawful = !(first == 0xE0 && byte(1) < 0xA0) && !(first == 0xED && byte(1) >= 0xA0);
    return lawful && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool lawful = !(first == 0xF0 && byte(1) < 0x90) && !(first == 0xF4 && byte(1) >= 0x90);
    return lawful && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// Breaks a line, moves the cursor of a terminal, or turns the direction of what follows.
bool is_control(std::string_view sequence) {
  if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]) <= 0x20 || sequence[0] == 0x7F;
  if (sequence.size() == 2) return sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
  if (sequence.size() != 3 || sequence[0] != '\xE2') return false;
  const auto second = static_cast<unsigned char>(sequence[1]),
             third = static_cast<unsigned char>(sequence[2]);
  return (second == 0x80 && third >= 0xA8 && third <= 0xAE) ||
         (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

std::string one_line(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = sequence_at(text, at);
    const auto sequence = text.substr(at, std::max<std::size_t>(size, 1));
    if (size == 0) out += '?';
    else if (!is_control(sequence)) out += sequence;
    else if (!out.empty() && out.back() != ' ') out += ' ';
    at += sequence.size();
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// -- Without secrets --

constexpr std::string_view masked = "***";

bool in_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '+' || c == '/' || c == '=';
}
bool in_key(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '+'; }

std::size_t end_of(std::string_view text, std::size_t from, bool (*belongs)(char)) {
  while (from < text.size() && belongs(text[from])) ++from;
  return from;
}

/// "password=x" is two runs; the "==" at the end of Base64 belongs to its own.
std::size_t end_of_run(std::string_view text, std::size_t from) {
  const auto to = end_of(text, from, in_key);
  for (auto equals = text.find('=', from); equals < to; equals = text.find('=', equals + 1))
    if (equals + 1 < to && text[equals + 1] != '=') return equals;
  return to;
}

/// A run like that of a key or token: long, and not a word or a name in capitals.
bool is_opaque(std::string_view run) {
  const bool digits = std::any_of(run.begin(), run.end(), is_digit);
  const bool small = std::any_of(run.begin(), run.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool capital = run.size() > 1 && std::any_of(run.begin() + 1, run.end(), is_upper);
  return run.size() > 64 || (run.size() >= 20 && digits) || (run.size() >= 24 && small && capital);
}

/// Where a secret's value ends that stands behind its name or its scheme.
constexpr std::string_view value_ends = " \"'\\,;&}]<";
/// What follows these is a secret, whatever it looks like.
constexpr std::array<std::string_view, 4> marks{"basic ", "bearer ", "live_", "test_"};
/// Names whose values are.
constexpr std::array<std::string_view, 14> secret_names{
    "authorization", "api_key", "apikey", "api-key",   "api key",    "token",     "secret",
    "password",      "passwd",  "pwd",    "signature", "credential", "accesskey", "cookie"};

bool ends_with_a_secret_name(std::string_view text) {
  const auto word = lower(text.substr(text.size() - std::min<std::size_t>(text.size(), 32)));
  return std::any_of(secret_names.begin(), secret_names.end(), [&](std::string_view name) {
    return word.size() >= name.size() && word.compare(word.size() - name.size(), name.size(), name) == 0;
  });
}

/// Masks token by token; what is written is never looked at again.
class masking {
public:
  explicit masking(std::string_view text) : text_{text}, small_{lower(text)} {}
  std::string result() {
    while (at_ < text_.size())
      if (!address() && !marked() && !named() && !bot_token() && !key()) out_ += text_[at_++];
    return std::move(out_);
  }

private:
  bool starts(std::string_view with) const { return begins(std::string_view{small_}.substr(at_), with); }
  bool at_a_beginning() const { return at_ == 0 || !in_key(text_[at_ - 1]) || text_[at_ - 1] == '='; }
  bool hide(std::size_t to) {
    out_ += masked;
    at_ = to;
    return true;
  }
  /// scheme://user:password@host/path?query: signed addresses open what they name.
  bool address() {
    if (!starts("http://") && !starts("https://")) return false;
    constexpr std::string_view ends = " \"'<>\\{}|^`,;)";
    const auto stop = std::min(text_.find_first_of(ends, at_), text_.size());
    auto whole = text_.substr(at_, stop - at_);
    const auto host = whole.find("://") + 3;
    const auto path = std::min(whole.find_first_of("/?#", host), whole.size());
    const auto user = whole.substr(host, path - host).rfind('@');
    out_ += whole.substr(0, host);
    if (user != whole.npos) out_ += std::string{masked} + "@";
    const auto from = user == whole.npos ? host : host + user + 1;
    out_ += whole.substr(from, path - from);
    const auto query = std::min(whole.find_first_of("?#", path), whole.size());
    out_ += masking{whole.substr(path, query - path)}.path_parts();
    if (query < whole.size()) out_ += std::string{"?"} + std::string{masked};
    at_ = stop;
    return true;
  }
  /// Behind the names of schemes, of which a confused sender writes two: "Basic Bearer x".
  std::size_t behind_schemes(std::size_t from) const {
    const std::string_view rest{small_};
    for (const std::string_view scheme : {"basic ", "bearer ", "basic "})
      if (begins(rest.substr(from), scheme)) from += scheme.size();
    return from;
  }
  bool marked() {
    for (const auto mark : marks) {
      if (!starts(mark) || !at_a_beginning()) continue;
      const auto from = behind_schemes(at_ + mark.size());
      const auto to = std::min(text_.find_first_of(value_ends, from), text_.size());
      if (to - from < 2) continue;
      return hide(to);
    }
    return false;
  }
  /// "api_key": "x", api_key=x, Authorization: x
  bool named() {
    if (at_ == 0 || (text_[at_] != ':' && text_[at_] != '=')) return false;
    auto name = text_.substr(0, at_);
    while (!name.empty() &&
           (name.back() == '"' || name.back() == '\\' || name.back() == '\'' || name.back() == ' '))
      name.remove_suffix(1);
    if (!ends_with_a_secret_name(name)) return false;
    auto from = at_ + 1;
    while (from < text_.size() &&
           (text_[from] == ' ' || text_[from] == '"' || text_[from] == '\\' || text_[from] == '\''))
      ++from;
    const auto to = std::min(text_.find_first_of(value_ends, behind_schemes(from)), text_.size());
    if (to == from) return false;
    out_ += text_.substr(at_, from - at_);
    return hide(to);
  }
  /// 123456:AAH..., with or without "bot" before it.
  bool bot_token() {
    const auto id = starts("bot") ? at_ + 3 : at_;
    const auto colon = end_of(text_, id, is_digit);
    if (colon - id < 5 || colon >= text_.size() || text_[colon] != ':') return false;
    const auto to = end_of(text_, colon + 1, in_key);
    if (to - colon <= 16) return false;
    out_ += text_.substr(at_, id - at_);
    return hide(to);
  }
  bool key() {
    if (!in_key(text_[at_]) || text_[at_] == '=' || !at_a_beginning()) return false;
    const auto to = end_of_run(text_, at_);
    const auto run = text_.substr(at_, to - at_);
    const bool known = begins(run, "sk-") && run.size() > 8;
    if (!known && !is_opaque(run)) {
      out_ += run; // marks and names are looked for at its beginning only
      at_ = to;
      return true;
    }
    out_ += run.substr(0, known ? 3 : 4);
    return hide(to);
  }
  std::string path_parts() {
    while (at_ < text_.size())
      if (!bot_token() && !key()) out_ += text_[at_++];
    return std::move(out_);
  }

  std::string_view text_;
  std::string small_;
  std::string out_;
  std::size_t at_ = 0;
};

std::string cut(std::string text, std::size_t chars_max) {
  std::size_t chars = 0, end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (++chars == chars_max) end = i;
  }
  if (chars <= chars_max) return text;
  return chars_max == 0 ? std::string() : text.substr(0, end) + "…";
}

} // namespace

const char* words_of(content c) {
  switch (c) {
  case content::none: return "no answer";
  case content::empty: return "an empty answer";
  case content::page: return "a page instead of an answer";
  case content::cut_short: return "an answer that stops in its middle";
  case content::too_deep: return "an answer nested too deeply";
  case content::too_large: return "an answer that is too large";
  case content::other: return "an answer that is no JSON";
  case content::json: return "an answer";
  }
  return "";
}

content content_of(const http_reply& reply, std::size_t bytes_max) {
  if (reply.error != http_error::none) return content::none;
  const auto text = trimmed(reply.body);
  if (text.empty()) return content::empty;
  if (looks_like_a_page(text)) return content::page;
  if (text.size() > bytes_max) return content::too_large;
  const auto shape = json_scan::shape_of(text);
  if (shape.depth > json_depth_max) return content::too_deep;
  const bool container = text[0] == '{' || text[0] == '[';
  if (container && shape.open) return content::cut_short;
  const bool scalar = text[0] == '"' || text[0] == '-' || is_digit(text[0]) || text == "null" ||
                      text == "true" || text == "false";
  return container || scalar ? content::json : content::other;
}

bool is_unheard(const http_reply& reply) {
  if (reply.error != http_error::none || reply.status == 429) return true;
  if (reply.status < 500) return false;
  // A gateway's status, even with JSON, is not the service's own word.
  return reply.status == 502 || reply.status == 503 || reply.status == 504 ||
         content_of(reply) != content::json;
}

std::string described(const http_reply& reply) {
  // The client says what was in the way; else the kind of failure has to do.
  if (reply.error != http_error::none && !reply.body.empty()) return excerpt(reply.body);
  switch (reply.error) {
  case http_error::none: break;
  case http_error::refused: return "no connection";
  case http_error::lost: return "the answer was lost";
  case http_error::too_large: return "the answer was too large";
  case http_error::stopped: return "shutting down";
  case http_error::forbidden: return "we do not go to that address";
  case http_error::no_file: return file_missing;
  }
  auto words = "HTTP " + std::to_string(reply.status) + ", " + words_of(content_of(reply));
  const auto piece = excerpt(reply.body);
  return piece.empty() ? words : words + ": " + piece;
}

std::string excerpt(std::string_view text, std::size_t chars_max) {
  // So much more than is shown, that what is masked does not leave it empty.
  const auto window = std::max<std::size_t>(4096, chars_max * 16);
  const bool more = text.size() > window;
  text = text.substr(0, window);
  // The last word of a window may be half a secret.
  while (more && !text.empty() && in_word(text.back())) text.remove_suffix(1);
  auto line = masking{one_line(text)}.result();
  if (more) line += "…";
  return cut(std::move(line), chars_max);
}

bool may_be_a_video(std::string_view first, const std::string& content_type) {
  if (first.empty()) return false;
  if ((first.size() > 8 && first.substr(4, 4) == "ftyp") || begins(first, "\x1A\x45\xDF\xA3"))
    return true; // whatever it is called
  const auto type = lower(content_type);
  for (const char* text :
       {"text/", "application/json", "application/xml", "application/problem", "image/svg"})
    if (begins(type, text)) return false;
  const auto head = trimmed(first);
  if (head.empty() || looks_like_a_page(head)) return false;
  // A host that calls everything octets: what is readable text throughout is no film.
  return !std::all_of(first.begin(), first.end(), [](char c) {
    return is_blank(c) || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  });
}

std::string header_of(const http_reply& reply, std::string_view name) {
  for (const auto& [n, value] : reply.headers)
    if (lower(n) == name) return value;
  return {};
}

} // namespace troupe::outside
