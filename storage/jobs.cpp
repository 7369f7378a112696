/// Orders and the life of their jobs.
#include "storage/parts.hpp"
#include <algorithm>

namespace troupe::storage {
namespace {

using enum job_state;

job_state state_from(const std::string& name) {
  for (int i = 0; i <= static_cast<int>(gifted); ++i)
    if (name == name_of(static_cast<job_state>(i))) return static_cast<job_state>(i);
  throw store_error("unknown job state '" + name + "'");
}

job read_job(const query& q) {
  job j;
  int c = 0;
  const auto integer = [&] { return q.integer(c++); };
  const auto small = [&] { return q.small(c++); };
  const auto text = [&] { return q.text(c++); };
  j.job_id = integer(), j.order_id = integer(), j.user_id = integer(), j.language = text();
  auto& s = j.spec;
  s.model_id = text(), s.model_title = text(), s.api = text(), s.provider_model = text(), s.prompt = text();
  s.photo_file_id = text(), s.aspect_ratio = text(), s.duration_s = small(), s.resolution = text();
  s.sound = small() != 0;
  j.price = integer(), j.state = state_from(text()), j.attempt = small(), j.key_name = text();
  j.task_id = text(), j.result_url = text(), j.file_path = text(), j.thumbnail_path = text(),
  j.file_id = text();
  j.media.width = small(), j.media.height = small(), j.media.duration_ms = integer(),
  j.media.bytes = integer();
  j.fail_class = text(), j.fail_text = text(), j.created_at = integer(), j.submitted_at = integer();
  j.not_before = integer(), j.deadline_at = integer(), j.updated_at = integer();
  j.dead_tasks = text(), j.file_token = text(), j.sha256 = text(), j.tries = small(), j.deliveries = small();
  j.of_order = small();
  return j;
}

bool is_arrow(const job& j, job_state to) {
  const auto one_of = [to](std::initializer_list<job_state> targets) {
    return std::find(targets.begin(), targets.end(), to) != targets.end();
  };
  switch (j.state) {
  case pending: return one_of({submitting, failed, cancelled});
  case submitting: return one_of({processing, pending, unknown, failed});
  case unknown: return one_of({processing, failed, overdue});
  case processing: return one_of({fetching, pending, failed, overdue});
  case fetching: return one_of({fetching, delivering, failed}) || (to == processing && j.deliveries == 0);
  case delivering: return to == completed;
  case overdue: return one_of({overdue, gifted, failed}); // overdue again: its task became known
  default: return false;
  }
}

/// Fetching may follow itself (another link), so only the very same step is a repeat there.
bool is_repeat(const job& now, const job_step& s) {
  if (s.to == overdue && now.state == overdue) return s.task_id.empty() || s.task_id == now.task_id;
  return s.to == now.state && s.at == now.updated_at && s.result_url == now.result_url &&
         s.tries == now.tries;
}

void change(job& j, const job_step& s) {
  const auto set = [](std::string& field, const std::string& value) {
    if (!value.empty()) field = value;
  };
  switch (s.to) {
  case pending: // Refused by the provider, or its task has failed: nothing is there to wait for.
    if (!j.task_id.empty()) j.dead_tasks += j.task_id + " ";
    j.task_id.clear();
    j.attempt += s.no_try ? 0 : 1;
    j.tries = s.no_try ? j.tries + 1 : 0;
    if (s.no_try || j.state == submitting) j.deadline_at = 0; // nothing was begun
    j.not_before = s.not_before;
    j.submitted_at = 0;
    break;
  case submitting:
    j.submitted_at = s.at;
    j.key_name = s.key_name;
    j.deadline_at = s.deadline_at;
    break;
  case processing: set(j.task_id, s.task_id); break;
  case fetching:
    set(j.result_url, s.result_url);
    j.tries = s.tries;
    break;
  case overdue:
    set(j.task_id, s.task_id);
    set(j.fail_class, s.fail_class);
    set(j.fail_text, s.fail_text);
    if (s.watch_until > 0) j.deadline_at = s.watch_until;
    break;
  case gifted:
  case delivering:
    j.file_path = s.file_path;
    j.thumbnail_path = s.thumbnail_path;
    j.sha256 = s.sha256;
    j.media = s.media;
    j.fail_text.clear(); // of an earlier delivery
    break;
  case failed:
  case cancelled:
    j.fail_class = s.fail_class;
    j.fail_text = s.fail_text;
    break;
  default: break;
  }
  j.state = s.to;
  j.updated_at = s.at;
}

/// One moment of a job's timeline, as text.
std::string moment(job_state state, unix_ms at) {
  return std::string{name_of(state)} + "@" + std::to_string(at) + " ";
}

void save(database& db, const job& j) {
  run(db,
      "UPDATE jobs SET timeline = timeline || ?20, state = ?2, attempt = ?3, key_name = ?4, task_id = ?5, "
      "result_url = ?6, file_path = "
      "?7, "
      "thumbnail_path = ?8, width = ?9, height = ?10, duration_ms = ?11, bytes = ?12, fail_class = ?13, "
      "fail_text = ?14, submitted_at = ?15, not_before = ?16, updated_at = ?17, deadline_at = ?18, "
      "dead_tasks = ?19, sha256 = ?21, tries = ?22, deliveries = ?23 WHERE "
      "job_id = ?1",
      j.job_id, name_of(j.state), j.attempt, j.key_name, j.task_id, j.result_url, j.file_path,
      j.thumbnail_path, j.media.width, j.media.height, j.media.duration_ms, j.media.bytes, j.fail_class,
      j.fail_text, j.submitted_at, j.not_before, j.updated_at, j.deadline_at, j.dead_tasks,
      moment(j.state, j.updated_at), j.sha256, j.tries, j.deliveries);
}

/// A hold ends exactly once: an overdue job's is ended already.
void end_hold(database& db, job_state from, const job& j, unix_ms at) {
  if (j.state == gifted) book_gift(db, j, at);
  if (from == overdue) return;
  if (j.state == delivering) post_hold(db, j, at); // the same again, after a delivery that was given up
  if (from == fetching && j.state == completed) return_spent(db, j, at); // nobody pays for what he cannot see
  if (j.state == failed || j.state == cancelled || j.state == overdue) void_hold(db, j, at);
}

/// Nothing more is to be waited for: the user has the video, or his credits.
bool is_settled(job_state s) { return s == overdue || is_final(s); }

bool ends_order(database& db, job_state from, const job& j) {
  if (is_settled(from) || !is_settled(j.state)) return false;
  return number(db, "SELECT count(*) FROM jobs WHERE user_id = ? AND order_id = ? AND " TROUPE_RUNNING_JOB,
                j.user_id, j.order_id) == 0;
}

/// The hold is posted already: it ends as a video that could not be handed over.
void fail_posted(job& j) {
  if (j.state != failed || j.deliveries == 0) return;
  j.state = completed;
  if (j.fail_text.empty()) j.fail_text = j.fail_class.empty() ? "not handed over" : j.fail_class;
}

std::string fingerprint_of(const order_request& o) {
  const auto& s = o.spec;
  auto mixed = fingerprint{};
  mixed.add(o.user_id)
      .add(o.price)
      .add(o.count)
      .add(s.model_id)
      .add(s.model_title)
      .add(s.api)
      .add(s.provider_model)
      .add(s.prompt)
      .add(s.photo_file_id)
      .add(s.aspect_ratio)
      .add(s.duration_s)
      .add(s.resolution);
  if (s.sound) mixed.add("sound"); // an order of before this choice existed keeps its mark
  return mixed.text();
}

void check_sane(const order_request& o) {
  const bool price_ok = o.price > 0 && o.price <= 1'000'000'000, count_ok = o.count > 0 && o.count <= 1000;
  if (!price_ok || !count_ok || o.order_key.empty())
    throw std::invalid_argument("order '" + o.order_key + "' has no key or an impossible price or count");
}

/// What the book knows before an order, read in one go.
struct standing {
  std::int64_t balance = 0;
  int open_jobs = 0;
  std::string language;
};

standing standing_of(database& db, std::int64_t user_id) {
  query q(db,
          "SELECT (SELECT amount FROM balances WHERE account = 'user' AND user_id = ?1), "
          "(SELECT count(*) FROM jobs WHERE user_id = ?1 AND " TROUPE_RUNNING_JOB "), "
          "(SELECT language FROM users WHERE user_id = ?1)",
          user_id);
  if (!q.next()) return {};
  return {q.integer(0), q.small(1), q.text(2)};
}

/// The answer the same order got before. @throws id_conflict
std::optional<order_answer> repeated(database& db, const order_request& o, const std::string& content,
                                     std::int64_t balance) {
  query known(db, "SELECT order_id, fingerprint FROM orders WHERE order_key = ?", o.order_key);
  if (!known.next()) return {};
  if (known.text(1) != content) throw id_conflict("order " + o.order_key + " exists with other content");
  return order_answer{order_outcome::accepted, known.integer(0), balance, 0};
}

std::optional<order_answer> refusal(const standing& s, const order_request& o) {
  if (o.closed) return order_answer{order_outcome::closed, 0, s.balance, 0};
  if (s.open_jobs + o.count > o.active_jobs_max)
    return order_answer{order_outcome::too_many_jobs, 0, s.balance, 0};
  if (const auto cost = o.price * o.count; s.balance < cost)
    return order_answer{order_outcome::too_few_credits, 0, s.balance, cost - s.balance};
  return {};
}

std::int64_t insert_job(database& db, const job& j) {
  const auto& s = j.spec;
  run(db,
      "INSERT INTO jobs(order_id, user_id, language, model_id, model_title, api, provider_model, prompt, "
      "photo_file_id, aspect_ratio, duration_s, resolution, sound, price, state, created_at, deadline_at, "
      "updated_at, timeline, file_token) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)",
      j.order_id, j.user_id, j.language, s.model_id, s.model_title, s.api, s.provider_model, s.prompt,
      s.photo_file_id, s.aspect_ratio, s.duration_s, s.resolution, s.sound, j.price, j.created_at,
      j.deadline_at, j.updated_at, moment(pending, j.created_at), j.file_token);
  return db.last_id();
}

job new_job(const order_request& o, std::int64_t order_id, const std::string& language) {
  job j;
  j.order_id = order_id;
  j.user_id = o.user_id;
  j.language = language;
  j.spec = o.spec;
  j.price = o.price;
  j.of_order = o.count;
  j.created_at = j.updated_at = o.at;
  return j;
}

} // namespace

std::optional<job> load_job(database& db, std::int64_t job_id) {
  query q(db, "SELECT " TROUPE_JOB_COLUMNS " FROM jobs WHERE job_id = ?", job_id);
  if (!q.next()) return {};
  return read_job(q);
}

std::vector<job> collect_jobs(query& q) {
  std::vector<job> jobs;
  while (q.next()) jobs.push_back(read_job(q));
  return jobs;
}

int open_jobs_of(database& db, std::int64_t user_id) {
  return static_cast<int>(
      number(db, "SELECT count(*) FROM jobs WHERE user_id = ? AND " TROUPE_RUNNING_JOB, user_id));
}

order_answer place_order(writer& w, const order_request& o) {
  auto& db = w.db();
  check_sane(o);
  const auto content = fingerprint_of(o);
  const auto known = standing_of(db, o.user_id);
  if (const auto refused = refusal(known, o))
    return repeated(db, o, content, known.balance).value_or(*refused);
  if (run(db,
          "INSERT INTO orders(order_key, fingerprint, user_id, count, price, created_at) VALUES(?, ?, ?, ?, "
          "?, ?) ON CONFLICT DO NOTHING",
          o.order_key, content, o.user_id, o.count, o.price, o.at) == 0)
    return *repeated(db, o, content, known.balance);
  const auto order_id = db.last_id();
  auto j = new_job(o, order_id, known.language);
  for (int i = 0; i < o.count; ++i) {
    j.file_token = random_hex(file_token_bytes);
    j.job_id = insert_job(db, j);
    hold(db, j, o.at);
    w.new_jobs.push_back(j);
  }
  return {order_outcome::accepted, order_id, known.balance - o.price * o.count, 0};
}

namespace {

/// Of the same key: the provider's accounts count for themselves. 0: nobody's.
std::int64_t owner_of_task(database& db, const job& j, const std::string& task_id) {
  if (task_id.empty()) return 0;
  return number(db,
                "SELECT coalesce((SELECT job_id FROM jobs WHERE task_id = ?1 AND task_id <> '' AND "
                "key_name = ?2 AND job_id <> ?3 LIMIT 1), 0)",
                task_id, j.key_name, j.job_id);
}

} // namespace

step_answer take_step(writer& w, const job_step& step) {
  auto found = load_job(w.db(), step.job_id);
  if (!found) return {};
  auto& j = *found;
  if (!is_arrow(j, step.to) || is_repeat(j, step)) return {false, j};
  // Whoever names a task does not own it for that: one video for two who both pay, or another's video.
  if (const auto owner = owner_of_task(w.db(), j, step.task_id)) return {false, j, owner};
  const auto from = j.state;
  change(j, step);
  fail_posted(j);
  save(w.db(), j);
  end_hold(w.db(), from, j, step.at);
  announce(w, step.messages);
  if (j.state == delivering || j.state == gifted) {
    keep_for_later(w, j.job_id, step.afterwards, later::with_the_video);
    keep_for_later(w, j.job_id, step.finale, later::with_the_order);
  } else if (!step.finale.empty() && ends_order(w.db(), from, j)) announce(w, step.finale);
  if (from == delivering) forget_later(w, j.job_id);
  return {true, j};
}

void hand_over(writer& w, const delivery_report& r) {
  auto& db = w.db();
  auto found = load_job(db, r.job_id);
  if (!found) return;
  auto& j = *found;
  if (j.state != delivering && j.state != gifted) return;
  const auto from = j.state;
  if (r.delivered && from == delivering) j.state = completed;
  if (!r.delivered &&
      from == delivering) { // whoever works on it fetches it again, or says that there is no way
    j.state = fetching;
    j.tries = 0;
    ++j.deliveries;
    j.fail_text = r.why.empty() ? "not taken" : r.why;
  }
  // A gift has been paid by the house and is not fetched again; nobody shows it as one.
  if (!r.delivered && from == gifted) j.fail_text = r.why.empty() ? "not taken" : r.why;
  run(db,
      "UPDATE jobs SET state = ?2, file_id = ?3, fail_text = ?4, tries = ?5, deliveries = ?6, updated_at = "
      "?7, "
      "timeline = timeline || ?8 WHERE job_id = ?1",
      j.job_id, name_of(j.state), r.delivered ? r.file_id : std::string{}, j.fail_text, j.tries, j.deliveries,
      r.at, from == j.state ? std::string{} : moment(j.state, r.at));
  j.updated_at = r.at;
  if (!r.delivered) forget_later(w, j.job_id);
  else say_later(w, j.job_id, from == delivering && ends_order(db, from, j));
  if (j.state == fetching) w.new_jobs.push_back(j);
}

} // namespace troupe::storage
