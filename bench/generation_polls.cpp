/// Many jobs in flight: the whole cast over a real file, in real time. The provider is an actor that answers
/// "generating" at once, so this is the engine's own share: no network and no HTTP workers.
#include "actors/cast.hpp"
#include "bench/generation.hpp"
#include "storage/parts.hpp"
#include <mutex>

namespace troupe::bench {
namespace {

unix_ms wall_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// When each job was asked for. A poll is due `every` after the answer to the one before; the first of a job
/// has no such time and is only counted.
class poll_book {
public:
  poll_book(int jobs, int every_s) : every_{every_s}, last_(static_cast<std::size_t>(jobs) + 1), firsts_{0} {}

  void note(std::size_t job) {
    const auto now = steady::now();
    std::lock_guard lock{mutex_};
    ++polls_;
    auto& last = last_.at(job);
    if (last == steady::time_point{}) ++firsts_;
    else late_.push_back(std::chrono::duration<double>(now - last - every_).count());
    last = now;
  }
  std::int64_t polls() {
    std::lock_guard lock{mutex_};
    return polls_;
  }
  std::int64_t firsts() {
    std::lock_guard lock{mutex_};
    return firsts_;
  }
  std::vector<double> late() {
    std::lock_guard lock{mutex_};
    return late_;
  }
  /// Of those already due.
  int overdue_by(std::chrono::seconds most) {
    std::lock_guard lock{mutex_};
    const auto limit = steady::now() - every_ - most;
    return static_cast<int>(std::count_if(last_.begin(), last_.end(),
                                          [&](auto t) { return t != steady::time_point{} && t < limit; }));
  }

private:
  std::chrono::seconds every_;
  std::mutex mutex_; ///< Guards all below.
  std::vector<steady::time_point> last_;
  std::vector<double> late_;
  std::int64_t polls_ = 0, firsts_;
};

http_actor::behavior_type provider(http_actor::pointer, poll_book* book) {
  return {[book](const http_request& r) {
    http_reply a;
    a.status = 200;
    const auto at = r.url.find("taskId=task");
    if (at == r.url.npos) return a; // its balance
    book->note(std::stoul(r.url.substr(at + 11)));
    a.body = R"({"code":200,"msg":"success","data":{"taskId":"task","state":"generating"}})";
    return a;
  }};
}

/// Telegram that takes everything; the long poll never ends.
struct quiet_state {
  quiet_state() {}
  std::vector<caf::typed_response_promise<http_reply>> held;
};
http_actor::behavior_type quiet(http_actor::stateful_pointer<quiet_state> self) {
  return {[self](const http_request& r) -> caf::result<http_reply> {
    if (r.url.find("getUpdates") != r.url.npos) {
      self->state.held.push_back(self->make_response_promise<http_reply>());
      return self->state.held.back();
    }
    http_reply a;
    a.status = 200;
    a.body = R"({"ok":true,"result":true})";
    return a;
  }};
}

/// Written straight into the tables, without the book: nothing ends here.
void fill(const std::string& path, const generation_setting& s, bool restarted) {
  auto db = storage::open_for_writing(path);
  const auto sql = [&](const std::string& text) { db->connection().exec(text); };
  const auto n = std::to_string(s.jobs), first = std::to_string(first_user),
             now = std::to_string(wall_now() + 2'000), every = std::to_string(s.poll_every_s * 1000LL);
  const std::string numbers =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + n + ") ";
  const auto submitted = restarted ? now + " - 60000" : now + " - i * " + every + " / " + n;
  sql("BEGIN");
  sql(numbers +
      "INSERT INTO users(user_id, first_name, username, language, registered_at, last_seen_at, state) "
      "SELECT " +
      first + " + i, 'User', 'user' || i, 'en', " + now + ", " + now + ", '{}' FROM n");
  sql(numbers + "INSERT INTO orders SELECT i, 'o' || i, '0', " + first + " + i, 1, 1, " + now + " FROM n");
  sql(numbers +
      "INSERT INTO jobs(job_id, order_id, user_id, language, model_id, model_title, api, provider_model, "
      "prompt, "
      "photo_file_id, aspect_ratio, duration_s, resolution, price, state, task_id, created_at, submitted_at, "
      "deadline_at, updated_at) SELECT i, i, " +
      first +
      " + i, 'en', 'veo-3-fast', 'Veo 3 Fast', 'kie-unified', 'veo3_fast', 'a cat, number ' || i, '', "
      "'16:9', "
      "8, '720p', 1, 'processing', 'task' || i, " +
      now + ", " + submitted + ", " + now + " + 3600000, " + now + " FROM n");
  sql("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

/// As the engine sets it.
struct scheduler : caf::actor_system_config {
  scheduler() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{50});
  }
};

/// Goes with its process, actors and all.
struct running_cast {
  scheduler cfg;
  caf::actor_system sys{cfg};
  cast all;
};

running_cast* start_cast(const generation_setting& s, poll_book& book, const std::string& path) {
  auto settings = settings_for(1, s.folder);
  auto& o = settings.opts;
  o.kie.first_poll_s = o.kie.poll_every_s = s.poll_every_s;
  o.kie.jobs_in_flight_max = s.jobs;
  auto ctx = std::make_shared<engine_context>();
  ctx->settings = std::make_shared<const config::settings>(std::move(settings));
  ctx->now = wall_now;
  auto* r = new running_cast;
  const http_actor telegram = r->sys.spawn(quiet);
  cast_setting setting{
      ctx, std::make_shared<storage::store>(path), std::make_shared<storage::reader>(path), {}};
  setting.outside = {telegram, telegram, r->sys.spawn(provider, &book), telegram,
                     telegram, telegram, spawn_media(r->sys, 1)};
  setting.outside.transfers = setting.outside.provider;
  r->all = spawn_cast(r->sys, setting);
  return r;
}

} // namespace

json measure_polls(const generation_setting& s, bool restarted) {
  const auto path = s.folder + (restarted ? "/restarted.db" : "/spread.db");
  in_a_process([&] { // what filling leaves in memory is not the engine's
    fill(path, s, restarted);
    return json{{"filled", s.jobs}};
  });
  poll_book book{s.jobs, s.poll_every_s};
  const auto bare_mb = resident_mb();
  const auto cpu_before = cpu_ms();
  start_cast(s, book, path);
  std::this_thread::sleep_for(std::chrono::seconds{s.settle_s}); // adopting is counted by itself
  const auto cpu_adopted = cpu_ms();
  const auto polls_before = book.polls();
  const auto begun = steady::now();
  std::this_thread::sleep_for(std::chrono::seconds{s.seconds});
  const auto polls = book.polls() - polls_before;
  const auto cpu_s = (cpu_ms() - cpu_adopted) / 1000, took = seconds_since(begun);
  const auto late = book.late();
  return {{"clock", "real"},
          {"jobs", s.jobs},
          {"restarted", restarted},
          {"seconds", took},
          {"poll_every_s", s.poll_every_s},
          {"jobs_polled", book.firsts()},
          {"polls", polls},
          {"late_s", spread(late)},
          {"later_than_1_s", std::count_if(late.begin(), late.end(), [](double x) { return x > 1; })},
          {"not_polled_though_due", book.overdue_by(1s)},
          {"adopting_cpu_s", (cpu_adopted - cpu_before) / 1000},
          {"cpu_s", cpu_s},
          {"cpu_s_per_1000_polls", polls > 0 ? cpu_s / static_cast<double>(polls) * 1000 : 0},
          {"share_of_a_core", cpu_s / took},
          {"resident_mb", resident_mb()},
          {"resident_mb_before", bare_mb},
          {"threads", thread_count()}};
}

} // namespace troupe::bench
