#pragma once
/// The whole engine: opens the store, spawns the cast in order, adopts open work, stops cleanly.
#include "config/config.hpp"
#include <memory>
#include <string>

namespace troupe {

class engine {
public:
  explicit engine(config::settings settings);
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
