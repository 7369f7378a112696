/// Everybody orders at once: the whole engine against the sandbox's services, on the simulation's virtual
/// clock.
#include "bench/generation.hpp"
#include "tests/simulation/play.hpp"

namespace troupe::bench {
namespace {

using namespace troupe::simulation;

constexpr unix_ms apart_ms = 10; // between users while they prepare
constexpr unix_ms newcomer_after_ms = minute_ms;

double in_seconds(unix_ms t) { return static_cast<double>(t) / 1000; }

bool ends_with(const std::string& s, const std::string& tail) {
  return s.size() >= tail.size() && s.compare(s.size() - tail.size(), tail.size(), tail) == 0;
}

/// The last number of ".../17/<signature>".
std::int64_t job_of_callback(const std::string& url) {
  const auto end = url.rfind('/');
  return std::stoll(url.substr(url.rfind('/', end - 1) + 1));
}

class storm {
public:
  explicit storm(const generation_setting& s) : set_{s} {
    auto& o = stage_.config.opts;
    o.kie.submits_per_10_s = s.submits_per_10_s;
    o.kie.jobs_in_flight_max = s.users * s.pack + 1;
    o.kie.time_limit_s = s.time_limit_s;
    stage_.world.generation_least = stage_.world.generation_most = s.provider_s * second_ms;
    stage_.world.kie.enforce_rate(s.enforce_rate);
    if (!s.callbacks) stage_.world.rates[fault::callback_lost] = 1000;
    stage_.world.script = [this](const http_request& r) { return watch(r), fault::none; };
  }

  json run() {
    prepare();
    const auto begun = steady::now();
    const auto cpu = cpu_ms();
    const auto expected = static_cast<std::size_t>(set_.users * set_.pack + 1);
    const auto limit = pressed_at_ + 4 * hour_ms;
    while (films_.size() < expected && stage_.now() < limit && !stage_.stopped())
      stage_.run_until(stage_.now() + 10 * second_ms);
    const auto busy_mb = resident_mb();
    const auto wall_s = seconds_since(begun), cpu_s = (cpu_ms() - cpu) / 1000;
    stage_.run_until(stage_.now() + minute_ms);
    stage_.proofs().when_quiet();
    auto r = result();
    r["wall_s"] = wall_s, r["cpu_s"] = cpu_s, r["resident_mb"] = busy_mb, r["threads"] = thread_count();
    return r;
  }

private:
  std::int64_t user(int i) const { return first_user + i; } ///< The last one is the newcomer.

  void each_at(unix_ms at, const std::function<void(int)>& what) {
    for (int i = 0; i <= set_.users; ++i) stage_.coming.at(at + i * apart_ms, [=] { what(i); });
  }

  /// All have the card of their order before them; nothing is ordered yet.
  void prepare() {
    auto& w = stage_.world;
    auto at = first_ms + second_ms;
    const auto step = (set_.users + 1) * apart_ms + 20 * second_ms;
    each_at(at, [this, &w](int i) {
      w.telegram.add_user(user(i), "User " + std::to_string(i), "en");
      w.say(user(i), {.text = "/start"});
    });
    each_at(at += step, [this, &w](int i) { w.say(user(i), {.text = "a cat that walks by itself"}); });
    each_at(at += step, [this, &w](int i) {
      const auto run = w.find_button(user(i), "run:");
      if (!run || i == set_.users || set_.pack == 1) return;
      w.press(user(i), run->message_id, "c:" + run->data.substr(4) + ":" + std::to_string(set_.pack));
    });
    pressed_at_ = at + step;
    stage_.coming.at(pressed_at_, [this] {
      for (int i = 0; i < set_.users; ++i) order(user(i));
    });
    stage_.coming.at(pressed_at_ + newcomer_after_ms, [this] { order(user(set_.users)); });
    stage_.run_until(pressed_at_ - 1);
  }

  void order(std::int64_t who) {
    const auto run = stage_.world.find_button(who, "run:");
    if (!run) return;
    pressed_[who] = stage_.now();
    stage_.world.press(who, run->message_id, run->data);
  }

  /// Everything that leaves the engine passes here.
  void watch(const http_request& r) {
    if (ends_with(r.url, "/sendVideo") && !r.files.empty())
      films_.emplace(r.files[0].path, std::pair{chat_of(r), stage_.now()});
    if (!ends_with(r.url, "/editMessageText")) return;
    const auto chat = json::parse(r.body).value("chat_id", std::int64_t{0});
    if (pressed_.count(chat) != 0) accepted_.emplace(chat, stage_.now()); // the first: the card says so
  }

  static std::int64_t chat_of(const http_request& r) {
    for (auto& [name, value] : r.form)
      if (name == "chat_id") return std::stoll(value);
    return 0;
  }
  /// Whose file it was stands in the job's row alone.
  void find_jobs_of_films() {
    for (auto& [path, film] : films_)
      for (auto& j : stage_.proofs().jobs_of(film.first))
        if (j.file_path == path) sent_.emplace(j.job_id, film.second);
  }

  json result() {
    find_jobs_of_films();
    std::vector<double> accepted, past_ready, whole;
    for (auto& [who, at] : accepted_) accepted.push_back(in_seconds(at - pressed_[who]));
    unix_ms first = 0, last = 0, last_sent = 0;
    int submits = 0;
    std::map<std::int64_t, unix_ms> made;
    for (auto& t : stage_.world.kie.tasks(stage_.now())) {
      const auto created = t["createTime"].get<unix_ms>();
      const auto job = job_of_callback(t["callBackUrl"]);
      made[job] = last = created;
      if (submits++ == 0) first = created;
      if (const auto sent = sent_.find(job); sent != sent_.end()) {
        whole.push_back(in_seconds(sent->second - created));
        past_ready.push_back(in_seconds(sent->second - created) - set_.provider_s);
        last_sent = std::max(last_sent, sent->second);
      }
    }
    const auto jobs = set_.users * set_.pack + 1;
    // As the permitted window has it: a full handful every ten seconds, the first at once.
    const auto least = [&](int n) { return (n - 1) / set_.submits_per_10_s * 10.0; };
    const auto took = in_seconds(last - first);
    const auto newcomers = stage_.proofs().jobs_of(user(set_.users));
    const auto newcomer = newcomers.empty() ? 0 : newcomers[0].job_id;
    const auto asked = pressed_[user(set_.users)];
    const auto total = stage_.proofs().count();
    return {{"clock", "virtual"},
            {"users", set_.users},
            {"videos_per_order", set_.pack},
            {"provider_s", set_.provider_s},
            {"submits_per_10_s", set_.submits_per_10_s},
            {"time_limit_s", set_.time_limit_s},
            {"callbacks", set_.callbacks},
            {"enforce_rate", set_.enforce_rate},
            {"orders", accepted.size()},
            {"jobs", jobs},
            {"delivered", total.delivered},
            {"refunded", total.refunded},
            {"accepted_s", spread(accepted)},
            {"submits", submits},
            {"submits_took_s", took},
            {"share_of_permitted", took > 0 ? least(submits) / took : 1},
            {"too_fast_at_provider", stage_.world.kie.too_fast()},
            {"submit_to_sent_s", spread(whole)},
            {"past_ready_s", spread(past_ready)},
            {"all_sent_s", in_seconds(last_sent - pressed_at_)},
            {"best_possible_s", least(jobs) + set_.provider_s},
            {"newcomer_submitted_s", in_seconds(made[newcomer] - asked)},
            {"newcomer_sent_s", in_seconds(sent_[newcomer] - asked)},
            {"broken_rules", stage_.violations.size()},
            {"first_broken_rule", stage_.violations.empty() ? "" : stage_.violations[0].what},
            {"messages", stage_.messages}};
  }

  generation_setting set_;
  play stage_{1};
  unix_ms pressed_at_ = 0;
  std::map<std::int64_t, unix_ms> pressed_, accepted_;            ///< by user
  std::map<std::string, std::pair<std::int64_t, unix_ms>> films_; ///< by file: chat, when
  std::map<std::int64_t, unix_ms> sent_;                          ///< by job
};

} // namespace

json measure_storm(const generation_setting& s) { return storm{s}.run(); }

} // namespace troupe::bench
