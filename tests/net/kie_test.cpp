#include "net/kie.hpp"
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>

using namespace troupe;
using kie::fail_class;
using nlohmann::json;
using submitted = kie::submit_answer::outcome;
using status_of = kie::task_status::outcome;

namespace {

const kie::endpoint here{"http://api", "http://up", "KEY"};

job_spec spec(const std::string& api, const std::string& model = "veo3_fast") {
  job_spec s;
  s.api = api;
  s.provider_model = model;
  s.prompt = "a cat";
  s.aspect_ratio = "16:9";
  return s;
}
http_reply reply(const std::string& body, int status = 200) {
  http_reply r;
  r.status = status;
  r.body = body;
  return r;
}
http_reply no_reply(http_error e) {
  http_reply r;
  r.error = e;
  return r;
}
http_reply record(json data) {
  return reply(json{{"code", 200}, {"msg", "success"}, {"data", std::move(data)}}.dump());
}
std::string header(const http_request& r, const std::string& name) {
  for (const auto& [n, value] : r.headers)
    if (n == name) return value;
  return {};
}

} // namespace

TEST_CASE("kie's errors are classified by text first, code second") {
  struct row {
    int code;
    const char* text;
    fail_class c;
  };
  const row rows[] = {
      {500, "Internal Error - moderation backend", fail_class::temporary}, // rule 0
      {500, "Internal Error, Please try again later.", fail_class::temporary},
      {400, "Your prompt was flagged by Website as violating content policies.", fail_class::violation},
      {422, "Your request was rejected by Flow(x). You may consider", fail_class::violation},
      {422, "CONTENT_POLICY_BLOCKED: The input or output was flagged as sensitive", fail_class::violation},
      {400, "The current content could not be processed", fail_class::violation},
      {501, "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED", fail_class::violation},
      {402, "Credits insufficient : Your current balance isn't enough", fail_class::billing},
      {433, "", fail_class::billing},
      {402, "please try again", fail_class::billing},
      {429, "insufficient credits", fail_class::billing}, // the old Suno numbering
      {429, "Rate limit exceeded", fail_class::rate_limit},
      {430, "Your call frequency is too high. Please try again later.", fail_class::rate_limit},
      {429, "", fail_class::rate_limit},
      {422, "recordInfo is null", fail_class::temporary},
      {500, "prompt is required", fail_class::bad_input},
      {500, "aspect_ratio is not within the range of allowed options", fail_class::bad_input},
      {400, "Failed to fetch the image. Kindly verify", fail_class::bad_input},
      {400, "Only English prompts are supported at this time.", fail_class::bad_input},
      {451, "", fail_class::bad_input},
      {401, "You do not have access permissions", fail_class::configuration},
      {422, "The model name you specified is not supported. Please", fail_class::configuration},
      {404, "", fail_class::configuration},
      {500, "This interface is temporarily paused", fail_class::unavailable},
      {505, "", fail_class::unavailable},
      {500, "Server exception, please try again later or contact customer service", fail_class::temporary},
      {400, "the upstream had a problem, please try again later", fail_class::temporary},
      {455, "", fail_class::temporary},
      {408, "", fail_class::temporary},
      {531, "generation failed", fail_class::temporary},
      {403, "error code: 1010", fail_class::temporary},
      {422, "failed", fail_class::unknown},
      {0, "GENERATION_FAILED", fail_class::unknown},
      {400, "The Google model was unable to generate audio for this request.", fail_class::unknown},
  };
  for (const auto& r : rows) {
    INFO(r.code << " " << r.text);
    CHECK(std::string(kie::name_of(kie::classify(r.code, r.text))) == kie::name_of(r.c));
  }
}

TEST_CASE("unified Veo puts the tier into the input") {
  const auto r = kie::submit(here, spec("kie-unified"), {"http://i/1.jpg"}, "http://cb");
  CHECK(r.method == "POST");
  CHECK(r.url == "http://api/api/v1/jobs/createTask");
  CHECK(header(r, "Authorization") == "Bearer KEY");
  CHECK(json::parse(r.body) == json{{"model", "veo-3-1"},
                                    {"callBackUrl", "http://cb"},
                                    {"input",
                                     {{"prompt", "a cat"},
                                      {"model", "veo3_fast"},
                                      {"generation_type", "FIRST_AND_LAST_FRAMES_2_VIDEO"},
                                      {"image_urls", json::array({"http://i/1.jpg"})},
                                      {"aspect_ratio", "16:9"},
                                      {"resolution", "720p"},
                                      {"duration", 8},
                                      {"enable_translation", false}}}});
}

TEST_CASE("Kling's families are named at the top, each with its own fields and textual durations") {
  const auto input = [](const char* model, bool photo, bool sound = false, const char* resolution = "720p") {
    auto s = spec("kie-unified", model);
    s.duration_s = 5, s.sound = sound, s.resolution = resolution;
    if (photo) s.aspect_ratio = "Auto";
    const auto r =
        kie::submit(here, s, photo ? std::vector<std::string>{"http://i/1"} : std::vector<std::string>{}, "");
    const auto body = json::parse(r.body);
    CHECK(body["model"] == model);
    return body["input"];
  };
  const json text{{"prompt", "a cat"}, {"aspect_ratio", "16:9"}, {"duration", "5"}};
  const json photo{{"prompt", "a cat"}, {"duration", "5"}};
  const auto with = [](json j, const json& more) { return j.update(more), j; };
  CHECK(input("kling/v2-1-standard", true) == with(photo, {{"image_url", "http://i/1"}}));
  CHECK(input("kling/v2-5-turbo-text-to-video-pro", false) == text);
  CHECK(input("kling/v2-5-turbo-image-to-video-pro", true) == with(photo, {{"image_url", "http://i/1"}}));
  CHECK(input("kling-2.6/text-to-video", false, true) == with(text, {{"sound", true}}));
  CHECK(input("kling-2.6/image-to-video", true) ==
        with(photo, {{"image_urls", {"http://i/1"}}, {"sound", false}}));
  CHECK(input("kling-3.0/video", false, true, "1080p") ==
        with(text, {{"sound", true}, {"mode", "pro"}, {"multi_shots", false}}));
  CHECK(input("kling-3.0/video", true) ==
        with(photo,
             {{"image_urls", {"http://i/1"}}, {"sound", false}, {"mode", "std"}, {"multi_shots", false}}));
}

TEST_CASE("Veo translates Russian prompts, but not what is said in them") {
  const auto sent = [](const char* prompt) {
    auto s = spec("kie-unified");
    s.prompt = prompt;
    return json::parse(kie::submit(here, s, {}, "").body)["input"];
  };
  CHECK(sent("кот бежит")["enable_translation"] == true);
  CHECK(sent("кот бежит")["prompt"] == "кот бежит");
  CHECK(sent("a cat says \"hello\"")["enable_translation"] == false);
  CHECK(sent("a cat says \"hello\"")["prompt"] == "a cat says \"hello\"");
  CHECK(sent("кот говорит: «Привет!»")["prompt"].get<std::string>().find("exactly as written") !=
        std::string::npos);
}

TEST_CASE("legacy Veo takes a flat body") {
  const auto r = kie::submit(here, spec("kie-veo"), {}, "http://cb");
  CHECK(r.url == "http://api/api/v1/veo/generate");
  CHECK(json::parse(r.body) == json{{"prompt", "a cat"},
                                    {"model", "veo3_fast"},
                                    {"generationType", "TEXT_2_VIDEO"},
                                    {"aspect_ratio", "16:9"},
                                    {"resolution", "720p"},
                                    {"duration", 8},
                                    {"enableTranslation", false},
                                    {"callBackUrl", "http://cb"}});
}

TEST_CASE("queries, uploads and downloads go to their own places") {
  CHECK(kie::query(here, spec("kie-unified"), "a b").url == "http://api/api/v1/jobs/recordInfo?taskId=a%20b");
  CHECK(kie::query(here, spec("kie-veo"), "t").url == "http://api/api/v1/veo/record-info?taskId=t");
  const auto up = kie::upload_image(here, "/d/a", "u1.png");
  CHECK(up.url == "http://up/api/file-stream-upload");
  CHECK(up.form == http_fields{{"uploadPath", "images/user-uploads"}, {"fileName", "u1.png"}});
  REQUIRE(up.files.size() == 1);
  CHECK(up.files[0].field == "file");
  CHECK(up.files[0].content_type == "image/png");
  const auto down = kie::fetch("http://r/v.mp4", "/d/v", 99);
  CHECK(header(down, "Authorization").empty());
  CHECK(down.body_bytes_max == 99);
}

TEST_CASE("a submit is refused only with a proof") {
  struct row {
    http_reply reply;
    submitted what;
    fail_class why;
  };
  const row rows[] = {
      {no_reply(http_error::refused), submitted::refused, fail_class::temporary},
      {no_reply(http_error::stopped), submitted::refused, fail_class::temporary},
      {no_reply(http_error::lost), submitted::unsure, fail_class::none},
      {no_reply(http_error::too_large), submitted::unsure, fail_class::none},
      {reply("<html>", 502), submitted::unsure, fail_class::none},
      {reply("<html>"), submitted::unsure, fail_class::none},
      {reply(R"({"code":504,"msg":"gateway timeout"})", 504), submitted::unsure, fail_class::none},
      {reply("error code: 1010", 403), submitted::refused, fail_class::temporary},
      {reply("slow down", 429), submitted::refused, fail_class::rate_limit},
      {reply(R"({"code":429,"msg":"Rate limit exceeded"})"), submitted::refused, fail_class::rate_limit},
      {reply(R"({"code":"402","msg":"x"})"), submitted::refused, fail_class::billing},
      {reply(R"({"code":401,"message":"Unauthorized"})", 401), submitted::refused, fail_class::configuration},
      {reply(R"({"code":500,"msg":"Server exception, please"})"), submitted::refused, fail_class::temporary},
      {reply(R"({"code":500,"msg":"prompt is required","data":null})"), submitted::refused,
       fail_class::bad_input},
      {reply(R"({"code":200,"msg":"success","data":{}})"), submitted::unsure, fail_class::none},
      {reply(R"({"code":500,"msg":"x","data":{"taskId":"t"}})"), submitted::unsure, fail_class::none},
      {reply(R"({"code":200,"msg":"success","data":{"taskId":"t1"}})"), submitted::accepted,
       fail_class::none},
  };
  for (const auto& r : rows) {
    INFO(r.reply.status << " " << r.reply.body);
    const auto a = kie::read_submit(r.reply);
    CHECK(static_cast<int>(a.what) == static_cast<int>(r.what));
    CHECK(std::string(kie::name_of(a.why)) == kie::name_of(r.why));
    CHECK(a.task_id == (r.what == submitted::accepted ? "t1" : ""));
  }
}

TEST_CASE("the unified record is read in all its shapes") {
  const auto s = spec("kie-unified");
  for (const char* state : {"waiting", "queuing", "generating", "Generating", " QUEUING "}) {
    const auto a = kie::read_status(s, record({{"state", state}}));
    CHECK(a.what == status_of::pending);
    CHECK(a.heard);
    CHECK(a.new_word.empty());
  }
  const std::string plain = R"({"resultUrls":["https://r/720.mp4"]})";
  CHECK(kie::read_status(s, record({{"state", "success"}, {"resultJson", plain}})).result_url ==
        "https://r/720.mp4");
  const auto twice = kie::read_status(s, record({{"state", "success"}, {"resultJson", json(plain).dump()}}));
  CHECK(twice.what == status_of::done);
  CHECK(twice.result_url == "https://r/720.mp4");
  const json high{
      {"resultUrls", {"https://r/720.mp4"}},
      {"data", {{"result_urls", {"https://r/1080.mp4"}}, {"origin_urls", {"https://r/720.mp4"}}}}};
  CHECK(kie::read_status(s, record({{"state", "success"}, {"resultJson", high.dump()}})).result_url ==
        "https://r/1080.mp4");
  CHECK(kie::read_status(s, record({{"state", "success"}, {"resultJson", ""}})).what ==
        status_of::not_understood);
  CHECK(kie::read_status(s, record({{"state", "success"}, {"resultJson", R"({"resultUrls":["file:///x"]})"}}))
            .what == status_of::not_understood);
  const auto bad =
      kie::read_status(s, record({{"state", "fail"}, {"failCode", "422"}, {"failMsg", "flagged"}}));
  CHECK(bad.what == status_of::failed);
  CHECK(bad.why == fail_class::violation);
  const auto dull = kie::read_status(
      s, record({{"state", "fail"}, {"failCode", "GENERATION_FAILED"}, {"failMsg", nullptr}}));
  CHECK(dull.why == fail_class::unknown);
  CHECK(dull.text == "GENERATION_FAILED");
}

TEST_CASE("the legacy record is read") {
  const auto s = spec("kie-veo");
  CHECK(kie::read_status(s, record({{"successFlag", 0}, {"response", nullptr}})).what == status_of::pending);
  const auto good = kie::read_status(
      s, record({{"paramJson", R"({"imageUrls":["https://in.jpg"]})"},
                 {"successFlag", 1},
                 {"response", {{"originUrls", nullptr}, {"resultUrls", {"https://r/v.mp4"}}}}}));
  CHECK(good.what == status_of::done);
  CHECK(good.result_url == "https://r/v.mp4");
  const auto bad = kie::read_status(
      s, record({{"successFlag", 3}, {"errorCode", 400}, {"errorMessage", "prompt flagged by Website"}}));
  CHECK(bad.what == status_of::failed);
  CHECK(bad.why == fail_class::violation);
  CHECK(kie::read_status(s, record({{"successFlag", 2}, {"errorCode", nullptr}, {"errorMessage", nullptr}}))
            .why == fail_class::unknown);
}

TEST_CASE("an error of the query is not an error of the task") {
  const auto s = spec("kie-unified");
  const auto what = [&](const http_reply& r) { return static_cast<int>(kie::read_status(s, r).what); };
  const auto is = [](status_of o) { return static_cast<int>(o); };
  CHECK(what(reply(R"({"code":422,"msg":"recordInfo is null","data":null})")) == is(status_of::pending));
  CHECK(what(reply(R"({"code":404,"msg":"Task not found"})")) == is(status_of::pending));
  for (const auto& r :
       {reply(R"({"code":429,"msg":"Rate limit exceeded"})"), reply(R"({"code":401,"msg":"Unauthorized"})"),
        reply(R"({"code":500,"msg":"Server error"})"), reply("<html>", 502), reply("<html>", 503),
        reply("slow down", 429), reply("", 504), reply("error code: 1010", 403),
        reply(R"({"error":"x"})", 500), no_reply(http_error::lost)}) {
    INFO(r.status << " " << r.body);
    CHECK(what(r) == is(status_of::pending)); // nothing is known, and nothing is wrong with the task
    CHECK_FALSE(kie::read_status(s, r).heard);
    CHECK_FALSE(kie::read_status(s, r).text.empty());
  }
  CHECK(kie::read_status(s, reply(R"({"code":401,"msg":"Unauthorized"})")).key_refused);
  CHECK(kie::read_status(s, reply(R"({"code":422,"msg":"recordInfo is null","data":null})")).unseen);
  CHECK(what(reply(R"({"code":408,"msg":"no result"})")) == is(status_of::failed));
  CHECK(what(reply(R"({"code":400,"msg":"Your prompt was flagged"})")) == is(status_of::failed));
  CHECK(what(reply("null")) == is(status_of::not_understood));
  CHECK(what(reply(R"({"code":200,"data":[1]})")) == is(status_of::not_understood));
}

TEST_CASE("uploads and callbacks name their address and task") {
  CHECK(kie::read_upload(reply(R"({"success":true,"code":200,"data":{"downloadUrl":"https://t/a"}})")).url ==
        "https://t/a");
  CHECK(kie::read_upload(reply(R"({"success":true,"code":200,"data":{"fileUrl":"https://t/b"}})")).url ==
        "https://t/b");
  const auto no_key = kie::read_upload(reply(R"({"success":false,"code":401,"msg":"x"})"));
  CHECK(no_key.what == outside::end::pending); // the picture may be good
  CHECK(no_key.key_refused);
  const auto small =
      kie::read_upload(reply(R"({"success":false,"code":400,"msg":"Image must be at least 300px"})"));
  CHECK(small.what == outside::end::failed);
  CHECK(small.why == fail_class::bad_input);
  CHECK(small.limit == "300px");
  CHECK(kie::read_upload(reply("<html>")).what == outside::end::not_understood);
  CHECK(kie::callback_task_id(R"({"taskId":"b","data":{"taskId":"a"}})") == "a");
  CHECK(kie::callback_task_id(R"({"data":{"task_id":"c"}})") == "c");
  CHECK(kie::callback_task_id(R"({"task_id":"d"})") == "d");
  CHECK(kie::callback_task_id("nonsense").empty());
}
