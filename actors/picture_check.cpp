#include "actors/picture_check.hpp"
#include "net/pictures.hpp"
#include <algorithm>

namespace troupe {

picture_limits limits_of(const std::vector<config::model>& models, const std::string& model_id) {
  const auto m = std::find_if(models.begin(), models.end(), [&](auto& x) { return x.id == model_id; });
  if (m == models.end()) return {};
  return {m->photo_side_px_max, m->photo_mb_max * std::int64_t{1'000'000}};
}

namespace picture_check {
namespace {

/// "HEIC", as people know it.
std::string upper(std::string s) {
  for (char& c : s)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return s;
}

} // namespace

std::optional<trouble> at_once(const telegram::event& e) {
  if (!e.photo_is_file || e.file_bytes <= telegram_bytes_max) return {};
  return trouble{"picture.heavy", {{"mb", std::to_string((e.file_bytes + 999'999) / 1'000'000)}}};
}

std::optional<trouble> too_small(const std::vector<config::model>& models, int width, int height) {
  if (width <= 0 || height <= 0) return {};
  int least = 0;
  for (auto& m : models)
    if (m.photo_input && (least == 0 || m.photo_side_px_min < least)) least = m.photo_side_px_min;
  if (std::min(width, height) >= least) return {};
  return trouble{
      "picture.small",
      {{"w", std::to_string(width)}, {"h", std::to_string(height)}, {"min", std::to_string(least)}}};
}

std::optional<trouble> seen(const picture_facts& f) {
  switch (f.state) {
  case picture_state::good: return {};
  case picture_state::heic: return trouble{"picture.heic", {}};
  case picture_state::vector: return trouble{"picture.vector", {}};
  case picture_state::moving: return trouble{"picture.moving", {}};
  case picture_state::huge:
    return trouble{"picture.huge",
                   {{"w", std::to_string(f.width)},
                    {"h", std::to_string(f.height)},
                    {"max", std::to_string(pictures::pixels_max / 1'000'000)}}};
  case picture_state::heavy: return trouble{"picture.heavy_unknown", {}};
  case picture_state::gone: return trouble{"picture.gone", {}};
  case picture_state::not_looked_at: return trouble{"picture.later", {}};
  case picture_state::no_picture: break;
  }
  if (f.kind.empty()) return trouble{"picture.none", {}};
  return trouble{"picture.broken", {{"kind", upper(f.kind)}}};
}

} // namespace picture_check
} // namespace troupe
