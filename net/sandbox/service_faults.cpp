#include "net/sandbox/service_faults.hpp"
#include "net/sandbox/kie_faults.hpp"
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

struct setting {
  const char* name;
  int service_plan::*value;
  int least, most;
};

constexpr setting settings_of_a_service[] = {
    {"latency_ms", &service_plan::latency_ms, 0, 60'000},
    {"lose_percent", &service_plan::lose_percent, 0, 100},
    {"late_percent", &service_plan::late_percent, 0, 100},
    {"refuse_percent", &service_plan::refuse_percent, 0, 100},
    {"refuse_status", &service_plan::refuse_status, 400, 599},
    {"malformed_percent", &service_plan::malformed_percent, 0, 100},
};

void set(service_plan& plan, const std::string& of, const std::string& name, const json& v) {
  for (const auto& s : settings_of_a_service) {
    if (name != s.name) continue;
    if (!v.is_number_integer() || v < s.least || v > s.most)
      throw std::runtime_error(of + "." + name + ": must be a whole number from " + std::to_string(s.least) +
                               " to " + std::to_string(s.most));
    plan.*s.value = v.get<int>();
    return;
  }
  throw std::runtime_error("unknown setting: " + of + "." + name);
}

service service_named(const std::string& name) {
  for (const auto s : all_services)
    if (name == name_of(s)) return s;
  throw std::runtime_error("unknown service: " + name + "; there are telegram, kie, yookassa, writer");
}

constexpr int rest_s = 1; ///< How long a refusal for haste asks to wait.

std::string telegram_words(int status) {
  switch (status) {
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 409: return "Conflict";
  case 429: return "Too Many Requests: retry after " + std::to_string(rest_s);
  case 502: return "Bad Gateway";
  case 504: return "Gateway Timeout";
  default: return status >= 500 ? "Internal Server Error" : "Bad Request";
  }
}

std::string kie_words(int code) {
  for (const auto& r : usual_refusals())
    if (r.code == code && code != 500) return r.msg;
  return code >= 500 ? "Internal Error, Please try again later." : "The request was refused";
}

service_refusal telegram_refusal(int status) {
  json body{{"ok", false}, {"error_code", status}, {"description", telegram_words(status)}};
  if (status != 429) return {status, std::move(body)};
  body["parameters"] = {{"retry_after", rest_s}};
  return {status, std::move(body), rest_s};
}

service_refusal yookassa_refusal(int status) {
  const std::string code = status == 429   ? "too_many_requests"
                           : status == 401 ? "invalid_credentials"
                           : status == 403 ? "forbidden"
                           : status == 404 ? "not_found"
                           : status >= 500 ? "internal_server_error"
                                           : "invalid_request";
  json body{{"type", "error"}, {"id", "00000000-0000-4000-8000-000000000000"}, {"code", code}};
  body["description"] = status == 429 ? "Too many requests" : "Refused by the fault panel";
  if (status == 429) body["retry_after"] = rest_s * 1000;
  return {status, std::move(body)};
}

service_refusal writer_refusal(int status) {
  const bool hasty = status == 429;
  const std::string type = hasty ? "requests" : status >= 500 ? "server_error" : "invalid_request_error";
  const json code = hasty ? json("rate_limit_exceeded") : json();
  json body{{"error",
             {{"message", hasty ? "Rate limit reached. Please try again in 1s." : "The request was refused."},
              {"type", type},
              {"param", nullptr},
              {"code", code}}}};
  return {status, std::move(body), hasty ? rest_s : 0};
}

} // namespace

const char* name_of(service s) {
  constexpr const char* names[] = {"telegram", "kie", "yookassa", "writer"};
  return names[static_cast<std::size_t>(s)];
}

std::string name_of(const call_fate& f) {
  switch (f.what) {
  case call_fate::end::lost: return "lost";
  case call_fate::end::refused: return "refused";
  case call_fate::end::malformed: return "malformed";
  case call_fate::end::late: return "late";
  case call_fate::end::well: break;
  }
  return f.latency_ms > 0 ? "latency" : "";
}

call_fate service_faults::fate_of(service s, const dice& throw_die) const {
  const auto p = plan(s);
  const auto falls = [&](int percent) { return percent > 0 && throw_die() < percent; };
  using end = call_fate::end;
  call_fate f;
  f.latency_ms = p.latency_ms;
  if (falls(p.lose_percent)) f.what = end::lost;
  else if (falls(p.refuse_percent)) f.what = end::refused;
  else if (falls(p.late_percent)) f.what = end::late;
  else if (falls(p.malformed_percent)) f.what = end::malformed;
  if (f.what == end::refused) f.refuse_status = p.refuse_status;
  return f;
}

json service_faults::shown() const {
  json all = json::object();
  for (const auto of : all_services)
    for (const auto& s : settings_of_a_service) all[name_of(of)][s.name] = plan(of).*s.value;
  return all;
}

void service_faults::change(const json& services) {
  if (!services.is_object()) throw std::runtime_error("services: must be an object");
  auto next = plans_;
  for (const auto& [of, wanted] : services.items()) {
    auto& plan = next[static_cast<std::size_t>(service_named(of))];
    if (!wanted.is_object()) throw std::runtime_error(of + ": must be an object");
    for (const auto& [name, v] : wanted.items()) set(plan, of, name, v);
  }
  plans_ = next;
}

service_refusal refusal_of(service s, int status, const std::string& path) {
  switch (s) {
  case service::telegram: return telegram_refusal(status);
  case service::yookassa: return yookassa_refusal(status);
  case service::writer: return writer_refusal(status);
  case service::kie: break;
  }
  json body{{"code", status}, {"msg", kie_words(status)}, {"data", nullptr}};
  return {path.rfind("/api/", 0) == 0 ? 200 : status, std::move(body)};
}

} // namespace troupe::sandbox
