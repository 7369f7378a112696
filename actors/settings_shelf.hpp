#pragma once
/// The settings in force. Replaced as a whole while the engine runs; what was given out stays valid as long
/// as the engine lives, for actors keep references. A set is some hundred KB, and replaced by hand.
#include "config/config.hpp"
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe {

/// Any thread.
class settings_shelf {
public:
  settings_shelf() = default;
  settings_shelf(const settings_shelf& other) { *this = other; }
  settings_shelf& operator=(const settings_shelf& other) {
    if (this != &other) {
      const std::lock_guard lock{other.mutex_};
      if (!other.all_.empty()) put(other.all_.back());
    }
    return *this;
  }
  void put(std::shared_ptr<const config::settings> s) {
    const std::lock_guard lock{mutex_};
    now_ = s.get();
    all_.push_back(std::move(s));
  }
  settings_shelf& operator=(std::shared_ptr<const config::settings> s) {
    put(std::move(s));
    return *this;
  }
  const config::settings& operator*() const { return *now_; }
  const config::settings* operator->() const { return now_; }

private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const config::settings>> all_;
  std::atomic<const config::settings*> now_{nullptr};
};

} // namespace troupe
