#include "net/sandbox/http_log.hpp"
#include "net/sandbox/service_faults.hpp"
#include "tests/catch.hpp"
#include <deque>

using namespace troupe::sandbox;
using nlohmann::json;
using end_of = call_fate::end;

namespace {

/// Dice that fall as told; more throws than told are a fault of the test.
struct told_dice {
  std::deque<int> falls;
  int operator()() {
    REQUIRE_FALSE(falls.empty());
    const int n = falls.front();
    falls.pop_front();
    return n;
  }
};

call_fate fate(const service_faults& f, service s, std::deque<int> falls) {
  told_dice dice{std::move(falls)};
  const auto out = f.fate_of(s, [&] { return dice(); });
  CHECK(dice.falls.empty());
  return out;
}

std::string complaint(service_faults& f, const json& wanted) {
  try {
    f.change(wanted);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

http_call call(const std::string& path, const std::string& request = "", const std::string& response = "") {
  http_call c;
  c.service = "telegram";
  c.method = "POST";
  c.path = path;
  c.request = request;
  c.response = response;
  c.status = 200;
  return c;
}

} // namespace

TEST_CASE("without a plan nothing befalls a call, and no die is thrown") {
  for (const auto s : all_services) {
    const auto f = fate({}, s, {});
    CHECK(f.what == end_of::well);
    CHECK(f.latency_ms == 0);
    CHECK(name_of(f).empty());
  }
}

TEST_CASE("each kind of fault befalls the calls below its percentage, of its own service") {
  const auto [setting, what, name] = GENERATE(
      table<std::string, end_of, std::string>({{"lose_percent", end_of::lost, "lost"},
                                               {"refuse_percent", end_of::refused, "refused"},
                                               {"late_percent", end_of::late, "late"},
                                               {"malformed_percent", end_of::malformed, "malformed"}}));
  service_faults f;
  f.change({{"kie", {{setting, 30}}}});
  const auto below = fate(f, service::kie, {29});
  CHECK(below.what == what);
  CHECK(name_of(below) == name);
  CHECK(fate(f, service::kie, {30}).what == end_of::well);
  CHECK(fate(f, service::telegram, {}).what == end_of::well);
}

TEST_CASE("a lost call is not refused as well, and a refusal says its status") {
  service_faults f;
  f.change({{"telegram", {{"lose_percent", 50}, {"refuse_percent", 50}, {"refuse_status", 503}}}});
  CHECK(fate(f, service::telegram, {49}).what == end_of::lost);
  const auto refused = fate(f, service::telegram, {50, 49});
  CHECK(refused.what == end_of::refused);
  CHECK(refused.refuse_status == 503);
  CHECK(fate(f, service::telegram, {50, 50}).what == end_of::well);
}

TEST_CASE("a wait goes with any end, and alone it is named") {
  service_faults f;
  f.change({{"writer", {{"latency_ms", 300}, {"lose_percent", 10}}}});
  CHECK(name_of(fate(f, service::writer, {10})) == "latency");
  const auto lost = fate(f, service::writer, {9});
  CHECK(name_of(lost) == "lost");
  CHECK(lost.latency_ms == 300);
}

TEST_CASE("settings of services are changed all or not at all, and a refusal names the range") {
  service_faults f;
  CHECK(complaint(f, {{"kie", {{"latency_ms", 5}}}, {"telegram", {{"lose_percent", 101}}}}) ==
        "telegram.lose_percent: must be a whole number from 0 to 100");
  CHECK(complaint(f, {{"kie", {{"latency_ms", 60'001}}}}) ==
        "kie.latency_ms: must be a whole number from 0 to 60000");
  CHECK(complaint(f, {{"kie", {{"refuse_status", 200}}}}) ==
        "kie.refuse_status: must be a whole number from 400 to 599");
  CHECK(complaint(f, {{"kie", {{"latency_ms", "5"}}}}) ==
        "kie.latency_ms: must be a whole number from 0 to 60000");
  CHECK(complaint(f, {{"kie", {{"latency", 5}}}}) == "unknown setting: kie.latency");
  CHECK(complaint(f, {{"viber", {{"latency_ms", 5}}}}) ==
        "unknown service: viber; there are telegram, kie, yookassa, writer");
  CHECK(complaint(f, json::array()) == "services: must be an object");
  CHECK(complaint(f, {{"kie", 5}}) == "kie: must be an object");
  CHECK(f.shown() == service_faults{}.shown());
  f.change({{"kie", {{"latency_ms", 5}}}});
  CHECK(f.shown()["kie"] == json{{"latency_ms", 5},
                                 {"lose_percent", 0},
                                 {"late_percent", 0},
                                 {"refuse_percent", 0},
                                 {"refuse_status", 500},
                                 {"malformed_percent", 0}});
  CHECK(f.shown().size() == 4);
  f.reset();
  CHECK(f.shown() == service_faults{}.shown());
}

TEST_CASE("each service refuses in its own form") {
  const auto telegram = refusal_of(service::telegram, 429, "/bot1:x/sendMessage");
  CHECK(telegram.status == 429);
  CHECK(telegram.body["parameters"]["retry_after"] == 1);
  CHECK(telegram.body["description"] == "Too Many Requests: retry after 1");
  CHECK_FALSE(refusal_of(service::telegram, 502, "").body.contains("parameters"));
  const auto kie = refusal_of(service::kie, 429, "/api/v1/jobs/createTask");
  CHECK(kie.status == 200);
  CHECK(kie.body["code"] == 429);
  CHECK(kie.body["msg"] == "Rate limit exceeded");
  CHECK(refusal_of(service::kie, 500, "/results/1.mp4").status == 500);
  CHECK(refusal_of(service::yookassa, 429, "/v3/payments").body["code"] == "too_many_requests");
  CHECK(refusal_of(service::yookassa, 500, "/v3/payments").body["type"] == "error");
  CHECK(refusal_of(service::writer, 429, "").body["error"]["code"] == "rate_limit_exceeded");
  CHECK(refusal_of(service::writer, 503, "").body["error"]["type"] == "server_error");
}

TEST_CASE("the log keeps the last 500 calls and tells those after a number") {
  http_log log;
  CHECK(log.after(0) == json{{"last_seq", 0}, {"calls", json::array()}});
  for (int i = 1; i <= 503; ++i) log.add(call("/" + std::to_string(i)));
  const auto all = log.after(0);
  CHECK(all["last_seq"] == 503);
  REQUIRE(all["calls"].size() == 500);
  CHECK(all["calls"][0]["seq"] == 4);
  CHECK(all["calls"][0]["path"] == "/4");
  const auto news = log.after(501)["calls"];
  REQUIRE(news.size() == 2);
  CHECK(news[1]["path"] == "/503");
  CHECK(log.after(503)["calls"].empty());
}

TEST_CASE("long texts are cut at 4 KiB, never inside a character") {
  http_log log;
  std::string text(4095, 'x');
  log.add(call("/", text + "яя", text + "y"));
  const auto c = log.after(0)["calls"][0];
  CHECK(c["request"] == text + "…");
  CHECK(c["response"] == text + "y");
}

TEST_CASE("no secret is shown: not in an address, not in a field, not of a callback") {
  http_log log{{"1000001:sandbox"}};
  const std::string signature(64, 'a');
  log.add(call("/bot1000001:sandbox/setWebhook",
               R"({"secret_token":"s3cret","url":"http://h/kie/callback/17/)" + signature + R"("})",
               "the token 1000001:sandbox"));
  log.add(call("/file/bot999:QQQ-zz_1/videos/1.mp4", "secret_token: s3cret\nurl: http://h/"));
  log.add(call("/kie/callback/17/" + signature, R"({"chat":"/bottle"})"));
  const auto calls = log.after(0)["calls"];
  CHECK(calls[0]["path"] == "/bot***/setWebhook");
  CHECK(calls[0]["request"] == R"({"secret_token":"***","url":"http://h/kie/callback/17/***"})");
  CHECK(calls[0]["response"] == "the token ***");
  CHECK(calls[1]["path"] == "/file/bot***/videos/1.mp4");
  CHECK(calls[1]["request"] == "secret_token:***\nurl: http://h/");
  CHECK(calls[2]["path"] == "/kie/callback/17/***");
  CHECK(calls[2]["request"] == R"({"chat":"/bottle"})");
}
