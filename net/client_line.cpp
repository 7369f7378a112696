#include "net/client_line.hpp"
#include "net/request_head.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <filesystem>

namespace troupe {
namespace {

namespace http = boost::beast::http;
namespace ssl = asio::ssl;

constexpr std::size_t read_bytes = 4096; // an answer to a small call is one read
constexpr std::size_t film_read_bytes = 65'536;
constexpr std::uint32_t proxy_answer_bytes_max = 8192;

address_bytes bytes_of(const asio::ip::address& a) {
  if (a.is_v4()) {
    const auto b = a.to_v4().to_bytes();
    return {b.begin(), b.end()};
  }
  const auto b = a.to_v6().to_bytes();
  return {b.begin(), b.end()};
}

std::string seconds_in(std::chrono::milliseconds t) {
  const auto ms = t.count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

/// The names that a certificate gives as such, and nothing else: its subject may be any words, "*" and "f*o"
/// are everybody.
bool expect_name(SSL* session, const std::string& host) {
  if (!address_named(host).empty()) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  SSL_set_hostflags(session, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(session, host.c_str()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

} // namespace

ssl::context& http_world::tls() {
  if (tls_) return *tls_;
  tls_.emplace(ssl::context::tls_client);
  tls_->set_verify_mode(ssl::verify_peer);
  SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
  boost::system::error_code ignored;
  tls_->set_default_verify_paths(ignored);
  std::error_code unreadable;
  if (std::filesystem::exists(ca_file(), unreadable)) tls_->load_verify_file(ca_file(), ignored);
  return *tls_;
}

/// Goes on with `then`; a failure ends the request.
template <class Then> auto client_line::unless_failed(Then then) {
  return [ self = shared_from_this(), then = std::move(then) ](
      error_code why, auto&&... what) requires std::invocable<const Then&, decltype(what)...> {
    if (!self->busy_) return;
    if (why) return self->fail(why);
    self->guarded([&] { then(std::forward<decltype(what)>(what)...); });
  };
}
/// No memory is the end of one request, not of all.
template <class Does> void client_line::guarded(Does does) {
  try {
    does();
  } catch (const std::exception& e) {
    if (busy_) end(sent_ ? http_error::lost : http_error::refused, e.what());
  }
}
template <class Does> void client_line::with_stream(Does does) {
  if (auto* tls = std::get_if<tls_stream>(&stream_)) does(*tls);
  else does(std::get<tcp::socket>(stream_));
}
client_line::tcp::socket& client_line::socket() {
  if (auto* tls = std::get_if<tls_stream>(&stream_)) return tls->next_layer();
  return std::get<tcp::socket>(stream_);
}

client_line::client_line(http_world& world, http_address to, const proxy* by, const foreign_rule* guard,
                     over tell)
    : world_{world}, to_{std::move(to)}, host_{host_of(to_.origin)}, by_{by}, guard_{guard}, tell_{std::move(
                                                                                                 tell)} {
  if (is_encrypted(to_.origin)) stream_.emplace<tls_stream>(world.io, world.tls());
  else stream_.emplace<tcp::socket>(world.io);
}

bool client_line::is_usable() {
  if (!open_) return false;
  char byte = 0;
  return ::recv(socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void client_line::close() {
  open_ = false;
  error_code ignored;
  socket().close(ignored);
}

void client_line::cut_if_late(clock::time_point now) {
  if (!busy_ || !deadline_ || now < *deadline_) return;
  ending_ = ending::late;
  fail(asio::error::timed_out);
}

void client_line::stop() {
  if (!busy_) return;
  ending_ = ending::stopped;
  if (sent_) fail(asio::error::operation_aborted);
  else end(http_error::stopped, {});
}

void client_line::carry(std::unique_ptr<http_task> task, const http_address& where) {
  task_ = std::move(task);
  deadline_ = task_->until;
  busy_ = true, sent_ = false;
  ending_ = ending::none, now_ = phase::preparing;
  guarded([&] {
    const auto& r = task_->request;
    parts_.reset(), parts_sent_ = 0;
    if (!r.files.empty()) {
      parts_ = std::make_unique<multipart>();
      if (!parts_->open(r)) return end_soon(http_error::no_file, {});
    }
    auto text = written(r, where, by_, parts_.get());
    if (!text) return end_soon(http_error::refused, "a part of the request would break its lines");
    out_ = std::move(*text);
    in_.expect(r, task_->may_be_redirected());
    read_bytes_ = r.save_to.empty() ? read_bytes : film_read_bytes;
    if (parts_) prepare();
    else begin();
  });
}

/// A thousand that wait and fail at once shall not do so within each other.
void client_line::end_soon(http_error what, std::string words) {
  asio::post(world_.io, [self = shared_from_this(), what, words = std::move(words)] {
    if (self->busy_) self->end(what, words);
  });
}

/// In between the others have their turn: a film takes long to look at.
void client_line::prepare() {
  switch (parts_->look_on()) {
  case multipart::look::bad: return end(http_error::no_file, {});
  case multipart::look::good: return begin();
  case multipart::look::more:
    asio::post(world_.io, [self = shared_from_this()] {
      if (self->busy_) self->guarded([&] { self->prepare(); });
    });
  }
}

void client_line::begin() {
  if (open_) return write();
  deadline_ = std::min(*task_->until, clock::now() + task_->request.connect_limit);
  const auto [host, port] = by_ ? host_and_port{by_->host, by_->port} : host_;
  error_code is_a_name;
  if (const auto ip = asio::ip::make_address(host, is_a_name); !is_a_name)
    return connect({{ip, static_cast<unsigned short>(std::stoi(port))}});
  now_ = phase::finding;
  world_.resolver.async_resolve(host, port, unless_failed([this](const tcp::resolver::results_type& found) {
                                  connect({found.begin(), found.end()});
                                }));
}

/// What a name means is decided here, and it is what is connected to: asked again it may mean something else.
void client_line::connect(const std::vector<tcp::endpoint>& found) {
  now_ = phase::connecting;
  endpoints_.clear();
  std::string refused;
  for (const auto& one : found) {
    const auto ip = bytes_of(one.address());
    if (!guard_ || by_ || guard_->may_connect(to_, ip)) endpoints_.push_back(one);
    else refused += (refused.empty() ? "" : ", ") + text_of(ip);
  }
  if (endpoints_.empty() && !refused.empty())
    return end(http_error::forbidden, host_.host + " is at " + refused + ", which is no public address");
  asio::async_connect(socket(), endpoints_, unless_failed([this](const tcp::endpoint&) { connected(); }));
}

void client_line::connected() {
  error_code ignored;
  socket().set_option(tcp::no_delay{true}, ignored); // 44 ms per request otherwise
  if (!std::holds_alternative<tls_stream>(stream_)) return write();
  if (by_) ask_for_a_way();
  else prove();
}

// -- CONNECT: the proxy passes bytes on, and sees no more than names --

void client_line::ask_for_a_way() {
  now_ = phase::opening;
  way_.emplace();
  way_->header_limit(proxy_answer_bytes_max);
  way_->skip(true); // a way that is open has no body; a refusal's is of no interest
  auto text = std::make_shared<std::string>(way_to(host_, *by_));
  asio::async_write(socket(), asio::buffer(*text), unless_failed([this, text](std::size_t) { read_way(); }));
}
void client_line::read_way() {
  socket().async_read_some(way_buffer_.prepare(read_bytes), unless_failed([this](std::size_t bytes) {
                             way_buffer_.commit(bytes);
                             take_way();
                           }));
}
void client_line::take_way() {
  error_code wrong;
  while (way_buffer_.size() > 0 && !way_->is_header_done() && !wrong)
    way_buffer_.consume(way_->put(way_buffer_.data(), wrong));
  if (wrong && wrong != http::error::need_more) return fail(wrong);
  if (!way_->is_header_done()) return read_way();
  way_status_ = static_cast<int>(way_->get().result_int());
  if (way_status_ / 100 != 2) return fail(http::error::bad_status);
  if (way_buffer_.size() > 0) return fail(http::error::unexpected_body); // nobody speaks before our greeting
  prove();
}

void client_line::prove() {
  now_ = phase::proving;
  auto& tls = std::get<tls_stream>(stream_);
  if (!expect_name(tls.native_handle(), host_.host)) return fail(asio::error::invalid_argument);
  tls.async_handshake(ssl::stream_base::client, unless_failed([this] { write(); }));
}

// -- the request, and its answer --

void client_line::write() {
  now_ = phase::speaking;
  open_ = sent_ = true; // from here on the other side may have read it
  deadline_ = task_->until;
  with_stream([this](auto& stream) {
    asio::async_write(stream, asio::buffer(out_), unless_failed([this](std::size_t) { write_on(); }));
  });
  if (parts_) read(); // a refusal may come before all of a film is there
}
void client_line::write_on() {
  if (!parts_) return read();
  if (parts_sent_ == parts_->length()) return;
  const auto& piece = parts_->piece_at(parts_sent_);
  if (piece.empty()) return end(http_error::lost, "the file to send cannot be read any more");
  parts_sent_ += piece.size();
  with_stream([&](auto& stream) {
    asio::async_write(stream, asio::buffer(piece), unless_failed([this](std::size_t) { write_on(); }));
  });
}
void client_line::read() {
  const auto [to, size] = in_.room(read_bytes_);
  with_stream([&, to = to, size = size](auto& stream) {
    stream.async_read_some(asio::buffer(to, size),
                           [self = shared_from_this()](error_code why, std::size_t bytes) {
                             if (self->busy_) self->guarded([&] { self->took(why, bytes); });
                           });
  });
}
void client_line::took(error_code why, std::size_t bytes) {
  in_.took(bytes);
  if (!in_.is_done() && (why == asio::error::eof || why == ssl::error::stream_truncated)) {
    // A length or a last chunk says that all is there; what ends with its connection is whole only when that
    // was ended properly, or without encryption.
    if (why == asio::error::eof) in_.ended();
    else return fail(why);
  }
  if (in_.is_done()) return finish();
  if (why) return fail(why);
  read();
}

void client_line::finish() {
  auto reply = in_.reply();
  if (by_ && !is_encrypted(to_.origin) &&
      reply.status == 407) { // no service speaks so: the request was not passed on
    way_status_ = 407, now_ = phase::opening, sent_ = false;
    return fail(http::error::bad_status);
  }
  const bool all_sent = !parts_ || parts_sent_ == parts_->length();
  if (!in_.may_go_on() || !all_sent) close();
  busy_ = false;
  deadline_.reset();
  idle_since_ = clock::now();
  const auto location = in_.location();
  tell_(shared_from_this(), std::move(reply), location);
}

void client_line::fail(error_code why) { end(sent_ ? http_error::lost : http_error::refused, in_the_way(why)); }

void client_line::end(http_error what, std::string words) {
  busy_ = false;
  deadline_.reset();
  close();
  in_.expect({}, false); // half a file goes
  http_reply reply;
  reply.error = what, reply.body = std::move(words);
  tell_(shared_from_this(), std::move(reply), {});
}

/// What was in the way: the proxy, or the service behind it. Neither knows the other's credentials.
std::string client_line::in_the_way(error_code why) const {
  const auto through = by_ ? "the proxy " + by_->shown() : std::string();
  const auto first = by_ ? through : host_.host;
  const bool late = ending_ == ending::late;
  switch (now_) {
  case phase::preparing: return late ? "the files to send could not be looked at in time" : std::string();
  case phase::finding:
    return first + (late ? " was not found in time" : " is not known: no address for this name");
  case phase::connecting:
    return first + (late ? " did not take the connection in time" : " cannot be reached");
  case phase::opening:
    if (way_status_ == 407) return through + " wants other credentials (407)";
    if (way_status_ != 0 && way_status_ / 100 != 2)
      return through + " opens no way to " + host_.host + " (it answered " + std::to_string(way_status_) +
             ")";
    return through + (late
                          ? " did not open a way to " + host_.host + " in time"
                          : " ended, or said what is no HTTP, while it was asked for a way to " + host_.host);
  case phase::proving:
    if (why.category() == asio::error::get_ssl_category())
      return "the certificate of " + host_.host + " is not trusted, or it speaks no TLS" +
             (by_ ? " through " + through : "");
    return "no TLS with " + host_.host + (late ? " in time" : "") + (by_ ? " through " + through : "");
  case phase::speaking: return no_answer(why) + (by_ ? " through " + through : std::string());
  }
  return {};
}

std::string client_line::no_answer(error_code why) const {
  const auto of = "no whole answer of " + host_.host;
  if (ending_ == ending::stopped) return of + ": shutting down";
  if (ending_ == ending::late) return of + " within " + seconds_in(task_->request.time_limit);
  return of + ": the connection was lost (" + why.message() + ")";
}

} // namespace troupe
