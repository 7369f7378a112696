#include "net/sandbox/kie_models.hpp"
#include "tests/catch.hpp"
#include <set>

using namespace troupe::sandbox;
using nlohmann::json;

namespace {

const std::string long_text(2501, 'x');

struct good_input {
  std::string model;
  json input;
  double price;
};

/// Each model with all it requires.
std::vector<good_input> good_inputs() {
  const json picture = "https://h/p.png", pictures = json::array({picture});
  return {
      {"veo-3-1", {{"prompt", "p"}}, 60},
      {"veo-3-1", {{"prompt", "p"}, {"model", "veo3_lite"}, {"duration", 4}, {"resolution", "720p"}}, 30},
      {"veo-3-1", {{"prompt", "p"}, {"model", "veo3_lite"}, {"resolution", "1080p"}}, 35},
      {"veo-3-1", {{"prompt", "p"}, {"model", "veo3"}, {"aspect_ratio", "Auto"}}, 250},
      {"veo-3-1", {{"prompt", "p"}, {"model", "veo3"}, {"resolution", "4k"}}, 380},
      {"veo-3-1", {{"prompt", "p"}, {"model", "veo3"}, {"resolution", "4k"}, {"image_urls", pictures}}, 370},
      {"veo-3-1",
       {{"prompt", "p"},
        {"model", "veo3_fast"},
        {"generation_type", "REFERENCE_2_VIDEO"},
        {"image_urls", json::array({picture, picture, picture})},
        {"duration", 8}},
       60},
      {"kling/v2-1-standard", {{"prompt", "p"}, {"image_url", picture}}, 25},
      {"kling/v2-1-standard", {{"prompt", "p"}, {"image_url", picture}, {"duration", "10"}}, 50},
      {"kling/v2-1-pro", {{"prompt", "p"}, {"image_url", picture}, {"tail_image_url", picture}}, 50},
      {"kling/v2-1-pro", {{"prompt", "p"}, {"image_url", picture}, {"duration", "10"}}, 100},
      {"kling/v2-1-master-image-to-video", {{"prompt", "p"}, {"image_url", picture}}, 160},
      {"kling/v2-1-master-text-to-video", {{"prompt", "p"}, {"duration", "10"}}, 320},
      {"kling/v2-5-turbo-text-to-video-pro", {{"prompt", "p"}, {"aspect_ratio", "1:1"}}, 42},
      {"kling/v2-5-turbo-image-to-video-pro",
       {{"prompt", "p"}, {"image_url", picture}, {"cfg_scale", 0.5}},
       42},
      {"kling/v2-5-turbo-image-to-video-pro",
       {{"prompt", "p"}, {"image_url", picture}, {"duration", "10"}, {"negative_prompt", "no rain"}},
       84},
      {"kling-2.6/text-to-video",
       {{"prompt", "p"}, {"sound", false}, {"aspect_ratio", "16:9"}, {"duration", "5"}},
       55},
      {"kling-2.6/text-to-video",
       {{"prompt", "p"}, {"sound", true}, {"aspect_ratio", "9:16"}, {"duration", "10"}},
       220},
      {"kling-2.6/image-to-video",
       {{"prompt", "p"}, {"image_urls", pictures}, {"sound", true}, {"duration", "5"}},
       110},
      {"kling-3.0/video",
       {{"prompt", "p"},
        {"sound", false},
        {"duration", "3"},
        {"aspect_ratio", "16:9"},
        {"mode", "std"},
        {"multi_shots", false}},
       42},
      {"kling-3.0/video",
       {{"prompt", "p"},
        {"image_urls", json::array({picture, picture})},
        {"sound", true},
        {"duration", "15"},
        {"mode", "pro"},
        {"multi_shots", false}},
       405},
      {"kling-3.0/video",
       {{"sound", true},
        {"duration", "5"},
        {"mode", "4K"},
        {"multi_shots", true},
        {"multi_prompt", {{{"prompt", "a"}, {"duration", 2}}, {{"prompt", "b"}, {"duration", 3}}}}},
       335},
      {"kling/v3-turbo-text-to-video",
       {{"prompt", "p"}, {"duration", "3"}, {"aspect_ratio", "16:9"}, {"resolution", "720p"}},
       54},
      {"kling/v3-turbo-image-to-video",
       {{"prompt", "p"}, {"image_urls", pictures}, {"duration", "4"}, {"resolution", "1080p"}},
       90},
  };
}

/// The complete input of the model's first row above.
json input_of(const std::string& model) {
  for (const auto& g : good_inputs())
    if (g.model == model) return g.input;
  throw std::runtime_error("no input for " + model);
}

std::string refusal(const std::string& model, const json& input) {
  const auto order = read_job_order(model, input);
  return order.refusal ? std::to_string(order.refusal->code) + " " + order.refusal->msg : "";
}

std::string without(const std::string& model, const std::string& name) {
  auto input = input_of(model);
  input.erase(name);
  return refusal(model, input);
}

std::string with(const std::string& model, const std::string& name, const json& value) {
  auto input = input_of(model);
  input[name] = value;
  return refusal(model, input);
}

std::string veo_refusal(json body) {
  body["prompt"] = "p";
  const auto order = read_veo_order(body);
  return order.refusal ? std::to_string(order.refusal->code) + " " + order.refusal->msg : "";
}

} // namespace

TEST_CASE("each model takes right input and has its price") {
  std::set<std::string> seen;
  for (const auto& g : good_inputs()) {
    INFO(g.model << " " << g.input);
    CHECK(refusal(g.model, g.input).empty());
    CHECK(read_job_order(g.model, g.input).price == g.price);
    seen.insert(g.model);
  }
  for (const auto& name : kie_model_names()) {
    INFO(name);
    CHECK(seen.count(name) == 1);
  }
}

TEST_CASE("each model names the field that is missing, with code 500") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> required{
      {"veo-3-1", {"prompt"}},
      {"kling/v2-1-standard", {"prompt", "image_url"}},
      {"kling/v2-1-pro", {"prompt", "image_url"}},
      {"kling/v2-1-master-image-to-video", {"prompt", "image_url"}},
      {"kling/v2-1-master-text-to-video", {"prompt"}},
      {"kling/v2-5-turbo-text-to-video-pro", {"prompt"}},
      {"kling/v2-5-turbo-image-to-video-pro", {"prompt", "image_url"}},
      {"kling-2.6/text-to-video", {"prompt", "sound", "aspect_ratio", "duration"}},
      {"kling-2.6/image-to-video", {"prompt", "image_urls", "sound", "duration"}},
      {"kling-3.0/video", {"prompt", "sound", "duration", "aspect_ratio", "mode", "multi_shots"}},
      {"kling/v3-turbo-text-to-video", {"prompt", "duration", "aspect_ratio", "resolution"}},
      {"kling/v3-turbo-image-to-video", {"prompt", "image_urls", "duration", "resolution"}}};
  CHECK(required.size() == kie_model_names().size());
  for (const auto& [model, names] : required)
    for (const auto& name : names) {
      INFO(model << " without " << name);
      CHECK(without(model, name) == "500 " + name + " is required");
    }
}

TEST_CASE("a value of the wrong type or outside the choices is refused with code 500") {
  struct wrong {
    std::string model, name;
    json value;
  };
  const std::vector<wrong> all{{"veo-3-1", "duration", "8"}, // a number there, a text at Kling
                               {"veo-3-1", "duration", 5},
                               {"veo-3-1", "model", "veo3_ultra"},
                               {"veo-3-1", "aspect_ratio", "1:1"},
                               {"veo-3-1", "aspect_ratio", ""},
                               {"veo-3-1", "resolution", "4K"},
                               {"veo-3-1", "generation_type", "TEXT"},
                               {"veo-3-1", "image_urls", "https://h/p.png"},
                               {"veo-3-1", "image_urls", {"https://h/1", "https://h/2", "https://h/3"}},
                               {"veo-3-1", "enable_translation", "true"},
                               {"kling/v2-1-standard", "duration", 5},
                               {"kling/v2-1-standard", "duration", "8"},
                               {"kling/v2-1-pro", "cfg_scale", 1.5},
                               {"kling/v2-1-master-text-to-video", "aspect_ratio", "4:3"},
                               {"kling/v2-5-turbo-text-to-video-pro", "aspect_ratio", "Auto"},
                               {"kling/v2-5-turbo-image-to-video-pro", "duration", "15"},
                               {"kling-2.6/text-to-video", "sound", "true"},
                               {"kling-2.6/text-to-video", "duration", "3"},
                               {"kling-2.6/image-to-video", "image_urls", {"https://h/1", "https://h/2"}},
                               {"kling-3.0/video", "duration", "16"},
                               {"kling-3.0/video", "duration", 5},
                               {"kling-3.0/video", "mode", "4k"},
                               {"kling-3.0/video", "sound", 1},
                               {"kling-3.0/video", "multi_shots", "false"},
                               {"kling/v3-turbo-text-to-video", "resolution", "4k"},
                               {"kling/v3-turbo-image-to-video", "duration", "2"}};
  for (const auto& w : all) {
    INFO(w.model << " with " << w.name << " " << w.value);
    CHECK(with(w.model, w.name, w.value) == "500 " + w.name + " is not within the range of allowed options");
  }
}

TEST_CASE("a prompt longer than its model takes is refused, counted in characters") {
  for (const std::string model :
       {"kling/v2-5-turbo-text-to-video-pro", "kling-2.6/text-to-video", "kling-3.0/video"}) {
    INFO(model);
    CHECK(with(model, "prompt", long_text) == "500 prompt exceeds the maximum length of 2500");
  }
  CHECK(with("kling/v2-1-standard", "prompt", long_text).empty());
  std::string cyrillic;
  for (int i = 0; i < 2500; ++i) cyrillic += "\u0436";
  CHECK(with("kling-2.6/text-to-video", "prompt", cyrillic).empty());
  CHECK(with("kling/v2-1-pro", "negative_prompt", std::string(501, 'x')) ==
        "500 negative_prompt exceeds the maximum length of 500");
}

TEST_CASE("a picture under the other name of its field is a missing picture") {
  CHECK(refusal("kling/v2-1-standard", {{"prompt", "p"}, {"image_urls", json::array({"https://h/p"})}}) ==
        "500 image_url is required");
  CHECK(refusal("kling-2.6/image-to-video",
                {{"prompt", "p"}, {"image_url", "https://h/p"}, {"sound", false}, {"duration", "5"}}) ==
        "500 image_urls is required");
  CHECK(with("kling/v2-1-standard", "image_url", "data:image/png;base64,aGk=") ==
        "500 image_url file type not supported");
}

TEST_CASE("Veo's way of generation must fit its pictures, tier and length") {
  CHECK(with("veo-3-1", "generation_type", "FIRST_AND_LAST_FRAMES_2_VIDEO") == "500 image_urls is required");
  json reference{{"prompt", "p"},
                 {"generation_type", "REFERENCE_2_VIDEO"},
                 {"image_urls", json::array({"https://h/p"})}};
  CHECK(refusal("veo-3-1", reference).empty());
  reference["duration"] = 4;
  CHECK(refusal("veo-3-1", reference) == "500 duration is not within the range of allowed options");
  reference["duration"] = 8;
  reference["model"] = "veo3";
  CHECK(refusal("veo-3-1", reference) == "500 model is not within the range of allowed options");
}

TEST_CASE("shots of a Kling film must add up to its length") {
  json film{{"sound", true}, {"duration", "5"}, {"mode", "std"}, {"multi_shots", true}};
  CHECK(refusal("kling-3.0/video", film) == "500 multi_prompt is required");
  film["multi_prompt"] = json::array({{{"prompt", "a"}, {"duration", 2}}});
  CHECK(refusal("kling-3.0/video", film) == "500 duration is not within the range of allowed options");
  film["multi_prompt"] = json::array({{{"prompt", "a"}, {"duration", 5}}});
  CHECK(refusal("kling-3.0/video", film).empty());
  film["multi_prompt"] = json::array({{{"duration", 5}}});
  CHECK(refusal("kling-3.0/video", film) == "500 prompt is required");
}

TEST_CASE("unknown models are refused with code 422") {
  for (const std::string model : {"", "veo3", "veo3_fast", "kling-3.0", "kling/v2-6", "google/veo"}) {
    INFO(model);
    CHECK(refusal(model, {{"prompt", "p"}}).rfind("422 The model name you specified is not supported", 0) ==
          0);
  }
}

TEST_CASE("the older Veo interface refuses bad input with code 422") {
  const std::string range = " is not within the range of allowed options";
  CHECK(veo_refusal({}).empty());
  CHECK(veo_refusal({{"model", "veo3"}, {"imageUrls", {"https://h/1", "https://h/2"}}}).empty());
  CHECK(veo_refusal({{"aspectRatio", "9:16"}, {"seeds", 10000}, {"resolution", "4k"}}).empty());
  CHECK(veo_refusal({{"duration", "8"}}) == "422 duration" + range);
  CHECK(veo_refusal({{"aspect_ratio", "1:1"}}) == "422 aspect_ratio" + range);
  CHECK(veo_refusal({{"seeds", 5}}) == "422 seeds" + range);
  CHECK(veo_refusal({{"generationType", "REFERENCE_2_VIDEO"}}) == "422 imageUrls is required");
  CHECK(veo_refusal({{"model", "kling-3.0/video"}}).rfind("422 The model name", 0) == 0);
  CHECK(read_veo_order({{"prompt", "p"}, {"model", "veo3_lite"}, {"resolution", "4k"}}).price == 150);
  CHECK(read_veo_order({{"prompt", "p"}, {"aspectRatio", "9:16"}}).aspect == "9:16");
}
