/// The rules that say who goes next, told the time: no actor in them.
#include "actors/courier_queue.hpp"
#include "actors/fair_queue.hpp"
#include "tests/catch.hpp"
#include <algorithm>
#include <map>
#include <random>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using at = courier_queue::clock::time_point;
constexpr at start{1h};

outgoing say(std::int64_t chat, const std::string& text, lane urgency = lane::reply,
             const std::string& slot = "") {
  outgoing m;
  m.chat_id = chat;
  m.urgency = urgency;
  m.method = "sendMessage";
  m.params = text;
  m.slot = slot;
  return m;
}

/// A queue and a clock of its own.
struct desk {
  courier_queue queue{courier_limits{}};
  at now = start;

  void push(outgoing m) { queue.push(std::move(m), now); }
  /// The text of the next message; "" when none may go now. It stays under way.
  std::string take() {
    auto m = queue.next(now);
    if (!m) return "";
    last = *m;
    return m->params;
  }
  /// Sent and answered at once.
  std::string send() {
    auto text = take();
    if (!text.empty()) queue.finish(last, now);
    return text;
  }
  std::vector<std::string> send_all() {
    std::vector<std::string> sent;
    for (auto text = send(); !text.empty(); text = send()) sent.push_back(text);
    return sent;
  }
  outgoing last;
};

using texts = std::vector<std::string>;

job job_of(std::int64_t user, std::int64_t id, unix_ms not_before = 0) {
  job j;
  j.user_id = user;
  j.job_id = id;
  j.not_before = not_before;
  return j;
}

} // namespace

TEST_CASE("messages of one chat keep their order, whatever their urgency, but money passes what else waits") {
  desk d;
  d.push(say(1, "a"));
  d.push(say(1, "b", lane::result));
  d.push(say(1, "paid", lane::money));
  d.push(say(1, "c"));
  d.push(say(1, "refunded", lane::money));
  CHECK(d.queue.size() == 5);
  d.now += 1s;
  CHECK(d.send_all() == texts{"paid", "refunded", "a", "b"});
  d.now += 1s;
  CHECK(d.send_all() == texts{"c"});
  CHECK(d.queue.size() == 0);
}

TEST_CASE("thirty answers wait, somebody pays: \"paid\" is the next thing he hears") {
  desk d;
  for (int i = 0; i < 30; ++i) d.push(say(1, std::to_string(i)));
  CHECK(d.send_all().size() == 4);
  d.push(say(1, "paid", lane::money, "paid:1"));
  CHECK(d.send_all().empty()); // the chat's own limit holds for money too
  d.now += 1s;
  CHECK(d.send_all() == texts{"paid"});
  d.now += 1s;
  CHECK(d.send_all() == texts{"4"});
}

TEST_CASE("what writes to the same message is never passed: money takes it along") {
  desk d;
  d.push(say(1, "a"));
  d.push(say(1, "accepted", lane::status, "order:1"));
  d.push(say(1, "b"));
  d.push(say(1, "failed, refunded", lane::money, "order:1"));
  CHECK(d.send_all() == texts{"accepted", "failed, refunded", "a", "b"});
  d.now += 10s;
  auto home = say(1, "home", lane::reply);
  home.topic = "edit:17"; // a press on the message with the link, which now becomes the menu
  auto paid = say(1, "paid", lane::money, "pay:1");
  paid.slot_message_id = 17;
  d.push(say(1, "x")), d.push(home), d.push(paid);
  CHECK(d.send_all() == texts{"home", "paid", "x"});
}

TEST_CASE("money that was refused for now stays first, and a refused answer does not hold it up") {
  desk d;
  d.push(say(1, "a"));
  CHECK(d.take() == "a");
  d.push(say(1, "paid", lane::money));
  d.queue.retry(d.last, d.now, 2s);
  d.now += 2s;
  CHECK(d.take() == "paid");
  d.queue.retry(d.last, d.now, 2s);
  d.push(say(1, "refunded", lane::money));
  d.now += 2s;
  CHECK(d.send_all() == texts{"paid", "refunded", "a"});
}

TEST_CASE("a waiting screen is outdated by a newer one of its topic, and nothing else is") {
  desk d;
  const auto screen = [](const std::string& text, const std::string& topic) {
    auto m = say(1, text);
    m.topic = topic;
    return m;
  };
  for (int i = 0; i < 4; ++i) d.push(say(1, "burst"));
  CHECK(d.send_all().size() == 4);
  d.push(screen("card of a cat", "screen:card"));
  d.push(say(1, "balance"));
  d.push(screen("menu", "screen:home"));
  auto kept = screen("in a slot", "screen:card");
  kept.slot = "order:1";
  CHECK(d.queue.push(kept, d.now).empty());
  auto other = screen("somebody else's", "screen:card");
  other.chat_id = 2;
  CHECK(d.queue.push(other, d.now).empty());
  const auto gone = d.queue.push(screen("card of a dog", "screen:card"), d.now);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].params == "card of a cat");
  CHECK(d.queue.waiting(lane::reply) == 5);
  d.now += 10s;
  CHECK(d.send_all() == texts{"somebody else's", "balance", "menu", "in a slot", "card of a dog"});
  CHECK(d.queue.size() == 0);
}

TEST_CASE(
    "whatever is pushed, money waits for money and for its own message only, and all else keeps its order") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937 dice{seed};
    courier_queue q{{10'000, 10'000, 0, 10'000, 10'000}};
    std::vector<outgoing> pushed;
    for (int i = 0; i < 12; ++i) {
      const bool money = dice() % 3 == 0;
      auto m = say(1, std::to_string(i),
                   money        ? lane::money
                   : dice() % 2 ? lane::reply
                                : lane::result,
                   dice() % 2 ? "s" + std::to_string(dice() % 3) : "");
      pushed.push_back(m);
      q.push(m, start);
    }
    std::vector<outgoing> sent;
    while (auto m = q.next(start)) sent.push_back(*m), q.finish(*m, start);
    REQUIRE(sent.size() == pushed.size());
    const auto place = [&](const outgoing& m) {
      return std::find_if(sent.begin(), sent.end(), [&](auto& x) { return x.params == m.params; }) -
             sent.begin();
    };
    for (std::size_t i = 0; i < pushed.size(); ++i)
      for (std::size_t j = i + 1; j < pushed.size(); ++j) {
        const auto &a = pushed[i], &b = pushed[j];
        const bool same_slot = !a.slot.empty() && a.slot == b.slot;
        const bool both_money = a.urgency == lane::money && b.urgency == lane::money;
        if (same_slot || both_money) CHECK(place(a) < place(b));
        if (a.urgency == lane::money && b.urgency != lane::money && b.slot.empty())
          CHECK(place(a) < place(b));
        if (a.slot.empty() && b.slot.empty() && a.urgency != lane::money && b.urgency != lane::money)
          CHECK(place(a) < place(b));
        if (a.urgency != lane::money && a.slot.empty() && b.urgency == lane::money)
          CHECK(place(b) < place(a));
      }
  }
}

TEST_CASE("a chat that an earlier engine was told to leave alone is left alone") {
  desk d;
  d.queue.hold(1, d.now, 60s);
  d.push(say(1, "a"));
  d.push(say(2, "b"));
  CHECK(d.send_all() == texts{"b"});
  CHECK(d.queue.next_at() == d.now + 60s);
  d.now += 60s;
  CHECK(d.send_all() == texts{"a"});
}

TEST_CASE("what waits is counted by lane, wherever it comes from and goes") {
  desk d;
  const auto waits = [&](lane l) { return d.queue.waiting(l); };
  d.push(say(1, "a"));
  d.push(say(1, "b", lane::broadcast));
  d.push(say(2, "toast", lane::answer));
  d.push(say(3, "10 %", lane::progress, "order:1"));
  d.push(say(3, "20 %", lane::progress, "order:1"));
  CHECK(waits(lane::progress) == 1);
  CHECK(waits(lane::answer) == 1);
  CHECK(waits(lane::reply) == 1);
  CHECK(d.queue.size() == 4);
  d.push(say(3, "done", lane::result, "order:1")); // the bar is stale
  CHECK(waits(lane::progress) == 0);
  CHECK(d.take() == "toast");
  CHECK(waits(lane::answer) == 0);
  CHECK(d.take() == "done");
  CHECK(waits(lane::result) == 0);
  d.queue.retry(d.last, d.now, 1s);
  CHECK(waits(lane::result) == 1);
  CHECK(waits(lane::broadcast) == 1);
  d.queue.withdraw(0);
  CHECK(d.queue.size() == 0);
}

TEST_CASE("one chat has one message under way") {
  desk d;
  d.push(say(1, "a"));
  d.push(say(1, "b"));
  CHECK(d.take() == "a");
  auto first = d.last;
  CHECK(d.take() == "");
  CHECK_FALSE(d.queue.next_at());
  d.queue.finish(first, d.now);
  CHECK(d.take() == "b");
}

TEST_CASE("the chat with the most urgent message goes first") {
  desk d;
  d.push(say(1, "news", lane::broadcast));
  d.push(say(2, "bar", lane::progress, "job/1"));
  d.push(say(6, "accepted", lane::status, "job/2"));
  d.push(say(3, "reply"));
  d.push(say(4, "result", lane::result));
  d.push(say(5, "refund", lane::money));
  CHECK(d.send_all() == texts{"refund", "result", "reply", "accepted", "bar", "news"});
}

TEST_CASE("an urgent message pulls its whole chat forward, and money passes its own chat too") {
  desk d;
  d.push(say(1, "reply 1"));
  d.push(say(2, "reply 2"));
  d.push(say(2, "video 2", lane::result));
  CHECK(d.send_all() == texts{"reply 2", "video 2", "reply 1"});
  d.push(say(3, "reply 3"));
  d.push(say(4, "reply 4"));
  d.push(say(4, "refund 4", lane::money));
  CHECK(d.send_all() == texts{"refund 4", "reply 3", "reply 4"});
}

TEST_CASE("of the progress of a slot only the newest is sent") {
  desk d;
  d.push(say(1, "10 %", lane::progress, "job/1"));
  d.push(say(1, "other 10 %", lane::progress, "job/2"));
  d.push(say(1, "20 %", lane::progress, "job/1"));
  CHECK(d.queue.size() == 2);
  CHECK(d.send_all() == texts{"other 10 %", "20 %"});
}

TEST_CASE("progress never outlives the final text of its slot") {
  desk d;
  d.push(say(1, "90 %", lane::progress, "job/1"));
  d.push(say(1, "ready", lane::result, "job/1"));
  CHECK(d.queue.size() == 1);
  CHECK(d.send_all() == texts{"ready"});
}

TEST_CASE("a final text is never dropped for a newer one") {
  desk d;
  d.push(say(1, "accepted", lane::reply, "job/1"));
  d.push(say(1, "ready", lane::result, "job/1"));
  CHECK(d.send_all() == texts{"accepted", "ready"});
}

TEST_CASE("paid broadcasts have a budget of their own and go after all others") {
  desk d;
  d.queue = courier_queue{{250, 28, 1000, 1, 4}};
  for (int i = 0; i < 50; ++i) d.push(say(100 + i, "paid", lane::paid_broadcast));
  for (int i = 0; i < 7; ++i) d.push(say(1 + i, "bulk", lane::broadcast));
  const auto sent = d.send_all();
  REQUIRE(sent.size() == 7 + 50); // bursts: a quarter of a second of the one, a twentieth of the other
  CHECK(sent[6] == "bulk");
  CHECK(sent[7] == "paid");
}

TEST_CASE("of two broadcasts neither waits for the other, whatever the numbers of its chats") {
  desk d;
  std::map<std::string, int> sent;
  std::map<std::string, std::int64_t> chats{{"low", 0}, {"high", 1'000'000}};
  const auto post = [&](const std::string& which) { d.push(say(++chats.at(which), which, lane::broadcast)); };
  for (int i = 0; i < 8; ++i) post("low"), post("high");
  for (int i = 0; i < 200; ++i, d.now += 36ms)
    if (const auto which = d.send(); !which.empty()) ++sent[which], post(which);
  CHECK(sent["low"] + sent["high"] >= 190);
  CHECK(std::abs(sent["low"] - sent["high"]) <= 8); // the first eight of each came at the same moment
}

TEST_CASE("without a free sender for bulk only what users wait for goes") {
  desk d;
  d.push(say(1, "news", lane::broadcast));
  d.push(say(2, "paid news", lane::paid_broadcast));
  d.push(say(3, "reply"));
  CHECK(d.queue.next(d.now, false)->params == "reply");
  CHECK_FALSE(d.queue.next(d.now, false));
  CHECK_FALSE(d.queue.next_at(false));
  CHECK(d.queue.next(d.now)->params == "news");
}

TEST_CASE("a recalled broadcast leaves only what is under way") {
  desk d;
  auto of = [](std::int64_t chat, std::int64_t id) {
    auto m = say(chat, "news " + std::to_string(id), lane::broadcast);
    m.broadcast_id = id;
    return m;
  };
  d.push(of(1, 7)), d.push(of(2, 7)), d.push(of(1, 8)), d.push(say(3, "reply"));
  CHECK(d.send() == "reply");
  CHECK(d.take() == "news 7");
  CHECK(d.queue.withdraw(7).size() == 1);
  CHECK(d.queue.size() == 1);
  d.queue.finish(d.last, d.now);
  CHECK(d.send() == "news 8");
}

TEST_CASE("after a stop a budget is a third slower, and recovers with what is sent") {
  send_budget b{1, 20ms};
  auto now = start;
  const auto pause = [&] {
    b.spend(now);
    return b.free_at() - std::exchange(now, b.free_at());
  };
  CHECK(pause() == 20ms);
  b.slow_down();
  CHECK(pause() == 30ms);
  for (int i = 0; i < 500; ++i) pause();
  CHECK(pause() < 25ms);
  CHECK(pause() > 20ms);
  for (int i = 0; i < 20; ++i) b.slow_down();
  CHECK(pause() == 160ms);
}

TEST_CASE("after the burst a chat hears one message per second") {
  desk d;
  for (int i = 0; i < 7; ++i) d.push(say(1, std::to_string(i)));
  CHECK(d.send_all() == texts{"0", "1", "2", "3"});
  for (auto next : {"4", "5", "6"}) {
    REQUIRE(d.queue.next_at());
    CHECK(*d.queue.next_at() == d.now + 1s);
    d.now += 1s - 1ns;
    CHECK(d.send_all().empty());
    d.now += 1ns;
    CHECK(d.send_all() == texts{next});
  }
}

TEST_CASE("a chat at its limit holds up nobody else") {
  desk d;
  for (int i = 0; i < 9; ++i) d.push(say(1, "one"));
  d.send_all();
  d.push(say(2, "two"));
  CHECK(d.send_all() == texts{"two"});
}

TEST_CASE("a retried message keeps its place in the order") {
  desk d;
  d.push(say(1, "a"));
  d.push(say(1, "b"));
  CHECK(d.take() == "a");
  d.queue.retry(d.last, d.now, 2s);
  d.push(say(1, "c"));
  CHECK(d.queue.size() == 3);
  CHECK(d.take() == "");
  d.now += 2s;
  CHECK(d.send_all() == texts{"a", "b", "c"});
}

TEST_CASE("a flooded chat waits exactly as long as told and the others go on") {
  desk d;
  d.push(say(1, "a"));
  CHECK(d.take() == "a");
  d.queue.flooded(d.last, d.now, 7s);
  d.push(say(2, "other"));
  d.push(say(3, "bar", lane::progress, "job/1"));
  CHECK(d.send_all() == texts{"other", "bar"});
  CHECK(d.queue.next_at() == d.now + 7s);
  d.now += 7s - 1ns;
  CHECK(d.take() == "");
  d.now += 1ns;
  CHECK(d.send() == "a");
}

TEST_CASE("a flooded bar goes, and its chat is silent all the same") {
  desk d;
  d.push(say(1, "bar", lane::progress, "job/1"));
  CHECK(d.take() == "bar");
  d.queue.hush(d.last, d.now, 7s);
  d.push(say(1, "a"));
  d.now += 7s - 1ns;
  CHECK(d.take() == "");
  d.now += 1ns;
  CHECK(d.send() == "a");
  CHECK(d.queue.size() == 0);
}

TEST_CASE("a flooded answer to a button waits as long as told, and nobody else with it") {
  desk d;
  d.push(say(1, "toast", lane::answer));
  CHECK(d.take() == "toast");
  d.queue.retry(d.last, d.now, 7s);
  d.push(say(1, "next toast", lane::answer));
  d.push(say(1, "a"));
  CHECK(d.send_all() == texts{"next toast", "a"});
  CHECK(d.queue.waiting(lane::answer) == 1);
  CHECK(d.queue.next_at() == d.now + 7s);
  d.now += 7s - 1ns;
  CHECK(d.take() == "");
  d.now += 1ns;
  CHECK(d.send() == "toast");
  CHECK(d.queue.size() == 0);
}

TEST_CASE("an answer to a button that is not worth another try leaves no silence") {
  desk d;
  d.push(say(1, "toast", lane::answer));
  CHECK(d.take() == "toast");
  d.queue.hush(d.last, d.now, 7s);
  d.push(say(1, "next toast", lane::answer));
  CHECK(d.send() == "next toast");
}

TEST_CASE("three flooded chats within a second stop the bulk lanes only") {
  desk d;
  for (std::int64_t chat : {1, 2, 3}) d.push(say(chat, "x"));
  std::vector<outgoing> sent;
  while (!d.take().empty()) sent.push_back(d.last);
  REQUIRE(sent.size() == 3);
  d.queue.flooded(sent[0], d.now, 5s);
  d.queue.flooded(sent[1], d.now, 5s);
  d.push(say(8, "bar 1", lane::progress, "job/1"));
  CHECK(d.send() == "bar 1"); // two are no storm yet
  d.queue.flooded(sent[2], d.now, 5s);
  d.push(say(8, "bar 2", lane::progress, "job/1"));
  d.push(say(9, "reply"));
  d.push(say(1, "toast", lane::answer));
  CHECK(d.send_all() == texts{"toast", "reply"});
  d.now += 5s - 1ns;
  CHECK(d.send_all().empty());
  d.now += 1ns;
  CHECK(d.send_all() == texts{"x", "x", "x"}); // live ones count against bulk
  d.now += 214ms; // four sends at two thirds of 28 a second; at the full rate it were 143 ms
  CHECK(d.send_all().empty());
  d.now += 1ms;
  CHECK(d.send_all() == texts{"bar 2"});
}

TEST_CASE("answers to buttons wait for nothing") {
  desk d;
  for (int i = 0; i < 5; ++i) d.push(say(1, "m"));
  CHECK(d.send_all().size() == 4); // the chat's burst is spent
  for (int i = 0; i < 500; ++i) d.push(say(1, "toast", lane::answer));
  CHECK(d.send_all() == texts(500, "toast"));
}

TEST_CASE("bulk takes what live messages leave") {
  desk d;
  for (int i = 0; i < 100; ++i) d.push(say(100 + i, "news", lane::broadcast));
  CHECK(d.send_all() == texts(7, "news")); // a quarter of a second's budget at once
  std::size_t sent = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    d.now += 1ms;
    sent += d.send_all().size();
  }
  CHECK(sent >= 27);
  CHECK(sent <= 28);
}

TEST_CASE("a pack of a hundred delays a newcomer by one turn") {
  fair_queue q;
  for (int i = 0; i < 100; ++i) q.push(job_of(1, i), 0);
  CHECK(q.next(0)->job_id == 0);
  q.push(job_of(2, 500), 0);
  CHECK(q.size() == 100);
  CHECK(q.next(0)->job_id == 1);
  CHECK(q.next(0)->job_id == 500);
  for (int i = 2; i < 100; ++i) CHECK(q.next(0)->job_id == i);
  CHECK_FALSE(q.next(0));
  CHECK(q.size() == 0);
}

TEST_CASE("a postponed job comes at its time and not before") {
  fair_queue q;
  q.push(job_of(1, 1, 10'000), 500);
  q.push(job_of(1, 2, 9'000), 500);
  CHECK(q.size() == 2);
  CHECK(q.next_at() == 9'000);
  CHECK_FALSE(q.next(8'999));
  CHECK(q.next(9'000)->job_id == 2);
  CHECK(q.next_at() == 10'000);
  CHECK_FALSE(q.next(9'999));
  CHECK(q.next(10'000)->job_id == 1);
  CHECK_FALSE(q.next_at());
}

TEST_CASE("at most eighteen submits in any ten seconds") {
  sliding_window w{18, 10'000};
  std::vector<unix_ms> sent;
  for (unix_ms now = 1'000'000; now < 1'060'000; now += 37)
    while (w.wait(now) == 0) w.spend(now), sent.push_back(now);
  CHECK(sent.size() >= 18 * 5);
  for (std::size_t i = 18; i < sent.size(); ++i) CHECK(sent[i] - sent[i - 18] >= 10'000);
}

TEST_CASE("the window says exactly how long to wait") {
  sliding_window w{2, 10'000};
  w.spend(100), w.spend(300);
  CHECK(w.wait(300) == 9'800);
  CHECK(w.wait(10'099) == 1);
  CHECK(w.wait(10'100) == 0);
  w.spend(10'100);
  CHECK(w.wait(10'100) == 200);
}
