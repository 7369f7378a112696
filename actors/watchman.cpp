/// Tells administrators what they must know: alarms, each in his language; the log's errors in groups with
/// counts; the report of the day.
#include "actors/alarm_book.hpp"
#include "actors/alarm_states.hpp"
#include "actors/command_menu.hpp"
#include "actors/dialogue_screens.hpp"
#include "actors/error_tally.hpp"
#include "actors/log.hpp"
#include "actors/office_screens.hpp"
#include "actors/spawn.hpp"
#include "net/telegram.hpp"
#include <set>

namespace troupe {
namespace {

constexpr unix_ms errors_looked_at_every_ms = 20'000;
constexpr std::size_t error_chars_max = 300;
constexpr auto review_again = std::chrono::seconds{30}; // when it could not be stored
constexpr const char* group_state = "office group";

struct watchman_state {
  watchman_state() : book{0} {}
  static inline const char* name = "watchman";
  context_ptr ctx;
  ledger_actor ledger;
  courier_actor courier;
  analyst_actor analyst;
  alarm_book book;
  alarm_states states;
  std::set<std::int64_t> deaf; ///< administrators whose chats have refused the last message
  std::uint64_t round = 0;
  unix_ms due = 0;      ///< of the one timer; 0: none
  unix_ms reported = 0; ///< the last report that was seen to: when it was due

  const config::texts& words() const { return ctx->settings->words; }
};
using self_ptr = watchman_actor::stateful_pointer<watchman_state>;

std::vector<office_seat> seats_of(const watchman_state& s, const std::string& kind) {
  auto& board = *s.ctx->office;
  // That the group refuses is no news for the group.
  return kind == group_state ? board.people(s.ctx->opts(), right::alarms)
                             : board.seats(s.ctx->opts(), right::alarms);
}

/// On disk before it leaves, so that neither a crash nor a chat that refuses can lose it. What cannot be
/// stored is said all the same: that the disk is full is what they must know.
void tell(self_ptr self, const std::string& kind, store_notice n,
          const std::function<std::string(const std::string& language)>& text) {
  auto& s = self->state;
  n.at = s.ctx->now();
  for (auto& seat : seats_of(s, kind)) {
    n.messages.push_back(talk::show({text(seat.language), {}}, seat.chat_id));
    n.messages.back().office = office_mail::alarm;
  }
  if (n.messages.empty()) {
    const told_in_words nobody_to_read_it;
    log("watchman")->critical("there is no administrator to tell: {}", text("en"));
  }
  const auto messages = n.messages;
  self->request(s.ledger, caf::infinite, std::move(n))
      .then([](done) {},
            [=](caf::error&) {
              for (auto& m : messages) self->send(self->state.courier, m);
            });
}

/// What the store keeps until it is told is told with this message, and not before.
store_notice of_news(const std::string& kind) {
  store_notice n;
  if (kind.rfind("news:", 0) == 0) n.name = kind;
  return n;
}

void say(self_ptr self, const alarm_book::notice& n) {
  const auto* words = &self->state.words(); // of the settings' shelf: they outlive us
  tell(self, n.what.kind, of_news(n.what.kind), [=](const std::string& language) {
    auto text = words->get(language, n.what.sentence, n.what.args);
    const auto times = std::to_string(n.times);
    const auto minutes = std::to_string((n.within_ms + 59'999) / 60'000);
    if (n.within_ms > 0)
      return words->get(language, "alarm.again", {{"n", times}, {"minutes", minutes}, {"text", text}});
    if (n.times > 1) return words->get(language, "alarm.times", {{"n", times}, {"text", text}});
    return text;
  });
}

store_notice of_state(const std::string& kind, std::string value) {
  store_notice n;
  n.name = "alarm:" + kind;
  n.value = std::move(value);
  return n;
}

void hear(self_ptr self, const alarm& a, int times) {
  auto& s = self->state;
  if (!a.stays || !s.states.has_room(a.kind)) {
    if (auto n = s.book.hear(a, times, s.ctx->now())) say(self, *n);
    return;
  }
  auto value = s.states.open(a, s.ctx->now());
  if (!value) return;
  const auto* words = &s.words();
  tell(self, a.kind, of_state(a.kind, std::move(*value)),
       [=](const std::string& language) { return words->get(language, a.sentence, a.args); });
}

void hear(self_ptr self, const alarm_over& o) {
  auto& s = self->state;
  const auto was = s.states.close(o.kind);
  if (!was) return;
  const auto* words = &s.words();
  tell(self, o.kind, of_state(o.kind, ""), [=, was = *was](const std::string& language) {
    if (!o.sentence.empty()) return words->get(language, o.sentence, o.args);
    return words->get(language, "alarm.over", {{"text", words->get(language, was.sentence, was.args)}});
  });
}

/// The group refuses, or takes messages again; nobody of the office can be reached.
void hear(self_ptr self, const office_heard& x) {
  auto& s = self->state;
  if (x.chat_id == s.ctx->office->group_now(s.ctx->opts())) {
    if (x.delivered) return hear(self, alarm_over{group_state, "alarm.group_back", {}});
    return hear(self,
                alarm{group_state, "alarm.group_refuses", {{"why", telegram::escape_html(x.why)}}, true}, 1);
  }
  if (x.chat_id < 0) return; // a group that was
  if (x.delivered) {
    s.deaf.erase(x.chat_id);
    return;
  }
  if (!s.deaf.insert(x.chat_id).second) return;
  for (auto& seat : s.ctx->office->people(s.ctx->opts(), right::alarms))
    if (s.deaf.count(seat.chat_id) == 0) return;
  const told_in_words nobody_would_read_it;
  log("watchman")
      ->critical(
          "no administrator can be reached: chat {} answers: {}. Their messages are kept and sent when one "
          "of them writes to the bot",
          x.chat_id, x.why);
}

void read_errors(self_ptr self) {
  auto& s = self->state;
  if (!s.ctx->errors) return;
  for (auto& [channel, e] : s.ctx->errors->take()) {
    const auto text = telegram::escape_html(telegram::shorten(e.last, error_chars_max));
    hear(self, alarm{"error in " + channel, "alarm.error", {{"channel", channel}, {"text", text}}}, e.times);
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
  const auto* set = &*self->state.ctx->settings;
  const auto now = self->state.ctx->now();
  store_notice n;
  n.name = "daily";
  n.value = talk::clock_text(due).substr(0, 10);
  tell(self, "daily", std::move(n), [=](const std::string& language) {
    const talk::painter paint{set->words, language};
    return paint.say("alarm.daily") + "\n\n" +
           office::screens{*set, paint, language, role::none}.statistics(s, 1, now).text;
  });
}

/// None before the first day is over, and none of a day on which nothing happened.
bool is_worth_telling(const stats& s, unix_ms due) {
  return s.first_user_at != 0 && s.first_user_at + day_ms <= due && !s.is_empty();
}

void report_if_due(self_ptr self) {
  auto& s = self->state;
  const auto due = report_due(s.ctx), now = s.ctx->now();
  if (due == 0 || now < due || s.reported >= due) return;
  s.reported = due;
  self->request(s.analyst, caf::infinite, office_inquiry{stats_query{now - day_ms, now}})
      .then(
          [=](const office_report& r) {
            const auto* found = std::get_if<stats>(&r.what);
            if (found && is_worth_telling(*found, due)) store_report(self, due, *found);
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

/// Menus of commands, and what stands in the name of people who may not any more: at a start and at each
/// change.
void review(self_ptr self) {
  auto& s = self->state;
  self->request(s.ledger, caf::infinite, review_rights{s.ctx->now(), command_menus(*s.ctx)})
      .then([](done) {}, [self](caf::error&) { self->delayed_send(self, review_again, rights_changed{}); });
}

watchman_actor::behavior_type watchman(self_ptr self, const context_ptr& ctx, const ledger_actor& ledger,
                                       const courier_actor& courier, const analyst_actor& analyst,
                                       const std::vector<std::pair<std::string, std::string>>& standing) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.ledger = ledger, s.courier = courier, s.analyst = analyst;
  s.book = alarm_book{ctx->opts().office.alarm_window_s * 1000LL};
  for (auto& [kind, value] : standing) s.states.restore(kind, value);
  readdress_office parked;
  for (auto& seat : ctx->office->seats(ctx->opts(), right::alarms)) parked.chats.push_back(seat.chat_id);
  self->request(ledger, caf::infinite, std::move(parked)).then([](done) {}, [](caf::error&) {});
  review(self);
  arm(self);
  return {
      [self](rights_changed) { review(self); },
      [self](const alarm& a) {
        hear(self, a, 1);
        arm(self);
      },
      [self](const alarm_over& o) { hear(self, o); },
      [self](const office_heard& x) { hear(self, x); },
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
                              courier_actor courier, analyst_actor analyst,
                              std::vector<std::pair<std::string, std::string>> standing) {
  return sys.spawn(watchman, std::move(ctx), std::move(ledger), std::move(courier), std::move(analyst),
                   std::move(standing));
}

} // namespace troupe
