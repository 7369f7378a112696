#pragma once
/// All that is wrong with the settings, told at once. For config/ alone.
#include "config/config.hpp"
#include <utility>

namespace troupe::config {

[[noreturn]] void fail(const std::string& where, const std::string& what);

/// Collects. One who finds a fault goes on with the next thing, so that the operator mends all in one go.
class faults {
public:
  void add(const std::string& where, const std::string& what) {
    all_.push_back(where.empty() ? what : where + ": " + what);
  }
  /// @returns whether `read` found nothing wrong
  template <class F> bool attempt(F read) {
    try {
      read();
      return true;
    } catch (const config_error& e) {
      all_.emplace_back(e.what());
      return false;
    }
  }
  std::size_t count() const { return all_.size(); }
  std::vector<std::string> take() { return std::move(all_); }

private:
  std::vector<std::string> all_;
};

} // namespace troupe::config
