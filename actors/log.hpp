#pragma once
/// Named channels of the log: poller, ledger, courier, ... Lines are sentences; secrets never appear.
#include <memory>
#include <spdlog/spdlog.h>

namespace troupe {

/// The channel's logger; made on first use with the sinks of the default logger. Thread-safe.
inline std::shared_ptr<spdlog::logger> log(const char* channel) {
  if (auto known = spdlog::get(channel)) return known;
  try {
    auto made = spdlog::default_logger()->clone(channel);
    spdlog::register_logger(made);
    return made;
  } catch (const spdlog::spdlog_ex&) { // another thread was first
    if (auto known = spdlog::get(channel)) return known;
    return spdlog::default_logger();
  }
}

} // namespace troupe
