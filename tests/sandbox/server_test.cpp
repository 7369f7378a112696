#include "net/sandbox/sandbox.hpp"
#include "tests/catch.hpp"
#include <future>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

using nlohmann::json;
namespace sandbox = troupe::sandbox;

namespace {

const std::string bot = "/bot1000001:sandbox/";

sandbox::settings quick() {
  sandbox::settings s;
  s.port = 0;
  s.generation_ms = 0;
  s.clips = false;
  return s;
}

struct running_sandbox {
  sandbox::server server{quick()};
  int port = server.start();

  httplib::Client client() const {
    httplib::Client c("127.0.0.1", port);
    c.set_read_timeout(30);
    return c;
  }
  json post(const std::string& path, const json& body) const {
    auto c = client();
    const httplib::Headers key{{"Authorization", "Bearer any"}};
    const auto res = c.Post(path.c_str(), key, body.dump(), "application/json");
    return res ? json::parse(res->body) : json("no answer");
  }
  json get(const std::string& path) const {
    auto c = client();
    const httplib::Headers key{{"Authorization", "Bearer any"}};
    const auto res = c.Get(path.c_str(), key);
    return res ? json::parse(res->body) : json("no answer");
  }
};

} // namespace

TEST_CASE_METHOD(running_sandbox, "a second poll ends the first one with 409") {
  auto first = std::async(std::launch::async, [&] {
    auto c = client();
    return c.Get((bot + "getUpdates?timeout=20").c_str())->status;
  });
  // The first is surely waiting once the counter has seen it.
  while (get("/sandbox/stats")["calls"].value("getUpdates", 0) == 0) {
  }
  CHECK(get(bot + "getUpdates?timeout=0")["ok"] == true);
  CHECK(first.get() == 409);
}

TEST_CASE_METHOD(running_sandbox, "a long poll ends when a person writes, and a press returns the toast") {
  auto polled = std::async(std::launch::async, [&] { return get(bot + "getUpdates?timeout=20"); });
  post("/sandbox/send", {{"user_id", 515151515}, {"text", "hello"}});
  CHECK(polled.get()["result"][0]["message"]["text"] == "hello");
  const auto sent =
      post(bot + "sendMessage", {{"chat_id", 515151515}, {"text", "<b>Hi</b>"}, {"parse_mode", "HTML"}});
  CHECK(sent["result"]["entities"][0]["type"] == "bold");
  auto pressed = std::async(std::launch::async, [&] {
    return post("/sandbox/press",
                {{"user_id", 515151515}, {"message_id", sent["result"]["message_id"]}, {"data", "go"}});
  });
  json updates;
  while (updates.size() < 2) updates = get(bot + "getUpdates?timeout=5")["result"];
  post(bot + "answerCallbackQuery",
       {{"callback_query_id", updates[1]["callback_query"]["id"]}, {"text", "done"}, {"show_alert", true}});
  CHECK(pressed.get()["text"] == "done");
  CHECK(get("/sandbox/chat?user_id=515151515").size() == 2);
  CHECK(get("/sandbox/events?after=0").back()["type"] == "toast");
}

TEST_CASE_METHOD(running_sandbox, "multipart uploads reach the file store") {
  auto c = client();
  const httplib::MultipartFormDataItems parts{{"chat_id", "515151515", "", ""},
                                              {"video", "mp4 bytes", "clip.mp4", "video/mp4"},
                                              {"thumbnail", "jpeg bytes", "t.jpg", "image/jpeg"}};
  const auto res = c.Post((bot + "sendVideo").c_str(), parts);
  REQUIRE(res);
  const auto video = json::parse(res->body)["result"]["video"];
  CHECK(video.contains("thumbnail"));
  const auto file = get(bot + "getFile?file_id=" + video["file_id"].get<std::string>())["result"];
  CHECK(c.Get(("/file/bot1000001:sandbox/" + file["file_path"].get<std::string>()).c_str())->body ==
        "mp4 bytes");
}

TEST_CASE_METHOD(running_sandbox, "wrong tokens, methods and keys are refused") {
  CHECK(get("/bot1:wrong/getMe")["description"] == "Unauthorized");
  CHECK(get("/botwrong/getMe")["error_code"] == 401);
  CHECK(get(bot + "fly")["description"] == "Not Found: method not found");
  CHECK(get("/nowhere")["description"] == "Not Found");
  auto c = client();
  const auto res = c.Get("/api/v1/chat/credit");
  CHECK(res->status == 200);
  CHECK(json::parse(res->body)["code"] == 401);
}

TEST_CASE_METHOD(running_sandbox, "a finished task calls back and its clip is an mp4") {
  httplib::Server listener;
  std::promise<std::string> called;
  listener.Post("/cb", [&](const httplib::Request& q, httplib::Response&) { called.set_value(q.body); });
  const int back = listener.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { listener.listen_after_bind(); });
  const auto made =
      post("/api/v1/jobs/createTask", {{"model", "veo-3-1"},
                                       {"callBackUrl", "http://127.0.0.1:" + std::to_string(back) + "/cb"},
                                       {"input", {{"prompt", "a cat"}}}});
  const auto id = made["data"]["taskId"].get<std::string>();
  const auto body = json::parse(called.get_future().get());
  CHECK(body["data"]["taskId"] == id);
  listener.stop();
  thread.join();
  const auto info = get("/api/v1/jobs/recordInfo?taskId=" + id)["data"];
  CHECK(info["state"] == "success");
  auto c = client();
  const auto clip = c.Get(("/results/" + id + ".mp4").c_str());
  REQUIRE(clip->status == 200);
  CHECK(clip->body.substr(4, 4) == "ftyp");
}

TEST_CASE_METHOD(running_sandbox, "a streamed upload can be fetched from its address") {
  auto c = client();
  const httplib::MultipartFormDataItems parts{{"file", "picture", "p.png", "image/png"},
                                              {"uploadPath", "images", "", ""},
                                              {"fileName", "one.png", "", ""}};
  const httplib::Headers key{{"Authorization", "Bearer any"}};
  const auto res = c.Post("/api/file-stream-upload", key, parts);
  const auto url = json::parse(res->body)["data"]["downloadUrl"].get<std::string>();
  CHECK(url == "http://127.0.0.1:" + std::to_string(port) + "/uploads/images/one.png");
  CHECK(c.Get("/uploads/images/one.png")->body == "picture");
}

TEST_CASE_METHOD(running_sandbox, "people see whether a bot listens") {
  CHECK(get("/sandbox/bot")["listening"] == false);
  get(bot + "getUpdates?timeout=0");
  CHECK(get("/sandbox/bot")["listening"] == true);
}

TEST_CASE_METHOD(running_sandbox, "the chat page brings all the scripts it names") {
  auto c = client();
  const auto index = c.Get("/");
  REQUIRE(index->status == 200);
  std::vector<std::string> open{"chat.css", "main.js"};
  std::set<std::string> seen;
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    if (!seen.insert(name).second) continue;
    const auto file = c.Get(("/" + name).c_str());
    INFO(name);
    REQUIRE(file->status == 200);
    const std::regex import("from '\\./([a-z]+\\.js)'");
    for (std::sregex_iterator i(file->body.begin(), file->body.end(), import), end; i != end; ++i)
      open.push_back((*i)[1]);
  }
  CHECK(seen.count("words.js") == 1);
  CHECK(c.Get("/nothing.js")->status == 404);
}
