#pragma once
/// One event of an administrator on its way through the composer: the two halves of composer.cpp.
#include "actors/composer.hpp"
#include "actors/composer_screens.hpp"
#include <optional>
#include <string>
#include <vector>

namespace troupe::office {

/// "b:ak:17:1:7" -> "ak", {17, 1, 7}. Buttons are the client's word: anything else is none.
struct press {
  std::string action;
  std::vector<std::int64_t> numbers;
};
std::optional<press> read_press(const std::string& data);

namespace step {
inline constexpr const char* content = "b:content";
inline constexpr const char* draft = "b:draft";
inline constexpr const char* links = "b:links";
inline constexpr const char* time = "b:time";
inline constexpr const char* edit = "b:edit";
} // namespace step

/// Collects the draft and opens the broadcast.
class drafting {
public:
  drafting(const config::settings& set, const std::string& language, const visit& v);

  /// An item of an album follows the last within so long.
  static constexpr unix_ms album_wait = 3'000;
  /// A planned time that passed while the confirmation was on its way is still kept.
  static constexpr unix_ms grace = 10 * 60'000;

  outcome begin(); ///< a new one, or the one in hand
  outcome take_message();
  outcome take_press(const press& p);
  outcome opened(const broadcast& b);
  outcome begin_edit(const broadcast& b);
  outcome begin_erase(const broadcast& b);
  outcome repeat(const broadcast& b);

private:
  outcome result(std::optional<talk::screen> s, const char* step = "", const std::string& toast = "");
  outcome ask_again(const std::string& why);
  void put_aside(draft next);
  outcome draft_screen(const std::string& toast = "");
  outcome changed(const std::string& toast = "");
  outcome take_links();
  outcome take_time();
  outcome take_edit();
  std::optional<outcome> take_setting();
  outcome take_content();
  outcome offer();
  outcome add_to_album();
  outcome add_to_offered();
  void put_content(draft& d) const;
  bool join(draft& d, std::string& why) const;
  std::string refusal() const;                   ///< of this message as content; "": it can be sent
  std::string too_long(std::size_t limit) const; ///< its text or caption, in code points; "": it is not
  piece piece_of_event() const;
  std::optional<outcome> set_option(const press& p);
  outcome add_screen(std::int64_t which);
  outcome answer_offer(const press& p);
  outgoing shown_to_me(const call& c) const;
  outcome preview();
  outcome summary();
  outcome confirm();
  bool arriving() const;

  const config::settings& set_;
  const visit& v_;
  std::string language_;
  broadcast_screens screens_;
  draft d_;
};

} // namespace troupe::office
