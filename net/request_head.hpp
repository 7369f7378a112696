#pragma once
/// The one place where the lines of a request are written. Private to the HTTP client.
#include "messages/http.hpp"
#include "net/http_address.hpp"
#include "net/proxy.hpp"
#include <cstddef>
#include <optional>
#include <string>

namespace troupe {

class multipart;

/// Up to the empty line, with the body behind it when that is in memory; nothing when a part of it would
/// break its lines. A proxy is told the whole address when it passes requests on, and nothing when it only
/// opens a way. `parts`: the body that follows, may be none.
std::optional<std::string> written(const http_request& r, const http_address& to, const proxy* by,
                                   const multipart* parts);

/// To the proxy: open a way to that host.
std::string way_to(const host_and_port& to, const proxy& by);

/// Where a redirect leads.
std::string followed(const http_address& from, const std::string& location);

} // namespace troupe
