#include "actors/answer.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "storage/files.hpp"

namespace troupe {
namespace {

reader_actor::behavior_type reader(reader_actor::pointer self, const std::shared_ptr<storage::reader>& db) {
  self->set_error_handler([](caf::error&) {});
  return {
      [db](const account_query& q) { return answer<account>([&] { return db->load_account(q.user_id); }); },
      [db](const entries_query& q) {
        return answer<entries_page>([&] { return entries_page{db->entries(q.user_id, q.offset, q.limit)}; });
      },
      [db](const jobs_query& q) {
        return answer<jobs_page>([&] { return jobs_page{db->jobs_of(q.user_id, q.offset, q.limit)}; });
      },
      [db](const payment_query& q) { return answer<payment>([&] { return db->load_payment(q); }); },
      [db](const payments_query& q) {
        return answer<payments_page>(
            [&] { return payments_page{db->payments_of(q.user_id, q.offset, q.limit)}; });
      },
      [db](const mutes_query& q) {
        return answer<mutes_page>([&] { return mutes_page{db->mutes_of(q.user_id)}; });
      },
      [db](const sweep_files& x) {
        try {
          if (const int n = storage::sweep_files(x.folder, db->needed_files(), x.older_than_ms); n > 0)
            log("reader")->info("{} old files of videos removed", n);
        } catch (const std::exception& e) {
          log("reader")->warn("old files stay: {}", e.what());
        }
      },
      [db](const job_query& q) { return answer<job>([&] { return db->load_job(q.job_id); }); },
  };
}

} // namespace

reader_actor spawn_reader(caf::actor_system& sys, std::shared_ptr<storage::reader> db, bool detached) {
  return detached ? sys.spawn<caf::detached>(reader, std::move(db)) : sys.spawn(reader, std::move(db));
}

} // namespace troupe
