#pragma once
/// What is said about a cause, to whom, and what may be done next: one row a cause.
///
/// To add one: a line in messages/causes.hpp (enum and name), a row in causes.cpp, its sentences in both
/// config/texts/*.toml. tests/actors/causes_test.cpp walks all rows: a sentence of its own in both languages,
/// and no word of what did not happen. A sentence may claim something ("retries did not help", "an
/// administrator knows") only where the code that reaches it has done it: `retried` below is said only with
/// `happened::retried`, and administrators hear `alarm` from the same function that ends the job.
#include "actors/dialogue_screens.hpp"
#include "messages/causes.hpp"

namespace troupe::causes {

/// Which button stands under the sentence.
enum class next : std::uint8_t {
  none,
  redo,        ///< change text or picture: the request is kept
  again,       ///< the same once more
  other_model, ///< the choice of models
  buy,         ///< the shop
  stars,       ///< another way to pay
  contact,     ///< another address for the receipt; leads to the data that is given
};

struct row {
  cause what = cause::none;
  /// The user's sentence, a key of the texts; "": he is told nothing by it.
  const char* sentence = "";
  /// Said in its place when the engine has tried more than once; "": the same one.
  const char* retried = "";
  /// What administrators are told, a key of the texts with {text}; "": nothing.
  const char* alarm = "";
  next button = next::again;
  bool refused = false; ///< The request was refused: an opening of its own, "an error" would be untrue.
  bool quotes = false;  ///< The other side's own words follow.
};

const row& row_of(cause c);

/// What is known of one case of it.
struct happened {
  std::string text = {}; ///< the other side's words
  bool retried = false;
  config::texts::args args = {}; ///< further places of the sentence
};

/// The sentence, with what belongs to it. HTML.
std::string why(const talk::painter& paint, cause c, const happened& h = {});
/// Label and data. `id` is the job that redo and other_model begin from, or the credits whose purchase goes
/// on with another contact.
std::optional<talk::button> button_of(const talk::painter& paint, cause c, std::int64_t id);

/// As exactly as the other side's words allow: of which kind a violation is, which limit a picture misses.
cause precise(cause c, const std::string& text);
/// "at least 300px" -> 300; 0: it names none.
int least_side_in(const std::string& text);

} // namespace troupe::causes
