#include "net/transport.hpp"
#include "tests/fuzz/http_replies.hpp"
#include "tests/fuzz/raw_server.hpp"
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <thread>

// The answers of kie.ai, YooKassa and of the hosts of videos as they are kept in files.

using namespace troupe;
using namespace troupe::fuzz;

namespace {

namespace fs = std::filesystem;

/// A redirect would leave this machine.
bool leads_away(std::string bytes) {
  std::transform(bytes.begin(), bytes.end(), bytes.begin(), [](unsigned char c) { return std::tolower(c); });
  return holds(bytes, "location");
}

void check_file(const http_reply& reply, const std::string& file) {
  must(!fs::exists(file + ".part"), "no half of a file is left behind");
  if (!fs::exists(file)) return;
  must(reply.error == http_error::none && reply.status == 200, "a file is kept of a whole answer only");
  must(fs::file_size(file) <= reply_bytes_max, "a file keeps its limit");
  fs::remove(file);
}

} // namespace

EDGE(http_transport_answers) {
  static raw_listener there;
  static const auto client = make_http_transport();
  static const auto file =
      (fs::temp_directory_path() / ("troupe-fuzz-" + std::to_string(::getpid()))).string();
  const bool to_file = in.byte() % 2 == 1;
  const auto bytes = in.rest();
  http_request r;
  r.url = there.url();
  r.body_bytes_max = reply_bytes_max;
  r.time_limit = std::chrono::seconds{3};
  if (to_file && !leads_away(bytes)) r.save_to = file;
  http_reply reply;
  std::thread asks{[&] { reply = client->send(r); }};
  {
    raw_socket s{there.accept()};
    s.hear_request();
    s.say(bytes);
    s.say_no_more();
    asks.join();
  }
  check_reply(reply);
  check_file(reply, file);
}
