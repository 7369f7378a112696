#pragma once
/// What all HTTP routes of the sandbox answer with. Includes the whole of httplib: for .cpp files only.
#include <chrono>
#include <cstdint>
#include <functional>
#include <httplib.h>
#include <nlohmann/json.hpp>

namespace troupe::sandbox {

inline std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Foreign bytes may be no UTF-8: they are replaced.
inline std::string dump(const nlohmann::json& j) {
  return j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline void reply(httplib::Response& res, const nlohmann::json& body, int status = 200) {
  res.status = status;
  res.set_content(dump(body), "application/json");
}

/// A route of the control API: `answer` gets the request and its body as JSON; what it throws is a 400 that
/// says why. `then` is called behind each.
template <class Answer>
httplib::Server::Handler control(
    Answer answer, std::function<void()> then = [] {}) {
  return [answer, then](const httplib::Request& req, httplib::Response& res) {
    try {
      reply(res, answer(req, req.body.empty() ? nlohmann::json::object() : nlohmann::json::parse(req.body)));
    } catch (const std::exception& e) {
      reply(res, {{"ok", false}, {"error", e.what()}}, 400);
    }
    then();
  };
}

} // namespace troupe::sandbox
