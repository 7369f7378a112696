/// What is sent is what was fetched.
#include "net/file_digest.hpp"
#include "net/transport.hpp"
#include "tests/net/http_servers.hpp"
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
namespace fs = std::filesystem;

TEST_CASE("a file is known by its digest, and a stream is read from its beginning afterwards") {
  std::istringstream abc{"abc"}, none{""};
  const std::string known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(sha256_of(abc) == known);
  CHECK(sha256_of(abc) == known);
  CHECK(sha256_of(none) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of_file("/nonexistent/file").empty());
}

TEST_CASE("a file with another content than was fetched is not sent") {
  local_server s;
  int came = 0;
  s.server.Post("/up", [&](const httplib::Request& q, httplib::Response& r) {
    ++came;
    r.set_content(q.get_file_value("video").content, "text/plain");
  });
  s.start();
  const auto path = (fs::temp_directory_path() / ("troupe-digest-" + std::to_string(::getpid()))).string();
  std::ofstream{path, std::ios::binary} << "my video";
  http_request q;
  q.method = "POST", q.url = s.url("/up");
  q.files = {{"video", "v.mp4", "video/mp4", path, sha256_of_file(path)}};
  const auto t = make_http_transport();
  CHECK(t->send(q).body == "my video");
  for (const std::string other : {"somebody's", "my vide", ""}) {
    std::ofstream{path, std::ios::binary} << other;
    CHECK(t->send(q).error == http_error::no_file);
  }
  CHECK(came == 1);
  fs::remove(path);
}
