#pragma once
/// One connection to one origin, with at most one request on it. Private to the HTTP client.
#include "net/foreign_rule.hpp"
#include "net/http_answer.hpp"
#include "net/http_body.hpp"
#include "net/proxy.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

namespace asio = boost::asio;

/// What all lines of one client share: its thread runs it.
struct http_world {
  asio::io_context io{1};
  asio::ip::tcp::resolver resolver{io};

  asio::ssl::context& tls(); ///< Roots of trust take a while to read: when somebody needs them.

private:
  std::optional<asio::ssl::context> tls_;
};

/// One request from its turn to its answer, over all hops.
struct http_task {
  std::uint64_t ticket = 0;
  http_request request;
  std::optional<std::chrono::steady_clock::time_point> until; ///< Since its turn.
  int hops = 0;
  bool may_be_redirected() const { return request.method == "GET" && !request.save_to.empty(); }
};

/// Sockets and parser without Beast's streams: those arm a timer for each reading and writing, a third of a
/// call's CPU. All of it runs on the client's thread.
class client_line : public std::enable_shared_from_this<client_line> {
public:
  using clock = std::chrono::steady_clock;
  /// `location`: where the answer leads, of a request that may be redirected.
  using over =
      std::function<void(const std::shared_ptr<client_line>&, http_reply, const std::string& location)>;

  /// `by` and `guard` outlive it. With a guard it connects only where that allows it.
  client_line(http_world& world, http_address to, const proxy* by, const foreign_rule* guard, over tell);

  const std::string& origin() const { return to_.origin; }
  bool is_guarded() const { return guard_ != nullptr; }
  /// Whether the other side has not closed it meanwhile. What it says unasked makes it useless too.
  bool is_usable();
  bool is_open() const { return open_; }
  clock::time_point idle_since() const { return idle_since_; }

  void carry(std::unique_ptr<http_task> task, const http_address& where);
  std::unique_ptr<http_task> take_task() { return std::move(task_); }
  std::optional<clock::time_point> deadline() const { return deadline_; }
  void cut_if_late(clock::time_point now);
  void stop();  ///< The request ends: as lost when it was sent, else as stopped.
  void close(); ///< For good; of a line that carries nothing.

private:
  using error_code = boost::system::error_code;
  using tcp = asio::ip::tcp;
  using tls_stream = asio::ssl::stream<tcp::socket>;
  /// How far it has come: what is in the way depends on it.
  enum class phase : std::uint8_t { preparing, finding, connecting, opening, proving, speaking };
  enum class ending : std::uint8_t { none, late, stopped };

  template <class Then> auto unless_failed(Then then);
  template <class Does> void guarded(Does does);
  template <class Does> void with_stream(Does does);
  tcp::socket& socket();

  void prepare();
  void begin();
  void connect(const std::vector<tcp::endpoint>& found);
  void connected();
  void ask_for_a_way();
  void read_way();
  void take_way();
  void prove();
  void write();
  void write_on();
  void read();
  void took(error_code why, std::size_t bytes);
  void finish();
  void fail(error_code why);
  void end(http_error what, std::string words);
  void end_soon(http_error what, std::string words);
  std::string in_the_way(error_code why) const;
  std::string no_answer(error_code why) const;

  http_world& world_;
  const http_address to_;
  const host_and_port host_;
  const proxy* const by_; ///< null: directly
  const foreign_rule* const guard_;
  const over tell_;
  std::variant<std::monostate, tcp::socket, tls_stream> stream_;
  std::unique_ptr<http_task> task_;
  std::string out_;
  std::unique_ptr<multipart> parts_;
  std::size_t parts_sent_ = 0;
  http_answer_reader in_;
  std::size_t read_bytes_ = 0;
  std::vector<tcp::endpoint> endpoints_;
  boost::beast::flat_buffer way_buffer_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::empty_body>>
      way_; ///< the proxy's answer
  int way_status_ = 0;
  phase now_ = phase::preparing;
  ending ending_ = ending::none;
  std::optional<clock::time_point> deadline_; ///< of what is under way
  clock::time_point idle_since_{};
  bool open_ = false; ///< the service can be spoken to
  bool busy_ = false; ///< what ends while it is not concerns nobody
  bool sent_ = false; ///< the other side may have read of the request
};

} // namespace troupe
