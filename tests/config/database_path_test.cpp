/// The operator's questions are answered while the settings are being mended.
#include "config/database_path.hpp"
#include "tests/catch.hpp"
#include "tests/config/copied_config.hpp"

using namespace troupe::config;
using namespace troupe::test;

TEST_CASE("the database's name is known though something else is broken") {
  copied_config c;
  const auto asked = [&](const environment& env = {}) { return database_path(c.dir.string(), env); };
  CHECK(asked().path == "data/troupe.db");
  CHECK(asked().note.empty());
  c.replace("models.toml", "price = 4", "prise = 4");
  CHECK(asked().path == "data/troupe.db");
  CHECK(has(asked().note, "did you mean \"price\""));
  CHECK(has(asked().note, "the database is data/troupe.db"));
  c.replace("troupe.toml", "\"data/troupe.db\"\n", "\"/srv/other.db\" # ours\n");
  CHECK(asked().path == "/srv/other.db");
  c.replace("troupe.toml", "[kie]\n", "[kie\n");
  CHECK(asked().path == "/srv/other.db");
  CHECK(asked({{"DATABASE_PATH", "/x.db"}}).path == "/x.db");
}

TEST_CASE("a broken name of the database is no reason to read another one") {
  copied_config c;
  c.replace("troupe.toml", "database_path = \"data/troupe.db\"", "database_path = 5");
  CHECK_THROWS_AS(database_path(c.dir.string(), {}), config_error);
  c.replace("troupe.toml", "database_path = 5", "databse_path = \"x.db\"");
  CHECK_THROWS_AS(database_path(c.dir.string(), {}), config_error);
  copied_config d;
  CHECK_THROWS_AS(database_path(d.dir.string(), {{"DATABSE_PATH", "x.db"}}), config_error);
  CHECK_THROWS_AS(database_path(d.dir.string(), {{"DATABASE_PATH", "'x.db'"}}), config_error);
}
