#pragma once
/// Who serves the web server's connections.
///
/// cpp-httplib gives each connection a thread that blocks on it; its time limits are per read, so a client
/// that sends a byte a second keeps its thread for hours. Two things make that harmless: there are more
/// threads than a handful of such clients can take, and no connection lives long (connection_watch).
#include <condition_variable>
#include <functional>
#include <httplib.h>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace troupe {

/// Made when they are needed. More than the 256 posts that may wait for the store: health is answered still.
inline constexpr std::size_t web_threads_max = 320;
/// Connections without a thread. Further ones are left with the kernel, so that they take no descriptors.
inline constexpr std::size_t web_waiting_max = 64;

/// Threads on demand. What finds none waits; it waits in vain only until its connection's time is over.
class web_crew final : public httplib::TaskQueue {
public:
  using enqueue_result = decltype(std::declval<httplib::TaskQueue&>().enqueue({})); // void, later bool
  explicit web_crew(std::function<void()> on_task = [] {}) : on_task_(std::move(on_task)) {}
  enqueue_result enqueue(std::function<void()> task) override; ///< waits while too many wait
  void shutdown() override;

private:
  void work();
  std::function<void()> on_task_;
  std::mutex mutex_;
  std::condition_variable changed_, room_;
  std::queue<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool over_ = false;
};

} // namespace troupe
