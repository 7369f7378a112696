#pragma once
/// When the files of settings are to be read again.
#include <string>

namespace troupe::process {

/// Size and time of each file of settings, as one text.
std::string look_at_files(const std::string& dir);

/// A file is read when it is new and has not changed since the last look: an editor may still be writing it.
class settings_watch {
public:
  explicit settings_watch(const std::string& now) : read_{now}, seen_{now} {}
  bool is_time(const std::string& now) {
    const bool settled = now == seen_ && now != read_;
    seen_ = now;
    return settled;
  }
  void was_read(const std::string& now) { read_ = seen_ = now; }

private:
  std::string read_, seen_;
};

} // namespace troupe::process
