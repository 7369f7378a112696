#pragma once
/// What a job says to its user, from "accepted" to the video or the reason.
#include "config/config.hpp"
#include "messages/work.hpp"
#include <cstdint>
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
  outgoing again(const job& j) const;                 ///< The first try came to nothing. lane::progress
  /// What an order that is not submitted yet waits for.
  enum class wait_for : std::uint8_t {
    turn,    ///< its turn: place and minutes
    longer,  ///< the same, and the time that was promised is over: place alone
    stopped, ///< an administrator
    service, ///< the provider takes no orders of ours
    answer   ///< the provider does not answer
  };
  /// "Your place in the queue: 7, about 4 min"; `wait` until the video is there. lane::progress
  outgoing waiting(const job& j, wait_for what, std::size_t place, unix_ms wait) const;
  struct speech {
    std::vector<outgoing> messages;
    std::vector<outgoing> afterwards = {}; ///< when Telegram has taken the video
    std::vector<outgoing> finale = {};     ///< when this was the last video of a pack
  };
  /// The video (job_id set, uploads video+thumbnail); the status message's last text and the buttons when it
  /// has come. lane::result
  speech ready(const job& j, const std::string& thumbnail_sha256 = {}) const;
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
