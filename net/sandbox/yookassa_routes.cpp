#include "net/sandbox/yookassa_routes.hpp"
#include "net/sandbox/replies.hpp"
#include "net/sandbox/lost_answer.hpp"
#include "net/sandbox/yookassa_page.hpp"
#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

/// A bot that is slow to answer one notice must not hold up all others.
constexpr int senders = 2;

yookassa_call read_call(const Request& req) {
  yookassa_call call;
  call.method = req.method;
  call.path = req.matches[1].str();
  for (const auto& [name, value] : req.params) call.query.emplace(name, value);
  call.authorization = req.get_header_value("Authorization");
  call.key = req.get_header_value("Idempotence-Key");
  call.content_type = req.get_header_value("Content-Type");
  call.body = req.body;
  call.base = "http://" + req.get_header_value("Host");
  return call;
}

http_request request_of(const yookassa_notice& n) {
  http_request request;
  request.method = "POST";
  request.url = n.url;
  request.body = n.body;
  // The sandbox stands where a proxy would, for it cannot send from YooKassa's addresses.
  request.headers = {{"X-Forwarded-For", n.from_ip}};
  request.time_limit = std::chrono::seconds(15);
  return request;
}

json shown(const yookassa_settings& s, const yookassa_faults& f) {
  return {{"notice_url", s.notice_url},           {"receipts_required", s.receipts_required},
          {"confirm_ms", s.confirm_ms},           {"duplicates", f.duplicates},
          {"notice_delay_ms", f.notice_delay_ms}, {"drop_notices", f.drop_notices},
          {"foreign_sender", f.foreign_sender},   {"shown_kopecks", f.shown_kopecks},
          {"fail_before", f.fail_before},         {"fail_after", f.fail_after},
          {"lose_answers", f.lose_answers},       {"too_many", f.too_many},
          {"cancel_refunds", f.cancel_refunds},   {"answer_delay_ms", f.answer_delay_ms},
          {"reject_keys", f.reject_keys},         {"refused_contact", f.refused_contact}};
}

void take(const json& all, yookassa_settings& s, yookassa_faults& f) {
  all.at("notice_url").get_to(s.notice_url);
  all.at("receipts_required").get_to(s.receipts_required);
  all.at("confirm_ms").get_to(s.confirm_ms);
  all.at("duplicates").get_to(f.duplicates);
  all.at("notice_delay_ms").get_to(f.notice_delay_ms);
  all.at("drop_notices").get_to(f.drop_notices);
  all.at("foreign_sender").get_to(f.foreign_sender);
  all.at("shown_kopecks").get_to(f.shown_kopecks);
  all.at("fail_before").get_to(f.fail_before);
  all.at("fail_after").get_to(f.fail_after);
  all.at("lose_answers").get_to(f.lose_answers);
  all.at("too_many").get_to(f.too_many);
  all.at("cancel_refunds").get_to(f.cancel_refunds);
  all.at("answer_delay_ms").get_to(f.answer_delay_ms);
  all.at("reject_keys").get_to(f.reject_keys);
  all.at("refused_contact").get_to(f.refused_contact);
}

} // namespace

void yookassa_routes::add_to(httplib::Server& http) {
  auto call = gate_.around(service::yookassa, [this](const Request& req, Response& res) { api(req, res); });
  http.Get(R"(/v3(/.+))", call);
  http.Post(R"(/v3(/.+))", call);
  http.Delete(R"(/v3(/.+))", call);
  http.Get(R"(/yookassa/pay/([0-9a-f-]{36}))",
           [this](const Request& req, Response& res) { show_page(req, res); });
  http.Post(R"(/yookassa/pay/([0-9a-f-]{36}))", [this](const Request& req, Response& res) { act(req, res); });
  http.Get("/sandbox/yookassa", control([this](const Request&, const json&) { return state(); }));
  http.Post("/sandbox/yookassa", control([this](const Request&, const json& q) { return change(q); }));
}

void yookassa_routes::start() {
  for (int i = 0; i < senders; ++i) {
    lines_.push_back(make_http_transport());
    senders_.emplace_back([this, line = lines_.back().get()] { send_notices(*line); });
  }
}

void yookassa_routes::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& line : lines_) line->stop();
  for (auto& sender : senders_) sender.join();
  senders_.clear();
  lines_.clear();
}

void yookassa_routes::api(const Request& req, Response& res) {
  std::unique_lock lock(mutex_);
  const auto answer = world_.handle(read_call(req), now_ms());
  changed_.notify_all();
  if (const auto delay = world_.faults.answer_delay_ms; delay > 0)
    changed_.wait_for(lock, milliseconds(delay), [this] { return stopping_; });
  if (answer.lost) lose_answer(res);
  else reply(res, answer.body, answer.status);
}

void yookassa_routes::show_page(const Request& req, Response& res) {
  const std::lock_guard lock(mutex_);
  const auto bill = world_.bill(req.matches[1].str(), now_ms());
  res.set_header("Cache-Control", "no-store");
  if (bill) res.set_content(yookassa_page(*bill), "text/html; charset=utf-8");
  else res.status = 404;
}

/// Whatever came of it, the page tells.
void yookassa_routes::act(const Request& req, Response& res) {
  const std::string id = req.matches[1].str(), action = req.get_param_value("action");
  const std::string reason = req.get_param_value("reason");
  const std::lock_guard lock(mutex_);
  if (action == "decline") world_.decline(id, reason.empty() ? "insufficient_funds" : reason, now_ms());
  else world_.pay(id, action, now_ms());
  changed_.notify_all();
  res.set_redirect("/yookassa/pay/" + id, 303);
}

json yookassa_routes::state() {
  const std::lock_guard lock(mutex_);
  json out = world_.report(now_ms());
  out["settings"] = shown(world_.settings, world_.faults);
  return out;
}

/// All or nothing, and no unknown names: a misspelt fault would let a test pass that tests nothing.
json yookassa_routes::change(const json& wanted) {
  const std::lock_guard lock(mutex_);
  json all = shown(world_.settings, world_.faults);
  for (const auto& [name, value] : wanted.items()) {
    if (!all.contains(name)) throw std::runtime_error("unknown setting: " + name);
    all[name] = value;
  }
  auto settings = world_.settings;
  auto faults = world_.faults;
  take(all, settings, faults);
  world_.settings = settings;
  world_.faults = faults;
  changed_.notify_all();
  return all;
}

http_reply yookassa_routes::send(transport& out, const yookassa_notice& n) {
  const auto began = now_ms();
  const auto slash = n.url.find('/', n.url.find("://") + 3);
  auto answer = out.send(request_of(n));
  gate_.note({.at = began,
              .took_ms = now_ms() - began,
              .service = name_of(service::yookassa),
              .method = "POST",
              .path = slash == n.url.npos ? "/" : n.url.substr(slash),
              .request = n.body,
              .response = answer.body,
              .status = answer.status,
              .out = true});
  return answer;
}

void yookassa_routes::send_notices(transport& out) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = now_ms();
    if (const auto n = world_.take_notice(now)) {
      lock.unlock();
      const auto answer = send(out, *n);
      lock.lock();
      world_.notice_answered(*n, answer.status, now_ms());
      continue;
    }
    const auto wait = std::clamp<std::int64_t>(world_.next_due().value_or(now + 1000) - now, 1, 1000);
    changed_.wait_for(lock, milliseconds(wait));
  }
}

} // namespace troupe::sandbox
