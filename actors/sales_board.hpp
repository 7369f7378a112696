#pragma once
/// What can be sold now. Written by the dispatcher, read by sessions: from any thread.
#include "messages/work.hpp"
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace troupe {

/// One look at it.
struct sales_facts {
  bool closed = false;          ///< No key of the provider works.
  bool full = false;            ///< Too many videos wait already.
  std::set<std::string> paused; ///< Models, by the catalogue's id.
  bool sells(const std::string& model_id) const { return !closed && !full && paused.count(model_id) == 0; }
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
  /// The provider's word holds for a while; an administrator's until it is taken back (`unix_ms` max).
  void pause(const std::string& model_id, unix_ms until) {
    const std::lock_guard lock{mutex_};
    until_[model_id] = until;
  }
  void resume(const std::string& model_id) {
    const std::lock_guard lock{mutex_};
    until_.erase(model_id);
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
