#include "net/http_client.hpp"
#include "tests/fuzz/http_replies.hpp"
#include "tests/fuzz/raw_server.hpp"
#include <condition_variable>
#include <mutex>

// The answers of Telegram's API as the client reads them: any bytes, in two pieces.

using namespace troupe;
using namespace troupe::fuzz;

namespace {

/// One request at a time over one client.
class caller {
public:
  void send(const std::string& url) {
    http_request r;
    r.url = url;
    r.body_bytes_max = reply_bytes_max;
    r.time_limit = std::chrono::seconds{3};
    client_.send(++ticket_, r);
  }
  http_reply reply() {
    std::unique_lock lock{mutex_};
    must(came_.wait_for(lock, std::chrono::seconds{6}, [&] { return !answers_.empty(); }),
         "every request is answered within its limits");
    auto all = std::exchange(answers_, {});
    must(all.size() == 1 && all.front().ticket == ticket_, "a request is answered once");
    return all.front().reply;
  }

private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<http_answer> answers_;
  std::uint64_t ticket_ = 0;
  http_client client_{{}, [this](http_answers a) {
                        const std::lock_guard lock{mutex_};
                        for (auto& one : a.list) answers_.push_back(std::move(one));
                        came_.notify_all();
                      }};
};

} // namespace

EDGE(http_client_answers) {
  static raw_listener there;
  static caller here;
  const std::size_t first = in.byte();
  const auto bytes = in.rest();
  here.send(there.url());
  raw_socket s{there.accept()};
  s.hear_request();
  s.say(bytes.substr(0, first));
  if (bytes.size() > first) s.say(bytes.substr(first));
  s.say_no_more();
  const auto reply = here.reply();
  check_reply(reply);
  must(reply.error != http_error::none || reply.body.size() <= bytes.size(), "a body is what was sent");
}
