#include "net/http_client.hpp"
#include "net/request_head.hpp"
#include "net/client_line.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <thread>
#include <unordered_set>

namespace troupe {
namespace {

using clock = std::chrono::steady_clock;
using line = std::shared_ptr<client_line>;
using task_ptr = std::unique_ptr<http_task>;

constexpr int redirects_max = 5;
/// A timer a call would cost as much as its reading; a limit is kept this exactly.
constexpr auto sweep_min = std::chrono::milliseconds{20};
constexpr auto sweep_max = std::chrono::milliseconds{1'000};
/// Servers close what is silent; who sends into that moment never hears whether it was read.
constexpr auto idle_max = std::chrono::seconds{30};

http_reply failed(http_error why, std::string words = {}) {
  http_reply reply;
  reply.error = why;
  reply.body = std::move(words);
  return reply;
}

} // namespace

/// Everything but send() and stop() runs on the client's thread.
class http_client::impl {
public:
  impl(http_limits limits, answered tell, ways_out ways)
      : limits_{limits}, tell_{std::move(tell)}, ways_{std::move(ways)} {
    thread_ = std::thread{[this] { run(); }};
  }
  ~impl() {
    world_.io.stop();
    thread_.join();
  }

  void send(std::uint64_t ticket, http_request request) {
    asio::post(world_.io, [this, ticket, request = std::move(request)]() mutable {
      auto task = std::make_unique<http_task>();
      task->ticket = ticket, task->request = std::move(request);
      if (stopped_ || (busy_.size() >= limits_.connections && waiting_.size() >= limits_.waiting))
        return answer(ticket, failed(http_error::stopped));
      if (busy_.size() < limits_.connections) return begin(std::move(task));
      waiting_.push_back(std::move(task));
    });
  }

  void stop() {
    asio::post(world_.io, [this] {
      stopped_ = true;
      for (const auto& t : std::exchange(waiting_, {})) answer(t->ticket, failed(http_error::stopped));
      for (const auto& l : std::vector<line>{busy_.begin(), busy_.end()}) l->stop();
    });
  }

private:
  /// A fault of one request (no memory) ends that one where it happens; whatever else may be thrown is not
  /// the end of all.
  void run() {
    for (;;) try {
        world_.io.run();
        return;
      } catch (const std::exception&) {
      }
  }

  void begin(task_ptr task) {
    const auto ticket = task->ticket;
    try {
      begin_or_throw(task);
    } catch (const std::exception& e) { // no memory for another TLS session
      if (task) answer(ticket, failed(http_error::refused, e.what()));
    }
  }

  void begin_or_throw(task_ptr& task) {
    const auto& r = task->request;
    const auto where = split_url(r.url);
    if (!where)
      return answer(task->ticket, r.is_foreign ? failed(http_error::forbidden, "it is no address of the web")
                                               : failed(http_error::refused));
    if (r.is_foreign)
      if (auto why = ways_.foreign->why_not(*where); !why.empty())
        return answer(task->ticket, failed(http_error::forbidden, std::move(why)));
    if (!task->until) task->until = clock::now() + r.time_limit;
    const auto* by = ways_.by ? ways_.by->for_origin(where->origin) : nullptr;
    const auto free = line_to(*where, by, r.is_foreign);
    busy_.insert(free);
    free->carry(std::move(task), *where);
    sweep_by(free->deadline());
  }

  line line_to(const http_address& where, const proxy* by, bool is_foreign) {
    for (auto at = idle_.end(); at != idle_.begin();) {
      --at;
      if ((*at)->origin() != where.origin || (*at)->is_guarded() != is_foreign) continue;
      const auto last = std::move(*at);
      at = idle_.erase(at);
      if (clock::now() - last->idle_since() < idle_max && last->is_usable()) return last;
      last->close();
    }
    return std::make_shared<client_line>(
        world_, where, by, is_foreign ? ways_.foreign.get() : nullptr,
        [this](const line& used, http_reply reply, const std::string& location) {
          over(used, std::move(reply), location);
        });
  }

  void over(const line& used, http_reply reply, const std::string& location) {
    busy_.erase(used);
    if (used->is_open()) {
      if (idle_.size() >= limits_.connections) idle_.front()->close(), idle_.pop_front();
      idle_.push_back(used);
    }
    auto task = used->take_task();
    if (!location.empty() && !stopped_ && task->hops < redirects_max)
      begin(led_on(std::move(task), used, location));
    else answer(task->ticket, std::move(reply));
    while (!waiting_.empty() && busy_.size() < limits_.connections) {
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      begin(std::move(next));
    }
  }

  /// Credentials belong to the first origin only, and so does our trust in it.
  static task_ptr led_on(task_ptr task, const line& used, const std::string& location) {
    auto& r = task->request;
    ++task->hops;
    const auto from = split_url(r.url);
    r.url = followed(*from, location);
    const auto to = split_url(r.url);
    if (to && to->origin == used->origin()) return task;
    r.headers.clear();
    r.is_foreign = true;
    return task;
  }

  /// Collects: all answers of one turn cost their receiver one message.
  void answer(std::uint64_t ticket, http_reply reply) {
    ready_.list.push_back({ticket, std::move(reply)});
    if (ready_.list.size() == 1) asio::post(world_.io, [this] { tell_(std::exchange(ready_, {})); });
  }

  // -- limits of time, and connections that are of no more use --

  void sweep_by(std::optional<clock::time_point> deadline) {
    const auto soon = clock::now() + sweep_max;
    const auto at = deadline ? std::min(*deadline, soon) : soon;
    if (sweeping_ && sweep_timer_.expiry() <= at) return;
    sweeping_ = true;
    sweep_timer_.expires_at(std::max(at, clock::now() + sweep_min));
    sweep_timer_.async_wait([this](boost::system::error_code why) {
      if (!why) sweep();
    });
  }
  void sweep() {
    sweeping_ = false;
    const auto now = clock::now();
    for (const auto& l : std::vector<line>{busy_.begin(), busy_.end()})
      l->cut_if_late(now); // over() may begin others
    while (!idle_.empty() && now - idle_.front()->idle_since() >= idle_max)
      idle_.front()->close(), idle_.pop_front();
    std::optional<clock::time_point> next;
    for (const auto& l : busy_)
      if (const auto d = l->deadline(); d && (!next || *d < *next)) next = d;
    if (!busy_.empty() || !idle_.empty()) sweep_by(next);
  }

  const http_limits limits_;
  const answered tell_;
  const ways_out ways_;
  http_world world_;
  asio::executor_work_guard<asio::io_context::executor_type> stays_{world_.io.get_executor()};
  asio::steady_timer sweep_timer_{world_.io};
  bool sweeping_ = false, stopped_ = false;
  std::unordered_set<line> busy_;
  std::deque<line> idle_; ///< the longest idle first
  std::deque<task_ptr> waiting_;
  http_answers ready_;
  std::thread thread_;
};

http_client::http_client(http_limits limits, answered tell, ways_out ways)
    : impl_{std::make_unique<impl>(limits, std::move(tell), std::move(ways))} {}
http_client::~http_client() = default;
void http_client::send(std::uint64_t ticket, http_request request) {
  impl_->send(ticket, std::move(request));
}
void http_client::stop() { impl_->stop(); }

} // namespace troupe
