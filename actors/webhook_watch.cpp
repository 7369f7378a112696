#include "actors/webhook_watch.hpp"

namespace troupe {

webhook_watch::finding webhook_watch::judge(const telegram::webhook_facts& told, const std::string& our_url,
                                            unix_ms now) {
  finding f;
  // Telegram tells whole seconds: an error of the second of the last arrival may be older than it.
  const bool failing =
      told.pending > 0 && told.last_error_at > 0 && told.last_error_at > fine_since_ / 1000 * 1000;
  if (told.url.empty()) f.why = "Telegram posts to nobody: somebody has removed the webhook's address";
  else if (told.url != our_url)
    f.why = "Telegram posts to another address than ours: somebody has set " + told.url;
  else if (failing)
    f.why = "Telegram cannot deliver: " + std::to_string(told.pending) +
            " updates wait, the last error was: " + told.last_error;
  bad_looks_ = f.why.empty() ? 0 : bad_looks_ + 1;
  f.alarming = bad_looks_ == alarm_after;
  const bool lost = !f.why.empty() && told.url != our_url;
  f.set_again = lost || (failing && (bad_looks_ == 1 || now - set_at_ >= set_again_every_ms));
  return f;
}

} // namespace troupe
