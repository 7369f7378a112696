#pragma once
/// The settings in force: those of the files, with what administrators have changed. Replaced as a whole
/// while the engine runs; what was given out stays valid as long as the engine lives, for actors keep
/// references. A set is some hundred KB, and replaced by hand.
#include "config/config.hpp"
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe {

/// Any thread. Copies share one shelf.
class settings_shelf {
public:
  using ptr = std::shared_ptr<const config::settings>;

  /// New files. @returns changes of administrators that do not fit them any more
  std::vector<std::string> put(ptr from_files) const {
    const std::lock_guard lock{s_->mutex};
    s_->base = std::move(from_files);
    return renew();
  }
  /// What an administrator has set; "" takes it back. Other settings are left alone.
  void change(const std::string& name, const std::string& value) const {
    if (name.rfind("option:", 0) != 0 && name.rfind("model:", 0) != 0) return;
    const std::lock_guard lock{s_->mutex};
    if (value.empty()) s_->changes.erase(name);
    else s_->changes[name] = value;
    if (s_->base) renew();
  }
  settings_shelf& operator=(ptr from_files) {
    put(std::move(from_files));
    return *this;
  }
  const config::settings& operator*() const { return *s_->now; }
  const config::settings* operator->() const { return s_->now; }

private:
  std::vector<std::string> renew() const {
    std::vector<std::string> ignored;
    auto next = s_->base;
    if (!s_->changes.empty()) {
      const std::vector<std::pair<std::string, std::string>> all{s_->changes.begin(), s_->changes.end()};
      next = std::make_shared<const config::settings>(config::with_changes(*s_->base, all, ignored));
    }
    s_->all.push_back(next);
    s_->now = next.get();
    return ignored;
  }

  struct shared {
    std::mutex mutex;
    ptr base;
    std::map<std::string, std::string> changes;
    std::vector<ptr> all;
    std::atomic<const config::settings*> now{nullptr};
  };
  std::shared_ptr<shared> s_ = std::make_shared<shared>();
};

} // namespace troupe
