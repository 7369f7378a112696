#include "actors/command_menu.hpp"
#include "net/telegram_bot.hpp"

namespace troupe {
namespace {

using nlohmann::json;

json commands_in(const config::texts& words, const std::string& language,
                 const std::vector<const char*>& names) {
  auto commands = json::array();
  for (auto name : names)
    commands.push_back(
        {{"command", name}, {"description", words.get(language, std::string{"command."} + name)}});
  return commands;
}

json commands_of(const config::texts& words, const std::string& language, role rank) {
  std::vector<const char*> names{"admin", "stats", "user"};
  if (may(rank, right::broadcast)) names.insert(names.end(), {"broadcast", "broadcasts"});
  names.insert(names.end(), {"queue", "log", "start", "generate", "jobs", "buy", "help"});
  return commands_in(words, language, names);
}

} // namespace

json commands_of_users(const config::texts& words, const std::string& language) {
  return commands_in(
      words, language,
      {"start", "generate", "jobs", "buy", "balance", "history", "mailing", "feedback", "help"});
}

std::vector<review_rights::menu> command_menus(const engine_context& ctx) {
  auto& set = *ctx.settings;
  std::vector<review_rights::menu> all;
  for (auto& person : ctx.office->people(set.opts, right::look)) {
    if (person.chat_id <= 0) continue;
    const json params{
        {"commands", commands_of(set.words, person.language, ctx.office->rank_of(person.chat_id, set.opts))},
        {"scope", {{"type", "chat"}, {"chat_id", person.chat_id}}}};
    review_rights::menu m;
    m.user_id = person.chat_id;
    m.set.chat_id = person.chat_id;
    m.set.method = "setMyCommands";
    m.set.params = params.dump();
    // Another bot has menus of its own.
    m.value = std::to_string(telegram::bot_id_of(set.opts.telegram.bot_token)) + " " + m.set.params;
    all.push_back(std::move(m));
  }
  return all;
}

} // namespace troupe
