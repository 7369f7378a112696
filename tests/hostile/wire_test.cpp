/// The real program fetches results from a host that wishes it harm.
#include "net/base64.hpp"
#include "tests/hostile/hostile_host.hpp"
#include "tests/hostile/victim.hpp"
#include <httplib.h>
#include <sstream>

using namespace troupe::test;

namespace {

/// The sandbox's provider, but results are elsewhere: each task that is new gets the next of these addresses;
/// when there are no more, its own.
class leading_astray {
public:
  explicit leading_astray(std::string base) : base_{std::move(base)} {
    server_.new_task_queue = [] { return new httplib::ThreadPool(16); };
    server_.Get(".*", [this](const httplib::Request& q, httplib::Response& r) { pass(q, r); });
    server_.Post(".*", [this](const httplib::Request& q, httplib::Response& r) { pass(q, r); });
    port = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
  }
  ~leading_astray() {
    server_.stop();
    thread_.join();
  }
  int port = 0;
  std::atomic<int> submits{0};
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
  void next(std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
  }

private:
  void pass(const httplib::Request& q, httplib::Response& r) {
    troupe::http_request on;
    on.method = q.method, on.url = base_ + q.target, on.body = q.body;
    for (const char* name : {"Authorization", "Accept"})
      if (q.has_header(name)) on.headers.emplace_back(name, q.get_header_value(name));
    auto reply = troupe::make_http_transport()->send(on);
    if (q.method == "POST" && q.path.find("upload") == q.path.npos) ++submits;
    r.status = reply.status;
    r.set_content(elsewhere(std::move(reply.body)), "application/json");
  }
  std::string elsewhere(std::string body) {
    const std::lock_guard lock(mutex_);
    const auto results = base_ + "/results/";
    for (auto at = body.find(results); at != body.npos; at = body.find(results, at + 1)) {
      const auto end = body.find(".mp4", at) + 4;
      const auto task = body.substr(at, end - at);
      if (led_.count(task) == 0) {
        if (addresses_.empty()) led_[task] = task;
        else led_[task] = addresses_.front(), addresses_.erase(addresses_.begin());
      }
      body.replace(at, end - at, led_[task]);
    }
    return body;
  }

  const std::string base_;
  httplib::Server server_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::string> addresses_;
  std::map<std::string, std::string> led_;
};

/// The stage first: the program is told of all the others.
struct wire_stage : sandbox_stage {
  hostile_host inside{"what only this machine may ask for"};
  hostile_host host{"x", inside.url("/good")};
  leading_astray provider{base};
  std::unique_ptr<process> program{begin_engine()};
  footprint before;

  wire_stage() : sandbox_stage{0} {
    REQUIRE(within(std::chrono::seconds{30}, [&] { return is_well(); }));
    before = footprint_of(program->id());
  }
  std::unique_ptr<process> begin_engine() {
    return std::make_unique<process>(
        engine({{"KIE_API_URL", provider.url()},
                {"TROUPE_KIE_TIME_LIMIT_S", "600"},
                {"TROUPE_NETWORK_PRIVATE_HOSTS",
                 "127.0.0.1:" + std::to_string(host.port) + ",127.0.0.1:" + std::to_string(port)}},
               little_memory));
  }
  bool is_well() {
    troupe::http_request r;
    r.url = "http://127.0.0.1:" + std::to_string(web) + "/health";
    r.time_limit = std::chrono::seconds{6};
    return http->send(r).status == 200;
  }
  bool orders(std::int64_t user) {
    post("/sandbox/send", {{"user_id", user}, {"text", "a cat"}});
    return runs(user);
  }
  /// A picture goes to the provider before the order does.
  bool orders_with_picture(std::int64_t user) {
    const auto file = (dir / "cat.jpg").string();
    const auto made = "ffmpeg -loglevel error -y -f lavfi -i color=c=red:s=640x640 -frames:v 1 " + file;
    if (std::system(made.c_str()) != 0) return false;
    std::ifstream in{file, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    post("/sandbox/send", {{"user_id", user}, {"photo_base64", troupe::base64(bytes)}, {"caption", "a cat"}});
    return runs(user);
  }
  bool runs(std::int64_t user) {
    return within(std::chrono::seconds{30}, [&] { return press(user, "run:"); });
  }
  bool is_logged(const std::string& words) const {
    std::ifstream in{log()};
    std::stringstream all;
    all << in.rdbuf();
    return all.str().find(words) != std::string::npos;
  }
  void check_unharmed() {
    const auto now = footprint_of(program->id());
    REQUIRE(now.threads > 0);
    CHECK(is_well());
    CHECK(now.peak_kb - before.peak_kb < growth_kb_max);
    CHECK(now.threads <= before.threads);
  }
};

constexpr std::int64_t first_user = 8'000'001;

} // namespace

TEST_CASE("each hostile result ends by its own reason, takes no memory, and nobody inside is asked") {
  wire_stage w;
  struct {
    const char *path, *reason;
  } const table[] = {{"/headers", "headers are larger than 64 KiB"},
                     {"/line", "headers are larger than 64 KiB"},
                     {"/extension", "chunks have extensions or trailers without an end"},
                     {"/continue", "more than 3 interim answers (100)"},
                     {"/packed", "the answer is packed"},
                     {"/huge", "larger than kie.result_mb_max"},
                     {"/page", "HTTP 404"},
                     {"/loop", "HTTP 302"},
                     {"/inside", "is not encrypted (https)"}};
  std::int64_t user = first_user;
  for (const auto& row : table) {
    INFO(row.path);
    w.provider.next({w.host.url(row.path)});
    REQUIRE(w.orders(++user));
    CHECK(within(std::chrono::seconds{40},
                 [&] { return w.host.asked_for(row.path) > 0 && w.is_logged(row.reason); }));
  }
  CHECK(w.inside.asked_for("/good") == 0);
  w.check_unharmed();
}

TEST_CASE("five results that never end, and a life that ends by kill -9, stop nobody's order") {
  wire_stage w;
  std::vector<std::string> five;
  for (int i = 0; i < 5; ++i) five.push_back(w.host.url("/slow_headers/" + std::to_string(i)));
  w.provider.next(five);
  for (int i = 0; i < 5; ++i) REQUIRE(w.orders(first_user + i));
  const auto all_held = [&] { return w.host.now >= 4; }; // kie.transfer_workers
  REQUIRE(within(std::chrono::seconds{40}, all_held));
  for (int life = 0; life < 2; ++life) {
    const int submits = w.provider.submits;
    REQUIRE(w.orders_with_picture(first_user + 10 + life));
    CHECK(within(std::chrono::seconds{15}, [&] { return w.provider.submits == submits + 1; }));
    w.check_unharmed();
    if (life == 1) break;
    w.program->end(SIGKILL);
    REQUIRE(within(std::chrono::seconds{10}, [&] { return w.host.now == 0; }));
    w.program = w.begin_engine();
    REQUIRE(within(std::chrono::seconds{30}, [&] { return w.is_well(); }));
    w.before = footprint_of(w.program->id());
    REQUIRE(within(std::chrono::seconds{40}, all_held));
  }
}
