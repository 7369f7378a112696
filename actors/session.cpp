#include "actors/apology.hpp"
#include "actors/backoff.hpp"
#include "actors/dialogue.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "actors/till.hpp"
#include <deque>

namespace troupe {
namespace {

constexpr auto answer_limit = std::chrono::seconds{30}; // for the readers
/// The ledger answers, or the whole cast begins anew from the disk. To ask again would not hurry a slow disk,
/// and each limit leaves a timer behind: a twelfth of a step's CPU.
constexpr auto ledger_limit = caf::infinite;
constexpr auto picture_limit = std::chrono::seconds{45}; // to fetch it and to make it, behind those that wait
constexpr int refusals_max = 3;                          // of one turn, for want of rights
constexpr int jobs_shown_max = 50, entries_shown_max = 50, payments_shown_max = 20;

/// One user, one update at a time: load, decide, place the order, store the turn.
struct session_state {
  session_state() {}
  static inline const char* name = "session";
  context_ptr ctx;
  std::int64_t user_id = 0;
  router_actor router;
  front_desk desk;
  std::optional<dialogue> rules; ///< of the settings in force when the turn began
  std::deque<incoming_update> queue;
  bool busy = false;
  int failures = 0, surrenders = 0, refusals = 0;
  std::uint64_t stored_in = 0; ///< The batch of the last turn.
  // the turn in work
  telegram::event event;
  account who;
  screen_facts facts;
  // what the writer wrote for an update: when the turn cannot be stored, it is not paid for again
  std::int64_t written_for = -1;
  writing_outcome written;
  // and what was seen of its picture
  std::int64_t looked_for = -1;
  std::int64_t letter_looked_for = -1; ///< the update of which it is known whose letter it answers
  picture_facts looked;
};
using self_ptr = session_actor::stateful_pointer<session_state>;

void begin_turn(self_ptr self);

void try_later(self_ptr self, const char* step, const caf::error& why) {
  auto& s = self->state;
  auto wait = backoff(s.failures++, std::chrono::seconds{30});
  log("session")->warn("user {}: {} failed ({}); the update is tried again in {} ms", s.user_id, step,
                       self->system().render(why), wait.count());
  self->send(s.router, update_stuck{s.user_id, s.event.from.language});
  self->delayed_send(self, wait, wake{});
}

void store_turn(self_ptr self, turn t);

/// A fault of ours must not stop the user for ever.
void give_up(self_ptr self, const std::string& why) {
  auto& s = self->state;
  auto& u = s.queue.front();
  log("session")->error("user {}: update {} is set aside: {}", s.user_id, u.update_id, why);
  store_turn(self, set_aside(s.ctx->settings->words, u, s.who.state, s.ctx->now()));
}

/// The store refuses this very operation, now and always; other faults pass.
bool is_refused(const caf::error& e) { return e == caf::sec::invalid_argument; }

void end_update(self_ptr self) {
  auto& s = self->state;
  s.failures = s.surrenders = s.refusals = 0;
  s.queue.pop_front();
  self->send(s.router, update_handled{s.user_id});
  begin_turn(self);
}

/// What the store refuses now and always is not tried for ever: set aside with a word to the user, then
/// without one, then it is only forgotten; the next engine may try it again.
void surrender(self_ptr self) {
  auto& s = self->state;
  switch (++s.surrenders) {
  case 1: return give_up(self, "storing the turn was refused");
  case 2: return store_turn(self, drop(s.queue.front(), s.ctx->now()));
  default:
    log("session")->critical("user {}: update {} can neither be handled nor set aside", s.user_id,
                             s.queue.front().update_id);
    return end_update(self);
  }
}

/// His rights have ended since the turn began: it is decided again, by what he is now.
void decide_anew(self_ptr self) {
  auto& s = self->state;
  if (++s.refusals > refusals_max) return give_up(self, "the store refuses the turn for want of rights");
  begin_turn(self); // what came with the update was used up: the account is read
}

void store_turn(self_ptr self, turn t) {
  const auto settings = t.settings;
  self->request(self->state.desk.ledger, ledger_limit, std::move(t))
      .then(
          [=](const done& d) {
            auto& s = self->state;
            if (d.refused) return decide_anew(self);
            s.stored_in = d.stored_in;
            for (auto& [name, value] : settings)
              s.ctx->sales->set(name, value), s.ctx->office->set(name, value);
            for (auto& why : s.ctx->tuned->set(s.ctx->settings, settings))
              log("session")->warn("a change of settings is left out: {}", why);
            end_update(self);
          },
          [=](caf::error& e) {
            if (is_refused(e)) surrender(self);
            else try_later(self, "storing the turn", e);
          });
}

/// For the activity log: what was done, never what was written.
std::string activity_of(const telegram::event& e) {
  using telegram::event_kind;
  switch (e.kind) {
  case event_kind::text: return "text, " + std::to_string(e.text.size()) + " bytes";
  case event_kind::command: return "/" + telegram::shorten(e.command, 40);
  case event_kind::photo: return "photo";
  case event_kind::button: return "button " + telegram::shorten(e.data, 64);
  case event_kind::other_media: return e.media;
  case event_kind::edited: return "edited, " + std::to_string(e.text.size()) + " bytes";
  case event_kind::blocked: return "blocked the bot";
  case event_kind::unblocked: return "came back";
  case event_kind::payment: return "paid " + std::to_string(e.payment.amount) + " " + e.payment.currency;
  case event_kind::payment_refunded: return "was refunded";
  default: return "";
  }
}

void end_turn(self_ptr self, dialogue::decision d) {
  auto& s = self->state;
  turn t;
  t.update_id = s.queue.front().update_id;
  t.user_id = s.user_id;
  t.at = s.ctx->now();
  t.profile = s.event.from;
  t.state = std::move(d.state);
  t.user_is_gone = s.event.kind == telegram::event_kind::blocked;
  t.user_is_back = !t.user_is_gone && s.event.group_id == 0 && s.event.kind != telegram::event_kind::ignored;
  t.messages = std::move(d.messages);
  t.settings = std::move(d.settings);
  t.journal = std::move(d.journal);
  t.rank = s.who.rank;
  t.uses = std::move(d.uses);
  t.group_is_back = d.group_is_back;
  t.activity = activity_of(s.event);
  t.activity_days = s.ctx->opts().users.activity_days;
  t.mutes = std::move(d.mutes);
  store_turn(self, std::move(t));
}

void by_rules(self_ptr self, const std::function<dialogue::decision(const dialogue&)>& rules);

void announce(self_ptr, const order_answer&) {}
void announce(self_ptr, const payment_answer&) {}
void announce(self_ptr self, const admin_answer& a) {
  auto& s = self->state;
  const auto user = a.profile.user_id;
  if (user <= 0) return;
  const auto before = s.ctx->office->rank_of(user, s.ctx->opts());
  s.ctx->office->knows(user, a.profile.language, a.now.rank);
  if (s.ctx->office->rank_of(user, s.ctx->opts()) != before && s.desk.watchman)
    self->send(s.desk.watchman, rights_changed{});
}
void announce(self_ptr, const broadcast_answer&) {}
void announce(self_ptr self, const step_answer& a) {
  auto& dispatcher = self->state.desk.dispatcher;
  if (a.now.state == job_state::cancelled && dispatcher) self->send(dispatcher, job_cancelled{a.now.job_id});
}

/// The durable operation in the middle of a turn; then the rules hear its answer.
template <class Answer, class Operation, class Half>
void settle(self_ptr self, Operation op, const char* what, Half half) {
  self->request(self->state.desk.ledger, ledger_limit, std::move(op))
      .then(
          [=](const Answer& answer) {
            announce(self, answer);
            by_rules(self, [&](const dialogue& r) { return half(r, self->state, answer); });
          },
          [=](caf::error& e) {
            if (is_refused(e)) give_up(self, std::string{what} + " was refused");
            else try_later(self, what, e);
          });
}

template <class Answer, class Operation>
void settle(self_ptr self, Operation op, const char* what,
            dialogue::decision (dialogue::*half)(const telegram::event&, const account&, const Answer&,
                                                 unix_ms) const) {
  settle<Answer>(self, std::move(op), what, [half](const dialogue& r, session_state& s, const Answer& a) {
    return (r.*half)(s.event, s.who, a, s.ctx->now());
  });
}

void place(self_ptr self, order_request o) {
  settle<order_answer>(self, std::move(o), "the order",
                       [](const dialogue& r, session_state& s, const order_answer& a) {
                         return r.ordered(s.event, s.who, a, s.ctx->now(), s.facts.sales);
                       });
}

template <class Operation> void pay(self_ptr self, Operation op) {
  settle<payment_answer>(
      self, std::move(op), "the payment", [](const dialogue& r, session_state& s, const payment_answer& a) {
        auto d = r.settled(s.event, s.who, a, s.ctx->now());
        const till::voice voice{s.ctx->settings->words, s.ctx->opts()};
        const till::office_chats office{s.ctx->office->people(s.ctx->opts(), right::refund),
                                        s.ctx->office->group_now(s.ctx->opts())};
        for (auto& m : voice.office_news(s.event.kind, a, office)) d.messages.push_back(std::move(m));
        return d;
      });
}

void act(self_ptr self, std::variant<admin_action, open_broadcast, broadcast_step> what) {
  const auto by_admin = [self](auto& op) {
    if constexpr (std::is_same_v<std::decay_t<decltype(op)>, admin_action>)
      settle<admin_answer>(self, std::move(op), "an administrator's act", &dialogue::acted);
    else settle<broadcast_answer>(self, std::move(op), "the broadcast", &dialogue::acted);
  };
  std::visit(by_admin, what);
}

void go_on_written(self_ptr self) {
  by_rules(self, [&](const dialogue& r) {
    auto& s = self->state;
    return r.written(s.event, s.who, s.facts, s.written, s.ctx->now());
  });
}

void decide(self_ptr self);

/// Nothing is stored before it was looked at: after a crash the same update begins anew.
void look_at_picture(self_ptr self, dialogue::decision d) {
  auto& s = self->state;
  const auto take = [self](picture_facts seen) {
    auto& st = self->state;
    st.looked_for = st.event.update_id;
    st.looked = st.facts.picture.emplace(std::move(seen));
    decide(self);
  };
  if (s.looked_for == s.event.update_id) return take(s.looked);
  for (auto& m : d.messages) self->send(s.desk.courier, std::move(m));
  if (!s.desk.pictures) return take({});
  self->request(s.desk.pictures, picture_limit, picture_wanted{d.picture->file_id, "", d.picture->limits})
      .then([take](picture_facts& seen) { take(std::move(seen)); }, [take](caf::error&) { take({}); });
}

/// Too late is as good as never: what was chosen serves then.
void ask_writer(self_ptr self, dialogue::decision d) {
  auto& s = self->state;
  if (s.written_for == s.event.update_id) return go_on_written(self);
  for (auto& m : d.messages) self->send(s.desk.courier, std::move(m));
  const auto take = [self](const http_reply& reply) {
    auto& st = self->state;
    if (reply.status == 401 || reply.status == 403)
      log("writing")->error("the prompt writer refuses our key ({}); photos go without it", reply.status);
    st.written = writing::outcome(*st.ctx->settings, reply);
    st.written_for = st.event.update_id;
    go_on_written(self);
  };
  http_reply none;
  none.error = http_error::lost;
  if (!s.desk.writer) return take(none);
  const std::chrono::seconds limit{s.ctx->opts().prompt_writer.time_limit_s};
  self->request(s.desk.writer, limit, writing::question(*s.ctx->settings, *d.writing))
      .then([take](http_reply& reply) { take(reply); }, [take, none](caf::error&) { take(none); });
}

void by_rules(self_ptr self, const std::function<dialogue::decision(const dialogue&)>& rules) {
  dialogue::decision d;
  try {
    d = rules(*self->state.rules);
  } catch (const std::exception& e) {
    return give_up(self, e.what());
  }
  if (d.ask_about != 0) self->send(self->state.desk.cashier, payment_asked{d.ask_about});
  if (d.purchase) return std::visit([self](auto& p) { pay(self, std::move(p)); }, *d.purchase);
  if (d.office) return act(self, std::move(*d.office));
  if (d.picture) return look_at_picture(self, std::move(d));
  if (d.writing) return ask_writer(self, std::move(d));
  if (d.step) return settle(self, std::move(*d.step), "the cancelling", &dialogue::stepped);
  if (d.order) return place(self, std::move(*d.order));
  end_turn(self, std::move(d));
}

void decide(self_ptr self) {
  by_rules(self, [self](const dialogue& r) {
    auto& s = self->state;
    return r.decide(s.event, s.who, s.facts, s.ctx->now());
  });
}

/// Asks for what the screen wants to see; `keep` puts the answer among the facts, then the rules decide.
template <class Answer, class Actor, class Question, class Keep>
void fetch(self_ptr self, const Actor& whom, Question question, Keep keep) {
  self->request(whom, answer_limit, std::move(question))
      .then(
          [=](Answer& a) {
            keep(self->state.facts, a);
            decide(self);
          },
          [=](caf::error& e) { try_later(self, "reading the history", e); });
}

void gather_facts(self_ptr self);

/// What answers a message of ours may be for the writer of a letter: the store knows whose it is. No letter:
/// then it is as any other.
void find_letter(self_ptr self) {
  auto& s = self->state;
  s.letter_looked_for = s.event.update_id;
  user_query whose;
  whose.letter_chat = s.event.answered_chat, whose.letter_message = s.event.answered_id;
  self->request(s.desk.analyst, answer_limit, office_inquiry{office_question{whose}})
      .then(
          [=](const office_report& r) {
            const auto* card = std::get_if<user_card>(&r.what);
            self->state.event.letter_of = card ? card->who.user_id : 0;
            gather_facts(self);
          },
          [=](caf::error& e) { try_later(self, "reading whose letter it is", e); });
}

void gather_facts(self_ptr self) {
  auto& s = self->state;
  if (s.letter_looked_for != s.event.update_id && dialogue::may_be_answer(s.event, s.who))
    return find_letter(self);
  s.facts = {};
  if (s.looked_for == s.event.update_id) s.facts.picture = s.looked;
  s.facts.sales = s.ctx->sales->look(s.ctx->now());
  s.facts.seats = s.ctx->office->seats(s.ctx->opts(), right::answer);
  if (auto question = s.rules->office_question_of(s.event, s.who, s.ctx->now()))
    return fetch<office_report>(self, s.desk.analyst, office_inquiry{std::move(*question)},
                                [](screen_facts& f, office_report& r) { f.office = std::move(r.what); });
  switch (s.rules->wanted(s.event)) {
  case dialogue::facts::none: return decide(self);
  case dialogue::facts::entries:
    return fetch<entries_page>(self, s.desk.reader, entries_query{s.user_id, 0, entries_shown_max},
                               [](screen_facts& f, entries_page& p) { f.entries = std::move(p.entries); });
  case dialogue::facts::jobs:
    return fetch<jobs_page>(self, s.desk.reader, jobs_query{s.user_id, 0, jobs_shown_max},
                            [](screen_facts& f, jobs_page& p) { f.jobs = std::move(p.jobs); });
  case dialogue::facts::payments:
    return fetch<payments_page>(
        self, s.desk.reader, payments_query{s.rules->payments_of(s.event), 0, payments_shown_max},
        [](screen_facts& f, payments_page& p) { f.payments = std::move(p.payments); });
  case dialogue::facts::mutes:
    return fetch<mutes_page>(self, s.desk.reader, mutes_query{s.user_id},
                             [](screen_facts& f, mutes_page& p) { f.mutes = std::move(p.categories); });
  case dialogue::facts::payment:
    return fetch<payment>(self, s.desk.reader, s.rules->payment_named(s.event),
                          [](screen_facts& f, payment& p) { f.payments = {std::move(p)}; });
  }
}

/// The configuration counts at every turn; whoever was named stays so until that is taken back.
void note_rights(session_state& s) {
  const auto named = s.who.rank;
  s.who.rank = role_of(s.user_id, s.ctx->opts().users.admin_ids, named);
  if (s.who.rank == role::none) return;
  auto& told = s.event.from.language;
  s.ctx->office->knows(s.user_id, told.empty() ? s.who.language : told, named);
}

void welcome(self_ptr self) {
  auto& s = self->state;
  auto& u = s.ctx->opts().users;
  const auto founder = s.user_id == u.founder_id ? u.founder_credits : 0;
  self->request(s.desk.ledger, ledger_limit,
                register_user{s.event.from, s.ctx->now(), u.welcome_credits, founder})
      .then(
          [=](account& a) {
            self->state.who = std::move(a);
            note_rights(self->state);
            gather_facts(self);
          },
          [=](caf::error& e) { try_later(self, "the registration", e); });
}

void know(self_ptr self, account who) {
  auto& s = self->state;
  s.who = std::move(who);
  note_rights(s);
  // Who answers the bot in a group is no new user of it.
  if (s.who.registered || s.event.group_id != 0) gather_facts(self);
  else welcome(self);
}

void begin_turn(self_ptr self) {
  auto& s = self->state;
  s.busy = !s.queue.empty();
  if (!s.busy) return;
  s.event = telegram::event_in(s.queue.front());
  s.letter_looked_for = -1;
  s.event.update_id = s.queue.front().update_id; // ours, which is no other update's
  if (s.event.from.user_id == 0) s.event.from.user_id = s.user_id;
  s.rules.emplace(*s.ctx->settings);
  // What came with the update serves once, and when the turn before is part of it: two hand-overs between
  // threads less, a tenth of a step's CPU.
  const auto known = std::exchange(s.queue.front().who, nullptr);
  if (known && s.queue.front().stored_in > s.stored_in) return know(self, *known);
  self->request(s.desk.reader, answer_limit, account_query{s.user_id})
      .then([=](account& a) { know(self, std::move(a)); },
            [=](caf::error& e) { try_later(self, "reading the account", e); });
}

session_actor::behavior_type session(self_ptr self, const context_ptr& ctx, std::int64_t user_id,
                                     const router_actor& router, const front_desk& desk) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.user_id = user_id, s.router = router, s.desk = desk;
  return {
      [self](incoming_update& u) {
        self->state.queue.push_back(std::move(u));
        if (!self->state.busy) begin_turn(self);
      },
      [self](wake) { begin_turn(self); },
  };
}

} // namespace

session_actor spawn_session(caf::actor_system& sys, context_ptr ctx, std::int64_t user_id,
                            router_actor router, front_desk desk) {
  return sys.spawn(session, std::move(ctx), user_id, std::move(router), std::move(desk));
}

} // namespace troupe
