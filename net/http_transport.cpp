#include "net/http_address.hpp"
#include "net/http_body.hpp"
#include "net/proxied_wire.hpp"
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

http_reply failure(http_error e, std::string why = {}) {
  http_reply reply;
  reply.error = e;
  reply.body = std::move(why);
  return reply;
}

std::string words_for(httplib::Error e, const std::string& host) {
  switch (e) {
  case httplib::Error::Connection:
  case httplib::Error::ConnectionTimeout:
  case httplib::Error::BindIPAddress: return "no connection to " + host;
  case httplib::Error::SSLServerVerification:
  case httplib::Error::SSLLoadingCerts: return "the certificate of " + host + " is not trusted";
  case httplib::Error::SSLConnection: return "no TLS with " + host;
  default: return {};
  }
}

class http_transport final : public transport {
public:
  explicit http_transport(proxies by) : proxies_(std::move(by)) {}

  http_reply send(const http_request& request) override {
    try {
      return follow(request);
    } catch (...) { // what() might quote an address with a token
      return failure(http_error::lost);
    }
  }

  void stop() override {
    wire_.stop();
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
    // The library's own way through a proxy tells the service the proxy's credentials, takes a refusal for an
    // open way, and waits for itself for ever when the refusal closes the connection.
    if (const auto* by = proxies_ ? proxies_->for_origin(where.origin) : nullptr)
      return wire_.send(request, where, *by, location);
    httplib::Request out;
    out.method = request.method;
    out.path = where.path;
    for (const auto& [name, value] : request.headers)
      if (lower(name) != "user-agent") out.set_header(name.c_str(), value.c_str());
    out.set_header("User-Agent", user_agent);
    multipart parts;
    bool body_began = request.method == "GET"; // else nobody can have acted on it
    if (!request.files.empty()) {
      if (!parts.build(request)) return failure(http_error::no_file);
      out.set_header("Content-Type", parts.content_type().c_str());
      out.content_length_ = parts.length();
      out.content_provider_ = [&](std::size_t offset, std::size_t, httplib::DataSink& sink) {
        body_began = true;
        return parts.write(offset, sink);
      };
    } else if (request.method != "GET" && !request.body.empty()) {
      out.set_header("Content-Type", request.content_type.c_str());
      out.content_length_ = request.body.size();
      out.content_provider_ = [&](std::size_t offset, std::size_t, httplib::DataSink& sink) {
        body_began = true;
        return sink.write(request.body.data() + offset, request.body.size() - offset);
      };
    } else body_began = true;
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
      auto e = meaning(error);
      if (e == http_error::none) e = http_error::lost;
      if (e == http_error::lost && !body_began) e = http_error::refused; // the head alone: nobody acted on it
      return failure(e, words_for(error, host_of(where.origin).host));
    }
    if (!body.finish()) return failure(http_error::lost);
    http_reply reply;
    reply.status = in.status;
    reply.body = body.take();
    reply.saved_bytes = body.saved_bytes();
    reply.saved_head = body.head();
    for (const char* name : {"retry-after", "content-type", "etag"}) {
      auto value = in.get_header_value(name);
      // The library keeps a line end that stands alone.
      if (!value.empty() && value.find_first_of("\r\n") == std::string::npos)
        reply.headers.emplace_back(name, std::move(value));
    }
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
    if (const auto roots = ca_file(); fs::exists(roots, ignored)) client->set_ca_cert_path(roots);
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

  const proxies proxies_;
  proxied_wire wire_;
  std::map<std::string, std::unique_ptr<httplib::Client>> clients_; ///< The owner's thread only.
  std::mutex mutex_;
  std::condition_variable idle_;
  httplib::Client* running_ = nullptr; ///< Under the mutex.
  std::atomic<bool> stopped_{false};
};

} // namespace

std::unique_ptr<transport> make_http_transport(proxies by) {
  return std::make_unique<http_transport>(std::move(by));
}

} // namespace troupe
