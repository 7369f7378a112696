#pragma once
/// Where the people behind the bot are reached: their group, wherever Telegram has moved it, or each of them.
#include "config/config.hpp"
#include "messages/office.hpp"
#include <algorithm>
#include <map>
#include <mutex>
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
  /// `named`: by the database.
  void knows(std::int64_t user_id, const std::string& language_code, role named) {
    const std::lock_guard lock{mutex_};
    languages_[user_id] = config::texts::language_for(language_code);
    if (named != role::none) named_[user_id] = named;
    else named_.erase(user_id);
  }
  /// As far as it was heard: for screens and for whom to write to. What is done is asked of the store.
  role rank_of(std::int64_t user_id, const config::options& o) const {
    const std::lock_guard lock{mutex_};
    return rank(user_id, o);
  }

  /// The group, or each who may.
  std::vector<office_seat> seats(const config::options& o, right what) const {
    const auto group = group_now(o);
    return group == 0 ? people(o, what) : std::vector<office_seat>{{group, group_language}};
  }
  /// Each who may, in his own chat: owners first.
  std::vector<office_seat> people(const config::options& o, right what) const {
    const std::lock_guard lock{mutex_};
    std::vector<office_seat> all;
    const auto add = [&](std::int64_t id) {
      const auto known = languages_.find(id);
      all.push_back({id, known == languages_.end() ? group_language : known->second});
    };
    for (const auto id : o.users.admin_ids) add(id);
    for (const auto& [id, named] : named_)
      if (const auto r = rank(id, o); r != role::owner && may(r, what)) add(id);
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
  /// each who may; of one of them nobody else, he finds it when he is back.
  std::vector<std::int64_t> instead_of(std::int64_t chat_id, const config::options& o, right what) const {
    std::vector<std::int64_t> all;
    if (chat_id < 0 || chat_id == group_now(o))
      for (auto& seat : people(o, what))
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

  role rank(std::int64_t user_id, const config::options& o) const {
    const auto named = named_.find(user_id);
    return role_of(user_id, o.users.admin_ids, named == named_.end() ? role::none : named->second);
  }

  mutable std::mutex mutex_;
  std::map<std::int64_t, std::int64_t> moves_;
  std::map<std::int64_t, std::string> languages_; ///< of all who are or were of the office
  std::map<std::int64_t, role> named_;            ///< in the menu, beside those of the configuration
};

} // namespace troupe
