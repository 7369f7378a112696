#pragma once
/// The menu of commands that a chat shows: everybody's, and one more for each who has a role. Pure.
#include "actors/context.hpp"
#include <nlohmann/json.hpp>

namespace troupe {

/// The parameters of setMyCommands, but for the scope.
nlohmann::json commands_of_users(const config::texts& words, const std::string& language);
/// For each person of the office: what he may not do is not in it.
std::vector<review_rights::menu> command_menus(const engine_context& ctx);

} // namespace troupe
