#include "net/sandbox/kie_world.hpp"
#include <algorithm>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

json envelope(int code, const std::string& msg, json data = nullptr) {
  return {{"code", code}, {"msg", msg}, {"data", std::move(data)}};
}

std::string text_of(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

/// A count of -1 stands for all and is never used up.
bool use(int& count) {
  if (count > 0) --count;
  else return count < 0;
  return true;
}

/// kie.ai's documented limit for one account.
constexpr std::size_t creates_most = 20;
constexpr std::int64_t creates_window_ms = 10'000;

kie_created refused(const kie_refusal& r) { return {envelope(r.code, r.msg), "", 0}; }

} // namespace

kie_world::kie_world(int generation_ms, int fail_percent, unsigned seed)
    : generation_ms_(generation_ms), fail_percent_(fail_percent), random_(seed) {}

void kie_world::configure(int generation_ms, int fail_percent) {
  generation_ms_ = generation_ms;
  fail_percent_ = fail_percent;
}

void kie_world::set_speed(int times, std::int64_t now) {
  const auto sooner = [&](std::int64_t at) { return at <= now ? at : now + (at - now) * speed_ / times; };
  for (auto& [id, t] : tasks_) t.ready = sooner(t.ready);
  for (auto& [key, a] : accounts_) {
    std::priority_queue<debt> debts;
    for (; !a.debts.empty(); a.debts.pop()) debts.push({sooner(a.debts.top().due), a.debts.top().price});
    a.debts = std::move(debts);
  }
  speed_ = times;
}

std::int64_t kie_world::ready_at(const std::string& task_id) const {
  const auto* t = find(task_id);
  return t && !t->end.hang ? t->ready : 0;
}

json kie_world::no_access() { return {{"code", 401}, {"msg", sandbox::no_access().msg}}; }

std::string kie_world::new_id() {
  static const char* digits = "0123456789abcdef";
  std::string id;
  while (id.size() < 32) id += digits[random_() & 15];
  return id;
}

kie_fate kie_world::choose_fate(const std::string& prompt) {
  if (auto marked = marked_fate(prompt)) return *marked;
  const auto die = random_();
  if (static_cast<int>(die % 100) >= fail_percent_) return {};
  return diced_fate(die >> 32);
}

// --- accounts ---

void kie_world::settle(account& a, std::int64_t now) {
  for (; !a.debts.empty() && a.debts.top().due <= now; a.debts.pop()) a.credits -= a.debts.top().price;
}

bool kie_world::refuses(const std::string& key) const {
  const auto it = accounts_.find(key);
  return it != accounts_.end() && it->second.refused;
}

void kie_world::set_credits(const std::string& key, double credits, std::int64_t now) {
  auto& a = accounts_[key];
  settle(a, now);
  a.credits = credits;
}

json kie_world::credit(std::int64_t now, const std::string& key) {
  auto& a = accounts_[key];
  settle(a, now);
  return envelope(200, "success", a.credits);
}

json kie_world::accounts(std::int64_t now) {
  json list = json::array();
  for (auto& [key, a] : accounts_) {
    settle(a, now);
    list.push_back({{"key", key},
                    {"credits", a.credits},
                    {"refused", a.refused},
                    {"creates", a.creates},
                    {"too_fast", a.too_fast}});
  }
  return list;
}

// --- creates ---

std::optional<kie_refusal> kie_world::stopped_at_gate(const std::string& key, std::int64_t now) {
  auto& a = accounts_[key];
  if (a.refused) return sandbox::no_access();
  if (use(faults.refuse_next)) return faults.refuse_with;
  while (!a.recent.empty() && a.recent.front() <= now - creates_window_ms) a.recent.pop_front();
  if (!faults.enforce_rate || a.recent.size() < creates_most) return std::nullopt;
  ++too_fast_;
  ++a.too_fast;
  return too_frequent();
}

void kie_world::note_create(account& a, std::int64_t now) {
  ++a.creates;
  a.recent.push_back(now);
  if (a.recent.size() <= creates_most) return;
  ++too_fast_;
  ++a.too_fast;
}

bool kie_world::is_awaited(const std::string& who, std::int64_t now) const {
  const auto last = last_of_.find(who);
  if (last == last_of_.end()) return false;
  const auto& t = tasks_.at(last->second);
  return good(t) || !over(t, now);
}

kie_created kie_world::accept(task t, std::int64_t now) {
  auto& a = accounts_[t.key];
  settle(a, now);
  if (!t.key.empty() && a.credits < t.price) return refused(no_credits());
  note_create(a, now);
  t.id = new_id();
  t.created = now;
  t.end = choose_fate(t.prompt);
  const bool late = faults.all_late || marked_late(t.prompt);
  t.ready = now + static_cast<std::int64_t>(generation_ms_) * (late ? kie_lateness : 1) / speed_;
  if (!t.end.hang && good(t)) a.debts.push({t.ready, t.price});
  const auto& who = t.callback.empty() ? t.prompt : t.callback;
  if (creates_.count(who) == 0 || is_awaited(who, now)) ++creates_[who];
  last_of_[who] = t.id;
  kie_created out{envelope(200, "success", {{"taskId", t.id}}), t.id, t.end.hang ? 0 : t.ready};
  if (!t.veo) out.body["data"]["recordId"] = t.id;
  out.lost = marked_lost(t.prompt) || use(faults.lose_next);
  order_.push_back(t.id);
  const std::string id = t.id;
  tasks_.emplace(id, std::move(t));
  return out;
}

kie_created kie_world::place(task t, const kie_order& order, std::int64_t now) {
  if (order.refusal) return refused(*order.refusal);
  if (const auto marked = marked_refusal(order.prompt)) return refused(*marked);
  t.prompt = order.prompt;
  t.aspect = order.aspect;
  t.resolution = order.resolution;
  t.price = order.price;
  t.callback = text_of(t.request, "callBackUrl");
  return accept(std::move(t), now);
}

kie_created kie_world::create_job(const std::string& body, const std::string& base, std::int64_t now,
                                  const std::string& key) {
  if (const auto stopped = stopped_at_gate(key, now)) return refused(*stopped);
  task t;
  t.request = json::parse(body, nullptr, false);
  if (!t.request.is_object()) return refused({500, "This field is required"});
  t.model = text_of(t.request, "model");
  if (t.model.rfind("sora", 0) == 0) return refused(paused());
  t.key = key;
  t.base = base;
  const auto order = read_job_order(t.model, t.request.value("input", json{}));
  return place(std::move(t), order, now);
}

kie_created kie_world::create_veo(const std::string& body, const std::string& base, std::int64_t now,
                                  const std::string& key) {
  if (const auto stopped = stopped_at_gate(key, now)) return refused(*stopped);
  task t;
  t.veo = true;
  t.request = json::parse(body, nullptr, false);
  const auto order = read_veo_order(t.request);
  if (order.refusal) return refused(*order.refusal);
  t.model = text_of(t.request, "model").empty() ? "veo3_fast" : text_of(t.request, "model");
  t.key = key;
  t.base = base;
  return place(std::move(t), order, now);
}

// --- records ---

const kie_world::task* kie_world::find(const std::string& id) const {
  const auto it = tasks_.find(id);
  return it == tasks_.end() ? nullptr : &it->second;
}

std::string kie_world::result_url(const task& t) { return t.base + "/results/" + t.id + ".mp4"; }

std::string kie_world::state_of(const task& t, std::int64_t now) {
  if (over(t, now)) return good(t) ? "success" : "fail";
  const auto length = std::max<std::int64_t>(1, t.ready - t.created);
  const auto percent = (now - t.created) * 100 / length;
  return percent < 10 ? "waiting" : percent < 20 ? "queuing" : "generating";
}

json kie_world::record(const task& t, std::int64_t now) const {
  const bool done = over(t, now);
  json param = t.request;
  if (param.contains("input")) param["input"] = param["input"].dump(); // Twice encoded, as the real one.
  json r{{"taskId", t.id},
         {"model", t.model},
         {"state", state_of(t, now)},
         {"successFlag", 0},
         {"param", param.dump()},
         {"resultJson", nullptr},
         {"response", nullptr},
         {"failCode", nullptr},
         {"failMsg", nullptr},
         {"costTime", nullptr},
         {"creditsConsumed", nullptr},
         {"createTime", t.created},
         {"completeTime", nullptr},
         {"updateTime", std::min(now, t.ready)}};
  if (!done) return r;
  r["completeTime"] = t.ready;
  r["costTime"] = (t.ready - t.created) / 1000;
  if (!good(t)) {
    r["successFlag"] = 3;
    r["failCode"] = t.end.failure->code;
    r["failMsg"] = t.end.failure->text;
    r["creditsConsumed"] = 0;
    return r;
  }
  const bool large = t.model == "veo-3-1" && (t.resolution == "1080p" || t.resolution == "4k");
  const json urls = json::array({result_url(t)});
  const json result =
      large ? json{{"data", {{"result_urls", urls}, {"origin_urls", urls}}}} : json{{"resultUrls", urls}};
  r["successFlag"] = 1;
  r["resultJson"] = result.dump();
  r["response"] = result;
  r["creditsConsumed"] = t.price;
  return r;
}

json kie_world::veo_record(const task& t, std::int64_t now) const {
  json r{{"taskId", t.id},          {"paramJson", t.request.dump()}, {"response", nullptr},
         {"successFlag", 0},        {"fallbackFlag", false},         {"createTime", t.created},
         {"completeTime", nullptr}, {"errorCode", nullptr},          {"errorMessage", nullptr}};
  if (!over(t, now)) return r;
  r["completeTime"] = t.ready;
  if (good(t)) {
    r["successFlag"] = 1;
    r["response"] = {{"taskId", t.id},
                     {"resolution", t.resolution},
                     {"originUrls", nullptr},
                     {"resultUrls", json::array({result_url(t)})},
                     {"hasAudioList", json::array({false})},
                     {"seeds", json::array({56896})}};
    return r;
  }
  r["successFlag"] = 3;
  r["errorCode"] = t.end.failure->veo_code;
  r["errorMessage"] = t.end.failure->veo_text;
  return r;
}

json kie_world::record_info(const std::string& id, std::int64_t now) const {
  if (id.empty()) return envelope(400, "taskId parameter is required");
  const auto* t = find(id);
  if (!t) return envelope(422, "recordInfo is null");
  if (t->veo) return envelope(422, "The record does not exist");
  return envelope(200, "success", record(*t, now));
}

json kie_world::veo_record_info(const std::string& id, std::int64_t now) const {
  if (id.empty()) return envelope(400, "taskId parameter is required");
  const auto* t = find(id);
  if (!t || !t->veo) return envelope(422, "record is null");
  return envelope(200, "success", veo_record(*t, now));
}

std::optional<kie_callback> kie_world::callback_of(const std::string& id, std::int64_t now) const {
  const auto* t = find(id);
  if (!t || t->callback.empty() || !over(*t, now)) return std::nullopt;
  const bool done = good(*t);
  if (!t->veo)
    return kie_callback{t->callback,
                        envelope(done ? 200 : 501,
                                 done ? "Playground task completed successfully." : "Playground task failed.",
                                 record(*t, now))
                            .dump()};
  json data{{"taskId", t->id}, {"promptJson", t->request.dump()}, {"fallbackFlag", false}};
  if (!done) {
    const auto& f = *t->end.failure;
    return kie_callback{t->callback, envelope(f.veo_code, f.veo_text, data).dump()};
  }
  data["info"] = {
      {"resultUrls", json::array({result_url(*t)})}, {"originUrls", nullptr}, {"resolution", t->resolution}};
  data["creditsConsumed"] = t->price;
  return kie_callback{t->callback, envelope(200, "Veo3.1 video generated successfully.", data).dump()};
}

std::optional<kie_clip> kie_world::clip_of(const std::string& id, std::int64_t now) const {
  const auto* t = find(id);
  if (!t || !over(*t, now) || !good(*t)) return std::nullopt;
  return kie_clip{t->prompt, t->aspect == "9:16"};
}

json kie_world::tasks(std::int64_t now) const {
  json list = json::array();
  for (const auto& id : order_) {
    const auto& t = tasks_.at(id);
    list.push_back({{"taskId", id},
                    {"key", t.key},
                    {"model", t.model},
                    {"prompt", t.prompt},
                    {"callBackUrl", t.callback},
                    {"aspect_ratio", t.aspect},
                    {"state", state_of(t, now)},
                    {"veo", t.veo},
                    {"price", t.price},
                    {"createTime", t.created}});
  }
  return list;
}

} // namespace troupe::sandbox
