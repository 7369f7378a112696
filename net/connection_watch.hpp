#pragma once
/// Ends the connections of one listening port when their time is over or when they have sent too much.
/// The library does not tell its sockets, so they are found among the process's descriptors.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace troupe {

inline constexpr std::chrono::seconds web_connection_limit{15};
inline constexpr std::chrono::seconds web_header_limit{5}; ///< to say what is wanted, from the beginning
/// The library keeps all headers, each at twenty times its size: endless ones filled gigabytes in seconds.
inline constexpr std::uint64_t web_header_bytes_max = 32u << 10;
inline constexpr std::uint64_t web_connection_bytes_max = 2u << 20; ///< a whole body and its headers

class connection_watch {
public:
  ~connection_watch() { stop(); }
  void start(int port);
  void stop();
  /// A connection came: look often until none is left.
  void wake();
  /// The headers from this peer's port are over, a body may follow.
  void headers_read(int peer_port);

private:
  struct seen {
    unsigned long inode;
    std::chrono::steady_clock::time_point since;
  };
  void run(int port);
  void look(int port);
  std::map<int, seen> connections_; ///< by descriptor
  std::set<int> in_body_;           ///< by the peer's port
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false, awake_ = false;
  std::thread thread_;
};

} // namespace troupe
