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

TEST_CASE("a door that is shut says so by its status, whatever page is pinned to it") {
  const auto s = spec("kie-unified");
  for (const int status : {401, 402, 403})
    for (const char* page : {"<html>Sorry</html>", "", "Unauthorized"}) {
      INFO(status << " " << page);
      const auto a = kie::read_status(s, reply(page, status));
      CHECK(a.what == status_of::pending);
      CHECK_FALSE(a.heard);
      CHECK(a.key_refused == (status == 401));
      CHECK((a.why == fail_class::billing) == (status == 402));
      CHECK_FALSE(a.text.empty());
    }
  CHECK(kie::read_credits(reply("", 401)).what == kie::credits_answer::outcome::key_refused);
}

TEST_CASE("a word of state that nobody knows is judged by what stands beside it") {
  const auto s = spec("kie-unified");
  const std::string packed = R"({"resultUrls":["https://r/v.mp4"]})";
  for (const std::string word : {"ok", "blocked", "unsuccessful", "timeout"}) {
    INFO(word);
    const auto alone = kie::read_status(
        s, record({{"state", word}, {"resultJson", ""}, {"failMsg", ""}, {"failCode", nullptr}}));
    CHECK(alone.what == status_of::pending);
    CHECK(alone.new_word == word);
    const auto there =
        kie::read_status(s, record({{"state", word}, {"resultJson", packed}, {"failCode", "0"}}));
    CHECK(there.what == status_of::done);
    CHECK(there.result_url == "https://r/v.mp4");
    CHECK(there.new_word == word);
    const auto no = kie::read_status(s, record({{"state", word}, {"failMsg", "Your prompt was flagged"}}));
    CHECK(no.what == status_of::failed);
    CHECK(no.why == fail_class::violation);
    CHECK(no.new_word == word);
    CHECK(kie::read_status(s, record({{"state", word}, {"failCode", "422"}})).what == status_of::failed);
    CHECK(kie::read_status(s, record({{"state", word}, {"errorCode", "NO_LUCK"}})).what == status_of::failed);
  }
}

TEST_CASE("odd records that were seen, or may be: each has its end") {
  const auto s = spec("kie-unified");
  const std::string url = "https://r/v.mp4", packed = R"({"resultUrls":["https://r/v.mp4"]})";
  struct row {
    json data;
    status_of what;
  };
  const row rows[] = {
      // In state success without an address: not "not yet".
      {{{"state", "success"}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", ""}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", nullptr}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":[]})"}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":null})"}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":[""]})"}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", "not json"}}, status_of::not_understood},
      {{{"state", "success"}, {"resultJson", R"({"resultObject":{"text":"x"}})"}}, status_of::not_understood},
      {{{"state", "success"}, {"param", R"({"input":{"image_url":"https://in/a.jpg"}})"}},
       status_of::not_understood},
      // Unmistakable, however it is written.
      {{{"state", "SUCCESS"}, {"resultJson", packed}}, status_of::done},
      {{{"state", " Success "}, {"resultJson", json(packed).dump()}}, status_of::done},
      {{{"state", "succeeded"}, {"resultJson", json::parse(packed)}}, status_of::done},
      {{{"state", "completed"}, {"resultJson", url}}, status_of::done},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":"https://r/v.mp4"})"}}, status_of::done},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":[{"url":"https://r/v.mp4"}]})"}},
       status_of::done},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":{"url":"https://r/v.mp4"}})"}},
       status_of::done},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":[["https://r/v.mp4"]]})"}}, status_of::done},
      {{{"state", "success"}, {"resultJson", R"({"resultUrls":"[\"https://r/v.mp4\"]"})"}}, status_of::done},
      {{{"state", "success"}, {"resultJson", R"(["https://r/v.mp4"])"}}, status_of::done},
      {{{"state", "success"}, {"resultJson", ""}, {"response", {{"resultUrls", {url}}}}}, status_of::done},
      {{{"successFlag", "1"}, {"response", {{"resultUrls", {url}}}}}, status_of::done},
      {{{"successFlag", true}, {"response", {{"resultUrl", url}}}}, status_of::done},
      {{{"state", "FAIL"}, {"failCode", 500}, {"failMsg", "x"}}, status_of::failed},
      {{{"state", "failed"}, {"errorMessage", "x"}}, status_of::failed},
      {{{"successFlag", "2"}, {"errorMessage", "x"}}, status_of::failed},
      {{{"successFlag", 0}}, status_of::pending},
      {{{"state", "reviewing"}}, status_of::pending},
      // No state at all.
      {json::object(), status_of::not_understood},
      {{{"state", nullptr}}, status_of::not_understood},
      {{{"state", 7}}, status_of::not_understood},
      {{{"state", ""}}, status_of::not_understood},
      {{{"state", "The task is somewhere between here and there."}}, status_of::not_understood},
      {{{"successFlag", 9}}, status_of::not_understood},
  };
  for (const auto& r : rows) {
    INFO(r.data.dump());
    for (const char* api : {"kie-unified", "kie-veo"}) {
      const auto a = kie::read_status(spec(api), record(r.data));
      CHECK(std::string{name_of(a.what)} == name_of(r.what));
      CHECK(a.result_url == (r.what == status_of::done ? url : ""));
      if (r.what == status_of::not_understood) CHECK_FALSE(a.text.empty());
    }
  }
  CHECK(kie::read_status(s, record({{"state", "Reviewing"}})).new_word == "reviewing");
  CHECK(kie::read_status(s, reply(json{{"code", "200"}, {"data", json{{"state", "waiting"}}.dump()}}.dump()))
            .what == status_of::pending);
  CHECK(kie::read_status(s, reply("<html>Just a moment...</html>")).what == status_of::not_understood);
  CHECK(kie::read_status(s, reply("")).what == status_of::not_understood);
  CHECK(kie::read_status(s, reply(R"({"code":200,"data":null})")).what == status_of::not_understood);
  CHECK(kie::read_status(s, reply(R"({"code":418,"msg":"teapot"})")).what == status_of::not_understood);
}

TEST_CASE("one deep answer of the provider does not end the engine") {
  const auto deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const auto& body : {R"({"code":200,"data":{"state":"success","resultJson":)" + deep + "}}",
                           R"({"code":200,"data":{"state":"success","resultJson":")" + deep + "\"}}", deep,
                           R"({"code":200,"data":)" + deep + "}"}) {
    const auto a = kie::read_status(spec("kie-unified"), reply(body));
    CHECK(a.what == status_of::not_understood);
    CHECK(a.text.size() < 1000);
    CHECK(kie::read_submit(reply(body)).what == submitted::unsure);
    CHECK(kie::callback_task_id(body).empty());
  }
}

TEST_CASE("a limit that an input did not keep is found in the provider's sentence") {
  struct row {
    const char* text;
    const char* limit;
  };
  for (const auto& r : {row{"Image must be at least 300px", "300px"},
                        {"image size must not exceed 10 MB.", "10 MB"},
                        {"The prompt exceeds 2000 characters", "2000 characters"},
                        {"Image dimensions must be at least 300x300", "300x300"},
                        {"Duration must be between 5 and 10 seconds", "10 seconds"},
                        {"image width and height should be larger than 300 pixels", "300 pixels"},
                        {"Image file too large, maximum is 7.5MB", "7.5MB"}}) {
    INFO(r.text);
    CHECK(kie::name_of(kie::classify(500, r.text)) == std::string{"bad_input"});
    CHECK(kie::limit_in(r.text) == r.limit);
    const auto body = json{{"state", "fail"}, {"failCode", "400"}, {"failMsg", r.text}};
    CHECK(kie::read_status(spec("kie-unified"), record(body)).limit == r.limit);
  }
  for (const char* none : {"flagged", "", "try again in 5 minutes", "1080P", "code 300"})
    CHECK(kie::limit_in(none).empty());
}

TEST_CASE("words of billing, of too much at once and of the content's rules are told apart") {
  struct row {
    const char* text;
    fail_class c;
  };
  for (const auto& r : {row{"You have reached the max active tasks limit", fail_class::rate_limit},
                        {"Too many concurrent tasks, please wait", fail_class::rate_limit},
                        {"Not enough credits, please recharge", fail_class::billing},
                        {"insufficient funds", fail_class::billing},
                        {"Insufficient image resolution: at least 300px", fail_class::bad_input},
                        {"Blocked by our safety system", fail_class::violation},
                        {"The video service must be restarted, try again", fail_class::temporary},
                        {"image format is not supported", fail_class::bad_input},
                        {"The model name you specified is not supported.", fail_class::configuration}}) {
    INFO(r.text);
    CHECK(kie::name_of(kie::classify(500, r.text)) == std::string{kie::name_of(r.c)});
  }
}

TEST_CASE("a file that is no film is not taken for one") {
  http_reply r;
  r.status = 200;
  r.headers = {{"content-type", "video/mp4"}, {"etag", "\"abc\""}};
  r.saved_head = std::string{"\0\0\0\x20"
                             "ftypisom",
                             12};
  r.saved_bytes = 4711;
  const auto good = kie::read_fetch(r);
  CHECK(good.what == outside::end::done);
  CHECK(good.bytes == 4711);
  CHECK(good.etag == "\"abc\"");
  r.saved_head = "<html><title>Attention required</title>";
  const auto page = kie::read_fetch(r);
  CHECK(page.what == outside::end::not_understood);
  CHECK(page.text.find("Attention required") != std::string::npos);
  r.saved_head.clear(), r.saved_bytes = 0;
  CHECK(kie::read_fetch(r).what == outside::end::not_understood);
  CHECK(kie::read_fetch(reply("gone", 404)).what == outside::end::failed);
  CHECK(kie::read_fetch(reply("<html>", 503)).what == outside::end::pending);
  CHECK(kie::read_fetch(no_reply(http_error::lost)).what == outside::end::pending);
  CHECK(kie::read_fetch(no_reply(http_error::too_large)).what == outside::end::failed);
}
