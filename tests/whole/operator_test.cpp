/// The operator's questions, asked of the real program.
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using nlohmann::json;

namespace {

struct answer {
  int code = 0;
  std::string text;
};

/// A database with one user, one delivered video and one overdue job.
struct desk {
  std::string folder, database;
  std::unique_ptr<storage::store> store;

  desk() {
    auto pattern = (std::filesystem::temp_directory_path() / "troupe-operator-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    database = folder + "/t.db";
    store = std::make_unique<storage::store>(database);
    store->begin();
    register_user who;
    who.profile = {77, "Ann <b>", "ann", "en"};
    who.at = 1'700'000'000'000;
    who.welcome_credits = 10;
    store->apply(who);
    make("a", 1, {job_state::submitting, job_state::processing, job_state::fetching, job_state::delivering});
    make("b", 2, {job_state::submitting, job_state::unknown, job_state::overdue});
    store->commit();
  }
  ~desk() { std::filesystem::remove_all(folder); }

  void make(const std::string& key, std::int64_t id, std::initializer_list<job_state> way) {
    order_request o;
    o.order_key = key, o.user_id = 77, o.at = 1'700'000'001'000, o.price = 3;
    o.spec.model_id = "veo", o.spec.prompt = "a cat";
    store->apply(o);
    for (auto to : way) {
      job_step s;
      s.job_id = id, s.at = 1'700'000'002'000, s.to = to;
      if (to == job_state::overdue) s.fail_class = "timeout";
      store->apply(s);
    }
  }

  answer asked(const std::string& question) const {
    const auto command = std::string{TROUPE_BINARY} + " " + question + " --database " + database + " 2>&1";
    answer a;
    auto* pipe = ::popen(command.c_str(), "r");
    char chunk[4096];
    while (const auto n = std::fread(chunk, 1, sizeof chunk, pipe)) a.text.append(chunk, n);
    const int status = ::pclose(pipe);
    a.code = WEXITSTATUS(status);
    return a;
  }
};

bool has(const answer& a, const std::string& part) { return a.text.find(part) != a.text.npos; }

} // namespace

TEST_CASE("the operator's commands read while an engine holds the database") {
  const desk d;
  SECTION("audit") {
    CHECK(d.asked("audit").code == 0);
    CHECK(has(d.asked("audit"), "every invariant holds"));
    const auto j = json::parse(d.asked("audit --json").text);
    CHECK(j.at("ok") == true);
    CHECK(j.at("credits_with_users") == 7);
    CHECK(j.at("open_jobs") == 2);
    CHECK(j.at("faults").empty());
  }
  SECTION("history") {
    const auto told = d.asked("history 77");
    CHECK(told.code == 0);
    CHECK(has(told, "Ann <b> @ann: 7 credits free, 0 held"));
    CHECK(has(told, "bonus welcome"));
    const auto j = json::parse(d.asked("history 77 --json").text);
    CHECK(j.at("balance") == 7);
    CHECK(j.at("entries").at(0).at("balance_after") == 7);
    CHECK(j.at("entries").at(0).at("amount") == 3); // the overdue job's credits are back
    CHECK(j.at("entries").back().at("balance_after") == 10);
    CHECK(json::parse(d.asked("history 77 --limit 1 --json").text).at("entries").size() == 1);
  }
  SECTION("jobs") {
    CHECK(has(d.asked("jobs"), "delivering"));
    CHECK(has(d.asked("jobs --open"), "possibly paid at the provider"));
    const auto j = json::parse(d.asked("jobs --open --json").text);
    REQUIRE(j.size() == 2);
    CHECK(j.at(0).at("state") == "overdue");
    CHECK(j.at(0).at("fail_class") == "timeout");
  }
}

TEST_CASE("what strangers wrote cannot command the operator's terminal, and stays whole in JSON") {
  const desk d;
  const std::string evil = "Eve\x1b]0;owned\x07\n\xc2\x9b"
                           "31m";
  register_user who;
  who.profile = {78, evil, "eve", "en"};
  d.store->begin();
  d.store->apply(who);
  d.store->commit();
  const auto told = d.asked("history 78");
  CHECK(told.code == 0);
  CHECK(has(told, "Eve ]0;owned"));
  CHECK_FALSE(has(told, "\x1b"));
  CHECK_FALSE(has(told, "\xc2\x9b"));
  CHECK(json::parse(d.asked("history 78 --json").text).at("first_name") == evil);
}

TEST_CASE("the help of the operator's commands says what they tell and what their exit codes mean") {
  const desk d;
  CHECK(has(d.asked("--help"), "Exit codes: 0 fine"));
  for (auto command : {"audit", "history", "jobs"})
    CHECK(has(d.asked(std::string{command} + " --help"), "safe while the engine runs"));
}

TEST_CASE("a wrong question of the operator is answered with what is wrong") {
  const desk d;
  CHECK(d.asked("history 78").code == 2);
  CHECK(has(d.asked("history 78"), "no user 78"));
  CHECK(has(d.asked("history ann"), "user_id"));
  CHECK(d.asked("jobs --limit 0").code != 0);
  std::filesystem::rename(d.database, d.database + ".away");
  CHECK(d.asked("jobs").code == 2);
  CHECK(has(d.asked("audit"), d.database));
}
