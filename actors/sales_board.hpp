#pragma once
/// What can be sold now. Written by the dispatcher, read by sessions: from any thread.
#include "messages/work.hpp"
#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace troupe {

/// One look at it.
struct sales_facts {
  bool closed = false;          ///< No key of the provider works.
  bool stopped = false;         ///< An administrator wants no new videos, and no submits.
  bool full = false;            ///< Too many videos wait already.
  std::set<std::string> paused; ///< Models, by the catalogue's id.
  std::string maintenance;      ///< An administrator's text: nothing new is ordered meanwhile.
  bool sells(const std::string& model_id) const {
    return !closed && !stopped && !full && maintenance.empty() && paused.count(model_id) == 0;
  }
};

class sales_board {
public:
  void set_closed(bool closed) {
    const std::lock_guard lock{mutex_};
    now_.closed = closed;
  }
  void set_full(bool full) {
    const std::lock_guard lock{mutex_};
    now_.full = full;
  }
  void set_stopped(bool stopped) {
    const std::lock_guard lock{mutex_};
    now_.stopped = stopped;
  }
  /// Applies what an administrator has set: "paused:<model>", or "stopped" for all, "maintenance".
  void set(const std::string& name, const std::string& value) {
    if (name == "stopped") set_stopped(!value.empty());
    else if (name == "maintenance") set_maintenance(value);
    else if (name.rfind("paused:", 0) == 0)
      value.empty() ? resume(name.substr(7)) : pause(name.substr(7), std::numeric_limits<unix_ms>::max());
  }
  void set_maintenance(const std::string& text) {
    const std::lock_guard lock{mutex_};
    now_.maintenance = text;
  }
  /// The provider's word holds for a while; an administrator's until it is taken back (`unix_ms` max),
  /// whatever the provider says meanwhile.
  void pause(const std::string& model_id, unix_ms until) {
    const std::lock_guard lock{mutex_};
    auto& known = until_[model_id];
    known = std::max(known, until);
  }
  void resume(const std::string& model_id) {
    const std::lock_guard lock{mutex_};
    until_.erase(model_id);
  }
  bool is_stopped() const {
    const std::lock_guard lock{mutex_};
    return now_.stopped;
  }
  sales_facts look(unix_ms now) const {
    const std::lock_guard lock{mutex_};
    auto facts = now_;
    for (auto& [model, until] : until_)
      if (now < until) facts.paused.insert(model);
    return facts;
  }

private:
  mutable std::mutex mutex_;
  sales_facts now_;
  std::map<std::string, unix_ms> until_;
};

} // namespace troupe
