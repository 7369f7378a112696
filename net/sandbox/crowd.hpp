#pragma once
/// Many virtual people, held in 16 bytes each: how much they got and the last message only. Told the time
/// (Unix ms).
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace troupe::sandbox {

struct crowd_plan {
  std::int64_t first_id = 0; ///< 0: after those who are here.
  std::int64_t count = 0;    ///< 1-1 000 000
  int blocked_percent = 0, deactivated_percent = 0;
  bool start = false; ///< Each presses Start, as fast as the bot takes it.
};

enum class crowd_answer : std::uint8_t { reachable, blocked, deactivated };

class crowd {
public:
  /// A crowd that overlaps the new one goes. @returns the first id. @throws std::runtime_error
  std::int64_t come(crowd_plan plan);
  bool has(std::int64_t id) const { return find(id) != nullptr; }
  /// Counts a refused send, too.
  crowd_answer ask(std::int64_t id);
  void got(std::int64_t id, std::int64_t message_id, const std::string& content, std::int64_t now);
  std::int64_t last_message(std::int64_t id) const;
  void called(const std::string& method) { ++methods_[method]; }

  /// The next who presses Start.
  std::optional<std::int64_t> next_start();
  nlohmann::json describe(std::int64_t now) const;
  void forget_counts();

private:
  struct member {
    std::int32_t last_message = 0;
    std::uint32_t received = 0;
    crowd_answer state = crowd_answer::reachable;
  };
  struct group {
    std::int64_t first_id;
    std::vector<member> members;
    std::int64_t starts_left = 0;
  };
  /// How often everybody got one text; 255 is "255 or more".
  struct text_count {
    std::size_t hash = 0;
    std::string text;
    std::int64_t received = 0, repeats = 0;
    std::map<std::int64_t, std::vector<std::uint8_t>> got; ///< By the crowd's first id.
  };

  const group* group_of(std::int64_t id) const;
  const member* find(std::int64_t id) const;
  void count_text(std::int64_t id, const std::string& content);

  std::vector<group> groups_;
  std::vector<text_count> texts_;
  std::map<std::string, std::int64_t> methods_;
  std::map<std::int64_t, std::int64_t> per_second_; ///< Unix s -> received, the last five minutes.
  std::int64_t received_ = 0, repeats_ = 0, blocked_ = 0, deactivated_ = 0, first_at_ = 0, last_at_ = 0;
};

} // namespace troupe::sandbox
