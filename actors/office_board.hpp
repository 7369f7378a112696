#pragma once
/// Where the people behind the bot are reached: their group, wherever Telegram has moved it, or each of them.
#include "config/config.hpp"
#include "messages/office.hpp"
#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// A chat of the office, and the language that is spoken there.
struct office_seat {
  std::int64_t chat_id = 0;
  std::string language; ///< "ru" | "en"
};

/// Any thread.
class office_board {
public:
  /// "moved:<group>", as it is kept in the database; all else is passed over.
  void set(const std::string& name, const std::string& value) {
    if (name.rfind("moved:", 0) != 0) return;
    const auto from = number(name.substr(6)), to = number(value);
    if (from < 0 && to < 0) moved(from, to);
  }
  void moved(std::int64_t from, std::int64_t to) {
    const std::lock_guard lock{mutex_};
    if (from != to) moves_[from] = to;
  }
  void knows(std::int64_t user_id, const std::string& language_code, bool administrator) {
    const std::lock_guard lock{mutex_};
    languages_[user_id] = config::texts::language_for(language_code);
    if (administrator) promoted_.insert(user_id);
    else promoted_.erase(user_id);
  }

  /// The group, or each administrator.
  std::vector<office_seat> seats(const config::options& o) const {
    const auto group = group_now(o);
    return group == 0 ? people(o) : std::vector<office_seat>{{group, group_language}};
  }
  /// Each administrator in his own chat.
  std::vector<office_seat> people(const config::options& o) const {
    const std::lock_guard lock{mutex_};
    std::vector<office_seat> all;
    const auto add = [&](std::int64_t id) {
      const auto known = languages_.find(id);
      all.push_back({id, known == languages_.end() ? group_language : known->second});
    };
    for (const auto id : o.users.admin_ids) add(id);
    for (const auto id : promoted_)
      if (std::find(o.users.admin_ids.begin(), o.users.admin_ids.end(), id) == o.users.admin_ids.end())
        add(id);
    return all;
  }
  /// 0: there is none.
  std::int64_t group_now(const config::options& o) const {
    const std::lock_guard lock{mutex_};
    auto id = o.office.feedback_chat_id;
    for (std::size_t i = 0; i <= moves_.size(); ++i) { // as often as it has moved, in whatever circle
      const auto next = moves_.find(id);
      if (next == moves_.end()) break;
      id = next->second;
    }
    return id;
  }
  /// Who gets the office's mail that this chat refuses: of the group, or the one chat that stands for it,
  /// each administrator; of an administrator nobody else, he finds it when he is back.
  std::vector<std::int64_t> instead_of(std::int64_t chat_id, const config::options& o) const {
    std::vector<std::int64_t> all;
    if (chat_id < 0 || chat_id == group_now(o))
      for (auto& seat : people(o))
        if (seat.chat_id != chat_id) all.push_back(seat.chat_id);
    return all;
  }

private:
  static constexpr const char* group_language = "ru";
  static std::int64_t number(const std::string& text) {
    char* end = nullptr;
    const auto n = std::strtoll(text.c_str(), &end, 10);
    return end && *end == '\0' ? n : 0;
  }

  mutable std::mutex mutex_;
  std::map<std::int64_t, std::int64_t> moves_;
  std::map<std::int64_t, std::string> languages_; ///< of administrators
  std::set<std::int64_t> promoted_;               ///< in the menu, beside those of the configuration
};

} // namespace troupe
