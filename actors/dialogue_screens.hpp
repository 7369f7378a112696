#pragma once
/// The screens as text and buttons. Each has a way home.
#include "actors/dialogue.hpp"
#include "actors/dialogue_buttons.hpp"
#include "actors/dialogue_state.hpp"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::talk {

using button = std::pair<std::string, std::string>; ///< label, data
using keyboard = std::vector<std::vector<button>>;

struct screen {
  std::string text; ///< HTML
  keyboard buttons;
};

/// How many videos one press may order.
inline constexpr int pack_sizes[] = {1, 3, 5};

/// The catalogue as it fits a draft.
bool fits(const config::model& m, const draft& d);
const config::model* model_of(const std::vector<config::model>& models, const draft& d);
/// The one that was chosen, even if something is missing for it yet.
const config::model* chosen_of(const std::vector<config::model>& models, const draft& d);
std::vector<std::string> aspects_of(const config::model& m, const draft& d);
/// Credits for one video of it.
int price_of(const config::model& m, const draft& d);
/// The lowest and the highest price of one video.
std::pair<int, int> prices_of(const config::model& m);
/// Is the photo large enough for it? One of unknown size is.
bool takes_photo_of(const config::model& m, const draft& d);
/// Fills what is unset and replaces what the catalogue no longer has. Null when no model takes this input.
const config::model* settle(const std::vector<config::model>& models, draft& d);
std::string title_of(const config::model& m, const std::string& language);

class painter {
public:
  painter(const config::texts& words, std::string language) : words_{words}, language_{std::move(language)} {}

  std::string say(const std::string& key, const config::texts::args& a = {}) const;
  /// The number as spaced() writes it, with the word in the form that fits it.
  std::string count(const std::string& key, std::int64_t n) const;
  button press(const std::string& key, const std::string& data) const { return {say("button." + key), data}; }
  std::vector<button> back_home(const std::string& back) const;

  /// A text with nothing but the way home.
  screen plain(const std::string& text) const;
  keyboard menu() const;
  screen home(const std::string& first_name, const account& who) const;
  screen balance(const account& who) const;
  /// `credits`: so many are wanted already; 0: not said.
  screen shop(const account& who, bool cards, std::int64_t credits = 0, const std::string& note = "") const;
  screen terms(const std::string& method) const;
  /// `id` is the update that made the screen: a second press on it buys nothing more.
  screen packages(const config::options& opts, const account& who, const std::string& method,
                  std::int64_t id) const;
  /// `problem`: what is wrong with the one that was typed.
  screen ask_amount(const config::options& opts, const std::string& method,
                    const std::string& problem = "") const;
  /// `contact`: where the receipt goes; "": not said, or there is none.
  screen offer(const config::options& opts, const std::string& method, std::int64_t credits, std::int64_t id,
               const std::string& contact = "") const;
  screen payments(const std::vector<payment>& all) const;
  screen help() const;
  /// `closed`: why nothing can be ordered now; "" when something can.
  screen kinds(const std::vector<config::model>& models, const sales_facts& sales,
               const std::string& closed) const;
  screen advice(const draft& d) const;
  screen ask_photo(bool needed) const;
  /// Another model for what is asked already.
  screen choose_model(const std::vector<config::model>& models, const draft& d, const sales_facts& sales,
                      const std::string& note = "") const;
  /// What is in work, each with its way out.
  screen running(const std::vector<job>& jobs, unix_ms now) const;
  /// How a card stands apart from its draft.
  struct card_facts {
    std::int64_t balance = 0;
    int pack_max = 1; ///< no more videos at once
    bool open = true; ///< false: nothing can be started now
    std::string note;
  };
  screen card(const std::vector<config::model>& models, const draft& d, const card_facts& f) const;
  screen accepted(const draft& d) const;
  screen operations(std::vector<ledger_entry> entries, std::size_t page) const;
  screen generations(std::vector<job> jobs, std::size_t page) const;

  std::string balance_line(const account& who) const;

private:
  /// Model, format, length, sound and number, each with what is chosen.
  keyboard choices(const config::model& m, const draft& d, int pack_max) const;
  std::vector<button> tabs() const;
  std::string operation(const ledger_entry& e) const;
  std::string generation(const job& j, std::size_t number) const;

  const config::texts& words_;
  std::string language_;
};

/// What is sold: credits with their gift, and what they cost.
struct offer {
  std::int64_t credits = 0; ///< as named
  std::int64_t bonus = 0;
  std::int64_t stars = 0, kopecks = 0; ///< 0: not sold this way
  std::int64_t total() const { return credits + bonus; }
};
/// A package, or the own amount at the rate; nothing outside the limits.
std::optional<offer> offer_for(const config::options& opts, std::int64_t credits);
bool cards_on(const config::options& opts);

/// "1000", "10 000": the one way amounts and counts are written.
std::string spaced(std::int64_t n);
/// The one way money is written: "1000 ⭐", "10 000 ⭐", "900,50 ₽". Whole Stars, or kopecks.
std::string money_text(payment_method method, std::int64_t amount);
/// The same of "1000 XTR" and "90050 RUB", as the book keeps them.
std::string money_text(const std::string& kept);
/// "▓▓▓░░░": so many of the cells are full.
std::string bar(int full, int cells);
/// Its end as a person sees it: the video could not be handed over, though it was made.
bool was_not_handed_over(const job& j);
/// UTC+3, without summer time.
inline constexpr unix_ms moscow_ms = 3 * 3'600'000ll;
/// Moscow time, said on the screen: most users live by it.
std::string clock_text(unix_ms at);

/// A prompt as status messages and captions show it: short, and safe inside HTML.
std::string quote(const std::string& prompt);

/// sendMessage, or editMessageText when `message_id` is given.
outgoing show(const screen& s, std::int64_t chat_id, std::int64_t message_id = 0);

} // namespace troupe::talk
