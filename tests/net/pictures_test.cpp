/// What Debian 12's ffmpeg makes of users' pictures: every kind is tried.
#include "net/pictures.hpp"
#include "net/media.hpp"
#include "tests/catch.hpp"
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
using pictures::kind;
namespace fs = std::filesystem;

namespace {

struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "troupe-pictures-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

/// What ffmpeg paints, in the format that the name asks for.
std::string painted(const folder& f, const std::string& name, const std::string& source,
                    const std::vector<std::string>& how = {}) {
  const auto path = f / name;
  std::vector<std::string> argv{"ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source};
  argv.insert(argv.end(), how.begin(), how.end());
  argv.insert(argv.end(), {"-frames:v", "1", path});
  media::run(argv, 30);
  return path;
}
std::string written(const folder& f, const std::string& name, const std::string& bytes) {
  std::ofstream{f / name, std::ios::binary} << bytes;
  return f / name;
}
kind kind_in(const std::string& path) { return pictures::kind_of(pictures::head_of(path)); }

/// One pixel of a JPEG as "rrggbb" with each colour in 16 steps.
std::string colour_at(const std::string& jpeg, int x, int y) {
  const auto crop = "crop=2:2:" + std::to_string(x) + ":" + std::to_string(y);
  const auto rgb = media::run(
      {"ffmpeg", "-v", "error", "-i", jpeg, "-vf", crop, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"}, 10);
  REQUIRE(rgb.size() == 12);
  std::string out;
  for (int i = 0; i < 3; ++i)
    out += "0123456789abcdef"[static_cast<unsigned char>(rgb[static_cast<std::size_t>(i)]) / 16];
  return out;
}

/// A camera held upright: EXIF's orientation 6.
std::string turned(const std::string& jpeg) {
  std::ifstream in{jpeg, std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{in}, {}};
  const std::string tiff{"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26};
  const std::string exif = std::string{"Exif\0\0", 6} + tiff;
  return all.substr(0, 2) + "\xFF\xE1" + '\0' + static_cast<char>(exif.size() + 2) + exif + all.substr(2);
}

} // namespace

TEST_CASE("what a file is stands in its first bytes, whatever its name says") {
  using pictures::kind_of;
  CHECK(kind_of("18 bytes of text!!") == kind::unknown);
  CHECK(kind_of("") == kind::unknown);
  CHECK(kind_of(std::string{"\0\0\0\x18"
                            "ftypheic\0\0\0\0mif1heic",
                            24}) == kind::heic);
  CHECK(kind_of(std::string{"\0\0\0\x18"
                            "ftypmif1\0\0\0\0mif1heic",
                            24}) == kind::heic);
  CHECK(kind_of(std::string{"\0\0\0\x1c"
                            "ftypmif1\0\0\0\0mif1avif",
                            24}) == kind::avif);
  CHECK(kind_of(std::string{"\0\0\0\x18"
                            "ftypisom\0\0\0\0mif1avif",
                            24}) == kind::unknown); // a film
  CHECK(kind_of("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">") == kind::svg);
  CHECK(kind_of("%PDF-1.7") == kind::unknown);
}

TEST_CASE("each picture that can be read becomes a JPEG of the same size") {
  const folder f;
  const auto source = "testsrc=size=640x480:rate=1";
  const std::vector<std::pair<std::string, kind>> all{{"a.jpg", kind::jpeg},
                                                      {"a.png", kind::png},
                                                      {"a.gif", kind::gif},
                                                      {"a.bmp", kind::bmp},
                                                      {"a.tiff", kind::tiff}};
  for (auto& [name, k] : all) {
    INFO(name);
    const auto path = painted(f, name, source);
    CHECK(kind_in(path) == k);
    const auto size = pictures::make_jpeg(path, k, f / "made.jpg", 4096, 10'000'000);
    CHECK(size.width == 640);
    CHECK(size.height == 480);
    CHECK(kind_in(f / "made.jpg") == kind::jpeg);
  }
  const auto avif = painted(f, "a.avif", source, {"-still-picture", "1"});
  CHECK(kind_in(avif) == kind::avif);
  CHECK(pictures::make_jpeg(avif, kind::avif, f / "made.jpg", 4096, 10'000'000).width == 640);
  const auto webp = painted(f, "a.webp", source, {"-c:v", "libwebp"});
  CHECK(kind_in(webp) == kind::webp);
  CHECK(pictures::make_jpeg(webp, kind::webp, f / "made.jpg", 4096, 10'000'000).width == 640);
}

TEST_CASE("an animated WebP is known as one: ffmpeg cannot read it") {
  const folder f;
  const auto path = f / "m.webp";
  media::run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x320:rate=4", "-frames:v", "4",
              "-c:v", "libwebp_anim", path},
             30);
  CHECK(kind_in(path) == kind::webp_moving);
}

TEST_CASE("what is transparent becomes white") {
  const folder f;
  const auto png =
      painted(f, "t.png", "color=red:size=400x300,format=rgba,geq=r=255:g=0:b=0:a='255*gte(X,200)'");
  pictures::make_jpeg(png, kind::png, f / "made.jpg", 4096, 10'000'000);
  CHECK(colour_at(f / "made.jpg", 20, 20) == "fff");
  CHECK(colour_at(f / "made.jpg", 300, 20) == "f00");
}

TEST_CASE("a photo of a camera held upright stands upright") {
  const folder f;
  const auto path = written(f, "r.jpg", turned(painted(f, "a.jpg", "testsrc=size=640x480:rate=1")));
  const auto size = pictures::make_jpeg(path, kind::jpeg, f / "made.jpg", 4096, 10'000'000);
  CHECK(size.width == 480);
  CHECK(size.height == 640);
}

TEST_CASE("a large picture is made smaller, in pixels and in bytes") {
  const folder f;
  const auto path = painted(f, "l.png", "testsrc=size=3000x1500:rate=1,noise=alls=60");
  const auto size = pictures::make_jpeg(path, kind::png, f / "made.jpg", 1024, 300'000);
  CHECK(size.width == 1024);
  CHECK(size.height == 512);
  CHECK(fs::file_size(f / "made.jpg") <= 300'000);
  CHECK_THROWS_AS(pictures::make_jpeg(path, kind::png, f / "none.jpg", 1024, 2'000), media::media_error);
  CHECK_FALSE(fs::exists(f / "none.jpg"));
}

TEST_CASE("a broken picture and one that unpacks without end are refused, and leave nothing behind") {
  const folder f;
  const std::string png_head{"\x89PNG\r\n\x1a\n", 8};
  const auto cut = written(f, "cut.png", png_head + std::string(40, 'x'));
  CHECK_THROWS_AS(pictures::size_of(cut, kind::png), media::media_error);
  CHECK_THROWS_AS(pictures::make_jpeg(cut, kind::png, f / "none.jpg", 4096, 10'000'000), media::media_error);
  CHECK_FALSE(fs::exists(f / "none.jpg"));
  // 12,000 x 9,000 of one colour: a few hundred kB, 432 MB unpacked
  const auto bomb = painted(f, "bomb.gif", "color=c=blue:size=12000x9000");
  const auto says = pictures::size_of(bomb, kind::gif);
  CHECK(says.pixels() > pictures::pixels_max);
  CHECK_THROWS_AS(pictures::make_jpeg(bomb, kind::gif, f / "none.jpg", 4096, 10'000'000), media::media_error);
}

TEST_CASE("a playlist or a film does not pass as a picture, whatever it is called") {
  const folder f;
  const auto list = written(f, "a.jpg", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n");
  CHECK(kind_in(list) == kind::unknown);
  for (auto k : {kind::unknown, kind::heic, kind::svg, kind::webp_moving})
    CHECK_THROWS_AS(pictures::size_of(list, k), media::media_error);
  CHECK_THROWS_AS(pictures::size_of(list, kind::jpeg), media::media_error);
}
