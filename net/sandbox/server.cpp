#include "net/sandbox/clips.hpp"
#include "net/sandbox/kie_world.hpp"
#include "net/sandbox/sandbox.hpp"
#include "net/sandbox/star_routes.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "net/sandbox/webhook_sender.hpp"
#include "net/sandbox/writer_world.hpp"
#include "net/sandbox/yookassa_routes.hpp"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <httplib.h>
#include <mutex>
#include <queue>
#include <stdexcept>
#include <thread>

namespace troupe::sandbox {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

std::int64_t now_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Foreign bytes may be no UTF-8: they are replaced, never thrown about.
std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

void reply(Response& res, const json& body, int status = 200) {
  res.status = status;
  res.set_content(dump(body), "application/json");
}

void put_json_values(bot_call& call, const std::string& body) {
  const auto q = json::parse(body, nullptr, false);
  if (q.is_string()) call.values.emplace("content", q.get<std::string>());
  if (!q.is_object()) return;
  for (const auto& [name, v] : q.items())
    call.values.emplace(name, v.is_string() ? v.get<std::string>() : v.dump());
}

/// Query, form, JSON and multipart end in one flat list; the first of a name wins.
bot_call read_call(const Request& req) {
  bot_call call;
  for (const auto& [name, v] : req.params) call.values.emplace(name, v);
  if (req.get_header_value("Content-Type").rfind("application/json", 0) == 0) put_json_values(call, req.body);
  for (const auto& [name, part] : req.files) {
    if (part.filename.empty()) call.values.emplace(name, part.content);
    else call.files.emplace(name, uploaded_file{part.filename, part.content_type, part.content});
  }
  call.method = req.matches.size() > 2 ? req.matches[2].str() : "";
  if (call.method.empty() && call.values.count("method")) call.method = call.values["method"];
  return call;
}

bool same_method(std::string a, const std::string& lower_case) {
  for (char& c : a) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return a == lower_case;
}

struct address {
  std::string origin, path;
};

address split_url(const std::string& url) {
  const auto host = url.find("://");
  const auto slash = url.find('/', host == std::string::npos ? 0 : host + 3);
  if (slash == std::string::npos) return {url, "/"};
  return {url.substr(0, slash), url.substr(slash)};
}

bool post_callback(const kie_callback& c) {
  const auto to = split_url(c.url);
  httplib::Client client(to.origin);
  client.set_connection_timeout(3);
  client.set_read_timeout(15);
  client.set_tcp_nodelay(true);
  const auto res = client.Post(to.path.c_str(), c.body, "application/json");
  return res && res->status == 200;
}

} // namespace

struct server::impl {
  explicit impl(settings s)
      : set(std::move(s)), telegram(set.token, now_ms() / 1000),
        kie(set.generation_ms, set.fail_percent, set.seed),
        // A later sandbox must not give the ids of an earlier one: a bot may still know those as paid.
        yookassa({.notice_url = set.yookassa_notice_url}, static_cast<std::uint64_t>(now_ms())),
        latency_ms(set.latency_ms) {
    telegram.add_user(515151515, "Анна", "ru");
    telegram.add_user(424242424, "Bob", "en");
    telegram.add_user(1864913930, "Админ", "ru");
  }

  struct job {
    std::int64_t due;
    std::string task_id;
    int attempt;
    bool operator<(const job& o) const { return due > o.due; } // The queue gives the earliest first.
  };

  settings set;
  std::mutex mutex; ///< Guards both worlds and the jobs.
  std::condition_variable updates_changed, events_changed, jobs_changed;
  telegram_world telegram;
  kie_world kie;
  yookassa_routes yookassa; ///< Guards itself.
  std::priority_queue<job> jobs;
  std::map<std::string, int> kie_calls;
  int polls_waiting = 0;
  std::int64_t last_poll = 0;
  const std::int64_t started = now_ms();
  clip_maker clips;
  std::atomic<int> latency_ms;
  std::atomic<bool> stopping{false};
  httplib::Server http;
  int listener = -1;
  int port = 0;
  std::thread acceptor;
  std::vector<std::thread> workers;
  webhook_sender webhook{telegram, mutex, updates_changed, [this] { events_changed.notify_all(); }};

  // --- start and stop ---

  int start() {
    tune();
    routes();
    port = set.port;
    if (port == 0) port = http.bind_to_any_port(set.host.c_str());
    else if (!http.bind_to_port(set.host.c_str(), port)) port = -1;
    if (port <= 0 || ::listen(listener, 1024) != 0)
      throw std::runtime_error("sandbox: cannot listen on " + set.host + ":" + std::to_string(set.port));
    yookassa.start();
    acceptor = std::thread([this] { http.listen_after_bind(); });
    webhook.start();
    for (int i = 0; i < 4; ++i) workers.emplace_back([this] { work(); });
    while (!http.is_running()) std::this_thread::sleep_for(milliseconds(1));
    return port;
  }

  void stop() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    updates_changed.notify_all();
    events_changed.notify_all();
    jobs_changed.notify_all();
    webhook.stop();
    yookassa.stop();
    if (acceptor.joinable()) {
      http.stop();
      acceptor.join();
    }
    for (auto& w : workers) w.join();
    workers.clear();
  }

  void tune() {
    // A connection holds a thread: 128 of them wait cheaply.
    http.new_task_queue = [] { return new httplib::ThreadPool(128); };
    http.set_tcp_nodelay(true);
    http.set_keep_alive_max_count(1'000'000);
    http.set_keep_alive_timeout(2);
    http.set_read_timeout(30);
    http.set_write_timeout(30);
    http.set_payload_max_length(60u << 20);
    http.set_socket_options([this](socket_t f) {
      listener = static_cast<int>(f); // To listen again with a longer backlog than the library's 5.
      int on = 1;
      ::setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    http.set_error_handler([](const Request&, Response& res) {
      if (!res.body.empty()) return;
      const int code = res.status;
      const std::string text = code == 404 ? "Not Found" : code == 413 ? "Request Entity Too Large" : "Error";
      res.set_content(dump({{"ok", false}, {"error_code", code}, {"description", text}}), "application/json");
    });
  }

  void routes() {
    telegram_routes();
    kie_routes();
    yookassa.add_to(http);
    add_writer_routes(http, [this] { return stopping.load(); });
    control_routes();
    add_star_routes(http,
                    {telegram, mutex, updates_changed, events_changed, [this] { return stopping.load(); }});
    page_routes();
  }

  void lag() const {
    if (const int ms = latency_ms; ms > 0) std::this_thread::sleep_for(milliseconds(ms));
  }

  /// Those who wait look again: any call may have made an update or an event.
  void wake() {
    updates_changed.notify_all();
    events_changed.notify_all();
  }

  // --- Telegram ---

  void telegram_routes() {
    auto method = [this](const Request& req, Response& res) { bot_method(req, res); };
    http.Get(R"(/bot([^/]+)/?([^/]*))", method);
    http.Post(R"(/bot([^/]+)/?([^/]*))", method);
    http.Get(R"(/file/bot([^/]+)/(.+))", [this](const Request& req, Response& res) {
      std::lock_guard lock(mutex);
      if (const auto bad = telegram.check_token(req.matches[1].str()))
        return reply(res, bad->body, bad->status);
      send_file(res, telegram.file_by_path(req.matches[2].str()));
    });
  }

  static void send_file(Response& res, const stored_file* f) {
    if (!f) {
      res.status = 404;
      return;
    }
    res.set_header("Cache-Control", "max-age=86400");
    res.set_content(*f->bytes, f->content_type.c_str());
  }

  void bot_method(const Request& req, Response& res) {
    const bot_call call = read_call(req);
    if (const auto bad = telegram.check_token(req.matches[1].str()))
      return reply(res, bad->body, bad->status);
    if (same_method(call.method, "getupdates")) return poll(call, res);
    lag();
    bot_answer a;
    {
      std::lock_guard lock(mutex);
      a = telegram.handle(call, now_ms());
    }
    wake();
    reply(res, a.body, a.status);
  }

  void poll(const bot_call& call, Response& res) {
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::seconds(telegram_world::poll_seconds(call));
    std::unique_lock lock(mutex);
    if (const auto refused = telegram.poll_refused(false)) return reply(res, refused->body, refused->status);
    const auto ticket = telegram.begin_poll(call, now_ms());
    updates_changed.notify_all(); // The older poll learns that it is out.
    events_changed.notify_all();  // What this poll confirms, people see as read.
    ++polls_waiting;
    updates_changed.wait_until(
        lock, until, [&] { return stopping || telegram.superseded(ticket) || telegram.has_updates(); });
    --polls_waiting;
    last_poll = now_ms();
    const auto a = telegram.superseded(ticket)
                       ? telegram.poll_refused(true).value_or(telegram_world::conflict())
                       : telegram.updates(call, now_ms());
    lock.unlock();
    reply(res, a.body, a.status);
  }

  // --- kie ---

  std::string base_of(const Request& req) const {
    const std::string host = req.get_header_value("Host");
    return "http://" + (host.empty() ? set.host + ":" + std::to_string(port) : host);
  }

  template <class F> httplib::Server::Handler kie_call(const std::string& name, F body) {
    return [this, name, body](const Request& req, Response& res) {
      lag();
      const std::string auth = req.get_header_value("Authorization");
      if (auth.rfind("Bearer ", 0) != 0 || auth.size() < 8) return reply(res, kie_world::no_access());
      std::lock_guard lock(mutex);
      ++kie_calls[name];
      reply(res, body(req, now_ms())); // HTTP 200 always: the code is in the body.
    };
  }

  json remember(kie_created made) {
    if (made.ready_at > 0) {
      jobs.push({made.ready_at, made.task_id, 0});
      jobs_changed.notify_one();
    }
    return made.body;
  }

  void kie_routes() {
    http.Post("/api/v1/jobs/createTask", kie_call("createTask", [this](const Request& q, std::int64_t now) {
                return remember(kie.create_job(q.body, base_of(q), now));
              }));
    http.Post("/api/v1/veo/generate", kie_call("veo/generate", [this](const Request& q, std::int64_t now) {
                return remember(kie.create_veo(q.body, base_of(q), now));
              }));
    http.Get("/api/v1/jobs/recordInfo", kie_call("recordInfo", [this](const Request& q, std::int64_t now) {
               return kie.record_info(q.get_param_value("taskId"), now);
             }));
    http.Get("/api/v1/veo/record-info",
             kie_call("veo/record-info", [this](const Request& q, std::int64_t now) {
               return kie.veo_record_info(q.get_param_value("taskId"), now);
             }));
    http.Get("/api/v1/chat/credit",
             kie_call("credit", [this](const Request&, std::int64_t now) { return kie.credit(now); }));
    http.Post("/api/file-base64-upload", kie_call("upload", [this](const Request& q, std::int64_t now) {
                return kie.upload_base64(q.body, base_of(q), now);
              }));
    http.Post("/api/file-stream-upload", kie_call("upload", [this](const Request& q, std::int64_t now) {
                return stream_upload(q, now);
              }));
    http.Get(R"(/uploads/(.+))", [this](const Request& req, Response& res) {
      std::lock_guard lock(mutex);
      const auto* f = kie.uploaded(req.matches[1].str());
      if (f) res.set_content(f->bytes, f->mime.c_str());
      else res.status = 404;
    });
    http.Get(R"(/results/([0-9a-f]+)\.mp4)", [this](const Request& req, Response& res) {
      const std::string bytes = clip_for(req.matches[1].str());
      if (bytes.empty()) res.status = 404;
      else res.set_content(bytes, "video/mp4");
    });
  }

  json stream_upload(const Request& q, std::int64_t now) {
    const auto part = q.files.find("file");
    if (part == q.files.end())
      return {{"success", false}, {"code", 400}, {"msg", "Missing required parameter: file"}};
    auto field = [&q](const char* name) {
      const auto it = q.files.find(name);
      return it == q.files.end() ? std::string{} : it->second.content;
    };
    return kie.upload(field("uploadPath"), field("fileName"), part->second.content_type, part->second.content,
                      base_of(q), now);
  }

  /// "" when the task has no result (yet).
  std::string clip_for(const std::string& task_id) {
    std::optional<kie_clip> c;
    {
      std::lock_guard lock(mutex);
      c = kie.clip_of(task_id, now_ms());
    }
    if (!c) return {};
    if (!set.clips) return clips.clip(c->portrait ? "any-tall" : "any-wide", "sandbox", c->portrait);
    return clips.clip(task_id, c->prompt, c->portrait);
  }

  /// Makes the clips of finished tasks and calls back, each at its time.
  void work() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto now = now_ms();
      if (jobs.empty() || jobs.top().due > now) {
        const std::int64_t wait = jobs.empty() ? 1000 : std::min<std::int64_t>(jobs.top().due - now, 1000);
        jobs_changed.wait_for(lock, milliseconds(wait));
        continue;
      }
      job j = jobs.top();
      jobs.pop();
      lock.unlock();
      finish(j);
      lock.lock();
    }
  }

  void finish(job j) {
    if (j.attempt == 0) clip_for(j.task_id);
    std::optional<kie_callback> c;
    {
      std::lock_guard lock(mutex);
      c = kie.callback_of(j.task_id, now_ms());
    }
    if (!c || post_callback(*c) || j.attempt == 2) return;
    std::lock_guard lock(mutex);
    jobs.push({now_ms() + (j.attempt == 0 ? 1000 : 3000), j.task_id, j.attempt + 1});
  }

  // --- the control API ---

  template <class F> httplib::Server::Handler control(F body) {
    return [this, body](const Request& req, Response& res) {
      try {
        const json q = req.body.empty() ? json::object() : json::parse(req.body);
        reply(res, body(req, q));
      } catch (const std::exception& e) {
        reply(res, {{"ok", false}, {"error", e.what()}}, 400);
      }
      wake();
    };
  }

  void control_routes() {
    http.Get("/sandbox/users", control([this](const Request&, const json&) {
               std::lock_guard lock(mutex);
               return telegram.users();
             }));
    http.Post("/sandbox/users", control([this](const Request&, const json& q) {
                std::lock_guard lock(mutex);
                return telegram.add_user(q.value("id", std::int64_t{0}), q.value("first_name", "User"),
                                         q.value("language_code", "en"));
              }));
    http.Post("/sandbox/send", control([this](const Request&, const json& q) { return send(q); }));
    http.Post("/sandbox/press", control([this](const Request&, const json& q) { return press(q); }));
    http.Post("/sandbox/block", control([this](const Request&, const json& q) {
                std::lock_guard lock(mutex);
                telegram.block(q.at("user_id").get<std::int64_t>(), q.value("blocked", true), now_ms());
                return json{{"ok", true}};
              }));
    http.Get("/sandbox/events", control([this](const Request& req, const json&) { return events(req); }));
    http.Get("/sandbox/chat", control([this](const Request& req, const json&) {
               std::lock_guard lock(mutex);
               return telegram.chat(std::stoll(req.get_param_value("user_id")));
             }));
    http.Get("/sandbox/commands", control([this](const Request&, const json&) {
               std::lock_guard lock(mutex);
               return telegram.commands();
             }));
    http.Get("/sandbox/bot", control([this](const Request&, const json&) { return bot(); }));
    http.Get("/sandbox/stats", control([this](const Request&, const json&) { return stats(); }));
    http.Post("/sandbox/settings", control([this](const Request&, const json& q) { return change(q); }));
    http.Get(R"(/sandbox/file/([A-Za-z0-9_-]+))", [this](const Request& req, Response& res) {
      std::lock_guard lock(mutex);
      send_file(res, telegram.file(req.matches[1].str()));
    });
  }

  json send(const json& q) {
    said what;
    what.text = q.value("text", "");
    what.caption = q.value("caption", "");
    what.sticker = q.value("sticker", "");
    what.voice_s = std::clamp(q.value("voice_s", 0), 0, 3600);
    if (q.contains("photo_base64")) {
      auto bytes = from_base64(q["photo_base64"].get<std::string>());
      if (!bytes || bytes->empty()) throw std::runtime_error("photo_base64 is no base64");
      what.photo = std::move(*bytes);
    }
    if (what.text.empty() && what.photo.empty() && what.sticker.empty() && what.voice_s == 0)
      throw std::runtime_error("nothing to send");
    std::lock_guard lock(mutex);
    return telegram.say(q.at("user_id").get<std::int64_t>(), what, now_ms());
  }

  json press(const json& q) {
    const int wait = std::clamp(q.value("wait_ms", 3000), 0, 30'000);
    std::unique_lock lock(mutex);
    const std::string id =
        telegram.press(q.at("user_id").get<std::int64_t>(), q.at("message_id").get<std::int64_t>(),
                       q.at("data").get<std::string>(), now_ms());
    updates_changed.notify_all();
    events_changed.wait_for(lock, milliseconds(wait), [&] { return stopping || telegram.toast_of(id); });
    json out =
        telegram.toast_of(id).value_or(json{{"callback_query_id", id}, {"text", ""}, {"show_alert", false}});
    out["answered"] = telegram.toast_of(id).has_value();
    return out;
  }

  json events(const Request& req) {
    auto number = [&req](const char* name, std::int64_t otherwise) {
      return req.has_param(name) ? std::stoll(req.get_param_value(name)) : otherwise;
    };
    const std::int64_t after = number("after", 0);
    const auto wait = std::chrono::seconds(std::clamp<std::int64_t>(number("wait_s", 0), 0, 60));
    std::unique_lock lock(mutex);
    events_changed.wait_for(lock, wait, [&] { return stopping || telegram.last_seq() > after; });
    return telegram.events_after(after);
  }

  /// A killed bot may leave its last poll behind; the next update empties it, and then it shows.
  json bot() {
    constexpr std::int64_t patience_ms = 4000;
    std::lock_guard lock(mutex);
    const bool polled = polls_waiting > 0 || now_ms() - last_poll < patience_ms;
    return {{"listening", polled || telegram.webhook_works()},
            {"started", started},
            {"last_seq", telegram.last_seq()}};
  }

  json stats() {
    std::lock_guard lock(mutex);
    json kinds = telegram.violations();
    int n = kie.too_fast();
    for (const auto& one : telegram.violations()) n += one.second;
    if (kie.too_fast() > 0) kinds["kie: more than 20 creates in 10 s"] = kie.too_fast();
    json calls = telegram.calls();
    for (const auto& [name, count] : kie_calls) calls[name] = count;
    return {{"creates", kie.creates()}, {"tasks", kie.tasks(now_ms())}, {"calls", calls},
            {"violations", n},          {"violation_kinds", kinds},     {"last_seq", telegram.last_seq()}};
  }

  json change(const json& q) {
    std::lock_guard lock(mutex);
    set.generation_ms = q.value("generation_ms", set.generation_ms);
    set.fail_percent = q.value("fail_percent", set.fail_percent);
    latency_ms = q.value("latency_ms", latency_ms.load());
    kie.configure(set.generation_ms, set.fail_percent);
    return {{"generation_ms", set.generation_ms},
            {"fail_percent", set.fail_percent},
            {"latency_ms", latency_ms.load()}};
  }

  // --- the page ---

  void page_routes() {
    auto page = [this](const char* path, const std::string& name, const char* type) {
      http.Get(path, [name, type](const Request&, Response& res) {
        res.set_header("Cache-Control", "no-store");
        res.set_content(page_file(name), type);
      });
    };
    page("/", "index.html", "text/html; charset=utf-8");
    page("/chat.css", "chat.css", "text/css; charset=utf-8");
    http.Get(R"(/([a-z]+\.js))", [](const Request& req, Response& res) {
      const std::string script = page_file(req.matches[1].str());
      res.status = script.empty() ? 404 : 200;
      res.set_header("Cache-Control", "no-store");
      if (!script.empty()) res.set_content(script, "text/javascript; charset=utf-8");
    });
  }
};

server::server(settings s) : impl_(std::make_unique<impl>(std::move(s))) {}
server::~server() { stop(); }
int server::start() { return impl_->start(); }
void server::stop() { impl_->stop(); }

} // namespace troupe::sandbox
