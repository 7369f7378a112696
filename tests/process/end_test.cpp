#include "process/last_resort.hpp"
#include "process/settings_watch.hpp"
#include "tests/catch.hpp"
#include <future>

using namespace troupe::process;
using namespace std::chrono_literals;

TEST_CASE("whatever hangs, the process ends with the code that is right at that moment") {
  const auto hopeless = std::make_shared<std::atomic<bool>>(false);
  const auto ended = std::make_shared<std::promise<int>>();
  auto code = ended->get_future();
  end_after(
      50ms, [hopeless] { return *hopeless ? 3 : 0; }, [ended](int c) { ended->set_value(c); });
  *hopeless = true; // it turned out while the engine was stopped
  REQUIRE(code.wait_for(30s) == std::future_status::ready);
  CHECK(code.get() == 3);
}

TEST_CASE("a file of settings is read when it has been left alone, and once") {
  settings_watch w{"a"};
  CHECK_FALSE(w.is_time("a"));
  CHECK_FALSE(w.is_time("b")); // still being written, perhaps
  CHECK_FALSE(w.is_time("c"));
  CHECK(w.is_time("c"));
  w.was_read("c");
  CHECK_FALSE(w.is_time("c"));
  w.was_read("d"); // at a signal
  CHECK_FALSE(w.is_time("d"));
}
