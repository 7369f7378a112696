#pragma once
/// How each actor comes to life. Its behaviour is in the .cpp of the same name.
#include "actors/context.hpp"
#include "messages/pictures.hpp"
#include "messages/protocol.hpp"
#include "net/http_client.hpp"
#include "net/media.hpp"
#include "storage/store.hpp"
#include <memory>
#include <vector>

namespace troupe {

/// A client of its own, with one thread: what is slow on one lane is waited for by nobody on another.
/// Requests with a file to send or to keep go to `files`, if there is one.
http_actor spawn_http_lane(caf::actor_system& sys, http_limits limits, const ways_out& ways = {},
                           const http_actor& files = {});
/// `detached` false in tests: then everything runs on the deterministic scheduler.
writer_actor spawn_writer(caf::actor_system& sys, std::shared_ptr<storage::store> store, context_ptr ctx,
                          bool detached);
ledger_actor spawn_ledger(caf::actor_system& sys, writer_actor writer); ///< Falls with its writer.
reader_actor spawn_reader(caf::actor_system& sys, std::shared_ptr<storage::reader> reader, bool detached);
/// Detached like the reader, with a connection of its own.
analyst_actor spawn_analyst(caf::actor_system& sys, const context_ptr& ctx,
                            std::shared_ptr<storage::reader> reader, bool detached);
using inspection = std::function<inspected(const inspect_video&)>; ///< blocks; a test has its own
media_actor spawn_media(caf::actor_system& sys, int workers, inspection look = media::inspect);
picture_worker_actor spawn_picture_worker(caf::actor_system& sys);
/// `files`: where Telegram's files come from.
pictures_actor spawn_pictures(caf::actor_system& sys, context_ptr ctx, http_actor files,
                              picture_worker_actor worker);
courier_actor spawn_courier(caf::actor_system& sys, context_ptr ctx, http_actor http, ledger_actor ledger);
/// The neighbours of a router and its sessions.
struct front_desk {
  ledger_actor ledger;
  reader_actor reader;
  courier_actor courier;
  cashier_actor cashier;
  dispatcher_actor dispatcher;
  http_actor writer; ///< of prompts; may be none
  analyst_actor analyst;
  pictures_actor pictures;
  watchman_actor watchman = {};
};
router_actor spawn_router(caf::actor_system& sys, context_ptr ctx, front_desk desk);
session_actor spawn_session(caf::actor_system& sys, context_ptr ctx, std::int64_t user_id,
                            router_actor router, front_desk desk);
/// Where the intake left off.
struct intake_begin {
  std::int64_t next_offset = 0;
  unix_ms heard_at = 0; ///< when the newest update came; long ago: its offset says nothing any more
};
/// The neighbours of the poller.
struct intake_desk {
  http_actor telegram; ///< its own: a long poll holds it
  ledger_actor ledger;
  router_actor router;
  cashier_actor cashier;   ///< hears of pre-checkouts that cannot be stored in time
  watchman_actor watchman; ///< may be none
};
poller_actor spawn_poller(caf::actor_system& sys, context_ptr ctx, intake_desk desk, intake_begin from);

/// The neighbours of the cashier.
struct till_desk {
  http_actor telegram; ///< its own: a pre-checkout waits behind nobody
  http_actor shop;
  ledger_actor ledger;
  reader_actor reader;
  courier_actor courier;
  watchman_actor watchman = {}; ///< hears alarms, and that they are over
};
cashier_actor spawn_cashier(caf::actor_system& sys, context_ptr ctx, till_desk desk);

/// The neighbours of a job.
struct job_desk {
  http_actor telegram;  ///< photos of users
  http_actor provider;  ///< submits and questions
  http_actor transfers; ///< pictures to the provider
  media_actor media;
  ledger_actor ledger;
  reader_actor reader;
  courier_actor courier;
  watchman_actor watchman = {}; ///< hears alarms, and that they are over
  pictures_actor pictures;
  http_actor results; ///< videos from the hosts that it names: these take minutes, and may wish us harm
};
broadcaster_actor spawn_broadcaster(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger,
                                    courier_actor courier, watchman_actor watchman = {});
/// `standing`: alarms whose state was told and is not over.
watchman_actor spawn_watchman(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger,
                              courier_actor courier, analyst_actor analyst,
                              std::vector<std::pair<std::string, std::string>> standing = {});
dispatcher_actor spawn_dispatcher(caf::actor_system& sys, context_ptr ctx, job_desk desk);
doorman_actor spawn_doorman(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger, reader_actor reader,
                            dispatcher_actor dispatcher);
generation_actor spawn_generation(caf::actor_system& sys, context_ptr ctx, job_desk desk,
                                  dispatcher_actor dispatcher, job j);

} // namespace troupe
