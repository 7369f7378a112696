#include "actors/feedback.hpp"
#include "actors/context.hpp"
#include "actors/dialogue_screens.hpp"
#include <algorithm>
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

/// What is no words of such a length that they fit below our lines follows them as it is: nothing of it is
/// cut.
bool follows(const telegram::event& e) {
  return !e.file_kind.empty() || e.text.empty() || e.kind == telegram::event_kind::other_media ||
         telegram::shorten(e.text, text_max) != e.text;
}

std::string name_of(const user_profile& p) {
  auto text = telegram::escape_html(telegram::shorten(p.first_name, 60));
  if (!p.username.empty()) text += " @" + telegram::escape_html(p.username);
  return text;
}

std::string slot_of(const telegram::event& e) { return "letter:" + std::to_string(e.update_id); }

std::string params_of(const talk::painter& paint, const char* key, std::int64_t chat,
                      const config::texts::args& args = {}) {
  return talk::show(paint.plain(paint.say(key, args)), chat).params;
}

} // namespace

bool can_be_copied(const telegram::event& e) {
  if (e.kind != telegram::event_kind::other_media || !e.file_kind.empty()) return true;
  constexpr const char* ours[] = {"story", "contact", "venue", "location",
                                  "poll",  "dice",    "game",  "checklist"};
  return std::find(std::begin(ours), std::end(ours), e.media) != std::end(ours);
}

outgoing passing(const config::settings& set, const telegram::event& e, const std::string& language) {
  const talk::painter paint{set.words, language};
  auto m = talk::show(paint.plain(paint.say("feedback.passing")), e.from.user_id);
  m.slot = slot_of(e);
  return m;
}

std::vector<outgoing> to_office(const config::settings& set, const telegram::event& e,
                                const std::vector<office_seat>& seats, const std::string& user_language) {
  const talk::painter theirs{set.words, user_language};
  const auto user = e.from.user_id;
  const auto told =
      std::make_shared<const receipt>(receipt{user, slot_of(e), params_of(theirs, "feedback.sent", user), "",
                                              params_of(theirs, "feedback.not_sent", user)});
  std::vector<outgoing> all;
  for (const auto& seat : seats) {
    auto text = set.words.get(seat.language, "feedback.header",
                              {{"id", std::to_string(user)}, {"name", name_of(e.from)}});
    if (!follows(e)) text += "\n\n" + telegram::escape_html(e.text);
    all.push_back(talk::show({text, {}}, seat.chat_id));
    all.back().office = office_mail::letter;
    if (follows(e)) {
      all.push_back(copy_to(e, seat.chat_id));
      all.back().office = office_mail::letter;
    }
    all.back().told = told; // the whole of it is there
  }
  for (auto& m : all) m.letter_of = user; // header and copies: a reply to either goes to him
  return all;
}

std::vector<outgoing> to_user(const config::texts& words, const telegram::event& e, const words_to& whom) {
  const talk::painter paint{words, whom.language}, admins{words, whom.admin_language};
  const bool copied = follows(e) || whom.goes_on;
  talk::screen s{copied ? paint.say("feedback.from_admin_media")
                        : paint.say("feedback.from_admin", {{"text", telegram::escape_html(e.text)}}),
                 {}};
  if (!whom.banned) s.buttons = {{paint.press("feedback_answer", "feedback")}};
  std::vector<outgoing> all;
  if (!whom.goes_on) all.push_back(talk::show(s, whom.user_id));
  if (copied) all.push_back(copy_to(e, whom.user_id));
  const auto chat = e.group_id != 0 ? e.group_id : e.from.user_id;
  const auto say = [&](const char* key) {
    const auto text = admins.say(key, {{"id", "<code>" + std::to_string(whom.user_id) + "</code>"}});
    const auto user = "o:u:" + std::to_string(whom.user_id);
    talk::screen told{text, {}};
    if (e.group_id == 0)
      told.buttons = {{{admins.say("button.back"), user}, {admins.say("button.home"), "home"}}};
    return talk::show(told, chat).params;
  };
  all.back().told =
      std::make_shared<const receipt>(receipt{chat, whom.slot, say("feedback.answered"),
                                              say("feedback.answer_waits"), say("feedback.answer_refused")});
  return all;
}

} // namespace troupe::feedback
