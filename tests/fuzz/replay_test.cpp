#include "tests/catch.hpp"
#include "tests/fuzz/edge.hpp"
#include <filesystem>
#include <fstream>
#include <set>

// The fuzzers' corpus without a fuzzer: every case that was ever found, under the compiler that builds the
// product.

using namespace troupe::fuzz;

namespace {

namespace fs = std::filesystem;
const fs::path corpus{TROUPE_SOURCE_DIR "/tests/fuzz/corpus"};

std::string content(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

TEST_CASE("every edge holds its promises for the whole corpus") {
  REQUIRE(edges().size() > 10);
  for (const auto& edge : edges()) {
    REQUIRE(fs::is_directory(corpus / edge.name));
    for (const auto& file : fs::directory_iterator{corpus / edge.name}) {
      INFO(edge.name << ": " << file.path().filename().string());
      const auto bytes = content(file);
      try {
        edge.run({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      } catch (const broken& b) {
        FAIL_CHECK(b.promise);
      } catch (const std::exception& e) {
        FAIL_CHECK("it threw: " << e.what());
      }
    }
  }
}

TEST_CASE("every corpus belongs to an edge") {
  std::set<std::string> names;
  for (const auto& edge : edges()) names.insert(edge.name);
  for (const auto& folder : fs::directory_iterator{corpus}) {
    INFO(folder.path().filename().string());
    CHECK(names.count(folder.path().filename().string()) == 1);
  }
}
