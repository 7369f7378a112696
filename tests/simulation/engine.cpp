#include "tests/simulation/engine.hpp"
#include "actors/cast.hpp"
#include <caf/scheduler/test_coordinator.hpp>
#include <nlohmann/json.hpp>

namespace troupe::simulation {
struct answer_due {
  std::uint64_t ticket = 0;
  http_reply reply;
};
/// A callback at the door.
struct knock {
  doorman_actor doorman;
  provider_woke what;
  std::function<void()> acknowledged;
};
/// A payment notice.
struct tip {
  cashier_actor cashier;
  payment_noticed what;
  std::function<void()> acknowledged;
};
} // namespace troupe::simulation
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::simulation::tip)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::simulation::answer_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::simulation::knock)

namespace troupe::simulation {
namespace {

using wire_actor = caf::typed_actor<caf::replies_to<http_request>::with<http_reply>,
                                    caf::reacts_to<answer_due>, caf::reacts_to<knock>, caf::reacts_to<tip>>;

constexpr std::size_t drain_max = 1'000'000;

struct testing : caf::actor_system_config {
  testing() { set("scheduler.policy", caf::atom("testing")); }
};

struct stopped_dead : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Carries requests out and answers in, and knows nothing.
struct wire_state {
  wire_state() {}
  static inline const char* name = "wire";
  std::map<std::uint64_t, caf::typed_response_promise<http_reply>> open;
  std::uint64_t next = 1;
};

/// A bug put in on purpose: whatever Telegram says, one second is enough.
void hurry(http_reply& r) {
  if (r.status != 429) return;
  auto body = nlohmann::json::parse(r.body);
  body["parameters"]["retry_after"] = 1;
  r.body = body.dump();
}

wire_actor::behavior_type wire(wire_actor::stateful_pointer<wire_state> self, outside* world, bool hasty) {
  self->set_error_handler([](caf::error&) {});
  return {[self, world](const http_request& r) -> caf::result<http_reply> {
            auto& s = self->state;
            auto promise = self->make_response_promise<http_reply>();
            s.open.emplace(s.next, promise);
            world->ask(s.next++, r);
            return promise;
          },
          [self, hasty](answer_due& a) {
            auto& s = self->state;
            const auto it = s.open.find(a.ticket);
            if (it == s.open.end()) return;
            if (hasty) hurry(a.reply);
            it->second.deliver(std::move(a.reply));
            s.open.erase(it);
          },
          [self](const knock& k) {
            self->request(k.doorman, caf::infinite, k.what)
                .then([heard = k.acknowledged](done) { heard(); }, [](caf::error&) {});
          },
          [self](const tip& t) {
            self->request(t.cashier, caf::infinite, t.what)
                .then([heard = t.acknowledged](done) { heard(); }, [](caf::error&) {});
          }};
}

media_actor::behavior_type media(media_actor::pointer self, outside* world) {
  self->set_error_handler([](caf::error&) {});
  return {[world](const inspect_video& v) {
    inspected seen;
    seen.playable = world->playable(v.path);
    if (seen.playable) seen.info = {1280, 720, 8'000, 1'000'000};
    else seen.why = "moov atom not found";
    return seen;
  }};
}

/// Every picture of a simulated user is one.
picture_worker_actor::behavior_type picture_worker(picture_worker_actor::pointer self) {
  self->set_error_handler([](caf::error&) {});
  return {[](const picture_on_disk&) { return picture_facts{picture_state::good, "jpeg", 1280, 720, ""}; }};
}

/// Only those that are supervised one by one; a fall of the others is the end of the cast, as a crash is.
bool may_fall(caf::resumable* r) {
  const auto* a = dynamic_cast<caf::scheduled_actor*>(r);
  if (!a) return false;
  const std::string name = a->name();
  return name == "session" || name == "generation";
}

/// The exit overtakes what waits, so the actor dies on the message it was about to handle.
void fell(caf::resumable* r) {
  auto* a = dynamic_cast<caf::scheduled_actor*>(r);
  caf::anon_send_exit(caf::actor_cast<caf::actor>(a->ctrl()), caf::exit_reason::unhandled_exception);
}

} // namespace

struct simulated_engine::impl {
  outside& world;
  virtual_time born;
  testing cfg;
  std::unique_ptr<caf::actor_system> sys = std::make_unique<caf::actor_system>(cfg);
  caf::scheduler::test_coordinator& sched = dynamic_cast<caf::scheduler::test_coordinator&>(sys->scheduler());
  caf::actor_clock::time_point zero = sched.clock().now();
  std::shared_ptr<storage::store> store;
  std::shared_ptr<storage::reader> reader;
  std::vector<caf::actor> cast;
  bool dead = false;

  impl(const engine_setting& s, outside& w, virtual_time now)
      : world{w}, born{now}, store{std::make_shared<storage::store>(s.config.opts.storage.database_path)},
        reader{std::make_shared<storage::reader>(s.config.opts.storage.database_path)} {
    auto line = sys->spawn(wire, &world, s.spy.bug == planted::hasty);
    cast_setting setting{context(s),
                         store,
                         reader,
                         {line, line, line, line, line, line, sys->spawn(media, &world), line, line,
                          sys->spawn(picture_worker)}};
    setting.threads = false;
    setting.before_ledger = [&](ledger_actor ledger) {
      auto spy = spawn_spy(*sys, std::move(ledger), s.spy);
      cast.push_back(caf::actor_cast<caf::actor>(spy));
      return spy;
    };
    const auto all = spawn_cast(*sys, setting);
    for (auto& a : all.all()) cast.push_back(a);
    world.connect(
        {[line](std::uint64_t ticket, http_reply r) {
           caf::anon_send(line, answer_due{ticket, std::move(r)});
         },
         [line, to = all.doorman](const web_callback& c, std::function<void()> acknowledged) {
           caf::anon_send(line, knock{to, {c.job_id, c.task_id, c.created_at}, std::move(acknowledged)});
         },
         [line, to = all.cashier](const std::string& id, std::function<void()> acknowledged) {
           caf::anon_send(line, tip{to, {id}, std::move(acknowledged)});
         }});
  }

  virtual_time now() const { return born + (sched.clock().now() - zero); }

  context_ptr context(const engine_setting& s) {
    auto c = std::make_shared<engine_context>();
    c->settings = std::make_shared<const config::settings>(s.config);
    c->now = [this] {
      return first_ms + std::chrono::duration_cast<std::chrono::milliseconds>(now()).count();
    };
    c->callback_secret = callback_secret;
    c->at_step = [this, ask = s.at_step](durable_step step, bool committed) {
      const auto v = dead ? verdict::die : ask(step, committed);
      if (v == verdict::go_on) return;
      if (v == verdict::die) dead = true;
      if (!committed) throw stopped_dead{"the disk is full"};
    };
    return c;
  }

  /// Some may still handle a message before they find their end, but the world is deaf and no batch is
  /// committed any more. Timers keep their receivers alive until they have rung.
  ~impl() {
    dead = true;
    world.disconnect();
    for (auto& a : cast) caf::anon_send_exit(a, caf::exit_reason::kill);
    cast.clear();
    sched.run(drain_max);
    for (std::size_t i = 0; i < drain_max && sched.trigger_timeout(); ++i) sched.run(drain_max);
    store.reset(), reader.reset();
    sys.reset();
  }
};

simulated_engine::simulated_engine(const engine_setting& setting, outside& world, virtual_time now)
    : impl_{std::make_unique<impl>(setting, world, now)} {}
simulated_engine::~simulated_engine() = default;

bool simulated_engine::run_one(const std::function<std::int64_t(std::int64_t)>& pick,
                               const std::function<bool()>& falls) {
  auto& jobs = impl_->sched.jobs;
  if (jobs.empty()) return false;
  const auto i = static_cast<std::size_t>(pick(static_cast<std::int64_t>(jobs.size())));
  std::swap(jobs[0], jobs[i]);
  if (may_fall(jobs[0]) && falls()) fell(jobs[0]);
  impl_->sched.run_once();
  return true;
}

bool simulated_engine::crashed() const { return impl_->dead; }

std::optional<virtual_time> simulated_engine::next_timer() const {
  const auto& schedule = impl_->sched.clock().schedule();
  if (schedule.empty()) return std::nullopt;
  return impl_->born + (schedule.begin()->first - impl_->zero);
}

void simulated_engine::advance_to(virtual_time now) {
  if (const auto dt = now - impl_->now(); dt.count() >= 0) impl_->sched.advance_time(dt);
}

} // namespace troupe::simulation
