/// The web port, attacked by people who know no secret: whatever they do costs them more than us.
#include "tests/net/stranger.hpp"
#include "tests/hostile/victim.hpp"
#include <sys/resource.h>
#include <zlib.h>

using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

/// Zeros, as small as gzip makes them.
std::string bomb(std::size_t zeros) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string piece(1u << 20, '\0'), out;
  std::string room(1u << 16, '\0');
  for (std::size_t left = zeros;;) {
    const auto now = std::min(left, piece.size());
    left -= now;
    z.next_in = reinterpret_cast<Bytef*>(piece.data()), z.avail_in = static_cast<uInt>(now);
    do {
      z.next_out = reinterpret_cast<Bytef*>(room.data()), z.avail_out = static_cast<uInt>(room.size());
      deflate(&z, left == 0 ? Z_FINISH : Z_NO_FLUSH);
      out.append(room.data(), room.size() - z.avail_out);
    } while (z.avail_out == 0);
    if (left == 0) break;
  }
  deflateEnd(&z);
  return out;
}

/// A neighbour's question is answered meanwhile, and soon, on a connection that is new.
void check_neighbour(const victim& v, std::chrono::milliseconds most = 1s) {
  stranger neighbour{v.web};
  neighbour.say("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(neighbour.status_within(most) == 200);
}

/// From now on the program may map so much more, and no more.
void leave_room_of(const victim& v, rlim_t bytes) {
  std::ifstream in{"/proc/" + std::to_string(v.program.id()) + "/statm"};
  rlim_t pages = 0;
  REQUIRE(in >> pages);
  const auto most = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit limit{most, most};
  REQUIRE(::prlimit(v.program.id(), RLIMIT_AS, &limit, nullptr) == 0);
}
void leave_descriptors(const victim& v, int free) {
  const auto most = static_cast<rlim_t>(v.before.descriptors + free);
  const rlimit limit{most, most};
  REQUIRE(::prlimit(v.program.id(), RLIMIT_NOFILE, &limit, nullptr) == 0);
}
double cpu_seconds(const victim& v) {
  std::ifstream in{"/proc/" + std::to_string(v.program.id()) + "/stat"};
  std::string word;
  for (int i = 1; i < 14; ++i) in >> word;
  double user = 0, kernel = 0;
  in >> user >> kernel;
  return (user + kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// Until all are put out, each saying `again` now and then, while a neighbour is served.
void until_all_are_out(victim& v, std::vector<stranger>& all, const std::string& again,
                       std::chrono::seconds most) {
  const auto deadline = clock::now() + most;
  std::ptrdiff_t out = 0;
  while (out < std::ssize(all) && clock::now() < deadline && v.is_alive()) {
    for (auto& s : all) s.say(again);
    check_neighbour(v);
    std::this_thread::sleep_for(250ms);
    out = std::count_if(all.begin(), all.end(), [](auto& s) { return s.is_put_out(); });
  }
  CHECK(out == std::ssize(all));
}

std::vector<stranger> crowd(const victim& v, int people) {
  std::vector<stranger> all;
  for (int i = 0; i < people; ++i) all.emplace_back(v.web);
  return all;
}

const std::map<std::string, std::string> all_paths_on{{"TROUPE_TELEGRAM_WEBHOOK", "true"},
                                                      {"WEBHOOK_SECRET", "0123456789abcdefghijklmnopqrstuv"},
                                                      {"YOOKASSA_SHOP_ID", "1"},
                                                      {"YOOKASSA_SECRET_KEY", "test_key"},
                                                      {"TROUPE_YOOKASSA_CHECK_SENDER", "true"}};

} // namespace

TEST_CASE("any method, on any path, in any encoding is refused before a byte of its body was sent") {
  victim v{all_paths_on};
  for (const std::string method :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW"})
    for (const std::string path :
         {"/", "/health", "/nowhere", "/telegram/webhook", "/yookassa/webhook",
          "/kie/callback/1/1700000000000/0000000000000000000000000000000000000000000000000000000000000000"})
      for (const std::string coding : {"", "br", "gzip", "deflate", "identity"})
        for (const std::string length : {"Content-Length: 1579", "Transfer-Encoding: chunked"}) {
          INFO(method << " " << path << " " << coding << " " << length);
          stranger s{v.web};
          s.say(method + " " + path + " HTTP/1.1\r\nHost: a\r\n" +
                (coding.empty() ? "" : "Content-Encoding: " + coding + "\r\n") + length + "\r\n\r\n");
          const auto status = s.status_within(1s);
          CHECK(status / 100 == 4);
          CHECK(s.heard().find("Connection: close") != std::string::npos);
        }
  v.check_unharmed();
}

TEST_CASE("a body that would unpack to a gigabyte is not unpacked") {
  victim v{all_paths_on};
  const auto gigabyte = bomb(1u << 30);
  for (const std::string method : {"PUT", "PATCH", "DELETE", "POST"})
    for (const std::string path : {"/health", "/telegram/webhook"}) {
      INFO(method << " " << path);
      stranger s{v.web};
      s.say(method + " " + path + " HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: " +
            std::to_string(gigabyte.size()) + "\r\n\r\n" + gigabyte);
      CHECK(s.status_within(2s) / 100 == 4);
    }
  v.check_unharmed();
}

TEST_CASE("heads without an end are cut off, in lines, in one line, and in what comes a line at a time") {
  victim v;
  std::string lines;
  for (int i = 0; i < 4000; ++i) lines += "a:b\r\n";
  const std::pair<std::string, std::string> heads[] = {
      {"GET /health HTTP/1.1\r\n", lines},                       // endless lines
      {"GET /health HTTP/1.1\r\nX: ", std::string(20'000, 'x')}, // an endless one
      {"GET /", std::string(20'000, 'x')},                       // an endless target
      {std::string(10, '\n'), std::string(20'000, '\n')}};
  for (const auto& [begin, more] : heads) {
    INFO(begin);
    auto all = crowd(v, 16);
    for (auto& s : all) s.say(begin);
    const auto deadline = clock::now() + 2s;
    std::ptrdiff_t out = 0;
    while (out < std::ssize(all) && clock::now() < deadline) {
      for (auto& s : all) s.say(more);
      out = std::count_if(all.begin(), all.end(), [](auto& s) { return s.is_put_out(); });
    }
    CHECK(out == std::ssize(all));
    check_neighbour(v);
  }
  stranger patient{v.web};
  patient.say("GET /health HTTP/1.1\r\n");
  std::string few;
  for (int i = 0; i < 50; ++i) few += "a:b\r\n";
  std::size_t said = 0;
  for (; said < 100'000 && !patient.is_put_out(); said += few.size()) {
    patient.say(few);
    std::this_thread::sleep_for(1ms);
  }
  CHECK(said < 100'000);
  v.check_unharmed();
}

TEST_CASE("120 connections with a header each half second make no thread, though there is room for none") {
  victim v;
  leave_room_of(v, 48u << 20); // less than the stacks of six threads
  auto slow = crowd(v, 120);
  for (auto& s : slow) s.say("GET /health HTTP/1.1\r\n");
  until_all_are_out(v, slow, "X-Slow: 1\r\n", 8s);
  v.check_unharmed();
}

TEST_CASE("500 idle connections keep nobody waiting, and are gone after their time") {
  victim v;
  auto idle = crowd(v, 500);
  until_all_are_out(v, idle, "", 8s);
  CHECK(within(std::chrono::seconds{3}, [&] { return v.now().descriptors <= v.before.descriptors + 2; }));
  v.check_unharmed();
}

TEST_CASE("with no descriptors left the port neither spins nor goes deaf") {
  victim v;
  leave_descriptors(v, 20);
  const auto cpu = cpu_seconds(v);
  auto slow = crowd(v, 300);
  for (auto& s : slow) s.say("GET /health HTTP/1.1\r\n");
  for (int i = 0; i < 12; ++i) {
    check_neighbour(v, 3s);
    std::this_thread::sleep_for(200ms);
  }
  CHECK(cpu_seconds(v) - cpu < 1);
  slow.clear();
  check_neighbour(v);
  v.check_unharmed();
}

TEST_CASE("who sends a body without a secret is not listened to, fast or slow") {
  victim v{all_paths_on};
  auto all = crowd(v, 200);
  for (auto& s : all)
    s.say("POST /telegram/webhook HTTP/1.1\r\nHost: a\r\nX-Telegram-Bot-Api-Secret-Token: guessed\r\n"
          "Content-Length: 1000000\r\n\r\n");
  for (auto& s : all) CHECK(s.status_within(1s) == 403);
  until_all_are_out(v, all, "a", 3s);
  v.check_unharmed();
}

TEST_CASE("what is no HTTP, half a conversation, and many requests at once are answered or ended in order") {
  victim v;
  stranger tls{v.web};
  tls.say(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11} + std::string(501, '\x7f'));
  CHECK(within(std::chrono::seconds{2}, [&] { return tls.is_put_out(); }));
  stranger half{v.web};
  half.say("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  half.say_no_more();
  CHECK(half.status_within(1s) == 200);
  stranger gone{v.web};
  gone.say("GET /hea");
  gone.say_no_more();
  CHECK(within(std::chrono::seconds{2}, [&] { return gone.is_put_out(); }));
  stranger many{v.web};
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
  many.say(requests);
  CHECK(within(std::chrono::seconds{2}, [&] { return many.answers() == 50; }));
  v.check_unharmed();
}
