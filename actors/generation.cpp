#include "actors/generation_state.hpp"
#include "actors/alarms.hpp"
#include "actors/log.hpp"
#include "actors/picture_check.hpp"
#include "net/telegram.hpp"
#include "net/web_server.hpp"
#include <filesystem>

namespace troupe {

namespace {

using self_ptr = generation_ptr;

constexpr int submit_tries_max =
    4; // tasks refused for a while, or failed; waits of 10, 20, 40 s between them
constexpr int free_tries_max = 100;  // submits that were none: a limit, a key; then they count
constexpr int misread_max = 4;       // answers about a task that cannot be understood, 5 to 20 s apart
constexpr int prepare_tries_max = 4; // fetching and uploading the user's photo
constexpr auto step_limit = std::chrono::seconds{30};
constexpr unix_ms progress_every_ms = 10'000;
constexpr auto ledger_retry = std::chrono::seconds{2};
constexpr unix_ms slow_down_ms = 10'000;  // after "too many requests": the provider's own window
constexpr unix_ms leave_holds_ms = 1'000; // a place in the window, while the intent is being stored
constexpr std::size_t fail_text_max = 300, alarm_text_max = 200, task_text_max = 80;

/// With the key it was ordered with; of one that is configured no more, with each of the others in turn.
kie::endpoint endpoint_of(generation_state& s) {
  return kie_endpoint(s.ctx->opts(), s.j.key_name, s.asked++);
}

void tell_administrators(self_ptr self, cause why) {
  auto& s = self->state;
  const auto* sentence = causes::row_of(why).alarm;
  if (*sentence == 0) return;
  raise_alarm(self, s.desk,
              {std::string{"job "} + name_of(why),
               sentence,
               {{"job", std::to_string(s.j.job_id)},
                {"model", telegram::escape_html(s.j.spec.model_id)},
                {"text", telegram::escape_html(telegram::shorten(s.j.fail_text, alarm_text_max))}}});
}

} // namespace

void leave(self_ptr self, unix_ms took) {
  self->send(self->state.dispatcher, job_over{self->state.j.job_id, self->state.j.spec.model_id, took});
  self->quit();
}

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

namespace {

/// The provider names a task that another job has. Taken, both would be sent one video and both would pay, so
/// it is treated as an answer that makes no sense: the job waits for a better one until its limit, and
/// nothing is sent again.
void refuse_task(self_ptr self, std::int64_t owner, const std::string& task_id) {
  auto& s = self->state;
  log("generation")
      ->error("job {}: kie.ai names the task {} for it, which is the task of job {}: not taken", s.j.job_id,
              telegram::shorten(task_id, task_text_max), owner);
  raise_alarm(self, s.desk,
              {"foreign task",
               "alarm.foreign_task",
               {{"job", std::to_string(s.j.job_id)}, {"other", std::to_string(owner)}}});
  s.told_task.clear();
  proceed(self);
}

} // namespace

void take(self_ptr self, job_step step, std::function<void()> next) {
  self->request(self->state.desk.ledger, step_limit, step)
      .then(
          [=](step_answer& a) {
            auto& s = self->state;
            const bool as_wanted = a.changed || a.now.state == step.to;
            s.j = std::move(a.now);
            s.tries = 0;
            if (a.task_of != 0) return refuse_task(self, a.task_of, step.task_id);
            if (!as_wanted) { // a fallen predecessor's last step was stored after all
              log("generation")->warn("job {} is already {}", s.j.job_id, name_of(s.j.state));
              return proceed(self);
            }
            next();
          },
          [=](caf::error&) { later(self, ledger_retry, [=] { take(self, step, next); }); });
}

void say(job_step& step, job_voice::speech words) {
  step.messages = std::move(words.messages);
  step.afterwards = std::move(words.afterwards);
  step.finale = std::move(words.finale);
}

void fail(self_ptr self, cause kind, const std::string& text) {
  auto& s = self->state;
  const auto why = causes::precise(kind == cause::none ? cause::unknown : kind, text);
  log("generation")->warn("job {} failed: {} ({})", s.j.job_id, name_of(why), text);
  auto step = step_to(self, job_state::failed);
  step.fail_class = s.j.fail_class = name_of(why);
  step.fail_text = s.j.fail_text = telegram::shorten(text, fail_text_max);
  const bool told = s.is_late(); // at the limit
  if (!told) say(step, s.voice->failed(s.j));
  take(self, std::move(step), [=] {
    if (!told) tell_administrators(self, why);
    leave(self);
  });
}

namespace {

/// What was said of a key is told to whoever gives keys out. Of a key that is configured no more the others
/// are asked in turn: a refusal of theirs is about a task that is not theirs. @returns whether it was said
bool tell_of_key(self_ptr self, const kie::answer& a, const kie::endpoint& asked) {
  auto& s = self->state;
  const bool empty = !a.heard && a.why == cause::billing;
  if ((!a.key_refused && !empty) || kie::key_name(asked.api_key) != s.j.key_name) return false;
  self->send(s.dispatcher, submit_heard{a.key_refused ? submit_word::key_refused : submit_word::no_credits,
                                        s.j.key_name, s.j.spec.model_id, a.text});
  return true;
}

} // namespace

void note_answer(self_ptr self, const kie::answer& a, const kie::endpoint& asked) {
  auto& s = self->state;
  tell_of_key(self, a, asked);
  if (s.unheard == !a.heard) return;
  s.unheard = !a.heard;
  if (a.heard)
    log("generation")->info("job {}, task {}: questions are answered again", s.j.job_id, s.j.task_id);
  else
    log("generation")
        ->warn("job {}, task {}: a question about it was not answered: {}", s.j.job_id, s.j.task_id, a.text);
}

void show_progress(self_ptr self, bool at_once) {
  auto& s = self->state;
  auto now = s.ctx->now();
  if (!at_once && now - s.progress_at < progress_every_ms) return;
  s.progress_at = now;
  self->send(s.desk.courier, s.voice->progress(s.j, now));
}

namespace {

// -- submit --

bool is_about_a_key(const kie::submit_answer& a) { return a.key_refused || a.why == cause::billing; }

submit_word word_for(const kie::submit_answer& a) {
  using enum submit_word;
  if (a.what == kie::submit_answer::outcome::accepted) return accepted;
  if (a.what == kie::submit_answer::outcome::unsure) return unanswered;
  if (a.key_refused) return key_refused;
  switch (a.why) {
  case cause::billing: return no_credits;
  case cause::rate_limit: return slow_down;
  case cause::temporary: return unanswered;
  case cause::unavailable:
  case cause::configuration: return no_such_model;
  default: return answered;
  }
}

/// A limit or a key: the provider has neither made nor judged anything, and another time or another key will
/// do.
bool was_no_try(const generation_state& s, const kie::submit_answer& a) {
  return (is_about_a_key(a) || a.why == cause::rate_limit) && s.j.tries < free_tries_max;
}

bool may_be_tried_again(const generation_state& s, const kie::submit_answer& a) {
  if (was_no_try(s, a)) return true;
  const bool passing = is_about_a_key(a) || a.why == cause::rate_limit || a.why == cause::temporary ||
                       a.why == cause::unavailable;
  return passing && s.j.attempt + 1 < submit_tries_max;
}

unix_ms wait_before_again(const job& j) { return 10'000LL << std::min(j.attempt, 2); } // 10, 20, 40 s

void back_to_queue(self_ptr self) {
  leave(self);
  self->send(self->state.dispatcher, job_back{self->state.j});
}

void postpone(self_ptr self, unix_ms wait, const std::string& why, bool no_try = false) {
  auto& s = self->state;
  auto step = step_to(self, job_state::pending);
  step.not_before = step.at + wait;
  step.no_try = no_try;
  log("generation")->warn("job {}: {}; again in {} s", s.j.job_id, why, wait / 1000);
  take(self, std::move(step), [=] {
    auto& st = self->state;
    if (wait > 0 && st.j.of_order == 1) self->send(st.desk.courier, st.voice->again(st.j));
    back_to_queue(self);
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
        ->warn("job {}: whether kie.ai took the order is not known ({}); waiting for its callback",
               s.j.job_id, a.text);
    return take(self, step_to(self, job_state::unknown), [=] { proceed(self); });
  }
  if (!may_be_tried_again(s, a)) return fail(self, a.why, a.text);
  const auto wait = is_about_a_key(a)            ? 0
                    : a.why == cause::rate_limit ? slow_down_ms
                                                 : wait_before_again(s.j);
  postpone(self, wait, "not taken (" + a.text + ")", was_no_try(s, a));
}

void send_order(self_ptr self, const std::vector<std::string>& images) {
  auto& s = self->state;
  auto& base = s.ctx->opts().web.public_url;
  auto callback = base.empty() ? "" : callback_url(base, s.ctx->callback_secret, s.j.job_id, s.j.created_at);
  self->request(s.desk.provider, caf::infinite,
                kie::submit(kie_endpoint(s.ctx->opts(), s.j.key_name), s.j.spec, images, callback))
      .then([=](const http_reply& r) { submitted(self, kie::read_submit(r)); },
            [=](caf::error&) { submitted(self, {}); });
}

/// A stored order whose place in the window is gone, because the store was slow. When its key is set aside
/// meanwhile it waits as before: nothing has left.
void leave_at_last(self_ptr self, const std::vector<std::string>& images) {
  self->request(self->state.dispatcher, caf::infinite, may_submit{self->state.j.job_id})
      .then(
          [=](const submit_leave& l) {
            if (!l.key_name.empty()) return send_order(self, images);
            postpone(self, 0, "its key is set aside", true);
          },
          [](caf::error&) {});
}

void store_intent(self_ptr self, const std::string& key, const std::vector<std::string>& images) {
  const auto granted_at = self->state.ctx->now();
  auto step = step_to(self, job_state::submitting);
  step.key_name = key;
  const auto first = self->state.j.deadline_at; // of an earlier task of the same order
  step.deadline_at = first > step.at ? first : step.at + self->state.kie_opts().time_limit_s * 1000LL;
  take(self, std::move(step), [=] { // the intent is on disk: now, and only now, the request leaves
    if (self->state.ctx->now() - granted_at > leave_holds_ms) return leave_at_last(self, images);
    send_order(self, images);
  });
}

/// The dispatcher knows the provider's window: all that is ready leaves by it, photos too.
void submit(self_ptr self, const std::vector<std::string>& images) {
  self->request(self->state.dispatcher, caf::infinite, may_submit{self->state.j.job_id})
      .then(
          [=](const submit_leave& l) {
            if (l.key_name.empty()) return back_to_queue(self); // nothing is stored: it is pending as before
            store_intent(self, l.key_name, images);
          },
          [](caf::error&) {});
}

// -- the user's photo: from Telegram to the provider's upload host, made as the model takes it. Harmless to
// repeat. --

void prepare(self_ptr self);

void prepare_again(self_ptr self, cause why, const std::string& text) {
  auto& s = self->state;
  if (++s.tries >= prepare_tries_max) return fail(self, why, text);
  later(self, backoff(s.tries, std::chrono::seconds{30}), [=] { prepare(self); });
}

/// The same picture would be refused again.
bool is_about_the_picture(cause why) { return why == cause::bad_input || why == cause::violation; }

void upload_photo(self_ptr self) {
  auto& s = self->state;
  auto name = s.j.file_token + "-" + std::to_string(s.ctx->now()) + ".jpg"; // same names are cached there
  const auto asked = endpoint_of(s);
  self->request(s.desk.transfers, caf::infinite, kie::upload_image(asked, s.file("-in.jpg"), name))
      .then(
          [=](const http_reply& r) {
            const auto a = kie::read_upload(r);
            if (a.what == outside::end::not_understood)
              log("generation")
                  ->warn("job {}: the answer to its upload is not understood: {}", self->state.j.job_id,
                         a.text);
            if (tell_of_key(self, a, asked)) return back_to_queue(self); // another key takes it
            if (a.what == outside::end::failed && is_about_the_picture(a.why))
              return fail(self, a.why, a.text);
            if (a.what != outside::end::done) return prepare_again(self, cause::photo_refused, a.text);
            std::error_code ignored;
            std::filesystem::remove(self->state.file("-in.jpg"), ignored);
            self->state.tries = 0;
            submit(self, {a.url});
          },
          [=](caf::error&) { prepare_again(self, cause::gave_up, "the HTTP worker is gone"); });
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
            if (made.state == picture_state::not_looked_at)
              return prepare_again(self, cause::photo_lost, made.why);
            fail(self, made.state == picture_state::gone ? cause::photo_lost : cause::bad_picture, made.why);
          },
          [=](caf::error&) { prepare_again(self, cause::gave_up, "nobody makes pictures"); });
}

// -- waiting --

void poll(self_ptr self);

/// A failure that says nothing of the request: another task may do better, while there is time.
bool may_be_made_again(const generation_state& s, const kie::task_status& t) {
  return t.why == cause::temporary && !s.is_late() && s.j.attempt + 1 < submit_tries_max &&
         s.ctx->now() + wait_before_again(s.j) < s.j.deadline_at;
}

/// It has failed because our account is empty: nothing was made, and another key, or this one when it is
/// filled, may do it.
bool is_for_want_of_money(const generation_state& s, const kie::task_status& t) {
  return t.what == outside::end::failed && t.why == cause::billing && !s.is_late();
}

void note_new_word(self_ptr self, const kie::task_status& t) {
  auto& s = self->state;
  if (t.new_word.empty() || std::exchange(s.new_word, t.new_word) == t.new_word) return;
  log("generation")
      ->warn("job {}, task {}: the state '{}' is not understood; by what stands beside it: {}", s.j.job_id,
             s.j.task_id, t.new_word, name_of(t.what));
  if (t.what == outside::end::pending)
    raise_alarm(self, s.desk,
                {"state of tasks " + t.new_word,
                 "alarm.new_state",
                 {{"word", t.new_word},
                  {"job", std::to_string(s.j.job_id)},
                  {"model", telegram::escape_html(s.j.spec.model_id)}}});
}

/// Something was said of the task, and we do not know what. Not for ever: the provider may have changed its
/// ways.
void misunderstood(self_ptr self, const kie::task_status& t) {
  auto& s = self->state;
  s.polling = false;
  log("generation")
      ->warn("job {}, task {}: the answer about it is not understood: {}", s.j.job_id, s.j.task_id, t.text);
  if (s.is_late()) return watch(self);
  if (++s.misread >= misread_max) return fail(self, cause::not_understood, t.text);
  later(self, std::chrono::seconds{5} * (1 << std::min(s.misread - 1, 2)), [=] { poll(self); });
}

void saw(self_ptr self, const kie::task_status& t) {
  using outcome = kie::task_status::outcome;
  auto& s = self->state;
  if (t.what == outcome::not_understood) return misunderstood(self, t);
  if (t.heard) s.misread = 0;
  note_new_word(self, t);
  // Still polling while a step is being stored: a callback meanwhile must not fetch the result twice.
  if (t.what == outcome::done && s.is_late()) {
    s.j.result_url = t.result_url;
    return fetch(self);
  }
  if (t.what == outcome::done) {
    auto step = step_to(self, job_state::fetching);
    step.result_url = t.result_url;
    return take(self, std::move(step), [=] { proceed(self); });
  }
  if (is_for_want_of_money(s, t)) {
    self->send(s.dispatcher, submit_heard{submit_word::no_credits, s.j.key_name, s.j.spec.model_id, t.text});
    if (s.j.tries < free_tries_max) return postpone(self, 0, "its task has failed (" + t.text + ")", true);
  }
  if (t.what == outcome::failed && may_be_made_again(s, t))
    return postpone(self, wait_before_again(s.j), "its task has failed (" + t.text + ")");
  if (t.what == outcome::failed) return fail(self, t.why, t.text);
  s.polling = false;
  watch(self);
}

void poll(self_ptr self) {
  auto& s = self->state;
  if (std::exchange(s.polling, true))
    return; // a callback and the timer came together: one question is enough
  s.polled = true;
  const auto asked = endpoint_of(s);
  const auto heard = [=](const kie::task_status& t) {
    note_answer(self, t, asked);
    saw(self, t);
  };
  self->request(s.desk.provider, caf::infinite, kie::query(asked, s.j.spec, s.j.task_id))
      .then([=](const http_reply& r) { heard(kie::read_status(self->state.j.spec, r)); },
            [=](caf::error&) {
              kie::task_status none;
              none.text = "the HTTP worker is gone";
              heard(none);
            });
}

/// The limit: the credits return. What may still come is watched for, more rarely.
void give_back(self_ptr self) {
  auto& s = self->state;
  const bool unheard = s.j.state == job_state::unknown;
  constexpr auto why = "no result within the limit";
  if (s.is_late()) return fail(self, cause_named(s.j.fail_class), why); // said before
  if (unheard) log("generation")->warn("job {} is possibly paid at the provider", s.j.job_id);
  if (s.kie_opts().late_watch_h == 0) return fail(self, unheard ? cause::unknown : cause::too_long, why);
  log("generation")->warn("job {} is overdue: its credits return, a late video will be a gift", s.j.job_id);
  auto step = step_to(self, job_state::overdue);
  step.fail_class = s.j.fail_class = name_of(unheard ? cause::unheard : cause::timeout);
  step.fail_text = s.j.fail_text = why;
  step.watch_until = step.at + s.kie_opts().late_watch_h * 3'600'000LL;
  say(step, s.voice->failed(s.j));
  take(self, std::move(step), [=] {
    tell_administrators(self, unheard ? cause::unheard : cause::timeout);
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

} // namespace

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

namespace {

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

} // namespace

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

namespace {

generation_actor::behavior_type generation(self_ptr self, const context_ptr& ctx, const job_desk& desk,
                                           const dispatcher_actor& dispatcher, const job& j) {
  self->set_error_handler([](caf::error&) {});
  auto& s = self->state;
  s.ctx = ctx, s.desk = desk, s.dispatcher = dispatcher, s.j = j;
  s.voice.emplace(ctx->settings->words);
  if (s.j.state == job_state::fetching) take_up_fetch(self);
  else proceed(self);
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
