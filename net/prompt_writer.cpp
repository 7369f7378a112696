#include "net/prompt_writer.hpp"

#include "net/json_fields.hpp"

#include <algorithm>

namespace troupe::prompt_writer {
namespace {

using namespace json_fields;

constexpr auto connect_limit = std::chrono::seconds{5};
constexpr std::size_t answer_bytes_max = 1u << 20;

unsigned char byte_at(const std::string& s, std::size_t i) {
  return i < s.size() ? static_cast<unsigned char>(s[i]) : 0;
}

/// Control characters become blanks, and many blanks one: in UTF-8 those of C1 begin with 0xC2.
std::string plain(const std::string& text) {
  std::string out;
  const auto blank = [&out] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = byte_at(text, i), next = byte_at(text, i + 1);
    if (c <= 0x20 || c == 0x7F) blank();
    else if (c == 0xC2 && next >= 0x80 && next < 0xA0) blank(), ++i;
    else out += text[i];
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

/// The user's words stay inside their block whatever is written in them.
std::string inside_block(const std::string& text) {
  std::string out;
  for (const char c : plain(text)) out += c == '<' ? "(" : c == '>' ? ")" : std::string(1, c);
  return out;
}

/// Codes of errors are words like "invalid_api_key". Anything else, and the server's sentence with it, might
/// quote the key or the user.
std::string code_of(const json& error, const char* name) {
  const auto& value = member(error, name);
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (!value.is_string()) return "";
  const auto word = value.get<std::string>();
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return word.size() <= 40 && std::all_of(word.begin(), word.end(), fits) ? word : "";
}

std::string words_of(const json& error) {
  for (auto name : {"code", "type"})
    if (auto word = code_of(error, name); !word.empty()) return word;
  return "an error without a code";
}

const char* words_of(http_error e) {
  switch (e) {
  case http_error::refused: return "no connection";
  case http_error::forbidden: return "we do not go to that address";
  case http_error::stopped: return "shutting down, or too many wait";
  case http_error::too_large: return "the answer is too large";
  default: return "no answer in time";
  }
}

/// A text, or a list of parts of which some are texts.
std::string content_of(const json& message) {
  const auto& content = member(message, "content");
  if (content.is_string()) return content.get<std::string>();
  std::string all;
  if (content.is_array())
    for (auto& part : content)
      if (const auto type = text_of(part, "type"); type.empty() || type == "text" || type == "output_text")
        all += text_of(part, "text");
  return all;
}

std::string trimmed(const std::string& s) {
  const auto from = s.find_first_not_of(" \t\r\n");
  return from == s.npos ? "" : s.substr(from, s.find_last_not_of(" \t\r\n") - from + 1);
}

/// What the model thought aloud. Thoughts without an end are all that came.
std::string without_thoughts(std::string text) {
  for (const std::string name : {"think", "thinking", "reasoning"}) {
    const auto open = "<" + name + ">", close = "</" + name + ">";
    for (auto from = text.find(open); from != text.npos; from = text.find(open)) {
      const auto to = text.find(close, from);
      text.erase(from, to == text.npos ? text.npos : to + close.size() - from);
    }
    // Some servers keep the opening mark to themselves.
    if (const auto end = text.find(close); end != text.npos) text.erase(0, end + close.size());
  }
  return trimmed(text);
}

/// ```text\n...\n``` around the whole, and quotes.
std::string without_wrapping(std::string text) {
  if (text.rfind("```", 0) == 0) {
    const auto line = text.find('\n');
    text.erase(0, line == text.npos ? 3 : line + 1);
    if (const auto end = text.rfind("```"); end != text.npos) text.erase(end);
    text = trimmed(text);
  }
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"\"", "\""}, {"“", "”"}, {"«", "»"}})
    if (text.size() > open.size() + close.size() && text.rfind(open, 0) == 0 &&
        text.compare(text.size() - close.size(), close.size(), close) == 0 &&
        text.find(open, open.size()) >= text.size() - close.size())
      return trimmed(text.substr(open.size(), text.size() - open.size() - close.size()));
  return text;
}

std::size_t characters(const std::string& s) {
  return static_cast<std::size_t>(std::count_if(
      s.begin(), s.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The instruction asks for this word alone.
bool is_refusal(const std::string& text) { return text == "REFUSED" || text == "REFUSED."; }

answer none(const std::string& why, outside::end what = outside::end::failed) { return {"", why, what}; }

/// None when the reply is no completion.
answer failed(const http_reply& reply, const json& body) {
  using outside::end;
  if (reply.error != http_error::none) return none(words_of(reply.error), end::pending);
  const auto& error = member(body, "error"); // with some servers under a 200
  if (!error.is_null()) return none("HTTP " + std::to_string(reply.status) + ": " + words_of(error));
  const auto status = "HTTP " + std::to_string(reply.status);
  if (outside::is_unheard(reply)) return none(status, end::pending);
  if (reply.status != 200) return none(status);
  // No piece of it: it might quote the user.
  if (!body.is_object()) return none("the answer is no JSON", end::not_understood);
  return {};
}

} // namespace

http_request ask(const endpoint& e, const std::string& instruction, const std::string& preset,
                 const std::string& users_text, const std::string& language) {
  auto words = "<preset>" + inside_block(preset) + "</preset>\n<user_words>" + inside_block(users_text) +
               "</user_words>\n<user_language>" + inside_block(language) + "</user_language>";
  const auto turn = [](const char* role, std::string content) {
    return json{{"role", role}, {"content", std::move(content)}};
  };
  http_request r;
  r.method = "POST";
  r.url = e.api_url;
  while (!r.url.empty() && r.url.back() == '/') r.url.pop_back();
  r.url += "/chat/completions";
  if (!e.api_key.empty()) r.headers = {{"Authorization", "Bearer " + e.api_key}};
  // No other fields: what one provider wants, another refuses.
  r.body = dump({{"model", e.model},
                 {"messages", json::array({turn("system", instruction), turn("user", std::move(words))})}});
  r.connect_limit = std::min<std::chrono::milliseconds>(connect_limit, e.time_limit);
  r.time_limit = e.time_limit;
  r.body_bytes_max = answer_bytes_max;
  return r;
}

answer read_answer(const http_reply& reply, std::size_t chars_max) {
  const auto body = reply.error == http_error::none ? parse(reply.body) : json{};
  if (auto bad = failed(reply, body); !bad.why.empty()) return bad;
  const auto& choices = member(body, "choices");
  if (!choices.is_array() || choices.empty()) return none("no choices", outside::end::not_understood);
  const auto& choice = choices.front();
  if (const auto& error = member(choice, "error"); !error.is_null()) return none(words_of(error));
  const auto& message = member(choice, "message");
  const auto end = text_of(choice, "finish_reason");
  if (!text_of(message, "refusal").empty() || end == "content_filter") return none("refused");
  if (end == "length") return none("cut off by the length limit");
  const auto text = plain(without_wrapping(without_thoughts(content_of(message))));
  if (text.empty()) return none("an empty answer");
  if (is_refusal(text)) return none("refused");
  const auto n = characters(text);
  if (n > chars_max)
    return none("too long: " + std::to_string(n) + " of " + std::to_string(chars_max) + " characters");
  return {text, "", outside::end::done};
}

} // namespace troupe::prompt_writer
