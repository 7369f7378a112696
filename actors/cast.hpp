#pragma once
/// All actors of one running engine, born from what the database says.
#include "actors/spawn.hpp"

namespace troupe {

/// Where the engine touches the outside world: lanes over HTTP; in a simulation, actors that play it.
struct edges {
  http_actor senders;  ///< the courier's
  http_actor files;    ///< photos of users; the courier's lane stays free
  http_actor provider; ///< kie.ai: submits and questions
  http_actor polling;  ///< the long poll sits in it
  http_actor checkout; ///< Telegram for the cashier alone: a pre-checkout has ten seconds
  http_actor shop;     ///< YooKassa
  media_actor media;
  http_actor writer;    ///< the language model that writes prompts
  http_actor transfers; ///< pictures to kie.ai
  picture_worker_actor pictures;
  http_actor results = {}; ///< videos, from wherever it says they are; none: `transfers`
  http_actor uploads = {}; ///< the courier's requests with files, where `senders` hands them on
};

struct cast_setting {
  context_ptr ctx;
  std::shared_ptr<storage::store> store;
  std::shared_ptr<storage::reader> reader;
  edges outside;
  bool threads = true; ///< Writer and reader on their own; false on the deterministic scheduler.
  /// Test only: what stands before the ledger.
  std::function<ledger_actor(ledger_actor)> before_ledger;
  /// The analyst's; none, when nothing runs at the same time: the reader's.
  std::shared_ptr<storage::reader> second_reader;
};

struct cast {
  poller_actor poller;
  router_actor router;
  dispatcher_actor dispatcher;
  doorman_actor doorman;
  courier_actor courier;
  cashier_actor cashier;
  broadcaster_actor broadcaster;
  watchman_actor watchman;
  analyst_actor analyst;
  pictures_actor pictures;
  ledger_actor ledger;
  writer_actor writer;
  reader_actor reader;
  edges outside;
  config::texts::args goes_on_with; ///< how many "updates", "messages" and "jobs" were open

  /// In order of stopping: first who begins work, last who stores it.
  std::vector<caf::actor> all() const;
};

/// Spawns them and hands them the open work of the database. @throws storage::store_error
cast spawn_cast(caf::actor_system& sys, const cast_setting& setting);

} // namespace troupe
