#include "storage/numbering.hpp"
#include "storage/parts.hpp"
#include <algorithm>

namespace troupe::storage {
namespace {

std::int64_t noted(database& db, const std::string& name) {
  return number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = ?", name);
}
void note(database& db, const std::string& name, std::int64_t value) {
  run(db, "INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2", name,
      std::to_string(value));
}
std::string offset_of(std::int64_t bot) { return "offset:" + std::to_string(bot); }
std::string base_of(std::int64_t bot) { return "numbers:" + std::to_string(bot); }
std::string base_before_of(std::int64_t bot) { return "numbers before:" + std::to_string(bot); }

/// No bot's numbers have begun there yet.
std::int64_t unused_base(database& db) {
  return numbering::step +
         number(db, "SELECT max(CAST(value AS INTEGER)) FROM meta WHERE name GLOB 'numbers:*'");
}

} // namespace

std::int64_t served_bot(database& db) { return noted(db, "bot"); }
std::int64_t next_offset(database& db) { return noted(db, offset_of(served_bot(db))); }
unix_ms heard_at(database& db) {
  return number(db, "SELECT received_at FROM inbox ORDER BY update_id DESC LIMIT 1");
}

std::int64_t serve_bot(database& db, std::int64_t bot_id) {
  const auto before = served_bot(db);
  if (before == bot_id) return noted(db, NEWS_OF_A_BOT);
  if (before == 0) { // from the days when there was only one
    run(db, "UPDATE OR REPLACE meta SET name = ? WHERE name = 'offset:0'", offset_of(bot_id));
    note(db, base_of(bot_id), noted(db, base_of(0)));
    note(db, base_before_of(bot_id), noted(db, base_before_of(0)));
  } else if (number(db, "SELECT count(*) FROM meta WHERE name = ?", base_of(bot_id)) == 0) {
    const auto begin = unused_base(db);
    note(db, base_of(bot_id), begin);
    note(db, base_before_of(bot_id), begin); // nothing of it came before
  }
  note(db, "bot", bot_id);
  if (before != 0) note(db, NEWS_OF_A_BOT, before);
  return before;
}

void numbering::load(database& db) {
  if (std::exchange(loaded_, true)) return;
  bot_ = served_bot(db);
  base_ = noted(db, base_of(bot_));
  base_before_ = noted(db, base_before_of(bot_));
  next_ = noted(db, offset_of(bot_));
  heard_at_ = heard_at(db);
}

void numbering::begin_anew(database& db) {
  base_before_ = std::exchange(base_, unused_base(db));
  note(db, base_before_of(bot_), base_before_);
  note(db, base_of(bot_), base_);
}

/// What was never told whole ('') is taken for the same.
bool numbering::knows(database& db, std::int64_t number, const std::string& json) const {
  query known(db, "SELECT json = ? OR json = '' FROM inbox WHERE update_id = ?", json, number);
  return known.next() && known.flag(0);
}

std::optional<std::int64_t> numbering::store(database& db, const incoming_update& u, unix_ms at,
                                             bool posted) {
  load(db);
  // Seldom: the numbers began anew, and what came right before that is told once more.
  if (base_ != base_before_ && knows(db, base_before_ + u.update_id, u.json)) return {};
  // Posts overtake each other, so among them a lower one says nothing.
  const bool lower = !posted && u.update_id < next_ && !knows(db, base_ + u.update_id, u.json);
  const bool silent = heard_at_ != 0 && at - heard_at_ >= silence_ms;
  if (lower || silent) begin_anew(db);
  for (;;) {
    const auto number = base_ + u.update_id;
    if (run(db,
            "INSERT INTO inbox(update_id, user_id, json, received_at, done) VALUES(?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            number, u.user_id, u.json, at, u.user_id == 0) > 0) {
      heard_at_ = std::max(heard_at_, at);
      next_ = u.update_id + 1;
      return number;
    }
    if (knows(db, number, u.json)) return {};
    begin_anew(db); // the number is another update's
  }
}

void numbering::confirm(database& db, std::int64_t last_id) {
  load(db);
  next_ = last_id + 1;
  note(db, offset_of(bot_), next_);
}

} // namespace troupe::storage
