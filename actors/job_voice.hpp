#pragma once
/// What a job says to its user, from "accepted" to the video or the reason.
#include "config/config.hpp"
#include "messages/work.hpp"
#include <string>
#include <vector>

namespace troupe {

/// Messages of a running job, by the generation actor. Slot: "order:<order_id>".
class job_voice {
public:
  explicit job_voice(const config::texts& words) : words_{words} {}
  static std::string slot_of(std::int64_t order_id) { return "order:" + std::to_string(order_id); }
  outgoing progress(const job& j, unix_ms now) const; ///< lane::progress; bar and elapsed time
  outgoing uploading(const job& j) const;             ///< lane::progress
  /// "You are number 7, about 4 min"; `wait` until the video is there. lane::progress
  outgoing waiting(const job& j, std::size_t place, unix_ms wait) const;
  struct speech {
    std::vector<outgoing> messages;
    std::vector<outgoing> finale; ///< when this was the last video of a pack
  };
  /// Status message's last text, the video (job_id set, uploads video+thumbnail), then the buttons; of a pack
  /// the video alone. lane::result
  speech ready(const job& j) const;
  /// The status becomes the reason and what the money did; of a pack a message of its own. lane::money
  speech failed(const job& j) const;
  /// Before its submit: the credits are back. lane::money
  speech cancelled(const job& j) const;

private:
  std::vector<outgoing> finale(const job& j) const;
  const config::texts& words_;
};

/// Before its submit a job can be cancelled, by its user or by an administrator; the store decides.
job_step cancelling(const config::texts& words, const job& j, unix_ms now);

} // namespace troupe
