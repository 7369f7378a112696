#include "net/transport.hpp"
#include "tests/net/http_servers.hpp"

#include <httplib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
namespace fs = std::filesystem;

namespace {

struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "troupe-http-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
} // namespace

TEST_CASE("a request arrives as it is and its answer comes back") {
  local_server s;
  s.server.Post("/echo", [](const httplib::Request& q, httplib::Response& r) {
    r.status = 429;
    r.set_header("Retry-After", "7");
    r.set_content(q.get_header_value("User-Agent") + "|" + q.get_header_value("X-A") + "|" +
                      q.get_header_value("Content-Type") + "|" + q.target + "|" + q.body,
                  "text/plain");
  });
  s.start();
  const auto t = make_http_transport();
  auto q = get(s.url("/echo?a=b%2Fc+d"));
  q.method = "POST";
  q.headers = {{"X-A", "1"}};
  q.body = "{}";
  for (int i = 0; i < 8; ++i) { // also over the server's five requests per connection
    const auto r = t->send(q);
    CHECK(r.error == http_error::none);
    CHECK(r.status == 429);
    CHECK(r.body == "Troupe/0.1|1|application/json|/echo?a=b%2Fc+d|{}");
    CHECK(r.headers == http_fields{{"retry-after", "7"}, {"content-type", "text/plain"}});
  }
}

TEST_CASE("a refused port and a broken address prove that nothing was sent") {
  const auto t = make_http_transport();
  CHECK(t->send(get(silent_port(false).url())).error == http_error::refused);
  for (const char* url : {"", "nonsense", "ftp://a/b", "http://", "http:///x"})
    CHECK(t->send(get(url)).error == http_error::refused);
}

TEST_CASE("an answer that does not come or breaks off is lost") {
  const silent_port port(true);
  const auto t = make_http_transport();
  auto q = get(port.url());
  q.time_limit = std::chrono::milliseconds(100);
  CHECK(t->send(q).error == http_error::lost);

  std::thread breaker([&] { // the first connection is the one above
    for (int i = 0; i < 2; ++i) {
      const int c = ::accept(port.fd, nullptr, nullptr);
      char buffer[1024];
      if (::recv(c, buffer, sizeof buffer, 0) > 0 && i == 1)
        (void)::send(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 44, MSG_NOSIGNAL);
      ::close(c);
    }
  });
  q.time_limit = std::chrono::seconds(5);
  CHECK(t->send(q).error == http_error::lost);
  breaker.join();
}

TEST_CASE("an answer that is too large ends, announced or not") {
  local_server s;
  s.server.Get("/known", [](const httplib::Request&, httplib::Response& r) {
    r.set_content(std::string(1000, 'x'), "text/plain");
  });
  s.server.Get("/chunked", [](const httplib::Request&, httplib::Response& r) {
    r.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      const std::string part(1000, 'x');
      return sink.write(part.data(), part.size());
    });
  });
  s.start();
  const folder f;
  const auto t = make_http_transport();
  for (const char* path : {"/known", "/chunked"}) {
    auto q = get(s.url(path));
    q.body_bytes_max = 999;
    CHECK(t->send(q).error == http_error::too_large);
    q.save_to = f / "a";
    CHECK(t->send(q).error == http_error::too_large);
    CHECK(fs::is_empty(f.path));
  }
  auto q = get(s.url("/known"));
  q.body_bytes_max = 1000;
  CHECK(t->send(q).body.size() == 1000);
}

TEST_CASE("files and fields travel as multipart with a known length") {
  local_server s;
  s.server.Post("/up", [](const httplib::Request& q, httplib::Response& r) {
    const auto file = q.get_file_value("video"), field = q.get_file_value("caption");
    r.set_content(q.get_header_value("Transfer-Encoding") + file.filename + "|" + file.content_type + "|" +
                      std::to_string(std::hash<std::string>()(file.content)) + "|" + field.filename +
                      field.content + "|" + std::to_string(q.get_file_value("empty").content.size()),
                  "text/plain");
  });
  s.start();
  const folder f;
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += static_cast<char>(i * 31 >> 3);
  std::ofstream(f / "v.mp4", std::ios::binary) << bytes;
  std::ofstream(f / "e").close();
  http_request q = get(s.url("/up"));
  q.method = "POST";
  q.form = {{"caption", "hé \"x\"\r\n"}};
  q.files = {{"video", "v.mp4", "video/mp4", f / "v.mp4"}, {"empty", "e", "", f / "e"}};
  const auto t = make_http_transport();
  const auto r = t->send(q);
  CHECK(r.status == 200);
  CHECK(r.body == "v.mp4|video/mp4|" + std::to_string(std::hash<std::string>()(bytes)) + "|hé \"x\"\r\n|0");
  q.files[0].path = f / "missing";
  CHECK(t->send(q).error == http_error::no_file);
}

TEST_CASE("a download is kept only when complete and 200") {
  local_server s;
  local_server other;
  other.server.Get("/v", [](const httplib::Request& q, httplib::Response& r) {
    r.set_content("video" + q.get_header_value("Authorization") + q.get_header_value("X-Api-Key"),
                  "video/mp4");
  });
  other.start();
  s.server.Get("/go",
               [&](const httplib::Request&, httplib::Response& r) { r.set_redirect(other.url("/v")); });
  s.server.Get("/loop", [&](const httplib::Request&, httplib::Response& r) { r.set_redirect("/loop"); });
  s.server.Get("/gone", [](const httplib::Request&, httplib::Response& r) {
    r.status = 404;
    r.set_content("no", "text/plain");
  });
  s.start();
  const folder f;
  const auto t = make_http_transport({nullptr, std::make_shared<const foreign_rule>(std::vector<std::string>{
                                                   "127.0.0.1:" + std::to_string(other.port)})});
  auto q = get(s.url("/go"));
  q.headers = {{"Authorization", "KEY"}, {"X-Api-Key", "KEY"}};
  CHECK(t->send(q).status == 302); // API calls stay where they are
  q.save_to = f / "v.mp4";
  const auto r = t->send(q);
  CHECK(r.status == 200);
  CHECK(r.body.empty());
  CHECK(content(q.save_to) == "video");
  CHECK_FALSE(fs::exists(q.save_to + ".part"));
  q.save_to = f / "w.mp4";
  q.url = s.url("/gone");
  const auto gone = t->send(q);
  CHECK(gone.status == 404);
  CHECK(gone.body == "no");
  q.url = s.url("/loop");
  CHECK(t->send(q).status == 302);
  q.url = other.url("/v");
  q.save_to = "/no/such/folder/x";
  CHECK(t->send(q).error == http_error::lost);
  CHECK(std::distance(fs::directory_iterator(f.path), {}) == 1);
}

TEST_CASE("a line end in an address or in a header's value begins nothing of its own") {
  local_server s;
  std::atomic<int> heard = 0;
  s.server.Get(".*", [&](const httplib::Request&, httplib::Response& r) {
    ++heard;
    r.set_content("x", "text/plain");
  });
  s.start();
  const auto t = make_http_transport();
  for (const auto* path : {"/a\r\nX-Evil: 1", "/a b", "/a\n", "/a\t", "/\x7f", "/a HTTP/1.1\r\n\r\nGET /b"})
    CHECK(t->send(get(s.url(path))).error == http_error::refused);
  CHECK(heard == 0);
  CHECK(t->send(get(s.url("/a%20b"))).status == 200);

  rude_server odd({"HTTP/1.1 200 OK\r\nRetry-After: 1\rX-Evil: 1\r\nContent-Type: "
                   "text/html\r\nContent-Length: 0\r\n\r\n"});
  CHECK(t->send(get(odd.url())).error == http_error::lost);
}

TEST_CASE("stop ends a running request at once and refuses later ones") {
  local_server s;
  std::promise<void> arrived;
  std::atomic<bool> over{false};
  s.server.Get("/wait", [&](const httplib::Request&, httplib::Response&) {
    arrived.set_value();
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  s.start();
  const auto t = make_http_transport();
  auto running = std::async(std::launch::async, [&] { return t->send(get(s.url("/wait"))); });
  arrived.get_future().wait();
  const auto start = std::chrono::steady_clock::now();
  t->stop();
  CHECK(running.get().error == http_error::lost); // it was sent: nobody knows what became of it
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  over = true;
  CHECK(t->send(get(s.url("/wait"))).error == http_error::stopped);
  t->stop();
}
