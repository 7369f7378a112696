#include "net/sandbox/multipart.hpp"
#include "net/sandbox/message_parts.hpp"

namespace troupe::sandbox {
namespace {

constexpr const char* type_header = "Content-Type";
constexpr const char* kept_header = "X-Kept-Content-Type"; ///< What the library must not see.
constexpr const char* line_end = "\r\n";

std::string trimmed(const std::string& s) {
  const auto from = s.find_first_not_of(" \t");
  return from == std::string::npos ? "" : s.substr(from, s.find_last_not_of(" \t") - from + 1);
}

/// What stands behind `name`= in "form-data; name=photo; filename=\"a;b.jpg\"", with quotes or without.
std::optional<std::string> parameter(const std::string& header, const std::string& name) {
  for (std::size_t at = header.find(';'); at != std::string::npos && at < header.size();) {
    const auto equals = header.find('=', at);
    if (equals == std::string::npos) return std::nullopt;
    const bool wanted = lower(trimmed(header.substr(at + 1, equals - at - 1))) == name;
    std::string found;
    std::size_t i = header.find_first_not_of(" \t", equals + 1);
    if (i == std::string::npos) i = header.size();
    if (i < header.size() && header[i] == '"') {
      for (++i; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size()) ++i;
        found += header[i];
      }
      at = header.find(';', i);
    } else {
      at = header.find(';', i);
      found = trimmed(header.substr(i, at == std::string::npos ? at : at - i));
    }
    if (wanted) return found;
  }
  return std::nullopt;
}

/// Headers and content of one part. None when it has no name.
std::optional<httplib::MultipartFormData> read_part(const std::string& part) {
  const auto end = part.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  httplib::MultipartFormData read;
  const std::string head = part.substr(0, end) + line_end;
  for (std::size_t from = 0; from < head.size();) {
    const auto stop = head.find(line_end, from);
    const std::string line = head.substr(from, stop - from);
    const auto colon = std::min(line.find(':'), line.size());
    const std::string name = lower(trimmed(line.substr(0, colon)));
    if (name == "content-type") read.content_type = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (name == "content-disposition") {
      read.name = parameter(line, "name").value_or("");
      read.filename = parameter(line, "filename").value_or("");
    }
    from = stop + 2;
  }
  if (read.name.empty()) return std::nullopt;
  read.content = part.substr(end + 4);
  return read;
}

} // namespace

std::optional<std::string> boundary_of(const std::string& content_type) {
  if (lower(content_type).rfind("multipart/form-data", 0) != 0) return std::nullopt;
  auto found = parameter(content_type, "boundary");
  if (found && found->empty()) return std::nullopt;
  return found;
}

std::vector<httplib::MultipartFormData> read_multipart(const std::string& body, const std::string& boundary) {
  std::vector<httplib::MultipartFormData> parts;
  const std::string first = "--" + boundary, next = line_end + first;
  if (body.compare(0, first.size(), first) != 0) return parts;
  for (std::size_t at = first.size(); body.compare(at, 2, line_end) == 0;) { // "--" ends the last one
    const auto end = body.find(next, at + 2);
    if (end == std::string::npos || parts.size() >= multipart_parts_max) break;
    if (auto part = read_part(body.substr(at + 2, end - at - 2))) parts.push_back(std::move(*part));
    at = end + next.size();
  }
  return parts;
}

// The library hands out its requests as const, but they are not: it has just made them, for this call.

void keep_whole(const httplib::Request& req) {
  const std::string type = req.get_header_value(type_header);
  if (!boundary_of(type)) return;
  auto& headers = const_cast<httplib::Request&>(req).headers;
  headers.erase(type_header);
  headers.emplace(kept_header, type);
}

httplib::Server::Handler with_parts(httplib::Server::Handler body) {
  return [body = std::move(body)](const httplib::Request& req, httplib::Response& res) {
    if (const auto boundary = boundary_of(req.get_header_value(kept_header))) {
      auto& mine = const_cast<httplib::Request&>(req);
      for (auto& part : read_multipart(req.body, *boundary)) {
        auto name = part.name;
        mine.files.emplace(std::move(name), std::move(part));
      }
      mine.body.clear();
    }
    body(req, res);
  };
}

} // namespace troupe::sandbox
