#include "config/config.hpp"
#include "config/option_values.hpp"
#include "config/readers.hpp"
#include "config/words.hpp"

namespace troupe::config {
namespace {

constexpr std::size_t faults_told_max = 30; // of a file that is no settings at all, say

} // namespace

settings load_all(const std::string& dir, const environment& env, std::vector<std::string>& told) {
  settings s;
  faults f;
  origin_map origins;
  auto all = bind(s.opts);
  read_options(dir + "/troupe.toml", all, origins, f);
  read_environment(env, all, origins, f);
  check_names(env, all, s.doubts, f);
  check_options(s.opts, all, origins, f);
  // Whoever is founder by default is nobody to an operator who has said who rules.
  auto& u = s.opts.users;
  const auto by_default = options{}.users.admin_ids;
  if (u.founder_id == options{}.users.founder_id)
    u.founder_id = u.admin_ids == by_default ? by_default.front() : 0;
  for (auto& o : all) {
    const auto origin = origins.find(o.key);
    s.report.push_back(
        {o.key, shown(o), origin == origins.end() ? "default" : origin->second, o.secret, o.comment});
  }
  s.models = read_models(dir + "/models.toml", f);
  read_presets(dir + "/presets.toml", s, f);
  s.words = read_texts(dir + "/texts", f);
  for (auto& fault : f.take()) told.push_back(std::move(fault));
  return s;
}

settings load(const std::string& dir, const environment& env) {
  std::vector<std::string> told;
  auto s = load_all(dir, env, told);
  if (told.empty()) return s;
  const auto more = told.size() > faults_told_max ? told.size() - faults_told_max : 0;
  told.resize(told.size() - more);
  throw config_error{words::joined(told, "\n") + (more ? "\nand " + std::to_string(more) + " more" : "")};
}

} // namespace troupe::config
