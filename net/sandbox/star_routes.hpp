#pragma once
/// The control API's part for payments with Stars: what the chat page and tests do as a person who pays.
#include "net/sandbox/telegram_world.hpp"
#include <condition_variable>
#include <functional>
#include <mutex>

namespace httplib {
class Server;
}

namespace troupe::sandbox {

struct star_till {
  telegram_world& telegram;
  std::mutex& mutex; ///< Guards the world.
  std::condition_variable &updates_changed, &events_changed;
  std::function<bool()> stopping;
};

/// The server must outlive the routes' last call.
void add_star_routes(httplib::Server& http, star_till till);

} // namespace troupe::sandbox
