#pragma once
/// How an administrator writes a broadcast, and what he sees of those that run: pure rules, as the office's.
#include "actors/office.hpp"

namespace troupe::office {

class composer {
public:
  composer(const config::settings& set, const std::string& language)
      : set_{set}, paint_{set.words, language}, language_{language} {}

  /// Its commands, its buttons ("b:..."), and what it has asked for (screens "b...")?
  static bool concerns(const telegram::event& e, const talk::memory& m);
  std::optional<office_question> asks(const visit& v) const;
  outcome decide(const visit& v) const;
  outcome acted(const visit& v, const answer& a) const;

private:
  outcome refused(const visit& v) const;

  const config::settings& set_;
  talk::painter paint_;
  std::string language_;
};

/// What the broadcaster says of a broadcast to its author, or, when he may not send any more, to those who
/// may. Slot: "cast:<id>".
class cast_voice {
public:
  explicit cast_voice(const config::settings& set) : set_{set} {}
  static std::string slot_of(std::int64_t broadcast_id) { return "cast:" + std::to_string(broadcast_id); }
  /// Counts, speed and time left, with the buttons for now. lane::progress
  outgoing progress(const broadcast& b, const std::string& language, double per_second) const;
  /// The final report, or the question why it stands still: stored with the step. lane::reply
  std::vector<outgoing> turned(const broadcast& b, const std::string& language) const;

private:
  const config::settings& set_;
};

} // namespace troupe::office
