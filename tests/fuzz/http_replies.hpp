#pragma once
/// What both HTTP clients promise about a reply, whatever the other side said.
#include "tests/fuzz/edge.hpp"

namespace troupe::fuzz {

inline constexpr std::uint64_t reply_bytes_max = 4096;

inline void check_reply(const http_reply& r) {
  // The other side has read the request: `refused` and `stopped` would have it sent again, and paid twice.
  must(r.error == http_error::none || r.error == http_error::lost || r.error == http_error::too_large,
       "what was read by the other side is never called unsent");
  if (r.error != http_error::none) {
    must(r.status == 0 && characters(r.body) <= 1000, "a failure has no status, and words of ours");
    return;
  }
  must(r.status >= 100 && r.status <= 999, "a status has three digits");
  must(r.body.size() <= reply_bytes_max, "a body keeps its limit");
  for (const auto& [name, value] : r.headers)
    must(value.find_first_of("\r\n") == std::string::npos, "a header is one line");
}

} // namespace troupe::fuzz
