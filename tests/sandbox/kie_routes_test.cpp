#include "net/sandbox/kie_routes.hpp"
#include "tests/catch.hpp"
#include <future>

using nlohmann::json;
namespace sandbox = troupe::sandbox;

namespace {

sandbox::settings quick() {
  sandbox::settings s;
  s.port = 0;
  s.generation_ms = 0;
  s.clips = false;
  s.kie_webhook_key = "test_hmac_key";
  return s;
}

struct kie_server {
  sandbox::server server{quick()};
  httplib::Client client{"127.0.0.1", server.start()};

  kie_server() { client.set_read_timeout(20); }

  httplib::Headers as(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }
  httplib::Result post(const std::string& path, const json& body, const std::string& key = "K") {
    return client.Post(path.c_str(), as(key), body.dump(), "application/json");
  }
  json create(const std::string& key = "K", const std::string& prompt = "a cat") {
    const auto res =
        post("/api/v1/jobs/createTask", {{"model", "veo-3-1"}, {"input", {{"prompt", prompt}}}}, key);
    return res && res->status == 200 ? json::parse(res->body) : json{{"code", "none"}};
  }
  json credit(const std::string& key) {
    return json::parse(client.Get("/api/v1/chat/credit", as(key))->body);
  }
  json panel() { return json::parse(client.Get("/sandbox/kie")->body); }
  json change(const json& wanted) { return json::parse(post("/sandbox/kie", wanted)->body); }
  std::string error(const json& wanted) {
    const auto res = post("/sandbox/kie", wanted);
    return res->status == 400 ? json::parse(res->body)["error"].get<std::string>() : "";
  }
};

json key(const std::string& name, const std::string& what, const json& value) {
  json list = json::array();
  list.push_back({{"key", name}, {what, value}});
  return {{"keys", list}};
}

} // namespace

TEST_CASE("a callback is signed over task and time") {
  auto signature = [](const std::string& key, const std::string& task, std::int64_t at) {
    const auto headers = sandbox::kie_signature(key, task, at);
    CHECK(headers.find("X-Webhook-Timestamp")->second == std::to_string(at));
    return headers.find("X-Webhook-Signature")->second;
  };
  CHECK(signature("test_hmac_key", "ee9c2715375b7837f8bb51d641ff5863", 1769670760) ==
        "1uHa3GW0YtgPJCuFX1XxqzQd/Y5F0oPuUVBk2BWjZcI=");
  CHECK(signature("k", "task_1", 1700000000) == "Nw5I95q8kb5C7+X6vNbQDOZ0Ag3wu9DVExZIxzoW4sM=");
  CHECK(sandbox::kie_signature("", "task_1", 1700000000).empty());
}

TEST_CASE_METHOD(kie_server, "a callback brings its signature, and comes again when it was not taken") {
  httplib::Server bot;
  std::promise<void> taken;
  std::vector<httplib::Request> calls;
  bot.Post("/cb", [&](const httplib::Request& q, httplib::Response& res) {
    calls.push_back(q);
    res.status = calls.size() == 1 ? 500 : 200;
    if (calls.size() == 2) taken.set_value();
  });
  const int back = bot.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { bot.listen_after_bind(); });
  post("/api/v1/jobs/createTask", {{"model", "veo-3-1"},
                                   {"callBackUrl", "http://127.0.0.1:" + std::to_string(back) + "/cb"},
                                   {"input", {{"prompt", "a cat"}}}});
  CHECK(taken.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  bot.stop();
  thread.join();
  REQUIRE(calls.size() == 2);
  for (const auto& q : calls) {
    const auto stamp = std::stoll(q.get_header_value("X-Webhook-Timestamp"));
    const auto expected = sandbox::kie_signature(
        "test_hmac_key", json::parse(q.body)["data"]["taskId"].get<std::string>(), stamp);
    CHECK(q.get_header_value("X-Webhook-Signature") == expected.find("X-Webhook-Signature")->second);
  }
}

TEST_CASE_METHOD(kie_server,
                 "over HTTP each key has its own limit of creates, and code 429 comes with HTTP 200") {
  for (int i = 0; i < 20; ++i) REQUIRE(create("A")["code"] == 200);
  CHECK(create("A") == json{{"code", 429}, {"msg", "Rate limit exceeded"}, {"data", nullptr}});
  CHECK(create("B")["code"] == 200);
  change({{"enforce_rate", false}});
  CHECK(create("A")["code"] == 200);
}

TEST_CASE_METHOD(kie_server, "the panel sets a key's credits and whether it is refused") {
  change(key("A", "credits", 60.5));
  change(key("B", "refused", true));
  CHECK(credit("A")["data"] == 60.5);
  CHECK(create("A")["code"] == 200);
  CHECK(credit("A")["data"] == 0.5);
  CHECK(create("A")["code"] == 402);
  CHECK(create("B") == json{{"code", 401}, {"msg", "You do not have access permissions"}});
  CHECK(credit("B")["code"] == 401);
  CHECK(json::parse(post("/api/file-base64-upload", json::object(), "B")->body)["msg"] ==
        "Authentication failed: Invalid API Key");
  const auto keys = panel()["keys"];
  REQUIRE(keys.size() == 2);
  CHECK(keys[0] == json{{"key", "A"}, {"credits", 0.5}, {"refused", false}, {"creates", 1}, {"too_fast", 0}});
  CHECK(keys[1]["refused"] == true);
  change(key("B", "credits", 7));
  CHECK(create("B")["code"] == 401); // credits alone do not make it good
  change(key("B", "refused", false));
  CHECK(credit("B")["data"] == 7);
}

TEST_CASE_METHOD(kie_server, "the panel's answer is given to as many creates as it says") {
  change({{"refuse_next", 1}, {"refuse_code", 433}, {"refuse_msg", "этот ключ исчерпан"}});
  CHECK(create() == json{{"code", 433}, {"msg", "этот ключ исчерпан"}, {"data", nullptr}});
  CHECK(panel()["settings"]["refuse_next"] == 0);
  CHECK(create()["code"] == 200);
}

TEST_CASE_METHOD(kie_server, "a lost answer is a broken connection, though the task is there") {
  CHECK(create("K", "a cat [[submit:lost]]")["code"] == "none");
  change({{"lose_next", 1}});
  CHECK(create("K", "a dog")["code"] == "none");
  CHECK(create("K", "a fox")["code"] == 200);
  const auto tasks = json::parse(client.Get("/sandbox/stats")->body)["tasks"];
  REQUIRE(tasks.size() == 3);
  CHECK(tasks[1]["prompt"] == "a dog");
  CHECK(tasks[1]["key"] == "K");
}

TEST_CASE_METHOD(kie_server, "the answer waits as long as the panel says, but the deed is done at once") {
  change({{"latency_ms", 60'000}});
  client.set_read_timeout(0, 300'000);
  CHECK(create()["code"] == "none");
  CHECK(json::parse(client.Get("/sandbox/stats")->body)["tasks"].size() == 1);
}

TEST_CASE_METHOD(kie_server, "the panel shows what it was told, and the older settings route sees the same") {
  const json wanted{{"generation_ms", 1234}, {"fail_percent", 7},  {"latency_ms", 1},
                    {"enforce_rate", false}, {"all_late", true},   {"refuse_next", -1},
                    {"refuse_code", 500},    {"refuse_msg", "no"}, {"lose_next", 3},
                    {"webhook_key", "k"}};
  CHECK(change(wanted)["settings"] == wanted);
  const auto shown = panel();
  CHECK(shown["settings"] == wanted);
  CHECK(shown["usual_refusals"][0] == json{{"code", 429}, {"msg", "Rate limit exceeded"}});
  CHECK(shown["models"].size() > 10);
  CHECK(json::parse(post("/sandbox/settings", {{"fail_percent", 9}})->body) ==
        json{{"generation_ms", 1234}, {"fail_percent", 9}, {"latency_ms", 0}});
}

TEST_CASE_METHOD(kie_server, "bad settings are refused with a clear error, and none of them is taken") {
  const auto before = panel();
  CHECK(error({{"all_late", true}, {"generation", 5}}) == "unknown setting: generation");
  CHECK(error({{"all_late", true}, {"generation_ms", -1}}) ==
        "generation_ms: must be a whole number from 0 to 3600000");
  CHECK(error({{"generation_ms", "5"}}) == "generation_ms: must be a whole number from 0 to 3600000");
  CHECK(error({{"fail_percent", 101}}) == "fail_percent: must be a whole number from 0 to 100");
  CHECK(error({{"enforce_rate", 1}}) == "enforce_rate: must be true or false");
  CHECK(error({{"refuse_next", -2}}) == "refuse_next: must be a whole number from -1 to 1000000");
  CHECK(error({{"refuse_next", 1e99}}) == "refuse_next: must be a whole number from -1 to 1000000");
  CHECK(error({{"refuse_code", 99}}) == "refuse_code: must be a whole number from 100 to 999");
  CHECK(error({{"refuse_msg", std::string(501, 'x')}}) == "refuse_msg: must be a text of at most 500 bytes");
  CHECK(error({{"keys", "A"}}) == "keys: must be a list");
  CHECK(error({{"keys", json::array({"A"})}}) == "keys: each must be an object");
  CHECK(error(key("", "credits", 1)) == "key: must name the key");
  CHECK(error(key("A", "credits", -1)) == "credits: must be a number from 0 to 1000000000");
  CHECK(error(key("A", "money", 1)) == "unknown setting of a key: money");
  CHECK(error(json::array()) == "the body must be an object");
  CHECK(client.Post("/sandbox/kie", "{", "application/json")->status == 400);
  CHECK(panel() == before);
}
