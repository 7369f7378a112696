#include "net/sandbox/kie_faults.hpp"
#include <utility>

namespace troupe::sandbox {
namespace {

bool has(const std::string& prompt, const std::string& mark) {
  return prompt.find("[[" + mark + "]]") != std::string::npos;
}

kie_failure same(const std::string& code, const std::string& text) {
  return {code, text, std::stoi(code), text};
}

kie_failure violation() {
  return {"422", "CONTENT_POLICY_BLOCKED: The input or output was flagged as sensitive", 400,
          "Your prompt was flagged by Website as violating content policies."};
}

kie_failure temporary() { return same("500", "Internal Error, Please try again later."); }

kie_failure unknown() { return {"GENERATION_FAILED", "failed", 422, "failed"}; }

const std::vector<std::pair<std::string, kie_failure>>& marked_failures() {
  static const std::vector<std::pair<std::string, kie_failure>> all{
      {"fail:violation", violation()},
      {"fail:violation:person", same("400", "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED")},
      {"fail:violation:minor", same("400", "PUBLIC_ERROR_MINOR_UPLOAD")},
      // No real text of this kind is known; it is put together from those that are.
      {"fail:violation:copyright",
       same("422", "CONTENT_POLICY_BLOCKED: The output may be related to copyright restrictions")},
      {"fail:violation:sensitive",
       same("422", "CONTENT_POLICY_BLOCKED: The input or output was flagged as sensitive")},
      {"fail:temporary", temporary()},
      {"fail:unknown", unknown()},
      {"fail:billing", same("402", no_credits().msg)},
      {"fail:input", same("400", "Failed to fetch the image. Kindly verify any access limits set by you or "
                                 "your service provider.")}};
  return all;
}

kie_refusal server_trouble() {
  return {500, "Server exception, please try again later or contact customer service"};
}

kie_refusal bad_input() { return {500, "This field is required"}; }

} // namespace

kie_refusal no_credits() {
  return {402, "Credits insufficient : Your current balance isn\u2019t enough to run this request. Please "
               "top up to continue."};
}
kie_refusal no_access() { return {401, "You do not have access permissions"}; }
kie_refusal too_frequent() { return {429, "Rate limit exceeded"}; }
kie_refusal paused() { return {500, "This interface is temporarily paused"}; }
kie_refusal unknown_model() {
  return {422, "The model name you specified is not supported. Please verify your input and use one of the "
               "supported models provided by KIE."};
}

std::vector<kie_refusal> usual_refusals() {
  return {too_frequent(),
          no_credits(),
          server_trouble(),
          bad_input(),
          {500, "aspect_ratio is not within the range of allowed options"},
          paused(),
          no_access(),
          unknown_model(),
          {433, "The usage limit of this key is exceeded"},
          {455, "The service is under maintenance. Please try again later."},
          {400, "Your prompt was flagged by Website as violating content policies."}};
}

std::optional<kie_fate> marked_fate(const std::string& prompt) {
  if (has(prompt, "hang")) return kie_fate{true, {}};
  for (const auto& [mark, failure] : marked_failures())
    if (has(prompt, mark)) return kie_fate{false, failure};
  return std::nullopt;
}

kie_fate diced_fate(std::uint64_t die) {
  if (die % 3 == 0) return {false, violation()};
  return {false, die % 3 == 1 ? temporary() : unknown()};
}

std::optional<kie_refusal> marked_refusal(const std::string& prompt) {
  if (has(prompt, "submit:429")) return too_frequent();
  if (has(prompt, "submit:402")) return no_credits();
  if (has(prompt, "submit:500")) return server_trouble();
  if (has(prompt, "submit:input")) return bad_input();
  if (has(prompt, "submit:paused")) return paused();
  return std::nullopt;
}

bool marked_lost(const std::string& prompt) { return has(prompt, "submit:lost"); }
bool marked_late(const std::string& prompt) { return has(prompt, "late"); }
kie_spoiled marked_result(const std::string& prompt) {
  return has(prompt, "result:page")   ? kie_spoiled::page
         : has(prompt, "result:half") ? kie_spoiled::half
                                      : kie_spoiled::no;
}

} // namespace troupe::sandbox
