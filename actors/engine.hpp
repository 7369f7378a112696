#pragma once
/// The whole engine: opens the store, runs the cast under supervision, stops cleanly.
#include "config/config.hpp"
#include <functional>
#include <memory>
#include <string>

namespace troupe {

class engine {
public:
  /// `hopeless` is called, on another thread, when restarts of the actors do not help any more.
  explicit engine(config::settings settings, std::function<void(const std::string& why)> hopeless);
  ~engine(); ///< stops
  /// @throws std::exception with a sentence for the operator: locked or damaged database, port taken, ...
  void start();
  /// Ends all waits and writes nothing new; what is open goes on at the next start. Bounded by 15 s.
  void stop();
  int web_port() const; ///< 0 when the web server is off

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
