#include "net/sandbox/service_gate.hpp"
#include "net/sandbox/replies.hpp"
#include "net/sandbox/call_text.hpp"
#include "net/sandbox/lost_answer.hpp"
#include <algorithm>
#include <chrono>
#include <regex>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::int64_t wait_max_s = 25;
/// Who waits for calls gets them by handfuls: a broadcast makes hundreds a second.
constexpr auto gathering = milliseconds(50);

void refuse(Response& res, const service_refusal& r) {
  if (r.retry_after_s > 0) res.set_header("Retry-After", std::to_string(r.retry_after_s));
  reply(res, r.body, r.status);
}

/// The service's own fault panel may lose answers too.
bool is_lost(const Response& res) { return static_cast<bool>(res.content_provider_); }

/// An empty long poll says nothing, many times a minute.
bool is_empty_poll(const Request& req, const Response& res) {
  constexpr std::string_view empty = R"({"ok":true,"result":[]})";
  static const std::regex poll{"/getupdates$", std::regex::icase};
  return res.body == empty && std::regex_search(req.path, poll);
}

std::int64_t number_of(const Request& req, const char* name) {
  return req.has_param(name) ? std::stoll(req.get_param_value(name)) : 0;
}

} // namespace

httplib::Server::Handler service_gate::around(service s, httplib::Server::Handler body) {
  return [this, s, body = std::move(body)](const Request& req, Response& res) { handle(s, body, req, res); };
}

call_fate service_gate::fate_of(service s) {
  std::unique_lock lock(mutex_);
  const auto fate = faults_.fate_of(s, [this] { return static_cast<int>(random_() % 100); });
  if (fate.latency_ms > 0)
    changed_.wait_for(lock, milliseconds(fate.latency_ms), [this] { return stopping_; });
  return fate;
}

void service_gate::handle(service s, const httplib::Server::Handler& body, const Request& req,
                          Response& res) {
  using end = call_fate::end;
  http_call c;
  c.at = now_ms();
  c.service = name_of(s);
  c.method = req.method;
  c.path = req.path;
  c.request = text_of(req);
  const auto fate = fate_of(s);
  c.fault = name_of(fate);
  if (fate.what == end::refused) refuse(res, refusal_of(s, fate.refuse_status, req.path));
  else if (fate.what != end::lost) body(req, res);
  if (fate.what == end::malformed) res.body.resize(res.body.size() / 2);
  const bool lost_by_service = is_lost(res);
  if (c.fault.empty() && is_empty_poll(req, res)) return;
  if (lost_by_service) c.fault = "late";
  c.status = lost_by_service || fate.what == end::lost || fate.what == end::late ? 0 : status_of(res);
  c.response = c.status != 0 || fate.what == end::late ? text_of(res) : "";
  if (fate.what == end::lost || fate.what == end::late) lose_answer(res);
  c.took_ms = now_ms() - c.at;
  note(std::move(c));
}

void service_gate::note(http_call c) {
  {
    const std::lock_guard lock(mutex_);
    log_.add(std::move(c));
  }
  changed_.notify_all();
}

void service_gate::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

// --- what people and tests steer ---

json service_gate::calls(const Request& req) {
  const auto after = std::max<std::int64_t>(number_of(req, "after"), 0);
  const auto wait = std::chrono::seconds(std::clamp<std::int64_t>(number_of(req, "wait_s"), 0, wait_max_s));
  std::unique_lock lock(mutex_);
  const auto news = [&] { return stopping_ || log_.last_seq() > after; };
  if (!news() && changed_.wait_for(lock, wait, news))
    changed_.wait_for(lock, gathering, [this] { return stopping_; });
  return log_.after(std::min(after, log_.last_seq()));
}

json service_gate::change(const json& q) {
  if (!q.is_object()) throw std::runtime_error("the body must be an object");
  for (const auto& [name, v] : q.items())
    if (name != "services" && name != "reset") throw std::runtime_error("unknown setting: " + name);
  const std::lock_guard lock(mutex_);
  auto next = faults_;
  if (q.value("reset", false)) next.reset();
  if (q.contains("services")) next.change(q["services"]);
  faults_ = next;
  return {{"services", faults_.shown()}};
}

void service_gate::add_to(httplib::Server& http) {
  http.Get("/sandbox/http", control([this](const Request& req, const json&) { return calls(req); }));
  http.Get("/sandbox/services", control([this](const Request&, const json&) {
             const std::lock_guard lock(mutex_);
             return json{{"services", faults_.shown()}};
           }));
  http.Post("/sandbox/services", control([this](const Request&, const json& q) { return change(q); }));
}

} // namespace troupe::sandbox
