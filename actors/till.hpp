#pragma once
/// The rules and the words of payments. Told the time; no actor, no network.
#include "actors/dialogue_screens.hpp"
#include "net/yookassa.hpp"

namespace troupe::till {

/// An invoice may lie in the chat for long; prices change.
inline constexpr unix_ms invoice_valid_ms = 24 * 3'600'000ll;
/// So long the shop is asked to make a payment; nobody has its address yet, so nobody can pay it.
inline constexpr unix_ms opening_max_ms = 10 * 60'000;
/// So long a payment whose state cannot be read is looked at, or one that the shop does not know any more.
inline constexpr unix_ms odd_max_ms = 24 * 3'600'000ll;
/// So long one of which the shop says nothing at all.
inline constexpr unix_ms silent_max_ms = 3 * 24 * 3'600'000ll;
/// So long one that the shop says is open: it keeps money set aside for a week at most.
inline constexpr unix_ms open_max_ms = 8 * 24 * 3'600'000ll;

/// From one look at a matter of this age to the next: the older, the more seldom, at last once an hour.
unix_ms look_wait(unix_ms age, unix_ms regular);

/// Why a pre-checkout is refused, as a key of the texts; "" when the invoice is good.
std::string checkout_refusal(const payment& named, const telegram::event& e, unix_ms now);

/// What the shop's answer makes of a payment; nothing when all is as it was.
std::optional<payment_step> step_after(const payment& p, const yookassa::payment_status& s, unix_ms now);

/// The shop refuses something of the receipt; whether it is the address cannot be told.
bool is_about_receipt(const yookassa::payment_status& s);
/// The address for the receipt that a purchase carries; "": none.
std::string contact_of(const payment& p);
/// How many credits were named when it was bought, without the gift; 0: not said.
std::int64_t named_credits(const payment& p);

/// The account as it will be when this payment is credited.
account credited(account who, const payment& p);

std::string price_of(const payment& p); ///< talk::money_text
std::string price_of(payment_method m, std::int64_t amount);

/// Who hears what concerns the office's money.
struct office_chats {
  std::vector<office_seat> people; ///< each administrator
  std::int64_t group = 0;          ///< where it is now; 0: there is none
};

/// Messages about one payment. `who` is its user.
class voice {
public:
  voice(const config::texts& words, const config::options& opts) : words_{words}, opts_{opts} {}
  static std::string slot_of(const payment& p) { return "pay:" + std::to_string(p.payment_id); }

  outgoing invoice(const payment& p, const account& who) const;
  outgoing link(const payment& p, const account& who) const;
  outgoing not_yet(const payment& p, const account& who) const;         ///< lane::progress
  outgoing no_answer(const payment& p, const account& who) const;       ///< the same: the shop is silent
  outgoing opening_is_slow(const payment& p, const account& who) const; ///< in the place of the link
  /// The invoice goes, the good news comes; with the order that waited for it. `who` as it is afterwards;
  /// `renewed_until`: it is a further charge of a subscription.
  std::vector<outgoing> paid(const payment& p, const account& who, unix_ms renewed_until = 0) const;
  outgoing cancelled(const payment& p, const account& who) const;
  outgoing refunded(const payment& p, const account& who) const;
  /// The refund was heard of before the payment: no credits come and none go.
  outgoing refunded_before(const payment& p, const account& who) const;
  outgoing being_checked(const payment& p, const account& who) const; ///< money came, but not as agreed

  /// To each administrator, in his language, and to the group.
  std::vector<outgoing> tell_admins(const payment& p, const std::string& key, const office_chats& to) const;
  /// What they hear of an update about money, beside what the dialogue tells its user.
  std::vector<outgoing> office_news(telegram::event_kind what, const payment_answer& a,
                                    const office_chats& to) const;
  /// What `rank` may not do is not offered.
  talk::screen card(const payment& p, const std::string& language, role rank) const;

private:
  talk::painter painter_for(const account& who) const;
  config::texts::args facts_of(const payment& p, const talk::painter& paint) const;
  outgoing with_note(const payment& p, const account& who, const char* note) const;
  outgoing into_slot(const payment& p, const talk::screen& s, const std::string& link_label = "") const;

  const config::texts& words_;
  const config::options& opts_;
};

} // namespace troupe::till
