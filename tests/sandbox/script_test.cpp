#include "net/sandbox/script.hpp"
#include "tests/catch.hpp"
#include <nlohmann/json.hpp>

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

script_step one(const std::string& line) {
  const auto steps = parse_script("Anna: hi\n" + line);
  REQUIRE(steps.size() == 2);
  return steps[1];
}
/// "line: remedy", or "" when it is fine.
std::string remedy(const std::string& script) {
  try {
    parse_script(script);
    return {};
  } catch (const bad_script& e) {
    return std::to_string(e.line) + ": " + e.what();
  }
}
bool says(const std::string& script, const std::string& part) {
  INFO(remedy(script));
  return remedy(script).find(part) != std::string::npos;
}
json fault(const std::string& line) { return json::parse(one(line).detail); }

} // namespace

TEST_CASE("a script is a line an act, without remarks and empty lines") {
  const auto steps =
      parse_script("\xEF\xBB\xBF# first\n\nAnna: /start ref\r\n   # second\n  Bob presses «Да»\n");
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].what == act::say);
  CHECK(steps[0].line == 3);
  CHECK(steps[0].who == "Anna");
  CHECK(steps[0].text == "/start ref");
  CHECK(steps[1].what == act::press);
  CHECK(steps[1].line == 5);
  CHECK(steps[1].who == "Bob");
  CHECK(steps[1].text == "Да");
}

TEST_CASE("what is written with a backslash may have lines and quotes") {
  CHECK(one(R"(Anna: two\nlines: "both")").text == "two\nlines: \"both\"");
  CHECK(one(R"(Anna presses "say \"yes\"")").text == "say \"yes\"");
}

TEST_CASE("people do what people do in a chat") {
  const auto photo = one("Анна sends photo cat.jpg \"make her dance\"");
  CHECK(photo.what == act::send_photo);
  CHECK(photo.who == "Анна");
  CHECK(photo.detail == "cat.jpg");
  CHECK(photo.text == "make her dance");
  CHECK(one("Anna sends photo \"my cat.jpg\"").detail == "my cat.jpg");
  CHECK(one("Anna pays").what == act::pay);
  CHECK(one("Anna blocks the bot").what == act::block);
  CHECK(one("Anna unblocks the bot").what == act::unblock);
  CHECK(one("Anna speaks en").text == "en");
  CHECK(one("Anna has 250 Stars").number == 250);
}

TEST_CASE("waits and expectations mean the chat of whoever acted last, unless they name one") {
  const auto steps =
      parse_script("Anna: hi\nwait for \"a\"\nBob: hi\nexpect \"b\"\nAnna waits for \"c\"\nexpect no \"d\"");
  REQUIRE(steps.size() == 6);
  CHECK(steps[1].who == "Anna");
  CHECK(steps[3].who == "Bob");
  CHECK(steps[4].what == act::wait_for);
  CHECK(steps[4].who == "Anna");
  CHECK(steps[5].what == act::expect_no);
  CHECK(steps[5].who == "Anna");
  CHECK(one("expect no violations").what == act::expect_no_violations);
}

TEST_CASE("a wait may have a limit of its own, and may be a pause") {
  CHECK(one("wait for \"ready\"").number == 0);
  const auto patient = one("wait 2 min for \"ready\"");
  CHECK(patient.what == act::wait_for);
  CHECK(patient.number == 120'000);
  CHECK(one("wait 500 ms").what == act::pause);
  CHECK(one("WAIT 2 s").number == 2000);
}

TEST_CASE("faults name a service, a kind and a share") {
  CHECK(fault("fault kie refuse 500") ==
        json::parse(R"({"services":{"kie":{"refuse_status":500,"refuse_percent":100}}})"));
  CHECK(fault("fault kie refuse 429 20 %")["services"]["kie"]["refuse_percent"] == 20);
  CHECK(fault("fault telegram latency 300 ms")["services"]["telegram"]["latency_ms"] == 300);
  CHECK(fault("fault writer lose 50%")["services"]["writer"]["lose_percent"] == 50);
  CHECK(fault("fault yookassa late")["services"]["yookassa"]["late_percent"] == 100);
  CHECK(fault("fault kie off")["services"]["kie"]["refuse_percent"] == 0);
  CHECK(fault("faults off") == json{{"reset", true}});
}

TEST_CASE("the engine and the generations are played with") {
  CHECK(one("kill engine").what == act::engine);
  CHECK(one("restart engine").text == "restart");
  CHECK(one("generations take 1500 ms").number == 1500);
  CHECK(one("generations fail 100 %").number == 100);
  CHECK(one("speed 10").number == 10);
}

TEST_CASE("a line that cannot be read is named with its remedy") {
  CHECK(says("Anna: hi\n\nAnna dances", "3: a person can write"));
  CHECK(says("Anna:", "1: write the text behind the colon"));
  CHECK(says("Anna presses Go", "1: write the button's label in quotes"));
  CHECK(says("Anna presses \"Go", "1: close the quote"));
  CHECK(says("Anna presses \"\"", "1: write the button's label between the quotes"));
  CHECK(says("Anna pays now", "1: remove what stands behind the act: now"));
  CHECK(says("Anna sends photo", "1: write the file"));
  CHECK(says("Anna has many Stars", "1: write how many Stars as a whole number"));
  CHECK(says("wait for \"x\"", "1: let somebody say or do something first"));
  CHECK(says("wait a moment", "1: write how long"));
  CHECK(says("wait 5 hours", "with its unit"));
  CHECK(says("fault printer refuse 500", "1: name the service"));
  CHECK(says("fault kie explode", "1: name a fault"));
  CHECK(says("fault kie refuse 200", "from 400 to 599"));
  CHECK(says("kill", "1: complete \"kill\""));
  CHECK(says("expect: hello", "nobody can have this name"));
  CHECK(says("speed 100", "from 1 to 60"));
  CHECK(says("Anna: \xff", "save the script as UTF-8"));
}

TEST_CASE("a script has a longest size") {
  CHECK(says(std::string(script_bytes_max + 1, '#'), "shorten the script"));
  std::string many;
  for (std::size_t i = 0; i < script_steps_max + 1; ++i) many += "Anna: hi\n";
  CHECK(says(many, "split the script"));
}
