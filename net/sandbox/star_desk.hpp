#pragma once
/// Telegram Stars: who may pay what, what was paid, and who has how much. Told the time; knows no chats.
#include "net/sandbox/calls.hpp"
#include <deque>
#include <vector>

namespace troupe::sandbox {

struct star_invoice {
  std::string title, description, payload, start_parameter;
  std::int64_t amount = 0;
  std::int64_t period_s = 0; ///< Of a subscription; 0: paid once.
};

/// sendInvoice and createInvoiceLink. @throws refusal
star_invoice read_invoice(const bot_call& call);

enum class payment_state : std::uint8_t {
  waiting, ///< The bot has the pre-checkout query.
  paid,
  refused, ///< By the bot: `error` is what the person reads.
  failed   ///< No answer within 10 s, or too few Stars at last: not charged.
};

/// One attempt of one person.
struct star_payment {
  std::string query_id;
  std::int64_t user_id = 0, asked = 0;
  star_invoice invoice;
  payment_state state = payment_state::waiting;
  std::string error, charge_id, provider_charge_id;
  std::int64_t until_s = 0; ///< End of the subscription's period, Unix seconds.
  bool refunded = false, renewal_off = false;
};

class star_desk {
public:
  explicit star_desk(std::int64_t first_id);

  void put_on_sale(std::int64_t message_id, star_invoice invoice);
  void withdraw(std::int64_t message_id) { invoices_.erase(message_id); }
  std::string make_link(star_invoice invoice);
  const star_invoice* of_message(std::int64_t message_id) const;
  const star_invoice* of_link(const std::string& link) const;

  std::int64_t balance(std::int64_t user_id) const;
  void set_balance(std::int64_t user_id, std::int64_t stars) { balances_[user_id] = stars; }

  /// The person confirms. @throws std::runtime_error with too few Stars.
  star_payment& begin(std::int64_t user_id, const star_invoice& invoice, std::int64_t now);
  /// answerPreCheckoutQuery. @returns the payment, paid, refused or failed. @throws refusal
  star_payment& answer(const bot_call& call, std::int64_t now);
  /// Attempts the bot let pass; now failed.
  std::vector<star_payment> expire(std::int64_t now);
  /// refundStarPayment. @throws refusal
  star_payment& refund(const bot_call& call, std::int64_t now);
  star_payment& refund(const std::string& charge_id, std::int64_t now);
  /// The next charge of the person's newest subscription. @throws std::runtime_error
  star_payment& renew(std::int64_t user_id, std::int64_t now);
  /// editUserStarSubscription. @throws refusal
  void edit_subscription(const bot_call& call);

  const star_payment* payment(const std::string& query_id) const;
  nlohmann::json transactions(const bot_call& call) const;
  std::int64_t bot_balance() const { return bot_balance_; }
  void set_bot_balance(std::int64_t stars) { bot_balance_ = stars; }

private:
  struct transaction {
    std::string query_id;
    bool refund;
    std::int64_t at;
  };

  star_payment& charged(const bot_call& call);
  void charge(star_payment& p, std::int64_t now);
  star_payment& give_back(star_payment& p, std::int64_t now);
  std::string fresh_name(std::size_t length);

  std::map<std::int64_t, star_invoice> invoices_;
  std::map<std::string, star_invoice> links_;
  std::map<std::string, star_payment> payments_;  ///< By query id.
  std::map<std::string, std::string> charges_;    ///< Charge id -> query id.
  std::deque<std::string> waiting_;               ///< The oldest first.
  std::map<std::int64_t, std::int64_t> balances_; ///< Of those who ever paid.
  std::vector<transaction> transactions_;
  std::int64_t bot_balance_ = 0, next_query_, next_name_;
};

const char* name_of(payment_state s);

} // namespace troupe::sandbox
