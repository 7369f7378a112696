#include "bench/steps_null.hpp"
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <httplib.h>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

namespace troupe::bench {
namespace {

using nlohmann::json;

constexpr int senders = 8;
const std::string path = "/bot1:null/";
const char* const home_markup =
    R"("reply_markup":{"inline_keyboard":[[{"text":"Make a video","callback_data":"gen"}],[{"text":"Help","callback_data":"help"}]]}})";
const char* const help_markup =
    R"("reply_markup":{"inline_keyboard":[[{"text":"Main menu","callback_data":"home"}]]}})";

struct call {
  std::string method, body;
};

struct null_bot {
  int port;
  std::mutex mutex;
  std::condition_variable there;
  std::deque<call> calls;

  httplib::Client client() const {
    httplib::Client c{"127.0.0.1", port};
    c.set_keep_alive(true);
    c.set_tcp_nodelay(true);
    c.set_read_timeout(60, 0);
    return c;
  }
  void put(call c) {
    {
      const std::lock_guard lock{mutex};
      calls.push_back(std::move(c));
    }
    there.notify_one();
  }
  void send() {
    auto c = client();
    for (;;) {
      call next;
      {
        std::unique_lock lock{mutex};
        there.wait(lock, [&] { return !calls.empty(); });
        next = std::move(calls.front());
        calls.pop_front();
      }
      c.Post(path + next.method, next.body, "application/json");
    }
  }
  void take(const json& u) {
    if (u.contains("message"))
      return put(
          {"sendMessage", "{\"chat_id\":" + std::to_string(u["message"]["chat"]["id"].get<std::int64_t>()) +
                              ",\"text\":\"Home\"," + home_markup});
    const auto& q = u["callback_query"];
    const bool help = q["data"] == "help";
    put({"answerCallbackQuery", "{\"callback_query_id\":\"" + q["id"].get<std::string>() + "\"}"});
    put({"editMessageText",
         "{\"chat_id\":" + std::to_string(q["from"]["id"].get<std::int64_t>()) +
             ",\"message_id\":" + std::to_string(q["message"]["message_id"].get<std::int64_t>()) +
             ",\"text\":\"" + (help ? "Help" : "Home") + "\"," + (help ? help_markup : home_markup)});
  }
  [[noreturn]] void poll() {
    auto c = client();
    std::int64_t offset = 0;
    for (;;) {
      auto r =
          c.Post(path + "getUpdates", R"({"timeout":50,"limit":100,"offset":)" + std::to_string(offset) + "}",
                 "application/json");
      if (!r) std::exit(0);
      const auto answer = json::parse(r->body);
      for (auto& u : answer.at("result")) {
        offset = u["update_id"].get<std::int64_t>() + 1;
        take(u);
      }
    }
  }
};

} // namespace

void run_null_bot(int port) {
  static null_bot bot{port, {}, {}, {}};
  for (int i = 0; i < senders; ++i) std::thread{[] { bot.send(); }}.detach();
  bot.poll();
}

} // namespace troupe::bench
