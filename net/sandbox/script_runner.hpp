#pragma once
/// Plays a script's steps against a sandbox and prints the transcript.
#include "net/sandbox/script.hpp"
#include "net/sandbox/transcript.hpp"
#include <deque>
#include <functional>
#include <set>

namespace troupe::sandbox {

/// What a script acts on. All may block for a few seconds and throw std::runtime_error with words for people.
struct script_world {
  std::function<nlohmann::json(const std::string& path)> get;
  std::function<nlohmann::json(const std::string& path, const nlohmann::json& body)> post;
  std::function<std::string(const std::string& file)> read_file; ///< Bytes; "" when there is none.
  std::function<std::int64_t()> now_ms;                          ///< Any clock that only goes forward.
  std::function<void(std::int64_t ms)> pause;
};

/// Held, or where it was not: `line` and what was seen instead.
struct script_result {
  bool held = true;
  int line = 0;
  std::string why;
};

class script_runner {
public:
  /// @param limit_ms of each wait that names none
  script_runner(script_world world, std::ostream& out, std::int64_t limit_ms);
  script_result run(const std::vector<script_step>& steps);

  static constexpr std::size_t seen_max = 200; ///< Messages kept of one chat since its person last acted.
  static constexpr std::int64_t payment_limit_ms = 12'000; ///< The bot has 10 s to agree.

private:
  struct failure {
    std::string why;
  };

  void play(const script_step& s);
  void play_on_chat(const script_step& s, std::int64_t user);
  void play_on_world(const script_step& s);
  void act(const script_step& s);
  void press(const script_step& s, std::int64_t user);
  void send_photo(const script_step& s, std::int64_t user);
  void pay(const script_step& s, std::int64_t user);
  void wait_for(const script_step& s, std::int64_t user);
  void expect(const script_step& s, std::int64_t user);
  void expect_no_violations();
  std::int64_t user_of(const std::string& name);
  nlohmann::json button(const script_step& s, std::int64_t user, std::int64_t& message_id);
  template <class Found> bool until(std::int64_t limit_ms, Found found);
  void look(int wait_s);
  bool seen(std::int64_t user, const std::string& text) const;
  std::string told(std::int64_t user) const;

  script_world world_;
  transcript transcript_;
  std::int64_t limit_ms_, seq_ = 0;
  std::map<std::string, std::int64_t> people_;
  std::map<std::int64_t, std::deque<std::string>> seen_; ///< Since the person last acted.
};

} // namespace troupe::sandbox
