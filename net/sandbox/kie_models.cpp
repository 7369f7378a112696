#include "net/sandbox/kie_models.hpp"
#include "net/json_fields.hpp"
#include <algorithm>
#include <cstdlib>

namespace troupe::sandbox {
namespace {

using json_fields::member;
using nlohmann::json;

// --- fields ---

enum class kind : std::uint8_t { text, choice, whole, number, flag, address, addresses };

struct field {
  std::string name;
  kind what = kind::text;
  bool required = false;
  double least = 0, most = 0; ///< Length, value or count; a text with `most` 0 may be of any length.
  std::vector<std::string> allowed = {};
};

field text(const char* name, bool required, double most) { return {name, kind::text, required, 0, most}; }
field choice(const char* name, bool required, std::vector<std::string> allowed) {
  return {name, kind::choice, required, 0, 0, std::move(allowed)};
}
field whole(const char* name, double least, double most) { return {name, kind::whole, false, least, most}; }
field flag(const char* name, bool required) { return {name, kind::flag, required}; }
field address(const char* name, bool required) { return {name, kind::address, required}; }
field addresses(const char* name, bool required, double most) {
  return {name, kind::addresses, required, 1, most};
}

std::string text_of(const json& object, const char* name, const std::string& otherwise = "") {
  const auto& v = member(object, name);
  return v.is_string() && !v.get_ref<const std::string&>().empty() ? v.get<std::string>() : otherwise;
}

std::size_t characters(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string missing(const std::string& name) { return name + " is required"; }
std::string out_of_range(const std::string& name) {
  return name + " is not within the range of allowed options";
}

/// An empty text or list says as little as none.
bool given(const json& v) {
  if (v.is_string()) return !v.get_ref<const std::string&>().empty();
  return v.is_array() ? !v.empty() : !v.is_null();
}

bool is_address(const json& v) {
  if (!v.is_string()) return false;
  const auto& s = v.get_ref<const std::string&>();
  return s.rfind("http://", 0) == 0 || s.rfind("https://", 0) == 0;
}

/// Never an empty answer where kie is known to refuse; "" when the value fits.
std::string trouble_with(const field& f, const json& v) {
  const auto bad = out_of_range(f.name);
  switch (f.what) {
  case kind::text:
    if (!v.is_string()) return bad;
    // The real wording is not known.
    if (f.most > 0 && static_cast<double>(characters(v.get<std::string>())) > f.most)
      return f.name + " exceeds the maximum length of " + std::to_string(static_cast<int>(f.most));
    return {};
  case kind::choice:
    return v.is_string() && std::count(f.allowed.begin(), f.allowed.end(), v.get<std::string>()) ? "" : bad;
  case kind::whole:
    if (!v.is_number_integer()) return bad;
    [[fallthrough]];
  case kind::number:
    return v.is_number() && v.get<double>() >= f.least && v.get<double>() <= f.most ? "" : bad;
  case kind::flag: return v.is_boolean() ? "" : bad;
  case kind::address: return is_address(v) ? "" : f.name + " file type not supported";
  case kind::addresses:
    if (!v.is_array() || static_cast<double>(v.size()) > f.most) return bad;
    return std::all_of(v.begin(), v.end(), is_address) ? "" : f.name + " file type not supported";
  }
  return bad;
}

std::string trouble_with(const std::vector<field>& fields, const json& input) {
  for (const auto& f : fields) {
    const auto& v = member(input, f.name.c_str());
    // An optional choice that is sent empty is refused: kie wants it left out.
    const bool empty_choice = f.what == kind::choice && !f.required && v.is_string();
    if (!given(v) && !empty_choice) {
      if (f.required) return missing(f.name);
      continue;
    }
    if (auto trouble = trouble_with(f, v); !trouble.empty()) return trouble;
  }
  return {};
}

// --- Veo ---

struct veo_names {
  const char *images, *type;
};

bool whole_of(const json& v, std::initializer_list<int> allowed) {
  return v.is_null() || (v.is_number_integer() && std::count(allowed.begin(), allowed.end(), v.get<int>()));
}

/// What one field alone does not show.
std::string veo_trouble(const json& input, veo_names n) {
  if (!whole_of(member(input, "duration"), {4, 6, 8})) return out_of_range("duration");
  const auto type = text_of(input, n.type);
  const auto& images = member(input, n.images);
  if (type == "REFERENCE_2_VIDEO") {
    if (!given(images)) return missing(n.images);
    if (text_of(input, "model") == "veo3") return out_of_range("model");
    return whole_of(member(input, "duration"), {8}) ? "" : out_of_range("duration");
  }
  if (type == "FIRST_AND_LAST_FRAMES_2_VIDEO" && !given(images)) return missing(n.images);
  return images.is_array() && images.size() > 2 ? out_of_range(n.images) : "";
}

double veo_price(const json& input, veo_names n) {
  const auto tier = text_of(input, "model", "veo3_fast");
  const auto resolution = text_of(input, "resolution");
  const bool hd = resolution == "1080p", uhd = resolution == "4k";
  if (tier == "veo3_lite") return uhd ? 150 : hd ? 35 : 30;
  if (tier == "veo3") return uhd ? (given(member(input, n.images)) ? 370 : 380) : hd ? 255 : 250;
  return uhd ? 180 : hd ? 65 : 60;
}

constexpr veo_names unified_veo{"image_urls", "generation_type"};
constexpr veo_names older_veo{"imageUrls", "generationType"};

std::vector<field> veo_fields(veo_names n) {
  return {text("prompt", true, 0),
          choice("model", false, {"veo3", "veo3_fast", "veo3_lite"}),
          addresses(n.images, false, 3),
          choice(n.type, false, {"TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"}),
          choice("aspect_ratio", false, {"16:9", "9:16", "Auto"}),
          choice("resolution", false, {"720p", "1080p", "4k"})};
}

std::string veo_job_trouble(const json& input) { return veo_trouble(input, unified_veo); }
double veo_job_price(const json& input) { return veo_price(input, unified_veo); }

// --- Kling ---

double seconds(const json& input) { return std::atof(text_of(input, "duration", "5").c_str()); }
double by_length(const json& input, double five) { return seconds(input) > 5 ? 2 * five : five; }
bool with_sound(const json& input) { return member(input, "sound") == true; }

const std::vector<std::string> short_or_long{"5", "10"};
const std::vector<std::string> shapes{"16:9", "9:16", "1:1"};

std::vector<std::string> seconds_3_to_15() {
  std::vector<std::string> all;
  for (int s = 3; s <= 15; ++s) all.push_back(std::to_string(s));
  return all;
}

std::vector<field> kling_2(double prompt, double negative, std::vector<field> more) {
  std::vector<field> all{text("prompt", true, prompt),
                         choice("duration", false, short_or_long),
                         text("negative_prompt", false, negative),
                         {"cfg_scale", kind::number, false, 0, 1}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<field> kling_3() {
  return {text("prompt", false, 2500),
          addresses("image_urls", false, 2),
          flag("sound", true),
          choice("duration", true, seconds_3_to_15()),
          choice("aspect_ratio", false, shapes),
          choice("mode", true, {"std", "pro", "4K"}),
          flag("multi_shots", true)};
}

std::string shots_trouble(const json& input) {
  const auto& shots = member(input, "multi_prompt");
  if (!given(shots)) return missing("multi_prompt");
  if (!shots.is_array() || shots.size() > 5) return out_of_range("multi_prompt");
  double sum = 0;
  for (const auto& shot : shots) {
    if (auto bad = trouble_with({text("prompt", true, 500), whole("duration", 1, 12)}, shot); !bad.empty())
      return bad;
    const auto& length = member(shot, "duration");
    if (length.is_null()) return missing("duration");
    sum += length.get<double>();
  }
  if (member(input, "image_urls").size() > 1) return out_of_range("image_urls");
  return sum == seconds(input) ? "" : out_of_range("duration");
}

std::string kling_3_trouble(const json& input) {
  if (member(input, "multi_shots") == true) return shots_trouble(input);
  if (!given(member(input, "prompt"))) return missing("prompt");
  // With pictures the output has their shape.
  if (!given(member(input, "image_urls")) && !given(member(input, "aspect_ratio")))
    return missing("aspect_ratio");
  return {};
}

double kling_3_price(const json& input) {
  const auto mode = text_of(input, "mode");
  const bool sound = with_sound(input);
  const double a_second = mode == "4K" ? 67 : mode == "pro" ? (sound ? 27 : 18) : (sound ? 20 : 14);
  return a_second * seconds(input);
}

// --- the table ---

struct model {
  std::string name;
  std::vector<field> fields;
  double (*price)(const json& input);
  std::string (*trouble)(const json& input) = nullptr; ///< Beyond single fields.
};

double standard_21(const json& i) { return by_length(i, 25); }
double pro_21(const json& i) { return by_length(i, 50); }
double master_21(const json& i) { return by_length(i, 160); }
double turbo_25(const json& i) { return by_length(i, 42); }
double kling_26(const json& i) { return by_length(i, with_sound(i) ? 110 : 55); }
double turbo_3(const json& i) { return seconds(i) * (text_of(i, "resolution") == "1080p" ? 22.5 : 18); }

std::vector<model> make_models() {
  const auto picture = address("image_url", true), last_picture = address("tail_image_url", false);
  const auto shape = choice("aspect_ratio", false, shapes),
             needed_shape = choice("aspect_ratio", true, shapes);
  const auto length = choice("duration", true, short_or_long);
  const auto any_length = choice("duration", true, seconds_3_to_15());
  const auto size = choice("resolution", true, {"720p", "1080p"});
  const auto prompt = text("prompt", true, 2500);
  const auto sound = flag("sound", true);
  auto veo = veo_fields(unified_veo);
  veo.push_back(flag("enable_translation", false));
  return {{"veo-3-1", veo, veo_job_price, veo_job_trouble},
          {"kling/v2-1-standard", kling_2(5000, 500, {picture}), standard_21},
          {"kling/v2-1-pro", kling_2(5000, 500, {picture, last_picture}), pro_21},
          {"kling/v2-1-master-image-to-video", kling_2(5000, 500, {picture}), master_21},
          {"kling/v2-1-master-text-to-video", kling_2(5000, 500, {shape}), master_21},
          {"kling/v2-5-turbo-text-to-video-pro", kling_2(2500, 2500, {shape}), turbo_25},
          {"kling/v2-5-turbo-image-to-video-pro", kling_2(2500, 500, {picture, last_picture}), turbo_25},
          {"kling-2.6/text-to-video", {prompt, sound, needed_shape, length}, kling_26},
          {"kling-2.6/image-to-video", {prompt, addresses("image_urls", true, 1), sound, length}, kling_26},
          {"kling-3.0/video", kling_3(), kling_3_price, kling_3_trouble},
          {"kling/v3-turbo-text-to-video", {prompt, any_length, needed_shape, size}, turbo_3},
          {"kling/v3-turbo-image-to-video",
           {prompt, addresses("image_urls", true, 1), any_length, size},
           turbo_3}};
}

const std::vector<model>& models() {
  static const auto all = make_models();
  return all;
}

kie_order refused(int code, const std::string& msg) { return {kie_refusal{code, msg}}; }

/// A film of several shots may do without a prompt of its own.
std::string prompt_of(const json& input) {
  if (auto whole_film = text_of(input, "prompt"); !whole_film.empty()) return whole_film;
  std::string shots;
  for (const auto& shot : member(input, "multi_prompt")) shots += text_of(shot, "prompt") + ' ';
  return shots;
}

} // namespace

kie_order read_job_order(const std::string& name, const json& input) {
  const auto m =
      std::find_if(models().begin(), models().end(), [&](const model& one) { return one.name == name; });
  if (m == models().end()) return {unknown_model()};
  if (!input.is_object()) return refused(500, "This field is required");
  auto bad = trouble_with(m->fields, input);
  if (bad.empty() && m->trouble) bad = m->trouble(input);
  // Not 422: this is how kie reports bad parameters of a job.
  if (!bad.empty()) return refused(500, bad);
  return {
      {}, prompt_of(input), text_of(input, "aspect_ratio"), text_of(input, "resolution"), m->price(input)};
}

kie_order read_veo_order(const json& body) {
  if (!body.is_object()) return refused(422, missing("prompt"));
  const auto tier = text_of(body, "model", "veo3_fast");
  if (tier != "veo3" && tier != "veo3_fast" && tier != "veo3_lite") return {unknown_model()};
  static const auto fields = [] {
    auto all = veo_fields(older_veo);
    all.push_back(choice("aspectRatio", false, {"16:9", "9:16", "Auto"})); // its older spelling
    all.push_back(whole("seeds", 10'000, 99'999));
    all.push_back(flag("enableTranslation", false));
    return all;
  }();
  auto bad = trouble_with(fields, body);
  if (bad.empty()) bad = veo_trouble(body, older_veo);
  if (!bad.empty()) return refused(422, bad);
  return {{},
          text_of(body, "prompt"),
          text_of(body, "aspect_ratio", text_of(body, "aspectRatio")),
          text_of(body, "resolution", "720p"),
          veo_price(body, older_veo)};
}

std::vector<std::string> kie_model_names() {
  std::vector<std::string> names;
  for (const auto& m : models()) names.push_back(m.name);
  return names;
}

} // namespace troupe::sandbox
