#pragma once
/// The outside world: Telegram, kie.ai and the network between, on the virtual clock. The two services are
/// those of the sandbox; here are only addresses, delays and faults.
#include "messages/http.hpp"
#include "net/web_server.hpp"
#include "net/sandbox/kie_world.hpp"
#include "net/sandbox/telegram_world.hpp"
#include "net/sandbox/yookassa_world.hpp"
#include "tests/simulation/basics.hpp"
#include "tests/simulation/faults.hpp"
#include <set>
#include <utility>

namespace troupe::simulation {

inline constexpr auto public_url = "https://engine.example";
inline constexpr auto callback_secret = "simulated";
inline constexpr auto shop_url = "https://shop.example";
inline constexpr auto bot_token = "1000001:sandbox";

/// Words in a prompt that decide what becomes of it; the provider's own are in the sandbox ("[[hang]]", ...).
inline constexpr auto broken_video = "[[broken]]";
inline constexpr auto unsendable_video = "[[unsendable]]";
inline constexpr auto lost_file = "[[lost]]"; ///< When it is to be sent for the first time.

/// A running engine as the world sees it.
struct engine_link {
  std::function<void(std::uint64_t ticket, http_reply)> answer;
  /// A callback; `acknowledged` when it need not come again.
  std::function<void(const web_callback& call, std::function<void()> acknowledged)> wake;
  /// A payment notice, the same way.
  std::function<void(const std::string& outside_id, std::function<void()> acknowledged)> tell;
};

class outside {
public:
  outside(std::uint64_t seed, agenda& coming, trace& log, std::function<unix_ms()> now);

  sandbox::telegram_world telegram;
  sandbox::kie_world kie;
  sandbox::yookassa_world shop;
  fault_rates rates;
  fault_counts injected;
  std::function<void(const std::string&)> broken_rule = [](const std::string&) {};
  /// Scripted faults go before the dice; for tests of one case.
  std::function<fault(const http_request&)> script;
  unix_ms generation_least = 20 * second_ms, generation_most = 150 * second_ms;
  /// Nobody reaches these until then.
  unix_ms no_telegram_until = 0, no_provider_until = 0;
  bool slow_lines = false; ///< Sometimes seconds, seldom half a minute.

  unix_ms now() const { return now_(); }

  // -- the engine's side --
  void connect(engine_link link);
  void disconnect(); ///< The engine is dead: what it still says is not heard, nor is it answered.
  void ask(std::uint64_t ticket, const http_request& request);
  /// The result that was saved there is a playable video.
  bool playable(const std::string& path) const;

  // -- the people's side --
  void say(std::int64_t user, const sandbox::said& what);
  void press(std::int64_t user, std::int64_t message_id, const std::string& data);
  void block(std::int64_t user, bool blocked);
  /// The newest invoice in the chat, once or more often. False: there is none, or it was refused at once.
  bool pay_stars(std::int64_t user);
  /// The user's newest open payment on the shop's page.
  bool pay_shop(std::int64_t user);
  bool decline_shop(std::int64_t user);
  /// The services give money back by themselves.
  void refund_by_telegram(std::int64_t user, const std::string& charge);
  void refund_by_shop(const std::string& payment_id, const std::string& amount);
  bool has_stars_charge_of(std::int64_t user) { return !star_charges(user).empty(); }
  /// Telegram's own book: charge -> what came and what went back.
  struct charge {
    std::int64_t user = 0, stars = 0;
    bool refunded = false;
  };
  std::map<std::string, charge> star_charges(std::int64_t user = 0);
  bool is_blocked(std::int64_t user) const { return blocked_.count(user) != 0; }
  struct button {
    std::int64_t message_id = 0;
    std::string data;
  };
  /// An administrator says that he gives so much.
  void promise(std::int64_t user, std::int64_t credits) { promised_[user] += credits; }
  std::int64_t promised(std::int64_t user) const { return value_or_zero(promised_, user); }
  /// Messages in his chat, of the last ones, that have such a button.
  int messages_with_button(std::int64_t user, const std::string& data) const;
  /// The newest visible button whose data starts so.
  std::optional<button> find_button(std::int64_t user, const std::string& data,
                                    const std::string& end = "") const;
  /// When each last wrote, or let us in again.
  const std::map<std::int64_t, unix_ms>& questions() const { return asked_; }
  unix_ms heard_at(std::int64_t user) const { return value_or_zero(heard_, user); }
  /// When an engine acknowledged that this job's video is ready; 0: never.
  unix_ms told_at(std::int64_t job_id) const { return value_or_zero(told_, job_id); }
  /// From `since` until then the engine had good reasons not to make use of what it was told.
  void excuse(unix_ms since, unix_ms until);
  /// How often a video with this caption mark arrived.
  int videos_with(const std::string& mark) const;

private:
  struct call {
    int life;
    std::uint64_t ticket;
    http_request request;
    std::string path;
    std::int64_t chat;
    unix_ms left_at;
    fault trouble = fault::none;
  };
  struct waiting_poll {
    call from;
    sandbox::bot_call what;
    std::int64_t number;
  };
  struct screen {
    std::int64_t message_id;
    std::vector<std::string> buttons;
  };

  static unix_ms value_or_zero(const std::map<std::int64_t, unix_ms>& m, std::int64_t key) {
    const auto it = m.find(key);
    return it == m.end() ? 0 : it->second;
  }
  // outside.cpp: the network
  fault choose(const call& c);
  bool roll(fault f);
  unix_ms delay();
  void check_rules(const call& c);
  void arrive(const call& c);
  void finish(const call& c, http_reply good);
  void reply_at(const call& c, unix_ms when, http_reply r);
  void reply_soon(const call& c, http_reply r) { reply_at(c, now_() + delay(), std::move(r)); }
  http_reply flood(const call& c);
  http_reply spoiled(const call& c, http_reply good);
  // outside_services.cpp: who lives where
  std::optional<http_reply> serve(const call& c);
  http_reply bot_method(const call& c);
  void begin_poll(const call& c);
  void answer_polls();
  http_reply updates_for(const waiting_poll& p);
  http_reply provider(const call& c);
  void remember(const sandbox::bot_call& what, const nlohmann::json& result);
  void expect_callback(const sandbox::kie_created& made);
  void call_back(const std::string& task_id, int attempt);
  void call_again(const std::string& task_id, int attempt);
  // outside_money.cpp
  http_reply shop_call(const call& c);
  std::optional<std::string> open_shop_payment(std::int64_t user);
  void send_notices();
  void send_notice(const sandbox::yookassa_notice& n);

  agenda& coming_;
  trace& log_;
  std::function<unix_ms()> now_;
  dice dice_;
  int life_ = 0;
  unix_ms excused_until_ = 0;
  std::optional<engine_link> link_;
  std::vector<waiting_poll> polls_;
  std::deque<std::pair<unix_ms, nlohmann::json>> seen_updates_;
  std::map<std::int64_t, unix_ms> silent_until_, asked_, heard_, told_;
  std::set<std::int64_t> busy_chats_, blocked_;
  std::map<std::int64_t, std::deque<screen>> screens_;
  std::map<std::int64_t, std::int64_t> promised_; ///< credits
  std::map<std::string, std::string> results_;    ///< saved to -> prompt
  std::map<std::string, int> videos_;
  std::set<std::string> lost_files_;              ///< by caption
  std::map<std::int64_t, std::int64_t> invoices_; ///< newest by user
};

} // namespace troupe::simulation
