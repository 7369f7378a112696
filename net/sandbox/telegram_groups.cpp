// What becomes of groups: they are made, become supergroups, throw the bot out and take it back.
#include "net/sandbox/telegram_world.hpp"
#include <stdexcept>

namespace troupe::sandbox {

using nlohmann::json;

json telegram_world::add_group(std::int64_t id, const std::string& title) {
  if (id >= 0) throw std::runtime_error("a group's id is negative");
  auto [it, fresh] = people_.try_emplace(id);
  it->second.group = true;
  it->second.user = {{"id", id}, {"is_bot", false}, {"first_name", title}, {"is_group", true}};
  if (fresh) order_.push_back(id);
  event("user", id, it->second.user);
  return it->second.user;
}

/// Ids of supergroups begin with -100.
bool telegram_world::is_basic(std::int64_t id) { return id < 0 && id > -1'000'000'000'000; }

telegram_world::person& telegram_world::group_of(std::int64_t id) {
  const auto it = people_.find(id);
  if (it == people_.end() || !it->second.group) throw std::runtime_error("there is no such group");
  return it->second;
}

/// Somebody of the group did it, who is not named.
json telegram_world::service_message(person& chat, json what, std::int64_t now) {
  what["message_id"] = next_message_++;
  what["from"] = {
      {"id", 1087968824}, {"is_bot", true}, {"first_name", "Group"}, {"username", "GroupAnonymousBot"}};
  what["sender_chat"] = chat_of(chat);
  what["chat"] = chat_of(chat);
  what["date"] = now / 1000;
  return what;
}

json telegram_world::move_group(std::int64_t id, bool told, std::int64_t now) {
  auto& old = group_of(id);
  if (!is_basic(id) || old.moved_to != 0)
    throw std::runtime_error("only a basic group becomes a supergroup, once");
  const auto to = -1'000'000'000'000 + id;
  const std::string title = old.user["first_name"];
  const json made = add_group(to, title);
  group_of(id).moved_to = to;
  if (told) {
    queue("message", service_message(group_of(id), {{"migrate_to_chat_id", to}}, now), now);
    queue("message", service_message(group_of(to), {{"migrate_from_chat_id", id}}, now), now);
  }
  return made;
}

json telegram_world::refuse_in_group(std::int64_t id, const std::string& words, std::int64_t now) {
  auto& group = group_of(id);
  const bool back = words.empty() && !group.refuses.empty();
  group.refuses = words;
  const json out{{"user", bot_user()}, {"status", "left"}}, in{{"user", bot_user()}, {"status", "member"}};
  if (back || words.rfind("Forbidden", 0) == 0)
    queue("my_chat_member",
          {{"chat", chat_of(group)},
           {"from", {{"id", 1087968824}, {"is_bot", true}, {"first_name", "Group"}}},
           {"date", now / 1000},
           {"old_chat_member", back ? out : in},
           {"new_chat_member", back ? in : out}},
          now);
  return {{"id", id}, {"refuses", words}};
}

} // namespace troupe::sandbox
