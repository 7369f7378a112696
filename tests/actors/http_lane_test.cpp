#include "actors/spawn.hpp"
#include "tests/net/http_servers.hpp"
#include <atomic>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

struct on_a_lane {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  http_actor files = system.spawn([](http_actor::pointer) -> http_actor::behavior_type {
    return {[](const http_request&) {
      http_reply r;
      r.body = "by the other";
      return r;
    }};
  });
  http_actor sender = spawn_http_lane(system, {.connections = 2}, {}, files);

  ~on_a_lane() {
    self->send_exit(sender, caf::exit_reason::kill);
    self->send_exit(files, caf::exit_reason::kill);
  }
};

} // namespace

TEST_CASE("small requests stay on their lane, those with a file to send or to keep go to the other") {
  local_server s;
  s.server.Get(
      "/", [](const httplib::Request&, httplib::Response& r) { r.set_content("by this one", "text/plain"); });
  s.start();
  on_a_lane t;
  const auto ask = [&](const http_request& r) {
    std::string body;
    t.self->request(t.sender, 20s, r)
        .receive([&](const http_reply& a) { body = a.body; },
                 [&](const caf::error& e) { FAIL(t.system.render(e)); });
    return body;
  };
  auto q = get(s.url("/"));
  CHECK(ask(q) == "by this one");
  q.save_to = "/tmp/x";
  CHECK(ask(q) == "by the other");
  q.save_to.clear();
  q.files = {{"video", "v.mp4", "video/mp4", "/tmp/v.mp4"}};
  CHECK(ask(q) == "by the other");
  CHECK(ask(get(s.url("/"))) == "by this one");
}

TEST_CASE("a lane that ends cuts what is under way") {
  const silent_port silent(true);
  on_a_lane t;
  t.self->send(t.sender, get(silent.url()));
  const int heard = ::accept(silent.fd, nullptr, nullptr); // it is on the wire
  t.self->send_exit(t.sender, caf::exit_reason::kill);
  char rest[1024];
  while (::recv(heard, rest, sizeof rest, 0) > 0) {
  } // hangs when the connection stays
  ::close(heard);
}
