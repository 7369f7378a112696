#include "net/sandbox/operator_routes.hpp"
#include "net/sandbox/replies.hpp"
#include <chrono>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;

constexpr auto health_limit = std::chrono::seconds{1};

} // namespace

operator_routes::operator_routes(const settings& s)
    : read_facts_(s.facts), engine_url_(s.engine_url), engine_(s.engine, s.engine_ended) {}

void operator_routes::add_to(httplib::Server& http) {
  http.Get("/sandbox/operator", control([this](const httplib::Request&, const json&) { return facts(); }));
  http.Get("/sandbox/engine",
           control([this](const httplib::Request&, const json&) { return engine_.state(); }));
  http.Post("/sandbox/engine", control([this](const httplib::Request&, const json& q) {
              return engine_.act(q.is_object() && q.contains("do") ? q["do"].get<std::string>() : "");
            }));
}

void operator_routes::stop() {
  line_->stop();
  engine_.end();
}

json operator_routes::health() {
  if (engine_url_.empty()) return nullptr;
  http_request request;
  request.url = engine_url_ + "/health";
  request.connect_limit = request.time_limit = health_limit;
  const auto answer = line_->send(request);
  const auto told = json::parse(answer.body, nullptr, false);
  return told.is_object() ? told : json(nullptr);
}

json operator_routes::facts() {
  const std::lock_guard lock(mutex_);
  json out{{"available", false},      {"why", ""},
           {"queue", json::array()},  {"jobs", json::array()},
           {"ledger", json::array()}, {"lanes", json::array()},
           {"engine", json::object()}};
  try {
    if (!read_facts_) throw std::runtime_error("no database was named: troupe sandbox --database FILE");
    out.update(json::parse(read_facts_()));
    out["available"] = true;
  } catch (const std::exception& e) {
    out["why"] = e.what();
  }
  auto told = health();
  if (told.is_null()) {
    if (out["why"] == "")
      out["why"] = engine_url_.empty() ? "no engine was named: troupe sandbox --engine-url URL"
                                       : "the engine does not answer at " + engine_url_;
    return out;
  }
  if (told.contains("lanes")) {
    out["lanes"] = told["lanes"];
    told.erase("lanes");
  }
  out["engine"] = std::move(told);
  return out;
}

} // namespace troupe::sandbox
