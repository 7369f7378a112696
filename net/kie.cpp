#include "net/kie.hpp"

#include "net/json_fields.hpp"

#include "net/telegram.hpp"
#include "net/web_server.hpp"

#include <algorithm>
#include <initializer_list>

namespace troupe::kie {
namespace {

using namespace json_fields;

std::string first_text(const json& j, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto text = text_of(j, name); !text.empty()) return text;
  return {};
}

/// Codes come as numbers and as strings. @returns 0 for anything else ("GENERATION_FAILED", null).
int code_of(const json& j, const char* name) {
  const auto& value = member(j, name);
  if (value.is_number_integer())
    return static_cast<int>(std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, 9999));
  if (!value.is_string()) return 0;
  const auto& text = value.get_ref<const std::string&>();
  const bool digits = !text.empty() && text.size() <= 4 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::stoi(text) : 0;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}
bool has_any(const std::string& text, std::initializer_list<const char*> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char* p) { return text.find(p) != std::string::npos; });
}
bool is_one_of(int code, std::initializer_list<int> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}
std::string short_text(const std::string& text) { return telegram::shorten(text, 300); }

bool is_veo3(const job_spec& spec) { return spec.provider_model.rfind("veo3", 0) == 0; }
bool is_legacy(const job_spec& spec) { return spec.api == "kie-veo"; }

http_request with_key(const endpoint& e, const std::string& method, const std::string& url, int seconds) {
  http_request request;
  request.method = method;
  request.url = url;
  request.headers = {{"Authorization", "Bearer " + e.api_key}, {"Accept", "application/json"}};
  request.time_limit = std::chrono::seconds(seconds);
  return request;
}

std::string escape(const std::string& text) {
  constexpr const char* hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) out += c;
    else out += {'%', hex[u >> 4], hex[u & 15]};
  }
  return out;
}

bool is_cyrillic(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\xD0' || c == '\xD1'; });
}

/// Veo translates a Russian prompt, and would translate what its people say: lines in quotes stay as they
/// are.
std::string prompt_for_translation(const std::string& prompt) {
  static constexpr std::pair<const char*, const char*> quotes[] = {{"«", "»"}, {"\"", "\""}, {"“", "”"}};
  for (const auto& [open, close] : quotes) {
    const auto from = prompt.find(open);
    if (from == prompt.npos) continue;
    const auto begin = from + std::string(open).size();
    const auto to = prompt.find(close, begin);
    if (to != prompt.npos && is_cyrillic(prompt.substr(begin, to - begin)))
      return prompt + "\n(The lines in quotes are spoken in Russian, exactly as written.)";
  }
  return prompt;
}

const char* generation_type(const std::vector<std::string>& image_urls) {
  return image_urls.empty() ? "TEXT_2_VIDEO" : "FIRST_AND_LAST_FRAMES_2_VIDEO";
}

json legacy_body(const job_spec& spec, const std::vector<std::string>& image_urls) {
  json body{{"prompt", prompt_for_translation(spec.prompt)},
            {"model", spec.provider_model},
            {"generationType", generation_type(image_urls)},
            {"aspect_ratio", spec.aspect_ratio},
            {"resolution", spec.resolution},
            {"duration", spec.duration_s},
            {"enableTranslation", is_cyrillic(spec.prompt)}}; // the docs disagree about the default
  if (!image_urls.empty()) body["imageUrls"] = image_urls;
  return body;
}

json veo_input(const job_spec& spec, const std::vector<std::string>& image_urls) {
  json input{{"prompt", prompt_for_translation(spec.prompt)},
             {"model", spec.provider_model},
             {"generation_type", generation_type(image_urls)},
             {"aspect_ratio", spec.aspect_ratio},
             {"resolution", spec.resolution},
             {"duration", spec.duration_s},
             {"enable_translation", is_cyrillic(spec.prompt)}};
  if (!image_urls.empty()) input["image_urls"] = image_urls;
  return input;
}

bool is_of(const job_spec& spec, const char* family) { return spec.provider_model.rfind(family, 0) == 0; }

/// Kling, each family with fields of its own (kie.md 3.4).
json market_input(const job_spec& spec, const std::vector<std::string>& image_urls) {
  json input{{"prompt", spec.prompt}, {"duration", std::to_string(spec.duration_s)}};
  if (is_of(spec, "kling-2.6/") || is_of(spec, "kling-3.0/")) input["sound"] = spec.sound;
  if (is_of(spec, "kling-3.0/")) {
    input["mode"] = spec.resolution == "4k" ? "4K" : spec.resolution == "1080p" ? "pro" : "std";
    input["multi_shots"] = false;
  }
  // "Auto" is Veo's word; an unset choice must be left out, not sent empty.
  if (!spec.aspect_ratio.empty() && spec.aspect_ratio != "Auto") input["aspect_ratio"] = spec.aspect_ratio;
  if (image_urls.empty()) return input;
  if (is_of(spec, "kling/v2-")) input["image_url"] = image_urls.front();
  else input["image_urls"] = image_urls;
  return input;
}

json unified_body(const job_spec& spec, const std::vector<std::string>& image_urls) {
  // veo3* as the top-level model is refused: there it is an input of "veo-3-1".
  if (is_veo3(spec)) return {{"model", "veo-3-1"}, {"input", veo_input(spec, image_urls)}};
  return {{"model", spec.provider_model}, {"input", market_input(spec, image_urls)}};
}

bool is_web_address(const std::string& url) {
  return url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0;
}

/// JSON inside a string (even twice) or plain.
json decoded(json value) {
  for (int depth = 0; depth < 3 && value.is_string(); ++depth) {
    const std::string text = value.get<std::string>();
    value = parse(text);
  }
  return value;
}

std::string first_url(const json& list) {
  const auto urls =
      list.is_string() && is_web_address(list.get_ref<const std::string&>()) ? list : decoded(list);
  if (urls.is_string())
    return is_web_address(urls.get_ref<const std::string&>()) ? urls.get<std::string>() : "";
  if (!urls.is_array()) return {};
  for (const auto& url : urls)
    if (url.is_string() && is_web_address(url.get_ref<const std::string&>())) return url.get<std::string>();
  return {};
}

/// High resolutions come below data.result_urls; a resultUrls beside them would be the 720p copy.
std::string result_url(const json& result) {
  for (const auto* place : {&member(result, "data"), &result})
    for (const char* name : {"result_urls", "resultUrls"})
      if (auto url = first_url(member(*place, name)); !url.empty()) return url;
  return {};
}

task_status running() {
  task_status s;
  s.what = task_status::outcome::running;
  return s;
}
task_status failed(int code, const std::string& text) {
  task_status s;
  s.what = task_status::outcome::failed;
  s.why = classify(code, text);
  s.text = short_text(text);
  return s;
}
task_status unreadable(const std::string& text) {
  task_status s;
  s.text = short_text(text);
  return s;
}
task_status succeeded(const std::string& url) {
  if (url.empty()) return unreadable("success without a result address");
  task_status s;
  s.what = task_status::outcome::succeeded;
  s.result_url = url;
  return s;
}

/// An error of the query itself says nothing about the task, unless it names the task's failure.
task_status judge_error(int code, const std::string& text) {
  const auto words = lower(text);
  if (has_any(words, {"recordinfo is null", "record is null", "task not found", "record does not exist",
                      "1080p is processing"}))
    return running();
  if (is_one_of(code, {408, 501})) return failed(code, text);
  const auto why = classify(code, text);
  if (is_one_of(code, {400, 422, 451}) && words.find("taskid parameter") == std::string::npos &&
      (why == fail_class::violation || why == fail_class::bad_input))
    return failed(code, text);
  return unreadable(text.empty() ? "code " + std::to_string(code) : text);
}

task_status read_legacy(const json& data) {
  const auto& flag = member(data, "successFlag");
  if (!flag.is_number_integer() && !flag.is_string()) return unreadable("no successFlag");
  const int value = code_of(data, "successFlag");
  if (value == 0) return running();
  if (value == 1) return succeeded(result_url(decoded(member(data, "response"))));
  auto text = text_of(data, "errorMessage");
  return failed(code_of(data, "errorCode"), text);
}

task_status read_unified(const json& data) {
  const auto state = text_of(data, "state");
  if (state == "success") {
    auto url = result_url(decoded(member(data, "resultJson")));
    if (url.empty()) url = result_url(decoded(member(data, "response")));
    return succeeded(url);
  }
  if (state == "fail") {
    const auto text = text_of(data, "failMsg");
    return failed(code_of(data, "failCode"), text.empty() ? text_of(data, "failCode") : text);
  }
  if (state.empty()) return unreadable("no state");
  return running(); // waiting, queuing, generating, and what may come later
}

submit_answer refused(fail_class why, const std::string& text) {
  return {submit_answer::outcome::refused, {}, why, short_text(text)};
}
bool is_about_the_key(int code, const std::string& text) {
  return code == 401 || has_any(lower(text), {"access permissions", "invalid api key", "unauthorized"});
}
submit_answer unsure(const std::string& text) {
  return {submit_answer::outcome::unsure, {}, fail_class::none, short_text(text)};
}
/// The proxy's own refusal ("error code: 1010"): the request did not reach kie.ai.
bool is_proxy_refusal(int code, const std::string& words) {
  return code == 403 && words.find("error code: 10") != std::string::npos;
}

submit_answer without_envelope(const http_reply& reply) {
  if (reply.status == 429) return refused(fail_class::rate_limit, "HTTP 429");
  if (is_proxy_refusal(reply.status, lower(reply.body))) return refused(fail_class::temporary, reply.body);
  return unsure("HTTP " + std::to_string(reply.status) + " without a readable answer");
}

std::string image_type(const std::string& path) {
  const auto name = lower(path);
  const auto ends = [&](const std::string& end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  if (ends(".png")) return "image/png";
  if (ends(".webp")) return "image/webp";
  return "image/jpeg";
}

} // namespace

const char* name_of(fail_class c) {
  constexpr const char* names[] = {"none",      "violation",     "billing",     "rate_limit", "temporary",
                                   "bad_input", "configuration", "unavailable", "unknown"};
  return names[static_cast<int>(c)];
}

fail_class classify(int code, const std::string& text) {
  const auto words = lower(text);
  if (code == 500 && (words.rfind("internal error", 0) == 0 || words.rfind("internal server error", 0) == 0))
    return fail_class::temporary; // even if words like "moderation" follow
  if (is_proxy_refusal(code, words)) return fail_class::temporary;
  if (has_any(words,
              {"flagged", "content polic", "policies", "violat", "moderat", "sensitive", "nsfw", "unsafe",
               "inappropriate", "prohibit", "prominent people", "minor upload", "rejected by flow(",
               "public_error_", "content could not be processed", "photorealistic people", "copyright"}))
    return fail_class::violation;
  if (has_any(words,
              {"credits insufficient", "insufficient credit", "insufficient quota", "balance", "top up"}))
    return fail_class::billing;
  if (has_any(words, {"rate limit", "frequency is too high", "too many requests", "request limit"}))
    return fail_class::rate_limit;
  if (has_any(words, {"recordinfo is null", "record is null", "task not found", "1080p is processing"}))
    return fail_class::temporary;
  if (has_any(words, {"is required", "not within the range of allowed options", "file type not supported",
                      "exceeds", "too long", "cannot be empty", "failed to fetch the image", "invalid image",
                      "resource download failed", "only english prompts"}))
    return fail_class::bad_input;
  if (has_any(words, {"access permissions", "invalid api key", "unauthorized",
                      "model name you specified is not supported"}))
    return fail_class::configuration;
  if (has_any(words, {"temporarily paused", "interface is paused", "feature disabled"}))
    return fail_class::unavailable;
  // "Try again" and the like are polite noise beside a code that means one thing.
  if (is_one_of(code, {402, 433})) return fail_class::billing;
  if (is_one_of(code, {429, 430})) return fail_class::rate_limit;
  if (code == 451) return fail_class::bad_input;
  if (is_one_of(code, {401, 403, 404})) return fail_class::configuration;
  if (code == 505) return fail_class::unavailable;
  if (has_any(words, {"internal error", "internal server error", "server exception", "try again", "timeout",
                      "maintenance", "upstream"}))
    return fail_class::temporary;
  if (is_one_of(code, {455, 500, 501, 502, 503, 504, 408, 531})) return fail_class::temporary;
  return fail_class::unknown;
}

http_request submit(const endpoint& e, const job_spec& spec, const std::vector<std::string>& image_urls,
                    const std::string& callback_url) {
  const bool legacy = is_legacy(spec);
  auto request =
      with_key(e, "POST", e.api_url + (legacy ? "/api/v1/veo/generate" : "/api/v1/jobs/createTask"), 60);
  auto body = legacy ? legacy_body(spec, image_urls) : unified_body(spec, image_urls);
  if (!callback_url.empty()) body["callBackUrl"] = callback_url;
  request.body = dump(body);
  return request;
}

http_request query(const endpoint& e, const job_spec& spec, const std::string& task_id) {
  const char* path = is_legacy(spec) ? "/api/v1/veo/record-info" : "/api/v1/jobs/recordInfo";
  return with_key(e, "GET", e.api_url + path + "?taskId=" + escape(task_id), 20);
}

http_request upload_image(const endpoint& e, const std::string& path, const std::string& unique_name) {
  auto request = with_key(e, "POST", e.upload_url + "/api/file-stream-upload", 120);
  request.content_type.clear();
  request.form = {{"uploadPath", "images/user-uploads"}, {"fileName", unique_name}};
  request.files = {{"file", unique_name, image_type(unique_name), path}};
  return request;
}

http_request fetch(const std::string& url, const std::string& save_to, std::uint64_t bytes_max) {
  http_request request; // result hosts get no key
  request.url = url;
  request.save_to = save_to;
  request.body_bytes_max = bytes_max;
  request.time_limit = std::chrono::minutes(5);
  return request;
}

submit_answer read_submit(const http_reply& reply) {
  if (reply.error == http_error::refused) return refused(fail_class::temporary, "no connection");
  if (reply.error == http_error::stopped) return refused(fail_class::temporary, "shutting down");
  if (reply.error != http_error::none) return unsure("the answer was lost");
  const auto body = parse(reply.body);
  // A gateway that gave up may have passed the request on, whatever its answer looks like.
  if (!body.is_object() || reply.status == 429 || is_one_of(reply.status, {502, 503, 504}))
    return without_envelope(reply);
  int code = code_of(body, "code");
  if (code == 0 && reply.status >= 400 && reply.status < 500) code = reply.status;
  if (code == 0) return unsure("HTTP " + std::to_string(reply.status) + " without a code");
  const auto task_id = text_of(member(body, "data"), "taskId");
  const auto text = first_text(body, {"msg", "message"});
  if (code != 200) {
    if (!task_id.empty()) return unsure(text);
    auto no = refused(classify(code, text), text.empty() ? "code " + std::to_string(code) : text);
    no.key_refused = is_about_the_key(code, text);
    return no;
  }
  if (task_id.empty() || task_id.size() > 128) return unsure("code 200 without a task id");
  return {submit_answer::outcome::accepted, task_id, fail_class::none, {}};
}

task_status read_status(const job_spec& spec, const http_reply& reply) {
  if (reply.error != http_error::none) return unreadable("no answer");
  const auto body = parse(reply.body);
  if (!body.is_object())
    return unreadable("HTTP " + std::to_string(reply.status) + " without a readable answer");
  const int code = code_of(body, "code");
  if (code != 200) return judge_error(code, first_text(body, {"msg", "message"}));
  const auto& data = member(body, "data");
  if (!data.is_object()) return unreadable("code 200 without data");
  return is_legacy(spec) ? read_legacy(data) : read_unified(data);
}

std::string read_upload(const http_reply& reply) {
  if (reply.error != http_error::none) return {};
  const auto body = parse(reply.body);
  if (code_of(body, "code") != 200) return {};
  const auto url = first_text(member(body, "data"), {"downloadUrl", "fileUrl"});
  return is_web_address(url) ? url : std::string();
}

http_request credits(const endpoint& e) { return with_key(e, "GET", e.api_url + "/api/v1/chat/credit", 20); }

credits_answer read_credits(const http_reply& reply) {
  credits_answer a;
  const auto body = reply.error == http_error::none ? parse(reply.body) : json{};
  const int code = code_of(body, "code");
  if (code != 0 && code != 200 && is_about_the_key(code, first_text(body, {"msg", "message"})))
    a.what = credits_answer::outcome::key_refused;
  const auto& data = member(body, "data");
  if (code != 200 || !data.is_number()) return a;
  return {credits_answer::outcome::known, data.get<double>()};
}

std::string key_name(const std::string& api_key) { return hmac_sha256_hex("key name", api_key).substr(0, 8); }

std::string callback_task_id(const std::string& text) {
  const auto body = parse(text);
  auto id = first_text(member(body, "data"), {"taskId", "task_id"});
  return id.empty() ? first_text(body, {"taskId", "task_id"}) : id;
}

} // namespace troupe::kie
