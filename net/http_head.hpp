#pragma once
/// What stands before the body of a request.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// Views into what was read: good while it is judged.
struct http_head {
  std::string_view method, path; ///< the path without a query
  std::string_view peer;         ///< the other side's address
  std::vector<std::pair<std::string_view, std::string_view>> headers;

  std::size_t count(std::string_view name) const; ///< lines of this name, however it is spelt
  /// Of the only line of this name. Of two lines one may be somebody else's: then there is nothing.
  std::optional<std::string_view> only(std::string_view name) const;
};

/// Why no request of this shape is served, whatever it wants; 0: it is a plain one. A body that is
/// compressed, in parts or announced is nothing that anybody whom we know sends, and costs more than it
/// shows.
int refusal_of(const http_head& head);
/// What Content-Length says, 0 without one; nothing when it is no number.
std::optional<std::uint64_t> length_of(const http_head& head);
bool is_chunked(const http_head& head);
/// HTTP's names of status codes, as far as we say them.
const char* reason_of(int status);

} // namespace troupe
