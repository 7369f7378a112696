#include "net/sandbox/crowd_routes.hpp"
#include "net/sandbox/replies.hpp"
#include "net/sandbox/kie_routes.hpp"
#include "net/sandbox/multipart.hpp"
#include "net/sandbox/operator_routes.hpp"
#include "net/sandbox/sandbox.hpp"
#include "net/sandbox/service_gate.hpp"
#include "net/sandbox/star_routes.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "net/sandbox/visitor_guard.hpp"
#include "net/sandbox/webhook_sender.hpp"
#include "net/sandbox/writer_world.hpp"
#include "net/sandbox/yookassa_routes.hpp"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <httplib.h>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace troupe::sandbox {
namespace {

using httplib::Request;
using httplib::Response;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kie_too_fast = "kie: more than 20 creates in 10 s";
constexpr std::int64_t team_group = -1001234567890; ///< Where administrators talk with the bot in it.

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

constexpr const char* key_cookie = "sandbox_key=";

/// From the address that was printed, or from the cookie that it has left.
std::string key_of(const Request& req) {
  if (req.has_param("key")) return req.get_param_value("key");
  const auto cookies = req.get_header_value("Cookie");
  const auto at = cookies.find(key_cookie);
  if (at == cookies.npos) return {};
  const auto from = at + std::string_view{key_cookie}.size();
  return cookies.substr(from, cookies.find(';', from) - from);
}

visit visit_of(const Request& req) {
  const auto header = [&req](const char* name) { return req.get_header_value(name); };
  return {req.method,
          req.path,
          header("Host"),
          header("Origin"),
          header("Sec-Fetch-Site"),
          header("Sec-Fetch-Mode"),
          header("Content-Type"),
          req.has_header("Transfer-Encoding") ||
              (req.has_header("Content-Length") && header("Content-Length") != "0"),
          key_of(req)};
}

/// The page runs its own scripts and nobody else's, and stands in nobody's frame.
constexpr const char* page_policy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: "
                                    "blob:; style-src 'self' 'unsafe-inline'; "
                                    "base-uri 'none'; frame-ancestors 'none'";

bool same_method(std::string a, const std::string& lower_case) {
  for (char& c : a) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return a == lower_case;
}

} // namespace

struct server::impl {
  explicit impl(settings s)
      : set(std::move(s)), telegram(set.token, now_ms() / 1000), gate(set.seed, {set.token}),
        kie(set, gate, [this] { lag(); }),
        // A later sandbox must not give the ids of an earlier one: a bot may still know those as paid.
        yookassa({.notice_url = set.yookassa_notice_url}, static_cast<std::uint64_t>(now_ms()), gate),
        latency_ms(set.latency_ms) {
    telegram.add_user(515151515, "Анна", "ru");
    telegram.add_user(424242424, "Bob", "en");
    telegram.add_user(1864913930, "Админ", "ru");
    telegram.add_group(team_group, "Команда");
    telegram.floods().choose(flood_mode_of(set.flood));
  }

  settings set;
  std::mutex mutex; ///< Guards what is Telegram's.
  std::condition_variable updates_changed, events_changed;
  telegram_world telegram;
  service_gate gate;        ///< Guards itself.
  kie_routes kie;           ///< Guards itself.
  yookassa_routes yookassa; ///< Guards itself.
  operator_routes office{set};
  int polls_waiting = 0;
  std::int64_t last_poll = 0;
  const std::int64_t started = now_ms();
  std::atomic<int> latency_ms;
  std::atomic<bool> stopping{false};
  httplib::Server http;
  int listener = -1;
  int port = 0;
  std::optional<visitor_guard> guard; ///< Once the port is known.
  std::thread acceptor;
  webhook_sender webhook{telegram, mutex, updates_changed, [this] { events_changed.notify_all(); },
                         [this](http_call c) { gate.note(std::move(c)); }};

  // --- start and stop ---

  int start() {
    tune();
    routes();
    port = set.port;
    if (port == 0) port = http.bind_to_any_port(set.host.c_str());
    else if (!http.bind_to_port(set.host.c_str(), port)) port = -1;
    guard.emplace(set.host, port, set.key);
    if (port <= 0 || ::listen(listener, 1024) != 0)
      throw std::runtime_error("sandbox: cannot listen on " + set.host + ":" + std::to_string(set.port));
    kie.start();
    yookassa.start();
    acceptor = std::thread([this] { http.listen_after_bind(); });
    webhook.start();
    while (!http.is_running()) std::this_thread::sleep_for(milliseconds(1));
    office.start();
    return port;
  }

  void stop() {
    office.stop(); // The engine's last words are still heard.
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    updates_changed.notify_all();
    events_changed.notify_all();
    gate.stop();
    webhook.stop();
    kie.stop();
    yookassa.stop();
    if (acceptor.joinable()) {
      http.stop();
      acceptor.join();
    }
  }

  void tune() {
    // A connection holds a thread, also while latency is played: they wait cheaply.
    http.new_task_queue = [] { return new httplib::ThreadPool(256); };
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
    kie.add_to(http);
    yookassa.add_to(http);
    add_writer_routes(http, gate, [this] { return stopping.load(); });
    gate.add_to(http);
    office.add_to(http);
    control_routes();
    add_star_routes(http,
                    {telegram, mutex, updates_changed, events_changed, [this] { return stopping.load(); }});
    add_crowd_routes(http, {telegram, mutex, [this] { wake(); },
                            [this] {
                              json kinds = json::object();
                              if (const int n = kie.stats().too_fast; n > 0) kinds[kie_too_fast] = n;
                              return kinds;
                            }});
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
    http.set_pre_routing_handler([this](const Request& req, Response& res) {
      res.set_header("X-Content-Type-Options", "nosniff");
      const auto v = visit_of(req);
      if (const auto why = guard->refusal(v)) {
        reply(res, {{"ok", false}, {"error_code", 403}, {"error", *why}, {"description", *why}}, 403);
        return httplib::Server::HandlerResponse::Handled;
      }
      if (req.path == "/" && !set.key.empty())
        res.set_header("Set-Cookie", key_cookie + set.key + "; Path=/; HttpOnly; SameSite=Strict");
      if (req.path.rfind("/bot", 0) == 0) keep_whole(req);
      return httplib::Server::HandlerResponse::Unhandled;
    });
    auto method = with_parts(
        gate.around(service::telegram, [this](const Request& req, Response& res) { bot_method(req, res); }));
    http.Get(R"(/bot([^/]+)/?([^/]*))", method);
    http.Post(R"(/bot([^/]+)/?([^/]*))", method);
    auto file = [this](const Request& req, Response& res) {
      std::lock_guard lock(mutex);
      if (const auto bad = telegram.check_token(req.matches[1].str()))
        return reply(res, bad->body, bad->status);
      send_file(res, telegram.file_by_path(req.matches[2].str()));
    };
    http.Get(R"(/file/bot([^/]+)/(.+))", gate.around(service::telegram, file));
  }

  static bool is_shown(const std::string& type) {
    if (type.starts_with("image/svg")) return false; // a page in a picture's clothes
    for (const char* kind : {"image/", "video/", "audio/"})
      if (type.starts_with(kind)) return true;
    return false;
  }
  static void send_file(Response& res, const stored_file* f) {
    if (!f) {
      res.status = 404;
      return;
    }
    res.set_header("Cache-Control", "max-age=86400");
    // What somebody sent is shown as a picture, a film or a sound, or it is kept; it is never a page of ours.
    res.set_header("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'");
    if (!is_shown(f->content_type)) res.set_header("Content-Disposition", "attachment");
    res.set_content(*f->bytes, f->content_type.c_str());
  }

  void bot_method(const Request& req, Response& res) {
    const bot_call call = read_call(req);
    if (const auto bad = telegram.check_token(req.matches[1].str()))
      return reply(res, bad->body, bad->status);
    if (same_method(call.method, "getupdates")) return poll(call, res);
    lag();
    bot_answer a;
    bool news = false, work = false;
    {
      std::lock_guard lock(mutex);
      const auto seq = telegram.last_seq();
      a = telegram.handle(call, now_ms());
      news = telegram.last_seq() != seq || !same_method(call.method, "sendmessage");
      work = telegram.has_updates();
    }
    // A crowd's thousand messages a second need wake nobody.
    if (news) events_changed.notify_all();
    if (work || news) updates_changed.notify_all();
    if (a.status == 429)
      res.set_header("Retry-After", std::to_string(a.body["parameters"]["retry_after"].get<int>()));
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

  // --- the control API ---

  /// Whoever waits looks again behind each.
  template <class F> httplib::Server::Handler control(F body) {
    return sandbox::control(body, [this] { wake(); });
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
    http.Post("/sandbox/forward", control([this](const Request&, const json& q) { return forward(q); }));
    http.Post("/sandbox/groups", control([this](const Request&, const json& q) {
                std::lock_guard lock(mutex);
                return telegram.add_group(q.at("id").get<std::int64_t>(), q.value("title", "Group"));
              }));
    http.Post("/sandbox/groups/move", control([this](const Request&, const json& q) {
                std::lock_guard lock(mutex);
                return telegram.move_group(q.at("id").get<std::int64_t>(), q.value("told", true), now_ms());
              }));
    http.Post("/sandbox/groups/refuse", control([this](const Request&, const json& q) {
                std::lock_guard lock(mutex);
                return telegram.refuse_in_group(q.at("id").get<std::int64_t>(), q.value("words", ""),
                                                now_ms());
              }));
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

  static std::string bytes_of(const json& q, const char* name) {
    auto bytes = from_base64(q.at(name).get<std::string>());
    if (!bytes || bytes->empty()) throw std::runtime_error(std::string(name) + " is no base64");
    return std::move(*bytes);
  }

  static said said_of(const json& q) {
    said what;
    what.text = q.value("text", "");
    what.caption = q.value("caption", "");
    what.sticker = q.value("sticker", "");
    what.voice_s = std::clamp(q.value("voice_s", 0), 0, 3600);
    what.chat_id = q.value("chat_id", std::int64_t{0});
    what.reply_to = q.value("reply_to", std::int64_t{0});
    what.entities = q.value("entities", json());
    what.origin = q.value("origin", json());
    if (q.contains("photo_base64")) what.photo = bytes_of(q, "photo_base64");
    for (const char* kind : {"video", "document", "animation", "audio"})
      if (const std::string name = std::string(kind) + "_base64"; q.contains(name)) {
        what.kind = kind;
        what.bytes = bytes_of(q, name.c_str());
      }
    what.file_name = q.value("file_name", "");
    what.content_type = q.value("content_type", "");
    if (what.text.empty() && what.photo.empty() && what.bytes.empty() && what.sticker.empty() &&
        what.voice_s == 0)
      throw std::runtime_error("nothing to send");
    return what;
  }

  json send(const json& q) {
    const auto user = q.at("user_id").get<std::int64_t>();
    if (q.contains("album")) {
      std::vector<said> items;
      for (const auto& one : q["album"]) items.push_back(said_of(one));
      std::lock_guard lock(mutex);
      return telegram.say_album(user, std::move(items), now_ms());
    }
    const said what = said_of(q);
    std::lock_guard lock(mutex);
    return telegram.say(user, what, now_ms());
  }

  json forward(const json& q) {
    std::lock_guard lock(mutex);
    return telegram.forward_to_bot(q.at("user_id").get<std::int64_t>(),
                                   q.at("from_chat_id").get<std::int64_t>(),
                                   q.at("message_id").get<std::int64_t>(), now_ms());
  }

  json press(const json& q) {
    const int wait = std::clamp(q.value("wait_ms", 3000), 0, 30'000);
    std::unique_lock lock(mutex);
    const std::string id =
        telegram.press(q.at("user_id").get<std::int64_t>(), q.at("message_id").get<std::int64_t>(),
                       q.at("data").get<std::string>(), now_ms(), q.value("chat_id", std::int64_t{0}));
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
            {"username", telegram.bot_user()["username"]},
            {"last_seq", telegram.last_seq()}};
  }

  json stats() {
    const auto provider = kie.stats();
    std::lock_guard lock(mutex);
    const json found = telegram.all_violations();
    json kinds = found["kinds"];
    const auto n = found["total"].get<std::int64_t>() + provider.too_fast;
    if (provider.too_fast > 0) kinds[kie_too_fast] = provider.too_fast;
    json calls = telegram.calls();
    for (const auto& [name, count] : provider.calls) calls[name] = count;
    return {
        {"creates", provider.creates}, {"tasks", provider.tasks},        {"calls", calls}, {"violations", n},
        {"violation_kinds", kinds},    {"last_seq", telegram.last_seq()}};
  }

  json change(const json& q) {
    json of_kie = json::object();
    for (const char* name : {"generation_ms", "fail_percent"})
      if (q.contains(name)) of_kie[name] = q[name];
    const json now = kie.change(of_kie)["settings"];
    latency_ms = q.value("latency_ms", latency_ms.load());
    if (q.contains("next_update_id")) {
      const std::lock_guard lock{mutex};
      telegram.number_anew(q["next_update_id"].get<std::int64_t>());
    }
    return {{"generation_ms", now["generation_ms"]},
            {"fail_percent", now["fail_percent"]},
            {"latency_ms", latency_ms.load()}};
  }

  // --- the page ---

  void page_routes() {
    auto page = [this](const char* path, const std::string& name, const char* type) {
      http.Get(path, [name, type](const Request&, Response& res) {
        res.set_header("Cache-Control", "no-store");
        res.set_header("Content-Security-Policy", page_policy);
        res.set_content(page_file(name), type);
      });
    };
    page("/", "index.html", "text/html; charset=utf-8");
    http.Get(R"(/([a-z]+\.(js|css)))", [](const Request& req, Response& res) {
      const std::string file = page_file(req.matches[1].str());
      res.status = file.empty() ? 404 : 200;
      res.set_header("Cache-Control", "no-store");
      const bool script = req.matches[2] == "js";
      if (!file.empty())
        res.set_content(file, script ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8");
    });
  }
};

server::server(settings s) : impl_(std::make_unique<impl>(std::move(s))) {}
server::~server() { stop(); }
int server::start() { return impl_->start(); }
void server::stop() { impl_->stop(); }

} // namespace troupe::sandbox
