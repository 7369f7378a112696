#pragma once
/// The administrators' side of the dialogue: pure rules as the dialogue itself, which hands over what
/// concerns it. Here everything but broadcasts; those are the composer's.
#include "actors/dialogue_screens.hpp"
#include "messages/office.hpp"
#include <optional>
#include <variant>

namespace troupe::office {

/// What of it must become durable in the middle of the turn.
using operation = std::variant<admin_action, open_broadcast, broadcast_step>;
using answer = std::variant<admin_answer, broadcast_answer>;

/// One event of an administrator, and all that may be known for it.
struct visit {
  const telegram::event& e;
  const account& who;
  const talk::memory& memory;
  const sales_facts& sales;
  const office_facts& facts; ///< the answer to what `asks` asked
  unix_ms now = 0;
};

/// What comes of it. The dialogue sends the screen (as an edit when a button was pressed), then the messages.
struct outcome {
  std::optional<talk::screen> screen;
  bool new_message = false; ///< the screen does not replace the one that was pressed
  std::string slot;         ///< the screen's message is known by this name from now on
  std::string toast;
  std::string step;             ///< memory.screen: what the next text or photo means; "": as it was
  std::string draft;            ///< memory.office
  std::vector<outgoing> before; ///< said before the screen, which is a new message then
  std::vector<outgoing> messages;
  std::int64_t wrote_to = 0;           ///< the user whom the event's words were for: more of them may follow
  std::optional<operation> op;         ///< Set: do it first, then `acted` tells all of the above.
  std::optional<job_step> step_of_job; ///< The same with a job.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<journal_line> journal;
  std::vector<right> uses; ///< dialogue::decision::uses
};

/// Rules for one event; cheap to make.
class desk {
public:
  desk(const config::settings& set, const std::string& language)
      : set_{set}, paint_{set.words, language}, language_{language} {}

  /// Is this the office's: its commands, its buttons ("o:..."), and what it has asked for (screens "o...")?
  static bool concerns(const telegram::event& e, const talk::memory& m);
  /// What `decide` wants to know first.
  std::optional<office_question> asks(const visit& v) const;
  outcome decide(const visit& v) const;
  outcome acted(const visit& v, const answer& a) const;
  outcome stepped(const visit& v, const step_answer& a) const;

private:
  const config::settings& set_;
  talk::painter paint_;
  std::string language_;
};

} // namespace troupe::office
