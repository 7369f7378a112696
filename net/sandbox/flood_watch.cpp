#include "net/sandbox/flood_watch.hpp"
#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t prune_every_ms = 10'000;
constexpr double never_full = -1e9;

void refill(double& tokens, std::int64_t& at, double per_s, double most, std::int64_t now) {
  if (at == 0) tokens = most;
  else
    tokens = std::min(most, tokens + static_cast<double>(std::max<std::int64_t>(0, now - at)) * per_s / 1000);
  at = now;
}

std::int64_t seconds_until(double missing, double per_s) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(missing / per_s)));
}

} // namespace

flood_mode flood_mode_of(const std::string& word) {
  for (auto m : {flood_mode::off, flood_mode::telegram, flood_mode::strict})
    if (word == name_of(m)) return m;
  throw std::runtime_error("flood control is off, telegram or strict, not \"" + word + "\"");
}

const char* name_of(flood_mode mode) {
  return mode == flood_mode::off ? "off" : mode == flood_mode::telegram ? "telegram" : "strict";
}

/// "As Telegram" leaves some room above the documented figures ("about"); strict leaves none.
flood_limits limits_of(flood_mode mode) {
  flood_limits l;
  if (mode != flood_mode::strict) return l;
  l.chat_burst = 3;
  l.bulk_burst = 30;
  l.fresh_ms = 3'000;
  l.absorbs_live_edits = false;
  return l;
}

void flood_watch::choose(flood_mode mode) {
  mode_ = mode;
  limits_ = limits_of(mode);
  chats_.clear();
  groups_.clear();
  bulk_at_ = paid_at_ = 0;
}

void flood_watch::wrote(std::int64_t chat, std::int64_t now) {
  if (mode_ != flood_mode::off) chats_[chat].wrote = now;
}

void flood_watch::refuse_next(int calls, std::int64_t seconds) {
  next_calls_ = std::max(0, calls);
  next_seconds_ = std::max<std::int64_t>(1, seconds);
}

void flood_watch::storm(std::int64_t until, int percent, std::int64_t seconds) {
  storm_until_ = until;
  storm_percent_ = std::clamp(percent, 0, 100);
  storm_seconds_ = std::max<std::int64_t>(1, seconds);
}

bool flood_watch::fault(std::int64_t now, std::int64_t& seconds) {
  if (next_calls_ > 0) {
    --next_calls_;
    seconds = next_seconds_;
    return true;
  }
  if (now >= storm_until_) return false;
  storm_sum_ += storm_percent_;
  if (storm_sum_ < 100) return false;
  storm_sum_ -= 100;
  seconds = storm_seconds_;
  return true;
}

/// @param why null for a fault made by hand: no limit was overstepped.
flood_verdict flood_watch::refuse(chat_state& chat, std::int64_t seconds, std::int64_t now, const char* why) {
  ++refused_;
  if (why) ++violations_[why];
  chat.closed_until = std::max(chat.closed_until, now + seconds * 1000);
  return {seconds, false};
}

flood_verdict flood_watch::ask(const flood_question& q, std::int64_t now) {
  const bool faults = next_calls_ > 0 || now < storm_until_;
  if (mode_ == flood_mode::off && !faults && chats_.empty()) return {};
  prune(now);
  auto& chat = chats_[q.chat];
  // A millisecond of grace: the bot counts from when it read the answer, to the second.
  if (now + 1 < chat.closed_until) {
    const std::int64_t left = (chat.closed_until - now + 999) / 1000;
    return refuse(chat, left, now, "call before its retry_after was over");
  }
  std::int64_t seconds = 0;
  if (fault(now, seconds)) return refuse(chat, seconds, now, nullptr);
  if (mode_ == flood_mode::off) return {};
  const bool fresh = now - chat.wrote <= limits_.fresh_ms;
  if (q.edit && fresh && limits_.absorbs_live_edits) return {};
  const auto verdict = ask_chat(chat, q, now);
  if (verdict.retry_after_s > 0) return verdict;
  return q.edit || fresh ? flood_verdict{} : ask_bulk(chat, q, now);
}

flood_verdict flood_watch::ask_chat(chat_state& chat, const flood_question& q, std::int64_t now) {
  refill(chat.tokens, chat.at, 1, limits_.chat_burst, now);
  // An album of ten must pass although no burst is that long: it leaves a debt.
  const double needed = std::min<double>(q.messages, 1);
  if (chat.tokens < needed)
    return refuse(chat, seconds_until(needed - chat.tokens, 1), now,
                  "more than 1 message a second to one chat");
  if (q.chat < 0) {
    auto& sent = groups_[q.chat];
    while (!sent.empty() && now - sent.front() >= minute_ms) sent.pop_front();
    if (static_cast<int>(sent.size()) + 1 > limits_.group_per_min)
      return refuse(chat, std::max<std::int64_t>(1, (sent.front() + minute_ms - now + 999) / 1000), now,
                    "more than 20 messages a minute to one group");
    for (int i = 0; i < q.messages; ++i) sent.push_back(now);
  }
  chat.tokens -= q.messages;
  return {};
}

flood_verdict flood_watch::ask_bulk(chat_state& chat, const flood_question& q, std::int64_t now) {
  refill(bulk_, bulk_at_, limits_.bulk_per_s, limits_.bulk_burst, now);
  if (bulk_ >= 1) {
    bulk_ -= q.messages;
    return {};
  }
  // Without the balance the call is an unpaid one: the free limit holds.
  if (!q.paid || q.bot_stars < std::max<std::int64_t>(1, limits_.paid_min_stars))
    return refuse(chat, seconds_until(1 - bulk_, limits_.bulk_per_s), now, "more than 30 messages a second");
  refill(paid_, paid_at_, limits_.paid_per_s, limits_.paid_per_s, now);
  if (paid_ < 1)
    return refuse(chat, seconds_until(1 - paid_, limits_.paid_per_s), now,
                  "more than 1000 paid messages a second");
  paid_ -= q.messages;
  return {0, true};
}

/// A chat that is full again and waits for nothing need not be remembered.
void flood_watch::prune(std::int64_t now) {
  if (now < next_prune_) return;
  next_prune_ = now + prune_every_ms;
  for (auto it = chats_.begin(); it != chats_.end();) {
    const auto& c = it->second;
    const double full_in_s = c.at == 0 ? never_full : limits_.chat_burst - c.tokens;
    const bool idle = static_cast<double>(now - c.at) >= full_in_s * 1000 && now >= c.closed_until &&
                      now - c.wrote > limits_.fresh_ms;
    it = idle ? chats_.erase(it) : std::next(it);
  }
}

nlohmann::json flood_watch::describe() const {
  return {{"mode", name_of(mode_)},
          {"chat_burst", limits_.chat_burst},
          {"group_per_min", limits_.group_per_min},
          {"bulk_per_s", limits_.bulk_per_s},
          {"bulk_burst", limits_.bulk_burst},
          {"paid_per_s", limits_.paid_per_s},
          {"paid_min_stars", limits_.paid_min_stars},
          {"fresh_ms", limits_.fresh_ms},
          {"answers_429", refused_},
          {"refuse_next", next_calls_},
          {"storm_until", storm_until_}};
}

} // namespace troupe::sandbox
