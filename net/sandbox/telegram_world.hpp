#pragma once
/// Telegram as a plain class that is told the time (Unix ms). No threads, no HTTP: the server locks and
/// waits.
#include "net/sandbox/crowd.hpp"
#include "net/sandbox/flood_watch.hpp"
#include "net/sandbox/star_desk.hpp"
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::sandbox {

struct stored_file {
  std::string kind, path, content_type;
  std::shared_ptr<const std::string> bytes; ///< Shared: several ids of one picture.
};

/// What a person sends.
struct said {
  std::string text, photo, caption, sticker;
  int voice_s = 0;           ///< A voice message of so many seconds; 0 is none.
  std::int64_t chat_id = 0;  ///< A group; 0: the private chat.
  std::int64_t reply_to = 0; ///< A message of that chat.
  std::string kind = {};     ///< video, animation, audio or document, with `bytes`.
  std::string bytes = {}, file_name = {}, content_type = {};
  nlohmann::json entities = {}; ///< Of the text or caption.
  nlohmann::json origin = {};   ///< A forwarded message's MessageOrigin.
  std::string album = {};       ///< media_group_id
};

/// An update on its way to the bot's webhook.
struct webhook_post {
  std::string url, secret, body;
  std::int64_t update_id = 0;
};

/// A pay button belongs to an invoice, and to its first place. @throws refusal
void check_pay_buttons(const nlohmann::json& message);

/// How many messages a call makes: an album and a list count as their items.
int messages_in(const std::string& method, const bot_call& call);

class telegram_world {
public:
  /// Ids count on from `first_id`. An engine keeps its database over a restart of the sandbox and would
  /// take an update whose id it has seen for one it has answered: later worlds need later ids.
  explicit telegram_world(std::string token, std::int64_t first_id = 101);

  // The bot's side.
  std::optional<bot_answer> check_token(const std::string& token) const;
  /// Every method but getUpdates, which waits.
  bot_answer handle(const bot_call& call, std::int64_t now);
  /// Confirms by offset. @returns a ticket: the newest poll wins.
  std::int64_t begin_poll(const bot_call& call, std::int64_t now);
  /// As after a week of silence: the next update has this number, be it lower.
  void number_anew(std::int64_t next_update) { next_update_ = std::max<std::int64_t>(next_update, 1); }
  bool superseded(std::int64_t ticket) const { return ticket != poll_ticket_; }
  bool has_updates() const { return !updates_.empty(); }
  bot_answer updates(const bot_call& call, std::int64_t now);
  static bot_answer conflict();
  static int poll_seconds(const bot_call& call);

  // The webhook: while one is set, polls are refused and the server posts, one update at a time.
  std::optional<bot_answer> poll_refused(bool was_polling) const;
  /// The update to post now; nothing while there is none or after a failure.
  std::optional<webhook_post> next_post(std::int64_t now);
  /// What became of it; status 0 is no answer.
  void posted(const webhook_post& post, int status, std::int64_t now);
  bool webhook_works() const { return !hook_.url.empty() && hook_.failures == 0; }

  // The people's side.
  nlohmann::json add_user(std::int64_t id, const std::string& first_name, const std::string& language);
  nlohmann::json users() const;
  nlohmann::json say(std::int64_t user_id, const said& what, std::int64_t now);
  /// @returns the callback query's id.
  std::string press(std::int64_t user_id, std::int64_t message_id, const std::string& data, std::int64_t now,
                    std::int64_t chat_id = 0);
  std::optional<nlohmann::json> toast_of(const std::string& callback_id) const;
  void block(std::int64_t user_id, bool blocked, std::int64_t now);

  /// A group with the bot in it, under privacy mode: it hears commands and replies to itself only.
  nlohmann::json add_group(std::int64_t id, const std::string& title);
  /// It becomes a supergroup, with another id; `told`: the bot hears of it. @returns the supergroup.
  nlohmann::json move_group(std::int64_t id, bool told, std::int64_t now);
  /// Every message to it is refused in these words of Telegram; "": taken again.
  nlohmann::json refuse_in_group(std::int64_t id, const std::string& words, std::int64_t now);
  /// A person sends on a message of one of its chats. @throws std::runtime_error when there is none.
  nlohmann::json forward_to_bot(std::int64_t user_id, std::int64_t from_chat, std::int64_t message_id,
                                std::int64_t now);
  /// 2-10 photos and videos, or documents. @throws std::runtime_error
  nlohmann::json say_album(std::int64_t user_id, std::vector<said> items, std::int64_t now);

  // The crowd.
  nlohmann::json crowd_comes(const crowd_plan& plan, std::int64_t now);
  nlohmann::json bot_user() const;
  const crowd& people_crowd() const { return crowd_; }
  void forget_crowd_counts() { crowd_.forget_counts(); }

  flood_watch& floods() { return floods_; }
  const flood_watch& floods() const { return floods_; }
  std::int64_t paid_messages() const { return paid_messages_; }
  void set_bot_stars(std::int64_t stars) { desk_.set_bot_balance(stars); }
  /// Refused requests and overstepped limits, by wording.
  nlohmann::json all_violations() const;

  // Paying with Stars.
  /// The person confirms an invoice; the bot is asked. @returns the pre-checkout query's id.
  /// @throws std::runtime_error when there is no such invoice or there are too few Stars.
  std::string pay(std::int64_t user_id, std::int64_t message_id, std::int64_t now);
  std::string pay_link(std::int64_t user_id, const std::string& link, std::int64_t now);
  /// What became of it: "state" is waiting, paid, refused or failed.
  std::optional<nlohmann::json> payment_of(const std::string& query_id, std::int64_t now);
  std::optional<nlohmann::json> invoice_of(const std::string& link) const;
  std::int64_t stars_of(std::int64_t user_id) const { return desk_.balance(user_id); }
  void set_stars(std::int64_t user_id, std::int64_t stars);
  std::int64_t bot_stars() const { return desk_.bot_balance(); }
  /// A fault: each payment comes as two updates.
  void deliver_payments_twice(bool on) { payments_twice_ = on; }
  /// A fault: each payment is returned at once, and the bot hears of the refund before it hears of the money.
  void refund_before_payment(bool on) { refund_first_ = on; }
  /// The next period of the person's subscription: charged without a question, with a charge id of its own.
  /// @throws std::runtime_error without a subscription, or with too few Stars.
  void renew_subscription(std::int64_t user_id, std::int64_t now);

  nlohmann::json chat(std::int64_t user_id) const;
  nlohmann::json events_after(std::int64_t seq) const;
  std::int64_t last_seq() const { return seq_; }
  nlohmann::json commands() const { return commands_; }
  const stored_file* file(const std::string& id) const;
  const stored_file* file_by_path(const std::string& path) const;
  const std::map<std::string, int>& calls() const { return calls_; }
  /// Refused requests that only a bug of the bot explains, and what the Bot API's schema does not allow, by
  /// wording. Telegram answers the latter as if nothing were wrong.
  const std::map<std::string, int>& violations() const { return violations_; }

private:
  struct person {
    nlohmann::json user;
    bool blocked = false, group = false, of_crowd = false;
    std::int64_t read_to = 0;  ///< The bot has fetched this person's messages up to here.
    std::int64_t moved_to = 0; ///< A group that has become this supergroup.
    std::string refuses;       ///< A group's answer to every message; "": it takes them.
    std::map<std::int64_t, nlohmann::json> messages;
  };
  struct callback {
    std::int64_t user_id = 0, asked = 0;
    std::optional<nlohmann::json> toast;
  };
  struct queued {
    std::int64_t expires;
    nlohmann::json update;
  };

  struct webhook {
    std::string url, secret, last_error;
    std::int64_t max_connections = 40, due = 0, last_error_at = 0;
    int failures = 0; ///< Of the first update, in a row.
  };

  void count_violation(const std::string& words);
  void check_schema(const bot_call& call);
  nlohmann::json dispatch(const bot_call& call, std::int64_t now);
  std::optional<nlohmann::json> copies_dispatch(const std::string& method, const bot_call& call,
                                                std::int64_t now);
  nlohmann::json copy_one(const bot_call& call, std::int64_t now);
  nlohmann::json forward_one(const bot_call& call, std::int64_t now);
  nlohmann::json copy_many(const bot_call& call, bool forward, std::int64_t now);
  nlohmann::json delete_many(const bot_call& call);
  nlohmann::json send_album(const bot_call& call, std::int64_t now);
  nlohmann::json media_of(const bot_call& call, const std::string& kind, const std::string& field);
  const nlohmann::json& source_message(const bot_call& call, std::int64_t message_id, const char* what) const;
  nlohmann::json forwarded(const nlohmann::json& source) const;
  void put_reply(nlohmann::json& message, const bot_call& call, const person& p) const;
  flood_verdict ask_flood(const std::string& method, const bot_call& call, std::int64_t now);
  void charge_paid(int messages);
  person& crowd_recipient(std::int64_t id);
  void crowd_starts(std::int64_t now);
  nlohmann::json said_message(person& chat, const person& from, const said& what, std::int64_t now);
  void put_said(nlohmann::json& message, const said& what);
  static bool is_basic(std::int64_t id);
  person& group_of(std::int64_t id);
  nlohmann::json service_message(person& chat, nlohmann::json what, std::int64_t now);
  bool bot_hears(const person& chat, const nlohmann::json& message) const;
  nlohmann::json get_me() const;
  nlohmann::json send_text(const bot_call& call, std::int64_t now);
  nlohmann::json send_media(const bot_call& call, const std::string& kind, std::int64_t now);
  nlohmann::json edit_text(const bot_call& call, std::int64_t now);
  nlohmann::json edit_caption(const bot_call& call, std::int64_t now);
  nlohmann::json edit_markup(const bot_call& call, std::int64_t now);
  nlohmann::json delete_message(const bot_call& call);
  bool erase(person& p, std::int64_t message_id);
  nlohmann::json answer_callback(const bot_call& call, std::int64_t now);
  nlohmann::json chat_action(const bot_call& call);
  nlohmann::json set_commands(const bot_call& call);
  nlohmann::json get_file(const bot_call& call) const;
  nlohmann::json send_invoice(const bot_call& call, std::int64_t now);
  nlohmann::json answer_pre_checkout(const bot_call& call, std::int64_t now);
  nlohmann::json refund_payment(const bot_call& call, std::int64_t now);
  nlohmann::json set_webhook(const bot_call& call);
  nlohmann::json delete_webhook(const bot_call& call);
  nlohmann::json webhook_info() const;
  nlohmann::json money_dispatch(const std::string& method, const bot_call& call, std::int64_t now);

  std::string begin_payment(std::int64_t user_id, const star_invoice& invoice, std::int64_t now);
  void show_paid(const star_payment& paid, std::int64_t now, bool first = true);
  void show_refunded(const star_payment& back, std::int64_t now);
  void expire_payments(std::int64_t now);
  static void put_markup(nlohmann::json& message, const bot_call& call);
  void remember_allowed(const bot_call& call);
  person& recipient(const bot_call& call);
  person& known(std::int64_t user_id);
  nlohmann::json& own_message(const bot_call& call, person& p);
  nlohmann::json deliver(person& p, nlohmann::json message, std::int64_t now);
  nlohmann::json replace(nlohmann::json& old, nlohmann::json changed, std::int64_t now);
  nlohmann::json chat_of(const person& p) const;
  std::string store(const std::string& kind, const std::string& content_type,
                    std::shared_ptr<const std::string> bytes);
  nlohmann::json photo_sizes(const std::string& bytes);
  void queue(const std::string& kind, nlohmann::json body, std::int64_t now);
  void event(const std::string& type, std::int64_t user_id, nlohmann::json message);
  void forget_expired(std::int64_t now);
  void confirm_before(std::int64_t offset);
  void confirm_first();

  std::string token_;
  std::int64_t bot_id_ = 0;
  std::map<std::int64_t, person> people_; ///< And groups, whose ids are negative.
  person passer_by_;                      ///< One of the crowd, while it is served.
  crowd crowd_;
  flood_watch floods_;
  std::map<std::string, nlohmann::json> sizes_; ///< Of photos sent again.
  std::int64_t paid_tenths_ = 0, paid_messages_ = 0, next_album_ = 13'000'000'000'000'001;
  std::vector<std::int64_t> order_;
  std::deque<queued> updates_;
  std::set<std::string> allowed_; ///< Empty: the default set.
  std::int64_t next_update_, next_message_, next_file_, poll_ticket_ = 0, next_prune_ = 0;
  std::int64_t next_callback_ = 2214812345678900001, next_user_ = 600000001;
  std::map<std::string, callback> callbacks_;
  std::map<std::string, stored_file> files_;
  std::map<std::string, std::string> file_paths_; ///< path -> id
  nlohmann::json commands_ = nlohmann::json::array();
  std::map<std::string, nlohmann::json> commands_by_scope_;
  std::deque<nlohmann::json> events_;
  std::int64_t seq_ = 0;
  std::map<std::string, int> calls_, violations_;
  star_desk desk_;
  bool payments_twice_ = false, refund_first_ = false;
  webhook hook_;
};

} // namespace troupe::sandbox
