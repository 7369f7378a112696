#pragma once
/// One job at work: what the halves of a generation share. Private to generation*.cpp.
#include "actors/backoff.hpp"
#include "actors/job_voice.hpp"
#include "actors/provider.hpp"
#include "actors/spawn.hpp"
#include "messages/causes.hpp"
#include <functional>
#include <optional>

namespace troupe {

/// From its submit to the file in our hands. Every step is on disk before the next begins.
struct generation_state {
  generation_state() {}
  static inline const char* name = "generation";
  context_ptr ctx;
  job_desk desk;
  dispatcher_actor dispatcher;
  job j;
  std::optional<job_voice> voice;
  int tries = 0;           ///< of the present step, since we live
  int misread = 0;         ///< answers about the task that could not be understood, in a row
  std::size_t asked = 0;   ///< questions about the task
  std::string new_word;    ///< an undocumented state of the task, told once
  bool unheard = false;    ///< the last question about the task was not answered
  std::uint64_t round = 0; ///< of the timer
  std::function<void()> on_timer;
  unix_ms progress_at = 0;
  bool polling = false, polled = false;
  std::string told_task; ///< The provider's callback named it before the answer to our submit did.

  const config::options::kie_options& kie_opts() const { return ctx->opts().kie; }
  bool is_late() const { return j.state == job_state::overdue; } ///< The credits are back with the user.
  /// Its name is in the job's row since the order: nothing is written under a name that is not on disk.
  std::string file(const char* ending) const { return ctx->files_dir() + "/" + j.file_token + ending; }
};
using generation_ptr = generation_actor::stateful_pointer<generation_state>;

/// Goes on from wherever the job stands; also after a restart.
void proceed(generation_ptr self);
/// The end of this actor; `took` from the submit to the file, 0: there is none.
void leave(generation_ptr self, unix_ms took = 0);
/// One pending timer; a new one replaces it.
void later(generation_ptr self, std::chrono::milliseconds wait, std::function<void()> what);
job_step step_to(generation_ptr self, job_state to);
/// Stores the step, then goes on with `next`. A store in trouble is asked again until it answers.
void take(generation_ptr self, job_step step, std::function<void()> next);
void say(job_step& step, job_voice::speech words);
/// The end without a video: stored with what the user is told, then administrators hear what concerns them.
void fail(generation_ptr self, cause why, const std::string& text);
/// Waits for the next look at the task, or for the limit.
void watch(generation_ptr self);
void show_progress(generation_ptr self, bool at_once = false);
/// What a question to the provider was answered, whatever it was about: what concerns the key concerns all
/// jobs, and that nothing is heard is told once.
void note_answer(generation_ptr self, const kie::answer& a, const kie::endpoint& asked);

// generation_result.cpp
/// Downloads the result, looks at it, hands it over.
void fetch(generation_ptr self);
/// The same, of a job that was there already. Past its limit each time counts as a try: what ends an engine
/// each time it is fetched shall not do so for ever.
void take_up_fetch(generation_ptr self);

} // namespace troupe
