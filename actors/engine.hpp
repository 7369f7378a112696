#pragma once
/// The whole engine: opens the store, runs the cast under supervision, stops cleanly.
#include "config/config.hpp"
#include <functional>
#include <memory>
#include <string>
#include <vector>

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
  /// The files were read anew: what may change while the engine runs is in force when this returns. Logs and
  /// tells administrators what is different; empty: nothing is. Any thread, between start and stop.
  std::vector<std::string> reload(const config::settings& fresh);
  /// The files could not be read: the old settings stay, and administrators hear why. Any thread, as above.
  void reload_failed(const std::string& why);
  int web_port() const; ///< 0 when the web server is off

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe
