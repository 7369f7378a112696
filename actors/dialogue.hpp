#pragma once
/// What the bot says: a pure state machine. Told the time, the user's account and what happened;
/// answers with the new state and the messages. Knows no actor, no clock, no network.
#include "actors/job_voice.hpp"
#include "actors/office_board.hpp"
#include "actors/picture_check.hpp"
#include "actors/sales_board.hpp"
#include "actors/writing.hpp"
#include "config/config.hpp"
#include "messages/office.hpp"
#include "net/telegram.hpp"
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// What a screen wants to see before it can be drawn.
struct screen_facts {
  std::vector<ledger_entry> entries;    ///< for the history screen
  std::vector<job> jobs;                ///< for the generations screen
  std::vector<payment> payments;        ///< for an administrator
  office_facts office;                  ///< the same: what `office_question_of` asked
  std::vector<std::string> mutes;       ///< for the screen of broadcasts
  sales_facts sales;                    ///< always
  std::vector<office_seat> seats;       ///< where the office is reached; always
  std::optional<picture_facts> picture; ///< what a decision asked to be looked at
};

class dialogue {
public:
  /// The settings must outlive it.
  explicit dialogue(const config::settings& set) : set_{set} {}

  enum class facts : std::uint8_t { none, entries, jobs, payments, payment, mutes };
  /// Which facts `decide` will need for this event.
  facts wanted(const telegram::event& e) const;
  std::int64_t payments_of(const telegram::event& e) const;    ///< for facts::payments
  payment_query payment_named(const telegram::event& e) const; ///< for facts::payment

  /// Content that answers a message of the bot's, of somebody who may answer letters: whose letter it is
  /// (`event.letter_of`) is to be asked before all else.
  static bool may_be_answer(const telegram::event& e, const account& who) {
    return e.answered_id != 0 && telegram::is_content(e.kind) && may(who.rank, right::answer);
  }

  /// The same for an administrator: to be asked of the analyst.
  std::optional<office_question> office_question_of(const telegram::event& e, const account& who,
                                                    unix_ms now) const;

  struct decision {
    std::string state; ///< JSON, to be stored with the turn
    std::vector<outgoing> messages;
    std::optional<order_request> order; ///< Set: place it first, then call `ordered` instead of sending.
    /// The same with `settled`.
    std::optional<std::variant<open_payment, star_charge, payment_step>> purchase;
    std::optional<job_step> step; ///< The same with `stepped`: a job the user does not want any more.
    std::vector<std::pair<std::string, std::string>> settings; ///< An administrator's; stored with the turn.
    std::vector<journal_line> journal;                         ///< The same.
    std::vector<right> uses;                                   ///< What else in it only some may do.
    std::vector<std::pair<std::string, bool>> mutes;           ///< The same, of a user.
    std::optional<std::variant<admin_action, open_broadcast, broadcast_step>>
        office;                     ///< The same with `acted`.
    std::int64_t ask_about = 0;     ///< A payment the cashier should look at now.
    std::int64_t group_is_back = 0; ///< The office's group takes messages again.
    /// Set: send the messages at once and store nothing; ask the writer, then call `written`.
    std::optional<writing_request> writing;
    /// The same: have it looked at, then call `decide` (or `written`) with what was seen among the facts.
    std::optional<picture_request> picture;
  };
  /// `who.rank`: what counts, by the configuration too. `who.state` is the stored state ("" at first). An
  /// order_key comes from the draft, never from the clock.
  decision decide(const telegram::event& e, const account& who, const screen_facts& f, unix_ms now) const;
  /// The second half of a turn that placed an order.
  decision ordered(const telegram::event& e, const account& who, const order_answer& answer, unix_ms now,
                   const sales_facts& sales = {}) const;
  /// The second half of a turn about a payment.
  decision settled(const telegram::event& e, const account& who, const payment_answer& answer,
                   unix_ms now) const;
  /// The whole turn again, now that the writer has answered; `who` as it was before it.
  decision written(const telegram::event& e, const account& who, const screen_facts& f,
                   const writing_outcome& outcome, unix_ms now) const;
  /// The second half of a turn about a job.
  decision stepped(const telegram::event& e, const account& who, const step_answer& answer,
                   unix_ms now) const;

  /// The second half of an administrator's turn.
  decision acted(const telegram::event& e, const account& who, const admin_answer& answer, unix_ms now) const;
  decision acted(const telegram::event& e, const account& who, const broadcast_answer& answer,
                 unix_ms now) const;

private:
  const config::settings& set_;
};

} // namespace troupe
