#include "net/pictures.hpp"
#include "net/json_fields.hpp"
#include "net/media.hpp"
#include <filesystem>
#include <fstream>

namespace troupe::pictures {
namespace {

using media::media_error;
using nlohmann::json;
using words = std::vector<std::string>;

bool starts(const std::string& s, std::string_view head, std::size_t at = 0) {
  return s.size() >= at + head.size() && s.compare(at, head.size(), head) == 0;
}

/// ISO media: the brand says what is in it.
kind by_brand(const std::string& head) {
  const auto brand = head.substr(8, 4);
  if (brand == "avif" || brand == "avis") return kind::avif;
  for (auto heif : {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"})
    if (brand == heif) return head.find("avif", 12) < 64 ? kind::avif : kind::heic;
  return kind::unknown;
}

kind webp_kind(const std::string& head) {
  constexpr unsigned char animated = 2;
  const bool flags = starts(head, "VP8X", 12) && head.size() > 20;
  return flags && (static_cast<unsigned char>(head[20]) & animated) != 0 ? kind::webp_moving : kind::webp;
}

struct reader {
  const char *demuxer, *decoders;
};
/// ffmpeg is told what it reads: a file must not choose a demuxer or a decoder.
reader reader_of(kind k) {
  switch (k) {
  case kind::jpeg: return {"jpeg_pipe", "mjpeg"};
  case kind::png: return {"png_pipe", "png"};
  case kind::gif: return {"gif", "gif"};
  case kind::webp: return {"webp_pipe", "webp"};
  case kind::bmp: return {"bmp_pipe", "bmp"};
  case kind::tiff: return {"tiff_pipe", "tiff"};
  case kind::avif: return {"mov", "libdav1d,libaom-av1,av1"};
  default: throw media_error(std::string{"ffmpeg is not asked for "} + name_of(k));
  }
}

/// Nor may it read other files or addresses.
words reading(const std::string& path, kind k, std::int64_t most = pixels_max) {
  const auto by = reader_of(k);
  return {"-protocol_whitelist",
          "file",
          "-f",
          by.demuxer,
          "-codec_whitelist",
          by.decoders,
          "-max_pixels",
          std::to_string(most),
          "-i",
          "file:" + path};
}

void run_ffmpeg(const words& input, const std::string& filter, const std::string& jpeg, const char* quality) {
  words argv{"ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1"};
  argv.insert(argv.end(), input.begin(), input.end());
  for (const auto& a :
       {std::string{"-frames:v"}, std::string{"1"}, std::string{"-an"}, std::string{"-filter_complex"},
        filter, std::string{"-map_metadata"}, std::string{"-1"}, std::string{"-c:v"}, std::string{"mjpeg"},
        std::string{"-q:v"}, std::string{quality}, std::string{"-f"}, std::string{"image2"},
        std::string{"-update"}, std::string{"1"}, "file:" + jpeg})
    argv.push_back(a);
  media::run(argv, make_limit_s);
}

/// EXIF's orientation is applied by ffmpeg before the filter.
std::string filter_of(kind k, int side_max) {
  const auto side = std::to_string(side_max);
  const auto small = "scale=w='min(iw," + side + ")':h='min(ih," + side +
                     ")':force_original_aspect_ratio=decrease,format=yuvj420p";
  if (k == kind::jpeg) return "[0:v]" + small;
  return "[0:v]format=rgba,split[behind][front];"
         "[behind]lutrgb=r=maxval:g=maxval:b=maxval:a=maxval[white];[white][front]overlay=format=rgb," +
         small;
}

int side(const json& stream, const char* name) {
  const auto it = stream.find(name);
  return it != stream.end() && it->is_number_integer() ? it->get<int>() : 0;
}

std::int64_t bytes_of(const std::string& path) {
  std::error_code failed;
  const auto n = std::filesystem::file_size(path, failed);
  return failed ? 0 : static_cast<std::int64_t>(n);
}

} // namespace

std::string head_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string head(head_bytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return head;
}

kind kind_of(const std::string& head) {
  if (starts(head, "\xFF\xD8\xFF")) return kind::jpeg;
  if (starts(head, "\x89PNG\r\n\x1a\n")) return kind::png;
  if (starts(head, "GIF87a") || starts(head, "GIF89a")) return kind::gif;
  if (starts(head, "RIFF") && starts(head, "WEBP", 8)) return webp_kind(head);
  if (starts(head, "BM") && head.size() > 26) return kind::bmp;
  if (starts(head, std::string_view{"II*\0", 4}) || starts(head, std::string_view{"MM\0*", 4}))
    return kind::tiff;
  if (starts(head, "ftyp", 4) && head.size() >= 12) return by_brand(head);
  if (head.find("<svg") != head.npos) return kind::svg;
  return kind::unknown;
}

size size_of(const std::string& path, kind k) {
  words argv{
      "ffprobe",       "-v",  "error", "-select_streams", "v:0", "-show_entries", "stream=width,height",
      "-print_format", "json"};
  constexpr std::int64_t any = 2'147'483'647; // nothing is decoded: it may say how many there are
  const auto input = reading(path, k, any);
  argv.insert(argv.end(), input.begin(), input.end());
  const auto found = json_fields::parse(media::run(argv, look_limit_s));
  const auto streams = found.is_object() ? found.value("streams", json::array()) : json::array();
  if (!streams.is_array() || streams.empty() || !streams[0].is_object())
    throw media_error("no picture in it");
  const size s{side(streams[0], "width"), side(streams[0], "height")};
  if (s.width <= 0 || s.height <= 0) throw media_error("a picture without a size");
  return s;
}

size make_jpeg(const std::string& path, kind k, const std::string& jpeg, int side_max,
               std::int64_t bytes_max) {
  try {
    for (const char* quality : {"2", "5", "10", "20"}) {
      run_ffmpeg(reading(path, k), filter_of(k, side_max), jpeg, quality);
      const auto bytes = bytes_of(jpeg);
      if (bytes > 0 && bytes <= bytes_max) return size_of(jpeg, kind::jpeg);
    }
    throw media_error("it does not fit into " + std::to_string(bytes_max) + " bytes");
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(jpeg, ignored);
    throw;
  }
}

} // namespace troupe::pictures
