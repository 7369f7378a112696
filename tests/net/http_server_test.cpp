/// The server for the open internet: what it allows, and that each limit is kept.
#include "net/http_server.hpp"
#include "tests/catch.hpp"
#include "tests/net/stranger.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sys/resource.h>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// Posts to anything are let in, and wait until the test answers them; all else is greeted.
struct open_house {
  std::mutex mutex;
  std::vector<http_responder> waiting;
  std::vector<std::string> bodies;
  std::atomic<int> leases{0};
  std::string greeting = "hello";
  http_server server;

  explicit open_house(http_server_limits limits = {}, const std::string& host = "127.0.0.1")
      : server{{host, 0, {}, {}, limits}, [this](const http_head& head) { return judge(head); }} {}

  http_verdict judge(const http_head& head) {
    if (head.path == "/throws") throw std::runtime_error{"secret words"};
    if (head.method != "POST") return {{200, greeting, "text/plain"}, 0, {}, {}};
    ++leases;
    return {{},
            1000,
            [this](std::string body, http_responder to) {
              const std::lock_guard lock{mutex};
              bodies.push_back(std::move(body));
              waiting.push_back(std::move(to));
            },
            std::shared_ptr<void>{nullptr, [this](void*) { --leases; }}};
  }
  std::size_t arrived() {
    const std::lock_guard lock{mutex};
    return waiting.size();
  }
  void answer_all(int status) {
    std::vector<http_responder> all;
    {
      const std::lock_guard lock{mutex};
      all.swap(waiting);
    }
    for (auto& to : all) to({status, "said", "text/plain"});
  }
};

template <class Condition> bool soon(Condition met, std::chrono::milliseconds limit = 3s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (met()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return met();
}

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
std::string post(const std::string& lines, const std::string& body = "") {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}

} // namespace

TEST_CASE("what is no plain request is refused by its head, without its body") {
  open_house house;
  const int port = house.server.start();
  const auto status = [&](const std::string& head) {
    stranger s{port};
    s.say(head);
    const int got = s.status_within(2s);
    CHECK(s.heard().find("Connection: close") != std::string::npos);
    CHECK(soon([&] { return s.is_put_out(); }));
    return got;
  };
  const std::string long_body = "Content-Length: 100\r\n";
  for (const std::string coding : {"gzip", "br", "deflate", "identity", ""})
    CHECK(status(post(long_body + "Content-Encoding: " + coding + "\r\n")) == 415);
  CHECK(status(post(long_body + "Content-Type: Multipart/form-data; boundary=x\r\n")) == 415);
  CHECK(status(post(long_body + "Expect: 100-continue\r\n")) == 417);
  CHECK(status(post("Content-Length: 1001\r\n")) == 413);
  CHECK(status(post("Content-Length: 18446744073709551615\r\n")) == 413);
  CHECK(status("POST /throws HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n") == 500);
  for (const std::string lines :
       {"Host: b\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "Content-Length: -1\r\n",
        "Content-Length: x\r\n", "Content-Type: a/b\r\nContent-Type: multipart/x\r\n", "A\r\n",
        "A : b\r\n"}) {
    INFO(lines);
    CHECK(status(post(lines)) == 400);
  }
  for (const std::string method : {"GET", "HEAD", "PUT", "DELETE", "BREW"}) {
    INFO(method);
    CHECK(status(method + " / HTTP/1.1\r\nContent-Length: 1\r\n\r\n") == 400);
    CHECK(status(method + " / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  }
  CHECK(status("\x16\x03\x01\x02\r\n\r\n") == 400);
  CHECK(status("GET / HTTP/2.0\r\n\r\n") == 400);
  CHECK(house.leases == 0);
  CHECK(house.bodies.empty());
}

TEST_CASE("a head has so many bytes and lines, in whatever pieces it comes") {
  open_house house;
  const int port = house.server.start();
  const auto status = [&](const std::string& bytes) {
    stranger s{port};
    s.say(bytes);
    return s.status_within(2s);
  };
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "a: b\r\n";
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == 200);
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n") == 200);
  CHECK(status("GET / HTTP/1.1\r\nHost: a\r\nc: d\r\n" + lines + "\r\n") == 431);
  CHECK(status("GET / HTTP/1.1\r\nHost: " + std::string(20'000, 'x')) == 431);
  CHECK(status("GET /" + std::string(20'000, 'x')) == 431);
  stranger drop{port}; // whole lines, read a few at a time: the parser itself would take them for ever
  drop.say("GET / HTTP/1.1\r\n");
  std::string few;
  for (int i = 0; i < 50; ++i) few += "a:b\r\n";
  std::size_t said = 0;
  for (; said < 30'000 && !drop.is_put_out() && drop.answers() == 0; said += few.size()) {
    drop.say(few);
    std::this_thread::sleep_for(1ms);
  }
  CHECK(drop.status_within(1s) == 431);
  CHECK(said < 25'000);
}

TEST_CASE("the times of a head, of a request, of an idle connection and of an answer are kept") {
  http_server_limits limits;
  limits.head_time = 300ms, limits.request_time = 700ms, limits.idle_time = 500ms, limits.answer_time = 300ms;
  open_house house{limits};
  house.greeting = std::string(32u << 20, 'x'); // more than the kernel takes at once
  const int port = house.server.start();
  const auto lasts = [](stranger& s) {
    const auto began = std::chrono::steady_clock::now();
    CHECK(soon([&] { return s.is_put_out(); }));
    return std::chrono::steady_clock::now() - began;
  };
  stranger slow{port};
  slow.say("GET / HT");
  const auto head = lasts(slow);
  CHECK((head > 200ms && head < 900ms));
  CHECK(slow.heard().empty());
  stranger half{port}; // a head, and half a body
  half.say(post("Content-Length: 10\r\n", "12345"));
  const auto body = lasts(half);
  CHECK((body > 500ms && body < 1300ms));
  stranger kept{port};
  kept.say(post("Content-Length: 1\r\n", "1"));
  REQUIRE(soon([&] { return house.arrived() == 1; }));
  house.answer_all(200);
  CHECK(kept.status_within(1s) == 200);
  const auto idle = lasts(kept);
  CHECK((idle > 300ms && idle < 1100ms));
  stranger forgotten{port}; // nobody answers it
  forgotten.say(post("Content-Length: 1\r\n", "2"));
  CHECK(forgotten.status_within(2s) == 503);
  CHECK(house.leases == 0);
  stranger deaf{port}; // never listens to the answer
  deaf.say(get);
  std::this_thread::sleep_for(900ms);
  std::size_t most = house.greeting.size();
  CHECK(soon([&] { return deaf.is_put_out(); }));
  CHECK(deaf.heard().size() < most);
}

TEST_CASE("bodies take so much together, and what does not fit in is told to come again") {
  http_server_limits limits;
  limits.bodies_bytes = 2500;
  open_house house{limits};
  const int port = house.server.start();
  stranger one{port}, two{port}, three{port}, chunked{port};
  one.say(post("Content-Length: 1000\r\n"));
  two.say(post("Content-Length: 1000\r\n"));
  CHECK(soon([&] { return house.leases == 2; }));
  three.say(post("Content-Length: 1000\r\n"));
  CHECK(three.status_within(1s) == 503);
  chunked.say(post("Transfer-Encoding: chunked\r\n")); // as much as it may become
  CHECK(chunked.status_within(1s) == 503);
  one.say(std::string(1000, 'x'));
  REQUIRE(soon([&] { return house.arrived() == 1; }));
  house.answer_all(200);
  CHECK(one.status_within(1s) == 200);
  stranger four{port};
  four.say(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"));
  REQUIRE(soon([&] { return house.arrived() == 1; }));
  CHECK(house.bodies.back() == "abc");
  house.answer_all(200);
  CHECK(four.status_within(1s) == 200);
}

TEST_CASE("a chunked body ends at its limit, and so does what is written between its chunks") {
  open_house house;
  const int port = house.server.start();
  stranger much{port}, words{port}, trailers{port};
  much.say(post("Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 11; ++i) much.say("64\r\n" + std::string(100, 'x') + "\r\n");
  CHECK(much.status_within(1s) == 413);
  words.say(post("Transfer-Encoding: chunked\r\n", "1;" + std::string(40'000, 'x')));
  CHECK(words.status_within(1s) / 100 == 4);
  trailers.say(post("Transfer-Encoding: chunked\r\n", "0\r\n"));
  for (int i = 0; i < 10'000 && trailers.answers() == 0; ++i) trailers.say("a:b\r\n");
  CHECK(trailers.status_within(1s) / 100 == 4);
  CHECK(house.bodies.empty());
}

TEST_CASE("when all connections are taken the one goes that has been without a head for the longest time") {
  http_server_limits limits;
  limits.connections = 4;
  open_house house{limits};
  const int port = house.server.start();
  stranger busy{port};
  busy.say(post("Content-Length: 1\r\n", "1"));
  REQUIRE(soon([&] { return house.arrived() == 1; }));
  std::vector<stranger> silent;
  for (int i = 0; i < 3; ++i) {
    silent.emplace_back(port);
    silent.back().say("GET /");
    std::this_thread::sleep_for(20ms);
  }
  stranger neighbour{port};
  neighbour.say(get);
  CHECK(neighbour.status_within(1s) == 200);
  CHECK(soon([&] { return silent[0].is_put_out(); }));
  CHECK_FALSE(silent[1].is_put_out());
  CHECK_FALSE(silent[2].is_put_out());
  house.answer_all(200);
  CHECK(busy.status_within(1s) == 200);
}

TEST_CASE("when all connections are at work the next one waits, and is served") {
  http_server_limits limits;
  limits.connections = 2;
  open_house house{limits};
  const int port = house.server.start();
  stranger one{port}, two{port};
  one.say(post("Content-Length: 1\r\n", "1"));
  two.say(post("Content-Length: 1\r\n", "2"));
  REQUIRE(soon([&] { return house.arrived() == 2; }));
  stranger next{port};
  next.say(get);
  CHECK(next.status_within(200ms) == 0);
  CHECK_FALSE(next.is_put_out());
  house.answer_all(503);
  CHECK(next.status_within(2s) == 200);
}

TEST_CASE("a connection takes one request after another, in order, also when they come together") {
  open_house house;
  const int port = house.server.start();
  stranger s{port};
  s.say(get + post("Content-Length: 3\r\n", "abc") + get);
  REQUIRE(soon([&] { return house.arrived() == 1; }));
  CHECK(s.answers() == 1);
  house.answer_all(200);
  CHECK(soon([&] { return s.answers() == 3; }));
  const auto said = s.heard();
  CHECK(said.find("hello") < said.find("said"));
  CHECK(said.find("said") < said.rfind("hello"));
  CHECK(house.bodies == std::vector<std::string>{"abc"});
  s.say("HEAD / HTTP/1.0\r\n\r\n");
  CHECK(soon([&] { return s.is_put_out(); }));
  CHECK(s.answers() == 4);
  CHECK(s.heard().substr(s.heard().size() - 4) == "\r\n\r\n");
}

TEST_CASE("a stop is clean while posts wait, and what is answered then is heard by nobody") {
  auto house = std::make_unique<open_house>();
  const int port = house->server.start();
  std::vector<stranger> all;
  for (int i = 0; i < 20; ++i) {
    all.emplace_back(port);
    all.back().say(post("Content-Length: 1\r\n", "1"));
  }
  REQUIRE(soon([&] { return house->arrived() == 20; }));
  house->server.stop();
  house->server.stop();
  CHECK(house->leases == 0);
  for (auto& s : all) CHECK(soon([&] { return s.is_put_out(); }));
  house->answer_all(200);
  auto left = std::move(house->waiting);
  house.reset();
  left.clear();
}

TEST_CASE("a responder that is dropped without a word says 503") {
  open_house house;
  const int port = house.server.start();
  stranger s{port};
  s.say(post("Content-Length: 1\r\n", "1"));
  REQUIRE(soon([&] { return house.arrived() == 1; }));
  {
    const std::lock_guard lock{house.mutex};
    house.waiting.clear();
  }
  CHECK(s.status_within(1s) == 503);
}

TEST_CASE("a port is listened on alone, by either family, with room for a burst") {
  open_house one;
  const int port = one.server.start();
  http_server two{{"127.0.0.1", port, {}, {}, {}}, [](const http_head&) { return http_verdict{}; }};
  CHECK_THROWS_AS(two.start(), std::runtime_error);
  http_server nowhere{{"no.such.host.invalid", 0, {}, {}, {}},
                      [](const http_head&) { return http_verdict{}; }};
  CHECK_THROWS_AS(nowhere.start(), std::runtime_error);
  open_house both{{}, "::"};
  stranger four{both.server.start()}; // by IPv4
  four.say(get);
  CHECK(four.status_within(1s) == 200);
  std::vector<stranger> burst;
  for (int i = 0; i < 300; ++i) {
    burst.emplace_back(port);
    burst.back().say(get);
  }
  for (auto& s : burst) CHECK(s.status_within(2s) == 200);
}

TEST_CASE("without descriptors the server waits without spinning, and goes on when there are some") {
  open_house house;
  const int port = house.server.start();
  stranger before{port};
  before.say(get);
  REQUIRE(before.status_within(1s) == 200);
  std::vector<stranger> asks; // the kernel takes them
  rlimit files{}, few{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  for (int i = 0; i < 3; ++i) asks.emplace_back(port);
  few = files, few.rlim_cur = 3; // lower than what is open: no further one
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<std::unique_ptr<stranger>> none;
  for (auto& s : asks) s.say(get);
  rusage began{}, now{};
  ::getrusage(RUSAGE_SELF, &began);
  std::this_thread::sleep_for(500ms);
  ::getrusage(RUSAGE_SELF, &now);
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto ms = [](const rusage& u) {
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
  };
  CHECK(ms(now) - ms(began) < 200);
  for (auto& s : asks) CHECK(s.status_within(2s) == 200);
  stranger after{port};
  after.say(get);
  CHECK(after.status_within(1s) == 200);
}
