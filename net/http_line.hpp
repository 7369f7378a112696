#pragma once
/// One connection to the server. Private to http_server.cpp.
#include "net/http_server.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <list>
#include <optional>
#include <variant>

namespace troupe::served {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using clock = std::chrono::steady_clock;

class line;

/// Who may be put out for somebody new: in the order in which they came to be so.
using queue = std::list<line*>;

/// What all connections share. Only the server's thread touches it, but for `answer` (http_server.cpp).
struct house {
  http_server_limits limits;
  http_server::judge judged;
  asio::io_context io{1};
  std::optional<ssl::context> tls;
  queue headless; ///< without a whole head, or idle
  queue leaving;  ///< answered, but not gone
  std::shared_ptr<std::atomic<std::size_t>> bodies_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  std::function<void(const std::shared_ptr<line>&)> gone, may_go;
  std::weak_ptr<void> alive; ///< of whoever owns this
};

/// Sockets and parser without Beast's streams: those arm a timer for each reading and writing. The owner
/// looks at all deadlines now and then.
class line : public std::enable_shared_from_this<line> {
public:
  line(house& of, tcp::socket socket);
  void begin();
  void end(); ///< At once, for good.
  void end_if_late(clock::time_point now);
  void answer(std::uint64_t serial, http_response response);

private:
  enum class phase : std::uint8_t { greeting, idle, head, body, waiting, answering, leaving };
  using tls_stream = ssl::stream<tcp::socket>;
  using parser = http::request_parser<http::string_body>;

  tcp::socket& socket();
  template <class Does> void with_stream(Does does);
  void enter(phase next, std::chrono::milliseconds most);
  void stand_in(queue* where);
  void expect_head();
  void await_request();
  void read();
  void take(error_code why, std::size_t bytes);
  void read_on();
  void take_head();
  void take_body();
  http_head head_of() const;
  void judge_head();
  bool afford(const http_head& head, std::size_t most);
  void hand_over();
  void broken(error_code why);
  void write(http_response response);
  void written(error_code why);
  void leave();
  void drain();

  house& house_;
  std::variant<tcp::socket, tls_stream> stream_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  std::optional<parser> in_;
  std::string out_;
  http_verdict verdict_;
  std::shared_ptr<void> bytes_;                     ///< of its body, taken of the house's
  std::size_t read_bytes_ = 0, read_bytes_max_ = 0; ///< of the head, then of the body as it comes
  std::size_t drained_bytes_ = 0;
  std::uint64_t serial_ = 0; ///< of its requests
  phase phase_ = phase::greeting;
  clock::time_point request_began_, deadline_;
  queue* stands_in_ = nullptr;
  queue::iterator place_;
  bool over_ = false, keep_ = false, headers_only_ = false;
};

} // namespace troupe::served

namespace troupe {

struct http_responder::state {
  std::weak_ptr<void> alive;
  served::house* of;
  std::weak_ptr<served::line> to;
  std::uint64_t serial = 0;
  std::atomic<bool> said{false};
  void say(http_response answer);
  ~state();
};

} // namespace troupe
