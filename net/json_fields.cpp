#include "net/json_fields.hpp"

#include "net/json_scan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace troupe::json_fields {
namespace {

constexpr int decode_rounds_max = 3;
constexpr int address_levels_max = 6;
constexpr std::size_t address_bytes_max = 4096;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto from = text.find_first_not_of(blanks);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}
std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string address_below(const json& value, int levels) {
  if (levels == 0) return {};
  if (value.is_string()) {
    const auto text = trimmed(value.get_ref<const std::string&>());
    if (auto url = web_address(text); !url.empty()) return url;
    const bool packed = !text.empty() && (text[0] == '[' || text[0] == '{' || text[0] == '"');
    return packed ? address_below(parse(text), levels - 1) : std::string();
  }
  if (value.is_array())
    for (const auto& one : value)
      if (auto url = address_below(one, levels - 1); !url.empty()) return url;
  if (!value.is_object()) return {};
  for (const char* name :
       {"url", "videoUrl", "video_url", "resultUrl", "result_url", "downloadUrl", "download_url"})
    if (auto url = address_below(member(value, name), levels - 1); !url.empty()) return url;
  return {};
}

/// With fewer brackets than levels it is not; so it is with nearly all, and this look costs next to nothing.
bool is_too_deep(std::string_view text) {
  std::size_t opened = 0;
  for (const char bracket : {'{', '['})
    for (auto at = text.find(bracket); at != text.npos; at = text.find(bracket, at + 1))
      if (++opened > outside::json_depth_max)
        return json_scan::shape_of(text).depth > outside::json_depth_max;
  return false;
}

} // namespace

json parse(std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max || is_too_deep(text)) return json(json::value_t::discarded);
  return json::parse(text.begin(), text.end(), nullptr, false);
}

std::optional<std::int64_t> whole_of(const json& value) {
  if (value.is_number_unsigned()) {
    const auto n = value.get<std::uint64_t>();
    return n > static_cast<std::uint64_t>(INT64_MAX) ? std::nullopt
                                                     : std::optional{static_cast<std::int64_t>(n)};
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const auto n = value.get<double>();
    return std::abs(n) < 9e15 && n == std::floor(n) ? std::optional{static_cast<std::int64_t>(n)}
                                                    : std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  const auto text = trimmed(value.get_ref<const std::string&>());
  std::int64_t n = 0;
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), n);
  return why == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional{n}
                                                                                 : std::nullopt;
}

std::optional<bool> truth_of(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  const auto word = value.is_string() ? word_of(value) : std::string();
  if (word == "true" || word == "yes") return true;
  if (word == "false" || word == "no") return false;
  const auto n = whole_of(value);
  return n && (*n == 0 || *n == 1) ? std::optional{*n == 1} : std::nullopt;
}

std::string word_of(const json& value) {
  return value.is_string() ? lower(trimmed(value.get_ref<const std::string&>())) : std::string();
}

json decoded(const json& value) {
  if (!value.is_string()) return value;
  auto inner = parse(value.get_ref<const std::string&>());
  for (int round = 1; round < decode_rounds_max && inner.is_string(); ++round)
    inner = parse(std::string{inner.get_ref<const std::string&>()});
  return inner;
}

std::string web_address(std::string_view text) {
  text = trimmed(text);
  if (text.size() > address_bytes_max) return {};
  const auto head = lower(text.substr(0, 8));
  const std::size_t scheme = head == "https://" ? 8 : head.substr(0, 7) == "http://" ? 7 : 0;
  if (scheme == 0 || text.size() == scheme) return {};
  const bool clean = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '"' || c == '<' || c == '>' ||
           c == '\\';
  });
  const char host = text[scheme];
  if (!clean || host == '/' || host == '?' || host == '#' || host == ':') return {};
  return head.substr(0, scheme) + std::string{text.substr(scheme)};
}

std::string address_in(const json& value) { return address_below(value, address_levels_max); }

} // namespace troupe::json_fields
