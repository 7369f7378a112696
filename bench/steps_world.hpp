#pragma once
/// Telegram as a bot under test sees it, and the people who press its buttons: each presses, waits for the
/// right edit and for the end of the button's spinning, and only then presses again. Counts what is wrong.
/// Its own program, so that every bot meets the same; all methods may be called by any thread.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace troupe::bench {

/// Waits of single steps, in seconds, as they ended.
struct step_times {
  std::vector<double> edit;  ///< press to edit
  std::vector<double> toast; ///< press to answerCallbackQuery
};

class steps_world {
public:
  using clock = std::chrono::steady_clock;

  struct setting {
    int users = 64;
    int latency_ms = 0;  ///< of the network, there and back
    int flood_every = 0; ///< every n-th call is answered 429; 0: none
    int retry_after_s = 1;
    int patience_s = 30; ///< for steps under way when the time is over
  };
  explicit steps_world(setting s);
  ~steps_world();

  /// Listens on a free port of the loopback. @returns the port
  int start();
  void stop();

  /// Everybody sends /start. @returns how many were greeted within the limit
  int arrive(std::chrono::seconds limit);
  /// `per_second` presses by whoever is idle; 0: who is done presses again at once. When `seconds` are over,
  /// those under way are waited for.
  step_times press_for(double seconds, double per_second);

  std::size_t ended() const { return times_.edit.size(); } ///< of the last press_for, stragglers too
  int polls() const { return polls_; }
  int wrong() const { return wrong_; } ///< edits that show something else than was asked for
  int out_of_order() const { return out_of_order_; }
  int unfinished() const { return lost_edits_ + lost_toasts_; } ///< what never came
  int lost_edits() const { return lost_edits_; }
  int lost_toasts() const { return lost_toasts_; } ///< the button spins until Telegram gives up
  int starved() const { return starved_; }         ///< presses that no idle user was there for

private:
  enum class phase : std::uint8_t { away, starting, idle, pressing };
  struct user {
    std::mutex mutex;
    phase now = phase::away;
    std::int64_t message_id = 0;
    bool on_help = false;   ///< what the screen shows
    std::int64_t press = 0; ///< the callback's id
    bool edited = false, answered = false;
    clock::time_point pressed_at, edited_at, answered_at;
  };
  struct http;

  std::string handle(const std::string& method, const std::string& body, int& status);
  std::string poll(const std::string& body);
  std::string send(const std::string& body);
  std::string edit(const std::string& body);
  std::string answer(const std::string& body);
  void press(std::size_t who);
  void end_step(std::size_t who, user& u);
  void put_update(const std::string& json);
  user* user_of(std::int64_t chat_id) {
    const auto i = chat_id - first_chat;
    return i < 0 || i >= static_cast<std::int64_t>(users_.size()) ? nullptr
                                                                  : users_[static_cast<std::size_t>(i)].get();
  }
  void half_way() const;
  void count_lost();

  static constexpr std::int64_t first_chat = 700'000'001;
  setting set_;
  std::vector<std::unique_ptr<user>> users_;
  std::unique_ptr<http> http_;

  std::mutex updates_mutex_;
  std::condition_variable updates_there_;
  std::deque<std::pair<std::int64_t, std::string>> updates_;
  std::int64_t next_update_ = 1000;
  bool stopping_ = false;

  std::mutex steps_mutex_;
  std::condition_variable step_ended_;
  step_times times_;
  std::deque<std::size_t> idle_;
  std::atomic<bool> running_{false}, closed_{false};
  std::atomic<int> under_way_{0}, greeted_{0}, calls_{0}, polls_{0}, wrong_{0}, out_of_order_{0};
  int lost_edits_ = 0, lost_toasts_ = 0, starved_ = 0;
  std::atomic<std::int64_t> next_message_{5000}, next_press_{1};
};

} // namespace troupe::bench
