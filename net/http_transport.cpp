#include "net/transport.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>

namespace troupe {
namespace {

/// The caller waits; the work is the client's.
class http_transport final : public transport {
public:
  explicit http_transport(ways_out ways)
      : client_{{.connections = 1, .waiting = 1},
                [this](http_answers a) {
                  const std::lock_guard lock(mutex_);
                  answer_ = std::move(a.list.back().reply);
                  came_.notify_all();
                },
                std::move(ways)} {}

  http_reply send(const http_request& request) override {
    client_.send(0, request);
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return answer_.has_value(); });
    auto reply = std::move(*answer_);
    answer_.reset();
    return reply;
  }
  void stop() override { client_.stop(); }

private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::optional<http_reply> answer_; ///< One request at a time, so one answer.
  http_client client_;               ///< Goes first: it tells.
};

} // namespace

std::unique_ptr<transport> make_http_transport(ways_out ways) {
  return std::make_unique<http_transport>(std::move(ways));
}

} // namespace troupe
