#include "config/toml_file.hpp"
#include "config/words.hpp"
#include <filesystem>
#include <fstream>

namespace troupe::config {

toml::table parse(const std::string& path) {
  std::error_code ignored;
  std::ifstream in{path, std::ios::binary};
  if (!in || std::filesystem::is_directory(path, ignored)) fail(path, "cannot be read");
  const std::string body{std::istreambuf_iterator<char>{in}, {}};
  try {
    return toml::parse(body, path);
  } catch (const toml::parse_error& e) {
    fail(path + ":" + std::to_string(e.source().begin.line), std::string{e.description()});
  }
}

void unknown(const std::string& where, const std::string& key, const std::vector<std::string>& right) {
  fail(where, "unknown key \"" + key + "\"; did you mean \"" + words::nearest(key, right) + "\"?");
}

void set_title(std::map<std::string, std::string>& title, const toml::node& n, const place& at) {
  const auto table = n.as_table();
  if (!table) fail(at.str(), "title must be { ru = \"...\", en = \"...\" }");
  for (auto&& [language, text] : *table) title[std::string{language.str()}] = exact_string(text, at, "title");
  for (auto language : {"ru", "en"})
    if (title[language].empty()) fail(at.str(), std::string{"title has no "} + language);
}

} // namespace troupe::config
