#pragma once
/// Private to the store: a SQLite connection that keeps its prepared statements, and a short way to
/// run them. Preparing anew for every operation would cost two thirds of the throughput.
#include "storage/claim.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>

namespace troupe::storage {

class database {
public:
  static constexpr int patience_ms = 5000; ///< for a lock that another connection has
  database(const std::string& path, int flags)
      : file_(hold_file(path)), connection_(path, flags, patience_ms) {}

  /// @param sql A literal: its address is the key (hashing the text costs as much as a small query).
  SQLite::Statement& prepared(const char* sql) {
    auto& slot = statements_[sql];
    if (!slot) slot = std::make_unique<SQLite::Statement>(connection_, sql);
    return *slot;
  }
  SQLite::Database& connection() { return connection_; }
  std::int64_t last_id() const { return connection_.getLastInsertRowid(); }
  int changes() const { return connection_.getChanges(); }
  /// Rows inserted, changed or deleted since the connection was opened; rollbacks do not take back.
  int changes_ever() const { return connection_.getTotalChanges(); }
  /// SQLite rolls the whole transaction back by itself on a full disk or an I/O error.
  bool in_transaction() const;

private:
  std::shared_ptr<held_file> file_; ///< outlives the connection
  SQLite::Database connection_;
  std::unordered_map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

/// One run of a prepared statement; gives the statement back when it goes out of scope.
class query {
public:
  template <class... values>
  query(database& db, const char* sql, const values&... args) : statement_(db.prepared(sql)) {
    int index = 0;
    (put(++index, args), ...);
  }
  ~query() { statement_.tryReset(); }
  query(const query&) = delete;
  query& operator=(const query&) = delete;

  bool next() { return statement_.executeStep(); }
  std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
  int small(int column) const { return statement_.getColumn(column).getInt(); }
  bool flag(int column) const { return integer(column) != 0; }
  std::string text(int column) const { return statement_.getColumn(column).getString(); }

private:
  template <class value> void put(int index, const value& v) {
    if constexpr (std::is_same_v<value, bool>) statement_.bind(index, v ? 1 : 0);
    else statement_.bind(index, v);
  }
  SQLite::Statement& statement_;
};

/// Binds without a copy where it can: the value must outlive the run.
template <class value> void lend(SQLite::Statement& statement, int index, const value& v) {
  if constexpr (std::is_same_v<value, std::string>) statement.bindNoCopy(index, v);
  else if constexpr (std::is_same_v<value, bool>) statement.bind(index, v ? 1 : 0);
  else statement.bind(index, v);
}

/// Runs a statement whose rows do not matter. @return number of changed rows
template <class... values> int run(database& db, const char* sql, const values&... args) {
  auto& statement = db.prepared(sql);
  try {
    int index = 0;
    (lend(statement, ++index, args), ...);
    while (statement.executeStep()) {
    }
  } catch (...) {
    statement.tryReset();
    throw;
  }
  statement.tryReset();
  return db.changes();
}

/// First column of the first row, 0 when there is none.
template <class... values> std::int64_t number(database& db, const char* sql, const values&... args) {
  query q(db, sql, args...);
  return q.next() ? q.integer(0) : 0;
}

} // namespace troupe::storage
