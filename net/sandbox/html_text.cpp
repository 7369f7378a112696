#include "net/sandbox/html_text.hpp"
#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace troupe::sandbox {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::string lower(std::string s) {
  for (char& c : s)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return s;
}

void append_utf8(std::string& out, std::uint32_t cp) {
  auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (cp < 0x80) {
    put(cp);
  } else if (cp < 0x800) {
    put(0xC0 | (cp >> 6));
    put(0x80 | (cp & 0x3F));
  } else if (cp < 0x10000) {
    put(0xE0 | (cp >> 12));
    put(0x80 | ((cp >> 6) & 0x3F));
    put(0x80 | (cp & 0x3F));
  } else {
    put(0xF0 | (cp >> 18));
    put(0x80 | ((cp >> 12) & 0x3F));
    put(0x80 | ((cp >> 6) & 0x3F));
    put(0x80 | (cp & 0x3F));
  }
}

const std::map<std::string, std::string>& entity_of_tag() {
  static const std::map<std::string, std::string> table{{"b", "bold"},
                                                        {"strong", "bold"},
                                                        {"i", "italic"},
                                                        {"em", "italic"},
                                                        {"u", "underline"},
                                                        {"ins", "underline"},
                                                        {"s", "strikethrough"},
                                                        {"strike", "strikethrough"},
                                                        {"del", "strikethrough"},
                                                        {"span", "spoiler"},
                                                        {"tg-spoiler", "spoiler"},
                                                        {"a", "text_link"},
                                                        {"code", "code"},
                                                        {"pre", "pre"},
                                                        {"blockquote", "blockquote"},
                                                        {"tg-emoji", "custom_emoji"},
                                                        {"tg-time", "date_time"}};
  return table;
}

class html_parser {
public:
  explicit html_parser(const std::string& html) : in_(html) {}

  formatted_text run() {
    while (at_ < in_.size()) {
      if (in_[at_] == '<') tag();
      else if (in_[at_] == '&') reference();
      else plain();
    }
    if (!open_.empty())
      throw bad_markup("Can't find end tag corresponding to start tag \"" + open_.back().tag + '"');
    auto before = [](const nlohmann::json& a, const nlohmann::json& b) {
      if (a["offset"] != b["offset"]) return a["offset"] < b["offset"];
      return a["length"] > b["length"];
    };
    std::stable_sort(out_.entities.begin(), out_.entities.end(), before);
    return std::move(out_);
  }

private:
  struct open_tag {
    std::string tag;
    std::map<std::string, std::string> attributes;
    std::size_t offset;
  };

  static std::string at(std::size_t offset) { return " at byte offset " + std::to_string(offset); }

  void plain() {
    const auto c = static_cast<unsigned char>(in_[at_]);
    if ((c & 0xC0) != 0x80) units_ += c >= 0xF0 ? 2 : 1;
    out_.text += in_[at_++];
  }

  void reference() {
    static const std::vector<std::pair<std::string, char>> named{
        {"&lt", '<'}, {"&gt", '>'}, {"&amp", '&'}, {"&quot", '"'}};
    for (const auto& [name, c] : named)
      if (in_.compare(at_, name.size(), name) == 0) {
        at_ += name.size();
        skip_semicolon();
        out_.text += c;
        ++units_;
        return;
      }
    if (!numeric_reference()) plain();
  }

  bool numeric_reference() {
    if (at_ + 2 >= in_.size() || in_[at_ + 1] != '#') return false;
    const bool hex = in_[at_ + 2] == 'x';
    std::size_t p = at_ + (hex ? 3 : 2);
    const std::size_t first = p;
    std::uint32_t cp = 0;
    for (; p < in_.size() && cp < 0x110000; ++p) {
      const char c = lower(std::string(1, in_[p]))[0];
      if (c >= '0' && c <= '9') cp = cp * (hex ? 16 : 10) + static_cast<std::uint32_t>(c - '0');
      else if (hex && c >= 'a' && c <= 'f') cp = cp * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      else break;
    }
    if (p == first || cp == 0 || cp >= 0x10FFFF) return false;
    if (cp >= 0xD800 && cp < 0xE000)
      throw bad_markup("Text contains invalid Unicode characters after decoding HTML entities, check for "
                       "unmatched surrogate code units");
    append_utf8(out_.text, cp);
    units_ += cp >= 0x10000 ? 2 : 1;
    at_ = p;
    skip_semicolon();
    return true;
  }

  void skip_semicolon() {
    if (at_ < in_.size() && in_[at_] == ';') ++at_;
  }

  void tag() {
    const std::size_t begin = at_++;
    if (at_ < in_.size() && in_[at_] == '/') end_tag(begin);
    else start_tag(begin);
  }

  std::string tag_name() {
    const std::size_t from = at_;
    while (at_ < in_.size() && !is_space(in_[at_]) && in_[at_] != '>') ++at_;
    return lower(in_.substr(from, at_ - from));
  }

  void skip_spaces() {
    while (at_ < in_.size() && is_space(in_[at_])) ++at_;
  }

  void start_tag(std::size_t begin) {
    open_tag t{tag_name(), {}, units_};
    if (at_ == in_.size()) throw bad_markup("Unclosed start tag" + at(begin));
    if (!entity_of_tag().count(t.tag)) throw bad_markup("Unsupported start tag \"" + t.tag + '"' + at(begin));
    for (skip_spaces(); at_ < in_.size() && in_[at_] != '>'; skip_spaces()) attribute(t, begin);
    if (at_ == in_.size()) throw bad_markup("Unclosed start tag" + at(begin));
    ++at_;
    if (t.tag == "span" && t.attributes["class"] != "tg-spoiler")
      throw bad_markup("Tag \"span\" must have class \"tg-spoiler\"" + at(begin));
    open_.push_back(std::move(t));
  }

  void attribute(open_tag& t, std::size_t begin) {
    const std::size_t from = at_;
    while (at_ < in_.size() && !is_space(in_[at_]) && in_[at_] != '=' && in_[at_] != '>') ++at_;
    const std::string name = lower(in_.substr(from, at_ - from));
    skip_spaces();
    if (name.empty()) throw bad_markup("Empty attribute name in the tag \"" + t.tag + '"' + at(begin));
    if (at_ < in_.size() && in_[at_] == '=') {
      ++at_;
      skip_spaces();
      if (at_ == in_.size()) throw bad_markup("Unclosed start tag \"" + t.tag + '"' + at(begin));
      t.attributes[name] = attribute_value(begin);
    } else {
      t.attributes[name];
    }
  }

  /// A value without quotes: letters, digits, "." and "-".
  std::string name_token() {
    const std::size_t from = at_;
    auto of_token = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
             c == '-';
    };
    while (at_ < in_.size() && of_token(in_[at_])) ++at_;
    if (at_ == in_.size() || (!is_space(in_[at_]) && in_[at_] != '>'))
      throw bad_markup("Unexpected end of name token" + at(from));
    return lower(in_.substr(from, at_ - from));
  }

  std::string attribute_value(std::size_t begin) {
    const char quote = in_[at_];
    if (quote != '"' && quote != '\'') return name_token();
    const std::size_t end = in_.find(quote, at_ + 1);
    if (end == std::string::npos) throw bad_markup("Unclosed start tag" + at(begin));
    const std::string raw = in_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return html_parser(raw).decode();
  }

  std::string decode() {
    while (at_ < in_.size()) in_[at_] == '&' ? reference() : plain();
    return out_.text;
  }

  void end_tag(std::size_t begin) {
    if (open_.empty()) throw bad_markup("Unexpected end tag" + at(begin));
    ++at_;
    const std::string name = tag_name();
    skip_spaces();
    if (at_ == in_.size() || in_[at_] != '>') throw bad_markup("Unclosed end tag" + at(begin));
    ++at_;
    const open_tag t = std::move(open_.back());
    open_.pop_back();
    if (!name.empty() && name != t.tag)
      throw bad_markup("Unmatched end tag" + at(begin) + ", expected \"</" + t.tag + ">\", found \"</" +
                       name + ">\"");
    if (units_ > t.offset) add_entity(t);
  }

  void add_entity(const open_tag& t) {
    nlohmann::json e{
        {"offset", t.offset}, {"length", units_ - t.offset}, {"type", entity_of_tag().at(t.tag)}};
    auto value = [&t](const char* name) {
      const auto it = t.attributes.find(name);
      return it == t.attributes.end() ? std::string{} : it->second;
    };
    if (t.tag == "a") {
      const std::string url = value("href");
      if (url.find(':') == std::string::npos && url.find('.') == std::string::npos) return;
      e["url"] = url;
    } else if (t.tag == "tg-emoji") {
      e["custom_emoji_id"] = value("emoji-id");
    } else if (t.tag == "blockquote" && t.attributes.count("expandable")) {
      e["type"] = "expandable_blockquote";
    } else if (t.tag == "code" && !open_.empty() && open_.back().tag == "pre") {
      const std::string language = value("class");
      if (language.rfind("language-", 0) == 0) open_.back().attributes["language"] = language.substr(9);
      return; // Telegram reports pre>code as one entity.
    } else if (t.tag == "pre" && !value("language").empty()) {
      e["language"] = value("language");
    }
    out_.entities.push_back(std::move(e));
  }

  const std::string& in_;
  std::size_t at_ = 0;
  std::size_t units_ = 0;
  formatted_text out_;
  std::vector<open_tag> open_;
};

} // namespace

formatted_text parse_html(const std::string& html) { return html_parser(html).run(); }

void trim(formatted_text& t) {
  std::size_t front = 0;
  while (front < t.text.size() && is_space(t.text[front])) ++front;
  t.text.erase(0, front);
  while (!t.text.empty() && is_space(t.text.back())) t.text.pop_back();
  const std::size_t size = utf16_units(t.text);
  auto kept = nlohmann::json::array();
  for (auto& e : t.entities) {
    const std::size_t from = e["offset"], to = from + e["length"].get<std::size_t>();
    const std::size_t new_from = from > front ? from - front : 0;
    const std::size_t new_to = std::min(size, to > front ? to - front : 0);
    if (new_to <= new_from) continue;
    e["offset"] = new_from;
    e["length"] = new_to - new_from;
    kept.push_back(std::move(e));
  }
  t.entities = std::move(kept);
}

std::size_t code_points(const std::string& utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t utf16_units(const std::string& utf8) {
  const auto astral =
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
  return code_points(utf8) + static_cast<std::size_t>(astral);
}

} // namespace troupe::sandbox
