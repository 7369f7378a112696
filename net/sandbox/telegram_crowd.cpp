// The crowd's side of Telegram, and what the flood watch is asked.
#include "net/sandbox/message_parts.hpp"
#include "net/sandbox/telegram_world.hpp"

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t starts_waiting = 200; ///< Updates at once; the others press when these are taken.

bool starts_with(const std::string& s, const char* prefix) { return s.rfind(prefix, 0) == 0; }

} // namespace

int messages_in(const std::string& method, const bot_call& call) {
  const char* list = method == "sendmediagroup" ? "media" : "message_ids";
  if (method != "sendmediagroup" && method != "copymessages" && method != "forwardmessages") return 1;
  const auto items = json::parse(value(call, list), nullptr, false);
  return items.is_array() ? std::max(1, static_cast<int>(items.size())) : 1;
}

/// Answers to buttons and chat actions are free.
flood_verdict telegram_world::ask_flood(const std::string& method, const bot_call& call, std::int64_t now) {
  const bool edit = starts_with(method, "editmessage");
  const bool send = (starts_with(method, "send") && method != "sendchataction") ||
                    starts_with(method, "copymessage") || starts_with(method, "forwardmessage");
  if (!edit && !send) return {};
  const std::int64_t chat = number(call, "chat_id");
  if (!people_.count(chat) && !crowd_.has(chat)) return {};
  if (floods_.mode() == flood_mode::off && !floods_.has_faults()) return {};
  return floods_.ask({chat, messages_in(method, call), edit, flag(call, "allow_paid_broadcast"), bot_stars()},
                     now);
}

/// A tenth of a Star each; the balance knows whole Stars only.
void telegram_world::charge_paid(int messages) {
  paid_tenths_ += messages;
  paid_messages_ += messages;
  desk_.set_bot_balance(desk_.bot_balance() - paid_tenths_ / 10);
  paid_tenths_ %= 10;
}

json telegram_world::all_violations() const {
  json kinds = json::object();
  std::int64_t total = 0;
  for (const auto& [text, n] : violations_) {
    kinds[text] = n;
    total += n;
  }
  for (const auto& [text, n] : floods_.violations()) {
    kinds[text] = n;
    total += n;
  }
  return {{"total", total}, {"kinds", kinds}, {"answers_429", floods_.answers_429()}};
}

json telegram_world::crowd_comes(const crowd_plan& plan, std::int64_t now) {
  const auto first = crowd_.come(plan);
  crowd_starts(now);
  return {{"first_id", first}, {"count", plan.count}};
}

/// One of the crowd stands in as a person until the next is served.
telegram_world::person& telegram_world::crowd_recipient(std::int64_t id) {
  if (!crowd_.has(id)) refuse("chat not found");
  const auto state = crowd_.ask(id);
  if (state == crowd_answer::blocked) throw refusal{403, "Forbidden: bot was blocked by the user"};
  if (state == crowd_answer::deactivated) throw refusal{403, "Forbidden: user is deactivated"};
  passer_by_.of_crowd = true;
  passer_by_.messages.clear();
  passer_by_.user = {{"id", id}, {"is_bot", false}, {"first_name", "Guest"}, {"language_code", "ru"}};
  return passer_by_;
}

void telegram_world::crowd_starts(std::int64_t now) {
  while (updates_.size() < starts_waiting) {
    const auto id = crowd_.next_start();
    if (!id) return;
    floods_.wrote(*id, now);
    const json user{{"id", *id}, {"is_bot", false}, {"first_name", "Guest"}, {"language_code", "ru"}};
    queue("message",
          {{"message_id", next_message_++},
           {"from", user},
           {"chat", {{"id", *id}, {"first_name", "Guest"}, {"type", "private"}}},
           {"date", now / 1000},
           {"text", "/start"},
           {"entities", {{{"offset", 0}, {"length", 6}, {"type", "bot_command"}}}}},
          now);
  }
}

} // namespace troupe::sandbox
