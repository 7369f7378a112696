/// presets.toml
#include "config/readers.hpp"
#include "config/rules.hpp"
#include "config/toml_file.hpp"
#include "config/words.hpp"
#include <filesystem>

namespace troupe::config {
namespace {

constexpr std::size_t presets_max = 40; // a keyboard holds 100 buttons

/// A misspelt {placeholder} would be sent to the video model as it stands.
void check_placeholders(const std::string& prompt, const std::string& where) {
  for (auto at = prompt.find('{'); at != prompt.npos; at = prompt.find('{', at + 1))
    if (prompt.compare(at, 6, "{text}") != 0)
      fail(where, "prompt may hold {text} and no other {placeholder}");
}

void set_preset_value(preset& p, const std::string& name, const toml::node& value, const place& at) {
  if (name == "id") p.id = exact_string(value, at, name);
  else if (name == "title") set_title(p.title, value, at);
  else if (name == "prompt") {
    p.prompt = words::trimmed(exact_string(value, at, name));
    check_placeholders(p.prompt, at.str());
  } else unknown(at.str(), name, {"id", "title", "prompt"});
}

preset read_preset(const toml::table& table, const std::string& path, faults& f) {
  preset p;
  const auto before = f.count();
  for (auto&& [key, node] : table) {
    const std::string name{key.str()};
    f.attempt([&, &value = node] { set_preset_value(p, name, value, place_of(path, value)); });
  }
  const auto where = place_of(path, table).str();
  if (f.count() != before) return p; // what could not be read would be complained of as missing, too
  if (p.id.empty()) f.add(where, "the preset has no id");
  f.attempt([&] { rules::check_id(p.id, where, "preset"); });
  if (p.title.empty()) f.add(where, "preset \"" + p.id + "\": title is missing");
  if (p.prompt.empty()) f.add(where, "preset \"" + p.id + "\": prompt is missing");
  return p;
}

void take_preset(const toml::node& item, const std::string& path, settings& s, faults& f) {
  const auto where = place_of(path, item).str();
  const auto table = item.as_table();
  if (!table) fail(where, "a preset must be a table: [[preset]]");
  auto p = read_preset(*table, path, f);
  for (auto& other : s.presets)
    if (!p.id.empty() && other.id == p.id) fail(where, "the preset \"" + p.id + "\" is there twice");
  s.presets.push_back(std::move(p));
  if (s.presets.size() == presets_max + 1)
    fail(where, "more than " + std::to_string(presets_max) + " presets");
}

} // namespace

void read_presets(const std::string& path, settings& s, faults& f) {
  if (!std::filesystem::exists(path)) return;
  toml::table root;
  if (!f.attempt([&] { root = parse(path); })) return;
  for (auto&& [key, value] : root)
    f.attempt([&, &name_of = key, &node = value] {
      const std::string name{name_of.str()};
      const auto at = place_of(path, node);
      if (name == "instruction") {
        s.instruction = words::trimmed(exact_string(node, at, name));
        if (s.instruction.empty()) fail(at.str(), "instruction must not be empty");
      } else if (name == "preset") {
        each(node, at, name, [&](auto& item) { f.attempt([&] { take_preset(item, path, s, f); }); });
      } else unknown(at.str(), name, {"preset", "instruction"});
    });
}

} // namespace troupe::config
