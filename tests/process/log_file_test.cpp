#include "process/log_file.hpp"
#include "process/logging.hpp"
#include "tests/catch.hpp"
#include <filesystem>
#include <fstream>
#include <regex>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace troupe::process;

namespace {

struct folder {
  fs::path path = fs::temp_directory_path() / ("troupe-log-" + std::to_string(::getpid()));
  folder() { fs::create_directories(path); }
  ~folder() { fs::remove_all(path); }
  std::string in(const char* name) const { return (path / name).string(); }
};

std::string read(const std::string& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct written {
  std::shared_ptr<log_file> file;
  spdlog::logger logger;
  explicit written(const std::string& path, std::size_t bytes_max = 1 << 20)
      : file{std::make_shared<log_file>(path, bytes_max, 3)}, logger{"test", file} {
    file->set_pattern("%v");
  }
  void say(const std::string& words) {
    logger.info(words);
    logger.flush();
  }
};

} // namespace

TEST_CASE("a renamed log file is written on until it is opened anew, and then the new one") {
  const folder f;
  written w{f.in("log")};
  w.say("one");
  fs::rename(f.in("log"), f.in("log.old"));
  w.say("two");
  CHECK_FALSE(fs::exists(f.in("log")));
  w.file->open_anew();
  w.say("three");
  CHECK(read(f.in("log.old")) == "one\ntwo\n");
  CHECK(read(f.in("log")) == "three\n");
}

TEST_CASE("a log file that was not renamed is gone on with when it is opened anew") {
  const folder f;
  written w{f.in("log")};
  w.say("one");
  w.file->open_anew();
  w.say("two");
  CHECK(read(f.in("log")) == "one\ntwo\n");
}

TEST_CASE("a log file that cannot be opened anew is written on") {
  const folder f;
  fs::create_directories(f.path / "logs");
  written w{f.in("logs/log")};
  fs::rename(f.in("logs"), f.in("away"));
  std::ofstream{f.in("logs")} << "in the way";
  CHECK_THROWS(w.file->open_anew());
  w.say("one");
  CHECK(read(f.in("away/log")) == "one\n");
}

TEST_CASE("a log file rotates by its size also after it was opened anew") {
  const folder f;
  written w{f.in("log"), 64};
  w.file->open_anew();
  for (int i = 0; i < 10; ++i) w.say(std::string(20, 'x'));
  CHECK(fs::exists(f.in("log.1")));
  CHECK(fs::file_size(f.in("log")) <= 64);
}

TEST_CASE("lines of a log file carry the date and the time zone") {
  const folder f;
  const auto before = spdlog::default_logger();
  troupe::config::options::log_options o;
  o.file = f.in("log");
  const auto file = set_up_log(o);
  spdlog::warn("something");
  spdlog::set_default_logger(before);
  const auto said = read(o.file);
  CAPTURE(said);
  CHECK(std::regex_search(
      said, std::regex{R"(^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning .*something\n$)"}));
}
