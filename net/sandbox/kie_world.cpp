#include "net/sandbox/kie_world.hpp"
#include <algorithm>
#include <ctime>

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

double price_of(const std::string& model) {
  if (model == "veo3") return 250;
  if (model == "veo3_lite") return 30;
  return model.rfind("veo", 0) == 0 ? 60 : 55;
}

bool known_aspect(const std::string& a) {
  return a.empty() || a == "16:9" || a == "9:16" || a == "Auto" || a == "auto" || a == "1:1";
}

std::string iso_time(std::int64_t now) {
  const auto s = static_cast<std::time_t>(now / 1000);
  std::tm tm{};
  gmtime_r(&s, &tm);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
  return text;
}

std::string mime_of(const std::string& name) {
  auto ends = [&name](const std::string& e) {
    return name.size() >= e.size() && name.compare(name.size() - e.size(), e.size(), e) == 0;
  };
  if (ends(".png")) return "image/png";
  if (ends(".jpg") || ends(".jpeg")) return "image/jpeg";
  if (ends(".webp")) return "image/webp";
  return "application/octet-stream";
}

json upload_failure(int code, const std::string& msg) {
  return {{"success", false}, {"code", code}, {"msg", msg}};
}

} // namespace

std::optional<std::string> from_base64(const std::string& text) {
  std::size_t at = 0;
  if (text.rfind("data:", 0) == 0) {
    at = text.find(',');
    if (at == std::string::npos) return std::nullopt;
    ++at;
  }
  static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (; at < text.size() && text[at] != '='; ++at) {
    if (text[at] == '\n' || text[at] == '\r') continue;
    const auto v = alphabet.find(text[at]);
    if (v == std::string::npos) return std::nullopt;
    bits = ((bits << 6) | static_cast<unsigned>(v)) & 0xFFFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return out;
}

kie_world::kie_world(int generation_ms, int fail_percent, unsigned seed)
    : generation_ms_(generation_ms), fail_percent_(fail_percent), random_(seed) {}

void kie_world::configure(int generation_ms, int fail_percent) {
  generation_ms_ = generation_ms;
  fail_percent_ = fail_percent;
}

json kie_world::no_access() { return {{"code", 401}, {"msg", "You do not have access permissions"}}; }

std::string kie_world::new_id() {
  static const char* digits = "0123456789abcdef";
  std::string id;
  while (id.size() < 32) id += digits[random_() & 15];
  return id;
}

kie_world::fate kie_world::choose_fate(const std::string& prompt) {
  auto marked = [&prompt](const char* m) { return prompt.find(m) != std::string::npos; };
  if (marked("[[hang]]")) return fate::hang;
  if (marked("[[fail:violation]]")) return fate::violation;
  if (marked("[[fail:temporary]]")) return fate::temporary;
  if (marked("[[fail:unknown]]")) return fate::unknown;
  const auto die = random_();
  if (static_cast<int>(die % 100) >= fail_percent_) return fate::success;
  const fate kinds[] = {fate::violation, fate::temporary, fate::unknown};
  return kinds[(die >> 32) % 3];
}

kie_created kie_world::accept(task t, std::int64_t now) {
  t.id = new_id();
  t.created = now;
  t.end = choose_fate(t.prompt);
  t.ready = now + generation_ms_;
  ++creates_[t.callback.empty() ? t.prompt : t.callback];
  while (!recent_.empty() && recent_.front() <= now - 10'000) recent_.pop_front();
  recent_.push_back(now);
  if (recent_.size() > 20) ++too_fast_;
  kie_created out{envelope(200, "success", {{"taskId", t.id}}), t.id, t.end == fate::hang ? 0 : t.ready};
  if (!t.veo) out.body["data"]["recordId"] = t.id;
  order_.push_back(t.id);
  const std::string id = t.id;
  tasks_.emplace(id, std::move(t));
  return out;
}

kie_created kie_world::create_job(const std::string& body, const std::string& base, std::int64_t now) {
  const auto q = json::parse(body, nullptr, false);
  if (!q.is_object()) return {envelope(500, "This field is required"), "", 0};
  task t;
  t.model = text_of(q, "model");
  if (t.model.empty() || t.model.rfind("veo3", 0) == 0)
    return {envelope(422,
                     "The model name you specified is not supported. Please verify your input and use one of "
                     "the supported models provided by KIE."),
            "", 0};
  if (t.model.rfind("sora", 0) == 0) return {envelope(500, "This interface is temporarily paused"), "", 0};
  const auto input = q.find("input");
  if (input == q.end() || !input->is_object()) return {envelope(500, "This field is required"), "", 0};
  t.prompt = text_of(*input, "prompt");
  if (t.prompt.empty()) return {envelope(500, "prompt is required"), "", 0};
  t.aspect = text_of(*input, "aspect_ratio");
  if (!known_aspect(t.aspect))
    return {envelope(500, "aspect_ratio is not within the range of allowed options"), "", 0};
  t.resolution = text_of(*input, "resolution");
  const std::string tier = text_of(*input, "model");
  t.price = price_of(tier.empty() ? t.model : tier);
  t.callback = text_of(q, "callBackUrl");
  t.base = base;
  t.request = q;
  return accept(std::move(t), now);
}

kie_created kie_world::create_veo(const std::string& body, const std::string& base, std::int64_t now) {
  const auto q = json::parse(body, nullptr, false);
  if (!q.is_object()) return {envelope(422, "prompt is required"), "", 0};
  task t;
  t.veo = true;
  t.model = text_of(q, "model").empty() ? "veo3_fast" : text_of(q, "model");
  if (t.model != "veo3" && t.model != "veo3_fast" && t.model != "veo3_lite")
    return {envelope(422,
                     "The model name you specified is not supported. Please verify your input and use one of "
                     "the supported models provided by KIE."),
            "", 0};
  t.prompt = text_of(q, "prompt");
  if (t.prompt.empty()) return {envelope(422, "prompt is required"), "", 0};
  t.aspect = text_of(q, "aspect_ratio").empty() ? text_of(q, "aspectRatio") : text_of(q, "aspect_ratio");
  if (!known_aspect(t.aspect))
    return {envelope(422, "aspect_ratio is not within the range of allowed options"), "", 0};
  t.resolution = text_of(q, "resolution").empty() ? "720p" : text_of(q, "resolution");
  t.price = price_of(t.model);
  t.callback = text_of(q, "callBackUrl");
  t.base = base;
  t.request = q;
  return accept(std::move(t), now);
}

const kie_world::task* kie_world::find(const std::string& id) const {
  const auto it = tasks_.find(id);
  return it == tasks_.end() ? nullptr : &it->second;
}

std::string kie_world::result_url(const task& t) { return t.base + "/results/" + t.id + ".mp4"; }

std::string kie_world::state_of(const task& t, std::int64_t now) {
  if (over(t, now)) return t.end == fate::success ? "success" : "fail";
  const auto length = std::max<std::int64_t>(1, t.ready - t.created);
  const auto percent = (now - t.created) * 100 / length;
  return percent < 10 ? "waiting" : percent < 20 ? "queuing" : "generating";
}

json kie_world::failure(const task& t) {
  switch (t.end) {
  case fate::violation:
    if (t.veo)
      return {{"code", 400}, {"text", "Your prompt was flagged by Website as violating content policies."}};
    return {{"code", 422}, {"text", "CONTENT_POLICY_BLOCKED: The input or output was flagged as sensitive"}};
  case fate::temporary: return {{"code", 500}, {"text", "Internal Error, Please try again later."}};
  default:
    if (t.veo) return {{"code", 422}, {"text", "failed"}};
    return {{"code", "GENERATION_FAILED"}, {"text", "failed"}};
  }
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
  if (t.end != fate::success) {
    const json f = failure(t);
    r["successFlag"] = 3;
    r["failCode"] = f["code"].is_string() ? f["code"] : json(f["code"].dump());
    r["failMsg"] = f["text"];
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
  if (t.end == fate::success) {
    r["successFlag"] = 1;
    r["response"] = {{"taskId", t.id},
                     {"resolution", t.resolution},
                     {"originUrls", nullptr},
                     {"resultUrls", json::array({result_url(t)})},
                     {"hasAudioList", json::array({false})},
                     {"seeds", json::array({56896})}};
    return r;
  }
  const json f = failure(t);
  r["successFlag"] = 3;
  r["errorCode"] = f["code"];
  r["errorMessage"] = f["text"];
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

json kie_world::credit(std::int64_t now) const {
  double left = 1'000'000;
  for (const auto& [id, t] : tasks_)
    if (t.end == fate::success && over(t, now)) left -= t.price;
  return envelope(200, "success", left);
}

std::optional<kie_callback> kie_world::callback_of(const std::string& id, std::int64_t now) const {
  const auto* t = find(id);
  if (!t || t->callback.empty() || !over(*t, now)) return std::nullopt;
  const bool good = t->end == fate::success;
  if (!t->veo)
    return kie_callback{t->callback,
                        envelope(good ? 200 : 501,
                                 good ? "Playground task completed successfully." : "Playground task failed.",
                                 record(*t, now))
                            .dump()};
  json data{{"taskId", t->id}, {"promptJson", t->request.dump()}, {"fallbackFlag", false}};
  if (!good) {
    const json f = failure(*t);
    return kie_callback{t->callback, envelope(f["code"].get<int>(), f["text"], data).dump()};
  }
  data["info"] = {
      {"resultUrls", json::array({result_url(*t)})}, {"originUrls", nullptr}, {"resolution", t->resolution}};
  data["creditsConsumed"] = t->price;
  return kie_callback{t->callback, envelope(200, "Veo3.1 video generated successfully.", data).dump()};
}

std::optional<kie_clip> kie_world::clip_of(const std::string& id, std::int64_t now) const {
  const auto* t = find(id);
  if (!t || t->end != fate::success || !over(*t, now)) return std::nullopt;
  return kie_clip{t->prompt, t->aspect == "9:16"};
}

json kie_world::upload(const std::string& path, const std::string& file_name, const std::string& mime,
                       std::string bytes, const std::string& base, std::int64_t now) {
  if (path.empty()) return upload_failure(400, "Missing required parameter: uploadPath");
  const std::string name = file_name.empty() ? "file_" + std::to_string(next_upload_++) : file_name;
  const std::string full = path + '/' + name;
  const std::string type = mime.empty() ? mime_of(name) : mime;
  const auto size = bytes.size();
  uploads_[full] = {type, std::move(bytes)};
  return {{"success", true},
          {"code", 200},
          {"msg", "File uploaded successfully"},
          {"data",
           {{"fileName", name},
            {"filePath", full},
            {"downloadUrl", base + "/uploads/" + full},
            {"fileSize", size},
            {"mimeType", type},
            {"uploadedAt", iso_time(now)}}}};
}

json kie_world::upload_base64(const std::string& body, const std::string& base, std::int64_t now) {
  const auto q = json::parse(body, nullptr, false);
  if (!q.is_object() || text_of(q, "base64Data").empty())
    return upload_failure(400, "Missing required parameter: base64Data");
  const std::string data = text_of(q, "base64Data");
  auto bytes = from_base64(data);
  if (!bytes) return upload_failure(400, "Base64 decoding failed: Invalid Base64 format");
  std::string mime;
  if (data.rfind("data:", 0) == 0) mime = data.substr(5, data.find_first_of(";,") - 5);
  return upload(text_of(q, "uploadPath"), text_of(q, "fileName"), mime, std::move(*bytes), base, now);
}

const kie_world::kept_file* kie_world::uploaded(const std::string& path) const {
  const auto it = uploads_.find(path);
  return it == uploads_.end() ? nullptr : &it->second;
}

json kie_world::tasks(std::int64_t now) const {
  json list = json::array();
  for (const auto& id : order_) {
    const auto& t = tasks_.at(id);
    list.push_back({{"taskId", id},
                    {"model", t.model},
                    {"prompt", t.prompt},
                    {"callBackUrl", t.callback},
                    {"aspect_ratio", t.aspect},
                    {"state", state_of(t, now)},
                    {"veo", t.veo},
                    {"createTime", t.created}});
  }
  return list;
}

} // namespace troupe::sandbox
