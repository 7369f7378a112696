#pragma once
/// The rules of one broadcast under way: when to take the next recipients, how fast, when to ask. Told the
/// time; no actor in it. Recipients are taken on disk before their message leaves, so few are taken at once:
/// those are what a crash leaves unknown.
#include "messages/office.hpp"
#include <deque>
#include <optional>

namespace troupe {

class broadcast_run {
public:
  /// `permitted`: messages a second that this broadcast may hope for. `block_rate_percent`: of the last
  /// hundred.
  broadcast_run(broadcast b, int permitted, int block_rate_percent);

  enum class wish : std::uint8_t { nothing, begin, gather, take, ask, tell_end };
  /// What is to be stored next; nothing while something is on its way to the store.
  wish next(unix_ms now) const;
  /// When `next` may wish something because time has passed.
  std::optional<unix_ms> due() const;

  take_recipients take(unix_ms now); ///< The operation; answer: `taken`, or `not_stored`.
  gather_recipients gather(unix_ms now);
  broadcast_step begin(unix_ms now); ///< its time has come
  broadcast_step ask(unix_ms now);   ///< too many have blocked the bot
  /// @returns those to be sent now
  std::vector<recipient> taken(const recipients_taken& t, unix_ms now);
  void changed(const broadcast& now_it_is); ///< answer to `begin`, `gather` and `ask`
  void changed_by_admin(const broadcast& now_it_is);
  void not_stored(unix_ms again_at);        ///< the same operation again, not before
  void settled(post_result x, unix_ms now); ///< what became of one
  void end_is_being_told() { storing_ = true; }
  void end_told() { told_ = true, storing_ = false; }

  /// False: its stored record holds no call that could be sent.
  bool is_readable() const;
  /// The call for one recipient. @throws std::exception when the record cannot be read
  outgoing post_to(const recipient& r) const;
  const broadcast& what() const { return what_; }
  /// Of this moment, those not yet stored included.
  broadcast counted() const;
  double per_second(unix_ms now); ///< over the last progress; call it once for each
  bool is_idle() const { return !storing_ && outstanding_ == 0 && results_.empty(); }
  bool is_over() const { return is_final(what_.state) && is_idle() && told_; }
  void rest() { resting_ = true; } ///< Nothing new is taken from now on.

private:
  broadcast_step step_to(broadcast_state to, unix_ms now);
  int window() const;          ///< how many may be taken and not settled at once
  int room(unix_ms now) const; ///< how many may be taken
  bool flush_due(unix_ms now) const;
  bool too_many_blocked() const;

  broadcast what_;
  int block_rate_percent_;
  int rate_;               ///< messages a second at the most
  double answer_ms_ = 100; ///< Telegram's, smoothed; this until the first
  int outstanding_ = 0;    ///< taken and not settled
  int asked_ = 0;          ///< of the take under way
  std::vector<recipient> results_, being_stored_;
  std::int64_t after_ = 0;
  bool first_ = true, exhausted_ = false, storing_ = false, resting_ = false, told_ = false;
  unix_ms not_before_ = 0, results_since_ = 0;
  /// A take without an answer may have been stored: those taken by it have not left, but nobody knows who
  /// they are. When nobody else is under way they are looked for, as by a new engine.
  bool doubtful_ = false, looking_ = false;
  std::deque<bool> blocked_; ///< of the last hundred
  double allowance_ = 0;     ///< of a limit of its own
  unix_ms allowed_at_ = 0;
  std::int64_t speed_count_ = -1;
  unix_ms speed_at_ = 0;
};

} // namespace troupe
