#pragma once
/// The control API's part for the crowd, flood control and its faults.
#include "net/sandbox/telegram_world.hpp"
#include <functional>
#include <mutex>

namespace httplib {
class Server;
}

namespace troupe::sandbox {

struct crowd_desk {
  telegram_world& telegram;
  std::mutex& mutex; ///< Guards the world.
  std::function<void()> changed;
  std::function<nlohmann::json()> provider_violations; ///< By wording.
};

/// The server must outlive the routes' last call.
void add_crowd_routes(httplib::Server& http, crowd_desk desk);

} // namespace troupe::sandbox
