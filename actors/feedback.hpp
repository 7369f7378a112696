#pragma once
/// Words between users and the people behind the bot. Pure functions.
#include "config/config.hpp"
#include "messages/work.hpp"
#include "net/telegram.hpp"
#include <optional>
#include <vector>

namespace troupe::feedback {

inline constexpr std::size_t messages_max = 5;      // of one user ...
inline constexpr unix_ms window_ms = 10 * 60'000ll; // ... in so long

/// What a user has sent, to each chat that alarms go to: a line of ours with the user's number first, then
/// what it is.
std::vector<outgoing> to_office(const config::settings& set, const telegram::event& e);
/// Whose feedback the message is that an administrator answers; the number stands in the line we wrote
/// ourselves, whatever the user wrote below it.
std::optional<std::int64_t> user_answered(const telegram::event& e);
/// The administrator's answer, to the user in his language.
std::vector<outgoing> to_user(const config::texts& words, const telegram::event& e, std::int64_t user_id,
                              const std::string& language);

} // namespace troupe::feedback
