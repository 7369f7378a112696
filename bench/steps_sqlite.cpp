#include "bench/steps_sqlite.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <chrono>

namespace troupe::bench {

double raw_steps_per_s(const std::string& file, int rows, double seconds) {
  using clock = std::chrono::steady_clock;
  SQLite::Database db{file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(
      "CREATE TABLE users(id INTEGER PRIMARY KEY, screen TEXT NOT NULL, seen_at INTEGER NOT NULL) STRICT");
  SQLite::Statement put{db, "INSERT INTO users VALUES(?, ?, ?) ON CONFLICT(id) DO UPDATE SET "
                            "screen = excluded.screen, seen_at = excluded.seen_at"};
  constexpr std::int64_t users = 64;
  const auto begun = clock::now();
  std::int64_t steps = 0;
  double took = 0;
  while (took < seconds) {
    SQLite::Transaction transaction{db};
    for (int i = 0; i < rows; ++i, ++steps) {
      put.bind(1, 700'000'001 + steps % users);
      put.bind(2, steps / users % 2 == 0 ? "help" : "home");
      put.bind(3, 1'790'000'000'000 + steps);
      put.exec();
      put.reset();
    }
    transaction.commit();
    took = std::chrono::duration<double>(clock::now() - begun).count();
  }
  return static_cast<double>(steps) / took;
}

} // namespace troupe::bench
