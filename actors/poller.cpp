#include "actors/backoff.hpp"
#include "actors/door.hpp"
#include "actors/log.hpp"
#include "actors/poll_pace.hpp"
#include "actors/spawn.hpp"
#include "actors/webhook_watch.hpp"
#include "net/telegram.hpp"
#include <algorithm>
#include <map>

namespace troupe {
namespace {

constexpr auto longest_wait = std::chrono::seconds{30};
constexpr auto longest_halt = std::chrono::seconds{5}; // users wait for a word, and asking costs little
constexpr int cut_answers_max =
    3; // in a row; then what is whole of one is taken, or it would block all others
constexpr std::size_t posts_unanswered_max = 256; // Telegram keeps the rest
/// A pre-checkout has ten seconds. What could not be stored by then is answered from memory.
constexpr auto checkout_patience = std::chrono::seconds{4};
/// Telegram keeps what is not confirmed for a day. When nothing came for longer there is nothing to confirm,
/// and its numbers may have begun anew below the offset: the oldest is asked for, whatever its number.
constexpr unix_ms offset_life_ms = 24 * 3'600'000ll;

/// What the poller tells itself: these, or the number of a batch that should be stored by now.
constexpr wake poll_now{0}, look_at_webhook{1};
constexpr std::uint64_t first_batch = 2;

/// At-least-once intake: a batch is durable before the offset moves past it.
struct poller_state {
  poller_state() {}
  static inline const char* name = "poller";
  context_ptr ctx;
  http_actor http;
  ledger_actor ledger;
  router_actor router;
  cashier_actor cashier;   ///< hears of pre-checkouts that cannot be stored in time
  watchman_actor watchman; ///< may be none
  std::int64_t offset = 0;
  unix_ms heard_at = 0; ///< when the newest update came
  int failures = 0;
  int cut_answers = 0; ///< in a row; that the store fails, or the network, is no reason to let an update go
  poll_pace pace;
  bool way_is_set = false;   ///< Telegram knows which way updates come
  bool watched = false;      ///< the webhook
  bool well_told = false;    ///< what an earlier engine has alarmed of is over
  bool arrival_told = false; ///< the same of the webhook, and of what was wrong with it since
  webhook_watch webhook;
  std::size_t posts_unanswered = 0;
  std::uint64_t batches = first_batch;
  std::map<std::uint64_t, std::vector<incoming_update>> unstored_checkouts; ///< by batch

  bool by_webhook() const { return !ctx->webhook_url().empty(); }
  std::int64_t offset_to_ask() const { return ctx->now() - heard_at >= offset_life_ms ? 0 : offset; }
};
using self_ptr = poller_actor::stateful_pointer<poller_state>;

void poll_after(self_ptr self, std::chrono::milliseconds wait) {
  if (wait.count() > 0) self->delayed_send(self, wait, poll_now);
  else self->send(self, poll_now);
}

/// The states that administrators hear of.
constexpr auto stuck_state = "intake", webhook_state = "webhook", rival_state = "other poller";

void alarm_of(self_ptr self, const char* state, const char* sentence, const std::string& why = "") {
  auto& s = self->state;
  if (s.watchman) self->send(s.watchman, alarm{state, sentence, {{"why", telegram::escape_html(why)}}, true});
}
void all_clear(self_ptr self, const char* state) {
  auto& s = self->state;
  if (s.watchman) self->send(s.watchman, alarm_over{state, "", {}});
}

/// No answer, or one that is no list of updates.
void poll_later(self_ptr self, const std::string& why, std::chrono::milliseconds at_least = {},
                std::chrono::seconds at_most = longest_wait) {
  auto& s = self->state;
  auto wait = std::max(at_least, backoff(s.failures++, at_most));
  wait += std::chrono::milliseconds{s.ctx->now() % 250}; // spread, so that engines do not march in step
  log("poller")->warn("no updates: {}. Next try in {} ms", why, wait.count());
  const auto age = (s.ctx->now() - s.ctx->health->last_progress_at) / 1000;
  if (age > s.ctx->opts().web.health_poll_age_s)
    s.ctx->health->ails(ailment::intake, "no updates could be fetched from Telegram lately: " + why);
  self->delayed_send(self, wait, poll_now);
}

/// All that Telegram has for us is stored here, and it knows.
void note_progress(self_ptr self) {
  auto& s = self->state;
  auto& h = *s.ctx->health;
  s.failures = 0;
  h.last_progress_at = s.ctx->now();
  const bool was_ill = h.is_well(ailment::intake), first = !std::exchange(s.well_told, true);
  if (was_ill) log("poller")->info("updates come in again");
  if (was_ill || first) all_clear(self, stuck_state);
  if (!first) return;
  all_clear(self, rival_state);
  if (!s.by_webhook()) all_clear(self, webhook_state); // else only when posts arrive
}

/// Users by language, as far as the updates tell. Reads each update again: for bad days only.
std::map<std::int64_t, std::string> senders_of(const std::vector<incoming_update>& updates) {
  std::map<std::int64_t, std::string> senders;
  for (auto& u : updates)
    if (u.user_id != 0) senders[u.user_id] = telegram::event_in(u).from.language;
  return senders;
}

/// Nobody can pay meanwhile, and who tries hears it in time.
void refuse_checkouts(self_ptr self, std::uint64_t batch) {
  auto& s = self->state;
  const auto found = s.unstored_checkouts.find(batch);
  if (found == s.unstored_checkouts.end()) return;
  for (auto& u : found->second) {
    u.unstored = true; // its number is Telegram's, and there is nothing to mark as done
    if (s.cashier) self->send(s.cashier, std::move(u));
  }
  s.unstored_checkouts.erase(found);
}

/// Remembers the pre-checkouts of a batch until it is stored. @returns the batch's number
std::uint64_t watch_checkouts(self_ptr self, const std::vector<incoming_update>& updates) {
  auto& s = self->state;
  const auto batch = ++s.batches;
  for (auto& u : updates)
    if (telegram::is_pre_checkout(u.json)) s.unstored_checkouts[batch].push_back(u);
  if (s.unstored_checkouts.count(batch) > 0) self->delayed_send(self, checkout_patience, wake{batch});
  return batch;
}

/// When the same comes again and again nothing is confirmed: asked for more and more seldom, and said.
void stored(self_ptr self, accepted_updates& news, std::int64_t next, bool any_new) {
  auto& s = self->state;
  const auto now = s.ctx->now();
  s.offset = next;
  s.heard_at = now;
  auto wait = any_new ? s.pace.brought_news(now) : s.pace.repeated_itself(now);
  if (!s.pace.is_stuck()) note_progress(self);
  else {
    alarm_of(self, stuck_state, "alarm.intake_stuck");
    log("poller")->warn("Telegram gives the same updates again and again, though {} was asked for; "
                        "next try in {} ms",
                        next, wait.count());
    s.ctx->health->ails(ailment::intake,
                        "Telegram gives the same updates again and again: none is confirmed");
  }
  self->request(s.router, caf::infinite, std::move(news)) // answers when there is room
      .then([=](done) { poll_after(self, wait); },
            [=](caf::error&) { poll_later(self, "the router is gone"); });
}

void hand_over(self_ptr self, std::vector<incoming_update> updates) {
  auto& s = self->state;
  const auto next = updates.back().update_id + 1; // in Telegram's order, not in that of the numbers
  const bool moves_on = next > s.offset;
  const auto strange =
      std::remove_if(updates.begin(), updates.end(), [&](auto& u) { return !door::lets_in(u, *s.ctx); });
  const bool dropped = strange != updates.end();
  updates.erase(strange, updates.end());
  if (updates.empty()) { // confirmed by the next question, and nothing of it is kept
    accepted_updates none;
    return stored(self, none, next, moves_on);
  }
  const auto batch = watch_checkouts(self, updates);
  auto kept = std::make_shared<const std::vector<incoming_update>>(updates);
  // Without a limit: what is stored after we gave up would be known, hence not fresh, when we ask again,
  // and nobody would handle it. The ledger answers, or the whole cast begins anew from the disk.
  self->request(s.ledger, caf::infinite, accept_updates{std::move(updates), s.ctx->now()})
      .then(
          [=](accepted_updates& news) {
            self->state.unstored_checkouts.erase(batch);
            const bool any_new = news.stored > 0 || (dropped && moves_on);
            stored(self, news, next, any_new);
          },
          [=](caf::error&) {
            refuse_checkouts(self, batch);
            for (auto& [user_id, language] : senders_of(*kept))
              self->send(self->state.router, update_stuck{user_id, language});
            poll_later(self, "the ledger could not store them", {}, longest_halt);
          });
}

void note_refusal(const poller_state& s, const telegram::answer& a) {
  if (a.what == telegram::outcome::give_up)
    s.ctx->health->ails(ailment::token_refused, "Telegram refuses the bot's token: " + a.description);
}

/// What is no list of updates: a refusal, or a proxy's page.
void understand_refusal(self_ptr self, const http_reply& reply) {
  auto& s = self->state;
  auto& health = *s.ctx->health;
  const auto answer = telegram::read_answer(reply);
  if (answer.what == telegram::outcome::conflict && answer.description.find("webhook") != std::string::npos) {
    s.way_is_set = false;
    poll_later(self, "a webhook is set, and WEBHOOK_URL is not: it is removed");
  } else if (answer.what == telegram::outcome::conflict) {
    health.poll_conflict = true;
    health.ails(ailment::other_poller, "another program polls Telegram with this token");
    alarm_of(self, rival_state, "alarm.other_poller");
    poll_later(self, "another program polls with this token (" + answer.description + "); stop it",
               std::chrono::seconds{5});
  } else {
    note_refusal(s, answer);
    poll_later(self,
               answer.what == telegram::outcome::delivered ? "an answer without a list" : answer.description,
               std::chrono::milliseconds{answer.retry_after_ms});
  }
}

void note_answer(self_ptr self) {
  auto& h = *self->state.ctx->health;
  h.poll_conflict = false;
  if (h.is_well(ailment::other_poller)) all_clear(self, rival_state);
  if (h.is_well(ailment::token_refused)) log("poller")->info("Telegram accepts the bot's token again");
}

/// Each where Telegram has it: the last one ends the batch, and numbers may begin anew in the middle.
void put_in_place(std::vector<incoming_update>& all, incoming_update u, std::int64_t last_id) {
  const auto before =
      std::find_if(all.begin(), all.end(), [&](auto& x) { return x.update_id == u.update_id - 1; });
  auto at = before != all.end()
                ? before + 1
                : std::find_if(all.begin(), all.end(), [&](auto& x) { return x.update_id > u.update_id; });
  if (u.update_id == last_id) at = all.end();
  all.insert(at, std::move(u));
}

/// What cannot be read is kept with its beginning, and done.
std::vector<incoming_update> all_of(telegram::update_batch batch) {
  for (auto& u : batch.unreadable) {
    log("poller")->error("update {} cannot be read and is set aside: {}", u.update_id, u.excerpt);
    if (u.update_id != 0) put_in_place(batch.updates, {u.update_id, 0, u.excerpt}, batch.last_id);
  }
  return std::move(batch.updates);
}

void understand(self_ptr self, telegram::update_batch batch) {
  auto& s = self->state;
  note_answer(self);
  if (!batch.empty()) { // not done before they are stored
    auto updates = all_of(std::move(batch));
    if (!updates.empty()) return hand_over(self, std::move(updates));
    accepted_updates none; // nothing in it has a number: one more confirms the first of them
    return stored(self, none, s.offset + 1, false);
  }
  note_progress(self);
  poll_after(self, s.pace.was_empty(s.ctx->now()));
}

telegram::bot bot_of(const poller_state& s) {
  return {s.ctx->opts().telegram.api_url, s.ctx->opts().telegram.bot_token};
}

void poll(self_ptr self) {
  auto& s = self->state;
  auto& t = s.ctx->opts().telegram;
  s.pace.asks(s.ctx->now());
  self->request(s.http, caf::infinite,
                telegram::get_updates(bot_of(s), s.offset_to_ask(), t.poll_timeout_s, t.poll_batch_max))
      .then(
          [=](const http_reply& reply) {
            if (reply.error == http_error::stopped) return; // the engine stops
            telegram::update_batch updates;
            auto& cut = self->state.cut_answers;
            const bool cut_again = cut >= cut_answers_max;
            try { // first as what it nearly always is: a batch is parsed once
              updates = telegram::read_updates(reply, cut_again);
              cut = 0;
            } catch (const telegram::bad_answer&) {
              if (reply.status == 200) ++cut;
              return understand_refusal(self, reply);
            }
            understand(self, std::move(updates));
          },
          [=](caf::error&) { poll_later(self, "the HTTP worker is gone"); });
}

void look_soon(self_ptr self) {
  if (!std::exchange(self->state.watched, true))
    self->delayed_send(self, webhook_watch::look_every, look_at_webhook);
}

/// A webhook is told at every start, and again when posts do not arrive. Polling need not be: only a webhook
/// of earlier days forbids it.
void set_way(self_ptr self) {
  auto& s = self->state;
  self->request(s.http, caf::infinite,
                s.by_webhook() ? telegram::set_webhook(bot_of(s), s.ctx->webhook_url(), s.ctx->webhook_secret)
                               : telegram::delete_webhook(bot_of(s)))
      .then(
          [=](const http_reply& reply) {
            if (reply.error == http_error::stopped) return;
            auto& st = self->state;
            const auto a = telegram::read_answer(reply);
            note_refusal(st, a);
            if (a.what != telegram::outcome::delivered) return poll_later(self, a.description);
            note_answer(self);
            st.way_is_set = true;
            st.ctx->health->webhook_set = st.by_webhook();
            if (!st.by_webhook()) return poll_after(self, {});
            if (!st.watched) note_progress(self); // later on the look says how it goes
            st.failures = 0;
            st.webhook.is_set(st.ctx->now());
            log("poller")->info("updates come to {}", st.ctx->webhook_url());
            look_soon(self);
          },
          [=](caf::error&) { poll_later(self, "the HTTP worker is gone"); });
}

/// Telegram itself says whether its posts arrive.
void judge_webhook(self_ptr self, const telegram::webhook_facts& told) {
  auto& s = self->state;
  auto& health = *s.ctx->health;
  const auto f = s.webhook.judge(told, s.ctx->webhook_url(), s.ctx->now());
  if (f.why.empty()) {
    note_progress(self);
    if (health.is_well(ailment::webhook)) log("poller")->info("Telegram's posts arrive again");
    if (f.arrives && !std::exchange(s.arrival_told, true)) all_clear(self, webhook_state);
    return;
  }
  s.arrival_told = false;
  health.ails(ailment::webhook, f.why);
  log("poller")->warn("{}", f.why);
  if (f.alarming) alarm_of(self, webhook_state, "alarm.webhook", f.why);
  if (f.set_again) set_way(self);
}

void look(self_ptr self) {
  auto& s = self->state;
  s.watched = false;
  const auto again = [=](const std::string& trouble) {
    if (!trouble.empty()) log("poller")->warn("how the webhook does is not known: {}", trouble);
    look_soon(self);
  };
  self->request(s.http, caf::infinite, telegram::get_webhook_info(bot_of(s)))
      .then(
          [=](const http_reply& reply) {
            if (reply.error == http_error::stopped) return;
            try {
              const auto told = telegram::read_webhook_info(reply);
              note_answer(self);
              judge_webhook(self, told);
              again("");
            } catch (const telegram::bad_answer& e) {
              note_refusal(self->state, telegram::read_answer(reply));
              again(e.what());
            }
          },
          [=](caf::error&) { again("the HTTP worker is gone"); });
}

/// Stored first, answered then: what was answered is never lost.
caf::result<done> posted(self_ptr self, posted_update& x) {
  auto& s = self->state;
  if (!door::lets_in(x.update, *s.ctx)) { // answered, or it would be posted again
    s.ctx->health->last_progress_at = s.ctx->now();
    s.webhook.post_arrived(s.ctx->now());
    return done{};
  }
  if (s.posts_unanswered >= posts_unanswered_max)
    return caf::make_error(caf::sec::runtime_error, "too many posts wait");
  ++s.posts_unanswered;
  auto rp = self->make_response_promise<done>();
  auto failed = [=](caf::error& e) mutable { // Telegram posts it again
    --self->state.posts_unanswered;
    rp.deliver(std::move(e));
  };
  const update_stuck sender{x.update.user_id, telegram::event_in(x.update).from.language};
  accept_updates batch;
  batch.updates.push_back(std::move(x.update));
  batch.at = s.ctx->now();
  batch.posted = true;
  const auto number = watch_checkouts(self, batch.updates);
  self->request(s.ledger, caf::infinite, std::move(batch))
      .then(
          [=](accepted_updates& news) {
            auto& st = self->state;
            st.unstored_checkouts.erase(number);
            st.ctx->health->last_progress_at = st.ctx->now();
            st.webhook.post_arrived(st.ctx->now());
            self->request(st.router, caf::infinite, std::move(news))
                .then(
                    [=](done d) mutable {
                      --self->state.posts_unanswered;
                      rp.deliver(d);
                    },
                    failed);
          },
          [=](caf::error& e) mutable {
            refuse_checkouts(self, number);
            if (sender.user_id != 0) self->send(self->state.router, sender);
            failed(e);
          });
  return rp;
}

poller_actor::behavior_type poller(self_ptr self, const context_ptr& ctx, const intake_desk& desk,
                                   const intake_begin& from) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.http = desk.telegram, s.ledger = desk.ledger, s.router = desk.router;
  s.cashier = desk.cashier, s.watchman = desk.watchman;
  s.offset = from.next_offset, s.heard_at = from.heard_at;
  s.way_is_set = !s.by_webhook();
  poll_after(self, {});
  return {
      [self](const wake& w) {
        auto& st = self->state;
        if (w.round >= first_batch) refuse_checkouts(self, w.round);
        else if (w.round == look_at_webhook.round) look(self);
        else if (!st.way_is_set) set_way(self);
        else if (!st.by_webhook()) poll(self);
      },
      [self](posted_update& x) { return posted(self, x); },
  };
}

} // namespace

poller_actor spawn_poller(caf::actor_system& sys, context_ptr ctx, intake_desk desk, intake_begin from) {
  return sys.spawn(poller, std::move(ctx), std::move(desk), from);
}

} // namespace troupe
