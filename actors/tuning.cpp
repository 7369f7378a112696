#include "actors/tuning.hpp"

namespace troupe {
namespace {

std::string sentence(const config::difference& d) {
  std::string text = d.what;
  if (d.from.empty()) text += ": " + d.to;
  else text += " " + d.from + " -> " + d.to;
  return d.applies ? text : text + " (only after a restart)";
}

} // namespace

std::vector<std::string> tuning::set(settings_shelf& shelf, const changes& stored) {
  const std::lock_guard lock{mutex_};
  bool news = false;
  for (auto& [name, value] : stored) {
    if (!config::is_change(name)) continue;
    const auto known = changes_.find(name);
    if (known == changes_.end() ? value.empty() : known->second == value) continue;
    news = true;
    if (value.empty()) changes_.erase(known);
    else changes_[name] = value;
  }
  return news ? publish(shelf) : std::vector<std::string>{};
}

std::vector<std::string> tuning::reload(settings_shelf& shelf, const config::settings& fresh) {
  const std::lock_guard lock{mutex_};
  if (!file_) file_ = std::make_shared<const config::settings>(*shelf);
  std::vector<std::string> said;
  for (auto& d : config::differences(*file_, fresh)) said.push_back(sentence(d));
  file_ = std::make_shared<const config::settings>(config::only_changeable(*file_, fresh));
  for (auto& why : publish(shelf)) said.push_back("an administrator's change is left out: " + why);
  return said;
}

std::vector<std::string> tuning::publish(settings_shelf& shelf) {
  if (!file_) file_ = std::make_shared<const config::settings>(*shelf);
  std::vector<std::string> ignored;
  shelf.put(std::make_shared<const config::settings>(
      config::with_changes(*file_, {changes_.begin(), changes_.end()}, ignored)));
  return ignored;
}

} // namespace troupe
