#include "net/sandbox/crowd_routes.hpp"
#include "net/sandbox/replies.hpp"
#include <algorithm>
#include <chrono>
#include <httplib.h>
#include <memory>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

void change_flood(telegram_world& world, const json& q, std::int64_t now) {
  auto& floods = world.floods();
  if (q.contains("mode")) floods.choose(flood_mode_of(q["mode"].get<std::string>()));
  auto& l = floods.limits();
  l.chat_burst = std::max(1, q.value("chat_burst", l.chat_burst));
  l.group_per_min = std::max(1, q.value("group_per_min", l.group_per_min));
  l.bulk_per_s = std::max(0.1, q.value("bulk_per_s", l.bulk_per_s));
  l.bulk_burst = std::max(1, q.value("bulk_burst", l.bulk_burst));
  l.paid_per_s = std::max(0.1, q.value("paid_per_s", l.paid_per_s));
  l.paid_min_stars = q.value("paid_min_stars", l.paid_min_stars);
  l.fresh_ms = q.value("fresh_ms", l.fresh_ms);
  if (q.contains("bot_stars")) world.set_bot_stars(q["bot_stars"].get<std::int64_t>());
  const std::int64_t seconds = q.value("retry_after", std::int64_t{5});
  if (q.contains("refuse_next")) floods.refuse_next(q["refuse_next"].get<int>(), seconds);
  if (q.contains("storm_s"))
    floods.storm(now + q["storm_s"].get<std::int64_t>() * 1000, q.value("storm_percent", 50), seconds);
}

json flood_state(const telegram_world& world) {
  json state = world.floods().describe();
  state["bot_stars"] = world.bot_stars();
  state["paid_messages"] = world.paid_messages();
  return state;
}

json violations(const crowd_desk& desk) {
  const json provider = desk.provider_violations();
  std::lock_guard lock(desk.mutex);
  json all = desk.telegram.all_violations();
  for (const auto& [text, n] : provider.items()) {
    all["kinds"][text] = n;
    all["total"] = all["total"].get<std::int64_t>() + n.get<std::int64_t>();
  }
  return all;
}

crowd_plan plan_of(const json& q) {
  crowd_plan plan;
  plan.first_id = q.value("first_id", std::int64_t{0});
  plan.count = q.value("count", std::int64_t{1000});
  plan.blocked_percent = q.value("blocked_percent", 0);
  plan.deactivated_percent = q.value("deactivated_percent", 0);
  plan.start = q.value("start", false);
  return plan;
}

} // namespace

void add_crowd_routes(httplib::Server& http, crowd_desk desk) {
  const auto d = std::make_shared<crowd_desk>(std::move(desk));
  const auto changed = [d] { d->changed(); };
  using httplib::Request;
  http.Get("/sandbox/crowd", control([d](const Request&, const json&) {
             std::lock_guard lock(d->mutex);
             return d->telegram.people_crowd().describe(now_ms());
           }));
  http.Post("/sandbox/crowd", control(
                                  [d](const Request&, const json& q) {
                                    std::lock_guard lock(d->mutex);
                                    return d->telegram.crowd_comes(plan_of(q), now_ms());
                                  },
                                  changed));
  http.Post("/sandbox/crowd/reset", control(
                                        [d](const Request&, const json&) {
                                          std::lock_guard lock(d->mutex);
                                          d->telegram.forget_crowd_counts();
                                          return json{{"ok", true}};
                                        },
                                        changed));
  http.Get("/sandbox/flood", control([d](const Request&, const json&) {
             std::lock_guard lock(d->mutex);
             return flood_state(d->telegram);
           }));
  http.Post("/sandbox/flood", control(
                                  [d](const Request&, const json& q) {
                                    std::lock_guard lock(d->mutex);
                                    change_flood(d->telegram, q, now_ms());
                                    return flood_state(d->telegram);
                                  },
                                  changed));
  http.Get("/sandbox/violations", control([d](const Request&, const json&) { return violations(*d); }));
}

} // namespace troupe::sandbox
