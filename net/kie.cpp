#include "net/kie.hpp"

#include "net/json_fields.hpp"

#include "net/web_server.hpp"

#include <algorithm>
#include <filesystem>
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
  return static_cast<int>(std::clamp<std::int64_t>(whole_of(member(j, name)).value_or(0), 0, 9999));
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
std::string short_text(const std::string& text) { return outside::excerpt(text); }

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

// -- The state of a task --

/// The address of a result, where results are written and nowhere else: a record also quotes the pictures
/// that came in. High resolutions come below data.result_urls; a resultUrls beside them would be the 720p
/// copy.
std::string result_url(const json& result) {
  const auto inner = decoded(member(result, "data"));
  for (const auto* place : std::initializer_list<const json*>{&inner, &result})
    for (const char* name : {"result_urls", "resultUrls", "result_url", "resultUrl", "video_url", "videoUrl"})
      if (auto url = address_in(member(*place, name)); !url.empty()) return url;
  return result.is_object() ? std::string() : address_in(result);
}

std::string result_in(const json& data) {
  for (const char* name : {"resultJson", "response", "info"}) {
    const auto& written = member(data, name);
    if (written.is_null()) continue;
    const auto plain =
        written.is_string() ? web_address(written.get_ref<const std::string&>()) : std::string();
    if (!plain.empty()) return plain;
    if (auto url = result_url(decoded(written)); !url.empty()) return url;
  }
  for (const char* name : {"resultUrls", "resultUrl"})
    if (auto url = address_in(member(data, name)); !url.empty()) return url;
  return {};
}

enum class state : std::uint8_t { none, in_work, success, failure, new_word };

/// Case and blanks apart, these can be meant in one way only. What else looks like a word is a new one: what
/// stands beside it decides, and without that it is taken for waiting, as the provider's documents ask; a
/// number, a sentence or nothing is no state.
state state_in(const std::string& word) {
  constexpr const char* waits[] = {"waiting",    "wait",        "queuing",     "queueing",
                                   "queued",     "pending",     "created",     "submitted",
                                   "generating", "processing",  "running",     "in_progress",
                                   "started",    "in progress", "in-progress", "inprogress"};
  constexpr const char* good[] = {"success",   "succeeded", "succeed", "successful",
                                  "completed", "complete",  "done",    "finished"};
  constexpr const char* bad[] = {"fail",     "failed",    "failure",  "error",
                                 "canceled", "cancelled", "rejected", "expired"};
  const auto is = [&](const char* w) { return word == w; };
  if (word.empty()) return state::none;
  if (std::any_of(std::begin(waits), std::end(waits), is)) return state::in_work;
  if (std::any_of(std::begin(good), std::end(good), is)) return state::success;
  if (std::any_of(std::begin(bad), std::end(bad), is)) return state::failure;
  const bool plain = word.size() <= 32 && std::all_of(word.begin(), word.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == ' ';
                     });
  return plain ? state::new_word : state::none;
}

/// 0 is being made, 1 is there, 2 and 3 have failed.
state state_in_flag(const json& flag) {
  const auto truth = flag.is_boolean() ? std::optional<std::int64_t>{flag.get<bool>()} : whole_of(flag);
  if (!truth) return state::none;
  return *truth == 0                 ? state::in_work
         : *truth == 1               ? state::success
         : *truth <= 3 && *truth > 0 ? state::failure
                                     : state::none;
}

template <class Answer> Answer spoken(outside::end what, const std::string& text = {}) {
  Answer a;
  a.what = what, a.heard = true, a.text = short_text(text);
  return a;
}
template <class Answer> Answer failed(int code, const std::string& text) {
  auto a = spoken<Answer>(outside::end::failed, text);
  if (a.text.empty()) a.text = "code " + std::to_string(code);
  a.why = classify(code, text);
  if (a.why == fail_class::bad_input) a.limit = limit_in(text);
  return a;
}
/// Nothing is known of what was asked; `why` is what kept it from being answered.
template <class Answer> Answer unheard(fail_class why, const std::string& text) {
  Answer a;
  a.why = why, a.text = text;
  return a;
}
template <class Answer> Answer not_understood(const http_reply& reply, const std::string& what = {}) {
  auto a = spoken<Answer>(outside::end::not_understood);
  a.text = what.empty() ? outside::described(reply) : what + ": " + outside::excerpt(reply.body, 200);
  return a;
}

bool is_about_the_key(int code, const std::string& text) {
  return code == 401 || has_any(lower(text), {"access permissions", "invalid api key", "unauthorized"});
}
/// The proxy's own refusal ("error code: 1010"): the request did not reach kie.ai.
bool is_proxy_refusal(int code, const std::string& words) {
  return code == 403 && words.find("error code: 10") != std::string::npos;
}

/// The refusal of a question, not of what was asked about.
template <class Answer> std::optional<Answer> refused_question(int code, const std::string& text) {
  const auto why = classify(code, text);
  const bool at_the_door = why == fail_class::billing || why == fail_class::rate_limit ||
                           why == fail_class::configuration || why == fail_class::temporary ||
                           why == fail_class::unavailable;
  if (!at_the_door || code == 404) return std::nullopt;
  auto a = unheard<Answer>(why, "code " + std::to_string(code) + ": " + short_text(text));
  a.key_refused = is_about_the_key(code, text);
  return a;
}

/// What can be said before the body is looked into: it was not heard, or it is no JSON object.
template <class Answer> std::optional<Answer> without_body(const http_reply& reply, const json& body) {
  if (outside::is_unheard(reply) || is_proxy_refusal(reply.status, lower(reply.body.substr(0, 1024)))) {
    const auto why = reply.status == 429 ? fail_class::rate_limit : fail_class::temporary;
    return unheard<Answer>(why, outside::described(reply));
  }
  if (body.is_object()) return std::nullopt;
  if (is_one_of(reply.status, {401, 402, 403})) // the door's own word, whatever page is pinned to it
    if (auto a = refused_question<Answer>(reply.status, "")) {
      a->text = outside::described(reply);
      return a;
    }
  return not_understood<Answer>(reply);
}

/// An error of the query itself says nothing about the task, unless it names the task's failure.
task_status judge_error(int code, const std::string& text, const http_reply& reply) {
  const auto words = lower(text);
  if (words.find("1080p is processing") != words.npos)
    return spoken<task_status>(outside::end::pending, text);
  if (has_any(words, {"recordinfo is null", "record is null", "task not found", "record does not exist"})) {
    auto s = spoken<task_status>(outside::end::pending, text);
    s.unseen = true;
    return s;
  }
  if (is_one_of(code, {408, 501})) return failed<task_status>(code, text);
  const auto why = classify(code, text);
  if (is_one_of(code, {400, 422, 451}) && words.find("taskid parameter") == std::string::npos &&
      (why == fail_class::violation || why == fail_class::bad_input))
    return failed<task_status>(code, text);
  if (const auto a = refused_question<task_status>(code, text)) return *a;
  return not_understood<task_status>(reply, "code " + std::to_string(code) + " to a question about a task");
}

task_status failed_task(const json& data) {
  auto text = first_text(data, {"failMsg", "errorMessage"});
  int code = code_of(data, "failCode");
  if (code == 0) code = code_of(data, "errorCode");
  if (text.empty()) text = first_text(data, {"failCode", "errorCode"});
  return failed<task_status>(code, text);
}

bool tells_a_failure(const json& data) {
  if (!first_text(data, {"failMsg", "errorMessage"}).empty()) return true;
  for (const char* name : {"failCode", "errorCode"}) {
    const int code = code_of(data, name);
    const bool in_words = code == 0 && !whole_of(member(data, name)) && !text_of(data, name).empty();
    if (in_words || (code != 0 && code != 200)) return true;
  }
  return false;
}

/// A state by a word that is not documented: a result beside it is one, and a failure beside it too.
task_status read_new_word(const std::string& word, const json& data) {
  auto s = spoken<task_status>(outside::end::pending);
  s.result_url = result_in(data);
  if (!s.result_url.empty()) s.what = outside::end::done;
  else if (tells_a_failure(data)) s = failed_task(data);
  s.new_word = word;
  return s;
}

/// One reader for both adapters: each writes its own of these fields, and a gateway may write the other's.
task_status read_task(const json& data, const http_reply& reply) {
  const auto word = word_of(member(data, "state"));
  auto now = state_in(word);
  if (now == state::none || now == state::new_word)
    if (const auto flag = state_in_flag(member(data, "successFlag")); flag != state::none) now = flag;
  switch (now) {
  case state::in_work: return spoken<task_status>(outside::end::pending);
  case state::failure: return failed_task(data);
  case state::none: return not_understood<task_status>(reply, "no state of a task that is known");
  case state::new_word: return read_new_word(word, data);
  case state::success: break;
  }
  auto s = spoken<task_status>(outside::end::done);
  s.result_url = result_in(data);
  return s.result_url.empty() ? not_understood<task_status>(reply, "success without a result address") : s;
}

// -- Submits --

submit_answer refused(fail_class why, const std::string& text) {
  submit_answer a;
  a.what = submit_answer::outcome::refused;
  a.why = why, a.text = short_text(text);
  if (why == fail_class::bad_input) a.limit = limit_in(text);
  return a;
}
submit_answer unsure(const std::string& text, bool understood = true) {
  submit_answer a;
  a.text = short_text(text), a.understood = understood;
  return a;
}
submit_answer unsure(const http_reply& reply, const std::string& what) {
  return unsure(what + ": " + outside::excerpt(reply.body, 200), false);
}

submit_answer without_envelope(const http_reply& reply) {
  if (reply.status == 429) return refused(fail_class::rate_limit, "HTTP 429");
  if (is_proxy_refusal(reply.status, lower(reply.body.substr(0, 1024))))
    return refused(fail_class::temporary, reply.body);
  return unsure(outside::described(reply), false);
}

/// Opaque, and never long; what has blanks in it is a sentence.
std::string task_id_in(const json& data) {
  for (const char* name : {"taskId", "task_id"}) {
    const auto& value = member(data, name);
    auto id = value.is_number_integer() ? std::to_string(whole_of(value).value_or(0))
              : value.is_string()       ? value.get<std::string>()
                                        : std::string();
    const bool good = !id.empty() && id != "0" && id.size() <= 128 && id[0] != '-' &&
                      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (good) return id;
  }
  return {};
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

/// The sentence of a measure that was not kept: "Image must be at least 300px", "prompt exceeds 2000
/// characters".
static bool names_an_input_fault(const std::string& words) {
  if (has_any(words, {"is required",
                      "not within the range of allowed options",
                      "file type not supported",
                      "exceeds",
                      "too long",
                      "cannot be empty",
                      "failed to fetch the image",
                      "invalid image",
                      "resource download failed",
                      "only english prompts",
                      "must not exceed",
                      "should not exceed",
                      "cannot exceed",
                      "can not exceed",
                      "too short",
                      "too small",
                      "too large",
                      "too big",
                      "unsupported image",
                      "unsupported file",
                      "unsupported format",
                      "unsupported media",
                      "image format",
                      "aspect ratio must",
                      "corrupt",
                      "cannot be decoded",
                      "cannot decode",
                      "failed to decode",
                      "failed to download",
                      "failed to load image",
                      "unable to process input"}))
    return true;
  if (!has_any(words, {"image", "photo", "picture", "prompt", "file", "audio", "resolution", "width",
                       "height", "duration", "ratio", "pixel", "dimension"}))
    return false;
  if (has_any(words, {"is invalid", "not valid", "not supported"})) return true;
  return words.find_first_of("0123456789") != words.npos &&
         has_any(words, {"at least", "at most", "must be", "should be", "less than", "greater than",
                         "larger than", "smaller than", "between", "minimum", "maximum"});
}

std::string limit_in(const std::string& text) {
  constexpr const char* units[] = {"px",         "pixels",    "pixel", "mb",      "megabytes", "mib",
                                   "kb",         "kib",       "bytes", "seconds", "second",    "sec",
                                   "characters", "character", "chars", "words",   "images",    "s"};
  const auto words = lower(text);
  const auto digit = [&](std::size_t i) { return i < words.size() && words[i] >= '0' && words[i] <= '9'; };
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (!digit(at) || (at > 0 && (digit(at - 1) || words[at - 1] == '.' || words[at - 1] == ','))) continue;
    auto end = at;
    while (digit(end) ||
           ((words[end] == '.' || words[end] == ',' || words[end] == 'x' || words[end] == '*') &&
            digit(end + 1)))
      ++end;
    if (end - at > 16) continue;
    auto unit = end;
    while (unit < words.size() && words[unit] == ' ' && unit < end + 2) ++unit;
    for (const std::string u : units) {
      const auto after = unit + u.size();
      const bool whole = after >= words.size() || words[after] < 'a' || words[after] > 'z';
      if (words.compare(unit, u.size(), u) == 0 && whole) return text.substr(at, after - at);
    }
    if (words.find('x', at) < end || words.find('*', at) < end) return text.substr(at, end - at); // 300x300
  }
  return {};
}

fail_class classify(int code, const std::string& text) {
  const auto words = lower(text);
  if (code == 500 && (words.rfind("internal error", 0) == 0 || words.rfind("internal server error", 0) == 0))
    return fail_class::temporary; // even if words like "moderation" follow
  if (is_proxy_refusal(code, words)) return fail_class::temporary;
  if (has_any(words, {"flagged",
                      "content polic",
                      "policies",
                      "violat",
                      "moderat",
                      "sensitive",
                      "nsfw",
                      "unsafe",
                      "inappropriate",
                      "prohibit",
                      "prominent people",
                      "minor upload",
                      "rejected by flow(",
                      "public_error_",
                      "content could not be processed",
                      "photorealistic people",
                      "copyright",
                      "safety system",
                      "safety filter",
                      "safety guideline",
                      "responsible ai",
                      "public figure",
                      "celebrit"}))
    return fail_class::violation;
  if (has_any(words, {"credits insufficient", "insufficient credit", "insufficient quota",
                      "insufficient fund", "not enough credit", "out of credit", "balance", "top up",
                      "recharge", "payment required", "quota exceeded", "exceeded your quota"}))
    return fail_class::billing;
  if (has_any(words, {"rate limit", "frequency is too high", "too many requests", "request limit",
                      "max active", "maximum active", "too many active", "too many running",
                      "too many concurrent", "concurrency", "concurrent task", "concurrent request"}))
    return fail_class::rate_limit;
  if (has_any(words, {"recordinfo is null", "record is null", "task not found", "1080p is processing"}))
    return fail_class::temporary;
  if (has_any(words, {"access permissions", "invalid api key", "unauthorized",
                      "model name you specified is not supported"}))
    return fail_class::configuration;
  if (names_an_input_fault(words)) return fail_class::bad_input;
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
  std::error_code unknown; // then it will not be sent either
  if (const auto bytes = std::filesystem::file_size(path, unknown); !unknown)
    request.time_limit += time_for(bytes);
  return request;
}

http_request fetch(const std::string& url, const std::string& save_to, std::uint64_t bytes_max) {
  http_request request; // result hosts get no key
  request.url = url;
  request.save_to = save_to;
  request.body_bytes_max = bytes_max;
  request.time_limit = std::chrono::minutes(5);
  request.is_foreign = true;
  return request;
}

submit_answer read_submit(const http_reply& reply) {
  if (reply.error == http_error::refused) return refused(fail_class::temporary, "no connection");
  if (reply.error == http_error::stopped) return refused(fail_class::temporary, "shutting down");
  if (reply.error != http_error::none) return unsure(outside::described(reply));
  const auto body = parse(reply.body);
  // A gateway that gave up may have passed the request on, whatever its answer looks like.
  if (!body.is_object() || reply.status == 429 || is_one_of(reply.status, {502, 503, 504}))
    return without_envelope(reply);
  int code = code_of(body, "code");
  if (code == 0 && reply.status >= 400 && reply.status < 500) code = reply.status;
  const auto task_id = task_id_in(decoded(member(body, "data")));
  if (code == 0 && member(body, "code").is_null() && !task_id.empty())
    code = reply.status; // an id is proof enough
  if (code == 0) return unsure(reply, "HTTP " + std::to_string(reply.status) + " without a code");
  const auto text = first_text(body, {"msg", "message"});
  if (code != 200) {
    if (!task_id.empty()) return unsure(reply, "code " + std::to_string(code) + " with a task id");
    auto no = refused(classify(code, text), text.empty() ? "code " + std::to_string(code) : text);
    no.key_refused = is_about_the_key(code, text);
    return no;
  }
  if (task_id.empty()) return unsure(reply, "code 200 without a task id");
  submit_answer yes;
  yes.what = submit_answer::outcome::accepted;
  yes.task_id = task_id;
  return yes;
}

task_status read_status(const job_spec&, const http_reply& reply) {
  const auto body = parse(reply.body);
  if (const auto a = without_body<task_status>(reply, body)) return *a;
  const auto data = decoded(member(body, "data"));
  const bool told = !member(data, "state").is_null() || !member(data, "successFlag").is_null();
  const bool bare = member(body, "code").is_null() && told && reply.status == 200;
  int code = bare ? 200 : code_of(body, "code");
  if (code == 0 && reply.status >= 400) code = reply.status;
  if (code != 200) return judge_error(code, first_text(body, {"msg", "message"}), reply);
  if (!data.is_object()) return not_understood<task_status>(reply, "code 200 without data");
  return read_task(data, reply);
}

upload_answer read_upload(const http_reply& reply) {
  const auto body = parse(reply.body);
  if (auto a = without_body<upload_answer>(reply, body)) return *a;
  const bool bare = member(body, "code").is_null() && truth_of(member(body, "success")).value_or(false);
  int code = bare ? 200 : code_of(body, "code");
  if (code == 0 && reply.status >= 400) code = reply.status;
  const auto text = first_text(body, {"msg", "message"});
  if (code != 200) {
    if (auto a = refused_question<upload_answer>(code, text)) return *a;
    if (code == 0) return not_understood<upload_answer>(reply, "an upload without a code");
    return failed<upload_answer>(code, text);
  }
  const auto data = decoded(member(body, "data"));
  auto a = spoken<upload_answer>(outside::end::done);
  for (const char* name : {"downloadUrl", "fileUrl"})
    if (a.url.empty()) a.url = address_in(member(data, name));
  return a.url.empty() ? not_understood<upload_answer>(reply, "an upload without an address") : a;
}

fetch_answer read_fetch(const http_reply& reply) {
  const auto type = outside::header_of(reply, "content-type");
  const auto status = "HTTP " + std::to_string(reply.status);
  if (reply.error == http_error::too_large) {
    auto a = spoken<fetch_answer>(outside::end::failed, "the file is larger than we take");
    a.why = fail_class::unknown;
    return a;
  }
  if (outside::is_unheard(reply))
    return unheard<fetch_answer>(fail_class::temporary, outside::described(reply));
  if (reply.status >= 400) {
    auto a = spoken<fetch_answer>(outside::end::failed);
    a.why = fail_class::temporary, a.text = outside::described(reply);
    return a;
  }
  auto a = spoken<fetch_answer>(outside::end::done);
  a.bytes = reply.saved_bytes;
  a.content_type = outside::excerpt(type, 60);
  a.etag = outside::header_of(reply, "etag").substr(0, 128);
  if (reply.status == 200 && outside::may_be_a_video(reply.saved_head, type)) return a;
  a.what = outside::end::not_understood;
  const auto piece = outside::excerpt(reply.saved_head.empty() ? reply.body : reply.saved_head);
  a.text = status + ", " + (a.content_type.empty() ? "no content type" : a.content_type) + ", " +
           std::to_string(reply.saved_bytes) + " bytes that are no video" +
           (piece.empty() ? "" : ": " + piece);
  return a;
}

http_request credits(const endpoint& e) { return with_key(e, "GET", e.api_url + "/api/v1/chat/credit", 20); }

/// A balance is money: a number as it is documented, or none.
credits_answer read_credits(const http_reply& reply) {
  credits_answer a;
  const auto body = parse(reply.body);
  if (const auto none = without_body<answer>(reply, body)) {
    a.text = none->text;
    if (none->heard) a.what = credits_answer::outcome::not_understood;
    if (none->key_refused) a.what = credits_answer::outcome::key_refused;
    return a;
  }
  const int code = code_of(body, "code");
  const auto text = first_text(body, {"msg", "message"});
  const auto& data = member(body, "data");
  if (code == 200 && data.is_number() && data.get<double>() >= 0) {
    a.what = credits_answer::outcome::known;
    a.left = data.get<double>();
    return a;
  }
  a.text = "code " + std::to_string(code) + ": " + outside::excerpt(text.empty() ? reply.body : text, 200);
  if (code != 0 && code != 200 && is_about_the_key(code, text)) a.what = credits_answer::outcome::key_refused;
  else if (code == 0 || code == 200) a.what = credits_answer::outcome::not_understood;
  return a;
}

std::string key_name(const std::string& api_key) { return hmac_sha256_hex("key name", api_key).substr(0, 8); }

std::string callback_task_id(const std::string& text) {
  const auto body = parse(text);
  auto id = task_id_in(decoded(member(body, "data")));
  return id.empty() ? task_id_in(body) : id;
}

} // namespace troupe::kie
