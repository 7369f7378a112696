/// troupe.toml
#include "config/readers.hpp"
#include "config/toml_file.hpp"
#include "config/words.hpp"
#include <algorithm>
#include <cctype>

namespace troupe::config {
namespace {

package read_package(const toml::node& n, const place& at) {
  const auto table = n.as_table();
  if (!table) fail(at.str(), "a package must be { credits = 10, bonus = 0, stars = 1000, roubles = 990 }");
  package p;
  const std::vector<std::pair<std::string, int*>> fields{
      {"credits", &p.credits}, {"bonus", &p.bonus}, {"stars", &p.stars}, {"roubles", &p.roubles}};
  for (auto&& [key, value] : *table) {
    const std::string name{key.str()};
    const auto field = std::find_if(fields.begin(), fields.end(), [&](auto& f) { return f.first == name; });
    if (field == fields.end()) unknown(at.str(), name, {"credits", "bonus", "stars", "roubles"});
    *field->second = exact_whole(value, at, name, {0, 1'000'000});
  }
  if (p.credits == 0) fail(at.str(), "a package without credits");
  if (p.stars == 0 && p.roubles == 0) fail(at.str(), "a package without a price: stars or roubles");
  return p;
}

[[noreturn]] void refuse_secret(const option& o, const std::string& written, const place& at) {
  const auto name = common_name(o);
  fail(at.str(), written + " is a secret and must not stand in this file: set " + name +
                     " in the environment, or " + name + "_FILE to the path of a file that holds it alone");
}

template <class T, class Read>
std::vector<T> list_of(const toml::node& n, const place& at, const std::string& key, Read read) {
  std::vector<T> all;
  each(n, at, key, [&](auto& item) { all.push_back(read(item)); });
  return all;
}

void set_from_file(option& o, const toml::node& n, const place& at, faults& f) {
  const std::string key = o.key;
  if (o.secret) refuse_secret(o, key, at);
  std::visit(overloaded{[&](std::string* s) { *s = exact_string(n, at, key); },
                        [&](int* i) { *i = exact_whole(n, at, key, o.allowed); },
                        [&](std::int64_t* i) { *i = exact<std::int64_t>(n, at, key, "a whole number"); },
                        [&](bool* b) { *b = exact<bool>(n, at, key, "true or false"); },
                        [&](std::vector<std::string>* all) {
                          *all = list_of<std::string>(n, at, key,
                                                      [&](auto& i) { return exact_string(i, at, key); });
                        },
                        [&](int64_list* all) {
                          *all = list_of<std::int64_t>(n, at, key, [&](auto& i) {
                            return exact<std::int64_t>(i, at, key, "a list of whole numbers");
                          });
                        },
                        [&](package_list* all) {
                          all->clear();
                          each(n, at, key, [&](auto& i) {
                            f.attempt([&] { all->push_back(read_package(i, place_of(at.file, i))); });
                          });
                        }},
             o.where);
}

std::string lower(std::string s) {
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

std::string section_of(const std::string& key) { return key.substr(0, key.find('.')); }
std::string last_part(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// How far a written key is from an option, by any of the names that people know it by.
std::size_t far_from(const option& o, const std::string& written) {
  const auto name = last_part(written), own = last_part(o.key);
  auto far = std::min(words::distance(written, o.key), words::distance(name, own) + (written != name));
  for (auto& alias : o.aliases) far = std::min(far, words::distance(name, lower(alias)));
  const bool part = name.size() > 2 && own.find(name) != own.npos;
  return part && (written == name || section_of(written) == section_of(o.key)) ? std::min<std::size_t>(far, 1)
                                                                               : far;
}

/// The operator may know an option by the variable's name, or forget its section.
[[noreturn]] void unknown_option(const std::string& written, const place& at,
                                 const std::vector<option>& all) {
  const auto low = lower(written);
  const auto closer = [&](auto& a, auto& b) { return far_from(a, low) < far_from(b, low); };
  const auto best = std::min_element(all.begin(), all.end(), closer);
  if (best->secret) refuse_secret(*best, written, at);
  const auto section = section_of(best->key);
  const auto there =
      section == section_of(written) ? "" : " It stands under [" + section + "] as " + last_part(best->key);
  fail(at.str(), "unknown key \"" + written + "\"; did you mean \"" + best->key + "\"?" + there);
}

void read_section(const std::string& section, const toml::table& table, const std::string& path,
                  std::vector<option>& all, origin_map& origins, faults& f) {
  for (auto&& [key, value] : table) {
    const auto full = section + "." + std::string{key.str()};
    const auto at = place_of(path, value);
    const auto found = std::find_if(all.begin(), all.end(), [&](auto& o) { return o.key == full; });
    const bool set = f.attempt([&, &node = value] {
      if (found == all.end()) unknown_option(full, at, all);
      set_from_file(*found, node, at, f);
    });
    if (set) origins[full] = at.str();
  }
}

} // namespace

void read_options(const std::string& path, std::vector<option>& all, origin_map& origins, faults& f) {
  toml::table root;
  if (!f.attempt([&] { root = parse(path); })) return;
  std::vector<std::string> sections;
  for (auto& o : all)
    if (const auto s = section_of(o.key); sections.empty() || sections.back() != s) sections.push_back(s);
  for (auto&& [name, node] : root) {
    const std::string section{name.str()};
    const auto table = node.as_table();
    const auto at = place_of(path, node);
    const bool known = std::find(sections.begin(), sections.end(), section) != sections.end();
    if (known && table) read_section(section, *table, path, all, origins, f);
    else
      f.attempt([&] {
        if (known) fail(at.str(), section + " must be a section: [" + section + "]");
        if (table) unknown(at.str(), section, sections);
        unknown_option(section, at, all);
      });
  }
}

} // namespace troupe::config
