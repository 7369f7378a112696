#include "actors/backoff.hpp"
#include "actors/courier_queue.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "messages/own_json.hpp"
#include "net/outside_answer.hpp"
#include "net/telegram.hpp"
#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace troupe {
namespace {

using nlohmann::json;
using clock_type = courier_queue::clock;

constexpr auto bulk_retry_wait = std::chrono::seconds{5};
constexpr std::size_t slots_remembered_max = 100'000; // older ones are found in the store
/// Of an answer to a button. Its query dies after 15 s or so, and the button stops spinning by itself.
constexpr int answer_refusals_max = 3;
constexpr auto answer_wait_max = std::chrono::seconds{10};
constexpr int tries_max = 8; // of a message that is stored; 1+2+4+..+60 s
constexpr auto retry_wait_max = std::chrono::seconds{60};
/// A shorter silence is over before a new engine speaks; a longer one is stored, or a restart breaks it.
constexpr unix_ms long_silence_ms = 5'000;
/// So many of the senders, of each four, never carry bulk: a live answer always finds one free.
constexpr std::size_t live_senders_of_four = 1;

struct courier_state {
  explicit courier_state() : queue{courier_limits{}} {}
  static inline const char* name = "courier";
  context_ptr ctx;
  http_actor http;
  ledger_actor ledger;
  courier_queue queue;
  std::size_t in_flight = 0, bulk_in_flight = 0;
  std::unordered_map<std::string, std::int64_t> slots; ///< "chat/slot" -> message
  std::deque<std::string> slot_order;
  std::unordered_map<std::string, std::size_t> shown; ///< the same, a hash of what was last put there
  std::unordered_map<std::int64_t, int> tries;        ///< by outbox id
  /// Of broadcasts, by broadcast and chat: who posted it waits for what becomes of it.
  std::map<std::pair<std::int64_t, std::int64_t>, caf::typed_response_promise<post_result>> posts;
  /// Broadcasts with posts under way that shall not be tried again; until the next post of the same.
  std::unordered_set<std::int64_t> recalled;

  std::size_t senders() const { return static_cast<std::size_t>(ctx->opts().telegram.senders); }
  bool bulk_may_go() const {
    return bulk_in_flight + std::max<std::size_t>(1, senders() * live_senders_of_four / 4) <
           std::max<std::size_t>(senders(), 2);
  }
  std::uint64_t round = 0;
  std::optional<clock_type::time_point> alarm;

  static std::string slot_key(const outgoing& m) { return std::to_string(m.chat_id) + "/" + m.slot; }

  void remember(const outgoing& m, std::int64_t message_id) {
    if (m.slot.empty() || message_id == 0) return;
    auto key = slot_key(m);
    if (slots.insert_or_assign(key, message_id).second) slot_order.push_back(key);
    while (slot_order.size() > slots_remembered_max) {
      slots.erase(slot_order.front());
      shown.erase(slot_order.front());
      slot_order.pop_front();
    }
  }
  /// Several jobs of an order speak in one slot: a progress that changes nothing is not sent.
  bool shows_already(const outgoing& m, const std::string& params) {
    if (m.slot.empty() || message_in(m) == 0) return false;
    auto& last = shown[slot_key(m)];
    const auto now = std::hash<std::string>{}(params);
    return std::exchange(last, now) == now && m.urgency == lane::progress;
  }
  std::int64_t message_in(const outgoing& m) const {
    auto it = slots.find(slot_key(m));
    return it != slots.end() ? it->second : m.slot_message_id;
  }
};
using self_ptr = courier_actor::stateful_pointer<courier_state>;

void pump(self_ptr self);

/// The one place where stored parameters are read; what is no object has none.
json params_of(const outgoing& m) {
  auto params = own_json::try_read(m.params);
  return params.is_object() ? params : json::object();
}
void set_params(outgoing& m, const json& params) {
  m.params = params.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool is_method(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// A message into a filled slot becomes an edit. Nothing when there is nothing to edit yet.
std::optional<outgoing> fit_slot(const courier_state& s, outgoing m) {
  if (m.slot.empty()) return m;
  auto message_id = s.message_in(m);
  const bool removal = m.method == "deleteMessage";
  if (message_id == 0) {
    if (removal) return std::nullopt;
    if (m.urgency == lane::progress) return std::nullopt;
    return m;
  }
  auto params = params_of(m);
  params["message_id"] = message_id;
  set_params(m, params);
  if (!removal) m.method = "editMessageText";
  return m;
}

void report(self_ptr self, const outgoing& m, delivery_report r) {
  auto& s = self->state;
  if (m.outbox_id != 0) {
    s.tries.erase(m.outbox_id);
    r.outbox_id = m.outbox_id;
    r.at = s.ctx->now();
    r.chat_id = m.chat_id;
    r.slot = m.slot;
    r.job_id = m.job_id;
    const bool of_office = m.office != office_mail::no || m.chat_id < 0;
    if (!r.delivered && !r.unreadable && r.moved_to == 0 && of_office)
      r.instead = s.ctx->office->instead_of(m.chat_id, s.ctx->opts(),
                                            m.office == office_mail::letter ? right::answer : right::alarms);
    if (!r.chat_gone && s.ctx->opts().storage.keep_files_h == 0)
      for (auto& u : m.uploads) r.files.push_back(u.path);
    self->send(s.ledger, std::move(r));
  }
}

/// What stood in the file and is no message of ours: a fall over it would be one at every start.
void set_aside(self_ptr self, const outgoing& m) {
  log("courier")->error("message {} to chat {} cannot be read and is set aside: {} {}", m.outbox_id,
                        m.chat_id, telegram::shorten(m.method, 40), telegram::shorten(m.params, 100));
  report(self, m, {.unreadable = true, .why = "the stored message cannot be read"});
}

/// A button spins until it is answered; nothing else that is not stored is worth another try.
bool is_spinning(const outgoing& m, const telegram::answer& a) {
  return m.urgency == lane::answer && a.undone && m.refusals < answer_refusals_max &&
         std::chrono::milliseconds{a.retry_after_ms} <= answer_wait_max;
}

void again(self_ptr self, outgoing m, const telegram::answer& a) {
  auto& s = self->state;
  const std::chrono::milliseconds wait{a.retry_after_ms};
  if (m.outbox_id == 0) {
    if (!is_spinning(m, a)) return s.queue.hush(m, self->clock().now(), wait); // Telegram's silence is kept
    ++m.refusals;
    return s.queue.retry(std::move(m), self->clock().now(), wait);
  }
  auto tries = ++s.tries[m.outbox_id];
  if (a.what == telegram::outcome::unsure && tries > tries_max) {
    log("courier")->error("a {} to chat {} is given up after {} tries: {}", m.method, m.chat_id, tries,
                          a.description);
    report(self, m, {.why = a.description});
    return s.queue.finish(m, self->clock().now());
  }
  if (a.retry_after_ms >= long_silence_ms)
    self->send(s.ledger,
               delivery_report{.outbox_id = m.outbox_id, .not_before = s.ctx->now() + a.retry_after_ms});
  if (a.retry_after_ms > 0)
    s.queue.flooded(std::move(m), self->clock().now(), std::chrono::milliseconds{a.retry_after_ms});
  else s.queue.retry(std::move(m), self->clock().now(), backoff(tries - 1, retry_wait_max));
}

/// The message to edit is not there any more: say it in a new one.
void say_anew(self_ptr self, outgoing m) {
  auto& s = self->state;
  s.slots.erase(courier_state::slot_key(m));
  m.slot_message_id = 0;
  if (m.method == "editMessageText" || !m.slot.empty()) {
    auto params = params_of(m);
    params.erase("message_id");
    set_params(m, params);
    m.method = "sendMessage";
    return s.queue.retry(std::move(m), self->clock().now(), {});
  }
  report(self, m, {.why = "the message to edit is gone"});
  s.queue.finish(m, self->clock().now());
}

/// Telegram does not name the message when an edit changed nothing.
std::int64_t edited_by(const outgoing& m) {
  if (m.method != "editMessageText") return 0;
  const auto params = params_of(m);
  const auto id = params.find("message_id");
  return id != params.end() && id->is_number_integer() ? id->get<std::int64_t>() : 0;
}

/// Perhaps Telegram takes the file as a file. It is checked what goes with it: what only videos have would be
/// one more reason to refuse.
outgoing as_document(outgoing m) {
  const auto all = params_of(m);
  json kept = json::object();
  for (const char* name :
       {"chat_id", "message_thread_id", "caption", "parse_mode", "caption_entities", "disable_notification",
        "protect_content", "message_effect_id", "reply_parameters", "reply_markup"})
    if (const auto it = all.find(name); it != all.end()) kept[name] = *it;
  set_params(m, kept);
  m.method = "sendDocument";
  for (auto& u : m.uploads)
    if (u.field == "video") u.field = "document";
  return m;
}

// -- of broadcasts --

void tell_poster(self_ptr self, const outgoing& m, recipient became, unix_ms answered_in_ms = 0) {
  auto& s = self->state;
  const auto it = s.posts.find({m.broadcast_id, m.chat_id});
  if (it == s.posts.end()) return;
  became.user_id = m.chat_id;
  auto promise = std::move(it->second);
  s.posts.erase(it);
  const auto other = s.posts.lower_bound({m.broadcast_id, std::numeric_limits<std::int64_t>::min()});
  if (other == s.posts.end() || other->first.first != m.broadcast_id) s.recalled.erase(m.broadcast_id);
  promise.deliver(post_result{std::move(became), answered_in_ms});
}

std::string joined(const std::vector<std::int64_t>& ids) {
  std::string all;
  for (const auto id : ids) all += (all.empty() ? "" : ",") + std::to_string(id);
  return all;
}

/// Only what Telegram has certainly not done is sent again; a deletion or an edit may be repeated.
bool is_worth_another_try(const outgoing& m, const telegram::answer& a) {
  using telegram::outcome;
  const bool repeatable = m.method.rfind("edit", 0) == 0 || m.method.rfind("delete", 0) == 0;
  if (a.what == outcome::wait_and_retry) return a.undone || repeatable;
  return a.what == outcome::conflict || a.what == outcome::give_up ||
         (a.what == outcome::unsure && repeatable);
}

void settle_post(self_ptr self, outgoing m, const telegram::answer& a, unix_ms answered_in_ms) {
  auto& s = self->state;
  const auto now = self->clock().now();
  using telegram::outcome;
  if (is_worth_another_try(m, a)) {
    if (s.recalled.count(m.broadcast_id) != 0) { // it has not been done, and is not to be done now
      tell_poster(self, m, {});
      return s.queue.hush(m, now, std::chrono::milliseconds{a.undone ? a.retry_after_ms : 0});
    }
    if (a.retry_after_ms > 0 && a.undone)
      return s.queue.flooded(std::move(m), now, std::chrono::milliseconds{a.retry_after_ms});
    return s.queue.retry(std::move(m), now, a.what == outcome::give_up ? retry_wait_max : bulk_retry_wait);
  }
  recipient r;
  r.why = a.description;
  switch (a.what) {
  case outcome::delivered: r = {0, recipient_state::sent, a.message_id, joined(a.more), {}}; break;
  case outcome::chat_gone: r.state = recipient_state::blocked; break;
  case outcome::unsure:
  case outcome::wait_and_retry: r.state = recipient_state::unknown; break;
  case outcome::message_gone: // what is to be deleted is away
    r.state = m.method.rfind("delete", 0) == 0 ? recipient_state::sent : recipient_state::failed;
    break;
  default: r.state = recipient_state::failed; break;
  }
  tell_poster(self, m, std::move(r), answered_in_ms);
  s.queue.finish(m, now);
}

bool is_file_missing(const telegram::answer& a) {
  return a.description.find(outside::file_missing) != std::string::npos;
}

void settle(self_ptr self, outgoing m, const telegram::answer& a) {
  auto& s = self->state;
  auto now = self->clock().now();
  using telegram::outcome;
  switch (a.what) {
  case outcome::delivered: {
    const auto message_id = a.message_id != 0 ? a.message_id : edited_by(m);
    s.remember(m, message_id);
    report(self, m, {.delivered = true, .message_id = message_id, .file_id = a.file_id});
    return s.queue.finish(m, now);
  }
  case outcome::wait_and_retry:
  case outcome::unsure:
  case outcome::conflict: return again(self, std::move(m), a);
  case outcome::give_up:
    log("courier")->error("Telegram refuses the token; nothing can be sent: {}", a.description);
    s.ctx->health->ails(ailment::token_refused, "Telegram refuses the bot's token: " + a.description);
    return s.queue.retry(std::move(m), now, retry_wait_max);
  case outcome::chat_gone:
    log("courier")->info("chat {} is gone: {}", m.chat_id, a.description);
    if (a.migrated_to != 0) s.ctx->office->moved(m.chat_id, a.migrated_to);
    report(self, m, {.chat_gone = true, .why = a.description, .moved_to = a.migrated_to});
    return s.queue.finish(m, now);
  case outcome::message_gone:
    if (m.urgency == lane::progress) return s.queue.finish(m, now);
    if (m.method == "deleteMessage") { // gone already, or too old: it stays
      report(self, m, {.delivered = true});
      return s.queue.finish(m, now);
    }
    return say_anew(self, std::move(m));
  case outcome::our_mistake:
    if (m.job_id != 0) // its job tells administrators, when nothing helps
      log("courier")->warn("{} to chat {} was refused: {}", m.method, m.chat_id, a.description);
    else if (m.urgency != lane::answer)
      log("courier")->error("{} to chat {} was refused: {}", m.method, m.chat_id, a.description);
    if (a.description.find("can't parse entities") != std::string::npos &&
        m.params.find("parse_mode") != std::string::npos) {
      auto params = params_of(m); // our fault must not leave the user without an answer
      params.erase("parse_mode");
      set_params(m, params);
      return s.queue.retry(std::move(m), now, {});
    }
    if (m.method == "sendVideo" && !m.uploads.empty() && !is_file_missing(a))
      return s.queue.retry(as_document(std::move(m)), now, {});
    report(self, m, {.why = a.description});
    return s.queue.finish(m, now);
  }
}

void send_out(self_ptr self, outgoing m) {
  auto& s = self->state;
  auto fitted = fit_slot(s, m);
  if (!fitted) { // there is nothing to change
    report(self, m, {.delivered = true});
    return s.queue.finish(m, self->clock().now());
  }
  if (s.shows_already(m, fitted->params)) return s.queue.finish(m, self->clock().now());
  auto& t = s.ctx->opts().telegram;
  ++s.in_flight;
  const bool bulk = courier_queue::is_bulk(m);
  s.bulk_in_flight += bulk;
  auto answered = [=, left_at = s.ctx->now(), m = std::move(m)](const http_reply& reply) mutable {
    --self->state.in_flight;
    self->state.bulk_in_flight -= bulk;
    const auto a = telegram::read_answer(reply);
    if (m.broadcast_id != 0)
      settle_post(self, std::move(m), a, std::max<unix_ms>(1, self->state.ctx->now() - left_at));
    else settle(self, std::move(m), a);
    pump(self);
  };
  self->request(s.http, caf::infinite, telegram::call({t.api_url, t.bot_token}, *fitted))
      .then(answered, [=](caf::error&) mutable {
        http_reply lost;
        lost.error = http_error::lost;
        answered(lost);
      });
}

/// For whoever asks for the engine's health.
void tell_lanes(const courier_state& s) {
  auto& h = *s.ctx->health;
  for (std::size_t l = 0; l < lane_count; ++l)
    h.lanes[l].store(s.queue.waiting(static_cast<lane>(l)), std::memory_order_relaxed);
  h.sending.store(s.in_flight, std::memory_order_relaxed);
}

/// Works off what is due, then arms at most one timer.
void pump(self_ptr self) {
  auto& s = self->state;
  const auto limit = s.senders();
  s.queue.set_bulk_per_second(s.ctx->opts().telegram.bulk_messages_per_second);
  while (s.in_flight < limit) {
    auto m = s.queue.next(self->clock().now(), s.bulk_may_go());
    if (!m) break;
    send_out(self, std::move(*m));
  }
  tell_lanes(s);
  if (s.in_flight >= limit) return; // an answer will pump again
  auto at = s.queue.next_at(s.bulk_may_go());
  auto now = self->clock().now();
  if (!at || *at <= now || (s.alarm && *s.alarm <= *at && *s.alarm > now)) return;
  s.alarm = at;
  self->delayed_send(self, *at - now, wake{++s.round});
}

/// Queues it. Which message an edit is about, the queue must know: money does not pass it.
void take_in(self_ptr self, outgoing m) {
  auto& s = self->state;
  const auto now = self->clock().now();
  if (!is_method(m.method)) return set_aside(self, m);
  if (const auto wait = m.not_before - s.ctx->now(); wait > 0)
    s.queue.hold(m.chat_id, now, std::chrono::milliseconds{std::min(wait, day_ms)});
  if (m.slot.empty() && m.topic.empty())
    if (const auto edited = edited_by(m)) m.topic = "edit:" + std::to_string(edited);
  if (!m.slot.empty()) m.slot_message_id = s.message_in(m);
  for (const auto& old : s.queue.push(std::move(m), now)) // nothing of it is lost: the newer says it
    report(self, old, {.delivered = true});
}

courier_actor::behavior_type courier(self_ptr self, const context_ptr& ctx, const http_actor& http,
                                     const ledger_actor& ledger) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.http = http, s.ledger = ledger;
  auto& t = ctx->opts().telegram;
  s.queue = courier_queue{{t.live_messages_per_second, t.bulk_messages_per_second, t.paid_messages_per_second,
                           t.chat_messages_per_second, t.chat_burst_messages}};
  return {
      [self](committed_messages& x) {
        for (auto& m : x.messages) take_in(self, std::move(m));
        pump(self);
      },
      [self](outgoing& m) {
        take_in(self, std::move(m));
        pump(self);
      },
      [self](broadcast_post& x) -> caf::result<post_result> {
        auto& st = self->state;
        auto promise = self->make_response_promise<post_result>();
        st.recalled.erase(x.what.broadcast_id);
        st.posts[{x.what.broadcast_id, x.what.chat_id}] = promise;
        st.queue.push(std::move(x.what), self->clock().now());
        pump(self);
        return promise;
      },
      [self](const recall_broadcast& x) {
        auto& st = self->state;
        const auto any = st.posts.lower_bound({x.broadcast_id, std::numeric_limits<std::int64_t>::min()});
        if (any != st.posts.end() && any->first.first == x.broadcast_id) st.recalled.insert(x.broadcast_id);
        for (auto& m : st.queue.withdraw(x.broadcast_id)) tell_poster(self, m, {});
      },
      [self](const wake& w) {
        if (w.round == self->state.round) self->state.alarm.reset();
        pump(self);
      },
  };
}

} // namespace

courier_actor spawn_courier(caf::actor_system& sys, context_ptr ctx, http_actor http, ledger_actor ledger) {
  return sys.spawn(courier, std::move(ctx), std::move(http), std::move(ledger));
}

} // namespace troupe
