#include "actors/courier_queue.hpp"
#include <algorithm>

namespace troupe {
namespace {

send_budget per_second(int n, int burst) {
  return {burst, std::chrono::nanoseconds{1'000'000'000 / std::max(n, 1)}};
}
std::size_t lane_of(const outgoing& m) { return static_cast<std::size_t>(m.urgency); }

/// Only screens: they have no slot, no job and no file.
bool is_outdated_by(const outgoing& old, const outgoing& fresh) {
  return old.urgency == lane::reply && fresh.urgency == lane::reply && !old.topic.empty() &&
         old.topic == fresh.topic && old.slot.empty() && fresh.slot.empty() && !old.told;
}

/// The order of two that write to one message is the order in which the user shall see them.
bool is_same_place(const outgoing& old, const outgoing& money) {
  if (!money.slot.empty() && old.slot == money.slot) return true;
  return money.slot_message_id != 0 && old.topic == "edit:" + std::to_string(money.slot_message_id);
}

} // namespace

courier_queue::courier_queue(courier_limits limits)
    : limits_{limits}, live_{per_second(limits.live_per_second, std::max(limits.live_per_second, 1))},
      bulk_{per_second(limits.bulk_per_second, std::max(limits.bulk_per_second / 4, 1))},
      paid_{per_second(limits.paid_per_second > 0 ? limits.paid_per_second : limits.bulk_per_second,
                       std::max(limits.paid_per_second / 20, 1))} {}

courier_queue::line& courier_queue::line_of(std::int64_t chat_id) {
  return lines_.try_emplace(chat_id, per_second(limits_.chat_per_second, limits_.chat_burst)).first->second;
}

void courier_queue::relist(std::int64_t chat_id, line& l) {
  if (l.listed) due_[l.listed->first].erase({l.listed->second, chat_id});
  l.listed.reset();
  if (l.busy || l.messages.empty()) return;
  std::size_t lane = lanes - 1;
  for (auto& m : l.messages) lane = std::min(lane, lane_of(m));
  l.listed = {lane, std::max({l.budget.free_at(), l.blocked_until, l.since})};
  due_[lane].insert({l.listed->second, chat_id});
}

void courier_queue::set_bulk_per_second(int n) {
  if (n == limits_.bulk_per_second) return;
  limits_.bulk_per_second = n;
  bulk_.set_refill(std::chrono::duration_cast<clock::duration>(std::chrono::seconds{1}) / n);
}

std::size_t courier_queue::first_of(const line& l) {
  const auto money =
      std::find_if(l.messages.begin(), l.messages.end(), [](auto& m) { return m.urgency == lane::money; });
  if (money == l.messages.end()) return 0;
  const auto first =
      std::find_if(l.messages.begin(), money, [&](auto& m) { return is_same_place(m, *money); });
  return static_cast<std::size_t>(first - l.messages.begin());
}

void courier_queue::hold(std::int64_t chat_id, clock::time_point now, clock::duration wait) {
  auto& l = line_of(chat_id);
  l.blocked_until = std::max(l.blocked_until, now + wait);
  relist(chat_id, l);
}

std::vector<outgoing> courier_queue::push(outgoing m, clock::time_point now) {
  forget_quiet(now);
  std::vector<outgoing> outdated;
  ++waiting_[lane_of(m)];
  if (m.urgency == lane::answer) {
    answers_.push_back(std::move(m));
    return outdated;
  }
  auto chat_id = m.chat_id;
  auto& l = line_of(chat_id);
  // Of progress edits only the newest per message survives, and none behind a final text.
  auto stale = [&](const outgoing& old) {
    return old.urgency == lane::progress && !m.slot.empty() && old.slot == m.slot;
  };
  auto kept = std::remove_if(l.messages.begin(), l.messages.end(), stale);
  waiting_[static_cast<std::size_t>(lane::progress)] -= static_cast<std::size_t>(l.messages.end() - kept);
  l.messages.erase(kept, l.messages.end());
  for (auto it = l.messages.begin(); it != l.messages.end();)
    if (is_outdated_by(*it, m)) {
      --waiting_[lane_of(*it)];
      outdated.push_back(std::move(*it));
      it = l.messages.erase(it);
    } else ++it;
  if (l.messages.empty()) l.since = now;
  l.messages.push_back(std::move(m));
  relist(chat_id, l);
  return outdated;
}

std::optional<outgoing> courier_queue::next_answer(clock::time_point now) {
  std::optional<outgoing> m;
  if (const auto it = refused_answers_.begin(); it != refused_answers_.end() && it->first <= now) {
    m = std::move(it->second);
    refused_answers_.erase(it);
  } else if (!answers_.empty()) {
    m = std::move(answers_.front());
    answers_.pop_front();
  }
  if (m) --waiting_[lane_of(*m)];
  return m;
}

std::optional<outgoing> courier_queue::next(clock::time_point now, bool bulk) {
  if (auto m = next_answer(now)) return m;
  for (std::size_t lane = 1; lane < (bulk ? lanes : first_bulk); ++lane) {
    auto& due = due_[lane];
    if (due.empty() || due.begin()->first > now || budget_of(lane).free_at() > now) continue;
    auto chat_id = due.begin()->second;
    auto& l = lines_.at(chat_id);
    const auto place = l.messages.begin() + static_cast<std::ptrdiff_t>(first_of(l));
    auto m = std::move(*place);
    l.messages.erase(place);
    --waiting_[lane_of(m)];
    l.busy = true;
    relist(chat_id, l);
    l.budget.spend(now);
    if (lane_of(m) == paid_lane) paid_.spend(now); // also when an answer behind it pulled it forward
    else bulk_.spend(now);
    if (lane < first_bulk) live_.spend(now);
    return m;
  }
  return std::nullopt;
}

std::optional<courier_queue::clock::time_point> courier_queue::next_at(bool bulk) const {
  std::optional<clock::time_point> first;
  auto consider = [&](clock::time_point t) { first = first ? std::min(*first, t) : t; };
  if (!answers_.empty()) consider({});
  if (!refused_answers_.empty()) consider(refused_answers_.begin()->first);
  for (std::size_t lane = 1; lane < (bulk ? lanes : first_bulk); ++lane)
    if (!due_[lane].empty()) consider(std::max(due_[lane].begin()->first, budget_of(lane).free_at()));
  return first;
}

void courier_queue::finish(const outgoing& m, clock::time_point now) {
  if (m.urgency == lane::answer) return; // it held no line
  auto it = lines_.find(m.chat_id);
  if (it == lines_.end()) return;
  it->second.busy = false;
  relist(m.chat_id, it->second);
  if (it->second.messages.empty())
    quiet_.emplace(std::max({now, it->second.budget.full_at(), it->second.blocked_until}), m.chat_id);
}

/// A silent chat with a full budget need not be remembered. Whoever spoke meanwhile comes here again later.
void courier_queue::forget_quiet(clock::time_point now) {
  while (!quiet_.empty() && quiet_.begin()->first <= now) {
    const auto it = lines_.find(quiet_.begin()->second);
    quiet_.erase(quiet_.begin());
    if (it == lines_.end()) continue;
    auto& l = it->second;
    if (!l.busy && l.messages.empty() && l.budget.full_at() <= now && l.blocked_until <= now)
      lines_.erase(it);
  }
}

std::vector<outgoing> courier_queue::withdraw(std::int64_t broadcast_id) {
  std::vector<outgoing> out;
  for (auto& [chat_id, l] : lines_) {
    const auto before = l.messages.size();
    for (auto it = l.messages.begin(); it != l.messages.end();)
      if (it->broadcast_id == broadcast_id) out.push_back(std::move(*it)), it = l.messages.erase(it);
      else ++it;
    if (l.messages.size() != before) relist(chat_id, l);
  }
  for (auto& m : out) --waiting_[lane_of(m)];
  return out;
}

void courier_queue::retry(outgoing m, clock::time_point now, clock::duration wait) {
  ++waiting_[lane_of(m)];
  if (m.urgency == lane::answer) {
    refused_answers_.emplace(now + wait, std::move(m));
    return;
  }
  auto chat_id = m.chat_id;
  auto& l = line_of(chat_id);
  l.busy = false;
  l.blocked_until = now + wait;
  l.messages.push_front(std::move(m));
  relist(chat_id, l);
}

void courier_queue::note_flood(std::int64_t chat_id, clock::time_point now, clock::duration wait) {
  floods_.emplace_back(now, chat_id);
  while (floods_.front().first < now - std::chrono::seconds{1}) floods_.pop_front();
  std::set<std::int64_t> chats;
  for (auto& f : floods_) chats.insert(f.second);
  if (chats.size() < 3) return;
  if (stopped_until_ <= now) bulk_.slow_down(), paid_.slow_down(); // once a stop, not once a refusal
  stopped_until_ = std::max(stopped_until_, now + wait);
  bulk_.block_until(now + wait);
  paid_.block_until(now + wait);
}

void courier_queue::flooded(outgoing m, clock::time_point now, clock::duration wait) {
  note_flood(m.chat_id, now, wait);
  retry(std::move(m), now, wait);
}

void courier_queue::hush(const outgoing& m, clock::time_point now, clock::duration wait) {
  if (m.urgency == lane::answer) return;
  note_flood(m.chat_id, now, wait);
  line_of(m.chat_id).blocked_until = now + wait;
  finish(m, now);
}

} // namespace troupe
