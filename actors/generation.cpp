#include "actors/backoff.hpp"
#include "actors/dialogue.hpp"
#include "actors/log.hpp"
#include "actors/picture_check.hpp"
#include "actors/provider.hpp"
#include "actors/spawn.hpp"
#include "net/telegram.hpp"
#include "net/web_server.hpp"
#include <filesystem>

namespace troupe {
namespace {

constexpr int submit_tries_max = 4;  // refused submits; waits of 10, 20, 40 s between them
constexpr int prepare_tries_max = 4; // fetching and uploading the user's photo
constexpr int fetch_tries_max = 6;   // downloading the result
constexpr int inspect_tries_max = 3;
constexpr auto step_limit = std::chrono::seconds{30};
constexpr auto inspect_limit = std::chrono::seconds{120};
constexpr unix_ms progress_every_ms = 10'000;
constexpr auto ledger_retry = std::chrono::seconds{2};

/// One job from its submit to the file in our hands. Every step is on disk before the next begins.
struct generation_state {
  generation_state() {}
  static inline const char* name = "generation";
  context_ptr ctx;
  job_desk desk;
  dispatcher_actor dispatcher;
  job j;
  std::optional<job_voice> voice;
  int tries = 0;           ///< of the present step
  std::uint64_t round = 0; ///< of the timer
  std::function<void()> on_timer;
  unix_ms progress_at = 0;
  bool polling = false, polled = false;
  std::string told_task; ///< The provider's callback named it before the answer to our submit did.

  const config::options::kie_options& kie_opts() const { return ctx->opts().kie; }
  kie::endpoint endpoint() const { return kie_endpoint(ctx->opts(), j.key_name); }
  bool is_late() const { return j.state == job_state::overdue; } ///< The credits are back with the user.
  telegram::bot bot() const { return {ctx->opts().telegram.api_url, ctx->opts().telegram.bot_token}; }
  std::string file(const char* ending) const {
    return ctx->opts().storage.files_dir + "/job-" + std::to_string(j.job_id) + ending;
  }
};
using self_ptr = generation_actor::stateful_pointer<generation_state>;

void proceed(self_ptr self);
void fail(self_ptr self, const std::string& why, const std::string& text);
void watch(self_ptr self);

void leave(self_ptr self, unix_ms took = 0) {
  self->send(self->state.dispatcher, job_over{self->state.j.job_id, self->state.j.spec.model_id, took});
  self->quit();
}

/// One pending timer; a new one replaces it.
void later(self_ptr self, std::chrono::milliseconds wait, std::function<void()> what) {
  self->state.on_timer = std::move(what);
  self->delayed_send(self, wait, wake{++self->state.round});
}

job_step step_to(self_ptr self, job_state to) {
  job_step step;
  step.job_id = self->state.j.job_id;
  step.at = self->state.ctx->now();
  step.to = to;
  return step;
}

/// Stores the step, then goes on with `next`. A store in trouble is asked again until it answers.
void take(self_ptr self, job_step step, std::function<void()> next) {
  self->request(self->state.desk.ledger, step_limit, step)
      .then(
          [=](step_answer& a) {
            auto& s = self->state;
            s.j = std::move(a.now);
            s.tries = 0;
            if (!a.changed && s.j.state != step.to) { // a fallen predecessor's last step was stored after all
              log("generation")->warn("job {} is already {}", s.j.job_id, name_of(s.j.state));
              return proceed(self);
            }
            next();
          },
          [=](caf::error&) { later(self, ledger_retry, [=] { take(self, step, next); }); });
}

void say(job_step& step, job_voice::speech words) {
  step.messages = std::move(words.messages);
  step.finale = std::move(words.finale);
}

void fail(self_ptr self, const std::string& why, const std::string& text) {
  auto& s = self->state;
  log("generation")->warn("job {} failed: {} ({})", s.j.job_id, why, text);
  auto step = step_to(self, job_state::failed);
  step.fail_class = s.j.fail_class = why;
  step.fail_text = s.j.fail_text = telegram::shorten(text, 300);
  if (!s.is_late()) say(step, s.voice->failed(s.j)); // else the user was told at the limit
  take(self, std::move(step), [=] { leave(self); });
}

void show_progress(self_ptr self) {
  auto& s = self->state;
  auto now = s.ctx->now();
  if (now - s.progress_at < progress_every_ms) return;
  s.progress_at = now;
  self->send(s.desk.courier, s.voice->progress(s.j, now));
}

// -- submit --

bool is_about_a_key(const kie::submit_answer& a) {
  return a.key_refused || a.why == kie::fail_class::billing;
}

submit_word word_for(const kie::submit_answer& a) {
  using enum submit_word;
  if (a.what == kie::submit_answer::outcome::accepted) return answered;
  if (a.what == kie::submit_answer::outcome::unsure) return unanswered;
  if (a.key_refused) return key_refused;
  switch (a.why) {
  case kie::fail_class::billing: return no_credits;
  case kie::fail_class::rate_limit: return slow_down;
  case kie::fail_class::temporary: return unanswered;
  case kie::fail_class::unavailable:
  case kie::fail_class::configuration: return no_such_model;
  default: return answered;
  }
}

/// Once more later, or with another key.
bool may_be_tried_again(const generation_state& s, const kie::submit_answer& a) {
  if (is_about_a_key(a))
    return s.j.attempt + 1 < submit_tries_max + static_cast<int>(s.kie_opts().api_keys.size());
  const bool passing = a.why == kie::fail_class::temporary || a.why == kie::fail_class::rate_limit ||
                       a.why == kie::fail_class::unavailable;
  return passing && s.j.attempt + 1 < submit_tries_max;
}

unix_ms wait_before_again(const job& j) { return 10'000LL << std::min(j.attempt, 2); } // 10, 20, 40 s

void postpone(self_ptr self, unix_ms wait, const std::string& why) {
  auto& s = self->state;
  auto step = step_to(self, job_state::pending);
  step.not_before = step.at + wait;
  log("generation")->warn("job {}: {}; again in {} s", s.j.job_id, why, wait / 1000);
  take(self, std::move(step), [=] {
    leave(self);
    self->send(self->state.dispatcher, job_back{self->state.j});
  });
}

void submitted(self_ptr self, const kie::submit_answer& a) {
  using outcome = kie::submit_answer::outcome;
  auto& s = self->state;
  self->send(s.dispatcher, submit_heard{word_for(a), s.j.key_name, s.j.spec.model_id, a.text});
  if (!s.told_task.empty()) return; // the callback was faster: adopt() goes on
  if (a.what == outcome::accepted) {
    auto step = step_to(self, job_state::processing);
    step.task_id = a.task_id;
    return take(self, std::move(step), [=] { proceed(self); });
  }
  if (a.what == outcome::unsure) { // never sent again: a second submit would cost real money
    log("generation")
        ->error("job {}: the answer to the submit was lost; waiting for the provider's callback", s.j.job_id);
    return take(self, step_to(self, job_state::unknown), [=] { proceed(self); });
  }
  if (may_be_tried_again(s, a))
    return postpone(self, is_about_a_key(a) ? 0 : wait_before_again(s.j), "not taken (" + a.text + ")");
  if (a.why == kie::fail_class::billing || a.why == kie::fail_class::configuration)
    log("generation")->critical("kie.ai refuses our orders: {}", a.text);
  fail(self, kie::name_of(a.why), a.text);
}

void submit(self_ptr self, const std::vector<std::string>& images) {
  auto step = step_to(self, job_state::submitting);
  step.key_name = self->state.j.key_name; // the dispatcher's choice
  take(self, std::move(step), [=] {       // the intent is on disk: now, and only now, the request leaves
    auto& s = self->state;
    auto& base = s.ctx->opts().web.public_url;
    auto callback = base.empty() ? "" : callback_url(base, s.ctx->callback_secret, s.j.job_id);
    self->request(s.desk.provider, caf::infinite, kie::submit(s.endpoint(), s.j.spec, images, callback))
        .then([=](const http_reply& r) { submitted(self, kie::read_submit(r)); },
              [=](caf::error&) { submitted(self, {}); });
  });
}

// -- the user's photo: from Telegram to the provider's upload host, made as the model takes it. Harmless to
// repeat. --

void prepare(self_ptr self);

void prepare_again(self_ptr self, const std::string& why) {
  auto& s = self->state;
  if (++s.tries >= prepare_tries_max)
    return fail(self, "bad_input", "the photo could not be prepared: " + why);
  later(self, backoff(s.tries, std::chrono::seconds{30}), [=] { prepare(self); });
}

void upload_photo(self_ptr self) {
  auto& s = self->state;
  auto name = "job-" + std::to_string(s.j.job_id) + "-" + std::to_string(s.ctx->now()) +
              ".jpg"; // same names are cached there
  self->request(s.desk.provider, caf::infinite, kie::upload_image(s.endpoint(), s.file("-in.jpg"), name))
      .then(
          [=](const http_reply& r) {
            const auto a = kie::read_upload(r);
            if (a.what != outside::end::done) return prepare_again(self, a.text);
            std::error_code ignored;
            std::filesystem::remove(self->state.file("-in.jpg"), ignored);
            self->state.tries = 0;
            submit(self, {a.url});
          },
          [=](caf::error&) { prepare_again(self, "the HTTP worker is gone"); });
}

/// Made again from the file's id, as it was when the card was shown: nothing is kept between.
void prepare(self_ptr self) {
  auto& s = self->state;
  if (s.j.spec.photo_file_id.empty()) return submit(self, {});
  self->request(s.desk.pictures, caf::infinite,
                picture_wanted{s.j.spec.photo_file_id, s.file("-in.jpg"),
                               limits_of(s.ctx->settings->models, s.j.spec.model_id)})
      .then(
          [=](const picture_facts& made) {
            if (made.state == picture_state::good) return upload_photo(self);
            if (made.state == picture_state::not_looked_at) return prepare_again(self, made.why);
            fail(self, made.state == picture_state::gone ? "photo_lost" : "bad_picture", made.why);
          },
          [=](caf::error&) { prepare_again(self, "nobody makes pictures"); });
}

// -- the result --

void deliver(self_ptr self, const inspected& seen) {
  auto& s = self->state;
  auto step = step_to(self, s.is_late() ? job_state::gifted : job_state::delivering);
  step.file_path = s.j.file_path = s.file(".mp4");
  step.thumbnail_path = std::filesystem::exists(s.file(".jpg")) ? s.file(".jpg") : "";
  s.j.thumbnail_path = step.thumbnail_path;
  step.media = s.j.media = seen.info;
  say(step, s.voice->ready(s.j));
  const auto took = s.ctx->now() - s.j.submitted_at;
  take(self, std::move(step), [=] { leave(self, took); }); // the hold is posted; the courier does the rest
}

void inspect(self_ptr self) {
  auto& s = self->state;
  self->request(s.desk.media, inspect_limit,
                inspect_video{s.file(".mp4"), s.file(".jpg"),
                              std::int64_t{s.ctx->opts().telegram.upload_mb_max} << 20})
      .then(
          [=](const inspected& seen) {
            if (seen.playable) deliver(self, seen);
            else fail(self, "temporary", "the result is no playable video: " + seen.why);
          },
          [=](caf::error&) { // the worker fell, or ffprobe hangs on this file
            if (++self->state.tries >= inspect_tries_max)
              return fail(self, "temporary", "the result could not be inspected");
            later(self, ledger_retry, [=] { inspect(self); });
          });
}

void cannot_fetch(self_ptr self) {
  if (!self->state.is_late()) return fail(self, "temporary", "the result could not be fetched");
  self->state.tries = 0; // a gift has time
  self->state.polling = false;
  watch(self);
}

void fetch(self_ptr self) {
  auto& s = self->state;
  if (!s.is_late() && s.j.of_order == 1) self->send(s.desk.courier, s.voice->uploading(s.j));
  auto most = static_cast<std::uint64_t>(s.kie_opts().result_mb_max) << 20;
  self->request(s.desk.provider, caf::infinite, kie::fetch(s.j.result_url, s.file(".mp4"), most))
      .then(
          [=](const http_reply& r) {
            auto& st = self->state;
            if (r.error == http_error::none && r.status == 200) return inspect(self);
            if (++st.tries >= fetch_tries_max) return cannot_fetch(self);
            later(self, backoff(st.tries, std::chrono::seconds{30}), [=] { fetch(self); });
          },
          [=](caf::error&) { later(self, ledger_retry, [=] { fetch(self); }); });
}

// -- waiting --

void poll(self_ptr self);

/// A failure that says nothing of the request: another task may do better, while there is time.
bool may_be_made_again(const generation_state& s, const kie::task_status& t) {
  return t.why == kie::fail_class::temporary && !s.is_late() && s.j.attempt + 1 < submit_tries_max &&
         s.ctx->now() + wait_before_again(s.j) < s.j.deadline_at;
}

void saw(self_ptr self, const kie::task_status& t) {
  using outcome = kie::task_status::outcome;
  // Still polling while a step is being stored: a callback meanwhile must not fetch the result twice.
  if (t.what == outcome::done && self->state.is_late()) {
    self->state.j.result_url = t.result_url;
    return fetch(self);
  }
  if (t.what == outcome::done) {
    auto step = step_to(self, job_state::fetching);
    step.result_url = t.result_url;
    return take(self, std::move(step), [=] { proceed(self); });
  }
  if (t.what == outcome::failed && may_be_made_again(self->state, t))
    return postpone(self, wait_before_again(self->state.j), "its task has failed (" + t.text + ")");
  if (t.what == outcome::failed) return fail(self, kie::name_of(t.why), t.text);
  self->state.polling = false;
  watch(self);
}

void poll(self_ptr self) {
  auto& s = self->state;
  if (std::exchange(s.polling, true))
    return; // a callback and the timer came together: one question is enough
  s.polled = true;
  self->request(s.desk.provider, caf::infinite, kie::query(s.endpoint(), s.j.spec, s.j.task_id))
      .then([=](const http_reply& r) { saw(self, kie::read_status(self->state.j.spec, r)); },
            [=](caf::error&) { saw(self, {}); });
}

/// The limit: the credits return. What may still come is watched for, more rarely.
void give_back(self_ptr self) {
  auto& s = self->state;
  if (s.j.state == job_state::unknown)
    log("generation")->critical("job {} is possibly paid at the provider", s.j.job_id);
  constexpr auto why = "no result within the limit";
  if (s.is_late() || s.kie_opts().late_watch_h == 0) return fail(self, "timeout", why);
  log("generation")->warn("job {} is overdue: its credits return, a late video will be a gift", s.j.job_id);
  auto step = step_to(self, job_state::overdue);
  step.fail_class = s.j.fail_class = "timeout";
  step.fail_text = s.j.fail_text = why;
  step.watch_until = step.at + s.kie_opts().late_watch_h * 3'600'000LL;
  say(step, s.voice->failed(s.j));
  take(self, std::move(step), [=] {
    self->send(self->state.dispatcher, job_overdue{self->state.j.job_id});
    watch(self);
  });
}

/// After a restart thousands of jobs are there at once: each begins at its own time within the interval.
unix_ms share_of(std::int64_t job_id, unix_ms interval) {
  return static_cast<unix_ms>(static_cast<std::uint64_t>(job_id) * 2'654'435'761u %
                              static_cast<std::uint64_t>(interval));
}

unix_ms until_next_poll(const generation_state& s, unix_ms now) {
  auto& k = s.kie_opts();
  const unix_ms since = now - s.j.submitted_at, first = k.first_poll_s * 1000LL;
  if (!s.is_late() && since < first) return first - since;
  const unix_ms every = (s.is_late() ? k.late_poll_every_s : k.poll_every_s) * 1000LL;
  return s.polled ? every : share_of(s.j.job_id, every);
}

/// Waits for the next poll, or for the limit.
void watch(self_ptr self) {
  auto& s = self->state;
  auto now = s.ctx->now();
  if (now >= s.j.deadline_at) return give_back(self);
  if (!s.is_late()) show_progress(self);
  auto wait = std::min(until_next_poll(s, now), s.j.deadline_at - now);
  const bool known = !s.j.task_id.empty();
  later(self, std::chrono::milliseconds{std::max<unix_ms>(wait, 100)},
        [=] { known ? poll(self) : watch(self); });
}

/// The callback knows more than our submit: its answer is lost, or may yet be.
void adopt(self_ptr self, const std::string& task_id) {
  if (!std::exchange(self->state.told_task, task_id).empty()) return;
  auto step = step_to(self, self->state.is_late() ? job_state::overdue : job_state::processing);
  step.task_id = task_id;
  take(self, std::move(step), [=] {
    ++self->state.round; // the waiting timer is void
    poll(self);
  });
}

void woke(self_ptr self, const provider_woke& w) {
  auto& s = self->state;
  const bool known = s.j.state == job_state::processing || (s.is_late() && !s.j.task_id.empty());
  if (known) return poll(self); // only a wake-up: the task is read again
  const bool waits_for_it =
      s.j.state == job_state::unknown || s.j.state == job_state::submitting || s.is_late();
  if (waits_for_it && !w.task_id.empty() && !is_dead_task(s.j, w.task_id)) adopt(self, w.task_id);
}

/// Goes on from wherever the job stands; also after a restart.
void proceed(self_ptr self) {
  switch (self->state.j.state) {
  case job_state::pending: return prepare(self);
  case job_state::submitting: // we died between sending and hearing
    return take(self, step_to(self, job_state::unknown), [=] { proceed(self); });
  case job_state::unknown:
    if (!self->state.told_task.empty()) return; // adopt() goes on
    return watch(self);
  case job_state::processing:
    // The limit may have passed while no engine was there: one look before the credits return.
    if (self->state.ctx->now() >= self->state.j.deadline_at) return poll(self);
    return watch(self);
  case job_state::overdue: return watch(self);
  case job_state::fetching: return fetch(self);
  default: return leave(self);
  }
}

generation_actor::behavior_type generation(self_ptr self, const context_ptr& ctx, const job_desk& desk,
                                           const dispatcher_actor& dispatcher, const job& j) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.desk = desk, s.dispatcher = dispatcher, s.j = j;
  s.voice.emplace(ctx->settings->words);
  proceed(self);
  return {
      [self](const wake& w) {
        if (w.round != self->state.round || !self->state.on_timer) return;
        auto what = std::exchange(self->state.on_timer, nullptr);
        what();
      },
      [self](const provider_woke& w) { woke(self, w); },
  };
}

} // namespace

generation_actor spawn_generation(caf::actor_system& sys, context_ptr ctx, job_desk desk,
                                  dispatcher_actor dispatcher, job j) {
  return sys.spawn(generation, std::move(ctx), std::move(desk), std::move(dispatcher), std::move(j));
}

} // namespace troupe
