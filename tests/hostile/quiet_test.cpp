#include "tests/hostile/victim.hpp"

using namespace troupe::test;

TEST_CASE("an engine that nobody attacks stays as it is") {
  victim v;
  for (int i = 0; i < 20; ++i) CHECK(v.is_well());
  v.check_unharmed();
}
