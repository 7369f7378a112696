#include "tests/catch.hpp"
#include "storage/files.hpp"
#include "tests/storage/fixtures.hpp"
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

TEST_CASE("registration grants its gifts once") {
  bench b;
  const auto first = b.enrol(ann, 3);
  CHECK(first.registered);
  CHECK(first.rank == role::none);
  CHECK(first.balance == 3);
  CHECK(b.enrol(ann, 50).balance == 3);
  CHECK(b.read().load_account(ann).language == "ru");
  CHECK(b.faults().empty());
}

TEST_CASE("the founder has credits of his own, and no right by them") {
  bench b;
  const auto founder = b.enrol(founder_user_id, 3);
  CHECK(founder.rank == role::none);
  CHECK(founder.balance == 1003);
  CHECK(b.enrol(founder_user_id, 3).balance == 1003);
}

TEST_CASE("an unknown user has an empty account") {
  bench b;
  const auto a = b.read().load_account(5);
  CHECK_FALSE(a.registered);
  CHECK(a.balance == 0);
  CHECK(b.read().load_job(5).job_id == 0);
}

TEST_CASE("updates are kept in order, repeats are dropped and the offset moves") {
  bench b;
  using list = std::vector<incoming_update>;
  const auto fresh = b.apply(list{{10, ann, "a"}, {11, 0, "nobody"}, {12, bob, "c"}}, b.now);
  REQUIRE(fresh.size() == 2);
  CHECK(fresh[1].update_id == 12);
  CHECK(b.apply(list{{12, bob, "c"}, {13, ann, "d"}}, b.now).size() == 1);
  auto work = b.read().load_open_work();
  CHECK(work.next_offset == 14);
  CHECK(work.updates.size() == 3);
  auto t = b.turn_of(ann);
  t.update_id = 10;
  b.apply(t);
  CHECK(b.read().load_open_work().updates.size() == 2);
  CHECK(b.read().load_account(ann).state == t.state);
}

TEST_CASE("an update that is new comes with its user's account, as it is then") {
  bench b;
  using list = std::vector<incoming_update>;
  CHECK_FALSE(b.apply(list{{10, ann, "a"}}, b.now)[0].who->registered);
  auto t = b.turn_of(ann);
  t.update_id = 10;
  b.apply(t);
  const auto fresh = b.apply(list{{11, ann, "b"}}, b.now);
  REQUIRE(fresh[0].who);
  CHECK(fresh[0].who->user_id == ann);
  CHECK(fresh[0].who->state == t.state);
}

TEST_CASE("old finished updates are pruned, unfinished ones stay, the offset too") {
  bench b;
  using list = std::vector<incoming_update>;
  b.apply(list{{10, ann, "a"}, {11, 0, "nobody"}}, b.now);
  b.apply(list{}, b.now + 27 * 3'600'000ll);
  CHECK(SQLite::Database(b.file.path()).execAndGet("SELECT count(*) FROM inbox").getInt() == 1);
  CHECK(b.read().load_open_work().next_offset == 12);
  CHECK(b.read().load_open_work().updates.size() == 1);
}

TEST_CASE("a turn happens once") {
  bench b;
  auto t = b.turn_of(ann, {message(ann)});
  b.apply(t);
  CHECK(b.s->take_outgoing().size() == 1);
  t.state = "other";
  b.apply(t);
  CHECK(b.s->take_outgoing().empty());
  CHECK(b.read().load_account(ann).state != "other");
  CHECK(b.read().load_open_work().messages.size() == 1);
}

TEST_CASE("answers and progress are announced but not stored, and the order is kept") {
  bench b;
  b.apply(b.turn_of(ann, {message(ann, lane::progress), message(ann), message(ann, lane::answer),
                          message(ann, lane::money)}));
  const auto sent = b.s->take_outgoing();
  REQUIRE(sent.size() == 4);
  CHECK(sent[0].outbox_id == 0);
  CHECK(sent[1].outbox_id != 0);
  CHECK(sent[2].outbox_id == 0);
  CHECK(sent[3].outbox_id > sent[1].outbox_id);
  CHECK(b.read().load_open_work().messages.size() == 2);
}

TEST_CASE("a slot remembers its message") {
  bench b;
  b.apply(b.turn_of(ann, {message(ann, lane::reply, "menu")}));
  const auto first = b.s->take_outgoing().at(0);
  CHECK(first.slot_message_id == 0);
  b.apply(delivered(first, 55));
  b.apply(b.turn_of(ann, {message(ann, lane::reply, "menu"), message(bob, lane::reply, "menu")}));
  const auto next = b.s->take_outgoing();
  CHECK(next.at(0).slot_message_id == 55);
  CHECK(next.at(1).slot_message_id == 0);
  b.reopen();
  CHECK(b.read().load_open_work().messages.at(0).slot_message_id == 55);
  b.apply(delivered(next[0], 60));
  b.apply(delivered(first, 55)); // A late repeat must not move the slot back.
  b.apply(b.turn_of(ann, {message(ann, lane::progress, "menu")}));
  CHECK(b.s->take_outgoing().at(0).slot_message_id == 60);
}

TEST_CASE("messages to a user who left are parked and sent again when he is back") {
  bench b;
  const auto id = b.one_job();
  b.walk(id, job_state::submitting, job_state::processing, job_state::fetching);
  job_step st;
  st.job_id = id;
  st.at = b.now;
  st.to = job_state::delivering;
  st.messages = {message(ann, lane::result)};
  st.messages[0].job_id = id;
  b.apply(st);
  const auto sent = b.s->take_outgoing().at(0);
  delivery_report gone;
  gone.outbox_id = sent.outbox_id;
  gone.chat_gone = true;
  gone.why = "blocked";
  b.apply(gone);
  CHECK(b.read().load_open_work().messages.empty());
  CHECK(b.read().load_job(id).state == job_state::delivering);

  b.reopen();
  auto t = b.turn_of(ann, {message(ann)});
  t.user_is_back = true;
  b.apply(t);
  const auto again = b.s->take_outgoing();
  REQUIRE(again.size() == 2);
  CHECK(again[0].outbox_id == sent.outbox_id);
  CHECK(again[0].job_id == id);
  b.apply(delivered(again[0]));
  CHECK(b.read().load_job(id).state == job_state::completed);
  CHECK(b.faults().empty());
}

namespace {

/// The step to `delivering` as a generation takes it: the video now, the rest when it has come.
job_step handing_over(bench& b, std::int64_t id) {
  job_step s;
  s.job_id = id, s.at = ++b.now, s.to = job_state::delivering;
  s.file_path = "/files/a.mp4", s.sha256 = "ab";
  s.messages = {message(ann, lane::result)};
  s.messages[0].job_id = id;
  s.messages[0].uploads = {{"video", "/files/a.mp4", "video/mp4", "ab"}};
  s.afterwards = {message(ann, lane::result, "order:1"), message(ann, lane::result)};
  return s;
}

delivery_report refusal_of(const outgoing& m, const std::string& why) {
  delivery_report r;
  r.outbox_id = m.outbox_id;
  r.at = 5;
  r.why = why;
  return r;
}

} // namespace

TEST_CASE("what follows a video is said when Telegram has it, and not before") {
  bench b;
  const auto id = b.one_job();
  b.walk(id, job_state::submitting, job_state::processing, job_state::fetching);
  b.s->take_outgoing();
  b.apply(handing_over(b, id));
  const auto film = b.s->take_outgoing();
  REQUIRE(film.size() == 1);
  CHECK(film[0].uploads.at(0).sha256 == "ab");
  b.reopen();
  REQUIRE(b.read().load_open_work().messages.size() == 1);
  CHECK(b.read().load_open_work().messages[0].uploads.at(0).sha256 == "ab");
  b.apply(delivered(film[0]));
  CHECK(b.s->take_outgoing().size() == 2);
  CHECK(b.read().load_job(id).state == job_state::completed);
  CHECK(b.read().load_open_work().messages.size() == 2);
  CHECK(b.faults().empty());
}

TEST_CASE("a video that cannot be handed over goes back to be fetched, given up in the end its credits "
          "return, once") {
  bench b;
  const auto id = b.one_job();
  b.walk(id, job_state::submitting, job_state::processing, job_state::fetching);
  b.s->take_outgoing(), b.s->take_new_jobs();
  b.apply(handing_over(b, id));
  const auto spent = b.read().load_account(ann);
  const auto refused = refusal_of(b.s->take_outgoing().at(0), "file too big");
  b.apply(refused);
  b.apply(refused);
  const auto back = b.s->take_new_jobs();
  REQUIRE(back.size() == 1); // whoever works on jobs hears of it
  CHECK(back[0].state == job_state::fetching);
  CHECK(back[0].deliveries == 1);
  CHECK(back[0].fail_text == "file too big");
  CHECK(b.read().load_open_work().messages.empty()); // nothing says that it is ready
  CHECK(b.read().load_account(ann).balance == spent.balance);
  CHECK(b.read().load_account(ann).held == spent.held);
  CHECK(b.faults().empty());
  CHECK_FALSE(
      b.step(id, job_state::processing).changed); // it is paid for: there is no way back to the provider
  SECTION("fetched and taken at last: paid once") {
    b.apply(handing_over(b, id));
    b.apply(delivered(b.s->take_outgoing().at(0)));
    CHECK(b.read().load_job(id).state == job_state::completed);
    CHECK(b.read().load_job(id).fail_text.empty());
    CHECK(b.read().load_account(ann).balance == spent.balance);
  }
  SECTION("given up: the credits are back") {
    job_step s;
    s.job_id = id, s.at = ++b.now, s.to = job_state::failed;
    s.fail_class = "not_delivered", s.fail_text = "file too big";
    s.messages = {message(ann, lane::money)};
    CHECK(b.apply(s).changed);
    CHECK_FALSE(b.apply(s).changed);
    CHECK(b.read().load_job(id).state == job_state::completed);
    CHECK(b.read().load_job(id).fail_text == "file too big");
    CHECK(b.read().load_account(ann).balance == spent.balance + b.read().load_job(id).price);
    CHECK(b.s->take_outgoing().size() == 1);
  }
  CHECK(b.faults().empty());
}

TEST_CASE("an empty language does not forget the known one") {
  bench b;
  b.enrol(ann, 1);
  auto t = b.turn_of(ann);
  t.profile.language.clear();
  t.user_is_gone = true;
  b.apply(t);
  CHECK(b.read().load_account(ann).language == "ru");
}

TEST_CASE("what an administrator has set is kept until it is taken back") {
  bench b;
  auto t = b.turn_of(founder_user_id, {});
  t.settings = {{"paused:kling-2-6", "1"}, {"stopped", "1"}};
  b.apply(t);
  b.reopen();
  CHECK(b.read().load_open_work().settings.size() == 2);
  auto back = b.turn_of(founder_user_id, {});
  back.settings = {{"stopped", ""}};
  b.apply(back);
  const auto left = b.read().load_open_work().settings;
  REQUIRE(left.size() == 1);
  CHECK(left[0].first == "paused:kling-2-6");
}

TEST_CASE("old files of videos are removed, but none that a message still needs and none that is not ours") {
  bench b;
  namespace fs = std::filesystem;
  const auto folder = fs::temp_directory_path() / ("troupe-sweep-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  for (auto name : {"job-1.mp4", "job-2.mp4", "job-3-in.jpg", "notes.txt"}) {
    std::ofstream{folder / name} << "x";
    fs::last_write_time(folder / name, fs::file_time_type::clock::now() - std::chrono::hours{5});
  }
  std::ofstream{folder / "job-4.mp4"} << "new";
  auto film = message(ann, lane::result);
  film.uploads = {{"video", (folder / "job-2.mp4").string(), "video/mp4"}};
  b.apply(b.turn_of(ann, {film}));
  const auto open = b.one_job();
  const auto token = b.read().load_job(open).file_token;
  for (auto& name : {token + "-in.jpg", std::string(32, 'a') + ".mp4"}) {
    std::ofstream{folder / name} << "x";
    fs::last_write_time(folder / name, fs::file_time_type::clock::now() - std::chrono::hours{5});
  }
  CHECK(sweep_files(folder.string(), b.read().needed_files(), 3'600'000) == 3);
  CHECK(fs::exists(folder / (token + "-in.jpg"))); // of a job that is open
  CHECK_FALSE(fs::exists(folder / (std::string(32, 'a') + ".mp4")));
  CHECK_FALSE(fs::exists(folder / "job-1.mp4"));
  CHECK(fs::exists(folder / "job-2.mp4"));
  CHECK_FALSE(fs::exists(folder / "job-3-in.jpg"));
  CHECK(fs::exists(folder / "job-4.mp4"));
  CHECK(fs::exists(folder / "notes.txt"));
  CHECK(sweep_files((folder / "missing").string(), {}, 1) == 0);
  fs::remove_all(folder);
}
