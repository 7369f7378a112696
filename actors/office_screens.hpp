#pragma once
/// The administrators' screens: facts in, text and buttons out.
#include "actors/dialogue_screens.hpp"
#include "messages/office.hpp"

namespace troupe::office {

/// There is nothing to show of it: the house may pay for another try.
bool may_be_made_again(const job& j);

class screens {
public:
  /// Of somebody of this role: what he may not do is not offered.
  screens(const config::settings& set, const talk::painter& paint, const std::string& language, role rank)
      : set_{set}, paint_{paint}, language_{language}, rank_{rank} {}

  talk::screen menu() const;
  talk::screen statistics(const stats& s, int days, unix_ms now) const;
  /// What cannot be done with him by this administrator is not offered.
  talk::screen user(const user_card& c, std::int64_t administrator) const;
  talk::screen user_list(const user_lists& l, user_lists_query::what which, int page, int page_size) const;
  talk::screen activity(const activity_page& p, int page, int page_size) const;
  talk::screen log(const journal_page& p, std::int64_t user_id, int page, int page_size) const;
  talk::screen job(const job_card& c) const;
  talk::screen queue(const queue_page& p, const sales_facts& sales, unix_ms now) const;
  talk::screen prices(const sales_facts& sales) const;
  talk::screen model(const config::model* m, const sales_facts& sales) const; ///< null: it is gone
  talk::screen options() const;
  talk::screen maintenance(const sales_facts& sales) const;
  /// A sentence and the way back.
  talk::screen word(const std::string& text, const std::string& back = "o:menu") const;

  std::string say(const std::string& key, const config::texts::args& a = {}) const {
    return paint_.say(key, a);
  }
  talk::button press(const std::string& key, const std::string& data) const {
    return {say("office_button." + key), data};
  }
  std::vector<talk::button> back(const std::string& data) const {
    return {{say("button.back"), data}, {say("button.home"), "home"}};
  }
  /// By the configuration and the database.
  role rank_of(const user_card& c) const {
    return role_of(c.who.user_id, set_.opts.users.admin_ids, c.money.rank);
  }
  /// A model as buttons name it: the files may be read again between two presses, and an index would then
  /// mean another one. Null when it is not sold any more.
  const config::model* tagged(const std::string& tag) const;
  static std::string tag_of(const config::model& m);
  std::string price_list(const config::model& m) const;
  std::string sound_price_list(const config::model& m) const;
  std::string option_value(const std::string& key) const;

private:
  std::string sales_text(const stats& s) const;
  std::string models_text(const stats& s) const;
  std::string margin_text(const stats& s) const;
  talk::keyboard rows_about(const user_card& c, std::int64_t administrator) const;
  bool can(right what) const { return may(rank_, what); }

  const config::settings& set_;
  const talk::painter& paint_;
  const std::string& language_;
  role rank_;
};

} // namespace troupe::office
