#pragma once
/// What must be true whatever happens. Reads the database file and the world; asks no actor.
#include "storage/store.hpp"
#include "tests/simulation/outside.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <memory>

namespace troupe::simulation {

/// What became of the orders so far.
struct totals {
  std::int64_t orders = 0, delivered = 0, refunded = 0, open = 0;
  std::int64_t gifts = 0;                             ///< Late videos, among the refunded.
  std::int64_t purchases = 0, paid = 0, returned = 0; ///< Returned: among the paid.
};

class checks {
public:
  using report = std::function<void(const std::string&)>;
  checks(const std::string& path, outside& world, std::int64_t welcome_credits, report broken_rule);

  void after_money();                                    ///< cheap: after each step that moves credits
  void every_hour(unix_ms now, unix_ms engine_up_since); ///< nothing waits beyond its limit
  void thorough();                                       ///< after a crash, at the end of a day, at the end
  void when_quiet();
  totals count();
  std::vector<job> jobs_of(std::int64_t user) { return reader_.jobs_of(user, 0, 1'000'000); }
  std::vector<payment> payments_of(std::int64_t user) { return reader_.payments_of(user, 0, 1'000'000); }
  std::vector<recipient> recipients(std::int64_t broadcast_id, recipient_state state) {
    const recipients_query all{broadcast_id, state, 0, 1'000'000};
    return std::get<recipients_page>(reader_.answer(all)).all;
  }
  account account_of(std::int64_t user) { return reader_.load_account(user); }

private:
  SQLite::Statement& prepared(const char* sql); ///< Once; to be reset after use.
  /// Each row is a fault, as a sentence.
  void each(const char* sql, unix_ms argument = 0);
  void answers(unix_ms asked_before);
  void credits_as_promised();
  void money_as_paid();
  void tasks_once();
  void videos_as_stored();
  void told_in_time();

  outside& world_;
  std::int64_t welcome_;
  report broken_rule_;
  storage::reader reader_;
  SQLite::Database db_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>> prepared_;
};

} // namespace troupe::simulation
