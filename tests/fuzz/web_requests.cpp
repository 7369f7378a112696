#include "net/web_server.hpp"
#include "net/yookassa.hpp"
#include "tests/fuzz/edge.hpp"
#include "tests/fuzz/raw_server.hpp"
#include <atomic>

// What anybody on the internet may send to the web server's port, as bytes.

using namespace troupe;
using namespace troupe::fuzz;

namespace {

const std::string secret = "tg-secret", callback_secret = "callback-secret", kie_key = "kie-secret";
const std::string shop = "185.71.76.5"; // one of YooKassa's addresses

/// The engine behind the port.
struct house {
  std::atomic<int> updates{0}, callbacks{0}, notices{0};
  std::atomic<std::size_t> body{0};
  std::atomic<std::int64_t> job{0}, made{0};
  web_server server{{"127.0.0.1", 0, callback_secret, "", secret, "X-Real-IP", {"127.0.0.1"}, "", "", {}},
                    {[] {
                       return std::pair{200, std::string{"{}"}};
                     },
                     [this](const web_callback& c, const web_hooks::told& told) {
                       job = c.job_id, made = c.created_at, ++callbacks;
                       told(200);
                     },
                     [this](const std::string& b, const web_hooks::told& told) {
                       body = b.size(), ++updates;
                       told(200);
                     },
                     [this](const std::string& b, const web_hooks::told& told) {
                       body = b.size(), ++notices;
                       told(200);
                     },
                     [](std::string_view ip) { return yookassa::is_yookassa_address(ip); }}};
  int port = server.start();

  void forget() { updates = callbacks = notices = 0, body = 0, job = 0, made = 0; }
};

std::string said(int port, const std::string& bytes) {
  raw_socket s{raw_socket::connect_to(port)};
  s.say(bytes);
  s.say_no_more();
  return s.hear_all();
}

/// One answer that does not come in five seconds tells of a busy machine, three of a dead port.
bool lives(int port) {
  for (int i = 0; i < 3; ++i)
    if (said(port, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n").rfind("HTTP/1.1 200", 0) == 0) return true;
  return false;
}

void check_answer(const std::string& answer) {
  if (answer.empty()) return; // it was no request at all
  must(answer.rfind("HTTP/1.1 ", 0) == 0 && answer.size() > 12, "an answer is HTTP");
  must(answer.compare(9, 3, "500") != 0, "nothing is thrown at the port");
  for (const auto& word : {secret, callback_secret, kie_key, callback_signature(callback_secret, "7", "8")})
    must(!holds(answer, word), "no secret is told");
}

} // namespace

EDGE(web_requests) {
  static house h;
  h.forget();
  const auto bytes = in.rest();
  check_answer(said(h.port, bytes));
  must(h.updates == 0 || holds(bytes, secret), "updates are Telegram's");
  must(h.callbacks == 0 || holds(bytes, callback_signature(callback_secret, std::to_string(h.job.load()),
                                                           std::to_string(h.made.load()))),
       "a callback is signed");
  must(h.notices == 0 || holds(bytes, "."), "a notice comes from the shop's address");
  must(h.updates + h.callbacks + h.notices <= static_cast<int>(bytes.size() / 40), "nothing is heard twice");
  must(h.body <= (1u << 20), "a body has a limit");
  static unsigned times = 0;
  if (++times % 64 != 0) return;
  must(lives(h.port), "the port lives on");
}
