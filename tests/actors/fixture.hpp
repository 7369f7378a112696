#pragma once
/// Actors on a deterministic scheduler: nothing runs but in `run()`, time moves only in `advance()`.
/// Both are bounded, so a loop in an actor fails a test instead of hanging it.
#include "actors/spawn.hpp"
#include "tests/catch.hpp"
#include <caf/scheduler/test_coordinator.hpp>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <unistd.h>

namespace troupe::test {

using namespace std::chrono_literals;

inline http_reply reply(int status, std::string body) {
  http_reply r;
  r.status = status;
  r.body = std::move(body);
  return r;
}
inline http_reply ok(std::string body) { return reply(200, std::move(body)); }
inline http_reply broken(http_error e) {
  http_reply r;
  r.error = e;
  return r;
}

/// What stands for the outside world: a function from request to reply. Nothing = the answer hangs.
struct outside {
  using script = std::function<std::optional<http_reply>(const http_request&)>;
  struct entry {
    std::string line; ///< "METHOD path body"
    unix_ms at = 0;
  };
  script answer;
  std::vector<entry> log;
  std::vector<caf::typed_response_promise<http_reply>> held;
  caf::actor asker; ///< Who sent the last request: a test may end it.
  std::function<unix_ms()> now;

  static constexpr auto release = "RELEASE";

  static std::string path_of(const std::string& url) {
    auto host = url.find("://");
    auto slash = url.find('/', host == url.npos ? 0 : host + 3);
    return slash == url.npos ? "/" : url.substr(slash);
  }
  std::vector<entry> with(const std::string& part) const {
    std::vector<entry> found;
    for (auto& e : log)
      if (e.line.find(part) != e.line.npos) found.push_back(e);
    return found;
  }
  std::size_t count(const std::string& part) const { return with(part).size(); }
};
using outside_ptr = std::shared_ptr<outside>;

inline http_actor::behavior_type outside_actor(http_actor::pointer self, outside_ptr o) {
  return {[self, o](const http_request& r) -> caf::result<http_reply> {
    if (r.method == outside::release) { // a promise is kept only inside its own actor
      auto promise = std::move(o->held.at(0));
      o->held.erase(o->held.begin());
      promise.deliver(ok(r.body));
      return http_reply{};
    }
    o->asker = caf::actor_cast<caf::actor>(self->current_sender());
    o->log.push_back({r.method + " " + outside::path_of(r.url) + " " + r.body, o->now()});
    if (auto answer = o->answer(r)) return std::move(*answer);
    o->held.push_back(self->make_response_promise<http_reply>());
    return o->held.back();
  }};
}

/// The actors around the one under test; each test names those it needs.
class stage {
  struct testing : caf::actor_system_config {
    testing() { set("scheduler.policy", caf::atom("testing")); }
  };
  struct folder {
    std::string path;
    folder() {
      auto pattern = (std::filesystem::temp_directory_path() / "troupe-actors-XXXXXX").string();
      path = ::mkdtemp(pattern.data());
    }
    ~folder() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };

public:
  static constexpr std::int64_t user = 1001;
  static constexpr unix_ms first_ms = 1'700'000'000'000;

  folder temporary;
  testing cfg;
  std::unique_ptr<caf::actor_system> sys = std::make_unique<caf::actor_system>(cfg);
  caf::scheduler::test_coordinator& sched = dynamic_cast<caf::scheduler::test_coordinator&>(sys->scheduler());
  std::unique_ptr<caf::scoped_actor> self = std::make_unique<caf::scoped_actor>(*sys, true);
  std::vector<caf::actor> owned;
  context_ptr ctx;
  outside_ptr telegram = world(), provider = world();
  std::shared_ptr<storage::reader> db; ///< for assertions
  http_actor telegram_wire, provider_wire;
  ledger_actor ledger;
  reader_actor reader;

  stage() {
    auto s = config::load(TROUPE_SOURCE_DIR "/config", {{"BOT_TOKEN", "1:T"}, {"KIE_API_KEY", "K"}});
    s.opts.storage.database_path = temporary.path + "/troupe.db";
    s.opts.storage.files_dir = temporary.path;
    auto c = std::make_shared<engine_context>();
    c->settings = std::make_shared<const config::settings>(std::move(s));
    c->now = [this] { return now(); };
    c->callback_secret = "secret";
    ctx = c;
    ledger = own(
        spawn_ledger(*sys, own(spawn_writer(*sys, std::make_shared<storage::store>(path()), ctx, false))));
    run();
    db = std::make_shared<storage::reader>(path());
    reader = own(spawn_reader(*sys, std::make_shared<storage::reader>(path()), false));
    telegram->answer = [this](const http_request&) { return delivered(); };
    provider->answer = [](const http_request&) { return broken(http_error::refused); };
    telegram_wire = own(sys->spawn(outside_actor, telegram));
    provider_wire = own(sys->spawn(outside_actor, provider));
  }
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  /// A timer or an actor left alive would hang the actor system's end.
  ~stage() {
    auto faults = db->audit().faults;
    for (auto& f : faults) UNSCOPED_INFO(f);
    CHECK(faults.empty());
    for (auto& a : owned) caf::anon_send_exit(a, caf::exit_reason::kill);
    sched.run(100'000);
    telegram->held.clear(), provider->held.clear();
    telegram->asker = nullptr, provider->asker = nullptr;
    telegram->answer = nullptr, provider->answer = nullptr;
    owned.clear();
    telegram_wire = nullptr, provider_wire = nullptr, ledger = nullptr, reader = nullptr;
    self.reset();
    sched.run(100'000);
    for (int i = 0; i < 100'000 && sched.has_pending_timeout(); ++i) sched.trigger_timeout();
    sched.run(100'000);
    sys.reset();
  }

  std::string path() const { return temporary.path + "/troupe.db"; }
  unix_ms now() const {
    return first_ms +
           std::chrono::duration_cast<std::chrono::milliseconds>(sched.clock().now().time_since_epoch())
               .count();
  }
  template <class handle> handle own(handle h) {
    owned.push_back(caf::actor_cast<caf::actor>(h));
    return h;
  }
  void run() {
    constexpr std::size_t most = 20'000;
    if (sched.run(most) >= most) throw std::runtime_error{"the actors never come to rest"};
  }
  /// In small steps, so that chains of timers fire.
  void advance(caf::timespan d, caf::timespan step = 100ms) {
    for (; d.count() > 0; d -= step) {
      sched.advance_time(std::min(d, step));
      run();
    }
  }
  template <class answer, class handle, class question> answer ask(const handle& h, question q) {
    auto asked = (*self)->request(h, caf::infinite, std::move(q));
    run();
    std::optional<answer> out;
    asked.receive([&](answer& a) { out = std::move(a); }, [&](caf::error& e) { FAIL(sys->render(e)); });
    return std::move(*out);
  }
  template <class handle, class message> void tell(const handle& h, message m) {
    caf::anon_send(h, std::move(m));
    run();
  }

  /// Answers the oldest hanging request with a 200, when the actors run next.
  void release(const http_actor& wire, std::string body) {
    http_request r;
    r.method = outside::release;
    r.body = std::move(body);
    caf::anon_send(wire, std::move(r));
  }

  http_reply delivered() {
    return ok(R"({"ok":true,"result":{"message_id":)" + std::to_string(next_message_id++) + "}}");
  }
  account enrol(std::int64_t credits) {
    register_user r;
    r.profile = {user, "Ann", "ann", "en"};
    r.at = now();
    r.welcome_credits = credits;
    return ask<account>(ledger, r);
  }
  account balance() const { return db->load_account(user); }
  std::int64_t next_message_id = 500;

private:
  outside_ptr world() {
    auto o = std::make_shared<outside>();
    o->now = [this] { return now(); };
    return o;
  }
};

} // namespace troupe::test
