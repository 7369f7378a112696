#pragma once
/// Counts the log's errors, by channel, until the watchman looks.
#include <map>
#include <mutex>
#include <spdlog/sinks/base_sink.h>
#include <string>

namespace troupe {

/// While one lives, what this thread logs is told to administrators by a written alarm: it is not told again.
class told_in_words {
public:
  told_in_words() { ++depth_; }
  ~told_in_words() { --depth_; }
  told_in_words(const told_in_words&) = delete;
  told_in_words& operator=(const told_in_words&) = delete;
  static bool now() { return depth_ > 0; }

private:
  inline static thread_local int depth_ = 0;
};

/// Any thread. Bounded: there are only so many channels, and only the last text of each is kept.
class error_tally {
public:
  struct errors {
    int times = 0;
    std::string last;
  };
  void note(const std::string& channel, const std::string& text) {
    const std::lock_guard lock{mutex_};
    auto& e = by_channel_[channel];
    ++e.times, e.last = text;
  }
  std::map<std::string, errors> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(by_channel_, {});
  }

private:
  std::mutex mutex_;
  std::map<std::string, errors> by_channel_;
};

/// The log's lines are written where they are said, so that `told_in_words` is of the same thread.
class error_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit error_sink(std::shared_ptr<error_tally> tally) : tally_{std::move(tally)} {
    set_level(spdlog::level::err);
  }

private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    if (told_in_words::now()) return;
    tally_->note({line.logger_name.data(), line.logger_name.size()},
                 {line.payload.data(), line.payload.size()});
  }
  void flush_() override {}
  std::shared_ptr<error_tally> tally_;
};

} // namespace troupe
