#include "actors/backoff.hpp"
#include "actors/log.hpp"
#include "actors/spawn.hpp"
#include "net/telegram.hpp"
#include <map>

namespace troupe {
namespace {

constexpr auto longest_wait = std::chrono::seconds{30};
constexpr auto longest_halt = std::chrono::seconds{5}; // users wait for a word, and asking costs little
constexpr std::size_t posts_unanswered_max = 256;      // each holds a web thread; Telegram keeps the rest

/// At-least-once intake: a batch is durable before the offset moves past it.
struct poller_state {
  poller_state() {}
  static inline const char* name = "poller";
  context_ptr ctx;
  http_actor http;
  ledger_actor ledger;
  router_actor router;
  std::int64_t offset = 0;
  int failures = 0;
  bool way_is_set = false; ///< Telegram knows which way updates come
  std::size_t posts_unanswered = 0;
  bool by_webhook() const { return !ctx->webhook_url().empty(); }
};
using self_ptr = poller_actor::stateful_pointer<poller_state>;

void poll_again(self_ptr self) { self->send(self, wake{}); }

void poll_later(self_ptr self, const std::string& why, std::chrono::milliseconds at_least = {},
                std::chrono::seconds at_most = longest_wait) {
  auto wait = std::max(at_least, backoff(self->state.failures++, at_most));
  wait +=
      std::chrono::milliseconds{self->state.ctx->now() % 250}; // spread, so that engines do not march in step
  log("poller")->warn("no updates: {}. Next try in {} ms", why, wait.count());
  self->delayed_send(self, wait, wake{});
}

/// Users by language, as far as the updates tell. Reads each update again: for bad days only.
std::map<std::int64_t, std::string> senders_of(const std::vector<incoming_update>& updates) {
  std::map<std::int64_t, std::string> senders;
  for (auto& u : updates)
    if (u.user_id != 0) senders[u.user_id] = telegram::event_in(u).from.language;
  return senders;
}

void hand_over(self_ptr self, std::vector<incoming_update> updates, std::int64_t next) {
  auto& s = self->state;
  auto kept = std::make_shared<const std::vector<incoming_update>>(updates);
  // Without a limit: what is stored after we gave up would be known, hence not fresh, when we ask again,
  // and nobody would handle it. The ledger answers, or the whole cast begins anew from the disk.
  self->request(s.ledger, caf::infinite, accept_updates{std::move(updates), s.ctx->now()})
      .then(
          [=](accepted_updates& stored) {
            self->state.offset = next;
            self->state.failures = 0;
            self->request(self->state.router, caf::infinite, std::move(stored)) // answers when there is room
                .then([=](done) { poll_again(self); },
                      [=](caf::error&) { poll_later(self, "the router is gone"); });
          },
          [=](caf::error&) {
            for (auto& [user_id, language] : senders_of(*kept))
              self->send(self->state.router, update_stuck{user_id, language});
            poll_later(self, "the ledger could not store them", {}, longest_halt);
          });
}

/// What is no list of updates: a refusal, or a proxy's page.
void understand_refusal(self_ptr self, const http_reply& reply) {
  auto& s = self->state;
  const auto answer = telegram::read_answer(reply);
  if (answer.what == telegram::outcome::conflict && answer.description.find("webhook") != std::string::npos) {
    log("poller")->warn("a webhook is set, and WEBHOOK_URL is not: it is removed");
    s.way_is_set = false;
    poll_again(self);
  } else if (answer.what == telegram::outcome::conflict) {
    s.ctx->health->poll_conflict = true;
    poll_later(self, "another program polls with this token (" + answer.description + "); stop it",
               std::chrono::seconds{5});
  } else {
    poll_later(self,
               answer.what == telegram::outcome::delivered ? "an answer without a list" : answer.description,
               std::chrono::milliseconds{answer.retry_after_ms});
  }
}

void understand(self_ptr self, telegram::update_batch batch) {
  auto& s = self->state;
  for (auto& u : batch.unreadable)
    log("poller")->error("update {} cannot be read and is set aside: {}", u.update_id, u.excerpt);
  s.ctx->health->poll_conflict = false;
  s.ctx->health->last_poll_at = s.ctx->now();
  const auto next = batch.last_id != 0 ? std::max(s.offset, batch.last_id + 1) : s.offset + 1;
  if (!batch.empty())
    return hand_over(self, std::move(batch.updates), next); // not done before they are stored
  s.failures = 0;
  poll_again(self);
}

void poll(self_ptr self) {
  auto& s = self->state;
  auto& t = s.ctx->opts().telegram;
  self->request(s.http, caf::infinite,
                telegram::get_updates({t.api_url, t.bot_token}, s.offset, t.poll_timeout_s, t.poll_batch_max))
      .then(
          [=](const http_reply& reply) {
            if (reply.error == http_error::stopped) return; // the engine stops
            telegram::update_batch updates;
            try { // first as what it nearly always is: a batch is parsed once
              updates = telegram::read_updates(reply);
            } catch (const telegram::bad_answer&) {
              return understand_refusal(self, reply);
            }
            understand(self, std::move(updates));
          },
          [=](caf::error&) { poll_later(self, "the HTTP worker is gone"); });
}

/// A webhook is told at every start. Polling need not be: only a webhook of earlier days forbids it.
void set_way(self_ptr self) {
  auto& s = self->state;
  const telegram::bot bot{s.ctx->opts().telegram.api_url, s.ctx->opts().telegram.bot_token};
  self->request(s.http, caf::infinite,
                s.by_webhook() ? telegram::set_webhook(bot, s.ctx->webhook_url(), s.ctx->webhook_secret)
                               : telegram::delete_webhook(bot))
      .then(
          [=](const http_reply& reply) {
            if (reply.error == http_error::stopped) return;
            auto& st = self->state;
            const auto a = telegram::read_answer(reply);
            if (a.what != telegram::outcome::delivered) return poll_later(self, a.description);
            st.way_is_set = true;
            st.ctx->health->webhook_set = st.by_webhook();
            st.failures = 0;
            st.ctx->health->last_poll_at = st.ctx->now();
            if (st.by_webhook()) log("poller")->info("updates come to {}", st.ctx->webhook_url());
            else poll_again(self);
          },
          [=](caf::error&) { poll_later(self, "the HTTP worker is gone"); });
}

/// Stored first, answered then: what was answered is never lost.
caf::result<done> posted(self_ptr self, posted_update& x) {
  auto& s = self->state;
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
  self->request(s.ledger, caf::infinite, std::move(batch))
      .then(
          [=](accepted_updates& stored) {
            self->state.ctx->health->last_poll_at = self->state.ctx->now();
            self->request(self->state.router, caf::infinite, std::move(stored))
                .then(
                    [=](done d) mutable {
                      --self->state.posts_unanswered;
                      rp.deliver(d);
                    },
                    failed);
          },
          [=](caf::error& e) mutable {
            if (sender.user_id != 0) self->send(self->state.router, sender);
            failed(e);
          });
  return rp;
}

poller_actor::behavior_type poller(self_ptr self, const context_ptr& ctx, const http_actor& http,
                                   const ledger_actor& ledger, const router_actor& router,
                                   std::int64_t offset) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.http = http, s.ledger = ledger, s.router = router, s.offset = offset;
  s.way_is_set = !s.by_webhook();
  poll_again(self);
  return {
      [self](wake) {
        if (!self->state.way_is_set) set_way(self);
        else if (!self->state.by_webhook()) poll(self);
      },
      [self](posted_update& x) { return posted(self, x); },
  };
}

} // namespace

poller_actor spawn_poller(caf::actor_system& sys, context_ptr ctx, http_actor http, ledger_actor ledger,
                          router_actor router, std::int64_t next_offset) {
  return sys.spawn(poller, std::move(ctx), std::move(http), std::move(ledger), std::move(router),
                   next_offset);
}

} // namespace troupe
