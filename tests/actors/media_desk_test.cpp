/// Who looks at which video, and when: real threads, for the workers block.
#include "actors/spawn.hpp"
#include "tests/catch.hpp"
#include <condition_variable>
#include <mutex>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

/// A look that ends when the test says so.
struct slow_look {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> begun;
  int may_end = 0, ended = 0, at_once = 0, most_at_once = 0;

  inspected look(const inspect_video& x) {
    std::unique_lock lock{mutex};
    begun.push_back(x.path);
    most_at_once = std::max(most_at_once, ++at_once);
    changed.notify_all();
    changed.wait_for(lock, 20s, [&] { return ended < may_end; });
    ++ended, --at_once;
    changed.notify_all();
    inspected seen;
    seen.playable = true;
    return seen;
  }
  void let(int n) {
    const std::lock_guard lock{mutex};
    may_end += n;
    changed.notify_all();
  }
  bool has_begun(std::size_t n) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 20s, [&] { return begun.size() >= n; });
  }
};

struct media_stage {
  caf::actor_system_config cfg;
  std::shared_ptr<slow_look> world = std::make_shared<slow_look>();
  caf::actor_system sys{cfg};
  caf::scoped_actor self{sys};
  media_actor desk;
  explicit media_stage(int workers)
      : desk{spawn_media(sys, workers, [w = world](const inspect_video& x) { return w->look(x); })} {}
  ~media_stage() {
    world->let(1000);
    caf::anon_send_exit(desk, caf::exit_reason::kill);
  }
  auto ask(const std::string& path) { return self->request(desk, 30s, inspect_video{path, "", 0}); }
};

} // namespace

TEST_CASE("videos are looked at in the order they came, by whoever is free") {
  media_stage s{2};
  auto a = s.ask("a"), b = s.ask("b"), c = s.ask("c"), d = s.ask("d");
  REQUIRE(s.world->has_begun(2));
  s.world->let(1); // one of the two is free: the next in line is c, wherever it was put
  REQUIRE(s.world->has_begun(3));
  CHECK(s.world->begun[2] == "c");
  s.world->let(3);
  int answered = 0;
  for (auto* r : {&a, &b, &c, &d})
    r->receive([&](const inspected&) { ++answered; }, [](const caf::error&) {});
  CHECK(answered == 4);
  CHECK(s.world->begun.back() == "d");
  CHECK(s.world->most_at_once == 2);
}

TEST_CASE("one file is looked at once at a time, and all who asked hear of it") {
  media_stage s{2};
  auto a = s.ask("same");
  REQUIRE(s.world->has_begun(1));
  auto b = s.ask("same"), other = s.ask("other");
  REQUIRE(s.world->has_begun(2));
  CHECK(s.world->begun == std::vector<std::string>{"same", "other"});
  s.world->let(2);
  int answered = 0;
  for (auto* r : {&a, &b, &other})
    r->receive([&](const inspected&) { ++answered; }, [](const caf::error&) {});
  CHECK(answered == 3);
  CHECK(s.world->begun.size() == 2);
}
