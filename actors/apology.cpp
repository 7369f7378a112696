#include "actors/apology.hpp"
#include "actors/dialogue_screens.hpp"

namespace troupe {

turn set_aside(const config::texts& words, const incoming_update& u, unix_ms now) {
  turn t;
  t.update_id = u.update_id;
  t.user_id = u.user_id;
  t.at = now;
  const auto language = config::texts::language_for(telegram::event_in(u).from.language);
  const talk::painter paint{words, language};
  t.messages.push_back(talk::show(paint.plain(paint.say("hint.broken")), u.user_id));
  return t;
}

} // namespace troupe
