#include "net/sandbox/kie_routes.hpp"
#include "net/sandbox/replies.hpp"
#include "net/sandbox/kie_panel.hpp"
#include "net/sandbox/lost_answer.hpp"
#include "net/web_server.hpp"
#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr int workers = 4;
/// kie.ai waits 15 s for the answer to a callback and tries three times more; how long it rests between is
/// not documented.
constexpr int callback_limit_s = 15;
constexpr int retries = 3;
constexpr std::int64_t rest_ms[retries] = {1000, 3000, 5000};

/// "" when there is none.
std::string key_of(const Request& req) {
  const std::string auth = req.get_header_value("Authorization");
  return auth.rfind("Bearer ", 0) == 0 ? auth.substr(7) : "";
}

} // namespace

httplib::Headers kie_signature(const std::string& webhook_key, const std::string& task_id,
                               std::int64_t unix_seconds) {
  if (webhook_key.empty()) return {};
  const auto stamp = std::to_string(unix_seconds);
  return {{"X-Webhook-Timestamp", stamp},
          {"X-Webhook-Signature", hmac_sha256_base64(webhook_key, task_id + "." + stamp)}};
}

kie_routes::kie_routes(const settings& s, service_gate& gate, std::function<void()> lag)
    : gate_(gate), own_clips_(s.clips), lag_(std::move(lag)), world_(s.generation_ms, s.fail_percent, s.seed),
      webhook_key_(s.kie_webhook_key) {
  world_.enforce_rate(s.enforce_rate);
}

void kie_routes::start() {
  for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
}

void kie_routes::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& w : workers_) w.join();
  workers_.clear();
}

// --- the API ---

httplib::Server::Handler kie_routes::call(const std::string& name, deed body) {
  return gate_.around(service::kie, [this, name, body](const Request& req, Response& res) {
    lag_();
    const caller c{key_of(req), "http://" + req.get_header_value("Host"), now_ms()};
    std::unique_lock lock(mutex_);
    answer a;
    if (c.key.empty() || world_.refuses(c.key)) {
      a.body = name == "upload" ? kie_world::no_upload_access() : kie_world::no_access();
    } else {
      ++calls_[name];
      a = body(req, c);
    }
    // After the deed: a client that does not wait so long cannot know what became of it.
    if (const int ms = world_.faults.latency_ms; ms > 0)
      changed_.wait_for(lock, milliseconds(ms), [this] { return stopping_; });
    if (a.lost) lose_answer(res);
    else reply(res, a.body); // HTTP 200 always: the code is in the body.
  });
}

kie_routes::answer kie_routes::remember(kie_created made) {
  if (made.ready_at > 0) {
    jobs_.push({made.ready_at, made.task_id, 0});
    changed_.notify_all();
  }
  return {std::move(made.body), made.lost};
}

void kie_routes::add_to(httplib::Server& http) {
  http.Post("/api/v1/jobs/createTask", call("createTask", [this](const Request& q, const caller& c) {
              return remember(world_.create_job(q.body, c.base, c.now, c.key));
            }));
  http.Post("/api/v1/veo/generate", call("veo/generate", [this](const Request& q, const caller& c) {
              return remember(world_.create_veo(q.body, c.base, c.now, c.key));
            }));
  http.Get("/api/v1/jobs/recordInfo", call("recordInfo", [this](const Request& q, const caller& c) {
             return answer{world_.record_info(q.get_param_value("taskId"), c.now)};
           }));
  http.Get("/api/v1/veo/record-info", call("veo/record-info", [this](const Request& q, const caller& c) {
             return answer{world_.veo_record_info(q.get_param_value("taskId"), c.now)};
           }));
  http.Get("/api/v1/chat/credit", call("credit", [this](const Request&, const caller& c) {
             return answer{world_.credit(c.now, c.key)};
           }));
  http.Post("/api/file-base64-upload", call("upload", [this](const Request& q, const caller& c) {
              return answer{world_.upload_base64(q.body, c.base, c.now)};
            }));
  http.Post("/api/file-stream-upload", call("upload", [this](const Request& q, const caller& c) {
              return answer{stream_upload(q, c)};
            }));
  http.Get(R"(/uploads/(.+))", [this](const Request& req, Response& res) {
    const std::lock_guard lock(mutex_);
    const auto* f = world_.uploaded(req.matches[1].str());
    if (f) res.set_content(f->bytes, f->mime.c_str());
    else res.status = 404;
  });
  http.Get(R"(/results/([0-9a-f]+)\.mp4)",
           gate_.around(service::kie, [this](const Request& req, Response& res) {
             const std::string bytes = clip_for(req.matches[1].str());
             const auto fault = spoils(req.matches[1].str());
             if (bytes.empty()) res.status = 404;
             else if (fault == kie_spoiled::page)
               res.set_content("<!DOCTYPE html><html><body>Please wait</body></html>", "text/html");
             else if (fault == kie_spoiled::half)
               res.set_content(bytes.substr(0, bytes.size() / 2), "video/mp4");
             else res.set_content(bytes, "video/mp4");
           }));
  http.Get("/sandbox/kie", control([this](const Request&, const json&) { return state(); }));
  http.Post("/sandbox/kie", control([this](const Request&, const json& q) { return change(q); }));
  http.Get("/sandbox/speed", control([this](const Request&, const json&) {
             const std::lock_guard lock(mutex_);
             return json{{"times", world_.speed()}};
           }));
  http.Post("/sandbox/speed", control([this](const Request&, const json& q) { return set_speed(q); }));
}

json kie_routes::stream_upload(const Request& q, const caller& c) {
  const auto part = q.files.find("file");
  if (part == q.files.end())
    return {{"success", false}, {"code", 400}, {"msg", "Missing required parameter: file"}};
  auto field = [&q](const char* name) {
    const auto it = q.files.find(name);
    return it == q.files.end() ? std::string{} : it->second.content;
  };
  return world_.upload(field("uploadPath"), field("fileName"), part->second.content_type,
                       part->second.content, c.base, c.now);
}

// --- what people and tests steer ---

json kie_routes::state() {
  const std::lock_guard lock(mutex_);
  return shown(world_, webhook_key_, now_ms());
}

json kie_routes::change(const json& wanted) {
  const std::lock_guard lock(mutex_);
  sandbox::change(world_, webhook_key_, wanted, now_ms());
  return shown(world_, webhook_key_, now_ms());
}

json kie_routes::set_speed(const json& wanted) {
  const auto times = wanted.is_object() ? wanted.value("times", json()) : json();
  if (times != 1 && times != 10 && times != 60) throw std::runtime_error("times: must be 1, 10 or 60");
  const std::lock_guard lock(mutex_);
  world_.set_speed(times.get<int>(), now_ms());
  std::priority_queue<job> jobs;
  for (; !jobs_.empty(); jobs_.pop()) {
    auto j = jobs_.top();
    if (j.attempt == 0) j.due = world_.ready_at(j.task_id);
    jobs.push(std::move(j));
  }
  jobs_ = std::move(jobs);
  changed_.notify_all();
  return {{"times", world_.speed()}};
}

kie_routes::numbers kie_routes::stats() {
  const std::lock_guard lock(mutex_);
  return {world_.creates(), calls_, world_.tasks(now_ms()), world_.too_fast()};
}

// --- the ends of tasks ---

/// What becomes of this download; the first ones are counted.
kie_spoiled kie_routes::spoils(const std::string& task_id) {
  const std::lock_guard lock(mutex_);
  const auto c = world_.clip_of(task_id, now_ms());
  const auto fault = c ? marked_result(c->prompt) : kie_spoiled::no;
  if (fault == kie_spoiled::no || downloads_[task_id] >= kie_spoiled_downloads) return kie_spoiled::no;
  ++downloads_[task_id];
  return fault;
}

/// "" when the task has no result (yet).
std::string kie_routes::clip_for(const std::string& task_id) {
  std::optional<kie_clip> c;
  {
    const std::lock_guard lock(mutex_);
    c = world_.clip_of(task_id, now_ms());
  }
  if (!c) return {};
  if (!own_clips_) return clips_.clip(c->portrait ? "any-tall" : "any-wide", "sandbox", c->portrait);
  return clips_.clip(task_id, c->prompt, c->portrait);
}

/// Makes the clips of finished tasks and calls back, each at its time.
void kie_routes::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = now_ms();
    if (jobs_.empty() || jobs_.top().due > now) {
      const std::int64_t wait = jobs_.empty() ? 1000 : std::min<std::int64_t>(jobs_.top().due - now, 1000);
      changed_.wait_for(lock, milliseconds(wait));
      continue;
    }
    job j = jobs_.top();
    jobs_.pop();
    lock.unlock();
    finish(j);
    lock.lock();
  }
}

void kie_routes::finish(job j) {
  if (j.attempt == 0) clip_for(j.task_id);
  if (call_back(j.task_id) || j.attempt == retries) return;
  const std::lock_guard lock(mutex_);
  jobs_.push({now_ms() + rest_ms[j.attempt], j.task_id, j.attempt + 1});
}

/// @returns whether it need not be tried again.
bool kie_routes::call_back(const std::string& task_id) {
  std::optional<kie_callback> c;
  std::string webhook_key;
  {
    const std::lock_guard lock(mutex_);
    c = world_.callback_of(task_id, now_ms());
    webhook_key = webhook_key_;
  }
  if (!c) return true;
  const auto host = c->url.find("://");
  const auto slash = c->url.find('/', host == std::string::npos ? 0 : host + 3);
  httplib::Client client(c->url.substr(0, slash));
  client.set_connection_timeout(3);
  client.set_read_timeout(callback_limit_s);
  client.set_tcp_nodelay(true);
  const std::string path = slash == std::string::npos ? "/" : c->url.substr(slash);
  const auto began = now_ms();
  const auto res = client.Post(path.c_str(), kie_signature(webhook_key, task_id, began / 1000), c->body,
                               "application/json");
  gate_.note({.at = began,
              .took_ms = now_ms() - began,
              .service = name_of(service::kie),
              .method = "POST",
              .path = path,
              .request = c->body,
              .response = res ? res->body : "",
              .status = res ? res->status : 0,
              .out = true});
  return res && res->status == 200;
}

} // namespace troupe::sandbox
