#pragma once
/// Which of the shop's notices leads to a question to the shop, and when. Anybody may have written a notice,
/// so it costs us little: one question a payment in ten seconds, and what is not of our book waits behind
/// what is. Told the time; no actor in it.
#include "messages/work.hpp"
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>

namespace troupe {

class notice_desk {
public:
  static constexpr unix_ms again_ms = 10'000;         ///< from one question about a payment to the next
  static constexpr std::size_t own_at_once = 4;       ///< questions about payments of our book
  static constexpr std::size_t own_max = 1'000;       ///< that wait; the shop tells it again
  static constexpr unix_ms stranger_every_ms = 1'000; ///< one at a time of all others
  static constexpr std::size_t strangers_max = 8;     ///< that wait; the shop tells it again
  static constexpr std::size_t unknown_max = 1'000;   ///< ids that the shop did not know, the newest

  /// The shop has said so: it is not asked again.
  bool is_unknown(const std::string& id) const { return unknown_.count(id) > 0; }
  /// A notice came about it. False: too many wait.
  bool note(const std::string& id, bool ours, unix_ms now);
  /// Whom to ask about now, until there is nobody; ours first.
  std::optional<std::string> next(unix_ms now);
  /// When next() has one; nothing: a note or an answer has to come first.
  std::optional<unix_ms> due() const;
  void answered(const std::string& id, bool shop_knows_it, unix_ms now);

private:
  struct matter {
    bool ours = false, waits = false, asked = false;
    unix_ms not_before = 0;
  };
  using line = std::set<std::pair<unix_ms, std::string>>; ///< of those that wait and are not asked about
  std::string begin(line& of, unix_ms now);
  void remember(const std::string& id);
  void tidy(unix_ms now);

  std::map<std::string, matter> all_;
  line own_, strangers_;
  std::size_t own_asked_ = 0, strangers_asked_ = 0;
  unix_ms stranger_at_ = 0; ///< not before
  std::unordered_set<std::string> unknown_;
  std::deque<std::string> unknown_order_;
};

} // namespace troupe
