#include "actors/cast.hpp"
#include "bench/broadcast.hpp"
#include "net/sandbox/flood_watch.hpp"
#include "storage/store.hpp"
#include <caf/scheduler/test_coordinator.hpp>
#include <filesystem>
#include <unordered_map>

namespace troupe::bench {
namespace {

constexpr unix_ms virtual_start = 1'700'000'000'000;

/// A Telegram that counts; 50 ms away costs nothing here.
struct counting_telegram {
  sandbox::flood_watch watch;
  std::unordered_map<std::int64_t, int> got;
  std::int64_t repeats = 0, refused = 0;
  unix_ms first_at = 0, last_at = 0;

  http_reply answer(const http_request& r, unix_ms now) {
    const auto call = json::parse(r.body, nullptr, false);
    const auto chat = call.is_object() ? call.value("chat_id", std::int64_t{0}) : 0;
    http_reply reply;
    reply.status = 200;
    reply.body = R"({"ok":true,"result":{"message_id":7}})";
    if (chat < first_recipient) return reply;
    if (const auto wait = watch.ask({chat}, now).retry_after_s; wait > 0) {
      ++refused;
      reply.status = 429;
      reply.body =
          R"({"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":)" +
          std::to_string(wait) + "}}";
      return reply;
    }
    if (++got[chat] > 1) ++repeats;
    if (first_at == 0) first_at = now;
    last_at = now;
    return reply;
  }
};

} // namespace

json measure_free(const broadcast_setting& set) {
  const auto folder = set.folder + "/free";
  std::filesystem::create_directories(folder);
  const auto database = folder + "/troupe.db";
  seed_broadcast(database, set.recipients, false, virtual_start);
  const auto mb_before = resident_mb();
  const auto begun = steady::now();
  counting_telegram world;
  world.watch.choose(sandbox::flood_mode::telegram);
  caf::actor_system_config cfg;
  cfg.set("scheduler.policy", caf::atom("testing"));
  double mb_at_tenth = 0, mb_after = 0, cpu = 0;
  {
    caf::actor_system sys{cfg};
    auto& sched = dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
    auto ctx = std::make_shared<engine_context>();
    auto s = settings_for(1, folder);
    s.opts.telegram.bulk_messages_per_second = set.free_per_s;
    s.opts.telegram.chat_messages_per_second = 1, s.opts.telegram.chat_burst_messages = 4;
    s.opts.telegram.senders = 16;
    ctx->settings = std::make_shared<const config::settings>(std::move(s));
    ctx->now = [&] {
      return virtual_start +
             std::chrono::duration_cast<std::chrono::milliseconds>(sched.clock().now().time_since_epoch())
                 .count();
    };
    auto store = std::make_shared<storage::store>(database);
    auto writer = spawn_writer(sys, store, ctx, false);
    auto ledger = spawn_ledger(sys, writer);
    auto wire = sys.spawn([&](http_actor::pointer) -> http_actor::behavior_type {
      return {[&](const http_request& r) { return world.answer(r, ctx->now()); }};
    });
    auto courier = spawn_courier(sys, ctx, wire, ledger);
    auto broadcaster = spawn_broadcaster(sys, ctx, ledger, courier);
    caf::anon_send(ledger, ledger_listeners{courier, {}, {}, broadcaster});
    caf::anon_send(broadcaster, committed_broadcasts{storage::reader{database}.load_open_work().broadcasts});
    cpu = cpu_ms();
    const auto limit = static_cast<std::size_t>(set.recipients);
    for (std::int64_t step = 0; world.got.size() < limit && step < std::int64_t{set.recipients} * 20;
         ++step) {
      sched.run(100'000);
      sched.advance_time(std::chrono::milliseconds{10});
      if (mb_at_tenth == 0 && world.got.size() > limit / 10) mb_at_tenth = resident_mb();
    }
    for (int i = 0; i < 300; ++i) sched.run(100'000), sched.advance_time(std::chrono::milliseconds{10});
    cpu = cpu_ms() - cpu;
    mb_after = resident_mb();
    for (auto& a : {caf::actor_cast<caf::actor>(broadcaster), caf::actor_cast<caf::actor>(courier),
                    caf::actor_cast<caf::actor>(ledger), caf::actor_cast<caf::actor>(writer),
                    caf::actor_cast<caf::actor>(wire)})
      caf::anon_send_exit(a, caf::exit_reason::kill);
    sched.run(100'000);
    for (int i = 0; i < 100'000 && sched.has_pending_timeout(); ++i) sched.trigger_timeout();
    sched.run(100'000);
  }
  const auto b = the_broadcast(database);
  const auto seconds = static_cast<double>(world.last_at - world.first_at) / 1000;
  const auto rate = static_cast<double>(world.got.size()) / seconds;
  std::int64_t violations = 0;
  for (auto& [kind, n] : world.watch.violations()) violations += n;
  return {{"clock", "virtual"},
          {"recipients", set.recipients},
          {"permitted_per_s", set.free_per_s},
          {"sent", b.sent},
          {"unknown", b.unknown},
          {"seconds", seconds},
          {"share_of_permitted", rate / set.free_per_s},
          {"violations", violations},
          {"answers_429", world.refused},
          {"repeats", world.repeats},
          {"cpu_s_per_1000", cpu / 1000 / set.recipients * 1000},
          {"simulated_in_seconds", seconds_since(begun)},
          {"mb_before", mb_before},
          {"mb_at_a_tenth", mb_at_tenth},
          {"mb_at_the_end", mb_after}};
}

} // namespace troupe::bench
