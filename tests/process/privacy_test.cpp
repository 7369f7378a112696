#include "process/logging.hpp"
#include "process/privacy.hpp"
#include "tests/catch.hpp"
#include <filesystem>
#include <fstream>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace troupe;

namespace {

struct scratch {
  fs::path dir = fs::temp_directory_path() / ("troupe-privacy-" + std::to_string(::getpid()));
  scratch() { fs::create_directories(dir); }
  ~scratch() { fs::remove_all(dir); }
};

std::string read(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("what is written is for nobody else to read") {
  const scratch s;
  const auto before = ::umask(0);
  process::write_for_ourselves();
  std::ofstream{s.dir / "file"} << "x";
  fs::create_directory(s.dir / "folder");
  ::umask(before);
  for (const char* name : {"file", "folder"}) {
    CAPTURE(name);
    CHECK((fs::status(s.dir / name).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
          fs::perms::none);
  }
}

TEST_CASE("no picture of the memory is left behind") {
  process::keep_memory_private();
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  CHECK(core.rlim_max == 0);
  CHECK(::prctl(PR_GET_DUMPABLE) == 0);
  ::prctl(PR_SET_DUMPABLE, 1); // for the tests behind this one
}

TEST_CASE("a line of the log is one line, whatever stands in it, as text and as JSON") {
  const scratch s;
  for (const bool json : {false, true}) {
    CAPTURE(json);
    const auto file = s.dir / (json ? "json" : "text");
    config::options::log_options o;
    o.level = "info", o.json = json, o.file = file.string();
    process::set_up_log(o);
    spdlog::warn("job 7: {}", "flagged\n14:59:59.999 critical ledger  the book has 3 FAULTS\x1b[2J");
    spdlog::default_logger()->flush();
    const auto text = read(file);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    CHECK(text.find('\x1b') == text.npos);
    CHECK(text.find("flagged\\n14:59") != text.npos);
  }
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("quiet"));
}
