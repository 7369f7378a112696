#include "actors/alarm_states.hpp"
#include "messages/own_json.hpp"
#include <nlohmann/json.hpp>

namespace troupe {

using nlohmann::json;

void alarm_states::restore(const std::string& kind, const std::string& value) {
  const auto j = own_json::try_read(value);
  if (!j.is_object() || !has_room(kind)) return;
  try {
    state s;
    s.told_at = j.at("at");
    s.what = {kind, j.at("sentence"), {}, true};
    for (auto& a : j.at("args")) s.what.args.emplace_back(a.at(0), a.at(1));
    standing_[kind] = std::move(s);
  } catch (const json::exception&) {
    return;
  }
}

std::optional<std::string> alarm_states::open(const alarm& a, unix_ms now) {
  auto& s = standing_[a.kind];
  const bool told = s.told_at != 0 && (s.confirmed || now - s.told_at < unconfirmed_for);
  s.what = a;
  s.confirmed = true;
  if (told) return {};
  s.told_at = now;
  json args = json::array();
  for (auto& [name, value] : a.args) args.push_back({name, value});
  return json{{"at", now}, {"sentence", a.sentence}, {"args", args}}.dump(-1, ' ', false,
                                                                          json::error_handler_t::replace);
}

std::optional<alarm> alarm_states::close(const std::string& kind) {
  const auto found = standing_.find(kind);
  if (found == standing_.end()) return {};
  auto what = std::move(found->second.what);
  standing_.erase(found);
  return what;
}

} // namespace troupe
