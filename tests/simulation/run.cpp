#include "tests/simulation/run.hpp"
#include <stdexcept>

namespace troupe::simulation {
namespace {

constexpr const char* bug_names[] = {"none", "drop", "resubmit", "void", "hasty", "twice", "unpaid"};

/// Each seed has a weather of its own: some faults never, some often. Calm seeds find what storms hide.
void make_weather(dice& d, play& p) {
  auto& rates = p.world.rates;
  const auto one_of = [&](std::initializer_list<int> choices) {
    return choices.begin()[d.below(static_cast<std::int64_t>(choices.size()))];
  };
  for (auto f : {fault::refused, fault::timeout, fault::timeout_done, fault::reset, fault::reset_done,
                 fault::gateway, fault::gateway_done, fault::malformed, fault::server_error, fault::flood})
    rates[f] = one_of({0, 1, 5, 20});
  for (auto f : {fault::repeated_update, fault::swapped_updates, fault::old_update})
    rates[f] = one_of({0, 20, 100});
  for (auto f : {fault::callback_late, fault::callback_lost, fault::callback_twice, fault::callback_forged})
    rates[f] = one_of({0, 50, 200});
  p.world.slow_lines = d.chance(500);
  if (d.chance(300)) p.world.generation_most = 40 * minute_ms; // some results come after the limit
  p.disk_full_rate = one_of({0, 0, 1, 5});
  p.deaths.at_step = one_of({0, 1, 4, 10});
  p.deaths.one_in_messages = one_of({0, 50'000, 5'000, 2'000});
  if (d.chance(300)) p.back_after_most = 20 * minute_ms;
  p.fall_in_messages = one_of({0, 0, 3'000, 500});
}

/// Now and then something is gone for a long while.
void plan_outages(dice& d, play& p, unix_ms end) {
  for (auto what : {fault::full_disk, fault::no_telegram, fault::no_provider})
    for (auto t = first_ms; d.chance(700);) {
      t += d.between(hour_ms, 30 * hour_ms);
      const auto length =
          d.chance(500) ? d.between(minute_ms, 10 * minute_ms) : d.between(10 * minute_ms, 90 * minute_ms);
      if (t + length < end) p.coming.at(t, [&p, what, length] { p.cut_off(what, length); });
    }
}

void calm_down(play& p) {
  p.log.line(p.now(), "calm");
  p.world.rates = {};
  p.deaths = {};
  p.disk_full_rate = 0;
  p.fall_in_messages = 0;
  p.world.slow_lines = false;
}

/// Jobs in work end within their limit; postponed and late things as well.
constexpr unix_ms settling_ms = 4 * hour_ms, last_answer_ms = 10 * minute_ms;

} // namespace

run_result run_seed(const run_setting& s) {
  play p{s.seed, s.bug};
  p.log.until = s.until;
  p.log.verbose = s.verbose;
  dice d{s.seed};
  make_weather(d, p);
  crowd people{s.seed, p, {.users = s.users}};
  const auto end = first_ms + s.days * day_ms;
  plan_outages(d, p, end);
  people.enter(end);
  p.run_until(end);
  calm_down(p);
  p.run_until(end + settling_ms);
  people.ask_all_once_more();
  p.run_until(end + settling_ms + last_answer_ms);
  if (!p.stopped()) p.proofs().when_quiet();
  run_result r;
  r.orders = p.proofs().count();
  r.injected = p.world.injected;
  r.days = s.days, r.crashes = p.crashes, r.messages = p.messages;
  r.events = p.log.count(), r.digest = p.log.digest();
  r.violations = p.violations;
  r.tail = p.log.tail();
  return r;
}

void summary::add(const run_result& r) {
  ++seeds;
  days += r.days, crashes += r.crashes, events += r.events;
  violations += static_cast<std::int64_t>(r.violations.size());
  orders.orders += r.orders.orders, orders.delivered += r.orders.delivered;
  orders.refunded += r.orders.refunded, orders.open += r.orders.open;
  orders.gifts += r.orders.gifts;
  orders.purchases += r.orders.purchases, orders.paid += r.orders.paid, orders.returned += r.orders.returned;
  injected.add(r.injected);
}

std::string summary::text() const {
  const auto n = [](std::int64_t x) { return std::to_string(x); };
  return n(seeds) + " seeds, " + n(days) + " virtual days, " + n(events) + " events, " + n(orders.orders) +
         " orders, " + n(orders.delivered) + " delivered, " + n(orders.refunded) + " refunded (" +
         n(orders.gifts) + " of them came late, as gifts), " + n(orders.open) +
         " with users who blocked us, " + n(orders.purchases) + " purchases, " + n(orders.paid) + " paid, " +
         n(orders.returned) + " of them returned, " + n(crashes) + " crashes, faults: " + injected.text() +
         "; violations " + n(violations);
}

std::string replay_command(const run_setting& s, const run_result& r) {
  auto text = "bench_simulate --seed " + std::to_string(s.seed) + " --days " + std::to_string(s.days) +
              " --users " + std::to_string(s.users);
  if (s.bug != planted::none) text += std::string{" --plant "} + name_of(s.bug);
  if (!r.violations.empty()) text += " --until " + std::to_string(r.violations.front().event + 1);
  return text + " --verbose";
}

std::string story(const run_setting& s, const run_result& r) {
  std::string text = r.tail;
  for (std::size_t i = 0; i < r.violations.size() && i < 10; ++i)
    text += "event " + std::to_string(r.violations[i].event) + ": " + r.violations[i].what + "\n";
  return text + replay_command(s, r) + "\n";
}

const char* name_of(planted bug) { return bug_names[static_cast<std::size_t>(bug)]; }

planted planted_from(const std::string& name) {
  for (std::size_t i = 0; i < std::size(bug_names); ++i)
    if (name == bug_names[i]) return static_cast<planted>(i);
  throw std::invalid_argument{"no planted bug is called " + name};
}

} // namespace troupe::simulation
