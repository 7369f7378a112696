#include "net/http_line.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <fcntl.h>

#include <limits>

namespace troupe::served {
namespace {

constexpr std::size_t few_bytes = 4096, many_bytes = 16u << 10; // at a reading: of a head, of a body
/// What is still said by somebody who was refused is thrown away for a moment: else the kernel would tear the
/// answer from his hands.
constexpr std::chrono::milliseconds leaving_time{1'000};
constexpr std::size_t leaving_bytes_max = 4u << 20;

std::string address_in(const tcp::socket& s) {
  error_code unknown;
  const auto where = s.remote_endpoint(unknown);
  if (unknown) return {};
  const auto a = where.address();
  // On a socket for both families IPv4 comes dressed as IPv6.
  if (a.is_v6() && a.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6()).to_string();
  return a.to_string();
}

std::string_view view_of(boost::beast::string_view s) { return {s.data(), s.size()}; }

std::string text_of(const http_response& r, bool keep, bool headers_only) {
  std::string all;
  all.reserve(160 + r.body.size());
  all.append("HTTP/1.1 ").append(std::to_string(r.status)).append(" ").append(reason_of(r.status));
  all.append("\r\nContent-Length: ").append(std::to_string(r.body.size()));
  if (!r.type.empty())
    all.append("\r\nContent-Type: ").append(r.type).append("\r\nX-Content-Type-Options: nosniff");
  all.append(keep ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
  if (!headers_only) all.append(r.body);
  return all;
}

} // namespace

line::line(house& of, tcp::socket socket) : house_{of}, stream_{std::move(socket)} {
  auto& s = std::get<tcp::socket>(stream_);
  ::fcntl(s.native_handle(), F_SETFD, FD_CLOEXEC); // no child of ours inherits it
  peer_ = address_in(s);
  error_code ignored;
  s.set_option(tcp::no_delay{true}, ignored); // 44 ms per answer otherwise
  if (house_.tls) {
    auto plain = std::move(s);
    stream_.emplace<tls_stream>(std::move(plain), *house_.tls);
  }
}

tcp::socket& line::socket() {
  if (auto* tls = std::get_if<tls_stream>(&stream_)) return tls->next_layer();
  return std::get<tcp::socket>(stream_);
}
template <class Does> void line::with_stream(Does does) {
  if (auto* tls = std::get_if<tls_stream>(&stream_)) does(*tls);
  else does(std::get<tcp::socket>(stream_));
}

void line::enter(phase next, std::chrono::milliseconds most) {
  phase_ = next;
  deadline_ = clock::now() + most;
}

void line::stand_in(queue* where) {
  if (stands_in_) stands_in_->erase(place_);
  stands_in_ = where;
  if (!where) return;
  place_ = where->insert(where->end(), this);
  house_.may_go(shared_from_this());
}

void line::expect_head() {
  in_.emplace();
  in_->header_limit(static_cast<std::uint32_t>(house_.limits.head_bytes));
  in_->body_limit(std::numeric_limits<std::uint64_t>::max()); // the judge's word counts
  read_bytes_ = buffer_.size();
}

void line::begin() {
  stand_in(&house_.headless);
  request_began_ = clock::now();
  expect_head();
  auto* tls = std::get_if<tls_stream>(&stream_);
  enter(tls ? phase::greeting : phase::head, house_.limits.head_time);
  if (!tls) return read();
  tls->async_handshake(ssl::stream_base::server, [self = shared_from_this()](error_code why) {
    if (why || self->over_) return self->end();
    self->phase_ = phase::head; // within the same limit
    self->read();
  });
}

void line::end() {
  if (std::exchange(over_, true)) return;
  stand_in(nullptr);
  error_code ignored;
  socket().close(ignored);
  bytes_.reset();
  verdict_ = {};
  house_.gone(shared_from_this());
}

void line::end_if_late(clock::time_point now) {
  if (now < deadline_) return;
  if (phase_ == phase::waiting) return answer(serial_, {503, {}, {}});
  end();
}

/// A further request on the same connection; its first bytes may have come already.
void line::await_request() {
  expect_head();
  enter(phase::idle, house_.limits.idle_time);
  stand_in(&house_.headless);
  if (over_) return; // somebody new was waiting for its place
  if (buffer_.size() > 0) read_on();
  else read();
}

void line::read() {
  const auto room = house_.limits.head_bytes - buffer_.size();
  if (room == 0) return write({400, {}, {}}); // what never ends within it is no part of HTTP that we know
  const auto bytes = std::min(room, phase_ == phase::body ? many_bytes : few_bytes);
  with_stream([&](auto& stream) {
    stream.async_read_some(
        buffer_.prepare(bytes),
        [self = shared_from_this()](error_code why, std::size_t got) { self->take(why, got); });
  });
}

void line::take(error_code why, std::size_t bytes) {
  if (why || over_) return end(); // who is gone before his request is whole is not answered
  buffer_.commit(bytes);
  read_bytes_ += bytes;
  read_on();
}

void line::read_on() {
  if (phase_ == phase::idle) {
    request_began_ = clock::now();
    enter(phase::head, house_.limits.head_time);
    stand_in(&house_.headless);
    if (over_) return;
  }
  if (phase_ == phase::head) take_head();
  else take_body();
}

void line::take_head() {
  error_code wrong;
  while (buffer_.size() > 0 && !in_->is_header_done() && !wrong)
    buffer_.consume(in_->put(buffer_.data(), wrong));
  if (wrong && wrong != http::error::need_more) return broken(wrong);
  if (!in_->is_header_done()) {
    // The parser's own limit is one of a line, when lines come one by one.
    if (read_bytes_ >= house_.limits.head_bytes) return write({431, {}, {}});
    return read();
  }
  stand_in(nullptr);
  judge_head();
}

http_head line::head_of() const {
  const auto& request = in_->get();
  http_head head;
  head.method = view_of(request.method_string());
  head.path = view_of(request.target());
  head.path = head.path.substr(0, head.path.find('?'));
  head.peer = peer_;
  for (const auto& field : request)
    head.headers.emplace_back(view_of(field.name_string()), view_of(field.value()));
  return head;
}

void line::judge_head() {
  const auto head = head_of();
  headers_only_ = head.method == "HEAD";
  if (head.headers.size() > house_.limits.headers) return write({431, {}, {}});
  if (const int status = refusal_of(head); status != 0) return write({status, {}, {}});
  try {
    verdict_ = house_.judged(head);
  } catch (const std::exception&) {
    return write({500, {}, {}});
  }
  if (!verdict_.then) return write(std::move(verdict_.now));
  if (*length_of(head) > verdict_.body_bytes_max) return write({413, {}, {}});
  if (!afford(head, verdict_.body_bytes_max)) return write({503, {}, {}});
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(request_began_ - clock::now());
  enter(phase::body, house_.limits.request_time + left);
  in_->body_limit(verdict_.body_bytes_max);
  read_bytes_ = buffer_.size();
  read_bytes_max_ = 2 * verdict_.body_bytes_max + house_.limits.head_bytes;
  take_body();
}

/// Room for its body, before a byte of it is read.
bool line::afford(const http_head& head, std::size_t most) {
  const auto bytes = is_chunked(head) ? most : static_cast<std::size_t>(*length_of(head));
  auto& taken = *house_.bodies_bytes;
  if (taken + bytes > house_.limits.bodies_bytes) return false;
  taken += bytes;
  bytes_ = std::shared_ptr<void>{nullptr, [all = house_.bodies_bytes, bytes](void*) { *all -= bytes; }};
  return true;
}

void line::take_body() {
  error_code wrong;
  while (buffer_.size() > 0 && !in_->is_done() && !wrong) {
    buffer_.consume(in_->put(buffer_.data(), wrong));
    if (in_->get().body().size() > verdict_.body_bytes_max) wrong = http::error::body_limit;
  }
  if (wrong && wrong != http::error::need_more) return broken(wrong);
  if (in_->is_done()) return hand_over();
  if (read_bytes_ > read_bytes_max_) return write({413, {}, {}});
  read();
}

void line::hand_over() {
  phase_ = phase::waiting; // until the same deadline
  auto to = std::make_shared<http_responder::state>();
  to->alive = house_.alive, to->of = &house_, to->to = weak_from_this(), to->serial = serial_;
  const http_responder answer{std::move(to)};
  try {
    verdict_.then(std::move(in_->get().body()), answer);
  } catch (const std::exception&) {
    answer({500, {}, {}});
  }
}

void line::broken(error_code why) {
  if (why == http::error::header_limit) return write({431, {}, {}});
  write({why == http::error::body_limit ? 413 : 400, {}, {}});
}

void line::answer(std::uint64_t serial, http_response response) {
  if (over_ || phase_ != phase::waiting || serial != serial_) return;
  write(std::move(response));
}

void line::write(http_response response) {
  ++serial_;
  stand_in(nullptr);
  keep_ = response.status / 100 == 2 && in_->is_done() && in_->keep_alive();
  out_ = text_of(response, keep_, headers_only_);
  bytes_.reset();
  verdict_ = {};
  enter(phase::answering, house_.limits.answer_time);
  with_stream([&](auto& stream) {
    asio::async_write(stream, asio::buffer(out_),
                      [self = shared_from_this()](error_code why, std::size_t) { self->written(why); });
  });
}

void line::written(error_code why) {
  if (why || over_) return end();
  if (keep_) return await_request();
  leave();
}

void line::leave() {
  enter(phase::leaving, leaving_time);
  stand_in(&house_.leaving);
  if (over_) return;
  if (auto* tls = std::get_if<tls_stream>(&stream_))
    return tls->async_shutdown([self = shared_from_this()](error_code) { self->end(); });
  if (in_->is_done() && buffer_.size() == 0) return end();
  error_code ignored;
  socket().shutdown(tcp::socket::shutdown_send, ignored);
  drain();
}

void line::drain() {
  buffer_.clear();
  socket().async_read_some(buffer_.prepare(few_bytes),
                           [self = shared_from_this()](error_code why, std::size_t bytes) {
                             self->drained_bytes_ += bytes;
                             if (why || self->over_ || self->drained_bytes_ > leaving_bytes_max)
                               return self->end();
                             self->drain();
                           });
}

} // namespace troupe::served

namespace troupe {

void http_responder::operator()(http_response answer) const { state_->say(std::move(answer)); }

void http_responder::state::say(http_response answer) {
  if (said.exchange(true)) return;
  const auto kept = alive.lock();
  if (!kept) return;
  boost::asio::post(of->io, [line = to, n = serial, answer = std::move(answer)]() mutable {
    if (const auto l = line.lock()) l->answer(n, std::move(answer));
  });
}

http_responder::state::~state() {
  try {
    say({503, {}, {}});
  } catch (const std::exception&) { // no memory: the connection's own limit ends it
  }
}

} // namespace troupe
