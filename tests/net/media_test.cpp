#include "net/media.hpp"
#include "tests/catch.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "troupe-media-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

} // namespace

TEST_CASE("a clip is probed and gets a small thumbnail") {
  const folder f;
  const auto clip = f / "clip.mp4", picture = f / "thumb.jpg";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=0.5:size=640x360:rate=10", "-pix_fmt", "yuv420p", clip},
             30);
  const auto info = media::probe(clip);
  CHECK(info.width == 640);
  CHECK(info.height == 360);
  CHECK(info.duration_ms == 500);
  CHECK(info.bytes == static_cast<std::int64_t>(fs::file_size(clip)));
  media::make_thumbnail(clip, picture);
  CHECK(fs::file_size(picture) > 0);
  CHECK(fs::file_size(picture) <= 200'000);
  const auto size = media::run({"ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height",
                                "-of", "csv=p=0", picture},
                               10);
  CHECK(size.find("mjpeg,320,180") == 0);
}

TEST_CASE("a video that is too large is made smaller in place, or stays as it was") {
  const folder f;
  const auto clip = f / "clip.mp4";
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=2:size=1280x720:rate=25,noise=alls=60:allf=t", "-f", "lavfi", "-i",
              "sine=d=2", "-pix_fmt", "yuv420p", "-b:v", "20M", clip},
             60);
  const auto before = media::probe(clip);
  REQUIRE(before.bytes > 1'500'000);
  media::shrink(clip, before, 500'000);
  const auto after = media::probe(clip);
  CHECK(after.bytes <= 500'000);
  CHECK(after.width == 1280);
  CHECK(after.duration_ms >= 1'900);
  CHECK_THROWS_AS(media::shrink(clip, after, 5'000), media::media_error);
  CHECK(media::probe(clip).bytes == after.bytes);
  CHECK(std::distance(fs::directory_iterator{f.path}, {}) == 1);
}

TEST_CASE("what is no video is refused") {
  const folder f;
  std::ofstream(f / "a.txt") << "just text\nand more text\n";
  std::ofstream(f / "list.mp4") << "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
  std::ofstream(f / "empty.mp4").close();
  CHECK_THROWS_AS(media::probe(f / "a.txt"), media::media_error);
  CHECK_THROWS_AS(media::probe(f / "list.mp4"), media::media_error);
  CHECK_THROWS_AS(media::probe(f / "empty.mp4"), media::media_error);
  CHECK_THROWS_AS(media::probe(f / "missing.mp4"), media::media_error);
  CHECK_THROWS_AS(media::make_thumbnail(f / "a.txt", f / "a.jpg"), media::media_error);
}

TEST_CASE("a program that fails, is missing or hangs is an error") {
  CHECK(media::run({"echo", "a b"}, 5) == "a b\n");
  CHECK_THROWS_AS(media::run({"false"}, 5), media::media_error);
  CHECK_THROWS_AS(media::run({"/no/such/program"}, 5), media::media_error);
  CHECK_THROWS_AS(media::run({}, 5), media::media_error);
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(media::run({"sh", "-c", "sleep 30 & exec >&- 2>&-; sleep 30"}, 1), media::media_error);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}
