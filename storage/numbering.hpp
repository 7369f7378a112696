#pragma once
/// Private to the store: our own numbers of Telegram's updates.
///
/// Telegram's numbers rise by one, but after a week of silence they begin anew at a random one, perhaps a
/// lower one, perhaps one that was used before; and another bot has numbers of its own. Ours are Telegram's
/// plus a multiple of 2^32 that grows each time they begin anew: so two different updates never share one,
/// whatever is remembered by it (an order, a payment) stays its own, and later updates have higher ones.
#include "storage/database.hpp"
#include "messages/work.hpp"
#include <optional>
#include <vector>

namespace troupe::storage {

class numbering {
public:
  static constexpr std::int64_t step = std::int64_t{1} << 32; ///< Telegram's numbers are 32 bit
  static constexpr unix_ms silence_ms = 6 * 86'400'000ll;     ///< Telegram says: after a week at least

  /// What of `u`, which was polled or posted, is known: its own number, if it is new.
  std::optional<std::int64_t> store(database& db, const incoming_update& u, unix_ms at, bool posted);
  /// The next getUpdates confirms all up to the last of the batch, in Telegram's order, be it lower.
  void confirm(database& db, std::int64_t last_id);
  /// After a rollback, and when another bot is served.
  void forget() { loaded_ = false; }

private:
  void load(database& db);
  void begin_anew(database& db);
  bool knows(database& db, std::int64_t number, const std::string& json) const;

  bool loaded_ = false;
  std::int64_t bot_ = 0, base_ = 0, base_before_ = 0;
  std::int64_t next_ = 0; ///< Telegram's number that is expected
  unix_ms heard_at_ = 0;  ///< when the newest update came; 0: none is known
};

/// Whose updates come from now on. The first bot takes over what was stored before bots were told apart.
/// @returns the bot that was served before, when it was another one and nobody has been told yet; else 0.
std::int64_t serve_bot(database& db, std::int64_t bot_id);

} // namespace troupe::storage
