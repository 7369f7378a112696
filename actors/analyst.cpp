/// Answers what administrators ask, apart from the reader that live turns wait for.
#include "actors/answer.hpp"
#include "actors/spawn.hpp"
#include <map>

namespace troupe {
namespace {

struct analyst_state {
  analyst_state() {}
  static inline const char* name = "analyst";
  context_ptr ctx;
  std::shared_ptr<storage::reader> db;
  std::map<unix_ms, stats> known; ///< statistics by the length of their period; a handful

  /// Two presses within office.stats_cache_s read the tables once.
  office_facts answer(const office_question& q) {
    const auto* asked = std::get_if<stats_query>(&q);
    if (!asked) return db->answer(q);
    auto& s = known[asked->from == 0 ? 0 : asked->now - asked->from];
    const auto age = asked->now - s.made_at;
    if (s.made_at == 0 || age < 0 || age >= ctx->opts().office.stats_cache_s * 1000LL)
      s = std::get<stats>(db->answer(q));
    return s;
  }
};
using self_ptr = analyst_actor::stateful_pointer<analyst_state>;

analyst_actor::behavior_type analyst(self_ptr self, const std::shared_ptr<storage::reader>& db,
                                     const context_ptr& ctx) {
  self->set_error_handler([](caf::error&) {});
  self->state.ctx = ctx, self->state.db = db;
  return {[self](const office_inquiry& q) {
    return answer<office_report>([&] { return office_report{self->state.answer(q.what)}; });
  }};
}

} // namespace

analyst_actor spawn_analyst(caf::actor_system& sys, const context_ptr& ctx,
                            std::shared_ptr<storage::reader> db, bool detached) {
  return detached ? sys.spawn<caf::detached>(analyst, std::move(db), ctx)
                  : sys.spawn(analyst, std::move(db), ctx);
}

} // namespace troupe
