#include "actors/office_screens.hpp"
#include "actors/composer_screens.hpp"
#include "actors/till.hpp"
#include <algorithm>
#include <span>

namespace troupe::office {

using talk::spaced;

bool may_be_made_again(const job& j) {
  return j.state == job_state::failed || j.state == job_state::cancelled || talk::was_not_handed_over(j);
}

namespace {

/// In the lists, where there is no room for the reason.
std::string state_of(const job& j) {
  return name_of(talk::was_not_handed_over(j) ? job_state::failed : j.state);
}

constexpr std::size_t screen_chars_max = 3500; // of Telegram's 4096
constexpr std::size_t models_shown_max = 12;

std::string code(std::int64_t n) { return "<code>" + std::to_string(n) + "</code>"; }

std::string name_text(const user_profile& p) {
  auto text = telegram::escape_html(telegram::shorten(p.first_name.empty() ? "—" : p.first_name, 40));
  if (!p.username.empty()) text += " @" + telegram::escape_html(p.username);
  return text;
}

std::string roubles(std::int64_t kopecks) { return till::price_of(payment_method::card, kopecks); }

/// Provider's costs in kopecks; nothing when one of the models has none.
std::optional<std::int64_t> cost_of(const std::vector<config::model>& models, const model_line& l) {
  for (auto& m : models)
    if (m.id == l.model_id && !m.costs_kopecks.empty())
      for (std::size_t i = 0; i < m.durations_s.size(); ++i)
        if (m.durations_s[i] == l.duration_s) return m.costs_kopecks[i] * (l.completed + l.gifted);
  return {};
}

template <class T> std::span<const T> first(const std::vector<T>& all, std::size_t most) {
  return {all.data(), std::min(all.size(), most)};
}

/// Under a page of a list: back and forth, where there is something.
talk::keyboard pages(const std::string& data, int page, bool more) {
  std::vector<talk::button> turn;
  if (page > 0) turn.push_back({"◀", data + std::to_string(page - 1)});
  if (more) turn.push_back({"▶", data + std::to_string(page + 1)});
  return turn.empty() ? talk::keyboard{} : talk::keyboard{turn};
}

} // namespace

talk::screen screens::word(const std::string& text, const std::string& to) const {
  return {text, {back(to)}};
}

talk::screen screens::menu() const {
  talk::keyboard rows{{press("stats", "o:stats:7")}};
  if (can(right::broadcast)) rows.push_back({press("cast", "b:new"), press("casts", "b:list")});
  rows.push_back({press("user", "o:ask"), press("queue", "o:queue")});
  if (can(right::close_shop)) rows.push_back({press("prices", "o:prices")});
  if (can(right::settings)) rows.back().push_back(press("options", "o:opts"));
  rows.push_back({press("payments", "payments"), press("log", "o:log:0:0")});
  if (can(right::close_shop)) rows.push_back({press("maintenance", "o:maint")});
  rows.push_back({{say("button.home"), "home"}});
  std::string commands;
  for (auto [name, what] : {std::pair{"stats", right::look},
                            {"user", right::look},
                            {"add", right::give},
                            {"sub", right::give},
                            {"ban", right::ban},
                            {"unban", right::ban},
                            {"job", right::look},
                            {"queue", right::look},
                            {"log", right::look},
                            {"broadcast", right::broadcast},
                            {"maintenance", right::close_shop},
                            {"payments", right::look}})
    if (can(what)) commands += (commands.empty() ? "/" : ", /") + std::string{name};
  return {say("office.menu", {{"role", say(std::string{"role."} + name_of(rank_))}, {"commands", commands}}),
          rows};
}

std::string screens::sales_text(const stats& s) const {
  if (s.sales.empty()) return say("office.no_sales");
  std::string text;
  for (auto& l : s.sales)
    text += (text.empty() ? "" : "\n") +
            say("office.sale", {{"method", say(std::string{"method."} + name_of(l.method))},
                                {"n", spaced(l.payments)},
                                {"sum", till::price_of(l.method, l.amount)},
                                {"credits", paint_.count("credits", l.credits)}}) +
            (l.refunded > 0 ? say("office.refunded", {{"sum", till::price_of(l.method, l.refunded)}}) : "");
  return text;
}

std::string screens::models_text(const stats& s) const {
  if (s.models.empty()) return say("office.no_videos");
  std::string text;
  std::size_t shown = 0;
  for (auto& l : s.models) {
    if (++shown > models_shown_max) return text + "\n…";
    text +=
        (text.empty() ? "" : "\n") + say("office.model_line", {{"model", telegram::escape_html(l.model_id)},
                                                               {"s", std::to_string(l.duration_s)},
                                                               {"done", spaced(l.completed)},
                                                               {"gifted", spaced(l.gifted)},
                                                               {"failed", spaced(l.failed)},
                                                               {"running", spaced(l.running)}});
  }
  return text;
}

/// Money in less what the provider takes, where all of it is known.
std::string screens::margin_text(const stats& s) const {
  std::int64_t income = 0, costs = 0;
  for (auto& l : s.sales) {
    const auto kept = l.amount - l.refunded;
    if (l.method == payment_method::stars && set_.opts.shop.star_kopecks == 0 && kept > 0)
      return say("office.margin_stars");
    income += l.method == payment_method::stars ? kept * set_.opts.shop.star_kopecks : kept;
  }
  for (auto& l : s.models) {
    const auto cost = cost_of(set_.models, l);
    if (!cost && l.completed + l.gifted > 0)
      return say("office.margin_costs", {{"model", telegram::escape_html(l.model_id)}});
    costs += cost.value_or(0);
  }
  return say("office.margin",
             {{"sum", roubles(income - costs)}, {"income", roubles(income)}, {"costs", roubles(costs)}});
}

talk::screen screens::statistics(const stats& s, int days, unix_ms now) const {
  auto text = say("office.stats", {{"period", say("office.period_" + std::to_string(days))},
                                   {"users", spaced(s.users)},
                                   {"d1", spaced(s.active_1d)},
                                   {"d7", spaced(s.active_7d)},
                                   {"d30", spaced(s.active_30d)},
                                   {"fresh", spaced(s.fresh)},
                                   {"gone", spaced(s.gone)},
                                   {"banned", spaced(s.banned)},
                                   {"balance", spaced(s.balance)},
                                   {"held", spaced(s.held)},
                                   {"debt", spaced(s.debt)},
                                   {"gifts", spaced(s.gifts)},
                                   {"b0", spaced(s.by_balance[0])},
                                   {"b1", spaced(s.by_balance[1])},
                                   {"b2", spaced(s.by_balance[2])},
                                   {"b3", spaced(s.by_balance[3])},
                                   {"b4", spaced(s.by_balance[4])},
                                   {"sales", sales_text(s)},
                                   {"models", models_text(s)},
                                   {"margin", margin_text(s)},
                                   {"age", std::to_string(std::max<unix_ms>(0, (now - s.made_at) / 1000))}});
  std::vector<talk::button> periods;
  for (int d : {1, 7, 30, 0})
    periods.push_back({(d == days ? "• " : "") + say("office.period_" + std::to_string(d)),
                       "o:stats:" + std::to_string(d)});
  return {text, {periods, back("o:menu")}};
}

talk::screen screens::user(const user_card& c, std::int64_t administrator) const {
  if (c.who.user_id == 0) return word(say("office.no_user"), "o:ask");
  const auto id = std::to_string(c.who.user_id);
  std::string marks;
  const auto theirs = rank_of(c);
  if (theirs != role::none) marks += "\n🛠 " + say(std::string{"role."} + name_of(theirs));
  if (c.money.banned)
    marks +=
        "\n" + say("office.is_banned",
                   {{"why", telegram::escape_html(c.money.ban_reason.empty() ? "—" : c.money.ban_reason)}});
  if (c.gone) marks += "\n" + say("office.is_gone");
  for (auto& m : c.mutes) marks += "\n" + say("office.mutes", {{"what", say("category." + m)}});
  auto text =
      say("office.user", {{"name", name_text(c.who)},
                          {"id", code(c.who.user_id)},
                          {"language", c.who.language.empty() ? "—" : telegram::escape_html(c.who.language)},
                          {"since", c.registered_at ? talk::clock_text(c.registered_at) : "—"},
                          {"seen", c.last_seen_at ? talk::clock_text(c.last_seen_at) : "—"},
                          {"balance", paint_.count("credits", c.money.balance)},
                          {"held", spaced(c.money.held)},
                          {"debt", spaced(c.money.debt)},
                          {"payments", spaced(c.payments)},
                          {"stars", till::price_of(payment_method::stars, c.stars)},
                          {"roubles", roubles(c.kopecks)},
                          {"videos", spaced(c.videos)},
                          {"failed", spaced(c.failed)},
                          {"running", spaced(c.money.open_jobs)}}) +
      marks;
  return {text, rows_about(c, administrator)};
}

talk::keyboard screens::rows_about(const user_card& c, std::int64_t administrator) const {
  const auto id = std::to_string(c.who.user_id);
  const auto theirs = rank_of(c);
  talk::keyboard rows;
  if (can(right::give)) rows.push_back({press("give", "o:give:" + id), press("take", "o:take:" + id)});
  rows.push_back(
      {press("entries", "o:ue:" + id), press("user_payments", "o:up:" + id), press("jobs", "o:uj:" + id)});
  std::vector<talk::button> ways;
  const bool banned = c.money.banned;
  if (can(right::ban) && (banned || theirs == role::none))
    ways.push_back(press(banned ? "unban" : "ban", (banned ? "o:unban:" : "o:ban:") + id));
  if (can(right::answer)) ways.push_back(press("message", "o:msg:" + id));
  if (!ways.empty()) rows.push_back(ways);
  if (can(right::name_roles) && theirs != role::owner && c.who.user_id != administrator) {
    std::vector<talk::button> roles;
    if (theirs != role::admin) roles.push_back(press("promote", "o:promote:" + id));
    if (theirs != role::support) roles.push_back(press("make_support", "o:make_support:" + id));
    rows.push_back(roles);
    if (theirs != role::none) rows.push_back({press("demote", "o:demote:" + id)});
  }
  rows.push_back({press("activity", "o:ua:" + id + ":0"), press("log", "o:log:" + id + ":0")});
  rows.push_back(back("o:menu"));
  return rows;
}

/// `l` holds one more than a page when there is another.
talk::screen screens::user_list(const user_lists& l, user_lists_query::what which, int page,
                                int page_size) const {
  std::string text;
  talk::keyboard rows;
  std::vector<talk::button> row;
  const auto add = [&](const std::string& line) {
    if (text.size() < screen_chars_max) text += "\n" + line;
  };
  const auto jump = [&](const std::string& label, const std::string& data) {
    row.push_back({label, data});
    if (row.size() == 4) rows.push_back(std::exchange(row, {}));
  };
  const auto most = static_cast<std::size_t>(page_size);
  for (auto& e : first(l.entries, most))
    add(talk::clock_text(e.at) + "  <b>" + (e.amount > 0 ? "+" : "") + std::to_string(e.amount) + "</b> " +
        e.type + ", " + e.ref_type + " " +
        telegram::escape_html(telegram::shorten(e.ref_id + " " + e.description, 60)));
  for (auto& p : first(l.payments, most)) {
    add("№" + std::to_string(p.payment_id) + " " + talk::clock_text(p.created_at) + " " + till::price_of(p) +
        ", " + say(std::string{"payment_state."} + name_of(p.state)));
    jump("№" + std::to_string(p.payment_id), "payment:" + std::to_string(p.payment_id));
  }
  for (auto& j : first(l.jobs, most)) {
    add("№" + std::to_string(j.job_id) + " " + talk::clock_text(j.created_at) + " " + state_of(j) + " " +
        telegram::escape_html(j.spec.model_id) + ": " + talk::quote(telegram::shorten(j.spec.prompt, 40)));
    jump("№" + std::to_string(j.job_id), "o:j:" + std::to_string(j.job_id));
  }
  if (!row.empty()) rows.push_back(row);
  const char* actions[] = {"o:ue:", "o:up:", "o:uj:"};
  const bool more = std::max({l.entries.size(), l.payments.size(), l.jobs.size()}) > most;
  const auto turn = pages(actions[static_cast<int>(which)] + std::to_string(l.user_id) + ":", page, more);
  rows.insert(rows.end(), turn.begin(), turn.end());
  rows.push_back(back("o:u:" + std::to_string(l.user_id)));
  const char* titles[] = {"office.entries", "office.payments", "office.jobs"};
  return {say(titles[static_cast<int>(which)], {{"id", code(l.user_id)}}) +
              (text.empty() ? "\n" + say("office.nothing") : text),
          rows};
}

talk::screen screens::activity(const activity_page& p, int page, int page_size) const {
  auto text = say("office.activity", {{"id", code(p.user_id)}});
  const auto n = std::min<std::size_t>(p.lines.size(), static_cast<std::size_t>(page_size));
  for (std::size_t i = 0; i < n; ++i)
    text += "\n" + talk::clock_text(p.lines[i].at) + "  " + telegram::escape_html(p.lines[i].what);
  if (n == 0) text += "\n" + say("office.nothing");
  const auto id = std::to_string(p.user_id);
  auto rows = pages("o:ua:" + id + ":", page, p.lines.size() > n);
  rows.push_back(back("o:u:" + id));
  return {text, rows};
}

talk::screen screens::log(const journal_page& p, std::int64_t user_id, int page, int page_size) const {
  auto text = say(user_id ? "office.log_of" : "office.log", {{"id", code(user_id)}});
  const auto n = std::min<std::size_t>(p.lines.size(), static_cast<std::size_t>(page_size));
  for (std::size_t i = 0; i < n; ++i) {
    auto& l = p.lines[i];
    text += "\n" + talk::clock_text(l.at) + "  " + code(l.admin_id) + " <b>" +
            telegram::escape_html(l.action) + "</b>";
    if (l.user_id) text += " → " + code(l.user_id);
    if (l.job_id) text += " №" + std::to_string(l.job_id);
    if (l.amount) text += " " + std::to_string(l.amount);
    if (!l.detail.empty()) text += ": " + telegram::escape_html(telegram::shorten(l.detail, 80));
  }
  if (n == 0) text += "\n" + say("office.nothing");
  auto rows = pages("o:log:" + std::to_string(user_id) + ":", page, p.lines.size() > n);
  rows.push_back(back(user_id ? "o:u:" + std::to_string(user_id) : "o:menu"));
  return {text, rows};
}

talk::screen screens::job(const job_card& c) const {
  const auto& j = c.what;
  if (j.job_id == 0) return word(say("office.no_job"));
  const auto id = std::to_string(j.job_id);
  std::string line;
  for (auto& m : c.timeline) line += "\n" + talk::clock_text(m.at) + "  " + name_of(m.state);
  const auto or_dash = [](const std::string& s) {
    return s.empty() ? std::string{"—"}
                     : "<code>" + telegram::escape_html(telegram::shorten(s, 120)) + "</code>";
  };
  auto text = say("office.job", {{"id", id},
                                 {"order", std::to_string(j.order_id)},
                                 {"user", code(j.user_id)},
                                 {"state", name_of(j.state)},
                                 {"model", telegram::escape_html(j.spec.model_id)},
                                 {"s", std::to_string(j.spec.duration_s)},
                                 {"price", paint_.count("credits", j.price)},
                                 {"prompt", talk::quote(j.spec.prompt)},
                                 {"task", or_dash(j.task_id)},
                                 {"key", or_dash(j.key_name)},
                                 {"file", or_dash(j.file_id)},
                                 {"timeline", line}});
  if (!j.fail_text.empty())
    text += "\n\n" +
            say("office.job_failed", {{"class", telegram::escape_html(j.fail_class)},
                                      {"why", telegram::escape_html(telegram::shorten(j.fail_text, 300))}});
  if (c.returned) text += "\n" + say("office.job_returned");
  if (c.retried) text += "\n" + say("office.job_retried");
  talk::keyboard rows;
  const bool good = can(right::make_good);
  if (good && j.state == job_state::completed && j.fail_text.empty() && !c.returned)
    rows.push_back({press("return", "o:jr:" + id)});
  if (good && may_be_made_again(j) && !c.retried) rows.push_back({press("retry", "o:jt:" + id)});
  if (good && j.state == job_state::pending) rows.push_back({press("cancel", "o:jc:" + id)});
  rows.push_back({press("open_user", "o:u:" + std::to_string(j.user_id)), press("refresh", "o:j:" + id)});
  rows.push_back(back("o:menu"));
  return {text, rows};
}

talk::screen screens::queue(const queue_page& p, const sales_facts& sales, unix_ms now) const {
  auto text = say("office.queue");
  if (sales.stopped) text += "\n" + say("office.all_paused");
  if (p.lines.empty()) text += "\n" + say("office.queue_empty");
  for (auto& l : p.lines) {
    text += "\n" + say("office.queue_line", {{"model", telegram::escape_html(l.model_id)},
                                             {"waiting", spaced(l.waiting)},
                                             {"running", spaced(l.running)},
                                             {"overdue", spaced(l.overdue)}});
    if (l.oldest_waiting_at > 0)
      text +=
          " " + say("office.oldest",
                    {{"time", broadcast_screens{set_, language_}.span((now - l.oldest_waiting_at) / 1000)}});
  }
  talk::keyboard rows;
  if (can(right::close_shop))
    rows.push_back(
        {press(sales.stopped ? "resume_all" : "pause_all", sales.stopped ? "o:sell:all:1" : "o:sell:all:0")});
  std::vector<talk::button> row;
  for (auto& j : p.oldest) {
    row.push_back({"№" + std::to_string(j.job_id), "o:j:" + std::to_string(j.job_id)});
    if (row.size() == 5) rows.push_back(std::exchange(row, {}));
  }
  if (!row.empty()) rows.push_back(row);
  rows.push_back({press("refresh", "o:queue")});
  rows.push_back(back("o:menu"));
  return {text, rows};
}

std::string screens::price_list(const config::model& m) const {
  std::string text;
  for (std::size_t i = 0; i < m.durations_s.size(); ++i)
    text += (i ? ", " : "") + std::to_string(m.durations_s[i]) + " " + say("office.s") + " — " +
            std::to_string(m.prices.empty() ? m.price : m.prices[i]);
  return text;
}

std::string screens::sound_price_list(const config::model& m) const {
  std::string text;
  for (auto p : m.sound_prices) text += (text.empty() ? "" : ", ") + std::to_string(p);
  return text;
}

/// A button holds 64 bytes, and a colon ends a word of it: such an id goes by its hash.
std::string screens::tag_of(const config::model& m) {
  constexpr std::size_t tag_most = 40;
  if (m.id.size() <= tag_most && m.id.find(':') == m.id.npos && m.id.rfind('#', 0) != 0) return m.id;
  std::uint64_t hash = 14695981039346656037u; // FNV-1a: the same in every program
  for (const char c : m.id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return "#" + std::to_string(hash);
}

const config::model* screens::tagged(const std::string& tag) const {
  for (auto& m : set_.models)
    if (tag_of(m) == tag) return &m;
  return nullptr;
}

talk::screen screens::prices(const sales_facts& sales) const {
  talk::keyboard rows;
  for (auto& m : set_.models)
    rows.push_back(
        {{(sales.paused.count(m.id) ? "⏸ " : "") + talk::title_of(m, language_) + ": " + price_list(m),
          "o:m:" + tag_of(m)}});
  rows.push_back(back("o:menu"));
  return {say(can(right::settings) ? "office.prices" : "office.prices_seen"), rows};
}

talk::screen screens::model(const config::model* found, const sales_facts& sales) const {
  if (!found) return word(say("office.model_gone"), "o:prices");
  auto& m = *found;
  const auto n = tag_of(m);
  const bool paused = sales.paused.count(m.id) > 0;
  auto text = say("office.model", {{"title", telegram::escape_html(talk::title_of(m, language_))},
                                   {"id", telegram::escape_html(m.id)},
                                   {"prices", price_list(m)}});
  talk::keyboard rows;
  const bool priced = can(right::settings);
  if (priced) rows.push_back({press("price", "o:price:" + n)});
  if (!m.sound_prices.empty()) {
    text += "\n" + say("office.sound_prices", {{"prices", sound_price_list(m)}});
    if (priced) rows.push_back({press("sound_price", "o:sprice:" + n)});
  }
  if (can(right::close_shop))
    rows.push_back({press(paused ? "resume_model" : "pause_model", "o:sell:" + n + (paused ? ":1" : ":0"))});
  rows.push_back(back("o:prices"));
  return {text, rows};
}

std::string screens::option_value(const std::string& key) const {
  for (auto& e : set_.report)
    if (e.key == key) return e.value;
  return "?";
}

talk::screen screens::options() const {
  talk::keyboard rows;
  const auto& keys = config::changeable_options();
  for (auto& key : keys)
    rows.push_back(
        {{say("option." + key.substr(key.find('.') + 1)) + ": " + option_value(key), "o:opt:" + key}});
  rows.push_back(back("o:menu"));
  return {say("office.options"), rows};
}

talk::screen screens::maintenance(const sales_facts& sales) const {
  talk::keyboard rows;
  if (!sales.maintenance.empty()) rows.push_back({press("maintenance_off", "o:maint_off")});
  rows.push_back(back("o:menu"));
  return {sales.maintenance.empty()
              ? say("office.maintenance_off")
              : say("office.maintenance_on", {{"text", telegram::escape_html(sales.maintenance)}}),
          rows};
}

} // namespace troupe::office
