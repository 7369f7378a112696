#include "net/http_line.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <unordered_set>
#include <vector>

namespace troupe {

using served::clock;
using served::error_code;
using served::house;
using served::line;
using served::tcp;

namespace {

constexpr int backlog = 1024;
constexpr std::size_t connections_least = 16; ///< however few descriptors there are
constexpr auto sweep_every = std::chrono::milliseconds{100};
constexpr auto accept_again = std::chrono::milliseconds{50}; ///< when the machine had no room for another one

std::size_t most_connections(std::size_t wanted) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  return std::min(wanted, std::max<std::size_t>(connections_least, files.rlim_cur / 4));
}

void use_certificate(served::ssl::context& tls, const http_server_settings& s) {
  try {
    tls.set_options(served::ssl::context::default_workarounds | served::ssl::context::no_sslv2 |
                    served::ssl::context::no_sslv3 | served::ssl::context::no_tlsv1 |
                    served::ssl::context::no_tlsv1_1);
    SSL_CTX_set_options(tls.native_handle(), SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(tls.native_handle(), SSL_MODE_RELEASE_BUFFERS);
    tls.use_certificate_chain_file(s.tls_certificate);
    tls.use_private_key_file(s.tls_key, served::ssl::context::pem);
  } catch (const boost::system::system_error& e) {
    throw std::runtime_error("cannot use the certificate " + s.tls_certificate + " with the key " +
                             s.tls_key + ": " + e.code().message());
  }
}

} // namespace

class http_server::impl : public std::enable_shared_from_this<http_server::impl> {
public:
  impl(http_server_settings s, judge judged) : set_{std::move(s)} {
    house_.limits = set_.limits;
    house_.judged = std::move(judged);
    house_.gone = [this](const std::shared_ptr<line>& l) {
      lines_.erase(l);
      accept();
    };
    house_.may_go = [this](const std::shared_ptr<line>&) { accept(); };
  }

  int start() {
    if (thread_.joinable()) return set_.port;
    house_.alive = weak_from_this();
    if (!set_.tls_certificate.empty() && !set_.tls_key.empty())
      use_certificate(house_.tls.emplace(served::ssl::context::tls_server), set_);
    listen();
    most_ = most_connections(set_.limits.connections);
    accept();
    thread_ = std::thread{[this] { run(); }};
    return set_.port;
  }

  void stop() {
    if (!thread_.joinable()) return;
    house_.io.stop();
    thread_.join();
    over_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    while (!lines_.empty()) (*lines_.begin())->end();
  }

private:
  void listen() {
    error_code why;
    tcp::resolver resolver{house_.io};
    const auto found = resolver.resolve(set_.host, std::to_string(set_.port), tcp::resolver::passive, why);
    for (const auto& one : found)
      if (listens(one.endpoint(), why)) return;
    throw std::runtime_error("cannot listen on " + set_.host + ":" + std::to_string(set_.port) +
                             (why ? " (" + why.message() + ")" : ""));
  }

  /// Alone: two programs on one port would share what is posted there.
  bool listens(const tcp::endpoint& at, error_code& why) {
    error_code ignored;
    acceptor_.close(ignored);
    acceptor_.open(at.protocol(), why);
    if (why) return false;
    ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    acceptor_.set_option(tcp::acceptor::reuse_address{true}, ignored);
    if (at.protocol() == tcp::v6()) acceptor_.set_option(boost::asio::ip::v6_only{false}, ignored);
    acceptor_.bind(at, why);
    if (!why) acceptor_.listen(backlog, why);
    if (why) return false;
    set_.port = acceptor_.local_endpoint().port();
    return true;
  }

  /// No fault of a single connection, want of memory least of all, ends the thread.
  void run() {
    for (bool failed = false;;) {
      try {
        if (std::exchange(failed, false)) {
          accept();
          sweep();
        }
        house_.io.run();
        return;
      } catch (const std::exception&) {
        failed = true;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
      }
    }
  }

  bool is_full() const { return lines_.size() >= most_ && house_.leaving.empty() && house_.headless.empty(); }

  /// The next, while there is room for one, or somebody who can go.
  void accept() {
    if (over_) return;
    if (held_ && !is_full()) welcome(std::move(*std::exchange(held_, nullptr)));
    if (accepting_ || resting_ || held_ || is_full()) return;
    acceptor_.async_accept([this](error_code why, tcp::socket socket) {
      accepting_ = false;
      if (why) return put_one_out() ? accept() : rest();
      try {
        if (is_full()) held_ = std::make_unique<tcp::socket>(std::move(socket));
        else welcome(std::move(socket));
      } catch (const std::exception&) { // no memory for this one
      }
      accept();
    });
    accepting_ = true;
  }

  void welcome(tcp::socket socket) {
    while (lines_.size() >= most_ && put_one_out()) {
    }
    const auto l = std::make_shared<line>(house_, std::move(socket));
    lines_.insert(l);
    if (!sweeping_) sweep();
    l->begin();
  }

  bool put_one_out() {
    auto& from = house_.leaving.empty() ? house_.headless : house_.leaving;
    if (from.empty()) return false;
    from.front()->end();
    return true;
  }

  /// The process, or the machine, has no descriptors left, and none of ours can be given back for the next:
  /// it waits with the kernel.
  void rest() {
    resting_ = true;
    rest_timer_.expires_after(accept_again);
    rest_timer_.async_wait([this](error_code ended) {
      if (ended) return;
      resting_ = false;
      accept();
    });
  }

  void sweep() {
    sweeping_ = true;
    sweep_timer_.expires_after(sweep_every);
    sweep_timer_.async_wait([this](error_code ended) {
      if (ended) return; // begun anew
      const auto now = clock::now();
      const std::vector<std::shared_ptr<line>> all{lines_.begin(), lines_.end()};
      for (const auto& l : all) l->end_if_late(now);
      sweeping_ = !lines_.empty();
      if (sweeping_) sweep();
    });
  }

  http_server_settings set_;
  house house_;
  tcp::acceptor acceptor_{house_.io};
  boost::asio::steady_timer sweep_timer_{house_.io}, rest_timer_{house_.io};
  std::unordered_set<std::shared_ptr<line>> lines_;
  std::unique_ptr<tcp::socket> held_; ///< came when all were at work
  std::size_t most_ = 0;
  bool over_ = false, accepting_ = false, resting_ = false, sweeping_ = false;
  std::thread thread_;
};

http_server::http_server(http_server_settings settings, judge judged)
    : impl_{std::make_shared<impl>(std::move(settings), std::move(judged))} {}
http_server::~http_server() { stop(); }
int http_server::start() { return impl_->start(); }
void http_server::stop() { impl_->stop(); }

} // namespace troupe
