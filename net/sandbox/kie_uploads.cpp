// The files that a client gives kie.ai.
#include "net/sandbox/kie_world.hpp"
#include <ctime>

namespace troupe::sandbox {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
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

json kie_world::no_upload_access() { return upload_failure(401, "Authentication failed: Invalid API Key"); }

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

} // namespace troupe::sandbox
