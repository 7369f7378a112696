#include "net/http_loop.hpp"
#include "net/http_address.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <deque>
#include <filesystem>
#include <optional>
#include <thread>
#include <unordered_set>
#include <variant>

namespace troupe {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 4096; // an answer to a small call is one read
constexpr std::uint32_t proxy_answer_bytes_max = 8192;
/// A timer a call would cost as much as its reading; a limit is kept this exactly.
constexpr auto sweep_every = std::chrono::milliseconds{20};

struct loop_context {
  asio::io_context io{1};
  ssl::context tls{ssl::context::tls_client};
  tcp::resolver resolver{io};

  loop_context() {
    tls.set_verify_mode(ssl::verify_peer);
    error_code ignored;
    tls.set_default_verify_paths(ignored);
    if (std::filesystem::exists(ca_file())) tls.load_verify_file(ca_file(), ignored);
  }
};

bool breaks_a_line(const std::string& text) { return text.find_first_of("\r\n") != std::string::npos; }

std::string host_in(const std::string& origin) { return origin.substr(origin.find("://") + 3); }
bool is_encrypted(const std::string& origin) { return origin[4] == 's'; }

/// The whole request as it goes over the wire; nothing when a part of it would break its lines. A proxy is
/// told the whole address when it passes requests on, and nothing when it only opens a way.
std::optional<std::string> written(const http_request& r, const http_address& to, const proxy* by) {
  if (by && is_encrypted(to.origin)) by = nullptr;
  std::string all;
  all.reserve(256 + to.path.size() + r.body.size());
  bool broken = breaks_a_line(r.method) || breaks_a_line(to.path);
  const auto header = [&](const char* name, const std::string& value) {
    broken = broken || breaks_a_line(value);
    all.append(name).append(": ").append(value).append("\r\n");
  };
  all.append(r.method).append(" ").append(by ? to.origin : "").append(to.path).append(" HTTP/1.1\r\n");
  header("Host", host_in(to.origin));
  if (by && !by->authorization().empty()) header("Proxy-Authorization", by->authorization());
  header("User-Agent", user_agent);
  for (const auto& [name, value] : r.headers) header(name.c_str(), value);
  if (r.method != "GET") {
    if (!r.body.empty()) header("Content-Type", r.content_type);
    header("Content-Length", std::to_string(r.body.size()));
  }
  if (broken) return std::nullopt;
  all.append("\r\n");
  if (r.method != "GET") all.append(r.body);
  return all;
}

http_reply failed(http_error why, std::string words = {}) {
  http_reply reply;
  reply.error = why;
  reply.body = std::move(words);
  return reply;
}

/// To the proxy: open a way to that host.
std::string way_to(const host_and_port& to, const proxy& by) {
  const auto name = (to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]") + ":" + to.port;
  std::string all =
      "CONNECT " + name + " HTTP/1.1\r\nHost: " + name + "\r\nUser-Agent: " + user_agent + "\r\n";
  if (!by.authorization().empty()) all += "Proxy-Authorization: " + by.authorization() + "\r\n";
  return all + "\r\n";
}

/// One connection to one origin, with at most one request on it. Sockets and parser without Beast's streams:
/// those arm a timer for each reading and writing, a third of a call's CPU.
class connection : public std::enable_shared_from_this<connection> {
  /// Goes on with `then`; a failure, or a limit that has passed, ends the request.
  template <class Then> auto unless_failed(Then then) {
    return [ self = shared_from_this(), then = std::move(then) ](
        error_code why, auto&&... what) requires std::invocable<const Then&, decltype(what)...> {
      if (why || self->cut_) return self->fail(why);
      then(std::forward<decltype(what)>(what)...);
    };
  }

public:
  using over = std::function<void(const std::shared_ptr<connection>&, http_reply)>;

  /// `by` outlives it.
  connection(loop_context& world, std::string origin, const proxy* by, over tell)
      : world_{world}, origin_{std::move(origin)}, host_{host_of(origin_)}, by_{by}, tell_{std::move(tell)} {
    if (is_encrypted(origin_)) stream_.emplace<tls_stream>(world.io, world.tls);
    else stream_.emplace<tcp::socket>(world.io);
  }

  const std::string& origin() const { return origin_; }
  std::uint64_t ticket = 0; ///< of the request on it

  /// Whether the other side has not closed it meanwhile. What it says unasked makes it useless too.
  bool is_usable() {
    if (!open_ || cut_) return false;
    char byte = 0;
    return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

  void carry(const http_request& request, std::string written) {
    time_limit_ = request.time_limit;
    out_ = std::move(written);
    sent_ = false;
    in_.emplace();
    in_->body_limit(request.body_bytes_max);
    if (open_) return write();
    deadline_ = clock::now() + request.connect_limit; // of all until the service itself can be spoken to
    now_ = phase::finding;
    world_.resolver.async_resolve(
        by_ ? by_->host : host_.host, by_ ? by_->port : host_.port,
        unless_failed([this](const tcp::resolver::results_type& found) {
          now_ = phase::connecting;
          asio::async_connect(socket(), found, unless_failed([this](const tcp::endpoint&) { connected(); }));
        }));
  }

  /// For good. What is under way on it ends as failed.
  void cut() {
    cut_ = true;
    error_code ignored;
    socket().close(ignored);
  }
  void cut_if_late(clock::time_point now) {
    if (deadline_ && now >= *deadline_) cut();
  }

private:
  using tls_stream = ssl::stream<tcp::socket>;
  /// How far it has come: what is in the way depends on it.
  enum class phase : std::uint8_t { finding, connecting, opening, proving, speaking };

  tcp::socket& socket() {
    if (auto* tls = std::get_if<tls_stream>(&stream_)) return tls->next_layer();
    return std::get<tcp::socket>(stream_);
  }
  template <class Does> void with_stream(Does does) {
    if (auto* tls = std::get_if<tls_stream>(&stream_)) does(*tls);
    else does(std::get<tcp::socket>(stream_));
  }
  void connected() {
    error_code ignored;
    socket().set_option(tcp::no_delay{true}, ignored); // 44 ms per request otherwise
    if (!std::holds_alternative<tls_stream>(stream_)) return write();
    if (by_) ask_for_a_way();
    else prove();
  }

  // -- CONNECT: the proxy passes bytes on, and sees no more than names --

  void ask_for_a_way() {
    now_ = phase::opening;
    way_.emplace();
    way_->header_limit(proxy_answer_bytes_max);
    way_->skip(true); // a way that is open has no body; a refusal's is of no interest
    way_request_ = way_to(host_, *by_);
    asio::async_write(socket(), asio::buffer(way_request_),
                      unless_failed([this](std::size_t) { read_way(); }));
  }
  void read_way() {
    socket().async_read_some(buffer_.prepare(read_bytes), unless_failed([this](std::size_t bytes) {
                               buffer_.commit(bytes);
                               take_way();
                             }));
  }
  void take_way() {
    error_code wrong;
    while (buffer_.size() > 0 && !way_->is_header_done() && !wrong)
      buffer_.consume(way_->put(buffer_.data(), wrong));
    if (wrong && wrong != http::error::need_more) return fail(wrong);
    if (!way_->is_header_done()) return read_way();
    way_status_ = static_cast<int>(way_->get().result_int());
    if (way_status_ / 100 != 2) return fail(http::error::bad_status);
    if (buffer_.size() > 0) return fail(http::error::unexpected_body); // nobody speaks before our greeting
    prove();
  }

  void prove() {
    now_ = phase::proving;
    auto& tls = std::get<tls_stream>(stream_);
    SSL_set_tlsext_host_name(tls.native_handle(), host_.host.c_str());
    tls.set_verify_callback(ssl::host_name_verification{host_.host});
    tls.async_handshake(ssl::stream_base::client, unless_failed([this] { write(); }));
  }
  void write() {
    now_ = phase::speaking;
    open_ = sent_ = true; // from here on the other side may have read it
    deadline_ = clock::now() + time_limit_;
    with_stream([this](auto& stream) {
      asio::async_write(stream, asio::buffer(out_), unless_failed([this](std::size_t) { read(); }));
    });
  }
  void read() {
    with_stream([this](auto& stream) {
      stream.async_read_some(buffer_.prepare(read_bytes),
                             [self = shared_from_this()](error_code why, std::size_t bytes) {
                               self->take(self->cut_ ? asio::error::operation_aborted : why, bytes);
                             });
    });
  }
  void take(error_code why, std::size_t bytes) {
    buffer_.commit(bytes);
    error_code wrong;
    while (buffer_.size() > 0 && !in_->is_done() && !wrong) buffer_.consume(in_->put(buffer_.data(), wrong));
    // Without a length the body ends with the connection.
    if (!wrong && why == asio::error::eof && in_->is_header_done() && !in_->is_done()) in_->put_eof(wrong);
    if (wrong && wrong != http::error::need_more) return fail(wrong);
    if (in_->is_done()) return finish();
    if (why) return fail(why);
    read();
  }

  void finish() {
    deadline_.reset();
    auto message = in_->release();
    if (by_ && message.result_int() == 407) { // no service speaks so: the request was not passed on
      way_status_ = 407, now_ = phase::opening, sent_ = false;
      return fail(http::error::bad_status);
    }
    http_reply reply;
    reply.status = static_cast<int>(message.result_int());
    for (const auto& [field, name] : {std::pair{http::field::retry_after, "retry-after"},
                                      std::pair{http::field::content_type, "content-type"}})
      if (const auto found = message.find(field); found != message.end())
        reply.headers.emplace_back(name, std::string{found->value()});
    reply.body = std::move(message.body());
    if (!message.keep_alive() || buffer_.size() > 0) cut();
    tell_(shared_from_this(), std::move(reply));
  }
  void fail(error_code why) {
    deadline_.reset();
    cut();
    const auto what = why == http::error::body_limit ? http_error::too_large
                      : sent_                        ? http_error::lost
                                                     : http_error::refused;
    tell_(shared_from_this(), failed(what, in_the_way(why)));
  }
  /// What was in the way: the proxy, or the service behind it. Neither knows the other's credentials.
  std::string in_the_way(error_code why) const {
    const auto through = by_ ? "the proxy " + by_->shown() : std::string();
    const auto first = by_ ? through : host_.host;
    const bool late = !why || why == asio::error::operation_aborted; // the sweep has cut it
    switch (now_) {
    case phase::finding:
      return first + (late ? " was not found in time" : " is not known: no address for this name");
    case phase::connecting:
      return first + (late ? " did not take the connection in time" : " cannot be reached");
    case phase::opening:
      if (way_status_ == 407) return through + " wants other credentials (407)";
      if (way_status_ != 0)
        return through + " opens no way to " + host_.host + " (it answered " + std::to_string(way_status_) +
               ")";
      return through +
             (late ? " did not open a way to " + host_.host + " in time"
                   : " ended, or said what is no HTTP, while it was asked for a way to " + host_.host);
    case phase::proving:
      if (why.category() == asio::error::get_ssl_category())
        return "the certificate of " + host_.host + " is not trusted, or it speaks no TLS" +
               (by_ ? " through " + through : "");
      return "no TLS with " + host_.host + (late ? " in time" : "") + (by_ ? " through " + through : "");
    case phase::speaking: return by_ ? "no answer of " + host_.host + " through " + through : std::string();
    }
    return {};
  }

  loop_context& world_;
  const std::string origin_;
  const host_and_port host_;
  const proxy* const by_; ///< null: directly
  const over tell_;
  std::variant<std::monostate, tcp::socket, tls_stream> stream_;
  boost::beast::flat_buffer buffer_;
  std::string out_;
  std::optional<http::response_parser<http::string_body>> in_;
  std::optional<http::response_parser<http::empty_body>> way_; ///< the proxy's answer
  std::string way_request_;
  int way_status_ = 0;
  phase now_ = phase::finding;
  std::chrono::milliseconds time_limit_{};
  std::optional<clock::time_point> deadline_; ///< of what is under way
  bool open_ = false, cut_ = false;
  bool sent_ = false; ///< the request under way
};

} // namespace

/// Everything but send() runs on the loop's thread.
class http_loop::impl {
public:
  impl(http_loop_limits limits, answered tell, proxies by)
      : limits_{limits}, tell_{std::move(tell)}, proxies_{std::move(by)} {
    thread_ = std::thread{[this] { world_.io.run(); }};
  }
  ~impl() {
    world_.io.stop();
    thread_.join();
  }

  void send(std::uint64_t ticket, http_request request) {
    asio::post(world_.io, [this, ticket, request = std::move(request)]() mutable {
      if (busy_.size() < limits_.connections) return begin(ticket, request);
      if (waiting_.size() >= limits_.waiting) return answer(ticket, failed(http_error::stopped));
      waiting_.emplace_back(ticket, std::move(request));
    });
  }

private:
  using line = std::shared_ptr<connection>;

  void begin(std::uint64_t ticket, const http_request& request) {
    const auto where = split_url(request.url);
    const auto* by = where && proxies_ ? proxies_->for_origin(where->origin) : nullptr;
    auto text = where ? written(request, *where, by) : std::nullopt;
    if (!text) return answer(ticket, failed(http_error::refused));
    line free;
    try {
      free = line_to(where->origin, by);
    } catch (const std::exception&) { // no memory for another TLS session
      return answer(ticket, failed(http_error::refused));
    }
    free->ticket = ticket;
    busy_.insert(free);
    free->carry(request, std::move(*text));
    if (!std::exchange(sweeping_, true)) sweep();
  }

  line line_to(const std::string& origin, const proxy* by) {
    while (!idle_.empty()) {
      auto last = std::move(idle_.back());
      idle_.pop_back();
      if (last->origin() == origin && last->is_usable()) return last;
      last->cut();
    }
    return std::make_shared<connection>(
        world_, origin, by, [this](const line& used, http_reply reply) { over(used, std::move(reply)); });
  }

  void over(const line& used, http_reply reply) {
    busy_.erase(used);
    idle_.push_back(used);
    answer(used->ticket, std::move(reply));
    while (!waiting_.empty() && busy_.size() < limits_.connections) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      begin(next.first, next.second);
    }
  }

  /// Collects: all answers of one turn cost their receiver one message.
  void answer(std::uint64_t ticket, http_reply reply) {
    ready_.list.push_back({ticket, std::move(reply)});
    if (ready_.list.size() == 1) asio::post(world_.io, [this] { tell_(std::exchange(ready_, {})); });
  }

  void sweep() {
    sweep_timer_.expires_after(sweep_every);
    sweep_timer_.async_wait([this](error_code) {
      const auto now = clock::now();
      for (const auto& l : busy_) l->cut_if_late(now); // ends in over(), later
      sweeping_ = !busy_.empty();
      if (sweeping_) sweep();
    });
  }

  const http_loop_limits limits_;
  const answered tell_;
  const proxies proxies_;
  loop_context world_;
  asio::executor_work_guard<asio::io_context::executor_type> stays_{world_.io.get_executor()};
  asio::steady_timer sweep_timer_{world_.io};
  bool sweeping_ = false;
  std::unordered_set<line> busy_;
  std::vector<line> idle_;
  std::deque<std::pair<std::uint64_t, http_request>> waiting_;
  http_answers ready_;
  std::thread thread_;
};

http_loop::http_loop(http_loop_limits limits, answered tell, proxies by)
    : impl_{std::make_unique<impl>(limits, std::move(tell), std::move(by))} {}
http_loop::~http_loop() = default;
void http_loop::send(std::uint64_t ticket, http_request request) { impl_->send(ticket, std::move(request)); }

} // namespace troupe
