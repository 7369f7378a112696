#pragma once
/// Little real mp4 files, so that ffprobe and a browser are content.
#include <future>
#include <map>
#include <mutex>
#include <string>

namespace troupe::sandbox {

/// Each clip is made once; others who ask for it wait. Blocks while ffmpeg runs. Thread-safe.
class clip_maker {
public:
  /// "" when ffmpeg is missing or failed.
  std::string clip(const std::string& key, const std::string& prompt, bool portrait);

private:
  std::mutex mutex_;
  std::map<std::string, std::shared_future<std::string>> clips_;
};

} // namespace troupe::sandbox
