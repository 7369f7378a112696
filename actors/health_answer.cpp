#include "actors/health_answer.hpp"
#include "net/web_server.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

using nlohmann::json;

json ages(const engine_context& ctx, unix_ms since) {
  return since == 0 ? json{} : json(std::max<unix_ms>(ctx.now() - since, 0) / 1000);
}

/// Whoever hangs says nothing of it himself.
std::string silence(const engine_context& ctx) {
  const auto& h = *ctx.health;
  const auto age = (ctx.now() - h.last_progress_at) / 1000;
  if (age <= ctx.opts().web.health_poll_age_s) return "";
  const auto since = " for " + std::to_string(age) + " s";
  if (ctx.webhook_url().empty()) return "no updates could be fetched from Telegram and stored" + since;
  if (!h.webhook_set) return "Telegram has not taken the webhook's address" + since;
  return "Telegram does not say whether its posts arrive, and none came" + since;
}

json faults_of(const engine_context& ctx) {
  auto all = json::array();
  bool intake_told = false;
  for (auto& [what, why] : ctx.health->ailments()) {
    // Of the keys the dispatcher tells; what updates suffer from is told once.
    intake_told = intake_told || what != ailment::provider_keys;
    all.push_back(json::object({{"what", name_of(what)}, {"why", why}}));
  }
  if (const auto why = silence(ctx); !intake_told && !why.empty())
    all.push_back(json::object({{"what", name_of(ailment::intake)}, {"why", why}}));
  return all;
}

} // namespace

std::pair<int, std::string> health_answer(const engine_context& ctx, unix_ms began_at) {
  const auto& h = *ctx.health;
  const auto faults = faults_of(ctx);
  auto lanes = json::array();
  for (std::size_t l = 0; l < lane_count; ++l)
    lanes.push_back({{"name", name_of(static_cast<lane>(l))}, {"waiting", h.lanes[l].load()}});
  const bool well = faults.empty();
  const json body{{"ok", well},
                  {"why", well ? "" : faults[0]["why"].get<std::string>()},
                  {"faults", faults},
                  {"version", program_version()},
                  {"uptime_s", ages(ctx, began_at)},
                  {"updates", ctx.webhook_url().empty() ? "polled" : "webhook"},
                  {"last_progress_age_s", ages(ctx, h.last_progress_at)},
                  {"keys", {{"usable", h.keys_usable.load()}, {"aside", h.keys_aside.load()}}},
                  {"jobs",
                   {{"open", h.jobs_open.load()},
                    {"waiting", h.jobs_waiting.load()},
                    {"oldest_waiting_s", ages(ctx, h.oldest_waiting_since)}}},
                  {"ffmpeg", !h.no_tools}, // without it videos are sent all the same
                  {"sending", h.sending.load()},
                  {"lanes", std::move(lanes)}};
  return {well ? 200 : 503, body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
}

} // namespace troupe
