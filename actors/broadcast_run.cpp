#include "actors/broadcast_run.hpp"
#include "messages/own_json.hpp"
#include <algorithm>
#include <nlohmann/json.hpp>

namespace troupe {
namespace {

using nlohmann::json;
using enum broadcast_state;

constexpr int page_users = 1000;        // of the audience, in one operation
constexpr int window_least = 8;         // taken at once
constexpr double window_slack_ms = 50;  // of the rate, beyond Telegram's answer time
constexpr double answer_most_ms = 1000; // a slower Telegram does not widen the window
constexpr double answer_weight = 0.05;  // of the newest in the smoothed
constexpr int takes_of_window = 4;      // a quarter is taken at a time, and the results of a quarter stored
constexpr double allowance_s = 0.3;     // of a limit of its own, when it could not be used
constexpr unix_ms flush_after_ms = 100; // results wait for company
constexpr std::size_t block_sample = 100;

/// An album's messages: "17,18".
json ids_of(const recipient& r) {
  auto ids = json::array({r.message_id});
  std::size_t from = 0;
  while (from < r.more.size()) {
    const auto comma = std::min(r.more.find(',', from), r.more.size());
    ids.push_back(std::stoll(r.more.substr(from, comma - from)));
    from = comma + 1;
  }
  return ids;
}

} // namespace

broadcast_run::broadcast_run(broadcast b, int permitted, int block_rate_percent)
    : what_{std::move(b)}, block_rate_percent_{block_rate_percent} {
  rate_ = std::max(permitted, 1);
  if (what_.per_second > 0) rate_ = std::min(rate_, what_.per_second);
}

/// As many as are under way at that rate, and a few more: what is taken and not settled is what a crash
/// leaves unknown.
int broadcast_run::window() const {
  return std::max(window_least, static_cast<int>(rate_ * (answer_ms_ + window_slack_ms) / 1000));
}

int broadcast_run::room(unix_ms now) const {
  if (what_.state != running || resting_ || exhausted_) return 0;
  if (doubtful_ && outstanding_ > 0) return 0;
  const auto free = window() - outstanding_;
  if (what_.per_second == 0) return free;
  const auto earned = allowance_ + static_cast<double>(now - allowed_at_) * what_.per_second / 1000;
  return std::min(free, static_cast<int>(std::min<double>(earned, window())));
}

bool broadcast_run::flush_due(unix_ms now) const {
  return !results_.empty() && (outstanding_ == 0 || resting_ || now >= results_since_ + flush_after_ms);
}

bool broadcast_run::too_many_blocked() const {
  return what_.state == running && what_.kind == broadcast_kind::send && blocked_.size() >= block_sample &&
         std::count(blocked_.begin(), blocked_.end(), true) * 100 >=
             static_cast<std::ptrdiff_t>(block_rate_percent_ * block_sample);
}

broadcast_run::wish broadcast_run::next(unix_ms now) const {
  if (storing_ || now < not_before_) return wish::nothing;
  if (what_.state == scheduled) return now >= what_.starts_at && !resting_ ? wish::begin : wish::nothing;
  if (what_.state == gathering) return resting_ ? wish::nothing : wish::gather;
  if (too_many_blocked()) return wish::ask;
  const auto n = room(now);
  const bool worth_it =
      n > 0 && (n >= window() / takes_of_window || outstanding_ == 0 || what_.per_second > 0);
  // Of a new engine the first look settles what the old one left, whatever the state.
  if (worth_it || flush_due(now) || (first_ && !resting_)) return wish::take;
  if (is_final(what_.state) && outstanding_ == 0 && !told_) return wish::tell_end;
  return wish::nothing;
}

std::optional<unix_ms> broadcast_run::due() const {
  if (storing_) return {};
  std::optional<unix_ms> first;
  const auto consider = [&](unix_ms t) { first = first ? std::min(*first, t) : t; };
  if (not_before_ > 0) consider(not_before_);
  if (!results_.empty()) consider(results_since_ + flush_after_ms);
  if (what_.state == scheduled) consider(what_.starts_at);
  if (what_.state == running && what_.per_second > 0 && !exhausted_ && outstanding_ < window())
    consider(allowed_at_ + static_cast<unix_ms>(std::max(0.0, 1 - allowance_) * 1000 / what_.per_second) + 1);
  return first;
}

take_recipients broadcast_run::take(unix_ms now) {
  take_recipients t;
  t.broadcast_id = what_.broadcast_id;
  t.at = now;
  looking_ = first_ || (doubtful_ && outstanding_ == 0);
  t.first = looking_;
  t.after = after_;
  t.take = asked_ = std::max(0, room(now));
  being_stored_ = std::exchange(results_, {});
  t.results = being_stored_;
  storing_ = true;
  return t;
}

gather_recipients broadcast_run::gather(unix_ms now) {
  storing_ = true;
  return {what_.broadcast_id, now, page_users};
}

broadcast_step broadcast_run::step_to(broadcast_state to, unix_ms now) {
  storing_ = true;
  broadcast_step s;
  s.broadcast_id = what_.broadcast_id;
  s.at = now;
  s.to = to;
  return s;
}

broadcast_step broadcast_run::begin(unix_ms now) { return step_to(gathering, now); }

broadcast_step broadcast_run::ask(unix_ms now) {
  auto s = step_to(asking, now);
  s.why = std::to_string(std::count(blocked_.begin(), blocked_.end(), true)) + "/" +
          std::to_string(blocked_.size());
  return s;
}

std::vector<recipient> broadcast_run::taken(const recipients_taken& t, unix_ms now) {
  storing_ = first_ = false;
  doubtful_ = doubtful_ && !looking_;
  not_before_ = 0;
  const bool put_back = std::any_of(being_stored_.begin(), being_stored_.end(),
                                    [](auto& r) { return r.state == recipient_state::waiting; });
  being_stored_.clear();
  what_ = t.now;
  outstanding_ += static_cast<int>(t.next.size());
  if (!t.next.empty()) after_ = t.next.back().user_id;
  // At the end of the list: those put back stand before it, if there are any.
  if (static_cast<int>(t.next.size()) < asked_) {
    exhausted_ = after_ == 0 || what_.waiting() <= outstanding_ + static_cast<std::int64_t>(results_.size());
    if (t.next.empty()) after_ = 0;
  }
  asked_ = 0;
  if (put_back) after_ = 0, exhausted_ = false;
  if (what_.per_second > 0) {
    allowance_ += static_cast<double>(now - allowed_at_) * what_.per_second / 1000;
    allowance_ = std::min<double>(allowance_, std::max(1.0, what_.per_second * allowance_s)) -
                 static_cast<double>(t.next.size());
    allowed_at_ = now;
  }
  return t.next;
}

void broadcast_run::changed(const broadcast& now_it_is) {
  storing_ = false;
  not_before_ = 0;
  changed_by_admin(now_it_is);
}

/// What is on its way to the store meanwhile stays so.
void broadcast_run::changed_by_admin(const broadcast& now_it_is) {
  if (what_.state != running && now_it_is.state == running) blocked_.clear(), exhausted_ = false, after_ = 0;
  what_ = now_it_is;
}

void broadcast_run::not_stored(unix_ms again_at) {
  storing_ = false;
  doubtful_ = doubtful_ || asked_ > 0;
  asked_ = 0;
  not_before_ = again_at;
  results_.insert(results_.end(), being_stored_.begin(), being_stored_.end());
  being_stored_.clear();
}

void broadcast_run::settled(post_result x, unix_ms now) {
  --outstanding_;
  auto& r = x.became;
  if (x.answered_in_ms > 0)
    answer_ms_ +=
        (std::min(static_cast<double>(x.answered_in_ms), answer_most_ms) - answer_ms_) * answer_weight;
  if (r.state != recipient_state::waiting) {
    blocked_.push_back(r.state == recipient_state::blocked);
    if (blocked_.size() > block_sample) blocked_.pop_front();
  }
  if (results_.empty()) results_since_ = now;
  results_.push_back(std::move(r));
}

bool broadcast_run::is_readable() const {
  return !what_.method.empty() && own_json::try_read(what_.params).is_object();
}

outgoing broadcast_run::post_to(const recipient& r) const {
  auto params = own_json::read(what_.params);
  outgoing o;
  o.chat_id = r.user_id;
  o.broadcast_id = what_.broadcast_id;
  o.urgency = what_.paid ? lane::paid_broadcast : lane::broadcast;
  o.method = what_.method;
  params["chat_id"] = r.user_id;
  if (what_.kind == broadcast_kind::erase && (!r.more.empty() || what_.method == "deleteMessages")) {
    o.method = "deleteMessages";
    params["message_ids"] = ids_of(r);
  } else if (what_.kind != broadcast_kind::send) params["message_id"] = r.message_id;
  if (what_.paid) params["allow_paid_broadcast"] = true;
  o.params = params.dump();
  return o;
}

broadcast broadcast_run::counted() const {
  auto b = what_;
  for (auto* list : {&results_, &being_stored_})
    for (auto& r : *list) b.count(r.state);
  return b;
}

double broadcast_run::per_second(unix_ms now) {
  const auto b = counted();
  const auto count = b.total - b.waiting();
  const auto before = std::exchange(speed_count_, count);
  const auto at = std::exchange(speed_at_, now);
  return before < 0 || now <= at ? 0
                                 : static_cast<double>(count - before) * 1000 / static_cast<double>(now - at);
}

} // namespace troupe
