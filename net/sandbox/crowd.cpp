#include "net/sandbox/crowd.hpp"
#include <algorithm>
#include <functional>
#include <stdexcept>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

constexpr std::int64_t first_of_all = 7'000'000'000, most_people = 1'000'000;
constexpr std::size_t texts_kept = 16, seconds_kept = 300, text_shown_bytes = 200;

/// Spread evenly, the same people each time.
crowd_answer state_of(std::int64_t index, const crowd_plan& plan) {
  const std::int64_t place = index * 61 % 100;
  if (place < plan.blocked_percent) return crowd_answer::blocked;
  return place < plan.blocked_percent + plan.deactivated_percent ? crowd_answer::deactivated
                                                                 : crowd_answer::reachable;
}

} // namespace

std::int64_t crowd::come(crowd_plan plan) {
  if (plan.count < 1 || plan.count > most_people) throw std::runtime_error("count is 1 to 1000000");
  if (plan.blocked_percent < 0 || plan.deactivated_percent < 0 ||
      plan.blocked_percent + plan.deactivated_percent > 100)
    throw std::runtime_error("percents are 0 to 100, together too");
  if (plan.first_id < 0) throw std::runtime_error("first_id is positive");
  if (plan.first_id == 0) {
    plan.first_id = first_of_all;
    for (const auto& g : groups_)
      plan.first_id = std::max(plan.first_id, g.first_id + static_cast<std::int64_t>(g.members.size()));
  }
  auto overlaps = [&plan](const group& g) {
    return g.first_id < plan.first_id + plan.count &&
           plan.first_id < g.first_id + static_cast<std::int64_t>(g.members.size());
  };
  groups_.erase(std::remove_if(groups_.begin(), groups_.end(), overlaps), groups_.end());
  group g{plan.first_id, std::vector<member>(static_cast<std::size_t>(plan.count)),
          plan.start ? plan.count : 0};
  for (std::size_t i = 0; i < g.members.size(); ++i)
    g.members[i].state = state_of(static_cast<std::int64_t>(i), plan);
  groups_.push_back(std::move(g));
  return plan.first_id;
}

const crowd::group* crowd::group_of(std::int64_t id) const {
  for (const auto& g : groups_)
    if (id >= g.first_id && id < g.first_id + static_cast<std::int64_t>(g.members.size())) return &g;
  return nullptr;
}

const crowd::member* crowd::find(std::int64_t id) const {
  const auto* g = group_of(id);
  return g ? &g->members[static_cast<std::size_t>(id - g->first_id)] : nullptr;
}

crowd_answer crowd::ask(std::int64_t id) {
  const auto* m = find(id);
  if (!m) return crowd_answer::reachable;
  if (m->state == crowd_answer::blocked) ++blocked_;
  if (m->state == crowd_answer::deactivated) ++deactivated_;
  return m->state;
}

void crowd::got(std::int64_t id, std::int64_t message_id, const std::string& content, std::int64_t now) {
  auto* m = const_cast<member*>(find(id));
  if (!m) return;
  ++m->received;
  m->last_message = static_cast<std::int32_t>(message_id);
  ++received_;
  if (first_at_ == 0) first_at_ = now;
  last_at_ = now;
  ++per_second_[now / 1000];
  if (per_second_.size() > seconds_kept) per_second_.erase(per_second_.begin());
  count_text(id, content);
}

/// Personal texts push each other out; a broadcast's text stays, for it is the most frequent.
void crowd::count_text(std::int64_t id, const std::string& content) {
  const std::size_t hash = std::hash<std::string>{}(content);
  auto it = std::find_if(texts_.begin(), texts_.end(), [hash](const auto& t) { return t.hash == hash; });
  if (it == texts_.end()) {
    if (texts_.size() < texts_kept) it = texts_.emplace(texts_.end());
    else
      it = std::min_element(texts_.begin(), texts_.end(),
                            [](const auto& a, const auto& b) { return a.received < b.received; });
    *it = {};
    it->hash = hash;
    it->text = content.substr(0, text_shown_bytes);
  }
  const auto* g = group_of(id);
  auto& got = it->got[g->first_id];
  if (got.size() != g->members.size()) got.assign(g->members.size(), 0);
  auto& n = got[static_cast<std::size_t>(id - g->first_id)];
  if (n > 0) {
    ++it->repeats;
    ++repeats_;
  }
  if (n < 255) ++n;
  ++it->received;
}

std::int64_t crowd::last_message(std::int64_t id) const {
  const auto* m = find(id);
  return m ? m->last_message : 0;
}

std::optional<std::int64_t> crowd::next_start() {
  for (auto& g : groups_)
    while (g.starts_left > 0) {
      const auto i = static_cast<std::int64_t>(g.members.size()) - g.starts_left--;
      if (g.members[static_cast<std::size_t>(i)].state == crowd_answer::reachable) return g.first_id + i;
    }
  return std::nullopt;
}

void crowd::forget_counts() {
  for (auto& g : groups_)
    for (auto& m : g.members) m.received = 0;
  texts_.clear();
  methods_.clear();
  per_second_.clear();
  received_ = repeats_ = blocked_ = deactivated_ = first_at_ = last_at_ = 0;
}

json crowd::describe(std::int64_t now) const {
  std::int64_t people = 0, reachable = 0, starting = 0;
  std::array<std::int64_t, 3> by_count{};
  json crowds = json::array(), texts = json::array(), seconds = json::array();
  for (const auto& g : groups_) {
    people += static_cast<std::int64_t>(g.members.size());
    starting += g.starts_left;
    crowds.push_back({{"first_id", g.first_id}, {"count", g.members.size()}});
    for (const auto& m : g.members) {
      if (m.state == crowd_answer::reachable) ++reachable;
      ++by_count[std::min<std::size_t>(m.received, 2)];
    }
  }
  for (const auto& t : texts_) {
    std::array<std::int64_t, 3> n{};
    for (const auto& [first, got] : t.got)
      for (auto x : got) ++n[std::min<std::size_t>(x, 2)];
    texts.push_back({{"text", t.text},
                     {"received", t.received},
                     {"repeats", t.repeats},
                     {"users", {{"0", people - n[1] - n[2]}, {"1", n[1]}, {"2+", n[2]}}}});
  }
  for (std::int64_t s = now / 1000 - 60; s < now / 1000; ++s) {
    const auto it = per_second_.find(s);
    seconds.push_back(it == per_second_.end() ? 0 : it->second);
  }
  return {{"users", people},
          {"reachable", reachable},
          {"starting", starting},
          {"crowds", crowds},
          {"received", received_},
          {"repeats", repeats_},
          {"blocked_answers", blocked_},
          {"deactivated_answers", deactivated_},
          {"methods", methods_},
          {"users_by_messages", {{"0", by_count[0]}, {"1", by_count[1]}, {"2+", by_count[2]}}},
          {"texts", texts},
          {"first_at", first_at_},
          {"last_at", last_at_},
          {"per_second", seconds}};
}

} // namespace troupe::sandbox
