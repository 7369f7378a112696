#include "net/sandbox/call_text.hpp"
#include "net/sandbox/http_log.hpp"

namespace troupe::sandbox {
namespace {

std::string bytes(std::size_t n, const std::string& type) {
  return "<" + std::to_string(n) + " bytes" + (type.empty() ? "" : " " + type) + ">";
}

bool is_text(const std::string& type) {
  return type.empty() || type.rfind("text/", 0) == 0 || type.find("json") != type.npos ||
         type.find("urlencoded") != type.npos;
}

/// `{"base64Data":"data:image/jpeg;base64,..."}`, so far that nobody must read the picture.
std::string without_base64(const std::string& body) {
  const std::string mark = ";base64,";
  const auto at = body.find(mark);
  if (at == body.npos) return body;
  const auto from = at + mark.size(), to = std::min(body.find('"', from), body.size());
  const auto open = body.rfind("data:", at);
  if (open == body.npos) return body;
  return body.substr(0, open) + bytes((to - from) / 4 * 3, body.substr(open + 5, at - open - 5)) +
         body.substr(to);
}

} // namespace

std::string text_of(const httplib::Request& req) {
  std::string text;
  const auto line = [&](const std::string& name, const std::string& value) {
    text += (text.empty() ? "" : "\n") + name + ": " + value;
  };
  for (const auto& [name, v] : req.params) line(name, cut(v));
  for (const auto& [name, part] : req.files)
    line(name, part.filename.empty() ? cut(part.content) : bytes(part.content.size(), part.content_type));
  const bool already = !req.params.empty() && req.body.find('{') == req.body.npos;
  if (already || req.body.empty()) return cut(text);
  const auto type = req.get_header_value("Content-Type");
  const auto body = is_text(type) ? cut(without_base64(req.body)) : bytes(req.body.size(), type);
  return cut(text.empty() ? body : text + "\n" + body);
}

std::string text_of(const httplib::Response& res) {
  const auto type = res.get_header_value("Content-Type");
  return is_text(type) ? cut(res.body) : bytes(res.body.size(), type);
}

int status_of(const httplib::Response& res) { return res.status > 0 ? res.status : 200; }

} // namespace troupe::sandbox
