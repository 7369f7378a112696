#pragma once
/// The settings in force: the files' settings with the administrators' changes on top.
#include "actors/settings_shelf.hpp"
#include <map>
#include <string>

namespace troupe {

/// Any thread.
class tuning {
public:
  using changes = std::vector<std::pair<std::string, std::string>>;

  /// What the database says is changed; names that are no change of settings are passed over. Publishes on
  /// `shelf` when there is something new. Returns the changes that do not fit (any more), as sentences.
  std::vector<std::string> set(settings_shelf& shelf, const changes& stored);
  /// What files say now. Options that need a restart keep their old values. Returns what is different, and
  /// the changes of administrators that do not fit any more, as sentences without secrets.
  std::vector<std::string> reload(settings_shelf& shelf, const config::settings& fresh);

private:
  std::vector<std::string> publish(settings_shelf& shelf);

  std::mutex mutex_;
  std::shared_ptr<const config::settings> file_; ///< none before the first change: the shelf's
  std::map<std::string, std::string> changes_;
};

} // namespace troupe
