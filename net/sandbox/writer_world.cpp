#include "net/sandbox/writer_world.hpp"
#include "net/sandbox/service_gate.hpp"
#include <chrono>
#include <thread>

namespace troupe::sandbox {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int thinking_ms = 700, slow_ms = 30'000;

writer_reply refused(int status, const std::string& type, const json& code, const std::string& message,
                     const json& param = nullptr) {
  return {status, {{"error", {{"message", message}, {"type", type}, {"param", param}, {"code", code}}}}, 0};
}

std::string text_of(const json& j, const char* name) {
  if (!j.is_object()) return "";
  const auto it = j.find(name);
  return it != j.end() && it->is_string() ? it->get<std::string>() : "";
}

/// What stands between <name> and </name>.
std::string block(const std::string& text, const std::string& name) {
  const auto open = "<" + name + ">";
  const auto from = text.find(open);
  const auto to = text.find("</" + name + ">");
  if (from == text.npos || to == text.npos || to < from) return "";
  return text.substr(from + open.size(), to - from - open.size());
}

std::string last_of(const json& messages, const char* role) {
  std::string last;
  for (auto& m : messages)
    if (text_of(m, "role") == role) last = text_of(m, "content");
  return last;
}

std::string prompt_for(const std::string& question) {
  const auto preset = block(question, "preset"), words = block(question, "user_words");
  auto text = preset.empty() ? std::string{"The subject of the photo comes to life."} : preset;
  if (!words.empty()) text += " The user wants: " + words + ".";
  return text + " Cinematic light, smooth motion, rich detail.";
}

json completion(const json& model, const json& content, const json& refusal) {
  return {{"id", "chatcmpl-sandbox"},
          {"object", "chat.completion"},
          {"model", model},
          {"choices",
           json::array({{{"index", 0},
                         {"message", {{"role", "assistant"}, {"content", content}, {"refusal", refusal}}},
                         {"logprobs", nullptr},
                         {"finish_reason", "stop"}}})},
          {"usage", {{"prompt_tokens", 119}, {"completion_tokens", 60}, {"total_tokens", 179}}}};
}

} // namespace

writer_reply write_prompt(const std::string& authorization, const std::string& body) {
  if (authorization.rfind("Bearer ", 0) != 0 || authorization.size() < 8)
    return refused(401, "invalid_request_error", "invalid_api_key", "You didn't provide an API key.");
  const auto q = json::parse(body, nullptr, false);
  if (!q.is_object())
    return refused(400, "invalid_request_error", nullptr,
                   "We could not parse the JSON body of your request.");
  if (text_of(q, "model").empty())
    return refused(400, "invalid_request_error", nullptr, "you must provide a model parameter", "model");
  const auto messages = q.find("messages");
  if (messages == q.end() || !messages->is_array() || messages->empty())
    return refused(400, "invalid_request_error", nullptr, "Missing required parameter: 'messages'.",
                   "messages");
  const auto question = last_of(*messages, "user");
  const auto asks = [&](const char* mark) { return question.find(mark) != question.npos; };
  if (asks("[[writer:fail]]"))
    return refused(503, "server_error", "server_is_overloaded", "The server is overloaded.");
  if (asks("[[writer:refuse]]"))
    return {200, completion(q["model"], nullptr, "I can't help with that."), thinking_ms};
  return {200, completion(q["model"], prompt_for(question), nullptr),
          asks("[[writer:slow]]") ? slow_ms : thinking_ms};
}

void add_writer_routes(httplib::Server& http, service_gate& gate, std::function<bool()> stopping) {
  http.Post("/v1/chat/completions",
            gate.around(service::writer, [stopping = std::move(stopping)](const httplib::Request& req,
                                                                          httplib::Response& res) {
              const auto r = write_prompt(req.get_header_value("Authorization"), req.body);
              const auto until = std::chrono::steady_clock::now() + milliseconds(r.wait_ms);
              while (!stopping() && std::chrono::steady_clock::now() < until)
                std::this_thread::sleep_for(milliseconds(50));
              res.status = r.status;
              res.set_content(r.body.dump(-1, ' ', false, json::error_handler_t::replace),
                              "application/json");
            }));
}

} // namespace troupe::sandbox
