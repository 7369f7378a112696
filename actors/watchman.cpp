/// Tells administrators what they must know: alarms, the log's errors in groups with counts, the report of
/// the day.
#include "actors/alarm_book.hpp"
#include "actors/dialogue_screens.hpp"
#include "actors/error_tally.hpp"
#include "actors/office_screens.hpp"
#include "actors/spawn.hpp"
#include "net/telegram.hpp"

namespace troupe {
namespace {

constexpr unix_ms errors_looked_at_every_ms = 20'000;
constexpr std::size_t error_chars_max = 300;

struct watchman_state {
  watchman_state() : book{0} {}
  static inline const char* name = "watchman";
  context_ptr ctx;
  ledger_actor ledger;
  courier_actor courier;
  analyst_actor analyst;
  alarm_book book;
  std::uint64_t round = 0;
  unix_ms due = 0;      ///< of the one timer; 0: none
  unix_ms reported = 0; ///< the last report that was seen to: when it was due
};
using self_ptr = watchman_actor::stateful_pointer<watchman_state>;

/// Not stored and not repeated: an alarm that cannot be sent must not raise the next one.
void say(self_ptr self, const alarm_book::notice& n) {
  auto& s = self->state;
  auto text = n.text;
  const auto times = std::to_string(n.times);
  const auto& words = s.ctx->settings->words;
  const auto minutes = std::to_string((n.within_ms + 59'999) / 60'000);
  if (n.within_ms > 0)
    text = words.get("ru", "alarm.again", {{"n", times}, {"minutes", minutes}, {"text", text}});
  else if (n.times > 1) text = words.get("ru", "alarm.times", {{"n", times}, {"text", text}});
  for (const auto chat : alarm_chats(s.ctx->opts())) self->send(s.courier, talk::show({text, {}}, chat));
}

void hear(self_ptr self, const alarm& a, int times) {
  auto& s = self->state;
  if (auto n = s.book.hear(a, times, s.ctx->now())) say(self, *n);
}

void read_errors(self_ptr self) {
  auto& s = self->state;
  if (!s.ctx->errors) return;
  for (auto& [channel, e] : s.ctx->errors->take()) {
    const auto text = telegram::escape_html(telegram::shorten(e.last, error_chars_max));
    hear(self,
         {"error in " + channel,
          s.ctx->settings->words.get("ru", "alarm.error", {{"channel", channel}, {"text", text}})},
         e.times);
  }
}

// -- The report of the day --------------------------------------------------------------------------

constexpr unix_ms hour_ms = 3'600'000ll;
using talk::moscow_ms;
constexpr unix_ms report_again_ms = 60'000;

/// When today's is due, by the clock of Moscow; 0: there is none.
unix_ms report_due(const context_ptr& ctx) {
  const auto hour = ctx->opts().office.daily_report_hour;
  if (hour < 0) return 0;
  return (ctx->now() + moscow_ms) / day_ms * day_ms - moscow_ms + hour * hour_ms;
}

/// Stored with the day it is for: told once, also over restarts, and later the same day when we slept at its
/// hour.
void store_report(self_ptr self, unix_ms due, const stats& s) {
  auto& st = self->state;
  const auto& set = *st.ctx->settings;
  const std::string language = "ru";
  const talk::painter paint{set.words, language};
  auto screen = office::screens{set, paint, language}.statistics(s, 1, st.ctx->now());
  screen.text = paint.say("alarm.daily") + "\n\n" + screen.text;
  store_notice n;
  n.name = "daily";
  n.value = talk::clock_text(due).substr(0, 10);
  n.at = st.ctx->now();
  for (const auto chat : alarm_chats(set.opts)) n.messages.push_back(talk::show({screen.text, {}}, chat));
  self->request(st.ledger, caf::infinite, std::move(n)).then([](done) {}, [](caf::error&) {});
}

void report_if_due(self_ptr self) {
  auto& s = self->state;
  const auto due = report_due(s.ctx), now = s.ctx->now();
  if (due == 0 || now < due || s.reported >= due) return;
  s.reported = due;
  self->request(s.analyst, caf::infinite, office_inquiry{stats_query{now - day_ms, now}})
      .then(
          [=](const office_report& r) {
            if (const auto* found = std::get_if<stats>(&r.what)) store_report(self, due, *found);
          },
          [=](caf::error&) { // the file could not be read: in a minute again
            self->state.reported = 0;
            self->delayed_send(self, std::chrono::milliseconds{report_again_ms}, wake{self->state.round});
          });
}

/// At most one timer; none when there is nothing to wait for.
void arm(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  auto at = s.book.next_at();
  if (s.ctx->errors)
    at = std::min(at.value_or(now + errors_looked_at_every_ms), now + errors_looked_at_every_ms);
  if (auto due = report_due(s.ctx); due != 0) {
    if (due <= s.reported) due += day_ms;
    at = std::min(at.value_or(due), std::max(due, now));
  }
  if (!at || (s.due != 0 && s.due <= *at)) return;
  s.due = *at;
  self->delayed_send(self, std::chrono::milliseconds{std::max<unix_ms>(*at - now, 1)}, wake{++s.round});
}

watchman_actor::behavior_type watchman(self_ptr self, const context_ptr& ctx, const ledger_actor& ledger,
                                       const courier_actor& courier, const analyst_actor& analyst) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.ledger = ledger, s.courier = courier, s.analyst = analyst;
  s.book = alarm_book{ctx->opts().office.alarm_window_s * 1000LL};
  arm(self);
  return {
      [self](const alarm& a) {
        hear(self, a, 1);
        arm(self);
      },
      [self](const wake& w) {
        auto& st = self->state;
        if (w.round != st.round) return;
        st.due = 0;
        read_errors(self);
        report_if_due(self);
        for (auto& n : st.book.look(st.ctx->now())) say(self, n);
        arm(self);
      },
  };
}

} // namespace

watchman_actor spawn_watchman(caf::actor_system& sys, context_ptr ctx, ledger_actor ledger,
                              courier_actor courier, analyst_actor analyst) {
  return sys.spawn(watchman, std::move(ctx), std::move(ledger), std::move(courier), std::move(analyst));
}

} // namespace troupe
