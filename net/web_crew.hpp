#pragma once
/// Who serves the web server's connections, and for how long at most.
///
/// cpp-httplib gives each connection a thread that blocks on it; its time limits are per read, so a client
/// that sends a byte a second keeps its thread for hours. Two things make that harmless: there are more
/// threads than a handful of such clients can take, and no connection lives longer than `connection_limit`.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <httplib.h>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace troupe {

inline constexpr std::size_t web_threads_max = 256; ///< made when they are needed
inline constexpr std::chrono::seconds web_connection_limit{15};

/// Threads on demand. What finds none waits; it waits in vain only until its connection's time is over.
class web_crew final : public httplib::TaskQueue {
public:
  using enqueue_result = decltype(std::declval<httplib::TaskQueue&>().enqueue({})); // void, later bool
  enqueue_result enqueue(std::function<void()> task) override;
  void shutdown() override;

private:
  void work();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool over_ = false;
};

/// Ends the connections of one listening port when their time is over. The library does not tell its sockets,
/// so they are found among the process's descriptors.
class connection_watch {
public:
  ~connection_watch() { stop(); }
  void start(int port);
  void stop();

private:
  struct seen {
    unsigned long inode;
    std::chrono::steady_clock::time_point since;
  };
  void look(int port);
  std::map<int, seen> connections_; ///< by descriptor
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

} // namespace troupe
