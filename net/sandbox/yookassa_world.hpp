#pragma once
/// YooKassa as a plain class that is told the time (Unix ms).
#include "net/sandbox/yookassa_rules.hpp"
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace troupe::sandbox {

struct yookassa_settings {
  std::string shop_id = "100500";
  std::string secret_key = "test_sandbox";
  std::string notice_url; ///< "": no notices, as in a shop that has not set any up
  bool receipts_required = false;
  std::int64_t confirm_ms = 3'600'000; ///< How long a payer may take.
};

/// What goes wrong on demand. The numbers count down with the calls they spoil.
struct yookassa_faults {
  int duplicates = 0; ///< Each notice is sent so many times more.
  std::int64_t notice_delay_ms = 0;
  bool drop_notices = false;
  bool foreign_sender = false;    ///< Notices name a sender that is not YooKassa.
  std::int64_t shown_kopecks = 0; ///< GET shows this amount of every payment; 0: the true one
  int fail_before = 0;            ///< 500, and nothing is done
  int fail_after = 0;             ///< POST: done, but the answer is 500
  int lose_answers = 0;           ///< POST: done, but the connection breaks
  int too_many = 0;               ///< 429
  int cancel_refunds = 0;         ///< Refunds are made and canceled: no money in the shop.
  std::int64_t answer_delay_ms = 0;
  bool reject_keys = false; ///< 401 to every call, as after the operator has changed the key
  std::string
      refused_contact; ///< This e-mail or phone looks good, and the receipt's service does not take it.
};

struct yookassa_call {
  std::string method, path; ///< "GET", "/payments"
  std::map<std::string, std::string> query;
  std::string authorization, key, content_type, body;
  std::string base; ///< The address under which the caller reached us: the payer's page lives there.
};

struct yookassa_answer {
  int status = 200;
  nlohmann::json body;
  bool lost = false; ///< Break the connection instead.
};

struct yookassa_notice {
  std::string url, body, from_ip;
  std::int64_t event_at = 0, due_at = 0;
  int attempt = 1;
};

/// What the payer's page shows.
struct yookassa_bill {
  std::string status, description, return_url, method, cancel_reason;
  std::int64_t kopecks = 0;
};

class yookassa_world {
public:
  yookassa_world(yookassa_settings settings, std::uint64_t seed);

  yookassa_answer handle(const yookassa_call& call, std::int64_t now);

  /// The payer. @returns false when the payment is not (or no more) his to pay, or not by this method.
  bool pay(const std::string& id, const std::string& method, std::int64_t now);
  bool decline(const std::string& id, const std::string& reason, std::int64_t now);
  std::optional<yookassa_bill> bill(const std::string& id, std::int64_t now);

  /// The next notice that is due; its sender says how it went, and then it may come again.
  std::optional<yookassa_notice> take_notice(std::int64_t now);
  void notice_answered(yookassa_notice notice, int status, std::int64_t now);
  /// When take_notice may have something; none: not before another call.
  std::optional<std::int64_t> next_due() const;

  yookassa_settings settings;
  yookassa_faults faults;
  nlohmann::json report(std::int64_t now); ///< All payments and refunds, and counters.

private:
  struct payment {
    std::string id, status = "pending", base, method_used, party, reason;
    checked_payment order;
    std::int64_t created = 0, captured = 0, refunded = 0;
  };
  struct refund {
    std::string id;
    checked_refund order;
    bool canceled = false;
    std::int64_t created = 0;
  };
  struct remembered {
    std::string request;
    yookassa_answer answer;
    std::int64_t at = 0;
  };

  bool authorized(const yookassa_call& call) const;
  yookassa_answer error(int status, const std::string& code, const std::string& description,
                        const std::string& parameter = "");
  yookassa_answer read(const yookassa_call& call);
  yookassa_answer write(const yookassa_call& call, std::int64_t now);
  yookassa_answer once_per_key(const yookassa_call& call, std::int64_t now);
  yookassa_answer perform(const yookassa_call& call, std::int64_t now);
  yookassa_answer create(const yookassa_call& call, std::int64_t now);
  yookassa_answer give_back(const yookassa_call& call, std::int64_t now);
  nlohmann::json list_payments(const std::map<std::string, std::string>& query) const;
  nlohmann::json list_refunds(const std::map<std::string, std::string>& query) const;
  nlohmann::json show(const payment& p) const;
  nlohmann::json show(const refund& r) const;
  nlohmann::json me() const;

  void expire(std::int64_t now);
  void cancel(payment& p, const std::string& party, const std::string& reason, std::int64_t at);
  payment* pending(const std::string& id, std::int64_t now);
  void tell(const std::string& event, const nlohmann::json& object, std::int64_t at);
  std::string new_id(const char* middle);

  std::mt19937_64 random_;
  std::map<std::string, payment> payments_;
  std::map<std::string, refund> refunds_;
  std::vector<std::string> order_, refund_order_; ///< Ids, oldest first.
  std::deque<std::string> unpaid_;                ///< Those that may expire, oldest first.
  std::map<std::string, remembered> keys_;
  std::multimap<std::int64_t, yookassa_notice> notices_; ///< By the time they are due.
  std::map<std::string, int> counters_;
};

} // namespace troupe::sandbox
