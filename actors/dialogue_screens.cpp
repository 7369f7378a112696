#include "actors/dialogue_screens.hpp"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace troupe::talk {
namespace {

using nlohmann::json;
using telegram::escape_html;
using telegram::shorten;

constexpr std::size_t page_size = 8;
constexpr std::size_t shown_prompt_max =
    2000; // with a photo it is not the user's own text: he reads all of it
constexpr std::size_t quoted_prompt_max = 150; // code points: a caption holds 1024 characters

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

std::size_t pages_of(std::size_t items) {
  return std::max<std::size_t>(1, (items + page_size - 1) / page_size);
}

std::vector<button> turning(const std::string& data, std::size_t page, std::size_t pages) {
  std::vector<button> row;
  if (page > 0) row.push_back({"◀️", data + std::to_string(page - 1)});
  if (page + 1 < pages) row.push_back({"▶️", data + std::to_string(page + 1)});
  return row;
}

void newest_first(std::vector<ledger_entry>& all) {
  std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.at > b.at; });
}

std::vector<int> sorted(std::vector<int> all) {
  std::sort(all.begin(), all.end());
  return all;
}

std::string ticked(bool chosen, const std::string& label) { return chosen ? "✓ " + label : label; }

/// "16:9" -> 16/9; 0: it is no ratio.
double ratio_of(const std::string& aspect) {
  const auto colon = aspect.find(':');
  if (colon == aspect.npos) return 0;
  const double w = std::atof(aspect.c_str()), h = std::atof(aspect.c_str() + colon + 1);
  return w > 0 && h > 0 ? w / h : 0;
}

/// A photo opens with the format nearest to its own; one of unknown size with the nearest to what was chosen
/// for it before; without a photo it is the catalogue's first.
std::string first_aspect(const std::vector<std::string>& aspects, const draft& d) {
  const std::string* best = &aspects.front();
  const bool sized = d.photo_width > 0 && d.photo_height > 0;
  const double own = sized ? static_cast<double>(d.photo_width) / d.photo_height : ratio_of(d.aspect);
  if (d.photo.empty() || own <= 0) return *best;
  const double photo = std::log(own);
  double least = 1e9;
  for (auto& a : aspects) {
    const double ratio = ratio_of(a);
    if (ratio <= 0 || std::abs(std::log(ratio) - photo) >= least - 1e-9) continue;
    least = std::abs(std::log(ratio) - photo);
    best = &a;
  }
  return *best;
}

} // namespace

std::string bar(int full, int cells) {
  std::string text;
  for (int i = 0; i < cells; ++i) text += i < full ? "▓" : "░";
  return text;
}

std::string clock_text(unix_ms at) {
  using namespace std::chrono;
  const sys_time<milliseconds> t{milliseconds{at + moscow_ms}};
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss time{floor<minutes>(t - day)};
  char text[48];
  std::snprintf(text, sizeof text, "%02u.%02u.%04d %02d:%02d", static_cast<unsigned>(date.day()),
                static_cast<unsigned>(date.month()), static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()));
  return text;
}

bool takes_photo_of(const config::model& m, const draft& d) {
  return d.photo_width <= 0 || std::min(d.photo_width, d.photo_height) >= m.photo_side_px_min;
}

bool fits(const config::model& m, const draft& d) {
  return (d.photo.empty() ? m.text_input : m.photo_input && takes_photo_of(m, d)) &&
         !aspects_of(m, d).empty();
}

const config::model* model_of(const std::vector<config::model>& models, const draft& d) {
  const config::model* first = nullptr;
  for (auto& m : models) {
    if (!fits(m, d)) continue;
    if (m.id == d.model) return &m;
    if (!first) first = &m;
  }
  return first;
}

const config::model* chosen_of(const std::vector<config::model>& models, const draft& d) {
  const auto m = std::find_if(models.begin(), models.end(), [&](auto& x) { return x.id == d.model; });
  return m == models.end() ? model_of(models, d) : &*m;
}

std::vector<std::string> aspects_of(const config::model& m, const draft& d) {
  const bool own = !d.photo.empty() && !m.photo_aspect_ratios.empty();
  auto all = own ? m.photo_aspect_ratios : m.aspect_ratios;
  if (d.photo.empty()) all.erase(std::remove(all.begin(), all.end(), "Auto"), all.end());
  return all;
}

int price_of(const config::model& m, const draft& d) { return config::price_of(m, d.duration, d.sound); }

std::pair<int, int> prices_of(const config::model& m) {
  std::pair<int, int> range{config::price_of(m, m.durations_s.front(), m.sound), 0};
  range.second = range.first;
  for (const int seconds : m.durations_s)
    for (const bool sound : {false, true}) {
      if (sound && m.sound_prices.empty()) continue;
      const int price = config::price_of(m, seconds, sound);
      range = {std::min(range.first, price), std::max(range.second, price)};
    }
  return range;
}

const config::model* settle(const std::vector<config::model>& models, draft& d) {
  const auto m = model_of(models, d);
  if (!m || m->durations_s.empty()) return nullptr;
  const auto aspects = aspects_of(*m, d);
  d.model = m->id;
  if (std::find(aspects.begin(), aspects.end(), d.aspect) == aspects.end())
    d.aspect = first_aspect(aspects, d);
  const auto& lengths = m->durations_s;
  if (std::find(lengths.begin(), lengths.end(), d.duration) == lengths.end()) d.duration = lengths.front();
  if (m->sound_prices.empty()) d.sound = m->sound;
  return m;
}

std::string title_of(const config::model& m, const std::string& language) {
  const auto title = m.title.find(language);
  return title == m.title.end() ? m.id : title->second;
}

std::string painter::say(const std::string& key, const config::texts::args& a) const {
  return words_.get(language_, key, a);
}

std::string painter::count(const std::string& key, std::int64_t n) const {
  auto text = words_.count(language_, key, n);
  const auto plain = std::to_string(n);
  if (const auto at = text.find(plain); at != text.npos) text.replace(at, plain.size(), spaced(n));
  return text;
}

std::vector<button> painter::back_home(const std::string& back) const {
  return {press("back", back), press("home", "home")};
}

screen painter::plain(const std::string& text) const { return {text, {{press("home", "home")}}}; }

keyboard painter::menu() const {
  return {{press("generate", "gen")}, {press("buy", "buy")}, {press("help", "help")}};
}

std::string painter::balance_line(const account& who) const {
  auto text = say("balance.line", {{"credits", count("credits", who.balance)}});
  if (who.debt > 0) text += "\n" + say("balance.debt", {{"credits", count("credits", who.debt)}});
  if (who.held > 0) text += "\n" + say("balance.held", {{"credits", count("credits", who.held)}});
  return text;
}

screen painter::home(const std::string& first_name, const account& who) const {
  const auto name = first_name.empty() ? "" : ", " + escape_html(shorten(first_name, 40));
  return {say("home.text", {{"name", name}, {"balance", balance_line(who)}}), menu()};
}

screen painter::balance(const account& who) const {
  return {balance_line(who), {{press("buy", "buy")}, {press("history", "h:e:0")}, back_home("home")}};
}

bool cards_on(const config::options& o) {
  return o.shop.cards && !o.yookassa.shop_id.empty() && !o.yookassa.secret_key.empty();
}

std::optional<offer> offer_for(const config::options& o, std::int64_t credits) {
  for (auto& p : o.shop.packages)
    if (p.credits == credits) return offer{credits, p.bonus, p.stars, p.roubles * std::int64_t{100}};
  if (credits < o.shop.own_credits_min || credits > o.shop.own_credits_max) return {};
  return offer{credits, 0, credits * o.shop.stars_per_credit, credits * o.shop.roubles_per_credit * 100};
}

screen painter::shop(const account& who, bool cards, std::int64_t credits, const std::string& note) const {
  keyboard rows;
  if (cards) rows.push_back({press("by_card", "ways:c")});
  rows.push_back({press("by_stars", "ways:s")});
  rows.push_back({press("history", "h:e:0")});
  rows.push_back(back_home("home"));
  auto text = say("shop.text", {{"balance", balance_line(who)}});
  if (credits > 0) text = say("shop.wanted", {{"credits", count("credits", credits)}});
  return {(note.empty() ? "" : note + "\n\n") + text, rows};
}

screen painter::terms(const std::string& method) const {
  return {say("terms.text") + "\n\n" + say("terms.question"),
          {{press("accept", "terms:" + method)}, back_home("buy")}};
}

static std::string price_text(const config::options& o, std::int64_t credits, bool stars) {
  const auto what = offer_for(o, credits).value_or(offer{});
  return stars ? money_text(payment_method::stars, what.stars)
               : money_text(payment_method::card, what.kopecks);
}

screen painter::packages(const config::options& o, const account& who, const std::string& method,
                         std::int64_t id) const {
  keyboard rows;
  const bool stars = method == "s";
  for (auto& p : o.shop.packages) {
    if ((stars ? p.stars : p.roubles) == 0) continue;
    auto label = count("credits", p.credits);
    if (p.bonus > 0) label += " " + say("shop.bonus", {{"n", std::to_string(p.bonus)}});
    label += " · " + price_text(o, p.credits, stars);
    rows.push_back({{label, "take:" + method + ":" + std::to_string(id) + ":" + std::to_string(p.credits)}});
  }
  if (stars || o.shop.roubles_per_credit > 0) rows.push_back({press("own_amount", "own:" + method)});
  rows.push_back(back_home("buy"));
  return {say(stars ? "shop.stars" : "shop.cards", {{"balance", balance_line(who)}}), rows};
}

screen painter::ask_amount(const config::options& o, const std::string& method,
                           const std::string& problem) const {
  const bool stars = method == "s";
  const auto rate = stars ? money_text(payment_method::stars, o.shop.stars_per_credit)
                          : money_text(payment_method::card, o.shop.roubles_per_credit * std::int64_t{100});
  return {(problem.empty() ? "" : problem + "\n\n") +
              say("shop.amount", {{"min", spaced(o.shop.own_credits_min)},
                                  {"max", spaced(o.shop.own_credits_max)},
                                  {"rate", rate}}),
          {back_home("ways:" + method)}};
}

screen painter::offer(const config::options& o, const std::string& method, std::int64_t credits,
                      std::int64_t id, const std::string& contact) const {
  const auto what = offer_for(o, credits).value_or(talk::offer{});
  const auto tail = ":" + std::to_string(id) + ":" + std::to_string(credits);
  const bool stars = method == "s";
  const auto price = price_text(o, credits, stars);
  keyboard rows;
  if (stars) rows.push_back({{say("button.pay", {{"price", price}}), "take:s" + tail}});
  else {
    rows.push_back({{say("button.card"), "pay:1" + tail}});
    rows.push_back({{say("button.sbp"), "pay:2" + tail}});
    if (!contact.empty()) rows.push_back({press("change_contact", "contact:" + std::to_string(credits))});
  }
  rows.push_back(back_home("ways:" + method));
  auto text = say("shop.offer", {{"credits", count("credits", what.total())}, {"price", price}});
  if (!contact.empty()) text += "\n" + say("shop.receipt_to", {{"contact", escape_html(contact)}});
  return {text, rows};
}

screen painter::payments(const std::vector<payment>& all) const {
  if (all.empty()) return plain(say("payments.none"));
  auto text = say("payments.title");
  keyboard rows;
  std::vector<button> row;
  for (auto& p : all) {
    const auto id = std::to_string(p.payment_id);
    text += "\n\n№" + id + " · " + clock_text(p.created_at) + " · " + std::to_string(p.user_id) + "\n" +
            say(std::string{"method."} + name_of(p.method)) + ", " + count("credits", p.credits) + ", " +
            say(std::string{"payment_state."} + name_of(p.state));
    row.push_back({"№" + id, "payment:" + id});
    if (row.size() == 4) rows.push_back(std::exchange(row, {}));
  }
  if (!row.empty()) rows.push_back(row);
  rows.push_back({press("home", "home")});
  return {text, rows};
}

screen painter::help() const {
  return {say("help.text"),
          {{press("feedback", "feedback"), press("mailing", "mailing")}, back_home("home")}};
}

screen painter::kinds(const std::vector<config::model>& models, const sales_facts& sales,
                      const std::string& closed) const {
  keyboard rows{{press("from_text", "text"), press("from_photo", "photo")}};
  std::string list;
  for (auto& m : models) {
    std::string lengths;
    for (const int n : sorted(m.durations_s)) lengths += (lengths.empty() ? "" : "/") + std::to_string(n);
    std::string formats;
    for (auto& a : m.aspect_ratios)
      if (a != "Auto") formats += (formats.empty() ? "" : ", ") + a;
    list += (list.empty() ? "\n\n<b>" : "\n<b>") + escape_html(title_of(m, language_)) + "</b>: " +
            say(!m.text_input    ? "kinds.photo"
                : !m.photo_input ? "kinds.only_text"
                                 : "kinds.both") +
            ", " + say("card.seconds", {{"n", lengths}}) + (formats.empty() ? "" : ", " + formats) + ", " +
            say(m.sound                  ? "kinds.sound"
                : m.sound_prices.empty() ? "kinds.silent"
                                         : "kinds.sound_choice");
    // Length and sound are chosen later, and with them the price.
    const auto [least, most] = prices_of(m);
    const auto price = least == most ? count("credits", least)
                                     : say("kinds.from", {{"credits", count("credits_of", least)}});
    rows.push_back({{(sales.paused.count(m.id) > 0 ? "⏸ " : "") + title_of(m, language_) + " · " + price,
                     "model:" + m.id}});
  }
  rows.push_back(back_home("home"));
  auto note = closed;
  if (note.empty() && !sales.paused.empty()) note = say("kinds.paused");
  return {say("kinds.text") + list + (note.empty() ? "" : "\n\n" + note), rows};
}

/// What is paused is no choice; each other one has the price its card will show.
screen painter::choose_model(const std::vector<config::model>& models, const draft& d,
                             const sales_facts& sales, const std::string& note) const {
  keyboard rows;
  for (auto& m : models) {
    if (!fits(m, d) || sales.paused.count(m.id) > 0) continue;
    auto with_it = d;
    with_it.model = m.id;
    settle(models, with_it);
    rows.push_back(
        {{ticked(m.id == d.model, title_of(m, language_) + " · " +
                                      count("credits", price_of(m, with_it) * std::int64_t{d.count})),
          of_draft("m", d, m.id)}});
  }
  rows.push_back({press("back", of_draft("card", d)), press("home", "home")});
  return {(note.empty() ? "" : note + "\n\n") + say("card.models"), rows};
}

screen painter::advice(const draft& d) const {
  const auto key = d.kind == "photo" ? "advice.photo" : d.kind == "text" ? "advice.text" : "advice.both";
  return {say(key, {{"help", say("help.text")}}), {back_home("gen")}};
}

screen painter::ask_photo(bool needed) const {
  if (needed) return {say("ask.photo_needed"), {back_home("gen")}};
  return {say("ask.photo"), {{press("without_photo", "nophoto")}, back_home("gen")}};
}

keyboard painter::choices(const config::model& m, const draft& d, int pack_max) const {
  keyboard rows{{{say("button.model", {{"model", title_of(m, language_)}}), of_draft("models", d)}}};
  std::vector<button> row;
  for (auto& a : aspects_of(m, d))
    row.push_back({ticked(a == d.aspect, a == "Auto" ? say("card.auto") : a), of_draft("a", d, a)});
  rows.push_back(std::exchange(row, {}));
  for (const int seconds : sorted(m.durations_s))
    row.push_back({ticked(seconds == d.duration, say("card.seconds", {{"n", std::to_string(seconds)}})),
                   of_draft("d", d, seconds)});
  rows.push_back(std::exchange(row, {}));
  if (!m.sound_prices.empty())
    for (const bool sound : {false, true})
      row.push_back({ticked(sound == d.sound, say(sound ? "card.sound" : "card.silent")),
                     of_draft("s", d, sound ? 1 : 0)});
  if (!row.empty()) rows.push_back(std::exchange(row, {}));
  for (const int n : pack_sizes)
    if (n <= pack_max) row.push_back({ticked(n == d.count, count("videos", n)), of_draft("c", d, n)});
  if (row.size() > 1) rows.push_back(std::move(row));
  return rows;
}

screen painter::card(const std::vector<config::model>& models, const draft& d, const card_facts& f) const {
  const auto m = model_of(models, d);
  if (!m) return plain(say("hint.no_model"));
  auto rows = choices(*m, d, f.pack_max);
  const auto price = price_of(*m, d) * std::int64_t{d.count};
  const auto missing = price - f.balance;
  // Nothing to start and nothing to pay for while nothing is made: only another look.
  if (!f.open) rows.push_back({press("look_again", of_draft("card", d))});
  else rows.push_back({missing > 0 ? press("buy", "buy") : press("run", of_draft("run", d))});
  rows.push_back({press("edit", of_draft("edit", d))});
  if (!d.photo.empty()) rows.back().push_back(press("drop_photo", of_draft("drop", d)));
  rows.push_back(back_home(d.photo.empty() ? "gen" : "pick"));
  auto text =
      say("card.text", {{"prompt", escape_html(shorten(d.prompt, d.photo.empty() ? 500 : shown_prompt_max))},
                        {"photo", d.photo.empty() ? "" : "\n" + say("card.photo")},
                        {"model", escape_html(title_of(*m, language_))},
                        {"aspect", d.aspect == "Auto" ? say("card.auto") : escape_html(d.aspect)},
                        {"duration", say("card.seconds", {{"n", std::to_string(d.duration)}})},
                        {"sound", say(d.sound ? "card.with_sound" : "card.without_sound")},
                        {"price", count("credits", price)},
                        {"balance", count("credits", f.balance)}});
  if (f.open && missing > 0)
    text += "\n\n" + say("card.missing", {{"credits", count("credits_of", missing)}});
  if (!f.note.empty()) text += "\n\n" + f.note;
  return {text, rows};
}

std::string quote(const std::string& prompt) {
  return telegram::escape_html(telegram::shorten(prompt, quoted_prompt_max));
}

screen painter::accepted(const draft& d) const {
  if (d.count > 1)
    return {say("pack.accepted", {{"n", std::to_string(d.count)}, {"prompt", quote(d.prompt)}}), {}};
  return {say("job.accepted", {{"prompt", quote(d.prompt)}}), {}};
}

std::vector<button> painter::tabs() const {
  return {press("operations", "h:e:0"), press("generations", "h:j:0")};
}

std::string spaced(std::int64_t n) {
  auto digits = std::to_string(n);
  const std::size_t first = n < 0 ? 1 : 0;
  if (digits.size() - first < 5) return digits; // four digits are read at a glance
  for (auto at = digits.size(); at > first + 3;) digits.insert(at -= 3, "\u202f"); // they stay on one line
  return digits;
}

std::string money_text(payment_method method, std::int64_t amount) {
  if (method == payment_method::stars) return spaced(amount) + " ⭐";
  const auto part = std::abs(amount % 100);
  char kopecks[8] = "";
  if (part != 0) std::snprintf(kopecks, sizeof kopecks, ",%02d", static_cast<int>(part));
  return (amount < 0 && amount > -100 ? "-" : "") + spaced(amount / 100) + kopecks + " ₽";
}

std::string money_text(const std::string& kept) {
  const auto amount = std::strtoll(kept.c_str(), nullptr, 10);
  return money_text(kept.find("XTR") != kept.npos ? payment_method::stars : payment_method::card, amount);
}

std::string painter::operation(const ledger_entry& e) const {
  const auto key = [&]() -> std::string {
    if (e.type == "refund") return "reason.refund";
    if (e.ref_type == "payment" && e.amount < 0) return "reason.money_back";
    if (e.ref_type == "debt") return "reason.debt";
    if (e.type == "reservation" || e.ref_type == "reservation") return "reason.reservation";
    for (auto known : {"payment", "job", "admin", "bonus"})
      if (e.ref_type == known) return "reason." + e.ref_type;
    return "reason.other";
  }();
  // An administrator's words are for the user; the other descriptions are our own notes.
  auto words =
      e.ref_type == "admin" && !e.description.empty() ? ": " + escape_html(shorten(e.description, 80)) : "";
  if (e.ref_type == "payment") words = ", " + money_text(e.description);
  return "<b>" +
         std::string{e.amount > 0   ? "+"
                     : e.amount < 0 ? "−"
                                    : ""} +
         count("credits", e.amount < 0 ? -e.amount : e.amount) + "</b> · " + say(key) + words + "\n" +
         clock_text(e.at);
}

screen painter::operations(std::vector<ledger_entry> entries, std::size_t page) const {
  newest_first(entries);
  const auto pages = pages_of(entries.size());
  page = std::min(page, pages - 1);
  auto text = say("history.operations");
  if (entries.empty()) text += "\n\n" + say("history.no_operations");
  for (auto i = page * page_size; i < std::min(entries.size(), (page + 1) * page_size); ++i)
    text += "\n\n" + operation(entries[i]);
  keyboard rows{tabs()};
  if (pages > 1) rows.push_back(turning("h:e:", page, pages));
  rows.push_back(back_home("home"));
  return {text, rows};
}

bool was_not_handed_over(const job& j) {
  return (j.state == job_state::completed || j.state == job_state::gifted) && !j.fail_text.empty();
}

std::string painter::generation(const job& j, std::size_t number) const {
  const auto key = [&] {
    if (was_not_handed_over(j)) return "state.failed";
    switch (j.state) {
    case job_state::completed: return "state.completed";
    case job_state::gifted: return "state.gifted";
    case job_state::failed:
    case job_state::overdue: return "state.failed";
    case job_state::cancelled: return "state.cancelled";
    default: return "state.running";
    }
  }();
  return std::to_string(number) + ". " + say(key) + " · " + clock_text(j.created_at) + "\n<i>" +
         escape_html(shorten(j.spec.prompt, 80)) + "</i>";
}

screen painter::generations(std::vector<job> jobs, std::size_t page) const {
  const auto pages = pages_of(jobs.size());
  page = std::min(page, pages - 1);
  auto text = say("history.generations");
  if (jobs.empty()) text += "\n\n" + say("history.no_generations");
  keyboard rows{tabs()};
  std::vector<button> again;
  for (auto i = page * page_size; i < std::min(jobs.size(), (page + 1) * page_size); ++i) {
    text += "\n\n" + generation(jobs[i], i + 1);
    if (!jobs[i].file_id.empty())
      again.push_back(
          {say("button.again", {{"n", std::to_string(i + 1)}}), "again:" + std::to_string(jobs[i].job_id)});
    if (again.size() == 2) rows.push_back(std::exchange(again, {}));
  }
  if (!again.empty()) rows.push_back(again);
  if (pages > 1) rows.push_back(turning("h:j:", page, pages));
  rows.push_back(back_home("home"));
  return {text, rows};
}

screen painter::running(const std::vector<job>& jobs, unix_ms now) const {
  auto text = say("jobs.title");
  keyboard rows;
  std::size_t n = 0;
  for (auto& j : jobs) {
    if (is_final(j.state) || j.state == job_state::overdue) continue;
    const bool waits = j.state == job_state::pending;
    text += "\n\n" + std::to_string(++n) + ". " + say(waits ? "jobs.waits" : "jobs.runs") + " · " +
            escape_html(j.spec.model_title) + " · " +
            say("jobs.minutes", {{"n", std::to_string((now - j.created_at) / 60'000)}}) + "\n<i>" +
            escape_html(shorten(j.spec.prompt, 80)) + "</i>";
    if (waits && n <= page_size) // what is submitted cannot be stopped any more
      rows.push_back(
          {{say("button.cancel_job", {{"n", std::to_string(n)}}), "cancel:" + std::to_string(j.job_id)}});
  }
  if (n == 0) text = say("jobs.none");
  else rows.push_back({press("refresh", "jobs")});
  rows.push_back(back_home("gen"));
  return {text, rows};
}

outgoing show(const screen& s, std::int64_t chat_id, std::int64_t message_id) {
  json rows = json::array();
  for (auto& row : s.buttons) {
    json line = json::array();
    for (auto& [label, data] : row) line.push_back({{"text", label}, {"callback_data", data}});
    rows.push_back(std::move(line));
  }
  json p{{"chat_id", chat_id},
         {"text", s.text},
         {"parse_mode", "HTML"},
         {"link_preview_options", {{"is_disabled", true}}}};
  if (!s.buttons.empty()) p["reply_markup"] = {{"inline_keyboard", std::move(rows)}};
  if (message_id) p["message_id"] = message_id;
  outgoing o;
  o.chat_id = chat_id;
  o.method = message_id ? "editMessageText" : "sendMessage";
  o.params = dump(p);
  return o;
}

} // namespace troupe::talk
