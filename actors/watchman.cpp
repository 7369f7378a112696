/// Tells administrators what they must know: alarms, and the log's errors in groups with counts.
#include "actors/alarm_book.hpp"
#include "actors/dialogue_screens.hpp"
#include "actors/error_tally.hpp"
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
  unix_ms due = 0; ///< of the one timer; 0: none
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

/// At most one timer; none when there is nothing to wait for.
void arm(self_ptr self) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  auto at = s.book.next_at();
  if (s.ctx->errors)
    at = std::min(at.value_or(now + errors_looked_at_every_ms), now + errors_looked_at_every_ms);
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
