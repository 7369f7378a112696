/// The real machine's answers.
#include "readiness/machine.hpp"
#include "storage/store.hpp"
#include "tests/catch.hpp"
#include "tests/net/own_certificate.hpp"
#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <sys/socket.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace troupe;
using namespace troupe::readiness;

namespace {

struct folder {
  fs::path path = fs::temp_directory_path() / ("troupe-machine-" + std::to_string(::getpid()));
  folder() { fs::create_directories(path); }
  ~folder() { fs::remove_all(path); }
  std::string in(const char* name) const { return (path / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{path}, fs::directory_iterator{}));
  }
};

/// A port that somebody listens on for as long as this lives.
struct listener {
  int descriptor = ::socket(AF_INET, SOCK_STREAM, 0), port = 0;
  listener() {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof a;
    REQUIRE(::bind(descriptor, reinterpret_cast<sockaddr*>(&a), size) == 0);
    REQUIRE(::listen(descriptor, 1) == 0);
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&a), &size);
    port = ntohs(a.sin_port);
  }
  ~listener() { ::close(descriptor); }
};

} // namespace

TEST_CASE("a trial of writing leaves nothing, and fails where a folder is none") {
  const folder f;
  const auto m = this_machine();
  CHECK(m->why_not_write(f.path.string()).empty());
  CHECK(f.files() == 0);
  std::ofstream{f.in("file")} << "x";
  CHECK_FALSE(m->why_not_write(f.in("file")).empty());
  CHECK_FALSE(m->why_not_write(f.in("none")).empty());
  CHECK_FALSE(m->why_not_write("/proc").empty());
}

TEST_CASE("files, folders and what is not there are told apart, a folder cannot be read as a file") {
  const folder f;
  const auto m = this_machine();
  std::ofstream{f.in("file")} << "x";
  CHECK(m->kind_of(f.in("file")) == path_kind::file);
  CHECK(m->kind_of(f.path.string()) == path_kind::folder);
  CHECK(m->kind_of(f.in("none")) == path_kind::none);
  CHECK(m->kind_of(f.in("file") + "/below") == path_kind::none);
  CHECK(m->why_not_read(f.in("file")).empty());
  CHECK(m->why_not_change(f.in("file")).empty());
  CHECK_FALSE(m->why_not_read(f.path.string()).empty());
  CHECK_FALSE(m->why_not_read(f.in("none")).empty());
  CHECK_FALSE(m->why_not_change(f.in("none")).empty());
}

TEST_CASE("a port is taken while somebody listens, and free again after the trial") {
  const auto m = this_machine();
  int port = 0;
  {
    const listener somebody;
    port = somebody.port;
    CHECK_FALSE(m->why_not_listen("127.0.0.1", port).empty());
  }
  CHECK(m->why_not_listen("127.0.0.1", port).empty());
  CHECK(m->why_not_listen("127.0.0.1", port).empty());
  CHECK_FALSE(m->why_not_listen("203.0.113.1", port).empty()); // an address that is not ours
}

TEST_CASE("programs run, or say that they cannot") {
  const auto m = this_machine();
  CHECK(m->run({"ffprobe", "-version"}).find("ffprobe") == 0);
  CHECK_THROWS(m->run({"troupe-no-such-program"}));
}

TEST_CASE("a log is tried where it is, and a new one where it would be, without a trace") {
  const folder f;
  const auto m = this_machine();
  std::ofstream{f.in("log")} << "line\n";
  CHECK(m->why_not_append(f.in("log")).empty());
  CHECK(fs::file_size(f.in("log")) == 5);
  CHECK(m->why_not_append(f.in("new")).empty());
  CHECK(f.files() == 1);
  CHECK_FALSE(m->why_not_append(f.path.string()).empty());
  CHECK_FALSE(m->why_not_append(f.in("none") + "/log").empty());
  CHECK_FALSE(m->why_not_append("/proc/version").empty());
}

TEST_CASE("the folder for files is tried as the start makes it, and nothing is made") {
  const folder f;
  const auto m = this_machine();
  CHECK(m->why_not_files_folder(f.in("t.db"), "").empty());
  CHECK_FALSE(m->why_not_files_folder(f.in("t.db"), "/proc/nope").empty());
  CHECK(f.files() == 0);
}

TEST_CASE("a certificate and its key are loaded before anybody connects") {
  const folder f;
  const auto m = this_machine();
  const test::own_certificate one, other;
  CHECK(m->why_not_certificate(one.certificate, one.key).empty());
  CHECK(m->why_not_certificate(one.certificate, other.key).find("is not that of the certificate") !=
        std::string::npos);
  std::ofstream{f.in("garbage")} << "nothing";
  CHECK(m->why_not_certificate(f.in("garbage"), one.key).find("holds no certificate") != std::string::npos);
  CHECK(m->why_not_certificate(one.certificate, f.in("garbage")).find("holds no private key") !=
        std::string::npos);
}

TEST_CASE("a database is held while an engine has it, and is looked at without a trace") {
  const folder f;
  const auto m = this_machine();
  const auto database = f.in("t.db");
  CHECK_FALSE(m->is_held(database));
  {
    const storage::store engine{database};
    CHECK(m->is_held(database));
  }
  CHECK_FALSE(m->is_held(database));
  CHECK(m->look_into(database).why_not.empty());
  CHECK_FALSE(m->look_into(database).empty);
  CHECK(m->faults_of(database) == 0);
  std::ofstream{f.in("blank")};
  CHECK(m->look_into(f.in("blank")).empty);
  std::ofstream{f.in("other")} << std::string(4096, 'x');
  const auto before = f.files();
  CHECK_FALSE(m->look_into(f.in("other")).why_not.empty());
  CHECK(f.files() == before);
  CHECK(m->free_bytes(f.path.string()) > 0);
}
