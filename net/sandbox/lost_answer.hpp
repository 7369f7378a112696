#pragma once
#include <httplib.h>

namespace troupe::sandbox {

/// A promised body that does not come: the client sees a broken connection.
inline void lose_answer(httplib::Response& res) {
  res.status = 200; // An error without a body would be given one.
  res.body.clear();
  res.set_content_provider(1000, "application/json",
                           [](std::size_t, std::size_t, httplib::DataSink&) { return false; });
}

} // namespace troupe::sandbox
