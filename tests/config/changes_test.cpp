#include "config/config.hpp"
#include "tests/catch.hpp"
#include <algorithm>

using namespace troupe::config;

namespace {

using changes = std::vector<std::pair<std::string, std::string>>;

settings real() { return load(TROUPE_SOURCE_DIR "/config", {}); }

const model& model_of(const settings& s, const std::string& id) {
  const auto found = std::find_if(s.models.begin(), s.models.end(), [&](auto& m) { return m.id == id; });
  REQUIRE(found != s.models.end());
  return *found;
}

bool has(const std::string& all, const std::string& part) { return all.find(part) != all.npos; }

} // namespace

TEST_CASE("an administrator's price and limit are in force over the file's") {
  std::vector<std::string> ignored;
  const auto s = with_changes(
      real(), {{"model:veo-3-fast:prices", "3, 4,5"}, {"option:users.active_jobs_max", "7"}}, ignored);
  CHECK(ignored.empty());
  CHECK(model_of(s, "veo-3-fast").prices == std::vector<int>{3, 4, 5});
  CHECK(s.opts.users.active_jobs_max == 7);
}

TEST_CASE("a change that does not fit is refused with the file's own words") {
  const auto s = real();
  CHECK(why_not(s, "model:veo-3-fast:price", "5") == "");
  CHECK(why_not(s, "model:veo-3-fast:price", "0") == "price must be from 1 to 100000, not 0");
  CHECK(why_not(s, "model:veo-3-fast:price", "five") == "price must be a whole number");
  CHECK(has(why_not(s, "model:veo-3-fast:prices", "4,6"), "prices needs one for each of durations_s"));
  CHECK(why_not(s, "model:veo-3-fast:prices", "4,,6") == "prices must be a whole number");
  CHECK(has(why_not(s, "model:veo-3-fast:sound_prices", "4,5,6"), "sound = true leaves none"));
  CHECK(why_not(s, "model:sora:price", "5") == "there is no model \"sora\"");
  CHECK(has(why_not(s, "model:veo-3-fast:title", "5"), "cannot be changed"));
  CHECK(has(why_not(s, "model:price", "5"), "is no setting"));
  CHECK(has(why_not(s, "option:kie.workers", "5"), "cannot be changed while the engine runs"));
  CHECK(has(why_not(s, "option:users.active_jobs_max", "0"), "must be from 1 to 100000"));
  CHECK(has(why_not(s, "option:shop.own_credits_min", "2000"), "must not be above"));
  CHECK(has(why_not(s, "stopped", "1"), "is no setting"));
}

TEST_CASE("a price for each length is not hidden behind one price") {
  auto s = real();
  s.models.front().prices = {2, 3, 4};
  CHECK(has(why_not(s, "model:" + s.models.front().id + ":price", "5"), "set its prices"));
}

TEST_CASE("an empty value takes a known change back") {
  const auto s = real();
  CHECK(why_not(s, "model:veo-3-fast:price", "") == "");
  CHECK(why_not(s, "option:users.welcome_credits", " ") == "");
  CHECK(why_not(s, "option:kie.workers", "") != "");
  CHECK(why_not(s, "model:sora:price", "") != "");
}

TEST_CASE("a stored change whose model is gone is left out, and it is said") {
  std::vector<std::string> ignored;
  const auto s = with_changes(
      real(), {{"model:sora:price", "5"}, {"model:veo-3-fast:price", "6"}, {"stopped", "1"}}, ignored);
  CHECK(ignored == std::vector<std::string>{"model:sora:price = 5: there is no model \"sora\""});
  CHECK(model_of(s, "veo-3-fast").price == 6);
}

TEST_CASE("both ends of a range may move in either order") {
  std::vector<std::string> ignored;
  const auto s = with_changes(
      real(), {{"option:shop.own_credits_min", "2000"}, {"option:shop.own_credits_max", "3000"}}, ignored);
  CHECK(ignored.empty());
  CHECK(s.opts.shop.own_credits_min == 2000);
}

TEST_CASE("what is sold, and for how much, changes with the file at once") {
  const auto before = real();
  auto after = real();
  after.opts.shop.packages = {{7, 1, 700, 0}};
  for (auto& line : after.report)
    if (line.key == "shop.packages") line.value = "7+1 for 700 Stars or 0 roubles";
  const auto all = differences(before, after);
  REQUIRE(all.size() == 1);
  CHECK((all[0].what == "shop.packages" && all[0].applies));
  const auto next = only_changeable(before, after);
  REQUIRE(next.opts.shop.packages.size() == 1);
  CHECK(next.opts.shop.packages[0].stars == 700);
  CHECK_FALSE(why_not(before, "option:shop.packages", "x").empty()); // no menu holds them
}

TEST_CASE("what needs a restart is named and not applied, the rest is") {
  const auto before = real();
  const auto after =
      load(TROUPE_SOURCE_DIR "/config", {{"TROUPE_KIE_WORKERS", "9"}, {"TROUPE_USERS_ACTIVE_JOBS_MAX", "8"}});
  auto other = after;
  other.models.front().price += 1;
  const auto next = only_changeable(before, other);
  CHECK(next.opts.kie.workers == before.opts.kie.workers);
  CHECK(next.opts.users.active_jobs_max == 8);
  CHECK(next.models.front().price == before.models.front().price + 1);
  const auto all = differences(before, other);
  REQUIRE(all.size() == 3);
  CHECK((all[0].what == "kie.workers" && !all[0].applies));
  CHECK((all[1].what == "users.active_jobs_max" && all[1].to == "8" && all[1].applies));
  CHECK((all[2].what == "veo-3-fast price" && all[2].applies));
}
