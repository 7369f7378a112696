/// How fast a menu answers while others order and wait: an engine as shipped, and in a process of its own the
/// sandbox with the people.
#include "bench/generation.hpp"
#include <filesystem>
#include <mutex>
#include <optional>

namespace troupe::bench {
namespace {

constexpr int provider_ms = 20'000;
constexpr int menu_users = 20; // they take turns, so that no chat meets Telegram's limit for one chat
constexpr auto answer_limit = 10s;
constexpr auto accepting = 10s; // the courier sends 250 messages a second: until then the orders' own are out

/// What the people's process tells when all is over.
struct press_report {
  int orders = 0, presses = 0, unanswered = 0;
  double toast_p50 = 0, toast_p99 = 0, screen_p50 = 0, screen_p99 = 0, screen_max = 0, ordering_s = 0;
  double later_p50 = 0, later_p99 = 0, later_max = 0; ///< of screens, once the orders are accepted
  int submitted = 0, violations = 0;
};

class player {
public:
  player(int port, const generation_setting& s) : port_{port}, set_{s}, http_{"127.0.0.1", port} {
    http_.set_keep_alive(true);
    http_.set_tcp_nodelay(true);
    http_.set_read_timeout(30);
  }

  press_report play() {
    for (int i = 0; i < set_.press_users; ++i) arrive(orderer(i), true);
    for (int i = 0; i < menu_users; ++i) arrive(menu_user(i), false);
    for (int i = 0; i < menu_users; ++i) menus_.push_back(wait_for_button(menu_user(i), "help"));
    if (set_.pack > 1)
      for (int i = 0; i < set_.press_users; ++i) choose_pack(orderer(i));
    std::this_thread::sleep_for(std::chrono::seconds{set_.settle_s}); // the cards' own edits
    ordering_begun_ = steady::now();
    std::thread ordering{[&] { order_all(); }};
    press_menus();
    ordering.join();
    return report();
  }

private:
  struct button {
    std::int64_t message_id = 0;
    std::string data;
  };

  std::int64_t orderer(int i) const { return first_user + i; }
  std::int64_t menu_user(int i) const { return first_user + set_.press_users + i; }

  json post(httplib::Client& http, const std::string& path, const json& body) {
    auto r = http.Post(path.c_str(), body.dump(), "application/json");
    return r && r->status == 200 ? json::parse(r->body) : json::object();
  }
  json get(httplib::Client& http, const std::string& path) {
    auto r = http.Get(path.c_str());
    return r && r->status == 200 ? json::parse(r->body) : json::array();
  }

  void arrive(std::int64_t who, bool wishes) {
    post(http_, "/sandbox/users", {{"id", who}, {"first_name", "User"}, {"language_code", "en"}});
    post(http_, "/sandbox/send", {{"user_id", who}, {"text", "/start"}});
    if (wishes) post(http_, "/sandbox/send", {{"user_id", who}, {"text", "a cat that walks by itself"}});
  }

  std::optional<button> find_button(std::int64_t who, const std::string& data) {
    std::optional<button> found;
    for (auto& m : get(http_, "/sandbox/chat?user_id=" + std::to_string(who)))
      if (m.contains("reply_markup"))
        for (auto& row : m["reply_markup"]["inline_keyboard"])
          for (auto& b : row)
            if (auto d = b.value("callback_data", std::string{}); d.rfind(data, 0) == 0)
              found = button{m["message_id"], d};
    return found;
  }

  button wait_for_button(std::int64_t who, const std::string& data) {
    const auto limit = steady::now() + 60s;
    while (steady::now() < limit) {
      if (auto b = find_button(who, data)) return *b;
      std::this_thread::sleep_for(50ms);
    }
    throw std::runtime_error{"user " + std::to_string(who) + " has no button " + data};
  }

  void choose_pack(std::int64_t who) {
    const auto run = wait_for_button(who, "run:");
    cards_.push_back({who, run});
    post(http_, "/sandbox/press",
         {{"user_id", who},
          {"message_id", run.message_id},
          {"data", "c:" + run.data.substr(4) + ":" + std::to_string(set_.pack)},
          {"wait_ms", 0}});
  }

  /// As fast as one connection can press.
  void order_all() {
    httplib::Client http{"127.0.0.1", port_};
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    const auto begun = steady::now();
    for (auto& [who, run] : cards_)
      post(http, "/sandbox/press",
           {{"user_id", who}, {"message_id", run.message_id}, {"data", run.data}, {"wait_ms", 0}});
    ordering_s_ = seconds_since(begun);
  }

  /// Each user presses when his time comes, however long another waits.
  void press_menus() {
    std::vector<std::thread> threads;
    for (int i = 0; i < menu_users; ++i) threads.emplace_back([this, i] { press_menu_of(i); });
    for (auto& t : threads) t.join();
  }

  void press_menu_of(int i) {
    httplib::Client http{"127.0.0.1", port_};
    http.set_keep_alive(true);
    http.set_tcp_nodelay(true);
    const auto begun = steady::now();
    const auto apart = std::chrono::duration<double>{double(set_.press_seconds) / set_.presses};
    for (int n = i; n < set_.presses; n += menu_users) {
      std::this_thread::sleep_until(begun + std::chrono::duration_cast<steady::duration>(apart * n));
      press_menu(http, i, n / menu_users % 2 == 0 ? "help" : "home");
    }
  }

  /// From the press to its toast, and to the screen that answers it.
  void press_menu(httplib::Client& http, int i, const char* data) {
    const auto who = menu_user(i);
    auto seq = get(http, "/sandbox/bot").value("last_seq", std::int64_t{0});
    const auto begun = steady::now();
    post(http, "/sandbox/press",
         {{"user_id", who},
          {"message_id", menus_[static_cast<std::size_t>(i)].message_id},
          {"data", data},
          {"wait_ms", 3000}});
    const auto toast = seconds_since(begun) * 1000;
    const auto screen = wait_for_edit(http, who, seq, begun);
    std::lock_guard lock{mutex_};
    toasts_.push_back(toast);
    if (!screen) ++unanswered_;
    else {
      screens_.push_back(*screen);
      if (begun - ordering_begun_ > accepting) later_.push_back(*screen);
    }
  }

  std::optional<double> wait_for_edit(httplib::Client& http, std::int64_t who, std::int64_t seq,
                                      steady::time_point begun) {
    while (steady::now() - begun < answer_limit)
      for (auto& e : get(http, "/sandbox/events?wait_s=1&after=" + std::to_string(seq))) {
        seq = e["seq"];
        if (e["user_id"] == who && e["type"] == "edit") return seconds_since(begun) * 1000;
      }
    return std::nullopt;
  }

  press_report report() {
    const auto toast = spread(toasts_), screen = spread(screens_), later = spread(later_);
    const auto stats = get(http_, "/sandbox/stats");
    if (stats["violations"] > 0) std::cerr << "broken limits: " << stats["violation_kinds"].dump() << "\n";
    press_report r;
    r.orders = static_cast<int>(cards_.size());
    r.presses = set_.presses, r.unanswered = unanswered_;
    r.toast_p50 = toast["p50"], r.toast_p99 = toast["p99"];
    r.screen_p50 = screen["p50"], r.screen_p99 = screen["p99"], r.screen_max = screen["max"];
    r.later_p50 = later["p50"], r.later_p99 = later["p99"], r.later_max = later["max"];
    r.ordering_s = ordering_s_;
    r.submitted = static_cast<int>(stats["tasks"].size());
    r.violations = stats["violations"];
    return r;
  }

  int port_;
  const generation_setting& set_;
  httplib::Client http_;
  std::vector<std::pair<std::int64_t, button>> cards_;
  std::vector<button> menus_;
  std::mutex mutex_;                             ///< Guards the next two lines.
  std::vector<double> toasts_, screens_, later_; ///< ms
  int unanswered_ = 0;
  double ordering_s_ = 0;
  steady::time_point ordering_begun_;
};

int play_people(int in, int out, const generation_setting& set) {
  sandbox::settings s;
  s.port = 0;
  s.clips = false;
  s.generation_ms = provider_ms;
  sandbox::server server{s};
  const auto port = server.start();
  put(out, port);
  take<char>(in); // the engine runs
  put(out, player{port, set}.play());
  take<char>(in); // the engine has stopped
  server.stop();
  return 0;
}

config::settings as_shipped(int port, const generation_setting& set) {
  auto s = settings_for(port, set.folder + "/presses");
  auto& o = s.opts;
  const auto shipped = config::load("config", {}).opts.telegram;
  o.telegram.live_messages_per_second = shipped.live_messages_per_second;
  o.telegram.chat_messages_per_second = shipped.chat_messages_per_second;
  o.telegram.chat_burst_messages = shipped.chat_burst_messages;
  o.users.welcome_credits = 60;
  o.kie.jobs_in_flight_max = 1000;
  return s;
}

json run_engine(int in, int out, const generation_setting& set) {
  auto settings = as_shipped(take<int>(in), set);
  std::filesystem::create_directories(set.folder + "/presses");
  const auto submits = settings.opts.kie.submits_per_10_s;
  engine e{std::move(settings), [](const std::string& why) { throw std::runtime_error{why}; }};
  e.start();
  const auto cpu = cpu_ms();
  const auto begun = steady::now();
  put(out, 'e');
  const auto r = take<press_report>(in);
  const auto busy = (cpu_ms() - cpu) / 1000 / seconds_since(begun);
  const auto mb = resident_mb();
  const auto threads = thread_count();
  e.stop();
  put(out, 'q');
  return {{"clock", "real"},
          {"orders", r.orders},
          {"videos_per_order", set.pack},
          {"provider_s", provider_ms / 1000},
          {"submits_per_10_s", submits},
          {"orders_pressed_in_s", r.ordering_s},
          {"submitted_meanwhile", r.submitted},
          {"presses", r.presses},
          {"unanswered", r.unanswered},
          {"toast_ms", {{"p50", r.toast_p50}, {"p99", r.toast_p99}}},
          {"screen_ms", {{"p50", r.screen_p50}, {"p99", r.screen_p99}, {"max", r.screen_max}}},
          {"screen_ms_after_10_s", {{"p50", r.later_p50}, {"p99", r.later_p99}, {"max", r.later_max}}},
          {"sandbox_violations", r.violations},
          {"engine_cores_busy", busy},
          {"resident_mb", mb},
          {"threads", threads}};
}

} // namespace

json measure_presses(const generation_setting& s) {
  json result;
  two_processes([&](int in, int out) { return play_people(in, out, s); },
                [&](int in, int out) {
                  result = run_engine(in, out, s);
                  return 0;
                });
  if (result.is_null()) throw std::runtime_error{"the presses had no result"};
  return result;
}

} // namespace troupe::bench
