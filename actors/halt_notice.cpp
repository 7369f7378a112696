#include "actors/halt_notice.hpp"
#include "actors/dialogue_screens.hpp"

namespace troupe {

std::optional<outgoing> halt_notice::tell(const config::texts& words, std::int64_t user_id,
                                          const std::string& language, unix_ms now) {
  if (told_.size() >= users_max) std::erase_if(told_, [&](auto& t) { return now - t.second >= silence_ms; });
  if (told_.size() >= users_max && told_.count(user_id) == 0) return {};
  const auto [told, is_new] = told_.try_emplace(user_id, now);
  if (!is_new && now - told->second < silence_ms) return {};
  told->second = now;
  const talk::painter paint{words, config::texts::language_for(language)};
  return talk::show({paint.say("hint.halted"), {}}, user_id);
}

} // namespace troupe
