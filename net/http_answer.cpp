#include "net/http_answer.hpp"
#include "net/http_body.hpp"

#include <utility> // Asio 1.74 forgets it

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <cctype>
#include <iterator>
#include <optional>

namespace troupe {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

/// What Beast needs to know of the place where bodies go.
struct sink_body {
  struct value_type {
    sink_for_body* to = nullptr;
    sink_for_body::verdict last = sink_for_body::verdict::go_on;
  };
  class reader {
  public:
    template <bool IsRequest, class Fields>
    reader(http::header<IsRequest, Fields>&, value_type& where) : where_{where} {}
    template <class Length> void init(const Length&, error_code& wrong) { wrong = {}; }
    template <class Buffers> std::size_t put(const Buffers& buffers, error_code& wrong) {
      std::size_t taken = 0;
      wrong = {};
      for (const auto b : beast::buffers_range_ref(buffers)) {
        where_.last = where_.to->add(static_cast<const char*>(b.data()), b.size());
        taken += b.size();
        if (where_.last == sink_for_body::verdict::go_on) continue;
        wrong = http::error::buffer_overflow;
        break;
      }
      return taken;
    }
    void finish(error_code& wrong) { wrong = {}; }

  private:
    value_type& where_;
  };
};

/// Ends an answer whose chunks carry more than themselves.
struct chunk_watch {
  void operator()(std::uint64_t, beast::string_view extensions, error_code& wrong) const {
    if (extensions.size() > chunk_line_bytes_max) wrong = http::error::bad_chunk_extension;
  }
};

bool is_packed(beast::string_view encoding) {
  std::string small{encoding};
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* way : {"gzip", "deflate", "br", "compress", "zstd"})
    if (small.find(way) != std::string::npos) return true;
  return false;
}

} // namespace

struct http_answer_reader::impl {
  using parser = http::response_parser<sink_body>;

  beast::flat_buffer buffer;
  std::optional<sink_for_body> sink;
  std::optional<parser> in;
  chunk_watch watch;
  http_reply made;
  std::string location;
  std::uint64_t body_bytes_max = 0;
  int interims = 0;
  bool redirects = false, headed = false, done = false, goes_on = false;

  void expect(const http_request& request, bool may_redirect) {
    sink.emplace(request);
    body_bytes_max = request.body_bytes_max;
    redirects = may_redirect;
    interims = 0;
    done = goes_on = false;
    made = {};
    location.clear();
    begin();
  }
  void begin() {
    in.emplace();
    in->header_limit(static_cast<std::uint32_t>(answer_header_bytes_max));
    in->body_limit(body_bytes_max);
    in->on_chunk_header(watch);
    in->get().body().to = &*sink;
    headed = false;
  }

  void fail(http_error why, std::string words) {
    sink.reset(); // half a file goes
    made = {};
    made.error = why, made.body = std::move(words);
    done = true, goes_on = false;
  }

  void read() {
    while (buffer.size() > 0 && !done) {
      error_code wrong;
      buffer.consume(in->put(buffer.data(), wrong));
      if (wrong && wrong != http::error::need_more) return stopped_at(wrong);
      if (in->is_header_done() && !std::exchange(headed, true)) {
        head();
        continue;
      }
      if (in->is_done()) return finish();
      if (wrong != http::error::need_more) continue;
      if (headed && buffer.size() > chunk_line_bytes_max)
        fail(http_error::lost, "the answer's chunks have extensions or trailers without an end");
      return;
    }
  }

  void head() {
    const int status = static_cast<int>(in->get().result_int());
    if (status / 100 == 1) {
      if (++interims > interim_answers_max)
        return fail(http_error::lost, "more than " + std::to_string(interim_answers_max) +
                                          " interim answers (" + std::to_string(status) + ")");
      return begin();
    }
    const auto& fields = in->get().base();
    if (static_cast<std::size_t>(std::distance(fields.begin(), fields.end())) > answer_fields_max)
      return fail(http_error::lost,
                  "the answer has more than " + std::to_string(answer_fields_max) + " headers");
    if (is_packed(fields[http::field::content_encoding]))
      return fail(http_error::lost, "the answer is packed, which was not asked for");
    const bool leads_on = status >= 301 && status <= 308 && status != 304;
    if (leads_on && redirects) location = std::string{fields[http::field::location]};
    made.status = status;
    for (const auto& [field, name] :
         {std::pair{http::field::retry_after, "retry-after"},
          std::pair{http::field::content_type, "content-type"}, std::pair{http::field::etag, "etag"}})
      if (const auto found = fields.find(field); found != fields.end())
        made.headers.emplace_back(name, std::string{found->value()});
    if (!location.empty()) { // its body is of no interest
      done = true, goes_on = in->is_done() && in->keep_alive();
      return;
    }
    if (sink->begin(status) != sink_for_body::verdict::go_on)
      return fail(http_error::lost, "the file cannot be written");
    if (in->is_done()) finish();
  }

  void stopped_at(error_code wrong) {
    using verdict = sink_for_body::verdict;
    const auto last = in->get().body().last;
    if (last == verdict::enough) return finish();
    if (wrong == http::error::body_limit || last == verdict::too_large)
      return fail(http_error::too_large,
                  "the answer is larger than " + std::to_string(body_bytes_max) + " bytes");
    if (last == verdict::no_room) return fail(http_error::lost, "the file cannot be written");
    if (wrong == http::error::header_limit)
      return fail(http_error::lost, "the answer's headers are larger than " +
                                        std::to_string(answer_header_bytes_max / 1024) + " KiB");
    if (wrong == http::error::bad_chunk_extension)
      return fail(http_error::lost, "the answer's chunks have extensions or trailers without an end");
    fail(http_error::lost, "the answer is no HTTP (" + wrong.message() + ")");
  }

  void finish() {
    if (!sink->finish()) return fail(http_error::lost, "the file cannot be kept");
    goes_on = in->is_done() && in->keep_alive();
    sink->fill(made);
    done = true;
  }

  void ended() {
    if (done) return;
    if (!headed || in->is_done()) return fail(http_error::lost, "the connection ended before an answer");
    error_code wrong;
    in->put_eof(wrong);
    if (wrong) return fail(http_error::lost, "the answer broke off");
    finish();
    goes_on = false;
  }
};

http_answer_reader::http_answer_reader() : impl_{std::make_unique<impl>()} {}
http_answer_reader::~http_answer_reader() = default;
void http_answer_reader::expect(const http_request& r, bool redirects) { impl_->expect(r, redirects); }
std::pair<char*, std::size_t> http_answer_reader::room(std::size_t bytes) {
  const auto b = impl_->buffer.prepare(bytes);
  return {static_cast<char*>(b.data()), b.size()};
}
void http_answer_reader::took(std::size_t bytes) {
  impl_->buffer.commit(bytes);
  impl_->read();
}
void http_answer_reader::ended() { impl_->ended(); }
bool http_answer_reader::is_done() const { return impl_->done; }
http_reply http_answer_reader::reply() { return std::move(impl_->made); }
std::string http_answer_reader::location() const { return impl_->location; }
bool http_answer_reader::may_go_on() const { return impl_->goes_on && impl_->buffer.size() == 0; }
std::size_t http_answer_reader::left_over() const { return impl_->buffer.size(); }

} // namespace troupe
