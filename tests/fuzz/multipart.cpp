#include "net/sandbox/multipart.hpp"
#include "tests/fuzz/edge.hpp"

// The sandbox's bodies of many parts: a line with the content type, then the body.

using namespace troupe;
using namespace troupe::fuzz;

EDGE(multipart) {
  const auto type = in.line();
  const auto body = in.rest();
  const auto boundary = sandbox::boundary_of(type);
  must(!boundary || !boundary->empty(), "a boundary is not empty");
  const auto parts = sandbox::read_multipart(body, boundary.value_or("b"));
  must(parts.size() <= sandbox::multipart_parts_max, "the number of parts is bounded");
  std::size_t bytes = 0;
  for (const auto& p : parts) {
    must(!p.name.empty(), "a part has a name");
    must(holds(body, p.content), "a part is what was sent");
    bytes += p.content.size();
  }
  must(bytes <= body.size(), "parts do not overlap");
}
