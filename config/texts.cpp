/// texts/ru.toml and texts/en.toml, and how a sentence is made of them.
#include "config/readers.hpp"
#include "config/toml_file.hpp"
#include <algorithm>
#include <set>

namespace troupe::config {
namespace {

using text_map = std::map<std::string, std::string>;

void flatten(const toml::table& table, const std::string& prefix, const std::string& path, text_map& into,
             faults& f) {
  for (auto&& [key, node] : table) {
    const auto full = prefix + std::string{key.str()};
    if (const auto inner = node.as_table()) flatten(*inner, full + ".", path, into, f);
    else f.attempt([&, &text = node] { into[full] = exact_string(text, place_of(path, text), full); });
  }
}

bool name_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/// The name at "{name}", "" when `open` does not start one.
std::string name_at(const std::string& text, std::size_t open) {
  const auto close = text.find('}', open);
  if (close == text.npos) return "";
  const auto name = text.substr(open + 1, close - open - 1);
  return std::all_of(name.begin(), name.end(), name_char) ? name : "";
}

std::set<std::string> placeholders(const std::string& text) {
  std::set<std::string> names;
  for (auto at = text.find('{'); at != text.npos; at = text.find('{', at + 1))
    if (auto name = name_at(text, at); !name.empty()) names.insert(name);
  return names;
}

void check_covers(const text_map& a, const text_map& b, const std::string& a_file, const std::string& b_file,
                  faults& f) {
  for (auto& [key, text] : a) {
    const auto other = b.find(key);
    if (other == b.end()) {
      f.add(b_file, "\"" + key + "\" is missing; " + a_file + " has it");
      continue;
    }
    const auto mine = placeholders(text), theirs = placeholders(other->second);
    for (auto& name : mine)
      if (!theirs.count(name)) f.add(b_file, "\"" + key + "\" lacks {" + name + "}; " + a_file + " has it");
  }
}

const char* plural_form(const std::string& language, std::int64_t n) {
  const auto size = n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
  if (language != "ru") return size == 1 ? "one" : "many";
  const auto tens = size % 100, ones = size % 10;
  if (tens >= 11 && tens <= 14) return "many";
  return ones == 1 ? "one" : ones >= 2 && ones <= 4 ? "few" : "many";
}

} // namespace

texts read_texts(const std::string& dir, faults& f) {
  texts words;
  const auto ru = dir + "/ru.toml", en = dir + "/en.toml";
  const auto before = f.count();
  for (auto& [language, path] : {std::pair{"ru", ru}, std::pair{"en", en}})
    f.attempt([&, &l = language, &p = path] { flatten(parse(p), "", p, words.by_language[l], f); });
  if (f.count() != before) return words; // half a file would lack half of the other's sentences
  check_covers(words.by_language["ru"], words.by_language["en"], ru, en, f);
  check_covers(words.by_language["en"], words.by_language["ru"], en, ru, f);
  return words;
}

std::string texts::language_for(const std::string& language_code) {
  const auto primary = language_code.substr(0, language_code.find_first_of("-_"));
  for (auto russian : {"ru", "uk", "be", "kk"})
    if (primary == russian) return "ru";
  return "en";
}

// One pass, so that a value which looks like {a placeholder} stays as the user wrote it.
std::string texts::get(const std::string& language, const std::string& key, const args& a) const {
  const auto& text = by_language.at(language).at(key);
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto name = text[i] == '{' ? name_at(text, i) : "";
    const auto value = std::find_if(a.begin(), a.end(), [&](auto& p) { return p.first == name; });
    if (name.empty() || value == a.end()) out += text[i++];
    else out += value->second, i += name.size() + 2;
  }
  return out;
}

std::string texts::count(const std::string& language, const std::string& key, std::int64_t n) const {
  return get(language, key + "." + plural_form(language, n), {{"n", std::to_string(n)}});
}

} // namespace troupe::config
