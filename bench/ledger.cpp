/// Durable orders a second through the ledger actor, beside bare SQLite that writes the same rows.
#include "actors/batch.hpp"
#include "actors/spawn.hpp"
#include "storage/parts.hpp"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <future>
#include <iostream>
#include <latch>
#include <malloc.h>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe;
using steady = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr int users = 10'000;
constexpr std::int64_t gift = 1'000'000;
constexpr unix_ms at = 1'700'000'000'000;

struct figures {
  double per_s = 0, p50_ms = 0, p99_ms = 0;
  double cpu_us = 0; ///< Of the whole process for one order: steadier than the clock on a busy machine.
  std::uint64_t operations = 0;
  std::string fault; ///< "" : the audit is clean and the counts agree
};

double seconds_since(steady::time_point t) {
  return std::chrono::duration<double>(steady::now() - t).count();
}

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

/// Time and CPU from here on.
struct stopwatch {
  steady::time_point begun = steady::now();
  double cpu_begun = cpu_seconds();
  double seconds() const { return seconds_since(begun); }
  double cpu() const { return cpu_seconds() - cpu_begun; }
};

order_request make_order(std::uint64_t n) {
  order_request o;
  o.order_key = "bench:" + std::to_string(n);
  o.user_id = 1 + static_cast<std::int64_t>(n % users);
  o.at = at;
  o.spec = {"veo3_fast", "Veo 3 Fast", "kie-veo", "veo3_fast", "a red fox walks through the snow at dawn",
            "",          "16:9"};
  o.price = 1;
  o.active_jobs_max = 1'000'000'000;
  return o;
}

void fill(storage::store& s) {
  s.begin();
  for (int u = 1; u <= users; ++u) {
    register_user r;
    r.profile = {u, "User", "user", "en"};
    r.at = at;
    r.welcome_credits = gift;
    s.apply(r);
  }
  s.commit();
}

figures summary(std::vector<double>& latencies, double seconds, double cpu) {
  figures f;
  f.operations = latencies.size();
  if (latencies.empty()) return f;
  std::sort(latencies.begin(), latencies.end());
  f.cpu_us = cpu * 1e6 / static_cast<double>(latencies.size());
  f.per_s = static_cast<double>(latencies.size()) / seconds;
  f.p50_ms = latencies[latencies.size() / 2] * 1e3;
  f.p99_ms = latencies[latencies.size() * 99 / 100] * 1e3;
  return f;
}

/// The checksum: a fast ledger that lost a row or a credit is no result.
std::string verify(const std::string& path, std::uint64_t operations) {
  auto r = storage::reader{path}.audit();
  if (!r.faults.empty()) return r.faults.front();
  if (r.credits_with_users != users * gift) return "credits appeared or vanished";
  if (static_cast<std::uint64_t>(r.open_jobs) != operations) return "answered and stored orders differ";
  return {};
}

// -- through the actor ---------------------------------------------------------------------------

struct crowd {
  ledger_actor ledger;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> next{1};
  std::mutex mutex;
  std::vector<double> latencies; ///< guarded by mutex
  std::string fault;             ///< guarded by mutex
  std::latch left;
  explicit crowd(int n) : left{n} {}
};

struct requester_state {
  requester_state() {}
  std::shared_ptr<crowd> all;
  std::vector<double> latencies;
};
using requester_ptr = caf::stateful_actor<requester_state>*;

void leave(requester_ptr self, const std::string& fault = {}) {
  auto& all = *self->state.all;
  {
    std::lock_guard lock{all.mutex};
    all.latencies.insert(all.latencies.end(), self->state.latencies.begin(), self->state.latencies.end());
    if (!fault.empty()) all.fault = fault;
  }
  all.left.count_down();
  self->quit();
}

void ask(requester_ptr self) {
  auto& all = *self->state.all;
  if (all.over) return leave(self);
  auto begun = steady::now();
  self->request(all.ledger, caf::infinite, make_order(all.next++))
      .then(
          [self, begun](const order_answer& a) {
            if (a.outcome != order_outcome::accepted) return leave(self, "an order was refused");
            self->state.latencies.push_back(seconds_since(begun));
            ask(self);
          },
          [self](caf::error&) { leave(self, "the ledger answered an error"); });
}

caf::behavior requester(requester_ptr self, const std::shared_ptr<crowd>& all) {
  self->state.all = all;
  ask(self);
  return {[](wake) {}};
}

/// As the engine configures it.
struct actor_config : caf::actor_system_config {
  actor_config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{50});
  }
};

figures through_actor(const std::string& path, int requesters, double seconds) {
  auto all = std::make_shared<crowd>(requesters);
  double took = 0, cpu = 0;
  {
    auto store = std::make_shared<storage::store>(path);
    fill(*store);
    actor_config cfg;
    caf::actor_system sys{cfg};
    all->ledger = spawn_ledger(sys, spawn_writer(sys, store, std::make_shared<engine_context>(), true));
    const stopwatch clock;
    for (int i = 0; i < requesters; ++i) sys.spawn(requester, all);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    all->over = true;
    all->left.wait();
    took = clock.seconds();
    cpu = clock.cpu();
    caf::anon_send_exit(all->ledger, caf::exit_reason::kill);
    all->ledger = nullptr;
  }
  auto f = summary(all->latencies, took, cpu);
  f.fault = all->fault.empty() ? verify(path, f.operations) : all->fault;
  return f;
}

// -- bare SQLite: the seven rows one order writes, and no question asked -------------------------

void move_credits(storage::database& db, const std::string& transfer, const char* account,
                  const order_request& o, std::int64_t amount, const std::string& job) {
  storage::run(
      db,
      "INSERT INTO ledger(transfer_id, account, user_id, type, amount, ref_type, ref_id, description, "
      "created_at) VALUES(?, ?, ?, 'reservation', ?, 'job', ?, ?, ?)",
      transfer, account, o.user_id, amount, job, o.spec.model_title, o.at);
  storage::run(db,
               "INSERT INTO balances(account, user_id, amount) VALUES(?1, ?2, max(?3, 0)) "
               "ON CONFLICT DO UPDATE SET amount = amount + ?3",
               account, o.user_id, amount);
}

void write_order(storage::database& db, const order_request& o) {
  auto& s = o.spec;
  storage::run(db,
               "INSERT INTO orders(order_key, fingerprint, user_id, count, price, created_at) "
               "VALUES(?, '0123456789abcdef', ?, 1, ?, ?)",
               o.order_key, o.user_id, o.price, o.at);
  storage::run(
      db,
      "INSERT INTO jobs(order_id, user_id, language, model_id, model_title, api, provider_model, prompt, "
      "photo_file_id, aspect_ratio, duration_s, resolution, price, state, created_at, deadline_at, "
      "updated_at) "
      "VALUES(?, ?, 'en', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?)",
      db.last_id(), o.user_id, s.model_id, s.model_title, s.api, s.provider_model, s.prompt, s.photo_file_id,
      s.aspect_ratio, s.duration_s, s.resolution, o.price, o.at, 0, o.at);
  auto job = std::to_string(db.last_id());
  auto transfer = "hold:" + job;
  storage::run(db,
               "INSERT INTO transfers(transfer_id, fingerprint, created_at) VALUES(?, '0123456789abcdef', ?)",
               transfer, o.at);
  move_credits(db, transfer, "user", o, -o.price, job);
  move_credits(db, transfer, "held", o, o.price, job);
}

figures bare(const std::string& path, int batch, double seconds) {
  {
    storage::store s{path};
    fill(s);
  }
  std::vector<double> latencies;
  double took = 0, cpu = 0;
  {
    storage::database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX};
    storage::tune(db.connection());
    std::uint64_t n = 1;
    const stopwatch clock;
    while (clock.seconds() < seconds) {
      auto batch_begun = steady::now();
      storage::run(db, "BEGIN IMMEDIATE");
      for (int i = 0; i < batch; ++i) write_order(db, make_order(n++));
      storage::run(db, "COMMIT");
      latencies.insert(latencies.end(), static_cast<std::size_t>(batch), seconds_since(batch_begun));
    }
    took = clock.seconds();
    cpu = clock.cpu();
  }
  auto f = summary(latencies, took, cpu);
  f.fault = verify(path, f.operations);
  return f;
}

/// The store without its actor: tells what the checks cost, and what the messages.
figures direct(const std::string& path, int batch, double seconds) {
  std::vector<double> latencies;
  double took = 0, cpu = 0;
  {
    storage::store s{path};
    fill(s);
    std::uint64_t n = 1;
    const stopwatch clock;
    while (clock.seconds() < seconds) {
      auto batch_begun = steady::now();
      s.begin();
      for (int i = 0; i < batch; ++i) s.apply(make_order(n++));
      s.commit();
      s.take_new_jobs();
      latencies.insert(latencies.end(), static_cast<std::size_t>(batch), seconds_since(batch_begun));
    }
    took = clock.seconds();
    cpu = clock.cpu();
  }
  auto f = summary(latencies, took, cpu);
  f.fault = verify(path, f.operations);
  return f;
}

// -- the table -----------------------------------------------------------------------------------

nlohmann::json row(const char* name, int n, const figures& f, double base) {
  std::fprintf(stderr, "%-22s %6d %10.0f %9.2f %9.2f %8.1f %8.2f %9llu  %s\n", name, n, f.per_s, f.p50_ms,
               f.p99_ms, f.cpu_us, f.per_s / base, static_cast<unsigned long long>(f.operations),
               f.fault.empty() ? "clean" : f.fault.c_str());
  return {{"what", name},
          {"requesters", n},
          {"operations_per_s", f.per_s},
          {"p50_ms", f.p50_ms},
          {"p99_ms", f.p99_ms},
          {"cpu_us", f.cpu_us},
          {"ratio_to_bare_group_commit", f.per_s / base},
          {"operations", f.operations},
          {"audit", f.fault.empty() ? "clean" : f.fault}};
}

bool run_all(double seconds, const std::string& folder, int only, bool actor_only) {
  int files = 0;
  bool clean = true;
  auto fresh = [&] { return folder + "/" + std::to_string(files++) + ".db"; };
  auto rows = nlohmann::json::array();
  std::fprintf(stderr, "%-22s %6s %10s %9s %9s %8s %8s %9s  %s\n", "", "asking", "orders/s", "p50 ms",
               "p99 ms", "cpu us", "ratio", "orders", "audit");
  auto add = [&](const char* name, int n, const figures& f, double base) {
    rows.push_back(row(name, n, f, base));
    clean = clean && f.fault.empty();
  };
  for (int n : only ? std::vector{only} : std::vector{1, 64, 1024}) {
    const int batch = std::min(n, static_cast<int>(batch_operations_max)); // as the writer does
    if (actor_only) {                                                      // for a profile
      const auto f = through_actor(fresh(), n, seconds);
      add("ledger actor", n, f, f.per_s);
      continue;
    }
    auto group = bare(fresh(), batch, seconds);
    auto actor = through_actor(fresh(), n, seconds);
    auto store = direct(fresh(), batch, seconds);
    auto naive = bare(fresh(), 1, seconds);
    add("ledger actor", n, actor, group.per_s);
    add("store, no actor", n, store, group.per_s);
    add("bare group commit", n, group, group.per_s);
    add("one by one", n, naive, group.per_s);
  }
  std::cout << nlohmann::json{{"bench", "ledger"}, {"seconds_per_row", seconds}, {"rows", rows}}.dump(2)
            << std::endl;
  return clean;
}

} // namespace

/// bench_ledger [--seconds N] [--dir FOLDER] [--requesters N] [--actor-only 0|1]: table on standard error,
/// JSON on standard output.
int main(int argc, char** argv) {
  double seconds = 2;
  int only = 0; // one block of the table instead of all
  bool actor_only = false;
  std::string dir = "."; // /tmp may be memory: fsync would cost nothing there
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--seconds")) seconds = std::atof(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--dir")) dir = argv[i + 1];
    else if (!std::strcmp(argv[i], "--requesters")) only = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--actor-only")) actor_only = std::atoi(argv[i + 1]) != 0;
  }
  mallopt(M_TRIM_THRESHOLD, 256 << 20); // as `troupe serve` does
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  auto folder = dir + "/bench-ledger-" + std::to_string(::getpid());
  bool clean = false;
  try {
    fs::create_directories(folder);
    clean = run_all(seconds, folder, only, actor_only);
  } catch (const std::exception& e) {
    std::cerr << "bench_ledger: " << e.what() << "\n";
  }
  fs::remove_all(folder);
  return clean ? 0 : 1;
}
