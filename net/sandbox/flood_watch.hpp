#pragma once
/// Telegram's flood control as a plain class that is told the time (Unix ms). No threads.
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>

namespace troupe::sandbox {

enum class flood_mode : std::uint8_t { off, telegram, strict };
/// @throws std::runtime_error for another word than off, telegram, strict.
flood_mode flood_mode_of(const std::string& word);
const char* name_of(flood_mode mode);

struct flood_limits {
  int chat_burst = 6;     ///< Messages and edits at once to one chat; one a second after that.
  int group_per_min = 20; ///< Messages to one group within 60 s.
  double bulk_per_s = 30; ///< To all who did not just write.
  int bulk_burst = 60;
  double paid_per_s = 1000;             ///< With allow_paid_broadcast; what is above `bulk_per_s` costs.
  std::int64_t paid_min_stars = 10'000; ///< The bot's balance that paid broadcasts ask for.
  std::int64_t fresh_ms = 10'000;       ///< Whoever wrote within this time is answered for free.
  /// Edits for somebody who just wrote or pressed do not count: the real server absorbs short waits itself.
  bool absorbs_live_edits = true;
};
flood_limits limits_of(flood_mode mode);

struct flood_question {
  std::int64_t chat = 0;
  int messages = 1; ///< An album counts as its items.
  bool edit = false, paid = false;
  std::int64_t bot_stars = 0;
};

struct flood_verdict {
  std::int64_t retry_after_s = 0; ///< 0: let it pass.
  bool costs = false;             ///< A tenth of a Star each message, if it succeeds.
};

class flood_watch {
public:
  void choose(flood_mode mode);
  flood_mode mode() const { return mode_; }
  flood_limits& limits() { return limits_; }
  const flood_limits& limits() const { return limits_; }

  /// A person wrote or pressed.
  void wrote(std::int64_t chat, std::int64_t now);
  flood_verdict ask(const flood_question& q, std::int64_t now);

  // Faults, in any mode.
  /// The next `calls` are answered 429 with `seconds`.
  void refuse_next(int calls, std::int64_t seconds);
  /// Until `until`, `percent` of all sends are answered 429 with `seconds`.
  void storm(std::int64_t until, int percent, std::int64_t seconds);

  /// Faults are set, or a chat still waits for the end of one.
  bool has_faults() const { return next_calls_ > 0 || storm_percent_ > 0 || !chats_.empty(); }

  /// Limits the bot overstepped, by wording; calls before their retry_after was over are among them.
  const std::map<std::string, std::int64_t>& violations() const { return violations_; }
  std::int64_t answers_429() const { return refused_; }
  nlohmann::json describe() const;
  std::size_t chats_known() const { return chats_.size(); }

private:
  struct chat_state {
    double tokens = 0;
    std::int64_t at = 0, wrote = INT64_MIN / 2, closed_until = 0;
  };

  flood_verdict refuse(chat_state& chat, std::int64_t seconds, std::int64_t now, const char* why);
  bool fault(std::int64_t now, std::int64_t& seconds);
  flood_verdict ask_chat(chat_state& chat, const flood_question& q, std::int64_t now);
  flood_verdict ask_bulk(chat_state& chat, const flood_question& q, std::int64_t now);
  void prune(std::int64_t now);

  flood_mode mode_ = flood_mode::off;
  flood_limits limits_;
  std::unordered_map<std::int64_t, chat_state> chats_;
  std::unordered_map<std::int64_t, std::deque<std::int64_t>> groups_;
  double bulk_ = 0, paid_ = 0;
  std::int64_t bulk_at_ = 0, paid_at_ = 0, next_prune_ = 0;
  int next_calls_ = 0, storm_percent_ = 0, storm_sum_ = 0;
  std::int64_t next_seconds_ = 1, storm_seconds_ = 1, storm_until_ = 0, refused_ = 0;
  std::map<std::string, std::int64_t> violations_;
};

} // namespace troupe::sandbox
