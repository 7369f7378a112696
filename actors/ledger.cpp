#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include <filesystem>

namespace troupe {
namespace {

constexpr std::size_t batch_operations_max =
    1024; // beyond it a longer batch adds waiting, not throughput (bench/README.md)

constexpr auto report_again_after = std::chrono::seconds{2};

struct ledger_state {
  ledger_state() {}
  static inline const char* name = "ledger";

  /// Runs inside the batch; returns what to do once the batch is durable.
  using after_commit = std::function<void()>;
  struct operation {
    durable_step step;
    std::function<after_commit(storage::store&)> run;
    std::function<void(caf::error)> fail;
  };

  std::shared_ptr<storage::store> store;
  context_ptr ctx;
  ledger_listeners listeners;
  std::vector<operation> pending;
  bool flush_asked = false;

  void flush() {
    flush_asked = false;
    auto batch = std::exchange(pending, {});
    if (batch.empty()) return;
    std::vector<after_commit> answers;
    try {
      answers = store_all(batch);
    } catch (const std::exception& e) { // nothing was durable: every caller hears it
      store->rollback();
      ctx->health->storage_failed = true;
      log("ledger")->error("a batch of {} operations could not be stored: {}", batch.size(), e.what());
      for (auto& op : batch) op.fail(caf::make_error(caf::sec::runtime_error, std::string{e.what()}));
      return;
    }
    if (ctx->health->storage_failed.exchange(false)) log("ledger")->info("the database can be written again");
    pass(batch, true);
    for (auto& answer : answers) answer();
    announce();
  }

  std::vector<after_commit> store_all(std::vector<operation>& batch) {
    try {
      return store_all(batch, storage::store::care::batch);
    } catch (const storage::batch_spoiled& e) {
      log("ledger")->warn("{} The batch is repeated with care.", e.what());
      return store_all(batch, storage::store::care::each_operation);
    }
  }

  std::vector<after_commit> store_all(std::vector<operation>& batch, storage::store::care how) {
    std::vector<after_commit> answers;
    answers.reserve(batch.size());
    store->begin(how);
    for (auto& op : batch) answers.push_back(run_one(op));
    pass(batch, false);
    store->commit();
    return answers;
  }

  void pass(const std::vector<operation>& batch, bool committed) const {
    if (!ctx->at_step) return;
    for (auto& op : batch) ctx->at_step(op.step, committed);
  }

  after_commit run_one(operation& op) {
    try {
      return op.run(*store);
    } catch (const storage::batch_lost&) {
      throw;
    } catch (const storage::batch_spoiled&) {
      throw;
    } catch (const std::exception& e) { // only this one is wrong
      log("ledger")->error("an operation was refused: {}", e.what());
      return [fail = op.fail, why = std::string{e.what()}] {
        fail(caf::make_error(caf::sec::invalid_argument, why));
      };
    }
  }

  void announce() {
    if (auto jobs = store->take_new_jobs(); !jobs.empty() && listeners.dispatcher)
      caf::anon_send(listeners.dispatcher, committed_jobs{std::move(jobs)});
    if (auto out = store->take_outgoing(); !out.empty() && listeners.courier)
      caf::anon_send(listeners.courier, committed_messages{std::move(out)});
  }
};
using self_ptr = ledger_actor::stateful_pointer<ledger_state>;

void enqueue(self_ptr self, ledger_state::operation op) {
  auto& s = self->state;
  s.pending.push_back(std::move(op));
  if (s.pending.size() >= batch_operations_max) s.flush();
  else if (!std::exchange(s.flush_asked, true)) self->send(self, wake{}); // lands behind all queued work
}

/// `apply` is the store's work; its result is the answer, delivered after the commit.
template <class Reply, class Apply>
caf::result<Reply> durable(self_ptr self, durable_step step, Apply apply) {
  auto rp = self->make_response_promise<Reply>();
  enqueue(self, {step,
                 [rp, apply = std::move(apply)](storage::store& s) {
                   auto answer = std::make_shared<Reply>(apply(s));
                   return [rp, answer]() mutable { rp.deliver(std::move(*answer)); };
                 },
                 [rp](caf::error e) mutable { rp.deliver(std::move(e)); }});
  return rp;
}

/// Not before the commit: after a restart an unsettled message is sent again, and needs its files.
void remove_files(const delivery_report& r) {
  for (auto& path : r.files) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
}

ledger_actor::behavior_type ledger(self_ptr self, const std::shared_ptr<storage::store>& store,
                                   const context_ptr& ctx) {
  self->set_error_handler([](caf::error&) {});
  self->state.store = store;
  self->state.ctx = ctx;
  return {
      [self](accept_updates& x) {
        return durable<accepted_updates>(
            self, durable_step::updates_accepted,
            [x = std::move(x)](storage::store& s) { return accepted_updates{s.apply(x.updates, x.at)}; });
      },
      [self](register_user& x) {
        return durable<account>(self, durable_step::user_registered,
                                [x = std::move(x)](storage::store& s) { return s.apply(x); });
      },
      [self](order_request& x) {
        return durable<order_answer>(self, durable_step::order_placed,
                                     [x = std::move(x)](storage::store& s) { return s.apply(x); });
      },
      [self](turn& x) {
        return durable<done>(self, durable_step::turn_stored,
                             [x = std::move(x)](storage::store& s) { return s.apply(x), done{}; });
      },
      [self](job_step& x) {
        const auto step = step_of(x);
        return durable<step_answer>(self, step, [x = std::move(x)](storage::store& s) { return s.apply(x); });
      },
      [self](delivery_report& x) { // a lost report means one more sending after a restart, no more
        const auto step = step_of(x);
        const auto report = std::make_shared<delivery_report>(std::move(x));
        enqueue(self, {step,
                       [report](storage::store& s) {
                         return s.apply(*report), [report] { remove_files(*report); };
                       },
                       [self, report](const caf::error& e) { // nobody else would say it again
                         if (e != caf::sec::invalid_argument)
                           self->delayed_send(self, report_again_after, *report);
                       }});
      },
      [self](ledger_listeners& x) { self->state.listeners = std::move(x); },
      [self](wake) { self->state.flush(); },
  };
}

} // namespace

ledger_actor spawn_ledger(caf::actor_system& sys, std::shared_ptr<storage::store> store, context_ptr ctx,
                          bool detached) {
  return detached ? sys.spawn<caf::detached>(ledger, std::move(store), std::move(ctx))
                  : sys.spawn(ledger, std::move(store), std::move(ctx));
}

} // namespace troupe
