#include "tests/simulation/spy.hpp"
#include <SQLiteCpp/SQLiteCpp.h>

namespace troupe::simulation {
namespace {

constexpr int turns_between_drops = 20;

struct spy_state {
  spy_state() {}
  static inline const char* name = "spy";
  ledger_actor ledger;
  spy_setting set;
  int turns = 0;
  std::unique_ptr<SQLite::Database> file; ///< to look into the outbox
};
using self_ptr = ledger_actor::stateful_pointer<spy_state>;

/// As a careless programmer would: the state, without the money.
step_answer fail_by_hand(const std::string& path, const job_step& step) {
  SQLite::Database db{path, SQLite::OPEN_READWRITE, 1000};
  SQLite::Statement q{db, "UPDATE jobs SET state = 'failed', fail_class = ? WHERE job_id = ?"};
  q.bind(1, step.fail_class);
  q.bind(2, step.job_id);
  q.exec();
  step_answer a;
  a.changed = true;
  a.now.job_id = step.job_id;
  a.now.state = job_state::failed;
  return a;
}

caf::result<step_answer> pass_step(self_ptr self, job_step& step) {
  auto& s = self->state;
  if (s.set.bug == planted::keep && step.to == job_state::failed)
    return fail_by_hand(s.set.database_path, step);
  if (s.set.bug == planted::resubmit && step.to == job_state::unknown) step.to = job_state::pending;
  return self->delegate(s.ledger, std::move(step));
}

caf::result<done> pass_turn(self_ptr self, turn& t) {
  auto& s = self->state;
  if (s.set.bug == planted::drop && ++s.turns % turns_between_drops == 0) return done{};
  return self->delegate(s.ledger, std::move(t));
}

caf::result<payment_answer> pass_charge(self_ptr self, star_charge& c) {
  auto& s = self->state;
  if (s.set.bug == planted::unpaid) return payment_answer{true, {}, {}};
  if (s.set.bug == planted::twice) {
    auto again = c;
    again.charge_id += "-again";
    self->request(s.ledger, caf::infinite, std::move(again)).then([](payment_answer&) {}, [](caf::error&) {});
  }
  return self->delegate(s.ledger, std::move(c));
}

/// Money passes what waits in its chat and takes along what writes to the same message, and a screen that is
/// outdated never leaves; all other new messages come in the order of the outbox.
bool keeps_order(self_ptr self, const delivery_report& r) {
  if (!r.delivered) return true; // noted, not ordered
  if (r.message_id == 0 || !r.slot.empty()) return false;
  auto& s = self->state;
  if (!s.file) s.file = std::make_unique<SQLite::Database>(s.set.database_path, SQLite::OPEN_READONLY, 1000);
  SQLite::Statement q{*s.file, "SELECT lane, method FROM outbox WHERE outbox_id = ?"};
  q.bind(1, r.outbox_id);
  return q.executeStep() && q.getColumn(0).getString() != name_of(lane::money) &&
         q.getColumn(1).getString().rfind("edit", 0) != 0;
}

ledger_actor::behavior_type spy(self_ptr self, const ledger_actor& ledger, const spy_setting& setting) {
  self->set_error_handler([](caf::error&) {});
  self->state.ledger = ledger;
  self->state.set = setting;
  return {
      [self](accept_updates& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](register_user& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](order_request& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](turn& x) { return pass_turn(self, x); },
      [self](job_step& x) { return pass_step(self, x); },
      [self](open_payment& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](star_charge& x) { return pass_charge(self, x); },
      [self](payment_step& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](admin_action& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](store_notice& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](readdress_office& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](review_rights& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](open_broadcast& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](broadcast_step& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](gather_recipients& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](take_recipients& x) { return self->delegate(self->state.ledger, std::move(x)); },
      [self](delivery_report& x) {
        if (keeps_order(self, x))
          if (const auto why = self->state.set.order->note(x); !why.empty()) self->state.set.broken_rule(why);
        self->send(self->state.ledger, std::move(x));
      },
      [self](ledger_listeners& x) { self->send(self->state.ledger, std::move(x)); },
      [self](wake w) { self->send(self->state.ledger, w); },
  };
}

} // namespace

std::string delivery_order::note(const delivery_report& r) {
  if (!r.delivered) {
    if (r.chat_gone) parked_.insert(r.outbox_id);
    return {};
  }
  if (!known_.insert(r.outbox_id).second) return {}; // again, after a crash
  auto& newest = newest_[r.chat_id];
  const bool late = r.outbox_id < newest && parked_.count(r.outbox_id) == 0;
  const auto before = newest;
  newest = std::max(newest, r.outbox_id);
  if (!late) return {};
  return "message " + std::to_string(r.outbox_id) + " of chat " + std::to_string(r.chat_id) +
         " arrived after message " + std::to_string(before);
}

ledger_actor spawn_spy(caf::actor_system& sys, ledger_actor ledger, spy_setting setting) {
  return sys.spawn(spy, std::move(ledger), std::move(setting));
}

} // namespace troupe::simulation
