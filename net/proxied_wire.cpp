#include "net/proxied_wire.hpp"
#include "net/http_body.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <atomic>
#include <filesystem>
#include <limits>
#include <optional>

namespace troupe {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

constexpr std::uint32_t way_bytes_max = 8192, header_bytes_max = 65'536;
constexpr int interim_answers_max = 3;
constexpr std::size_t piece_bytes = 65'536;

bool breaks_a_line(const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; }

/// Ends the request: `what` says how much is known of it, the text what was in the way.
struct broken {
  http_error what;
  std::string why;
};

/// One request from its connection to the end of its answer.
class journey {
public:
  journey(asio::io_context& io, ssl::context& tls, const std::atomic<bool>& stopped, const proxy& by,
          const http_address& where)
      : io_{io}, stream_{io, tls}, stopped_{stopped}, by_{by}, where_{where}, host_{host_of(where.origin)},
        encrypted_{where.origin[4] == 's'} {}

  http_reply make(const http_request& request, std::string& location) {
    multipart parts;
    if (!request.files.empty() && !parts.build(request)) throw broken{http_error::no_file, {}};
    const auto head = head_of(request, parts);
    until_ = clock::now() + request.connect_limit;
    reach_proxy();
    if (encrypted_) open_way();
    limit_ = request.time_limit;
    sent_ = true; // from here on the other side may have read it
    send_text(head);
    if (!request.files.empty()) send_parts(parts);
    else if (request.method != "GET") send_text(request.body);
    return receive(request, location);
  }

private:
  std::string through() const { return "the proxy " + by_.shown(); }
  [[noreturn]] void end(const std::string& why) const {
    throw broken{sent_ ? http_error::lost : stopped_ ? http_error::stopped : http_error::refused, why};
  }

  /// Waits for one step, until its limit or stop(). @returns why it failed.
  template <class Begin> error_code step(Begin begin) {
    auto result = std::make_shared<std::optional<error_code>>(); // a step given up may still end later
    begin([result](error_code why, auto&&...) { *result = why; });
    io_.restart();
    while (!*result && !stopped_ && io_.run_one_until(until_) != 0) {
    }
    if (*result) return **result;
    error_code ignored;
    stream_.next_layer().close(ignored);
    // What was begun uses our buffers: it ends before we do. A name being looked up uses none, and cannot be
    // hurried.
    while (!finding_ && !*result && io_.run_one() != 0) {
    }
    return stopped_ ? asio::error::operation_aborted : asio::error::timed_out;
  }
  static std::string in_time(error_code why, const char* late, const char* failed) {
    return why == asio::error::timed_out ? late : failed;
  }
  template <class Does> error_code with_stream(Does does) {
    return encrypted_ ? step([&](auto then) { does(stream_, then); })
                      : step([&](auto then) { does(stream_.next_layer(), then); });
  }

  void reach_proxy() {
    tcp::resolver resolver{io_};
    auto found = std::make_shared<tcp::resolver::results_type>();
    auto why = step([&](auto then) {
      resolver.async_resolve(by_.host, by_.port,
                             [found, then](error_code e, const tcp::resolver::results_type& r) mutable {
                               *found = r;
                               then(e);
                             });
    });
    if (why)
      end(through() + in_time(why, " was not found in time", " is not known: no address for this name"));
    why = step([&](auto then) { asio::async_connect(stream_.next_layer(), *found, then); });
    if (why) end(through() + in_time(why, " did not take the connection in time", " cannot be reached"));
    error_code ignored;
    stream_.next_layer().set_option(tcp::no_delay{true}, ignored);
  }

  void open_way() {
    const auto name =
        (host_.host.find(':') == std::string::npos ? host_.host : "[" + host_.host + "]") + ":" + host_.port;
    std::string ask =
        "CONNECT " + name + " HTTP/1.1\r\nHost: " + name + "\r\nUser-Agent: " + user_agent + "\r\n";
    if (!by_.authorization().empty()) ask += "Proxy-Authorization: " + by_.authorization() + "\r\n";
    ask += "\r\n";
    auto& plain = stream_.next_layer();
    auto why = step([&](auto then) { asio::async_write(plain, asio::buffer(ask), then); });
    http::response_parser<http::empty_body> answer;
    answer.header_limit(way_bytes_max);
    answer.skip(true); // an open way has no body; a refusal's is of no interest
    if (!why) why = step([&](auto then) { http::async_read_header(plain, buffer_, answer, then); });
    if (why)
      end(through() +
          in_time(why, " did not open a way to ",
                  " ended, or said what is no HTTP, while it was asked for a way to ") +
          host_.host + in_time(why, " in time", ""));
    const int status = static_cast<int>(answer.get().result_int());
    if (status == 407) end(through() + " wants other credentials (407)");
    if (status / 100 != 2)
      end(through() + " opens no way to " + host_.host + " (it answered " + std::to_string(status) + ")");
    if (buffer_.size() > 0) end(through() + " speaks within the way to " + host_.host);
    SSL_set_tlsext_host_name(stream_.native_handle(), host_.host.c_str());
    stream_.set_verify_callback(ssl::host_name_verification{host_.host});
    why = step([&](auto then) { stream_.async_handshake(ssl::stream_base::client, then); });
    if (why)
      end((why.category() == asio::error::get_ssl_category()
               ? "the certificate of " + host_.host + " is not trusted, or it speaks no TLS"
               : "no TLS with " + host_.host) +
          " through " + through());
  }

  std::string head_of(const http_request& r, const multipart& parts) const {
    std::string all = r.method + " " + (encrypted_ ? "" : where_.origin) + where_.path + " HTTP/1.1\r\n";
    bool broken_line = breaks_a_line(r.method) || breaks_a_line(where_.path) || breaks_a_line(where_.origin);
    const auto header = [&](const std::string& name, const std::string& value) {
      broken_line = broken_line || breaks_a_line(name) || breaks_a_line(value);
      all += name + ": " + value + "\r\n";
    };
    header("Host", where_.origin.substr(where_.origin.find("://") + 3));
    header("User-Agent", user_agent);
    header("Connection", "close");
    if (!encrypted_ && !by_.authorization().empty()) header("Proxy-Authorization", by_.authorization());
    for (const auto& [name, value] : r.headers) header(name, value);
    if (!r.files.empty()) {
      header("Content-Type", parts.content_type());
      header("Content-Length", std::to_string(parts.length()));
    } else if (r.method != "GET") {
      if (!r.body.empty()) header("Content-Type", r.content_type);
      header("Content-Length", std::to_string(r.body.size()));
    }
    if (broken_line) throw broken{http_error::refused, "a header would break its line"};
    return all + "\r\n";
  }

  std::string no_answer(error_code why) const {
    return "no answer of " + host_.host + " through " + through() +
           (why == asio::error::timed_out ? " in time"
            : why                         ? " (" + why.message() + ")"
                                          : "");
  }

  /// The limit counts for each piece: a film takes its time.
  void send_text(std::string_view text) {
    if (text.empty()) return;
    until_ = clock::now() + limit_;
    const auto why = with_stream([&](auto& s, auto then) { asio::async_write(s, asio::buffer(text), then); });
    if (why) end(no_answer(why));
  }
  void send_parts(multipart& parts) {
    struct sink {
      std::string piece;
      bool write(const char* data, std::size_t size) {
        return piece.assign(data, std::min(size, piece_bytes)), true;
      }
    } one;
    for (std::size_t offset = 0; offset < parts.length(); offset += one.piece.size()) {
      if (!parts.write(offset, one) || one.piece.empty()) end("the file to send cannot be read any more");
      send_text(one.piece);
    }
  }

  http_reply receive(const http_request& request, std::string& location) {
    until_ = clock::now() + limit_; // of the whole answer
    std::optional<http::response_parser<http::buffer_body>> in;
    for (int interim = 0; !in || in->get().result_int() / 100 == 1; ++interim) {
      if (interim > interim_answers_max) end(no_answer({}));
      in.emplace();
      in->header_limit(header_bytes_max);
      in->body_limit(std::numeric_limits<std::uint64_t>::max()); // the sink counts
      const auto why =
          with_stream([&](auto& s, auto then) { http::async_read_header(s, buffer_, *in, then); });
      if (why) end(no_answer(why));
    }
    const auto& head = in->get();
    http_reply reply;
    reply.status = static_cast<int>(head.result_int());
    if (!encrypted_ && reply.status == 407) { // no service speaks so: the request was not passed on
      sent_ = false;
      end(through() + " wants other credentials (407)");
    }
    for (const auto& [field, name] :
         {std::pair{http::field::retry_after, "retry-after"},
          std::pair{http::field::content_type, "content-type"}, std::pair{http::field::etag, "etag"}})
      if (const auto found = head.find(field); found != head.end())
        reply.headers.emplace_back(name, std::string{found->value()});
    location = std::string{head[http::field::location]};
    sink_for_body body{request};
    if (!body.begin(reply.status, std::string{head[http::field::content_length]}))
      throw broken{body.error(), {}};
    std::vector<char> piece(piece_bytes);
    while (!in->is_done()) {
      in->get().body().data = piece.data();
      in->get().body().size = piece.size();
      auto why = with_stream([&](auto& s, auto then) { http::async_read_some(s, buffer_, *in, then); });
      if (why == http::error::need_buffer) why = {};
      const auto got = piece.size() - in->get().body().size;
      if (got > 0 && !body.add(piece.data(), got)) throw broken{body.error(), {}};
      if (why) end(no_answer(why));
    }
    if (!body.finish()) end("the file cannot be kept");
    reply.body = body.take();
    reply.saved_bytes = body.saved_bytes();
    reply.saved_head = body.head();
    return reply;
  }

  asio::io_context& io_;
  ssl::stream<tcp::socket> stream_;
  const std::atomic<bool>& stopped_;
  const proxy& by_;
  const http_address& where_;
  const host_and_port host_;
  const bool encrypted_;
  boost::beast::flat_buffer buffer_;
  std::chrono::milliseconds limit_{};
  clock::time_point until_{};
  bool finding_ = true; ///< the proxy's address
  bool sent_ = false;
};

} // namespace

class proxied_wire::impl {
public:
  /// Roots of trust take a while to read, and most engines have no proxy: at the first request.
  void trust() {
    if (std::exchange(trusts_, true)) return;
    tls_.set_verify_mode(ssl::verify_peer);
    error_code ignored;
    tls_.set_default_verify_paths(ignored);
    if (std::filesystem::exists(ca_file())) tls_.load_verify_file(ca_file(), ignored);
  }
  http_reply send(const http_request& request, const http_address& where, const proxy& by,
                  std::string& location) {
    http_reply reply;
    try {
      if (stopped_) throw broken{http_error::stopped, {}};
      trust();
      return journey{io_, tls_, stopped_, by, where}.make(request, location);
    } catch (const broken& b) {
      reply.error = b.what, reply.body = b.why;
    }
    return reply;
  }
  void stop() {
    stopped_ = true;
    asio::post(io_, [] {}); // it waits in there
  }

private:
  asio::io_context io_{1};
  ssl::context tls_{ssl::context::tls_client};
  std::atomic<bool> stopped_{false};
  bool trusts_ = false; ///< The sender's thread only.
};

proxied_wire::proxied_wire() : impl_{std::make_unique<impl>()} {}
proxied_wire::~proxied_wire() = default;
http_reply proxied_wire::send(const http_request& request, const http_address& where, const proxy& by,
                              std::string& location) {
  return impl_->send(request, where, by, location);
}
void proxied_wire::stop() { impl_->stop(); }

} // namespace troupe
