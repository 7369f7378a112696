#include "net/media.hpp"
#include "tests/catch.hpp"

#include <chrono>
#include <cstdlib>
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

namespace {

std::string read_all(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A clip whose index stands first, as providers write them.
std::string make_clip(const std::string& path) {
  media::run({"ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
              "testsrc=duration=1:size=320x180:rate=10", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
              path},
             30);
  return read_all(path);
}

/// PATH without ffmpeg, for as long as it lives.
struct no_path {
  std::string before = std::getenv("PATH");
  no_path() { ::setenv("PATH", "/nonexistent", 1); }
  ~no_path() { ::setenv("PATH", before.c_str(), 1); }
};

} // namespace

TEST_CASE("half a video is no video, even when its index stands first") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  CHECK(media::inspect({clip, f / "t.jpg", 0}).playable);
  for (const auto part : {2, 4, 10}) {
    std::ofstream{clip, std::ios::binary}
        << bytes.substr(0, bytes.size() - bytes.size() / static_cast<std::size_t>(part));
    const auto seen = media::inspect({clip, f / "t.jpg", 0});
    CHECK_FALSE(seen.playable);
    CHECK_FALSE(seen.is_text);
    CHECK_FALSE(seen.why.empty());
  }
}

TEST_CASE("a page in place of a video is known as one") {
  const folder f;
  std::ofstream(f / "a.mp4") << "\n <!DOCTYPE html><html>Sorry</html>";
  std::ofstream(f / "b.mp4") << "{\"code\":404}";
  CHECK(media::inspect({f / "a.mp4", f / "t.jpg", 0}).is_text);
  CHECK(media::inspect({f / "b.mp4", f / "t.jpg", 0}).is_text);
}

TEST_CASE("without ffmpeg a video is taken by its first bytes, and a page or half a file is not") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  const auto known = media::inspect({clip, f / "t.jpg", 0});
  CHECK_FALSE(known.no_tools);
  CHECK(known.sha256.size() == 64);
  CHECK_FALSE(known.thumbnail_sha256.empty());
  const no_path lean;
  const auto seen = media::inspect({clip, f / "t2.jpg", 0});
  CHECK(seen.playable);
  CHECK(seen.no_tools);
  CHECK(seen.info.bytes == static_cast<std::int64_t>(bytes.size()));
  CHECK(seen.sha256 == known.sha256);
  CHECK(seen.thumbnail_sha256.empty());
  std::ofstream{clip, std::ios::binary} << bytes.substr(0, bytes.size() / 2);
  CHECK_FALSE(media::inspect({clip, f / "t2.jpg", 0}).playable);
  std::ofstream{clip, std::ios::binary} << "<html>";
  CHECK_FALSE(media::inspect({clip, f / "t2.jpg", 0}).playable);
}

TEST_CASE("what cannot be made small enough stays as it is and is still a video") {
  const folder f;
  const auto clip = f / "clip.mp4";
  const auto bytes = make_clip(clip);
  const auto seen = media::inspect({clip, f / "t.jpg", 500});
  CHECK(seen.playable);
  CHECK_FALSE(seen.info.shrunk);
  CHECK(read_all(clip) == bytes);
}
