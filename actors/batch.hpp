#pragma once
/// What the ledger hands to the writer: operations that become durable together.
#include "messages/protocol.hpp"
#include "messages/steps.hpp"
#include "storage/store.hpp"
#include <memory>
#include <vector>

namespace troupe {

/// A request on its way through a batch. `run` is called by the writer, the rest by the ledger; never both at
/// once.
class operation {
public:
  explicit operation(durable_step s) : step{s} {}
  virtual ~operation() = default;
  virtual void run(storage::store& s) = 0; ///< Inside the batch; again when the batch is repeated.
  virtual void answer() = 0;               ///< Once the batch is durable.
  virtual void fail(caf::error why) = 0;   ///< Instead of `answer`: nothing of it was stored.
  const durable_step step;
  caf::error refused;          ///< Set by the writer.
  std::uint64_t stored_in = 0; ///< The batch's number; set by the ledger.
};
using operations = std::vector<std::unique_ptr<operation>>;

/// A longer batch adds waiting, not throughput (bench/README.md).
inline constexpr std::size_t batch_operations_max = 512;

struct batch {
  operations all;                    ///< None: it is quiet, the store may be tidied.
  std::uint64_t number = 0;          ///< From 1 on.
  std::vector<job> new_jobs;         ///< Announced by the batch, once durable.
  std::vector<outgoing> messages;    ///< The same.
  std::vector<payment> payments;     ///< The same.
  std::vector<broadcast> broadcasts; ///< The same.
  std::vector<office_heard> office;  ///< The same.
};

} // namespace troupe
