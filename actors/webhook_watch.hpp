#pragma once
/// Whether Telegram's posts arrive, judged by what Telegram itself says. Told the time; no actor in it.
#include "net/telegram_bot.hpp"
#include <string>

namespace troupe {

class webhook_watch {
public:
  static constexpr std::chrono::seconds look_every{15};
  static constexpr unix_ms set_again_every_ms = 10 * 60'000; ///< while deliveries fail
  static constexpr int alarm_after = 2;                      ///< looks in a row: one post may fail

  struct finding {
    std::string why;        ///< "": nothing is wrong
    bool arrives = false;   ///< and it is known: nothing waits, or a post came
    bool set_again = false; ///< Telegram shall be told our address once more
    bool alarming = false;  ///< and administrators of it
  };
  finding judge(const telegram::webhook_facts& told, const std::string& our_url, unix_ms now);
  void is_set(unix_ms now);
  void post_arrived(unix_ms now);

private:
  unix_ms fine_since_ = 0; ///< What failed before this says nothing of now.
  unix_ms set_at_ = 0;
  bool came_ = false; ///< a post, since the last error that is known
  bool failing_ =
      false; ///< until nothing waits any more, or a post comes: Telegram tries again ever more rarely
  int bad_looks_ = 0;
};

} // namespace troupe
