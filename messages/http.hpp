#pragma once
/// What goes to the outside world and what comes back, as plain values.
/// Shared by the HTTP edge (`net/`), its local stand-ins (`net/sandbox/`) and the actors.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

using http_fields = std::vector<std::pair<std::string, std::string>>;

/// Why there is no answer. `refused` proves that nothing was done; after `lost` nobody knows.
enum class http_error : std::uint8_t {
  none,
  refused,   ///< No connection: the other side has not seen the request.
  lost,      ///< Sent, but the answer was cut off, too late or unreadable.
  too_large, ///< The answer is larger than `body_bytes_max`.
  stopped,   ///< We are shutting down (or the waiting line was full): not sent.
  forbidden, ///< The address is none that we go to: not sent.
  no_file,   ///< A file to be sent cannot be read: not sent, and another try would not help.
};

/// A multipart part that is read from disk.
struct http_file {
  std::string field;
  std::string filename;
  std::string content_type;
  std::string path;
  std::string sha256 = {}; ///< When set, another content is `no_file`: nothing but this is sent.
};

struct http_request {
  std::string method = "GET";
  std::string url; ///< Absolute: scheme://host[:port]/path?query
  http_fields headers;
  std::string content_type = "application/json";
  std::string body;
  http_fields form; ///< With `files`: sent as multipart/form-data, `body` is ignored.
  std::vector<http_file> files;
  /// When set, a 200 body is written to this file, not to memory, and a GET may be led elsewhere to it.
  std::string save_to;
  /// The address was told by the other side: https and a public address only, at each hop;
  /// `network.private_hosts` are excepted.
  bool is_foreign = false;
  /// Until the service can be spoken to: its name, the connection, a proxy's way, TLS; at each hop anew.
  std::chrono::milliseconds connect_limit{3'000};
  /// All of it, from its turn (waiting for one is not counted) to the last byte of the answer: looking at its
  /// files, connecting, sending, redirects. Who sends files adds `time_for`.
  std::chrono::milliseconds time_limit{60'000};
  std::uint64_t body_bytes_max = 8u << 20; ///< As it arrives: nothing that is packed is taken.
};

/// What so many bytes take on a slow line, half a megabit a second.
constexpr std::chrono::milliseconds time_for(std::uint64_t bytes) {
  return std::chrono::milliseconds{static_cast<std::int64_t>(bytes / 64)};
}

struct http_reply {
  http_error error = http_error::none;
  int status = 0;      ///< 0 when `error` is set.
  http_fields headers; ///< Names in lower case; only what somebody here reads.
  std::string body;
  std::uint64_t saved_bytes = 0; ///< Of a body that went to `save_to`, and its first bytes (`head_bytes`).
  std::string saved_head;
};
inline constexpr std::size_t head_bytes = 512;

/// Of a request that was given a ticket, as many may be under way at once.
struct http_answer {
  std::uint64_t ticket = 0;
  http_reply reply;
};

/// Those that came in one turn of the loop that waits for them.
struct http_answers {
  std::vector<http_answer> list;
};

} // namespace troupe
