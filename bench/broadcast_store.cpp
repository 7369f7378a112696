#include "bench/broadcast.hpp"
#include "storage/store.hpp"
#include <filesystem>

namespace troupe::bench {
namespace {

constexpr int asked_times = 20, page_users = 1000, taken_at_once = 50;

template <class Work> double ms_of(Work work) {
  const auto begun = steady::now();
  work();
  return seconds_since(begun) * 1000;
}

} // namespace

json measure_store(const broadcast_setting& set) {
  const auto folder = set.folder + "/store";
  std::filesystem::create_directories(folder);
  const auto database = folder + "/troupe.db";
  constexpr unix_ms now = 1'700'000'000'000;
  seed_broadcast(database, set.recipients, false, now);
  storage::store store{database};
  storage::reader reader{database};
  const auto one = [&](auto operation) {
    store.begin();
    auto answer = store.apply(operation);
    store.commit();
    return answer;
  };
  const auto questions = [&](office_question q) {
    std::vector<double> all;
    for (int i = 0; i < asked_times; ++i) all.push_back(ms_of([&] { reader.answer(q); }));
    return spread(std::move(all));
  };
  std::vector<double> gathered, taken;
  for (int i = 0; i < set.recipients / page_users + 1; ++i)
    gathered.push_back(ms_of([&] { one(gather_recipients{1, now, page_users}); }));
  take_recipients t;
  t.broadcast_id = 1, t.at = now, t.first = true, t.take = taken_at_once;
  for (int i = 0; i < set.recipients / taken_at_once; ++i)
    taken.push_back(ms_of([&] {
      auto next = one(t).next;
      t.first = false;
      t.results = std::move(next);
      if (!t.results.empty()) t.after = t.results.back().user_id;
      for (auto& r : t.results) r.state = recipient_state::sent, r.message_id = 7;
    }));
  audience all;
  all.category = "news";
  return {{"users", set.recipients},
          {"gather_1000_ms", spread(std::move(gathered))},
          {"take_50_and_note_50_ms", spread(std::move(taken))},
          {"statistics_ms", questions(stats_query{now - 7 * day_ms, now})},
          {"audience_ms", questions(audience_query{all, now, 0})},
          {"user_card_ms", questions(user_query{first_recipient + 5, {}})},
          {"noted", the_broadcast(database).sent}};
}

} // namespace troupe::bench
