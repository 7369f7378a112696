/// The write-ahead log grows while somebody reads for long, and gives its space back.
#include "tests/catch.hpp"
#include "tests/storage/fixtures.hpp"
#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <iostream>

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::storage::test;

namespace {

constexpr std::uintmax_t mib = 1 << 20;

struct grown : bench {
  SQLite::Database reading{file.path(), SQLite::OPEN_READONLY};

  grown() {
    reading.exec("BEGIN");
    reading.execAndGet("SELECT count(*) FROM users");
    auto large = message(ann);
    large.params = std::string(100'000, 'x');
    for (int i = 0; i < 300; ++i) apply(turn_of(ann, {large}));
  }
  std::uintmax_t wal() const { return std::filesystem::file_size(file.path() + "-wal"); }
};

} // namespace

TEST_CASE_METHOD(grown, "what a long reader made the WAL grow to goes back to the disk") {
  const auto peak = wal();
  CHECK(peak > 25 * mib);
  s->tidy(); // while somebody reads: waits for nobody, loses nothing
  CHECK(wal() > 25 * mib);
  reading.exec("COMMIT");
  SECTION("when it is quiet, all of it") {
    s->tidy();
    CHECK(wal() == 0);
  }
  SECTION("while work goes on, down to what a busy day needs") {
    for (int i = 0; i < 20; ++i) apply(turn_of(ann));
    CHECK(wal() <= 8 * mib);
  }
  std::cout << "the WAL: " << peak / mib << " MiB with a long reader, " << wal() / 1024 << " KiB after it\n";
  CHECK(read().load_open_work().messages.size() == 300);
  CHECK(faults().empty());
}
