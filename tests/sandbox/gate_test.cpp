// The fault panel and the log of calls over real connections.
#include "net/sandbox/sandbox.hpp"
#include "tests/catch.hpp"
#include <future>
#include <httplib.h>
#include <nlohmann/json.hpp>

using nlohmann::json;
namespace sandbox = troupe::sandbox;

namespace {

constexpr std::int64_t anna = 515151515;
const std::string telegram = "/bot1000001:sandbox/sendMessage", kie = "/api/v1/jobs/createTask",
                  yookassa = "/v3/payments", writer = "/v1/chat/completions";
const std::vector<std::string> services{"telegram", "kie", "yookassa", "writer"};

struct answer {
  int status = 0; ///< 0: none came
  std::string body, retry_after;
  json parsed() const { return json::parse(body, nullptr, false); }
};

struct gate_fixture {
  sandbox::server server{settings()};
  int port = server.start();

  static sandbox::settings settings() {
    sandbox::settings s;
    s.port = 0;
    s.generation_ms = 3'600'000;
    s.clips = false;
    return s;
  }
  answer ask(const std::string& method, const std::string& path, const std::string& body = "",
             const std::string& type = "application/json") const {
    httplib::Client c("127.0.0.1", port);
    c.set_read_timeout(30);
    httplib::Headers headers{{"Authorization", "Bearer any"}, {"Idempotence-Key", "one"}};
    if (path.rfind("/v3", 0) == 0)
      headers.find("Authorization")->second = "Basic MTAwNTAwOnRlc3Rfc2FuZGJveA==";
    const auto res =
        method == "GET" ? c.Get(path.c_str(), headers) : c.Post(path.c_str(), headers, body, type.c_str());
    if (!res) return {};
    return {res->status, res->body, res->get_header_value("Retry-After")};
  }
  json control(const std::string& path, const json& body) const {
    return ask("POST", path, body.dump()).parsed();
  }
  json get(const std::string& path) const { return ask("GET", path).parsed(); }
  void plan(const std::string& of, const json& wanted) const {
    REQUIRE(
        control("/sandbox/services", {{"reset", true}, {"services", {{of, wanted}}}}).contains("services"));
  }
  /// One good call to the service.
  answer use(const std::string& of) const {
    if (of == "telegram") return ask("POST", telegram, R"({"chat_id":515151515,"text":"hello"})");
    if (of == "kie") return ask("POST", kie, R"({"model":"veo-3-1","input":{"prompt":"a cat"}})");
    if (of == "writer")
      return ask("POST", writer, R"({"model":"m","messages":[{"role":"user","content":"cat"}]})");
    return ask("POST", yookassa,
               R"({"amount":{"value":"100.00","currency":"RUB"},"capture":true,"description":"10 credits",)"
               R"("confirmation":{"type":"redirect","return_url":"http://127.0.0.1/"}})");
  }
  bool is_well(const std::string& of) const {
    const auto a = use(of);
    return a.status == 200 && a.parsed().is_object() && a.parsed().value("code", 200) == 200;
  }
  /// What the service has really done.
  std::size_t deeds(const std::string& of) const {
    if (of == "telegram") return get("/sandbox/chat?user_id=" + std::to_string(anna)).size();
    if (of == "kie") return get("/sandbox/stats")["tasks"].size();
    return get("/sandbox/yookassa")["payments"].size();
  }
  json last_call() const { return get("/sandbox/http?after=0")["calls"].back(); }
};

} // namespace

TEST_CASE_METHOD(gate_fixture, "a fault of one service leaves the others alone") {
  for (const auto& faulty : services) {
    plan(faulty, {{"lose_percent", 100}});
    for (const auto& s : services) {
      INFO(faulty << " is lost, " << s << " is used");
      CHECK(is_well(s) == (s != faulty));
    }
  }
  control("/sandbox/services", {{"reset", true}});
  for (const auto& s : services) CHECK(is_well(s));
}

TEST_CASE_METHOD(gate_fixture, "a lost call has done nothing, a late one has done its work") {
  const auto s = GENERATE(as<std::string>{}, "telegram", "kie", "yookassa");
  const auto before = deeds(s);
  plan(s, {{"lose_percent", 100}});
  CHECK(use(s).status == 0);
  CHECK(deeds(s) == before);
  CHECK(last_call()["fault"] == "lost");
  CHECK(last_call()["status"] == 0);
  plan(s, {{"late_percent", 100}});
  CHECK(use(s).status == 0);
  CHECK(deeds(s) == before + 1);
  CHECK(last_call()["fault"] == "late");
  CHECK_FALSE(last_call()["response"] == "");
}

TEST_CASE_METHOD(gate_fixture, "a refused call has done nothing, and is refused as the service does") {
  plan("telegram", {{"refuse_percent", 100}, {"refuse_status", 429}});
  const auto before = deeds("telegram");
  const auto refused = use("telegram");
  CHECK(refused.status == 429);
  CHECK(refused.retry_after == "1");
  CHECK(refused.parsed()["parameters"]["retry_after"] == 1);
  CHECK(deeds("telegram") == before);
  CHECK(last_call()["fault"] == "refused");
  plan("kie", {{"refuse_percent", 100}, {"refuse_status", 429}});
  CHECK(use("kie").status == 200);
  CHECK(use("kie").parsed()["code"] == 429);
  CHECK(deeds("kie") == 0);
  plan("yookassa", {{"refuse_percent", 100}});
  CHECK(use("yookassa").status == 500);
  CHECK(use("yookassa").parsed()["type"] == "error");
  CHECK(deeds("yookassa") == 0);
  plan("writer", {{"refuse_percent", 100}, {"refuse_status", 503}});
  CHECK(use("writer").status == 503);
}

TEST_CASE_METHOD(gate_fixture, "a malformed answer is half of a good one, and its work is done") {
  for (const std::string s : {"telegram", "kie", "yookassa"}) {
    INFO(s);
    const auto before = deeds(s);
    plan(s, {{"malformed_percent", 100}});
    const auto half = use(s);
    CHECK(half.status == 200);
    CHECK_FALSE(half.body.empty());
    CHECK(half.parsed().is_discarded());
    CHECK(deeds(s) == before + 1);
    CHECK(last_call()["fault"] == "malformed");
    CHECK(last_call()["response"] == half.body);
  }
}

TEST_CASE_METHOD(gate_fixture, "latency holds a call back before its work, and the log says so") {
  plan("telegram", {{"latency_ms", 50}});
  CHECK(use("telegram").status == 200);
  const auto c = last_call();
  CHECK(c["fault"] == "latency");
  CHECK(c["took_ms"] >= 50);
}

TEST_CASE_METHOD(gate_fixture, "an update whose poll was late comes with the next one") {
  control("/sandbox/send", {{"user_id", anna}, {"text", "hello"}});
  const std::string poll = "/bot1000001:sandbox/getUpdates?timeout=0&offset=0";
  plan("telegram", {{"late_percent", 100}});
  CHECK(ask("GET", poll).status == 0);
  control("/sandbox/services", {{"reset", true}});
  CHECK(get(poll)["result"].size() == 1);
}

TEST_CASE_METHOD(gate_fixture, "what cannot be a setting of a service is refused with its range") {
  const auto said = [&](const json& body) {
    const auto a = ask("POST", "/sandbox/services", body.dump());
    CHECK(a.status == 400);
    return a.parsed()["error"].get<std::string>();
  };
  CHECK(said({{"services", {{"kie", {{"late_percent", 200}}}}}}) ==
        "kie.late_percent: must be a whole number from 0 to 100");
  CHECK(said({{"service", {{"kie", {{"late_percent", 20}}}}}}) == "unknown setting: service");
  CHECK(said(json::array()) == "the body must be an object");
  CHECK(ask("POST", "/sandbox/services", "{").status == 400);
  CHECK(get("/sandbox/services")["services"]["kie"]["late_percent"] == 0);
}

TEST_CASE_METHOD(gate_fixture, "the log shows requests and answers, without tokens and without empty polls") {
  use("telegram");
  ask("GET", "/bot1000001:sandbox/getUpdates?timeout=0");
  httplib::Client c("127.0.0.1", port);
  const httplib::MultipartFormDataItems parts{{"chat_id", "515151515", "", ""},
                                              {"photo", "jpeg bytes", "p.jpg", "image/jpeg"}};
  REQUIRE(c.Post("/bot1000001:sandbox/sendPhoto", parts));
  const auto log = get("/sandbox/http?after=0");
  REQUIRE(log["calls"].size() == 2);
  CHECK(log["last_seq"] == 2);
  const auto sent = log["calls"][0], photo = log["calls"][1];
  CHECK(sent["service"] == "telegram");
  CHECK(sent["method"] == "POST");
  CHECK(sent["path"] == "/bot***/sendMessage");
  CHECK(sent["request"] == R"({"chat_id":515151515,"text":"hello"})");
  CHECK(json::parse(sent["response"].get<std::string>())["ok"] == true);
  CHECK(sent["status"] == 200);
  CHECK(sent["fault"] == "");
  CHECK(photo["request"] == "chat_id: 515151515\nphoto: <10 bytes image/jpeg>");
}

TEST_CASE_METHOD(gate_fixture, "who waits for a call has it at once") {
  auto waiting = std::async(std::launch::async, [&] { return get("/sandbox/http?after=0&wait_s=25"); });
  use("telegram");
  CHECK(waiting.get()["calls"].size() == 1);
}

TEST_CASE_METHOD(gate_fixture, "only 1, 10 and 60 times are speeds") {
  CHECK(get("/sandbox/speed")["times"] == 1);
  const auto refused = ask("POST", "/sandbox/speed", R"({"times":7})");
  CHECK(refused.status == 400);
  CHECK(refused.parsed()["error"] == "times: must be 1, 10 or 60");
  CHECK(ask("POST", "/sandbox/speed", "[]").status == 400);
  CHECK(control("/sandbox/speed", {{"times", 60}})["times"] == 60);
  CHECK(get("/sandbox/speed")["times"] == 60);
}

TEST_CASE_METHOD(gate_fixture, "a generation that runs is called back sooner once time goes faster") {
  httplib::Server listener;
  std::promise<void> called;
  listener.Post("/kie/callback/1/abc",
                [&](const httplib::Request&, httplib::Response&) { called.set_value(); });
  const int back = listener.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { listener.listen_after_bind(); });
  control("/sandbox/settings", {{"generation_ms", 120'000}});
  control(kie, {{"model", "veo-3-1"},
                {"callBackUrl", "http://127.0.0.1:" + std::to_string(back) + "/kie/callback/1/abc"},
                {"input", {{"prompt", "a cat"}}}});
  const auto seen = get("/sandbox/http?after=0")["last_seq"].get<std::int64_t>();
  control("/sandbox/speed", {{"times", 60}});
  const auto came = called.get_future().wait_for(std::chrono::seconds{60});
  const auto calls = get("/sandbox/http?wait_s=25&after=" + std::to_string(seen))["calls"];
  listener.stop();
  thread.join();
  REQUIRE(came == std::future_status::ready);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0]["out"] == true);
  CHECK(calls[0]["service"] == "kie");
  CHECK(calls[0]["path"] == "/kie/callback/1/***");
  CHECK(calls[0]["status"] == 200);
}

TEST_CASE_METHOD(gate_fixture, "what the services send to the engine is in the log too") {
  httplib::Server engine;
  engine.Post(
      ".*", [](const httplib::Request&, httplib::Response& res) { res.set_content("taken", "text/plain"); });
  const int back = engine.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { engine.listen_after_bind(); });
  const auto there = "http://127.0.0.1:" + std::to_string(back);

  const auto wait_for = [&](const std::string& of) {
    std::int64_t after = 0;
    for (int looks = 0; looks < 10; ++looks) {
      const auto log = get("/sandbox/http?wait_s=5&after=" + std::to_string(after));
      after = log["last_seq"];
      for (const auto& c : log["calls"])
        if (c.value("out", false) && c["service"] == of) return c;
    }
    return json::object();
  };
  control("/bot1000001:sandbox/setWebhook", {{"url", there + "/hook"}, {"secret_token", "s3cret"}});
  CHECK(last_call()["request"].get<std::string>().find("s3cret") == std::string::npos);
  control("/sandbox/send", {{"user_id", anna}, {"text", "hello"}});
  const auto update = wait_for("telegram");
  control("/sandbox/yookassa", {{"notice_url", there + "/notices"}});
  const auto id = use("yookassa").parsed()["id"].get<std::string>();
  ask("POST", "/yookassa/pay/" + id, "action=bank_card", "application/x-www-form-urlencoded");
  const auto notice = wait_for("yookassa");
  engine.stop();
  thread.join();

  REQUIRE(update["path"] == "/hook");
  CHECK(update["status"] == 200);
  CHECK(update["response"] == "taken");
  CHECK(json::parse(update["request"].get<std::string>())["message"]["text"] == "hello");
  REQUIRE(notice["path"] == "/notices");
  CHECK(notice["request"].get<std::string>().find("payment.succeeded") != std::string::npos);
}
