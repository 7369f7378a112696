#pragma once
/// People with a seed: they order, doubt, press twice, block and come back, and are silent for hours.
#include "tests/simulation/play.hpp"

namespace troupe::simulation {

struct crowd_setting {
  int users = 8;
  bool nasty = true; ///< Also wishes that end badly, nonsense and blocking.
};

class crowd {
public:
  crowd(std::uint64_t seed, play& stage, crowd_setting setting);
  void enter(unix_ms until); ///< They act until then.
  /// Everybody who has not blocked us asks for his balance once more.
  void ask_all_once_more();
  const std::vector<std::int64_t>& users() const { return users_; }
  std::int64_t next_wish() { return ++wishes_; }

private:
  void act(std::int64_t user);
  void act_later(std::int64_t user, unix_ms wait);
  void order(std::int64_t user, bool photo);
  void go_shopping(std::int64_t user);
  void give_back();
  void press_later(std::int64_t user, const std::string& data, unix_ms wait);
  void press(std::int64_t user, const std::string& data);
  void nonsense(std::int64_t user);
  void leave_for_a_while(std::int64_t user);
  std::string wish();

  play& stage_;
  crowd_setting set_;
  dice dice_;
  unix_ms until_ = 0;
  std::vector<std::int64_t> users_;
  std::int64_t wishes_ = 0;
};

} // namespace troupe::simulation
