#pragma once
/// A copy of the real configuration that a test may spoil.
#include "config/config.hpp"
#include "tests/catch.hpp"
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace troupe::test {

inline const std::string real_dir = TROUPE_SOURCE_DIR "/config";

inline std::string read(const std::filesystem::path& p) {
  std::ifstream in{p};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct copied_config {
  std::filesystem::path dir;
  copied_config() {
    static int n = 0;
    dir = std::filesystem::temp_directory_path() /
          ("troupe_config_" + std::to_string(getpid()) + "_" + std::to_string(n++));
    std::filesystem::create_directories(dir / "texts");
    for (auto name : {"troupe.toml", "models.toml", "presets.toml", "texts/ru.toml", "texts/en.toml"})
      std::filesystem::copy_file(std::filesystem::path{real_dir} / name, dir / name,
                                 std::filesystem::copy_options::overwrite_existing);
  }
  ~copied_config() { std::filesystem::remove_all(dir); }
  void write(const std::string& name, const std::string& body) const { std::ofstream{dir / name} << body; }
  void replace(const std::string& name, const std::string& from, const std::string& to) const {
    auto body = read(dir / name);
    const auto at = body.find(from);
    REQUIRE(at != body.npos);
    write(name, body.replace(at, from.size(), to));
  }
  std::string error(const config::environment& env = {}) const {
    try {
      config::load(dir.string(), env);
    } catch (const config::config_error& e) {
      return e.what();
    }
    return "";
  }
};

inline bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

} // namespace troupe::test
