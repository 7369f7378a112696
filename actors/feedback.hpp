#pragma once
/// Words between users and the people behind the bot. Pure functions.
#include "actors/office_board.hpp"
#include "config/config.hpp"
#include "messages/work.hpp"
#include "net/telegram.hpp"
#include <vector>

namespace troupe::feedback {

inline constexpr std::size_t messages_max = 5;      // of one user ...
inline constexpr unix_ms window_ms = 10 * 60'000ll; // ... in so long

/// Telegram copies it. Not so paid media, giveaways, gifts, and what it may invent yet: of those nothing is
/// sent, and whoever wrote it is told at once.
bool can_be_copied(const telegram::event& e);

/// What a user has sent, to each seat of the office: a line of ours with the user's number first, then what
/// it is. The user is told when the first of them has it; until then `passing` says the truth.
std::vector<outgoing> to_office(const config::settings& set, const telegram::event& e,
                                const std::vector<office_seat>& seats, const std::string& user_language);
/// What the user reads meanwhile; the message becomes "passed on".
outgoing passing(const config::settings& set, const telegram::event& e, const std::string& user_language);

/// An administrator's words to a user, in the user's language, whether they answer a letter or begin a talk.
/// The administrator is told where he wrote what became of them: arrived, waiting for one who blocked the
/// bot, refused.
struct words_to {
  std::int64_t user_id = 0;
  std::string language;       ///< the user's, "ru" | "en"
  std::string admin_language; ///< of what is said to the administrator
  std::string slot;           ///< the administrator's message that tells it; "": a new one
  bool banned = false;        ///< he cannot press what would stand below
  bool goes_on = false;       ///< more of the words before, which Telegram brings in several messages
};
std::vector<outgoing> to_user(const config::texts& words, const telegram::event& e, const words_to& whom);

} // namespace troupe::feedback
