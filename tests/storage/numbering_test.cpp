/// Telegram's numbers begin anew after silence, and another bot has others: no update is swallowed, none is
/// handled twice.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <fstream>
#include <iterator>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;
using list = std::vector<incoming_update>;

namespace {

std::int64_t offset(const bench& b) { return b.read().load_open_work().next_offset; }
std::vector<std::string> open_updates(const bench& b) {
  std::vector<std::string> texts;
  for (auto& u : b.read().load_open_work().updates) texts.push_back(u.json);
  return texts;
}
void finish(bench& b, const incoming_update& u) {
  auto t = b.turn_of(u.user_id);
  t.update_id = u.update_id;
  b.apply(t);
}

} // namespace

TEST_CASE("the next offset is behind the last of the batch, also when that is lower") {
  bench b;
  CHECK(b.apply(list{{700000001, ann, "/start"}}, b.now).size() == 1);
  CHECK(offset(b) == 700000002);
  CHECK(b.apply(list{{117314199, ann, "/help"}}, b.now).size() == 1);
  CHECK(offset(b) == 117314200);
  b.reopen();
  CHECK(offset(b) == 117314200);
  CHECK(open_updates(b) == std::vector<std::string>{"/start", "/help"}); // in the order they came
}

TEST_CASE("a death between storing and confirming doubles nothing when the numbers began anew") {
  bench b;
  const list batch{{700000001, ann, "/start"}, {117314199, ann, "/help"}};
  CHECK(b.apply(batch, b.now).size() == 2);
  for (int i = 0; i < 3; ++i) {
    b.reopen();
    CHECK(b.apply(batch, b.now).empty());
    CHECK(offset(b) == 117314200);
  }
  CHECK(b.apply(list{{117314199, ann, "/help"}, {117314200, bob, "/buy"}}, b.now).size() == 1);
  CHECK(open_updates(b).size() == 3);
}

TEST_CASE("a number that is used again for another update is not taken for the old one") {
  bench b;
  const auto first = b.apply(list{{5, ann, "a cat"}}, b.now);
  SECTION("which is handled") { finish(b, first.at(0)); }
  SECTION("which is still in work") {}
  const auto second = b.apply(list{{5, ann, "a dog"}}, b.now + 8 * day_ms);
  REQUIRE(second.size() == 1);
  CHECK(second[0].update_id != first[0].update_id);
  CHECK(b.apply(list{{5, ann, "a dog"}}, b.now + 8 * day_ms).empty());
  finish(b, second[0]);
  CHECK(b.apply(list{{5, ann, "a dog"}, {6, ann, "a fox"}}, b.now + 8 * day_ms).size() == 1);
}

TEST_CASE("after a week of silence each update has a number that never was, also where the old ones are "
          "forgotten") {
  bench b;
  const auto first = b.apply(list{{700, ann, "a"}}, b.now).at(0).update_id;
  finish(b, {first, ann, "a"});
  b.apply(list{{3, bob, "b"}}, b.now + 8 * day_ms); // old ones are pruned
  const auto again = b.apply(list{{700, ann, "a"}}, b.now + 8 * day_ms);
  REQUIRE(again.size() == 1);
  CHECK(again[0].update_id > first);
}

TEST_CASE(
    "posts that overtake each other are all kept, and the offset of polling does not pass those that wait") {
  bench b;
  b.apply(list{{90, ann, "polled"}}, b.now);
  CHECK(b.apply(list{{105, ann, "later"}}, b.now, true).size() == 1);
  CHECK(b.apply(list{{104, ann, "earlier"}}, b.now, true).size() == 1);
  CHECK(b.apply(list{{105, ann, "later"}}, b.now, true).empty());
  CHECK(offset(b) == 91);
}

TEST_CASE("another bot on the same book has numbers and an offset of its own, and each keeps its own") {
  bench b;
  b.apply(list{{700000001, ann, "to no known bot"}}, b.now); // of a program that did not tell bots apart
  CHECK(b.s->serve_bot(111) == 0);
  CHECK(offset(b) == 700000002);
  CHECK(b.apply(list{{700000001, ann, "to no known bot"}}, b.now).empty());
  CHECK(b.s->serve_bot(222) == 111);
  CHECK(offset(b) == 0);
  CHECK(b.apply(list{{700000001, ann, "to no known bot"}}, b.now).size() ==
        1); // the same words to another bot
  CHECK(b.apply(list{{700000002, bob, "to the second"}}, b.now).size() == 1);
  b.reopen();
  CHECK(b.s->serve_bot(222) == 111); // nobody has been told: that start failed
  store_notice told;
  told.name = "news:another_bot";
  b.apply(told);
  CHECK(b.s->serve_bot(222) == 0);
  CHECK(offset(b) == 700000003);
  CHECK(b.s->serve_bot(111) == 222);
  CHECK(offset(b) == 700000002);
  CHECK(b.apply(list{{700000001, ann, "to no known bot"}}, b.now).empty());
  CHECK(b.apply(list{{700000002, bob, "to the first"}}, b.now).size() == 1);
  CHECK(open_updates(b).size() == 4);
}

TEST_CASE("old updates are pruned, however their numbers jump") {
  bench b;
  unix_ms at = b.now;
  for (int week = 0; week < 5; ++week) {
    for (int i = 0; i < 700; ++i)
      b.apply(list{{(5 - week) * 1'000'000 + i, 0, "w" + std::to_string(week)}}, at);
    for (int i = 0; i < 10; ++i) b.apply(list{}, at += 27 * 3'600'000ll); // as time goes by
  }
  CHECK(SQLite::Database(b.file.path()).execAndGet("SELECT count(*) FROM inbox").getInt() == 0);
}

TEST_CASE("a rolled back batch leaves the numbers as they were") {
  bench b;
  b.apply(list{{50, ann, "a"}}, b.now);
  b.s->begin();
  CHECK(b.s->apply(list{{7, ann, "b"}}, b.now).size() == 1);
  b.s->rollback();
  CHECK(offset(b) == 51);
  const auto fresh = b.apply(list{{51, ann, "c"}}, b.now);
  CHECK(fresh.at(0).update_id == 51);
}

TEST_CASE("a lane is stored by its name, and the numbers of older files are read as they were meant") {
  temporary_file file;
  const std::vector<std::string> meant{"answer", "money",    "result",    "reply",
                                       "status", "progress", "broadcast", "paid_broadcast"};
  {
    SQLite::Database old{file.path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    std::ifstream first{TROUPE_SOURCE_DIR "/tests/storage/version_1.sql"};
    old.exec(std::string{std::istreambuf_iterator<char>{first}, {}});
    old.exec("DELETE FROM outbox");
    for (std::size_t i = 0; i < meant.size(); ++i)
      old.exec("INSERT INTO outbox(chat_id, urgency, method, params, slot, job_id, uploads) VALUES(1, " +
               std::to_string(i) + ", 'sendMessage', '{}', '', 0, '[]')");
  }
  const store migrated{file.path()};
  const auto messages = reader{file.path()}.load_open_work().messages;
  REQUIRE(messages.size() == meant.size());
  for (std::size_t i = 0; i < meant.size(); ++i) CHECK(name_of(messages[i].urgency) == meant[i]);
}
