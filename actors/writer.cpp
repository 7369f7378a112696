/// Owns the write connection: one batch after another, each with one fsync.
#include "actors/batch.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"

namespace troupe {
namespace {

struct writer_state {
  writer_state() {}
  static inline const char* name = "writer";
  std::shared_ptr<storage::store> store;
  context_ptr ctx;

  const config::settings* told = nullptr; ///< of the shelf's: what the store knows of the configuration

  /// Rights are asked of the store by the settings of this moment, also when they were read again.
  void tell_who_rules() {
    const auto* now = &*ctx->settings;
    if (std::exchange(told, now) == now) return;
    store->obey({now->opts.users.admin_ids, now->opts.office.give_max});
  }

  void write(batch& b) {
    if (b.all.empty()) return store->tidy();
    tell_who_rules();
    try {
      store_all(b.all);
    } catch (const std::exception& e) { // nothing was durable: every caller hears it
      store->rollback();
      ctx->health->storage_failed = true;
      ctx->health->ails(ailment::storage, "the database cannot be written: " + std::string{e.what()});
      log("ledger")->error("a batch of {} operations could not be stored: {}", b.all.size(), e.what());
      for (auto& op : b.all) op->refused = caf::make_error(caf::sec::runtime_error, std::string{e.what()});
      return;
    }
    ctx->health->is_well(ailment::storage);
    if (ctx->health->storage_failed.exchange(false)) log("ledger")->info("the database can be written again");
    pass(b.all, true);
    b.new_jobs = store->take_new_jobs();
    b.messages = store->take_outgoing();
    b.payments = store->take_payments();
    b.broadcasts = store->take_broadcasts();
    b.office = store->take_office();
  }

  void store_all(operations& all) {
    try {
      store_all(all, storage::store::care::batch);
    } catch (const storage::batch_spoiled& e) {
      log("ledger")->warn("{} The batch is repeated with care.", e.what());
      store_all(all, storage::store::care::each_operation);
    }
  }

  void store_all(operations& all, storage::store::care how) {
    store->begin(how);
    for (auto& op : all) run_one(*op);
    pass(all, false);
    store->commit();
  }

  void pass(const operations& all, bool committed) const {
    if (!ctx->at_step) return;
    for (auto& op : all) ctx->at_step(op->step, committed);
  }

  void run_one(operation& op) {
    op.refused = {};
    try {
      op.run(*store);
    } catch (const storage::batch_lost&) {
      throw;
    } catch (const storage::batch_spoiled&) {
      throw;
    } catch (const std::exception& e) { // only this one is wrong
      log("ledger")->error("an operation was refused: {}", e.what());
      op.refused = caf::make_error(caf::sec::invalid_argument, std::string{e.what()});
    }
  }
};

writer_actor::behavior_type writer(writer_actor::stateful_pointer<writer_state> self,
                                   const std::shared_ptr<storage::store>& store, const context_ptr& ctx) {
  self->state.store = store;
  self->state.ctx = ctx;
  return {[self](batch_ptr& b) {
    self->state.write(*b);
    return std::move(b);
  }};
}

} // namespace

writer_actor spawn_writer(caf::actor_system& sys, std::shared_ptr<storage::store> store, context_ptr ctx,
                          bool detached) {
  return detached ? sys.spawn<caf::detached>(writer, std::move(store), std::move(ctx))
                  : sys.spawn(writer, std::move(store), std::move(ctx));
}

} // namespace troupe
