#pragma once
/// The rules of the one outgoing budget: who may speak next, and when. Told the time; no actor in it.
#include "messages/work.hpp"
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace troupe {

/// Allows `burst` sends at once and one more per `refill` after that.
class send_budget {
public:
  using clock = std::chrono::steady_clock;
  send_budget(int burst, clock::duration refill)
      : slack_{(burst - 1) * refill}, refill_{refill}, base_{refill} {}
  clock::time_point free_at() const { return full_at_ - slack_; }
  clock::time_point full_at() const { return full_at_; } ///< nothing of it is spent from then on
  void spend(clock::time_point now) {
    full_at_ = std::max(full_at_, now) + refill_;
    refill_ -= (refill_ - base_) / recovery;
  }
  /// A third less a second, at the least an eighth; what is lost comes back little by little with each send.
  void slow_down() { refill_ = std::min(refill_ * 3 / 2, base_ * 8); }
  /// Another rate; what is spent stays spent.
  void set_refill(clock::duration refill) {
    slack_ = slack_ / base_ * refill;
    refill_ = base_ = refill;
  }
  void block_until(clock::time_point t) { full_at_ = std::max(full_at_, t + slack_); }

private:
  static constexpr int recovery = 500; ///< sends, until two thirds of what was lost are back
  clock::duration slack_, refill_, base_;
  clock::time_point full_at_{};
};

struct courier_limits {
  int live_per_second = 250; ///< answers to users; Telegram does not limit these like bulk (telegram.md 14)
  int bulk_per_second = 28;  ///< progress and broadcast: what live messages leave of it
  int paid_per_second = 0;   ///< paid broadcasts: their own; 0: as bulk
  int chat_per_second = 1;
  int chat_burst = 4;
};

/// Lines of messages, one per chat, one at a time; chats compete by their most urgent message, and of equal
/// ones whoever waits longest goes first. A line keeps its order, but money passes what else waits in it:
/// nobody reads thirty answers before he hears that he has paid. What writes to the same message is never
/// passed. Answers to button presses wait for nothing (Telegram exempts them).
class courier_queue {
public:
  using clock = send_budget::clock;
  explicit courier_queue(courier_limits limits);

  /// @returns the replies of this chat that it makes worthless: they will not be sent. Whoever writes faster
  /// than a chat may be answered gets the last answer of a kind, not all of them.
  std::vector<outgoing> push(outgoing m, clock::time_point now);
  /// As after a 429 that an earlier engine heard.
  void hold(std::int64_t chat_id, clock::time_point now, clock::duration wait);
  /// The next message that may go now. Its chat stays silent until `finish` or `retry`.
  /// `bulk` false: only what users wait for.
  std::optional<outgoing> next(clock::time_point now, bool bulk = true);
  /// When `next` may have something; nothing when only finished work can bring news.
  std::optional<clock::time_point> next_at(bool bulk = true) const;
  void finish(const outgoing& m, clock::time_point now);
  /// Puts it back at the head of its line; the chat is silent for `wait`. An answer to a button waits by
  /// itself.
  void retry(outgoing m, clock::time_point now, clock::duration wait);
  /// Telegram's 429: as `retry`; several chats within a second stop the bulk lanes as well.
  void flooded(outgoing m, clock::time_point now, clock::duration wait);
  /// As `flooded`, for a message that is not worth another try: it goes, the silence stays. Answers to
  /// buttons leave none: they are refused one by one.
  void hush(const outgoing& m, clock::time_point now, clock::duration wait);
  /// What of a broadcast has not left is taken out of its lines.
  std::vector<outgoing> withdraw(std::int64_t broadcast_id);
  std::size_t size() const { return std::accumulate(waiting_.begin(), waiting_.end(), std::size_t{0}); }
  std::size_t waiting(lane l) const { return waiting_[static_cast<std::size_t>(l)]; }
  std::size_t chats() const { return lines_.size(); } ///< remembered
  static bool is_bulk(const outgoing& m) { return static_cast<std::size_t>(m.urgency) >= first_bulk; }
  /// From the next message on; what the budget has spent stays spent.
  void set_bulk_per_second(int n);

private:
  std::optional<outgoing> next_answer(clock::time_point now);

  struct line {
    explicit line(send_budget b) : budget{b} {}
    std::deque<outgoing> messages;
    send_budget budget;
    bool busy = false;
    clock::time_point blocked_until{};
    clock::time_point since{};                                       ///< somebody waits in it
    std::optional<std::pair<std::size_t, clock::time_point>> listed; ///< lane and time in `due_`
  };
  static std::size_t first_of(const line& l); ///< where the message stands that goes next
  line& line_of(std::int64_t chat_id);
  void relist(std::int64_t chat_id, line& l);
  void note_flood(std::int64_t chat_id, clock::time_point now, clock::duration wait);
  send_budget& budget_of(std::size_t l) { return l < first_bulk ? live_ : l == paid_lane ? paid_ : bulk_; }
  const send_budget& budget_of(std::size_t l) const { return const_cast<courier_queue*>(this)->budget_of(l); }
  void forget_quiet(clock::time_point now);

  static constexpr auto lanes = lane_count;
  static constexpr auto first_bulk = static_cast<std::size_t>(lane::progress);
  static constexpr auto paid_lane = static_cast<std::size_t>(lane::paid_broadcast);
  courier_limits limits_;
  send_budget live_, bulk_, paid_;
  std::unordered_map<std::int64_t, line> lines_;
  std::set<std::pair<clock::time_point, std::int64_t>> quiet_; ///< chats that may be forgotten then
  std::array<std::set<std::pair<clock::time_point, std::int64_t>>, lanes> due_;
  std::deque<outgoing> answers_;
  std::multimap<clock::time_point, outgoing> refused_answers_; ///< by when they may go
  clock::time_point stopped_until_{};
  std::deque<std::pair<clock::time_point, std::int64_t>> floods_;
  std::array<std::size_t, lanes> waiting_{};
};

} // namespace troupe
