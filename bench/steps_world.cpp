#include "bench/steps_world.hpp"
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <thread>

namespace troupe::bench {
namespace {

using nlohmann::json;

constexpr std::size_t connections_max = 512; // a thread each; more than any bot here opens
constexpr std::size_t updates_at_once = 100; // getUpdates gives no more

double seconds_between(steps_world::clock::time_point a, steps_world::clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// JSON, or a form as some libraries send it.
json read_call(const std::string& body) {
  auto call = json::parse(body, nullptr, false);
  if (!call.is_discarded()) return call;
  httplib::Params fields;
  httplib::detail::parse_query_text(body, fields);
  call = json::object();
  for (auto& [name, value] : fields) {
    auto parsed = json::parse(value, nullptr, false);
    call[name] = parsed.is_discarded() || parsed.is_string() ? json(value) : parsed;
  }
  return call;
}

std::int64_t number(const json& call, const char* name) {
  const auto it = call.find(name);
  if (it == call.end()) return 0;
  if (it->is_number()) return it->get<std::int64_t>();
  return it->is_string() ? std::atoll(it->get<std::string>().c_str()) : 0;
}

/// Which screen a keyboard belongs to: on the help screen there is a way home, and no button "help".
bool has_button(const json& call, const std::string& data) {
  auto it = call.find("reply_markup");
  if (it == call.end()) return false;
  json markup = it->is_string() ? json::parse(it->get<std::string>(), nullptr, false) : *it;
  if (!markup.is_object()) return false;
  for (auto& row : markup.value("inline_keyboard", json::array()))
    for (auto& button : row)
      if (button.value("callback_data", "") == data) return true;
  return false;
}

json person(std::int64_t id) {
  return {{"id", id}, {"is_bot", false}, {"first_name", "User"}, {"language_code", "en"}};
}
json chat_of(std::int64_t id) { return {{"id", id}, {"type", "private"}, {"first_name", "User"}}; }

json bot_user() {
  return {{"id", 1000001},
          {"is_bot", true},
          {"first_name", "Bot"},
          {"username", "b"},
          {"can_join_groups", true},
          {"can_read_all_group_messages", false},
          {"supports_inline_queries", false}};
}

std::string ok(const json& result) { return json{{"ok", true}, {"result", result}}.dump(); }

json message(std::int64_t id, std::int64_t chat, const json& text) {
  return {{"message_id", id},
          {"date", 1'790'000'000},
          {"chat", chat_of(chat)},
          {"from", bot_user()},
          {"text", text}};
}

} // namespace

struct steps_world::http {
  httplib::Server server;
  std::thread listening;
};

steps_world::steps_world(setting s) : set_{s}, http_{std::make_unique<http>()} {
  for (int i = 0; i < set_.users; ++i) users_.push_back(std::make_unique<user>());
}
steps_world::~steps_world() { stop(); }

/// The network, one way.
void steps_world::half_way() const {
  if (set_.latency_ms > 0) std::this_thread::sleep_for(std::chrono::microseconds{set_.latency_ms * 500});
}

int steps_world::start() {
  auto& s = http_->server;
  s.new_task_queue = [] { return new httplib::ThreadPool(connections_max); };
  s.set_tcp_nodelay(true);
  s.set_keep_alive_max_count(100'000'000);
  s.set_keep_alive_timeout(60);
  const auto serve = [this](const httplib::Request& q, httplib::Response& r) {
    const auto method = q.path.substr(q.path.rfind('/') + 1);
    half_way();
    int status = 200;
    std::string body = q.body;
    if (body.empty() && !q.params.empty()) {
      json fields;
      for (auto& [name, value] : q.params) fields[name] = value;
      body = fields.dump();
    }
    r.set_content(handle(method, body, status), "application/json");
    r.status = status;
    half_way();
  };
  s.Post(R"(/bot[^/]+/\w+)", serve);
  s.Get(R"(/bot[^/]+/\w+)", serve);
  socket_t listener = INVALID_SOCKET;
  s.set_socket_options([&listener](socket_t it) {
    httplib::default_socket_options(it);
    listener = it;
  });
  const int port = s.bind_to_any_port("127.0.0.1");
  ::listen(listener, connections_max); // the library's 5 is too few for bots that open many at once
  http_->listening = std::thread{[&s] { s.listen_after_bind(); }};
  return port;
}

void steps_world::stop() {
  {
    const std::lock_guard lock{updates_mutex_};
    stopping_ = true;
  }
  updates_there_.notify_all();
  http_->server.stop();
  if (http_->listening.joinable()) http_->listening.join();
}

std::string steps_world::handle(const std::string& method, const std::string& body, int& status) {
  if (method == "getUpdates") return poll(body);
  const bool counts =
      method == "sendMessage" || method == "editMessageText" || method == "answerCallbackQuery";
  if (counts && running_ && set_.flood_every > 0 && ++calls_ % set_.flood_every == 0) {
    status = 429;
    return json{{"ok", false},
                {"error_code", 429},
                {"description", "Too Many Requests: retry after " + std::to_string(set_.retry_after_s)},
                {"parameters", {{"retry_after", set_.retry_after_s}}}}
        .dump();
  }
  if (method == "sendMessage") return send(body);
  if (method == "editMessageText") return edit(body);
  if (method == "answerCallbackQuery") return answer(body);
  if (method == "getMe") return ok(bot_user());
  return ok(true); // setMyCommands, deleteWebhook, ...
}

std::string steps_world::poll(const std::string& body) {
  const auto call = read_call(body);
  const auto offset = number(call, "offset");
  const auto limit = std::max<std::int64_t>(1, call.contains("limit") ? number(call, "limit") : 100);
  std::unique_lock lock{updates_mutex_};
  ++polls_;
  while (!updates_.empty() && updates_.front().first < offset) updates_.pop_front();
  const auto patience = std::chrono::seconds{std::min<std::int64_t>(number(call, "timeout"), 50)};
  updates_there_.wait_for(lock, patience, [&] { return stopping_ || !updates_.empty(); });
  std::string all;
  const auto most = std::min<std::size_t>(updates_at_once, static_cast<std::size_t>(limit));
  for (std::size_t i = 0; i < updates_.size() && i < most; ++i) all += (i ? "," : "") + updates_[i].second;
  return R"({"ok":true,"result":[)" + all + "]}";
}

void steps_world::put_update(const std::string& rest) {
  {
    const std::lock_guard lock{updates_mutex_};
    const auto id = next_update_++;
    updates_.emplace_back(id, "{\"update_id\":" + std::to_string(id) + "," + rest + "}");
  }
  updates_there_.notify_one();
}

std::string steps_world::send(const std::string& body) {
  const auto call = read_call(body);
  const auto chat = number(call, "chat_id");
  const auto id = next_message_++;
  if (auto* u = user_of(chat)) {
    const std::lock_guard lock{u->mutex};
    if (u->now == phase::starting && has_button(call, "help")) {
      u->now = phase::idle;
      u->message_id = id;
      u->on_help = false;
      ++greeted_;
    }
  }
  return ok(message(id, chat, call.value("text", json(""))));
}

std::string steps_world::edit(const std::string& body) {
  const auto call = read_call(body);
  const auto chat = number(call, "chat_id");
  auto* u = user_of(chat);
  if (u == nullptr) return ok(true);
  const std::lock_guard lock{u->mutex};
  const bool wanted_help = !u->on_help;
  if (u->now != phase::pressing || u->edited || number(call, "message_id") != u->message_id) ++out_of_order_;
  else if (has_button(call, "help") == wanted_help) ++wrong_;
  else {
    u->edited = true;
    u->edited_at = clock::now();
    u->on_help = wanted_help;
    if (u->answered) end_step(static_cast<std::size_t>(chat - first_chat), *u);
  }
  return ok(message(u->message_id, chat, call.value("text", json(""))));
}

std::string steps_world::answer(const std::string& body) {
  const auto call = read_call(body);
  const auto id = number(call, "callback_query_id"); // press * 1'000'000 + user
  const auto who = static_cast<std::size_t>(id % 1'000'000);
  if (who >= users_.size()) return ok(true);
  auto& u = *users_[who];
  const std::lock_guard lock{u.mutex};
  if (u.now != phase::pressing || u.press != id || u.answered) return ok(true);
  u.answered = true;
  u.answered_at = clock::now();
  if (u.edited) end_step(who, u);
  return ok(true);
}

/// With the user's lock held.
void steps_world::end_step(std::size_t who, user& u) {
  u.now = phase::idle;
  const std::lock_guard lock{steps_mutex_};
  times_.edit.push_back(seconds_between(u.pressed_at, u.edited_at));
  times_.toast.push_back(seconds_between(u.pressed_at, u.answered_at));
  idle_.push_back(who);
  --under_way_;
  step_ended_.notify_one();
}

void steps_world::press(std::size_t who) {
  auto& u = *users_[who];
  std::string update;
  {
    const std::lock_guard lock{u.mutex};
    const auto chat = first_chat + static_cast<std::int64_t>(who);
    u.now = phase::pressing;
    u.edited = u.answered = false;
    u.press = next_press_++ * 1'000'000 + static_cast<std::int64_t>(who);
    u.pressed_at = clock::now();
    update = "\"callback_query\":" + json{{"id", std::to_string(u.press)},
                                          {"from", person(chat)},
                                          {"message", message(u.message_id, chat, "screen")},
                                          {"chat_instance", "1"},
                                          {"data", u.on_help ? "home" : "help"}}
                                         .dump();
  }
  ++under_way_;
  put_update(update);
}

int steps_world::arrive(std::chrono::seconds limit) {
  for (std::size_t i = 0; i < users_.size(); ++i) {
    const auto chat = first_chat + static_cast<std::int64_t>(i);
    {
      const std::lock_guard lock{users_[i]->mutex};
      users_[i]->now = phase::starting;
    }
    put_update("\"message\":" + json{{"message_id", next_message_++},
                                     {"from", person(chat)},
                                     {"chat", chat_of(chat)},
                                     {"date", 1'790'000'000},
                                     {"text", "/start"},
                                     {"entities", {{{"offset", 0}, {"length", 6}, {"type", "bot_command"}}}}}
                                    .dump());
  }
  const auto end = clock::now() + limit;
  while (greeted_ < static_cast<int>(users_.size()) && clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  const std::lock_guard lock{steps_mutex_};
  idle_.clear();
  for (std::size_t i = 0; i < users_.size(); ++i)
    if (users_[i]->now == phase::idle) idle_.push_back(i);
  return greeted_;
}

step_times steps_world::press_for(double seconds, double per_second) {
  running_ = true;
  {
    const std::lock_guard lock{steps_mutex_};
    times_ = {};
  }
  const auto begun = clock::now(),
             end =
                 begun + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
  std::int64_t pressed = 0;
  while (clock::now() < end) {
    const auto due =
        per_second > 0 ? begun + std::chrono::duration_cast<clock::duration>(
                                     std::chrono::duration<double>(static_cast<double>(pressed) / per_second))
                       : clock::now();
    if (due > clock::now()) std::this_thread::sleep_until(std::min(due, end));
    if (clock::now() >= end) break;
    std::size_t who = 0;
    {
      std::unique_lock lock{steps_mutex_};
      if (idle_.empty()) {
        if (per_second > 0) {
          ++starved_;
          ++pressed;
          continue;
        }
        step_ended_.wait_until(lock, end, [&] { return !idle_.empty(); });
        if (idle_.empty()) break;
      }
      who = idle_.front();
      idle_.pop_front();
    }
    press(who);
    ++pressed;
  }
  std::unique_lock lock{steps_mutex_};
  auto done = times_; // what ends later does not count into the rate
  step_ended_.wait_for(lock, std::chrono::seconds{set_.patience_s}, [&] { return under_way_ == 0; });
  if (per_second > 0 || set_.flood_every > 0) done = times_;
  running_ = false;
  lock.unlock(); // a user's lock comes before this one
  count_lost();
  return done;
}

void steps_world::count_lost() {
  lost_edits_ = lost_toasts_ = 0; // who is stuck since an earlier call is counted once
  for (auto& u : users_) {
    const std::lock_guard lock{u->mutex};
    if (u->now != phase::pressing) continue;
    lost_edits_ += u->edited ? 0 : 1;
    lost_toasts_ += u->answered ? 0 : 1;
  }
}

} // namespace troupe::bench
