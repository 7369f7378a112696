#include "actors/feedback.hpp"
#include "actors/context.hpp"
#include "actors/dialogue_screens.hpp"
#include <charconv>
#include <nlohmann/json.hpp>

namespace troupe::feedback {
namespace {

using nlohmann::json;

constexpr std::size_t text_max = 3500; // of Telegram's 4096, with our lines

outgoing copy_to(const telegram::event& e, std::int64_t chat) {
  outgoing o;
  o.chat_id = chat;
  o.method = "copyMessage";
  o.params = json{{"chat_id", chat},
                  {"from_chat_id", e.group_id != 0 ? e.group_id : e.from.user_id},
                  {"message_id", e.message_id}}
                 .dump();
  return o;
}

std::string name_of(const user_profile& p) {
  auto text = telegram::escape_html(telegram::shorten(p.first_name, 60));
  if (!p.username.empty()) text += " @" + telegram::escape_html(p.username);
  return text;
}

} // namespace

std::vector<outgoing> to_office(const config::settings& set, const telegram::event& e) {
  std::vector<outgoing> all;
  for (const auto chat : alarm_chats(set.opts)) {
    auto text = set.words.get("ru", "feedback.header",
                              {{"id", std::to_string(e.from.user_id)}, {"name", name_of(e.from)}});
    if (e.file_kind.empty()) text += "\n\n" + telegram::escape_html(telegram::shorten(e.text, text_max));
    all.push_back(talk::show({text, {}}, chat));
    if (!e.file_kind.empty()) all.push_back(copy_to(e, chat));
  }
  return all;
}

std::optional<std::int64_t> user_answered(const telegram::event& e) {
  const auto line = e.answered.substr(0, e.answered.find('\n'));
  const auto tag = line.rfind("#u");
  if (e.answered.rfind("✉️", 0) != 0 || tag == line.npos) return {};
  std::int64_t id = 0;
  const auto from = line.data() + tag + 2;
  const auto [end, error] = std::from_chars(from, line.data() + line.size(), id);
  if (error != std::errc{} || end == from || id <= 0) return {};
  return id;
}

std::vector<outgoing> to_user(const config::texts& words, const telegram::event& e, std::int64_t user_id,
                              const std::string& language) {
  const talk::painter paint{words, language};
  const bool media = !e.file_kind.empty();
  talk::screen s{media ? paint.say("feedback.from_admin_media")
                       : paint.say("feedback.from_admin",
                                   {{"text", telegram::escape_html(telegram::shorten(e.text, text_max))}}),
                 {{paint.press("feedback_answer", "feedback")}}};
  std::vector<outgoing> all{talk::show(s, user_id)};
  if (media) all.push_back(copy_to(e, user_id));
  return all;
}

} // namespace troupe::feedback
