#include "net/request_head.hpp"
#include "net/http_body.hpp"

namespace troupe {
namespace {

bool breaks_a_line(const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; }
std::string host_in(const std::string& origin) { return origin.substr(origin.find("://") + 3); }

} // namespace

std::optional<std::string> written(const http_request& r, const http_address& to, const proxy* by,
                                   const multipart* parts) {
  if (by && is_encrypted(to.origin)) by = nullptr;
  std::string all;
  all.reserve(256 + to.path.size() + r.body.size());
  bool broken = breaks_a_line(r.method) || breaks_a_line(to.path);
  const auto header = [&](const std::string& name, const std::string& value) {
    broken = broken || breaks_a_line(name) || breaks_a_line(value);
    all.append(name).append(": ").append(value).append("\r\n");
  };
  all.append(r.method).append(" ").append(by ? to.origin : "").append(to.path).append(" HTTP/1.1\r\n");
  header("Host", host_in(to.origin));
  if (by && !by->authorization().empty()) header("Proxy-Authorization", by->authorization());
  header("User-Agent", user_agent);
  header("Accept-Encoding", "identity"); // what is packed is not read: it may be a thousand times as large
  for (const auto& [name, value] : r.headers) header(name, value);
  const bool has_body = r.method != "GET" && !parts;
  if (parts) {
    header("Content-Type", parts->content_type());
    header("Content-Length", std::to_string(parts->length()));
  } else if (has_body) {
    if (!r.body.empty()) header("Content-Type", r.content_type);
    header("Content-Length", std::to_string(r.body.size()));
  }
  if (broken) return std::nullopt;
  all.append("\r\n");
  if (has_body) all.append(r.body);
  return all;
}

std::string way_to(const host_and_port& to, const proxy& by) {
  const auto name = (to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]") + ":" + to.port;
  std::string all =
      "CONNECT " + name + " HTTP/1.1\r\nHost: " + name + "\r\nUser-Agent: " + user_agent + "\r\n";
  if (!by.authorization().empty()) all += "Proxy-Authorization: " + by.authorization() + "\r\n";
  return all + "\r\n";
}

std::string followed(const http_address& from, const std::string& location) {
  if (location.find("://") != std::string::npos) return location;
  if (location.rfind("//", 0) == 0) return from.origin.substr(0, from.origin.find(':') + 1) + location;
  if (!location.empty() && location[0] == '/') return from.origin + location;
  const auto path = from.path.substr(0, from.path.find('?'));
  return from.origin + path.substr(0, path.rfind('/') + 1) + location;
}

} // namespace troupe
