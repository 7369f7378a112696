#include "actors/tuning.hpp"
#include "tests/catch.hpp"

using namespace troupe;

namespace {

struct desk {
  settings_shelf shelf;
  tuning tuned;
  desk() {
    shelf.put(std::make_shared<const config::settings>(config::load(TROUPE_SOURCE_DIR "/config", {})));
  }
  int price() const { return shelf->models.front().price; }
};

} // namespace

TEST_CASE("an administrator's price holds over a new file, and goes when it is taken back") {
  desk d;
  const auto name = "model:" + d.shelf->models.front().id + ":price";
  CHECK(d.tuned.set(d.shelf, {{"stopped", "1"}, {name, "9"}}).empty());
  CHECK(d.price() == 9);
  auto fresh = config::load(TROUPE_SOURCE_DIR "/config", {});
  fresh.models.front().price = 4;
  REQUIRE(d.tuned.reload(d.shelf, fresh).size() == 1);
  CHECK(d.price() == 9);
  d.tuned.set(d.shelf, {{name, ""}});
  CHECK(d.price() == 4);
}

TEST_CASE("an administrator's change of a model that is gone is left out and said") {
  desk d;
  d.tuned.set(d.shelf, {{"model:" + d.shelf->models.front().id + ":price", "9"}});
  auto fresh = *d.shelf;
  fresh.models.erase(fresh.models.begin());
  const auto said = d.tuned.reload(d.shelf, fresh);
  REQUIRE(said.size() == 2);
  CHECK(said[1].find("left out") != std::string::npos);
}

TEST_CASE("who has the old settings in his hands keeps them") {
  desk d;
  const config::settings& held = *d.shelf;
  const int before = held.models.front().price;
  auto fresh = held;
  fresh.models.front().price = before + 3;
  d.tuned.reload(d.shelf, fresh);
  CHECK(held.models.front().price == before);
  CHECK(d.price() == before + 3);
}

TEST_CASE("who rules is read again with the files, and so is how much an administrator may give") {
  desk d;
  auto fresh =
      config::load(TROUPE_SOURCE_DIR "/config", {{"ADMIN_IDS", "5,6"}, {"TROUPE_OFFICE_GIVE_MAX", "7"}});
  for (auto& said : d.tuned.reload(d.shelf, fresh)) {
    INFO(said);
    CHECK(said.find("restart") == said.npos);
  }
  CHECK(d.shelf->opts.users.admin_ids == std::vector<std::int64_t>{5, 6});
  CHECK(d.shelf->opts.users.founder_id == 0);
  CHECK(d.shelf->opts.office.give_max == 7);
}

TEST_CASE("the same files again change nothing") {
  desk d;
  CHECK(d.tuned.reload(d.shelf, *d.shelf).empty());
}
