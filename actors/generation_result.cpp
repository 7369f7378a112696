/// The second half of a generation: the result, from the provider to the outbox.
#include "actors/alarms.hpp"
#include "actors/generation_state.hpp"
#include "actors/log.hpp"

namespace troupe {
namespace {

using self_ptr = generation_ptr;

constexpr int fetch_tries_max =
    6; // of one result, whatever was wrong with it; waits of 1 to 30 s between them
constexpr int deliveries_max = 3; // of one video: refused, or its file gone, it is fetched again
constexpr auto fetch_wait_max = std::chrono::seconds{30};
/// After the fall of a worker: seldom enough that one file does not use up the restarts of all.
constexpr auto inspect_again_after = std::chrono::seconds{25};
constexpr std::int64_t megabyte = 1 << 20;

bool is_file_missing(const std::string& text) { return text.find(outside::file_missing) != text.npos; }

/// Nothing more can be done for this result.
void give_up(self_ptr self, cause why, const std::string& text) {
  auto& s = self->state;
  if (s.is_late()) { // a gift has time: its task is looked at again, more rarely
    s.j.tries = 0;
    s.polling = false;
    return watch(self);
  }
  if (s.j.deliveries == 0) return fail(self, why, text);
  const auto first = s.j.fail_text; // why it was not handed over
  fail(self, is_file_missing(first) ? cause::file_lost : cause::not_delivered, first);
}

/// Each try is on disk, so that a restart neither forgets nor repeats them for ever.
void fetch_again(self_ptr self, cause why, const std::string& text, const std::string& url) {
  auto& s = self->state;
  const int tries = s.j.tries + 1;
  log("generation")->warn("job {}: try {} to fetch its result: {}", s.j.job_id, tries, text);
  if (tries >= fetch_tries_max) return give_up(self, why, text);
  const auto wait = backoff(tries, fetch_wait_max);
  if (s.is_late()) {
    s.j.tries = tries, s.j.result_url = url;
    return later(self, wait, [=] { fetch(self); });
  }
  auto step = step_to(self, job_state::fetching);
  step.result_url = url;
  step.tries = tries;
  take(self, std::move(step), [=] { later(self, wait, [=] { fetch(self); }); });
}

/// Its address may have died meanwhile; the provider tells a new one as long as it keeps the result.
void ask_for_address(self_ptr self, cause why, const std::string& text) {
  auto& s = self->state;
  const auto known = s.j.result_url;
  const auto asked = kie_endpoint(s.ctx->opts(), s.j.key_name, s.asked++);
  self->request(s.desk.provider, caf::infinite, kie::query(asked, s.j.spec, s.j.task_id))
      .then(
          [=](const http_reply& r) {
            const auto t = kie::read_status(self->state.j.spec, r);
            note_answer(self, t, asked);
            fetch_again(self, why, text, t.what == outside::end::done ? t.result_url : known);
          },
          [=](caf::error&) { fetch_again(self, why, text, known); });
}

/// A state: told once, and its end at whatever proves it, for an earlier engine may have told of it.
void note_tools(self_ptr self, const inspected& seen) {
  auto& s = self->state;
  const bool before = s.ctx->health->no_tools.exchange(seen.no_tools);
  const auto* sentence = causes::row_of(cause::no_tools).alarm;
  if (!seen.no_tools) return end_alarm(self, s.desk, {sentence, "", {}});
  if (before) return;
  log("generation")->warn("ffmpeg or ffprobe does not work, videos are sent as they are: {}", seen.why);
  raise_alarm(self, s.desk, {sentence, sentence, {{"text", telegram::escape_html(seen.why)}}, true});
}

void deliver(self_ptr self, const inspected& seen) {
  auto& s = self->state;
  auto step = step_to(self, s.is_late() ? job_state::gifted : job_state::delivering);
  step.file_path = s.j.file_path = s.file(".mp4");
  step.thumbnail_path = s.j.thumbnail_path = seen.thumbnail_sha256.empty() ? "" : s.file(".jpg");
  step.sha256 = s.j.sha256 = seen.sha256;
  step.media = s.j.media = seen.info;
  say(step, s.voice->ready(s.j, seen.thumbnail_sha256));
  const auto took = s.ctx->now() - s.j.submitted_at;
  if (!s.is_late()) self->send(s.desk.courier, s.voice->uploading(s.j));
  take(self, std::move(step), [=] { leave(self, took); }); // the hold is posted; the courier does the rest
}

void inspect(self_ptr self) {
  auto& s = self->state;
  self->request(
          s.desk.media, caf::infinite,
          inspect_video{s.file(".mp4"), s.file(".jpg"), s.ctx->opts().telegram.upload_mb_max * megabyte})
      .then(
          [=](const inspected& seen) {
            note_tools(self, seen);
            if (seen.playable) return deliver(self, seen);
            if (seen.is_text)
              return ask_for_address(self, cause::not_fetched,
                                     "a page came in place of the video: " + seen.why);
            fetch_again(self, cause::unplayable, seen.why, self->state.j.result_url);
          },
          [=](caf::error&) { // the worker fell: our fault, or that of our disk
            later(self, inspect_again_after, [=] {
              fetch_again(self, cause::gave_up, "nobody could look at it", self->state.j.result_url);
            });
          });
}

/// A video that was ready before, and could not be handed over.
bool may_be_delivered_again(const generation_state& s) {
  if (s.j.deliveries >= deliveries_max || s.j.result_url.empty()) return false;
  const bool too_large = s.j.media.bytes > s.ctx->opts().telegram.upload_mb_max * megabyte;
  return !too_large || is_file_missing(s.j.fail_text); // the same size would be refused again
}

} // namespace

void take_up_fetch(generation_ptr self) {
  auto& s = self->state;
  if (s.ctx->now() < s.j.deadline_at) return fetch(self);
  fetch_again(self, cause::not_fetched, "taken up again past its limit", s.j.result_url);
}

void fetch(generation_ptr self) {
  auto& s = self->state;
  if (s.j.deliveries > 0 && !may_be_delivered_again(s))
    return give_up(self, cause::not_delivered, s.j.fail_text);
  if (!s.is_late()) show_progress(self, true);
  const auto most = static_cast<std::uint64_t>(s.kie_opts().result_mb_max) << 20;
  self->request(s.desk.results, caf::infinite, kie::fetch(s.j.result_url, s.file(".mp4"), most))
      .then(
          [=](const http_reply& r) {
            if (r.error == http_error::too_large)
              return give_up(self, cause::not_fetched, "the result is larger than kie.result_mb_max");
            // Another try would lead to the same place, and somebody may wish just that.
            if (r.error == http_error::forbidden)
              return give_up(self, cause::strange_address, outside::described(r));
            const auto a = kie::read_fetch(r);
            if (a.what == outside::end::done) return inspect(self);
            if (a.what != outside::end::pending) return ask_for_address(self, cause::not_fetched, a.text);
            fetch_again(self, cause::not_fetched, a.text, self->state.j.result_url);
          },
          [=](caf::error&) {
            fetch_again(self, cause::not_fetched, "the HTTP worker is gone", self->state.j.result_url);
          });
}

} // namespace troupe
