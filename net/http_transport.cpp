#include "net/http_address.hpp"
#include "net/transport.hpp"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <random>

namespace troupe {
namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

constexpr int redirects_max = 5;
constexpr std::size_t hosts_max = 32;

std::string resolve(const http_address& from, const std::string& location) {
  if (location.find("://") != std::string::npos) return location;
  if (location.rfind("//", 0) == 0) return from.origin.substr(0, from.origin.find(':') + 1) + location;
  if (!location.empty() && location[0] == '/') return from.origin + location;
  const auto path = from.path.substr(0, from.path.find('?'));
  return from.origin + path.substr(0, path.rfind('/') + 1) + location;
}

/// Multipart with a known length, streamed from disk: a proxy may refuse chunked bodies, and a video
/// need not be in memory.
class multipart {
public:
  /// @returns false when a file cannot be read.
  bool build(const http_request& request) {
    boundary_ = "troupe-" + random_text();
    for (const auto& [name, value] : request.form)
      add_text("--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(name) +
               "\"\r\n\r\n" + value + "\r\n");
    for (const auto& file : request.files) {
      add_text("--" + boundary_ + "\r\nContent-Disposition: form-data; name=\"" + quoted(file.field) +
               "\"; filename=\"" + quoted(file.filename) + "\"\r\nContent-Type: " +
               (file.content_type.empty() ? "application/octet-stream" : file.content_type) + "\r\n\r\n");
      if (!add_file(file.path)) return false;
      add_text("\r\n");
    }
    add_text("--" + boundary_ + "--\r\n");
    return true;
  }
  std::size_t length() const { return length_; }
  std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }

  bool write(std::size_t offset, httplib::DataSink& sink) {
    for (auto& p : pieces_) {
      if (offset >= p.start + p.size) continue;
      const auto skip = offset - p.start;
      if (!p.file) return sink.write(p.text.data() + skip, p.size - skip);
      char buffer[65536];
      const auto n = std::min(sizeof buffer, p.size - skip);
      p.file->clear();
      p.file->seekg(static_cast<std::streamoff>(skip));
      if (!p.file->read(buffer, static_cast<std::streamsize>(n))) return false;
      return sink.write(buffer, n);
    }
    return false;
  }

private:
  struct piece {
    std::size_t start = 0, size = 0;
    std::string text;
    std::unique_ptr<std::ifstream> file;
  };
  static std::string random_text() {
    std::random_device device;
    char text[33];
    std::snprintf(text, sizeof text, "%08x%08x%08x%08x", device(), device(), device(), device());
    return text;
  }
  static std::string quoted(const std::string& text) {
    std::string out;
    for (char c : text) out += c == '"' ? "%22" : c == '\r' ? "%0D" : c == '\n' ? "%0A" : std::string(1, c);
    return out;
  }
  void add_text(std::string text) {
    const auto size = text.size();
    pieces_.push_back({length_, size, std::move(text), nullptr});
    length_ += size;
  }
  bool add_file(const std::string& path) {
    std::error_code failed;
    const auto size = fs::file_size(path, failed);
    auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (failed || !*file) return false;
    if (size) pieces_.push_back({length_, static_cast<std::size_t>(size), {}, std::move(file)});
    length_ += static_cast<std::size_t>(size);
    return true;
  }

  std::string boundary_;
  std::vector<piece> pieces_;
  std::size_t length_ = 0;
};

/// Where an answer's body goes: into memory, or for a wanted 200 into a file.
class sink_for_body {
public:
  explicit sink_for_body(const http_request& request)
      : max_(request.body_bytes_max), path_(request.save_to), part_(request.save_to + ".part"),
        deadline_(clock::now() + request.connect_limit + request.time_limit) {}
  ~sink_for_body() {
    if (!started_file_ || kept_) return;
    file_.close();
    std::error_code ignored;
    fs::remove(part_, ignored);
  }
  sink_for_body(const sink_for_body&) = delete;
  sink_for_body& operator=(const sink_for_body&) = delete;

  bool begin(int status, const std::string& content_length) {
    std::uint64_t announced = 0;
    for (char c : content_length) {
      if (c < '0' || c > '9' || announced > max_) break;
      announced = announced * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (announced > max_) return fail(http_error::too_large);
    if (path_.empty() || status != 200) return true;
    started_file_ = true;
    file_.open(part_, std::ios::binary | std::ios::trunc);
    return file_ ? true : fail(http_error::lost);
  }
  bool add(const char* data, std::size_t size) {
    size_ += size;
    if (size_ > max_) return fail(http_error::too_large);
    // The read limit is per read; an answer that drips must end as well.
    if (clock::now() > deadline_) return fail(http_error::lost);
    if (!started_file_) return memory_.append(data, size), true;
    head_.append(data, std::min(size, head_bytes - head_.size()));
    return file_.write(data, static_cast<std::streamsize>(size)) ? true : fail(http_error::lost);
  }
  /// @returns false when the file could not be kept.
  bool finish() {
    if (!started_file_) return true;
    file_.close();
    std::error_code failed;
    if (file_) fs::rename(part_, path_, failed);
    return kept_ = file_ && !failed;
  }
  std::string take() { return std::move(memory_); }
  std::uint64_t saved_bytes() const { return started_file_ ? size_ : 0; }
  const std::string& head() const { return head_; }
  http_error error() const { return error_; }

private:
  bool fail(http_error e) {
    error_ = e;
    return false;
  }
  std::uint64_t max_, size_ = 0;
  std::string path_, part_, memory_, head_;
  clock::time_point deadline_;
  std::ofstream file_;
  bool started_file_ = false, kept_ = false;
  http_error error_ = http_error::none;
};

http_error meaning(httplib::Error e) {
  switch (e) {
  case httplib::Error::Success: return http_error::none;
  // All of these end before the first byte of the request.
  case httplib::Error::Connection:
  case httplib::Error::ConnectionTimeout:
  case httplib::Error::BindIPAddress:
  case httplib::Error::SSLConnection:
  case httplib::Error::SSLLoadingCerts:
  case httplib::Error::SSLServerVerification: return http_error::refused;
  default: return http_error::lost;
  }
}

http_reply failure(http_error e) {
  http_reply reply;
  reply.error = e;
  return reply;
}

class http_transport final : public transport {
public:
  http_reply send(const http_request& request) override {
    try {
      return follow(request);
    } catch (...) { // what() might quote an address with a token
      return failure(http_error::lost);
    }
  }

  void stop() override {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    // Stopping a client just before its request starts has no effect, so repeat until it is out.
    while (running_) {
      running_->stop();
      idle_.wait_for(lock, std::chrono::milliseconds(10));
    }
  }

private:
  http_reply follow(const http_request& request) {
    const bool may_redirect = request.method == "GET" && !request.save_to.empty();
    auto next = request;
    for (int hop = 0;; ++hop) {
      const auto where = split_url(next.url);
      if (!where) return failure(http_error::refused);
      std::string location;
      auto reply = once(next, *where, location);
      const bool redirect = reply.status >= 301 && reply.status <= 308 && !location.empty();
      if (!may_redirect || !redirect || hop == redirects_max) return reply;
      next.url = resolve(*where, location);
      const auto target = split_url(next.url);
      // Credentials belong to the first host only.
      if (!target || target->origin != where->origin)
        std::erase_if(next.headers, [](const auto& h) { return lower(h.first) == "authorization"; });
    }
  }

  http_reply once(const http_request& request, const http_address& where, std::string& location) {
    httplib::Request out;
    out.method = request.method;
    out.path = where.path;
    for (const auto& [name, value] : request.headers)
      if (lower(name) != "user-agent") out.set_header(name.c_str(), value.c_str());
    out.set_header("User-Agent", user_agent);
    multipart parts;
    if (!request.files.empty()) {
      if (!parts.build(request)) return failure(http_error::no_file);
      out.set_header("Content-Type", parts.content_type().c_str());
      out.content_length_ = parts.length();
      out.content_provider_ = [&parts](std::size_t offset, std::size_t, httplib::DataSink& sink) {
        return parts.write(offset, sink);
      };
    } else if (request.method != "GET") {
      out.body = request.body;
      if (!request.body.empty()) out.set_header("Content-Type", request.content_type.c_str());
    }
    sink_for_body body(request);
    out.response_handler = [&](const httplib::Response& r) {
      return !stopped_ && body.begin(r.status, r.get_header_value("Content-Length"));
    };
    out.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      return !stopped_ && body.add(data, size);
    };

    auto* client = client_for(where.origin);
    if (!client) return failure(http_error::refused);
    tune(*client, request);
    if (!enter(client)) return failure(http_error::stopped);
    httplib::Response in;
    auto error = httplib::Error::Success;
    bool arrived = false;
    try {
      arrived = client->send(out, in, error);
    } catch (...) {
      error = httplib::Error::Unknown;
    }
    leave();

    // A complete answer counts even when we were stopped a moment later. A request that stop() cut off may
    // have been read by the other side: it is lost, not `stopped`, or a submit would be sent again.
    if (!arrived || error != httplib::Error::Success) {
      if (body.error() != http_error::none) return failure(body.error());
      const auto e = meaning(error);
      return failure(e == http_error::none ? http_error::lost : e);
    }
    if (!body.finish()) return failure(http_error::lost);
    http_reply reply;
    reply.status = in.status;
    reply.body = body.take();
    reply.saved_bytes = body.saved_bytes();
    reply.saved_head = body.head();
    for (const char* name : {"retry-after", "content-type", "etag"})
      if (in.has_header(name)) reply.headers.emplace_back(name, in.get_header_value(name));
    location = in.get_header_value("Location");
    return reply;
  }

  httplib::Client* client_for(const std::string& origin) {
    const auto known = clients_.find(origin);
    if (known != clients_.end()) return known->second.get();
    if (clients_.size() >= hosts_max) clients_.clear(); // result hosts come and go
    auto client = std::make_unique<httplib::Client>(origin);
    if (!client->is_valid()) return nullptr;
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);      // 44 ms per request otherwise
    client->set_url_encode(false);      // signed addresses must stay as they are
    client->set_follow_location(false); // done here, so that stop() reaches every hop
    std::error_code ignored;
    if (fs::exists(ca_file, ignored)) client->set_ca_cert_path(ca_file);
    return clients_.emplace(origin, std::move(client)).first->second.get();
  }

  static void tune(httplib::Client& client, const http_request& request) {
    client.set_connection_timeout(request.connect_limit);
    client.set_read_timeout(request.time_limit);
    client.set_write_timeout(request.time_limit);
  }

  bool enter(httplib::Client* client) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    running_ = client;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    running_ = nullptr;
    idle_.notify_all();
  }
  static std::string lower(std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
  }

  std::map<std::string, std::unique_ptr<httplib::Client>> clients_; ///< The owner's thread only.
  std::mutex mutex_;
  std::condition_variable idle_;
  httplib::Client* running_ = nullptr; ///< Under the mutex.
  std::atomic<bool> stopped_{false};
};

} // namespace

std::unique_ptr<transport> make_http_transport() { return std::make_unique<http_transport>(); }

} // namespace troupe
