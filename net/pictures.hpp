#pragma once
/// Pictures of users as models take them. Blocks (ffprobe and ffmpeg with time limits): picture workers only.
#include <cstdint>
#include <stdexcept>
#include <string>

namespace troupe::pictures {

inline constexpr std::int64_t pixels_max = 64'000'000; // 256 MB while they are decoded
inline constexpr int look_limit_s = 10, make_limit_s = 20;

/// By the first bytes of a file, whatever its name says.
enum class kind : std::uint8_t { unknown, jpeg, png, gif, webp, webp_moving, bmp, tiff, avif, heic, svg };
constexpr const char* name_of(kind k) {
  constexpr const char* names[] = {"",    "jpeg", "png",  "gif",  "webp", "webp",
                                   "bmp", "tiff", "avif", "heic", "svg"};
  return names[static_cast<int>(k)];
}
kind kind_of(const std::string& head);
inline constexpr std::size_t head_bytes = 4096;
std::string head_of(const std::string& path); ///< "" when it cannot be read

struct size {
  int width = 0, height = 0;
  std::int64_t pixels() const { return std::int64_t{width} * height; }
};
/// What the file says of itself. @throws media::media_error when it is no such picture
size size_of(const std::string& path, kind k);
/// A JPEG upright and on white, of the first frame, with no side over `side_max` and at most `bytes_max`.
/// @returns its size. @throws media::media_error
size make_jpeg(const std::string& path, kind k, const std::string& jpeg, int side_max,
               std::int64_t bytes_max);

} // namespace troupe::pictures
