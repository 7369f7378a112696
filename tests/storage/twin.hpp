#pragma once
/// The store's twin: the same rules over plain maps, written from the design and not from the SQL. A value,
/// so that a rollback is an assignment.
#include "storage/store.hpp"
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

namespace troupe::storage::test {

struct twin {
  struct person {
    bool registered = false;
    std::string language, state;
  };
  struct letter {
    outgoing what;
    bool parked = false;
    std::int64_t after_job = 0; ///< waits for the video of that job
  };
  struct placed {
    order_request content;
    std::int64_t order_id = 0;
  };
  struct letter_box {
    std::int64_t user_id = 0;
    bool done = false;
  };

  std::map<std::int64_t, person> people;
  std::map<std::int64_t, std::int64_t> free, held; ///< credits by user
  std::set<std::string> transfers;
  std::map<std::int64_t, std::deque<ledger_entry>> entries; ///< by user, newest first; ids left out
  std::map<std::string, placed> orders;
  std::map<std::int64_t, job> jobs;
  std::map<std::int64_t, letter_box> inbox;
  std::map<std::int64_t, letter> outbox;
  std::map<std::pair<std::int64_t, std::string>, std::int64_t> slots;
  std::int64_t next_offset = 0, next_outbox = 1;
  std::int64_t base = 0, base_before = 0; ///< of the numbers of updates
  std::vector<outgoing> announced;
  std::vector<job> new_jobs;

  // -- the book --

  /// False: this very movement was made before.
  bool once(const std::string& transfer) { return transfers.insert(transfer).second; }
  void tell(std::int64_t user, std::int64_t amount, const char* type, const std::string& ref_type,
            const std::string& ref_id, const std::string& words, unix_ms at) {
    entries[user].push_front({0, amount, type, ref_type, ref_id, words, at});
    free[user] += amount;
  }
  void tell_of(const job& j, std::int64_t amount, const char* type, unix_ms at) {
    tell(j.user_id, amount, type, "job", std::to_string(j.job_id), j.spec.model_title, at);
  }
  void hold(const job& j, unix_ms at) {
    if (!once("hold:" + std::to_string(j.job_id))) return;
    tell_of(j, -j.price, "reservation", at);
    held[j.user_id] += j.price;
  }
  void spend(const job& j) {
    if (once("post:" + std::to_string(j.job_id))) held[j.user_id] -= j.price;
  }
  void release(const job& j, unix_ms at) {
    if (!once("void:" + std::to_string(j.job_id))) return;
    held[j.user_id] -= j.price;
    tell_of(j, j.price, "refund", at);
  }
  void give_back(const job& j, unix_ms at) {
    if (once("return:" + std::to_string(j.job_id))) tell_of(j, j.price, "refund", at);
  }

  // -- users and updates --

  account load(std::int64_t user) const {
    account a;
    if (const auto p = people.find(user); p != people.end())
      a.registered = p->second.registered, a.language = p->second.language, a.state = p->second.state;
    a.user_id = user;
    if (const auto f = free.find(user); f != free.end()) a.balance = f->second;
    if (const auto h = held.find(user); h != held.end()) a.held = h->second;
    a.open_jobs = open_jobs_of(user);
    return a;
  }
  void meet(const user_profile& p, std::int64_t user) {
    auto& known = people[user];
    if (!p.language.empty()) known.language = p.language;
  }
  account apply(const register_user& r) {
    const auto user = r.profile.user_id;
    meet(r.profile, user);
    auto& p = people[user];
    const bool first = !std::exchange(p.registered, true);
    const auto grant = [&](const char* kind, std::int64_t credits) {
      if (credits > 0 && once(std::string{"bonus:"} + kind + ":" + std::to_string(user)))
        tell(user, credits, "credit", "bonus", kind, kind, r.at);
    };
    if (first) grant("welcome", r.welcome_credits);
    if (first) grant("founder", r.founder_credits);
    return load(user);
  }
  std::vector<incoming_update> apply(const std::vector<incoming_update>& updates, unix_ms) {
    std::vector<incoming_update> fresh;
    auto expected = next_offset;
    for (const auto& u : updates) {
      if (base != base_before && inbox.count(base_before + u.update_id) > 0) continue;
      if (u.update_id < expected && inbox.count(base + u.update_id) == 0) // a rolled back one, much later
        base_before = std::exchange(base, base + (std::int64_t{1} << 32));
      const auto number = base + u.update_id;
      if (!inbox.try_emplace(number, letter_box{u.user_id, u.user_id == 0}).second) continue;
      expected = u.update_id + 1;
      if (u.user_id == 0) continue;
      fresh.push_back(u);
      fresh.back().update_id = number;
    }
    if (!updates.empty()) next_offset = updates.back().update_id + 1;
    return fresh;
  }
  bool apply(const turn& t) {
    auto& u = inbox.try_emplace(t.update_id, letter_box{t.user_id, false}).first->second;
    if (std::exchange(u.done, true)) return true;
    meet(t.profile, t.user_id);
    people[t.user_id].state = t.state;
    if (t.user_is_back)
      for (auto& [id, l] : outbox)
        if (l.what.chat_id == t.user_id && std::exchange(l.parked, false))
          announced.push_back(with_slot(l.what));
    announce(t.messages);
    return true;
  }

  // -- messages --

  outgoing with_slot(outgoing m) const {
    const auto s = slots.find({m.chat_id, m.slot});
    m.slot_message_id = m.slot.empty() || s == slots.end() ? 0 : s->second;
    return m;
  }
  void announce(const std::vector<outgoing>& messages) {
    for (auto m : messages) {
      const bool stored = m.urgency != lane::answer && m.urgency != lane::progress;
      m.outbox_id = stored ? next_outbox++ : 0;
      if (stored) outbox[m.outbox_id] = {m, false};
      announced.push_back(with_slot(m));
    }
  }
  void apply(const delivery_report& r) {
    const auto found = outbox.find(r.outbox_id);
    if (found == outbox.end()) return; // settled before
    if (r.not_before > 0) {            // Telegram wants silence: it waits on
      found->second.what.not_before = r.not_before;
      return;
    }
    const auto m = found->second.what;
    if (!r.delivered && r.chat_gone) {
      found->second.parked = true, found->second.after_job = 0;
      people[m.chat_id]; // he is gone, so he is known
      return;
    }
    outbox.erase(found);
    if (r.delivered && !m.slot.empty() && r.message_id != 0) slots[{m.chat_id, m.slot}] = r.message_id;
    if (const auto j = jobs.find(m.job_id); j != jobs.end()) hand_over(j->second, r);
  }
  void hand_over(job& j, const delivery_report& r) {
    if (j.state != job_state::gifted && j.state != job_state::delivering) return;
    j.file_id = r.delivered ? r.file_id : "";
    j.updated_at = r.at;
    std::vector<outgoing> waited;
    for (const auto& [id, l] : outbox)
      if (l.after_job == j.job_id) waited.push_back(l.what);
    std::erase_if(outbox, [&](const auto& o) { return o.second.after_job == j.job_id; });
    for (auto& m : r.delivered ? waited : std::vector<outgoing>{}) {
      m.outbox_id = next_outbox++;
      outbox[m.outbox_id] = {m, false};
      announced.push_back(with_slot(m));
    }
    if (j.state == job_state::gifted) {
      if (!r.delivered) j.fail_text = r.why.empty() ? "not taken" : r.why;
      return;
    }
    j.state = r.delivered ? job_state::completed : job_state::fetching;
    if (r.delivered) return;
    j.fail_text = r.why; // it is fetched once more
    j.tries = 0, ++j.deliveries;
    new_jobs.push_back(j);
  }

  // -- orders and jobs --

  int open_jobs_of(std::int64_t user) const {
    return static_cast<int>(std::count_if(jobs.begin(), jobs.end(), [&](const auto& j) {
      return j.second.user_id == user && !is_final(j.second.state) && j.second.state != job_state::overdue;
    }));
  }
  static auto content(const order_request& o) {
    const auto& s = o.spec;
    return std::tie(o.user_id, o.price, o.count, s.model_id, s.model_title, s.prompt, s.photo_file_id,
                    s.aspect_ratio, s.duration_s, s.resolution);
  }
  order_answer apply(const order_request& o) {
    if (o.order_key.empty() || o.price <= 0 || o.count <= 0) throw std::invalid_argument{"impossible"};
    const auto balance = load(o.user_id).balance, cost = o.price * o.count;
    if (const auto known = orders.find(o.order_key); known != orders.end()) {
      if (content(known->second.content) != content(o)) throw id_conflict{"other content"};
      return {order_outcome::accepted, known->second.order_id, balance, 0};
    }
    if (open_jobs_of(o.user_id) + o.count > o.active_jobs_max)
      return {order_outcome::too_many_jobs, 0, balance, 0};
    if (balance < cost) return {order_outcome::too_few_credits, 0, balance, cost - balance};
    const auto order_id = static_cast<std::int64_t>(orders.size()) + 1;
    orders[o.order_key] = {o, order_id};
    for (int i = 0; i < o.count; ++i) {
      job j;
      j.job_id = static_cast<std::int64_t>(jobs.size()) + 1;
      j.order_id = order_id;
      j.user_id = o.user_id;
      j.language = load(o.user_id).language;
      j.spec = o.spec;
      j.price = o.price;
      j.created_at = j.updated_at = o.at;
      jobs[j.job_id] = j;
      hold(j, o.at);
      new_jobs.push_back(j);
    }
    return {order_outcome::accepted, order_id, balance - cost, 0};
  }
  static bool leads(job_state from, job_state to) {
    using enum job_state;
    static const std::map<job_state, std::set<job_state>> arrows{
        {pending, {submitting, failed, cancelled}},
        {submitting, {processing, pending, unknown, failed}},
        {unknown, {processing, failed, overdue}},
        {processing, {fetching, pending, failed, overdue}},
        {fetching, {fetching, delivering, failed, processing}}, // once delivered it never goes back so far
        {delivering, {completed}},
        {overdue, {overdue, gifted, failed}}};
    const auto a = arrows.find(from);
    return a != arrows.end() && a->second.count(to) > 0;
  }
  step_answer apply(const job_step& s) {
    using enum job_state;
    const auto found = jobs.find(s.job_id);
    if (found == jobs.end()) return {};
    auto& j = found->second;
    const auto from = j.state;
    const bool same_link =
        s.to == fetching && s.at == j.updated_at && s.result_url == j.result_url && s.tries == j.tries;
    const bool same_task = s.to == overdue && (s.task_id.empty() || s.task_id == j.task_id);
    if (j.deliveries > 0 && s.to == processing) return {false, j};
    if (!leads(from, s.to) || (from == s.to && (same_link || same_task))) return {false, j};
    if (!s.task_id.empty())
      for (const auto& [id, other] : jobs)
        if (id != s.job_id && other.task_id == s.task_id && other.key_name == j.key_name)
          return {false, j, id};
    if (s.to == pending && !j.task_id.empty()) j.dead_tasks += std::exchange(j.task_id, {}) + " ";
    if (s.to == pending) {
      j.attempt += s.no_try ? 0 : 1, j.tries = s.no_try ? j.tries + 1 : 0;
      j.not_before = s.not_before, j.submitted_at = 0;
      if (s.no_try || from == submitting) j.deadline_at = 0;
    }
    if (s.to == submitting) j.submitted_at = s.at, j.key_name = s.key_name, j.deadline_at = s.deadline_at;
    if (s.to == fetching) j.tries = s.tries;
    if ((s.to == processing || s.to == overdue) && !s.task_id.empty()) j.task_id = s.task_id;
    if (s.to == fetching && !s.result_url.empty()) j.result_url = s.result_url;
    if (s.to == delivering || s.to == gifted)
      j.file_path = s.file_path, j.sha256 = s.sha256, j.fail_text.clear();
    if (s.to == failed || s.to == cancelled || (s.to == overdue && !s.fail_class.empty()))
      j.fail_class = s.fail_class;
    if (s.to == failed || s.to == cancelled || (s.to == overdue && !s.fail_text.empty()))
      j.fail_text = s.fail_text;
    if (s.to == overdue && s.watch_until > 0) j.deadline_at = s.watch_until;
    j.state = s.to;
    j.updated_at = s.at;
    if (s.to == failed && j.deliveries > 0) { // it was paid for: that returns
      j.state = completed;
      if (j.fail_text.empty()) j.fail_text = j.fail_class.empty() ? "not handed over" : j.fail_class;
      give_back(j, s.at);
      announce(s.messages);
      return {true, j};
    }
    if (s.to == delivering) spend(j);
    if (s.to == gifted) once("gift:" + std::to_string(j.job_id));
    if (from != overdue && (s.to == failed || s.to == cancelled || s.to == overdue)) release(j, s.at);
    announce(s.messages);
    if (s.to == delivering || s.to == gifted)
      for (auto m : s.afterwards) {
        m.outbox_id = next_outbox;
        outbox[next_outbox++] = {m, false, j.job_id};
      }
    return {true, j};
  }
};

} // namespace troupe::storage::test
