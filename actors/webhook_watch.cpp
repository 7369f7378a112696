#include "actors/webhook_watch.hpp"

namespace troupe {

webhook_watch::finding webhook_watch::judge(const telegram::webhook_facts& told, const std::string& our_url,
                                            unix_ms now) {
  finding f;
  const bool ours = told.url == our_url;
  // Telegram tells whole seconds: an error of the second of the last arrival may be older than it.
  const bool news = told.last_error_at > 0 && told.last_error_at > fine_since_ / 1000 * 1000;
  if (!ours) {
    failing_ = true;   // what waits meanwhile has yet to come
    fine_since_ = now; // and what failed there says nothing of ours
  } else if (told.pending == 0) {
    failing_ = false;
    fine_since_ = now; // whatever failed has come
  } else if (news) failing_ = true, came_ = false;
  if (told.url.empty()) f.why = "Telegram posts to nobody: somebody has removed the webhook's address";
  else if (!ours) f.why = "Telegram posts to another address than ours: somebody has set " + told.url;
  else if (failing_)
    f.why = "Telegram cannot deliver: " + std::to_string(told.pending) + " updates wait, " +
            (news ? "the last error was: " + told.last_error : "and none of them has come yet");
  bad_looks_ = f.why.empty() ? 0 : bad_looks_ + 1;
  f.arrives = f.why.empty() && (told.pending == 0 || came_);
  f.alarming = bad_looks_ == alarm_after;
  f.set_again = !ours || (failing_ && now - set_at_ >= set_again_every_ms);
  return f;
}

void webhook_watch::is_set(unix_ms now) {
  set_at_ = now;
  if (fine_since_ == 0) fine_since_ = now;
}

void webhook_watch::post_arrived(unix_ms now) {
  fine_since_ = now;
  came_ = true;
  failing_ = false;
}

} // namespace troupe
