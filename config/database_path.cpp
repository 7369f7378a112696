#include "config/database_path.hpp"
#include <algorithm>
#include <fstream>
#include <regex>

namespace troupe::config {
namespace {

/// From a file that is broken elsewhere; "" when it says nothing.
std::string written_in(const std::string& file) {
  static const std::regex line_of{R"re(^\s*database_path\s*=\s*["']([^"']+)["']\s*(#.*)?$)re"};
  std::ifstream in{file};
  std::smatch found;
  for (std::string line; std::getline(in, line);)
    if (std::regex_match(line, found, line_of)) return found[1];
  return "";
}

} // namespace

named_database database_path(const std::string& dir, const environment& env) {
  std::vector<std::string> faults;
  const auto s = load_all(dir, env, faults);
  const auto about_it = [](const std::string& fault) {
    return fault.find("database_path") != fault.npos || fault.find("DATABASE_PATH") != fault.npos;
  };
  if (const auto own = std::find_if(faults.begin(), faults.end(), about_it); own != faults.end())
    throw config_error{*own + ". Name the file: --database FILE"};
  named_database d{s.opts.storage.database_path, ""};
  if (faults.empty()) return d;
  d.note = "the settings are broken (" + faults.front() + "), which matters nothing here: the database is ";
  const auto line = std::find_if(s.report.begin(), s.report.end(),
                                 [](auto& e) { return e.key == "storage.database_path"; });
  if (line->origin == "default")
    if (const auto written = written_in(dir + "/troupe.toml"); !written.empty()) d.path = written;
  d.note += d.path;
  return d;
}

} // namespace troupe::config
