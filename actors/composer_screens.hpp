#pragma once
/// The screens of broadcasts: writing one, and watching those that run.
#include "actors/broadcast_draft.hpp"
#include "actors/broadcast_time.hpp"
#include "actors/dialogue_screens.hpp"

namespace troupe::office {

inline constexpr int list_page = 8, recipients_page_size = 10;
inline constexpr int speeds[] = {0, 20, 10, 5, 1}; ///< 0: all that is permitted
inline constexpr int audience_days[] = {1, 7, 30, 90};
/// Screens of the bot that a broadcast may lead to; their labels are `cast_button.screen_<name>`.
inline constexpr const char* bot_screens[] = {"home", "gen", "buy", "help"};

/// Messages a second that a broadcast may have.
int rate_of(const config::options& o, bool paid, int per_second);
/// What Telegram takes for so many paid messages: 0.1 Star each, rounded up.
std::int64_t stars_for(std::int64_t messages);

class broadcast_screens {
public:
  broadcast_screens(const config::settings& set, const std::string& language)
      : set_{set}, paint_{set.words, language} {}

  talk::screen ask_content(const std::string& note = "") const;
  talk::screen dropped() const;
  talk::screen draft_card(const draft& d, const std::string& note = "") const;
  /// Other content has come while there is one.
  talk::screen ask_replace(const draft& d, const draft& other) const;
  talk::screen ask_links(const draft& d, const std::string& note = "") const;
  talk::screen ask_time(const draft& d, unix_ms now, const std::string& note = "") const;
  talk::screen choose_audience(const draft& d) const;
  /// Count, time and price; the only way to "send".
  talk::screen summary(const draft& d, std::int64_t users) const;
  talk::screen ask_edit(const draft& d, const std::string& note = "") const;
  talk::screen confirm_edit(const draft& d) const;
  talk::screen confirm_erase(const draft& d) const;

  talk::screen list(const std::vector<broadcast>& all, int offset) const; ///< `all`: one more than a page
  /// `per_second`: as it goes now, 0 is not known.
  talk::screen card(const broadcast& b, double per_second) const;
  talk::screen question(const broadcast& b) const; ///< asking
  talk::screen sure_to_stop(const broadcast& b) const;
  talk::screen recipients(const recipients_page& p, recipient_state state, int offset) const;

  std::string say(const std::string& key, const config::texts::args& a = {}) const {
    return paint_.say("cast." + key, a);
  }
  std::string count(const std::string& key, std::int64_t n) const;
  std::string chars(std::int64_t n) const { return paint_.count("chars", n); }
  std::string span(std::int64_t seconds) const; ///< "about 4 min"

private:
  talk::button key(const std::string& name, const std::string& data) const {
    return {paint_.say("cast_button." + name), data};
  }
  std::string content(const draft& d) const;
  std::string audience_line(const audience& to) const;
  std::string pace_line(bool paid, int per_second) const;
  std::string counts(const broadcast& b) const;
  std::string head(const broadcast& b) const;
  talk::keyboard keys(const broadcast& b) const;

  const config::settings& set_;
  talk::painter paint_;
};

} // namespace troupe::office
