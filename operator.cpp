#include "operator.hpp"
#include "storage/store.hpp"
#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/chrono.h>

namespace troupe::operators {
namespace {

using nlohmann::ordered_json;

void print(const ordered_json& j) {
  std::cout << j.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
}

/// Names and reasons come from strangers: a terminal must not obey what is in them.
std::string harmless(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    };
    if (byte(i) < 0x20 || byte(i) == 0x7f) text[i] = ' ';
    if (byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xa0) text[i] = text[i + 1] = ' '; // C1
  }
  return text;
}

std::string utc(unix_ms at) {
  if (at == 0) return "";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(at / 1000)));
}

std::string age_of(unix_ms at) {
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  const auto s = std::max<std::int64_t>(0, (now - at) / 1000);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min", s / 60);
  if (s < 86'400) return fmt::format("{} h", s / 3600);
  return fmt::format("{} d", s / 86'400);
}

/// What the operator should know beyond the state.
std::string remark(const job& j) {
  auto text = j.fail_class;
  if (!j.fail_text.empty()) text += (text.empty() ? "" : ": ") + j.fail_text;
  const bool unheard = j.submitted_at > 0 && j.task_id.empty() && j.fail_class == "timeout";
  if (j.state == job_state::unknown || unheard)
    text += (text.empty() ? "" : "; ") + std::string{"possibly paid at the provider"};
  return text;
}

ordered_json described(const job& j) {
  return {{"job_id", j.job_id},
          {"user_id", j.user_id},
          {"state", name_of(j.state)},
          {"created_at", utc(j.created_at)},
          {"submitted_at", utc(j.submitted_at)},
          {"model", j.spec.model_id},
          {"price", j.price},
          {"attempt", j.attempt},
          {"key", j.key_name},
          {"task_id", j.task_id},
          {"prompt", j.spec.prompt},
          {"fail_class", j.fail_class},
          {"fail_text", j.fail_text},
          {"remark", remark(j)}};
}

void print_table(const std::vector<job>& list) {
  if (list.empty()) {
    std::cout << "No jobs.\n";
    return;
  }
  std::cout << fmt::format("{:>8}  {:>12}  {:<10}  {:>7}  {:>5}  {:<4}  {:<34}  {}\n", "job", "user", "state",
                           "age", "price", "key", "task", "remark");
  for (auto& j : list)
    std::cout << fmt::format("{:>8}  {:>12}  {:<10}  {:>7}  {:>5}  {:<4}  {:<34}  {}\n", j.job_id, j.user_id,
                             name_of(j.state), age_of(j.created_at), j.price, j.key_name, harmless(j.task_id),
                             harmless(remark(j)));
}

std::string reason(const ledger_entry& e) {
  auto text = e.ref_type;
  if (!e.ref_id.empty() && e.ref_id != e.ref_type) text += " " + e.ref_id;
  if (!e.description.empty() && e.description != e.ref_id) text += " (" + e.description + ")";
  return text;
}

constexpr int newest_shown = 50, open_jobs_most = 5000;

std::string outcome_of(const job& j) {
  switch (j.state) {
  case job_state::completed: return j.fail_text.empty() ? "delivered" : remark(j);
  case job_state::gifted: return "came late, as a gift";
  case job_state::cancelled: return "cancelled by the user";
  default: return remark(j);
  }
}

std::string kind_of(const book_line& l) {
  const auto& e = l.entry;
  if (e.type == "reservation") return "hold";
  if (e.type == "refund") return "refund";
  if (e.ref_type == "job" && e.type == "debit") return l.account == "bonus" ? "gift" : "capture";
  if (e.ref_type == "payment" && e.type == "debit") return "payment refund";
  return e.ref_type;
}

struct book_page {
  std::vector<book_line> lines;                 ///< newest first
  std::map<std::int64_t, std::int64_t> credits; ///< free, by user, after the newest line
};

/// Asked again when something was booked meanwhile: balances and lines are of one moment, or the next look
/// shows it.
book_page newest_page(storage::reader& db) {
  constexpr int tries = 3;
  book_page p;
  const auto newest_id = [](const std::vector<book_line>& l) { return l.empty() ? 0 : l.front().entry.id; };
  for (int i = 0; i < tries; ++i) {
    p = {db.newest_entries(newest_shown), {}};
    for (auto& l : p.lines)
      if (l.account == "user" && p.credits.count(l.user_id) == 0)
        p.credits[l.user_id] = db.load_account(l.user_id).balance;
    if (newest_id(db.newest_entries(1)) == newest_id(p.lines)) break;
  }
  return p;
}

ordered_json ledger_of(storage::reader& db) {
  auto page = newest_page(db);
  auto list = ordered_json::array();
  for (auto& l : page.lines) {
    list.push_back({{"id", l.entry.id},
                    {"at", l.entry.at},
                    {"user_id", l.user_id},
                    {"amount", l.entry.amount},
                    {"kind", kind_of(l)},
                    {"note", reason(l.entry)}});
    if (l.account != "user") continue;
    auto& after = page.credits[l.user_id];
    list.back()["balance"] = after;
    after -= l.entry.amount;
  }
  return list;
}

/// Open jobs by model: who waits for his turn, and who has it.
ordered_json queue_of(const std::vector<job>& open) {
  std::map<std::string, std::size_t> places;
  auto list = ordered_json::array();
  for (auto& j : open) {
    const auto place = places.emplace(j.spec.model_id, list.size());
    if (place.second) list.push_back({{"model", j.spec.model_title}, {"waiting", 0}, {"running", 0}});
    auto& n = list[place.first->second][j.state == job_state::pending ? "waiting" : "running"];
    n = n.get<int>() + 1;
  }
  return list;
}

} // namespace

std::string newest(const std::string& database) {
  storage::reader db{database};
  auto jobs = ordered_json::array();
  for (auto& j : db.jobs(false, newest_shown))
    jobs.push_back({{"id", j.job_id},
                    {"user_id", j.user_id},
                    {"model", j.spec.model_title},
                    {"state", name_of(j.state)},
                    {"outcome", outcome_of(j)},
                    {"created_at", j.created_at},
                    {"updated_at", j.updated_at},
                    {"price", j.price}});
  const ordered_json all{
      {"queue", queue_of(db.jobs(true, open_jobs_most))}, {"jobs", jobs}, {"ledger", ledger_of(db)}};
  return all.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

int audit(const std::string& database, bool as_json) {
  const auto r = storage::reader{database}.audit();
  if (as_json) {
    print({{"database", database},
           {"ok", r.faults.empty()},
           {"users", r.users},
           {"transfers", r.transfers},
           {"entries", r.entries},
           {"credits_with_users", r.credits_with_users},
           {"open_jobs", r.open_jobs},
           {"faults", r.faults}});
    return r.faults.empty() ? 0 : 1;
  }
  for (auto& fault : r.faults) std::cout << "FAULT: " << harmless(fault) << "\n";
  std::cout << database << ": " << r.users << " users, " << r.transfers << " transfers, " << r.entries
            << " entries, " << r.credits_with_users << " credits with users, " << r.open_jobs
            << " open jobs: "
            << (r.faults.empty() ? "every invariant holds" : std::to_string(r.faults.size()) + " faults")
            << "\n";
  if (!r.faults.empty())
    std::cout << "Do not repair it by hand. Restore a backup and keep this file for study: docs/RUNBOOK.md\n";
  return r.faults.empty() ? 0 : 1;
}

int history(const std::string& database, std::int64_t user_id, int limit, bool as_json) {
  storage::reader db{database};
  const auto who = db.profile(user_id);
  if (who.user_id == 0) {
    std::cerr << "troupe: no user " << user_id << " in " << database
              << ". The id is the number that Telegram gives a user; troupe jobs shows some.\n";
    return 2;
  }
  const auto a = db.load_account(user_id);
  const auto entries = db.entries(user_id, 0, limit);
  const auto made = db.jobs_of(user_id, 0, limit);
  if (as_json) {
    ordered_json out{{"user_id", user_id},
                     {"first_name", who.first_name},
                     {"username", who.username},
                     {"language", who.language},
                     {"balance", a.balance},
                     {"held", a.held},
                     {"entries", ordered_json::array()},
                     {"jobs", ordered_json::array()}};
    auto balance = a.balance;
    for (auto& e : entries) {
      out["entries"].push_back({{"id", e.id},
                                {"at", utc(e.at)},
                                {"amount", e.amount},
                                {"type", e.type},
                                {"reason", reason(e)},
                                {"balance_after", balance}});
      balance -= e.amount;
    }
    for (auto& j : made) out["jobs"].push_back(described(j));
    print(out);
    return 0;
  }
  std::cout << fmt::format("User {} {}{}{}: {} credits free, {} held\n\n", user_id, harmless(who.first_name),
                           who.username.empty() ? "" : " @", harmless(who.username), a.balance, a.held);
  std::cout << fmt::format("{:<20}  {:>7}  {:>8}  {:<12}  {}\n", "time (UTC)", "amount", "balance", "type",
                           "reason");
  auto balance = a.balance;
  for (auto& e : entries) { // newest first: each balance is the one after the entry
    std::cout << fmt::format("{:<20}  {:>+7}  {:>8}  {:<12}  {}\n", utc(e.at), e.amount, balance, e.type,
                             harmless(reason(e)));
    balance -= e.amount;
  }
  std::cout << "\n";
  print_table(made);
  return 0;
}

int jobs(const std::string& database, bool only_open, int limit, bool as_json) {
  const auto list = storage::reader{database}.jobs(only_open, limit);
  if (!as_json) {
    print_table(list);
    return 0;
  }
  auto out = ordered_json::array();
  for (auto& j : list) out.push_back(described(j));
  print(out);
  return 0;
}

} // namespace troupe::operators
