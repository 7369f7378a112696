#include "bench/broadcast.hpp"
#include "bench/proc.hpp"
#include "storage/store.hpp"
#include "tests/whole/process.hpp"
#include <filesystem>
#include <mutex>
#include <random>

namespace troupe::bench {
namespace {

using test::process;

constexpr int menu_users = 20; // take turns: one press a second each meets no limit of a chat

json ask(httplib::Client& http, const std::string& path, const json& body = {}) {
  auto r = body.is_null() ? http.Get(path.c_str()) : http.Post(path.c_str(), body.dump(), "application/json");
  return r && r->status == 200 ? json::parse(r->body) : json{};
}

/// The sandbox with its crowd, and an engine on a seeded file.
class stage {
public:
  stage(const broadcast_setting& set, const std::string& name, int users, bool paid)
      : set_{set}, folder_{set.folder + "/" + name} {
    std::filesystem::create_directories(folder_);
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    seed_broadcast(database(), users, paid, now);
    sandbox_ = std::make_unique<process>(
        std::vector<std::string>{"build/release/troupe", "sandbox", "--port", std::to_string(port_),
                                 "--latency-ms", std::to_string(set.latency_ms), "--flood", "telegram"},
        std::map<std::string, std::string>{}, folder_ + "/sandbox.log");
    http_ = std::make_unique<httplib::Client>("127.0.0.1", port_);
    http_->set_keep_alive(true);
    if (!test::within(10s, [&] { return !ask(*http_, "/sandbox/stats").is_null(); }))
      throw std::runtime_error{"the sandbox does not answer"};
    ask(*http_, "/sandbox/crowd", {{"count", users}, {"first_id", first_recipient}, {"start", false}});
    ask(*http_, "/sandbox/flood",
        {{"mode", "telegram"}, {"bot_stars", 1'000'000}, {"paid_per_s", set.paid_per_s}});
  }
  void start_engine() {
    const auto url = "http://127.0.0.1:" + std::to_string(port_);
    engine_ = std::make_unique<process>(
        std::vector<std::string>{"build/release/troupe", "serve"},
        std::map<std::string, std::string>{
            {"BOT_TOKEN", "1000001:sandbox"},
            {"KIE_API_KEY", "sandbox"},
            {"TELEGRAM_API_URL", url},
            {"KIE_API_URL", url},
            {"KIE_UPLOAD_URL", url},
            {"DATABASE_PATH", database()},
            {"TROUPE_STORAGE_FILES_DIR", folder_ + "/files"},
            {"TROUPE_WEB_PORT", "0"},
            {"TROUPE_LOG_LEVEL", "warn"},
            {"TROUPE_TELEGRAM_SENDERS", "96"},
            {"TROUPE_TELEGRAM_PAID_MESSAGES_PER_SECOND", std::to_string(set_.paid_per_s)},
            {"TROUPE_OFFICE_DAILY_REPORT_HOUR", "-1"}},
        folder_ + "/engine.log");
  }
  std::string database() const { return folder_ + "/troupe.db"; }
  process& engine() { return *engine_; }
  httplib::Client& http() { return *http_; }
  int port() const { return port_; }
  json crowd() { return ask(*http_, "/sandbox/crowd"); }
  json violations() { return ask(*http_, "/sandbox/violations"); }

private:
  const broadcast_setting& set_;
  std::string folder_;
  int port_ = test::free_port();
  std::unique_ptr<process> sandbox_, engine_;
  std::unique_ptr<httplib::Client> http_;
};

/// People who press a button and wait for its edit while the broadcast runs.
class pressing {
public:
  explicit pressing(int port) : port_{port} {
    for (int i = 0; i < menu_users; ++i) threads_.emplace_back([this, i] { live(first_user + i, i); });
  }
  std::vector<double> stop() {
    over_ = true;
    for (auto& t : threads_) t.join();
    threads_.clear();
    return waits_;
  }

private:
  void live(std::int64_t who, int place) {
    httplib::Client http{"127.0.0.1", port_};
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    ask(http, "/sandbox/users", {{"id", who}, {"first_name", "User"}, {"language_code", "en"}});
    ask(http, "/sandbox/send", {{"user_id", who}, {"text", "/start"}});
    std::int64_t message = 0;
    while (message == 0 && !over_) {
      std::this_thread::sleep_for(100ms);
      for (auto& m : ask(http, "/sandbox/chat?user_id=" + std::to_string(who)))
        if (m.contains("reply_markup")) message = m["message_id"];
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1000 / menu_users * place});
    for (int n = 0; !over_; ++n) {
      press(http, who, message, n % 2 == 0 ? "help" : "home");
      std::this_thread::sleep_for(1s);
    }
  }
  void press(httplib::Client& http, std::int64_t who, std::int64_t message, const char* data) {
    auto seq = ask(http, "/sandbox/bot").value("last_seq", std::int64_t{0});
    const auto begun = steady::now();
    ask(http, "/sandbox/press", {{"user_id", who}, {"message_id", message}, {"data", data}, {"wait_ms", 0}});
    while (steady::now() - begun < 10s)
      for (auto& e : ask(http, "/sandbox/events?wait_s=1&after=" + std::to_string(seq))) {
        seq = e["seq"];
        if (e["user_id"] != who || e["type"] != "edit") continue;
        const std::lock_guard lock{mutex_};
        return waits_.push_back(seconds_since(begun) * 1000);
      }
  }
  int port_;
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::vector<double> waits_; ///< ms
  std::vector<std::thread> threads_;
};

} // namespace

json measure_paid(const broadcast_setting& set) {
  stage s{set, "paid", set.recipients, true};
  s.start_engine();
  pressing people{s.port()};
  double mb_at_tenth = 0, cpu_begun = 0;
  std::int64_t received = 0;
  const auto limit = steady::now() + 300s;
  while (received < set.recipients && steady::now() < limit) {
    std::this_thread::sleep_for(500ms);
    received = s.crowd().value("received", std::int64_t{0});
    if (cpu_begun == 0 && received > 0) cpu_begun = cpu_s_of(s.engine().id());
    if (mb_at_tenth == 0 && received > set.recipients / 10) mb_at_tenth = resident_mb_of(s.engine().id());
  }
  const auto cpu = cpu_s_of(s.engine().id()) - cpu_begun;
  const auto mb = resident_mb_of(s.engine().id());
  const auto waits = people.stop();
  const auto seen = s.crowd();
  std::this_thread::sleep_for(2s);
  const auto b = the_broadcast(s.database());
  const auto seconds =
      static_cast<double>(seen.value("last_at", std::int64_t{0}) - seen.value("first_at", std::int64_t{0})) /
      1000;
  return {{"clock", "real"},
          {"recipients", set.recipients},
          {"permitted_per_s", set.paid_per_s},
          {"latency_ms", set.latency_ms},
          {"received", received},
          {"sent", b.sent},
          {"unknown", b.unknown},
          {"seconds", seconds},
          {"share_of_permitted", static_cast<double>(received) / seconds / set.paid_per_s},
          {"violations", s.violations()["total"]},
          {"repeats", seen.value("repeats", std::int64_t{-1})},
          {"live_edit_ms", spread(waits)},
          {"cpu_s_per_1000", cpu / static_cast<double>(std::max<std::int64_t>(received, 1)) * 1000},
          {"mb_at_a_tenth", mb_at_tenth},
          {"mb_at_the_end", mb}};
}

/// At 40 %, then at random moments; each time a new engine goes on by itself.
json measure_kills(const broadcast_setting& set) {
  stage s{set, "kills", set.kill_recipients, true};
  std::mt19937 dice{7};
  s.start_engine();
  int kills = 0;
  const auto received = [&] { return s.crowd().value("received", std::int64_t{0}); };
  const auto limit = steady::now() + 300s;
  std::int64_t next = set.kill_recipients * 2 / 5;
  while (kills < set.kills && steady::now() < limit) {
    if (received() < next && the_broadcast(s.database()).state != broadcast_state::done) {
      std::this_thread::sleep_for(5ms);
      continue;
    }
    s.engine().end(SIGKILL);
    ++kills;
    next =
        received() + static_cast<std::int64_t>(dice() % static_cast<unsigned>(set.kill_recipients / 20 + 1));
    s.start_engine();
  }
  while (the_broadcast(s.database()).state != broadcast_state::done && steady::now() < limit)
    std::this_thread::sleep_for(200ms);
  const auto b = the_broadcast(s.database());
  const auto seen = s.crowd();
  const auto there = seen.value("received", std::int64_t{0});
  return {{"recipients", set.kill_recipients},
          {"kills", kills},
          {"state", name_of(b.state)},
          {"sent", b.sent},
          {"unknown", b.unknown},
          {"received", there},
          {"repeats", seen.value("repeats", std::int64_t{-1})},
          {"received_but_unknown", there - b.sent},
          {"violations", s.violations()},
          {"audit_faults", storage::reader{s.database()}.audit().faults.size()}};
}

} // namespace troupe::bench
