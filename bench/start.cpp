/// A start on a big database: how long until it is audited, its jobs are adopted and the first user is
/// answered; and how much memory known users cost.
#include "bench/crowd.hpp"
#include "storage/parts.hpp"
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <malloc.h>
#include <spdlog/spdlog.h>

namespace {

using namespace troupe;
using namespace troupe::bench;

constexpr unix_ms at = 1'700'000'000'000;

/// Everybody got 100 credits; three of four made a video for 2, and `open` more are being made now.
/// Written straight into the tables, as years of orders would have left them.
void fill(const std::string& path, int users, int open) {
  auto db = storage::open_for_writing(path);
  const auto sql = [&](const std::string& text) { db->connection().exec(text); };
  const auto n = std::to_string(users), made = std::to_string(users * 3 / 4),
             all = std::to_string(users * 3 / 4 + open);
  const auto now = std::to_string(at), first = std::to_string(first_user);
  const auto soon = std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
  const std::string count = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ";
  sql("PRAGMA wal_autocheckpoint = 100000; BEGIN");
  sql(count + n +
      ") INSERT INTO users(user_id, first_name, username, language, registered_at, last_seen_at, state) "
      "SELECT " +
      first + " + i, 'User ' || i, 'user' || i, 'ru', " + now + ", " + now +
      ", '{\"screen\":\"home\"}' FROM n");
  sql(count + n + ") INSERT INTO transfers SELECT 'bonus:welcome:' || (" + first + " + i), '0', " + now +
      " FROM n");
  for (auto side : {"'bonus', %, 'credit', -100", "'user', %, 'credit', 100"}) {
    std::string row = side;
    row.replace(row.find('%'), 1, first + " + i");
    sql(count + n +
        ") INSERT INTO ledger(transfer_id, account, user_id, type, amount, ref_type, ref_id, description, "
        "created_at) "
        "SELECT 'bonus:welcome:' || (" +
        first + " + i), " + row + ", 'bonus', 'welcome', 'welcome', " + now + " FROM n");
  }
  sql(count + all + ") INSERT INTO orders SELECT i + 1, 'o' || i, '0', " + first + " + i % " + n +
      ", 1, 2, " + now + " FROM n");
  sql(count + all +
      ") INSERT INTO jobs(job_id, order_id, user_id, language, model_id, model_title, api, provider_model, "
      "prompt, "
      "photo_file_id, aspect_ratio, duration_s, resolution, price, state, task_id, file_id, created_at, "
      "submitted_at, deadline_at, updated_at) "
      "SELECT i + 1, i + 1, " +
      first + " + i % " + n +
      ", 'ru', 'veo-3-fast', 'Veo 3 Fast', 'kie-unified', 'veo3_fast', "
      "'a cat that walks by itself, number ' || i, '', '16:9', 8, '720p', 2, "
      "CASE WHEN i < " +
      made + " THEN 'completed' ELSE 'processing' END, 'task' || i, 'file' || i, " + soon + ", " + soon +
      ", " + soon + " + 1800000, " + soon + " FROM n");
  const auto transfer = [&](const std::string& verb, const std::string& from, const std::string& to,
                            const char* type, const std::string& limit) {
    sql(count + limit + ") INSERT INTO transfers SELECT '" + verb + ":' || (i + 1), '0', " + now + " FROM n");
    for (auto& [account, amount] : {std::pair{from, "-2"}, std::pair{to, "2"}})
      sql(count + limit +
          ") INSERT INTO ledger(transfer_id, account, user_id, type, amount, ref_type, ref_id, description, "
          "created_at) "
          "SELECT '" +
          verb + ":' || (i + 1), '" + account + "', " + first + " + i % " + n + ", '" + type + "', " +
          amount + ", 'job', i + 1, 'Veo 3 Fast', " + now + " FROM n");
  };
  transfer("hold", "user", "held", "reservation", all);
  transfer("post", "held", "spent", "debit", made);
  sql("INSERT INTO balances SELECT account, user_id, sum(amount) FROM ledger GROUP BY account, user_id");
  sql("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

/// What reading alone costs: bare SQLite looks once at each row that the audit needs.
double raw_scan_s(const std::string& path) {
  const auto begun = steady::now();
  SQLite::Database db{path, SQLite::OPEN_READONLY};
  for (auto what : {"sum(amount) FROM ledger", "count(created_at) FROM transfers",
                    "sum(amount) FROM balances", "sum(price) FROM jobs", "sum(price) FROM orders"})
    db.execAndGet(std::string{"SELECT "} + what);
  return seconds_since(begun);
}

/// Somebody writes before the engine is there; then `touched` others while it runs.
int play_people(int in, int out, int touched) {
  sandbox::settings s;
  s.port = 0;
  s.clips = false;
  sandbox::server server{s};
  people crowd{server.start(), 1, 1};
  put(out, crowd.port);
  crowd.write_all("/balance", 1);
  take<char>(in); // the engine begins
  while (crowd.answers() == 0) std::this_thread::sleep_for(2ms);
  put(out, 'a');
  take<char>(in);
  crowd.users = touched;
  put(out, crowd.storm());
  take<char>(in); // the engine has stopped
  server.stop();
  return 0;
}

int measure(int in, int out, const std::string& folder, int touched, int quiet_s) {
  const auto port = take<int>(in);
  const auto raw_s = raw_scan_s(folder + "/troupe.db");
  auto settings = settings_for(port, folder);
  settings.opts.users.session_idle_s = 5;
  settings.opts.kie.jobs_in_flight_max = 100'000;
  const auto begun = steady::now();
  engine e{std::move(settings), [](const std::string& why) { throw std::runtime_error{why}; }};
  put(out, 'e');
  e.start();
  const auto started = seconds_since(begun);
  take<char>(in);
  const auto answered = seconds_since(begun);
  const auto start_mb = resident_mb();
  put(out, 't');
  const auto r = take<report>(in);
  const auto busy_mb = resident_mb();
  std::this_thread::sleep_for(std::chrono::seconds{quiet_s});
  const auto quiet_mb = resident_mb();
  e.stop();
  put(out, 'q');
  std::fprintf(stderr,
               "audited after %.2f s, first answer after %.2f s, %.0f MB resident; %lld of %d users answered "
               "in %.1f s: %.0f MB; "
               "their sessions asleep: %.0f MB\n",
               started, answered, start_mb, static_cast<long long>(r.answers), touched, r.total_s, busy_mb,
               quiet_mb);
  std::cout << json{{"bench", "start"},
                    {"audited_s", started},
                    {"raw_scan_s", raw_s},
                    {"first_answer_s", answered},
                    {"resident_mb", start_mb},
                    {"touched", touched},
                    {"touched_answered", r.answers},
                    {"touched_s", r.total_s},
                    {"resident_mb_busy", busy_mb},
                    {"resident_mb_asleep", quiet_mb}}
                   .dump(2)
            << std::endl;
  return r.answers >= touched && answered < 60 ? 0 : 1;
}

} // namespace

/// bench_start [--users N] [--open N] [--touched N] [--quiet-s S] [--dir FOLDER]; run it where config/ is.
int main(int argc, char** argv) {
  int users = 1'000'000, open = 3'000, touched = 100'000;
  int quiet_s = 70; // sessions are idle for 5 s, and looked at every 30 s
  std::string dir = ".";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!std::strcmp(argv[i], "--users")) users = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--open")) open = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--touched")) touched = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--quiet-s")) quiet_s = std::atoi(argv[i + 1]);
    else if (!std::strcmp(argv[i], "--dir")) dir = argv[i + 1];
  }
  const auto folder = dir + "/bench-start-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  { // in a process of its own: what filling leaves in memory is not the engine's
    const auto child = ::fork();
    if (child == 0) {
      fill(folder + "/troupe.db", users, open);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }
  const int code = two_processes([&](int in, int o) { return play_people(in, o, touched); },
                                 [&](int in, int o) {
                                   mallopt(M_TRIM_THRESHOLD, 256 << 20); // as `troupe serve` does
                                   mallopt(M_MMAP_THRESHOLD, 64 << 20);
                                   spdlog::set_level(spdlog::level::warn);
                                   return measure(in, o, folder, touched, quiet_s);
                                 });
  std::filesystem::remove_all(folder);
  return code;
}
