#pragma once
/// Posts the updates of the Telegram stand-in to the bot's webhook, in order, one at a time.
#include "net/sandbox/http_log.hpp"
#include "net/sandbox/telegram_world.hpp"
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace httplib {
class Client;
}

namespace troupe::sandbox {

class webhook_sender {
public:
  /// `mutex` guards the world; `updates_changed` is notified when it may have something new; `wake` tells
  /// the others that the bot has read something; `note` writes a post down.
  webhook_sender(telegram_world& world, std::mutex& mutex, std::condition_variable& updates_changed,
                 std::function<void()> wake, std::function<void(http_call)> note);
  ~webhook_sender();
  void start();
  void stop();

private:
  void run();
  int send(const webhook_post& post);

  telegram_world& world_;
  std::mutex& mutex_;
  std::condition_variable& updates_changed_;
  std::function<void()> wake_;
  std::function<void(http_call)> note_;
  bool stopping_ = false, ended_ = false; ///< Guarded by `mutex_`.
  std::string origin_;
  std::shared_ptr<httplib::Client> client_; ///< Replaced under `mutex_`.
  std::thread thread_;
};

} // namespace troupe::sandbox
