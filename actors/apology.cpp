#include "actors/apology.hpp"
#include "actors/dialogue_screens.hpp"
#include "actors/dialogue_state.hpp"

namespace troupe {

turn set_aside(const config::texts& words, const incoming_update& u, const std::string& state, unix_ms now) {
  turn t;
  t.update_id = u.update_id;
  t.user_id = u.user_id;
  t.at = now;
  t.state = talk::without_work(state);
  const auto language = config::texts::language_for(telegram::event_in(u).from.language);
  const talk::painter paint{words, language};
  t.messages.push_back(talk::show(paint.plain(paint.say("hint.broken")), u.user_id));
  return t;
}

turn drop(const incoming_update& u, unix_ms now) {
  turn t;
  t.update_id = u.update_id;
  t.at = now;
  return t;
}

} // namespace troupe
