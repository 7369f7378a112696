#include "actors/cast.hpp"
#include "actors/command_menu.hpp"
#include "actors/log.hpp"
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

void say_commands(const courier_actor& courier, nlohmann::json params) {
  outgoing m;
  m.urgency = lane::answer;
  m.method = "setMyCommands";
  m.params = params.dump();
  caf::anon_send(courier, std::move(m));
}

/// The command menu, in both languages. Not stored: said again at every start. Those of people with a role
/// are the watchman's.
void introduce(const courier_actor& courier, const engine_context& ctx) {
  auto& set = *ctx.settings;
  for (std::string code : {"", "ru", "en"}) {
    const auto language = code.empty() ? "en" : code;
    say_commands(courier, {{"commands", commands_of_users(set.words, language)}, {"language_code", code}});
  }
}

} // namespace

std::vector<caf::actor> cast::all() const {
  std::vector<caf::actor> list;
  const auto add_one = [&](const auto& a) {
    if (a) list.push_back(caf::actor_cast<caf::actor>(a));
  };
  const auto add = [&](const auto&... actors) { (add_one(actors), ...); };
  add(poller, router, doorman, dispatcher, cashier, broadcaster, watchman, analyst, pictures, courier,
      outside.checkout, outside.shop, outside.senders, outside.files, outside.provider, outside.transfers,
      outside.results, outside.uploads, outside.polling, outside.media, outside.pictures, outside.writer,
      reader, ledger, writer);
  return list;
}

cast spawn_cast(caf::actor_system& sys, const cast_setting& s) {
  auto work = s.reader->load_open_work();
  log("engine")->info("goes on with {} updates, {} messages and {} jobs", work.updates.size(),
                      work.messages.size(), work.jobs.size());
  cast c;
  c.goes_on_with = {{"updates", std::to_string(work.updates.size())},
                    {"messages", std::to_string(work.messages.size())},
                    {"jobs", std::to_string(work.jobs.size())}};
  c.outside = s.outside;
  for (auto& [name, value] : work.settings) s.ctx->sales->set(name, value), s.ctx->office->set(name, value);
  for (auto& a : work.administrators) s.ctx->office->knows(a.user_id, a.language, a.named);
  for (auto& why : s.ctx->tuned->set(s.ctx->settings, work.settings))
    log("engine")->warn("a change of settings is left out: {}", why);
  c.writer = spawn_writer(sys, s.store, s.ctx, s.threads);
  c.ledger = spawn_ledger(sys, c.writer);
  const auto ledger = s.before_ledger ? s.before_ledger(c.ledger) : c.ledger;
  c.reader = spawn_reader(sys, s.reader, s.threads);
  c.courier = spawn_courier(sys, s.ctx, s.outside.senders, ledger);
  c.analyst = spawn_analyst(sys, s.ctx, s.second_reader ? s.second_reader : s.reader, s.threads);
  c.watchman = spawn_watchman(sys, s.ctx, ledger, c.courier, c.analyst, work.states);
  c.broadcaster = spawn_broadcaster(sys, s.ctx, ledger, c.courier, c.watchman);
  c.pictures = spawn_pictures(sys, s.ctx, s.outside.files, s.outside.pictures);
  c.dispatcher = spawn_dispatcher(sys, s.ctx,
                                  {s.outside.files, s.outside.provider, s.outside.transfers, s.outside.media,
                                   ledger, c.reader, c.courier, c.watchman, c.pictures,
                                   s.outside.results ? s.outside.results : s.outside.transfers});
  c.doorman = spawn_doorman(sys, s.ctx, ledger, c.reader, c.dispatcher);
  c.cashier = spawn_cashier(sys, s.ctx,
                            {s.outside.checkout, s.outside.shop, ledger, c.reader, c.courier, c.watchman});
  caf::anon_send(c.ledger, ledger_listeners{c.courier, c.dispatcher, c.cashier, c.broadcaster, c.watchman});
  c.router = spawn_router(sys, s.ctx,
                          {ledger, c.reader, c.courier, c.cashier, c.dispatcher, s.outside.writer, c.analyst,
                           c.pictures, c.watchman});
  caf::anon_send(c.courier, committed_messages{std::move(work.messages)});
  caf::anon_send(c.dispatcher, committed_jobs{std::move(work.jobs)});
  caf::anon_send(c.cashier, committed_payments{std::move(work.payments)});
  caf::anon_send(c.broadcaster, committed_broadcasts{std::move(work.broadcasts)});
  caf::anon_send(c.router, accepted_updates{std::move(work.updates)});
  introduce(c.courier, *s.ctx);
  c.poller = spawn_poller(sys, s.ctx, {s.outside.polling, ledger, c.router, c.cashier, c.watchman},
                          {work.next_offset, work.heard_at});
  return c;
}

} // namespace troupe
